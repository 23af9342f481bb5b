#include <string.h>

#include "core/hub-private.h"

static guint ringing_devices(const Call *call)
{
    guint devices = 0;

    for (guint i = 0; i < call->legs->len; i++)
        devices += call_leg(call, i)->state == LEG_RINGING;
    return devices;
}

static Reply *reply_initiated(Hub *hub, const Event *event, const User *caller, Record *record,
                              const Call *call, Effects *effects)
{
    Reply *reply = reply_about(hub, effects, event, caller, record);

    if (call && call->state == CALL_RINGING) {
        reply->expires_in_ms = call_expires_in_ms(hub, call);
        reply->devices = ringing_devices(call);
    }
    return reply;
}

/* The id is taken: the same call again is answered with its present state, another one is refused.
 */
static gboolean answer_taken_id(Hub *hub, const Event *event, const Sender *sender,
                                Effects *effects)
{
    const char *call_id = event->initiate.call_id;
    Found mine = find_asked_call(hub, event, sender);
    User *callee = hub_find_user(hub, event->initiate.callee_id);

    if (mine.record) {
        if (mine.is_caller && strcmp(mine.record->facts->callee_id, event->initiate.callee_id) == 0)
            reply_initiated(hub, event, sender->user, mine.record, mine.call, effects);
        else
            refuse_about(hub, effects, event, sender->user, mine.record, REFUSAL_ID_IN_USE,
                         "callId: another call of yours has this id");
        return TRUE;
    }
    if (callee && hub_find_call(hub, callee, call_id).record) {
        effects_refuse(effects, event, REFUSAL_ID_IN_USE, "callId: choose another one");
        return TRUE;
    }
    return FALSE;
}

/* The callee is calling us: both would wait for each other. */
static gboolean refuse_glare(const Event *event, const Sender *sender, Effects *effects)
{
    for (guint i = 0; i < sender->user->calls->len; i++) {
        Call *call = g_ptr_array_index(sender->user->calls, i);

        if (call->callee != sender->user ||
            strcmp(call->caller->id, event->initiate.callee_id) != 0)
            continue;
        effects_refuse(effects, event, REFUSAL_GLARE, "the callee is calling you: accept that call")
            ->other = record_ref(call->record);
        return TRUE;
    }
    return FALSE;
}

/* The device calls the same callee anew: it has forgotten the older call, or given it up. */
static GRefString *replace_older(Hub *hub, const Event *event, const Sender *sender,
                                 Effects *effects)
{
    for (guint i = 0; i < sender->user->calls->len; i++) {
        Call *call = g_ptr_array_index(sender->user->calls, i);
        GRefString *id;

        if (call_leg(call, 0)->device != sender->device ||
            strcmp(call->callee->id, event->initiate.callee_id) != 0)
            continue;
        id = g_ref_string_acquire(call->record->facts->call_id);
        record_unref(call_apply(hub, call,
                                &(Occurrence){.what = HAPPENS_REPLACE,
                                              .by = event->from ? sender->device : NULL,
                                              .by_user = sender->user->id},
                                effects));
        return id;
    }
    return NULL;
}

static GRefString *id_of_call(const Event *event)
{
    char given[64];

    if (event->initiate.call_id)
        return g_ref_string_new(event->initiate.call_id);
    g_strlcpy(given, "CALL_", sizeof given);
    g_strlcat(given, event->fresh_id, sizeof given);
    return g_ref_string_new(given);
}

static CallFacts *facts_of(const Hub *hub, const Event *event, const Sender *sender,
                           const User *callee)
{
    const InitiateEvent *initiate = &event->initiate;
    CallFacts *facts = call_facts_new();

    facts->call_id = id_of_call(event);
    facts->caller_id = g_ref_string_acquire(sender->user->id);
    facts->caller_device = g_ref_string_acquire(sender->device->id);
    facts->caller_name = ref_string_share(sender->device->name);
    facts->callee_id = g_ref_string_acquire(callee->id);
    facts->data = initiate->data ? g_ref_string_new(initiate->data) : NULL;
    facts->media = initiate->media;
    facts->mode = initiate->has_mode ? initiate->mode : hub->settings.default_mode;
    facts->created_ms = hub->wall_ms;
    facts->ring_ms =
        initiate->timeout_ms ? initiate->timeout_ms : hub->settings.timers.ring_us / 1000;
    return facts;
}

static void go_live(Hub *hub, Call *call)
{
    g_ptr_array_add(call->caller->calls, call);
    g_hash_table_insert(hub->live, &call->caller_key, call);
    if (!call->is_veiled) {
        g_ptr_array_add(call->callee->calls, call);
        g_hash_table_insert(hub->live, &call->callee_key, call);
    }
    hub_list_call(hub, call);
    hub->stats.live_calls++;
    hub->stats.initiated++;
    call_reschedule(hub, call);
}

static Call *create_call(Hub *hub, const Event *event, const Sender *sender)
{
    User *callee = hub_make_user(hub, event->initiate.callee_id);
    g_autoptr(CallFacts) facts = facts_of(hub, event, sender, callee);
    Call *call;

    call = call_new(sender->user, callee, sender->device, record_new(facts), hub->now_us);
    call->is_recorded = hub->settings.is_recorded;
    return call;
}

static void tell_outgoing(const Hub *hub, const Call *call, const Device *device, Effects *effects)
{
    Message message = message_about(hub, MESSAGE_OUTGOING, call, device);

    message.expires_in_ms = call_expires_in_ms(hub, call);
    effects_send(effects, device->address, &message);
}

