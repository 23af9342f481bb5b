#include "core/hub.h"

#include "core/hub-private.h"
#include "core/text.h"

static void free_user(gpointer user)
{
    user_free(user);
}

Hub *hub_new(const HubSettings *settings)
{
    Hub *hub = g_new0(Hub, 1);

    hub->settings = *settings;
    hub->users = g_hash_table_new_full(text_hash, g_str_equal, NULL, free_user);
    hub->by_address = g_hash_table_new(g_direct_hash, g_direct_equal);
    hub->by_token = g_hash_table_new(g_str_hash, g_str_equal);
    hub->by_seat = g_hash_table_new(g_direct_hash, g_direct_equal);
    hub->spent = g_hash_table_new(g_direct_hash, g_direct_equal);
    hub->live = g_hash_table_new(call_key_hash, call_key_equal);
    hub->by_id = g_hash_table_new(text_hash, g_str_equal);
    hub->ended = g_hash_table_new(call_key_hash, call_key_equal);
    hub->to_tidy = g_ptr_array_new();
    g_queue_init(&hub->ended_order);
    roster_init(&hub->registered);
    roster_init(&hub->calls);
    deadlines_init(&hub->deadlines);
    return hub;
}

static void drop_calls_of(Hub *hub, User *user)
{
    while (user->calls->len) {
        Call *call = g_ptr_array_index(user->calls, 0);

        deadlines_set(&hub->deadlines, &call->deadline, DEADLINE_NEVER);
        call_free(call);
    }
    for (guint i = 0; i < user->devices->len; i++) {
        Device *device = g_ptr_array_index(user->devices, i);

        deadlines_set(&hub->deadlines, &device->deadline, DEADLINE_NEVER);
    }
    deadlines_set(&hub->deadlines, &user->kept, DEADLINE_NEVER);
}

void hub_free(Hub *hub)
{
    GHashTableIter iter;
    gpointer user;

    if (!hub)
        return;
    hub_step_end(hub);
    ended_forget_all(hub);
    g_hash_table_remove_all(hub->live);
    g_hash_table_iter_init(&iter, hub->users);
    while (g_hash_table_iter_next(&iter, NULL, &user))
        drop_calls_of(hub, user);
    g_hash_table_unref(hub->by_address);
    g_hash_table_unref(hub->by_token);
    g_hash_table_unref(hub->by_seat);
    g_hash_table_unref(hub->spent);
    g_hash_table_unref(hub->live);
    g_hash_table_unref(hub->by_id);
    g_hash_table_unref(hub->ended);
    g_hash_table_unref(hub->users);
    g_ptr_array_unref(hub->to_tidy);
    roster_clear(&hub->registered);
    roster_clear(&hub->calls);
    deadlines_clear(&hub->deadlines);
    g_free(hub);
}

User *hub_find_user(const Hub *hub, const char *user_id)
{
    return g_hash_table_lookup(hub->users, user_id);
}

User *hub_make_user(Hub *hub, const char *user_id)
{
    User *user = hub_find_user(hub, user_id);

    if (!user) {
        user = user_new(user_id);
        g_hash_table_insert(hub->users, user->id, user);
        hub_tidy_user(hub, user);
    }
    return user;
}

void hub_tidy_user(Hub *hub, User *user)
{
    if (user->is_to_tidy)
        return;
    user->is_to_tidy = TRUE;
    g_ptr_array_add(hub->to_tidy, user);
}

/* An idle user is remembered while that says how fast it may ask, and for its early ends. */
static void forget_when_settled(Hub *hub, User *user)
{
    gint64 settled_us = user_settled_us(user);

    if (settled_us > hub->now_us)
        deadlines_set(&hub->deadlines, &user->kept, settled_us);
    else
        g_hash_table_remove(hub->users, user->id);
}

static void tidy_users(Hub *hub)
{
    for (guint i = 0; i < hub->to_tidy->len; i++) {
        User *user = g_ptr_array_index(hub->to_tidy, i);

        hub_forget_expired(hub, user);
        user->is_to_tidy = FALSE;
        deadlines_set(&hub->deadlines, &user->kept, DEADLINE_NEVER);
        if (user_is_idle(user))
            forget_when_settled(hub, user);
    }
    g_ptr_array_set_size(hub->to_tidy, 0);
}

typedef void (*Verb)(Hub *hub, const Event *event, const Sender *sender, Effects *effects);

static const Verb verbs[EVENT_KINDS] = {
    [EVENT_UNREGISTER] = on_unregister,
    [EVENT_INITIATE] = on_initiate,
    [EVENT_RINGING] = on_ringing,
    [EVENT_ACCEPT] = on_accept,
    [EVENT_REJECT] = on_reject,
    [EVENT_END] = on_end,
    [EVENT_SIGNAL] = on_signal,
    [EVENT_UPDATE] = on_signal,
    [EVENT_GET] = on_get,
    [EVENT_HISTORY] = on_history,
    [EVENT_RECORD] = on_record,
};

/* An operator may name a call by its id alone, where only one live call has it. */
static User *caller_of(const Hub *hub, const Event *event)
{
    const Call *call = g_hash_table_lookup(hub->by_id, event_call_id(event));

    return call && !call->next_same ? call->caller : NULL;
}

static gboolean is_ambiguous(const Hub *hub, const Event *event)
{
    const Call *call = g_hash_table_lookup(hub->by_id, event_call_id(event));

    return call && call->next_same;
}

static Sender find_sender(const Hub *hub, const Event *event)
{
    Sender sender = {0};

    if (event->from) {
        sender.device = g_hash_table_lookup(hub->by_address, event->from);
        sender.user = sender.device ? sender.device->user : NULL;
        return sender;
    }
    sender.user = event->as_user ? hub_find_user(hub, event->as_user) : caller_of(hub, event);
    if (sender.user && event->as_device)
        sender.device = user_device(sender.user, event->as_device);
    return sender;
}