static Record *ring(Hub *hub, Call *call, Effects *effects)
{
    const GPtrArray *devices = call->callee->devices;

    go_live(hub, call);
    for (guint i = 0; i < devices->len; i++) {
        Device *device = g_ptr_array_index(devices, i);

        if (device_is_present(device))
            call_announce(hub, call, device, effects);
    }
    call_push_at_once(hub, call, effects);
    call_keep(call, CHANGE_CREATED, effects);
    return record_ref(call->record);
}

/* Made and closed in one step: nobody's phone rings. */
static Record *close_at_once(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    go_live(hub, call);
    effects_record(effects, CHANGE_CREATED, call->record);
    return call_apply(hub, call, occurrence, effects);
}

/* Busy, and the caller must not know: to everybody else it is over, the caller believes that it
 * rings. */
static Record *veil(Hub *hub, Call *call, Effects *effects)
{
    Record *truth = record_next(call->record);

    truth->status = CALL_REJECTED;
    truth->cause = CAUSE_BUSY;
    truth->rev++;
    truth->ended_ms = hub->wall_ms;
    truth->veil = (Veil){.is_set = TRUE, .status = CALL_RINGING, .rev = call->record->rev};
    effects_record(effects, CHANGE_CREATED, call->record);
    record_unref(call->record);
    call->record = truth;
    call->is_veiled = TRUE;
    call->callee->veiled_calls++;
    go_live(hub, call);
    ended_keep(hub, call->callee, truth);
    effects_record(effects, CHANGE_CLOSED, truth);
    return record_ref(truth);
}

static Record *place(Hub *hub, Call *call, Effects *effects)
{
    if (call->callee->calls->len < hub->settings.limits.max_live_calls)
        return ring(hub, call, effects);
    if (!hub->settings.reveal_presence)
        return veil(hub, call, effects);
    return close_at_once(hub, call, &(Occurrence){.what = HAPPENS_REJECT, .cause = CAUSE_BUSY},
                         effects);
}

static Call *announce_call(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Call *call = create_call(hub, event, sender);

    if (!event->from)
        tell_outgoing(hub, call, sender->device, effects);
    return call;
}

static Reply *make_call(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Call *call = announce_call(hub, event, sender, effects);
    g_autoptr(Record) made = place(hub, call, effects);

    call = hub_find_call(hub, sender->user, made->facts->call_id).call;
    return reply_initiated(hub, event, sender->user, made, call, effects);
}

/* The end of this call came first: whatever else there is against it, it is cancelled. */
static gboolean cancel_overtaken(Hub *hub, const Event *event, const Sender *sender,
                                 Effects *effects)
{
    g_autoptr(Record) made = NULL;
    GRefString *replaced;
    Call *call;

    if (!user_take_early_end(sender->user, event->initiate.call_id, hub->now_us))
        return FALSE;
    replaced = replace_older(hub, event, sender, effects);
    call = announce_call(hub, event, sender, effects);
    made = close_at_once(hub, call,
                         &(Occurrence){.what = HAPPENS_CANCEL,
                                       .by = event->from ? sender->device : NULL,
                                       .by_user = sender->user->id},
                         effects);
    reply_initiated(hub, event, sender->user, made, NULL, effects)->replaced = replaced;
    return TRUE;
}

static gboolean may_call(const Event *event, const Sender *sender, Effects *effects)
{
    if (!sender->device || !device_is_present(sender->device)) {
        effects_refuse(effects, event, REFUSAL_NOT_REGISTERED,
                       "deviceId: no such device is registered");
        return FALSE;
    }
    if (strcmp(sender->user->id, event->initiate.callee_id) == 0) {
        effects_refuse(effects, event, REFUSAL_CALLING_SELF, "calleeId: you cannot call yourself");
        return FALSE;
    }
    return TRUE;
}

/* A callee is not to be rung without end, nor the server filled. */
static gboolean has_room(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    gint64 wait_us;

    if (hub->stats.live_calls >= hub->settings.limits.max_calls) {
        effects_refuse_for_now(effects, event, REFUSAL_TOO_MANY_CALLS,
                               "this server has no room for another call", RETRY_WHEN_FULL_US);
        return FALSE;
    }
    if (!event->from)
        return TRUE;
    wait_us = pace_call(&sender->user->pace, &hub->settings.rates, event->initiate.callee_id,
                        hub->now_us);
    if (wait_us)
        effects_refuse_for_now(effects, event, REFUSAL_RATE_LIMITED,
                               "calleeId: you call this user too often", wait_us);
    return !wait_us;
}

void on_initiate(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    GRefString *replaced;

    if (!may_call(event, sender, effects))
        return;
    if (event->initiate.call_id && (answer_taken_id(hub, event, sender, effects) ||
                                    cancel_overtaken(hub, event, sender, effects)))
        return;
    if (refuse_glare(event, sender, effects))
        return;
    if (event->initiate.why_no_mode) {
        effects_refuse(effects, event, REFUSAL_INVALID_REQUEST, event->initiate.why_no_mode);
        return;
    }
    if (event->initiate.is_store_full) {
        effects_refuse(effects, event, REFUSAL_STORE_UNAVAILABLE, "calls cannot be recorded now");
        return;
    }
    if (!has_room(hub, event, sender, effects))
        return;
    replaced = replace_older(hub, event, sender, effects);
    if (sender->user->calls->len >= hub->settings.limits.max_live_calls) {
        effects_refuse(effects, event, REFUSAL_TOO_MANY_CALLS, "you have too many live calls");
        g_clear_pointer(&replaced, g_ref_string_release);
        return;
    }
    make_call(hub, event, sender, effects)->replaced = replaced;
}