/* A device whose token is over may go on with the call that it is in, and end it. */
static gboolean is_expired_for(const Hub *hub, const Event *event, const Device *device)
{
    const Call *call;

    if (!device->is_expired)
        return FALSE;
    if (event->kind != EVENT_SIGNAL && event->kind != EVENT_UPDATE && event->kind != EVENT_END)
        return TRUE;
    call =
        event->about.call_id ? hub_find_call(hub, device->user, event->about.call_id).call : NULL;
    return !call || !call_leg_of(call, device);
}

/* Bad requests count as well. */
static gboolean may_ask(Hub *hub, const Event *event, const Device *device, Effects *effects)
{
    gint64 wait_us;

    if (!device) {
        effects_refuse(effects, event, REFUSAL_NOT_REGISTERED, "send call:register first");
        return FALSE;
    }
    if (is_expired_for(hub, event, device)) {
        effects_refuse(effects, event, REFUSAL_TOKEN_EXPIRED,
                       "the token is over: send call:register with a fresh one");
        return FALSE;
    }
    wait_us = event->is_counted
                  ? 0
                  : pace_request(&device->user->pace, &hub->settings.rates, hub->now_us);
    if (!wait_us || event->fault.refusal != REFUSAL_NONE)
        return TRUE;
    effects_refuse_for_now(effects, event, REFUSAL_RATE_LIMITED, "you ask too often", wait_us);
    return FALSE;
}

/* Checked in the protocol's order: registered, fields, and then by the verb: call found, allowed,
 * the rest. How often somebody asks comes before what costs a look-up. */
static void handle_request(Hub *hub, const Event *event, Effects *effects)
{
    Sender sender;

    if (event->from &&
        !may_ask(hub, event, g_hash_table_lookup(hub->by_address, event->from), effects))
        return;
    if (event->fault.refusal != REFUSAL_NONE) {
        effects_refuse_fault(effects, event);
        return;
    }
    if (!event->from && !event->as_user && is_ambiguous(hub, event)) {
        effects_refuse(effects, event, REFUSAL_INVALID_REQUEST,
                       "callerId: is required, for several callers use this callId");
        return;
    }
    sender = find_sender(hub, event);
    if (!sender.user && event->stored)
        sender.user = hub_make_user(hub, event->as_user);
    verbs[event->kind](hub, event, &sender, effects);
}

static void dispatch(Hub *hub, const Event *event, Effects *effects)
{
    switch (event->kind) {
    case EVENT_REGISTER:
        on_register(hub, event, effects);
        return;
    case EVENT_DISCONNECT:
        on_disconnect(hub, event, effects);
        return;
    case EVENT_GONE:
        on_gone(hub, event, effects);
        return;
    case EVENT_TIMEOUT:
        on_timeout(hub, event, effects);
        return;
    case EVENT_PUSH_ANSWERED:
        on_push_answered(hub, event, effects);
        return;
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
        on_media_state(hub, event, effects);
        return;
    case EVENT_MEDIA_FAILED:
        on_media_failed(hub, event, effects);
        return;
    case EVENT_MEDIA_REPORT:
        on_media_report(hub, event, effects);
        return;
    case EVENT_JOIN:
        on_join(hub, event, effects);
        return;
    case EVENT_MEDIA:
    case EVENT_CONFIGURE:
        on_joined(hub, event, effects);
        return;
    case EVENT_UNREGISTER:
    case EVENT_INITIATE:
    case EVENT_RINGING:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
    case EVENT_HISTORY:
    case EVENT_RECORD:
        handle_request(hub, event, effects);
        return;
    }
    g_assert_not_reached();
}

void hub_step_begin(Hub *hub, const Event *event, Effects *effects)
{
    g_assert(event->now_us >= hub->now_us);
    hub_step_end(hub);
    hub->now_us = event->now_us;
    hub->wall_ms = event->wall_ms;
    hub->stats.steps++;
    hub->is_in_step = TRUE;
    ended_tidy(hub);
    dispatch(hub, event, effects);
    if (effects->has_reply && effects->reply.refusal != REFUSAL_NONE)
        hub->stats.refused++;
}

void hub_step_end(Hub *hub)
{
    if (!hub->is_in_step)
        return;
    hub->is_in_step = FALSE;
    if (hub->closed)
        call_retire(hub, g_steal_pointer(&hub->closed));
    tidy_users(hub);
}

void hub_step(Hub *hub, const Event *event, Effects *effects)
{
    hub_step_begin(hub, event, effects);
    hub_step_end(hub);
}

gint64 hub_deadline(const Hub *hub)
{
    const Deadline *first = deadlines_first(&hub->deadlines);

    return first ? first->at_us : DEADLINE_NEVER;
}

void hub_stats(const Hub *hub, HubStats *stats)
{
    g_assert(!hub->is_in_step);
    *stats = hub->stats;
    stats->users = g_hash_table_size(hub->users);
    stats->ended_calls = hub->ended_order.length;
}

gboolean hub_device_info(const Hub *hub, const Address *address, DeviceInfo *info)
{
    const Device *device = g_hash_table_lookup(hub->by_address, address);
    Bucket requests;

    g_assert(!hub->is_in_step);
    if (!device)
        return FALSE;
    requests = device->user->pace.requests;
    *info = (DeviceInfo){
        .user_id = device->user->id,
        .device_id = device->id,
        .live_calls = device->user->calls->len,
        .is_too_fast = bucket_take(&requests, &hub->settings.rates.requests, 1, hub->now_us) != 0,
    };
    return TRUE;
}
