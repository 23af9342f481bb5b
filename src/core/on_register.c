#include <string.h>

#include "core/hub-private.h"

static Snapshot *snapshot_of(const Hub *hub, const User *user, Record *record)
{
    Snapshot *snapshot = snapshot_new(record, hub_view(hub, record, user));

    snapshot->is_caller = snapshot->view != VIEW_FULL;
    return snapshot;
}

/* Live calls, then those that ended a short while ago, newest first. */
static GPtrArray *snapshot_calls(const Hub *hub, const Device *device)
{
    const User *user = device->user;
    GPtrArray *calls = snapshots_new();

    for (guint i = user->calls->len; i > 0; i--) {
        const Call *call = g_ptr_array_index(user->calls, i - 1);
        Snapshot *snapshot = snapshot_of(hub, user, call->record);

        snapshot->is_live = TRUE;
        snapshot->join = call_join(call, device);
        if (call->state == CALL_RINGING)
            snapshot->expires_in_ms = call_expires_in_ms(hub, call);
        g_ptr_array_add(calls, snapshot);
    }
    for (const GList *link = user->ended.head; link; link = link->next) {
        const Ended *ended = link->data;

        if (ended->ended_us + ENDED_KEPT_US > hub->now_us)
            g_ptr_array_add(calls, snapshot_of(hub, user, ended->record));
    }
    return calls;
}

/* What memory does not have any more, or never had: it ended before a restart, or under one. */
static void add_stored(const Hub *hub, const User *user, const GPtrArray *ended, GPtrArray *calls)
{
    for (guint i = 0; i < ended->len && calls->len < hub->settings.limits.max_ended_per_user; i++) {
        Record *record = g_ptr_array_index(ended, i);

        if (!hub_find_call(hub, user, record->facts->call_id).record)
            g_ptr_array_add(calls, snapshot_of(hub, user, record));
    }
}

static void confirm(Hub *hub, const Event *event, const Device *device, Effects *effects)
{
    Reply *reply = effects_reply(effects, event);

    reply->user_id = g_ref_string_acquire(device->user->id);
    reply->device_id = g_ref_string_acquire(device->id);
    if (device->expires_us != DEADLINE_NEVER)
        reply->expires_in_ms = (device->expires_us - hub->now_us) / 1000;
    reply->calls = snapshot_calls(hub, device);
    if (event->reg.ended)
        add_stored(hub, device->user, event->reg.ended, reply->calls);
    reply->is_complete = !event->reg.is_incomplete;
}

static void set_name(Device *device, const char *name)
{
    if (g_strcmp0(device->name, name) == 0)
        return;
    g_clear_pointer(&device->name, g_ref_string_release);
    device->name = name ? g_ref_string_new(name) : NULL;
}

static gboolean is_in_time(Hub *hub, const Event *event, User *user, Effects *effects)
{
    gint64 wait_us = pace_request(&user->pace, &hub->settings.rates, hub->now_us);

    if (wait_us)
        effects_refuse_for_now(effects, event, REFUSAL_RATE_LIMITED, "you ask too often", wait_us);
    return !wait_us;
}

/* For one more device that is present. */
static gboolean has_room(const Hub *hub, const Event *event, const User *user, Effects *effects)
{
    const Limits *limits = &hub->settings.limits;

    if (user->devices->len == 0 && hub->stats.registered_users >= limits->max_users) {
        effects_refuse_for_now(effects, event, REFUSAL_TOO_MANY_DEVICES,
                               "this server has no room for another user", RETRY_WHEN_FULL_US);
        return FALSE;
    }
    if (user_present_devices(user) >= limits->max_devices) {
        effects_refuse(effects, event, REFUSAL_TOO_MANY_DEVICES,
                       "this user has no room for another device");
        return FALSE;
    }
    return TRUE;
}

static void announce_ringing_calls(Hub *hub, Device *device, Effects *effects)
{
    User *user = device->user;

    for (guint i = 0; i < user->calls->len; i++) {
        Call *call = g_ptr_array_index(user->calls, i);
        gboolean is_first;

        if (call->callee != user || call->state != CALL_RINGING ||
            call->ring_end_us - hub->now_us < RING_WORTH_ANNOUNCING_US)
            continue;
        is_first = call->record->ringing_ms == 0;
        call_announce(hub, call, device, effects);
        if (is_first)
            call_keep(call, CHANGE_TOUCHED, effects);
    }
}

/* The same device again on the same handle: a fresh snapshot, and nothing rings twice, but what
 * rang since its token was over. */
static void refresh(Hub *hub, const Event *event, Device *here, Effects *effects)
{
    const RegisterEvent *reg = &event->reg;
    gboolean was_expired = here->is_expired;

    if (strcmp(here->user->id, reg->user_id) != 0) {
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "userId: this handle is registered for another user");
        return;
    }
    if (reg->device_id && strcmp(here->id, reg->device_id) != 0) {
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "deviceId: this handle is registered for another device");
        return;
    }
    if (!is_in_time(hub, event, here->user, effects) ||
        (was_expired && !has_room(hub, event, here->user, effects)))
        return;
    hub_place_device(hub, here, event);
    set_name(here, reg->display_name);
    if (was_expired)
        announce_ringing_calls(hub, here, effects);
    confirm(hub, event, here, effects);
}

static Device *add_device(Hub *hub, User *user, const Event *event)
{
    g_autofree char *given = NULL;
    Device *device;

    if (!event->reg.device_id)
        given = g_strconcat("DEV_", event->fresh_id, NULL);
    device = user_add_device(user, given ? given : event->reg.device_id);
    device->is_nameless = given != NULL;
    if (user->devices->len == 1)
        user->place = roster_add(&hub->registered, user);
    hub->stats.devices++;
    hub->stats.registered_users += user->devices->len == 1;
    return device;
}

static void tell_replaced(const Hub *hub, const Device *device, Effects *effects)
{
    Message message = message_to(hub, MESSAGE_REPLACED, device);

    effects_send(effects, device->address, &message);
}

/* Its media may not be back yet: the other device is told when that is. */
static void resume_talk(Hub *hub, Call *call, Device *device, Effects *effects)
{
    if (call_is_absent(call, device))
        call_catch_up(hub, call, device, effects);
    else
        record_unref(
            call_apply(hub, call, &(Occurrence){.what = HAPPENS_BACK, .device = device}, effects));
}

/* The calls that the device had when it went go on. */
static void resume_calls(Hub *hub, Device *device, gboolean was_away, Effects *effects)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (!leg || leg->state == LEG_RINGING || !was_away)
            continue;
        if (leg->state == LEG_IN_CALL)
            resume_talk(hub, call, device, effects);
        if (leg->state == LEG_CALLING) {
            call_note(hub, call, TRACE_BACK, device);
            call_reschedule(hub, call);
        }
    }
}

static void arrive(Hub *hub, const Event *event, Effects *effects)
{
    User *user = hub_make_user(hub, event->reg.user_id);
    Device *device =
        event->reg.device_id ? user_device(user, event->reg.device_id) : user_nameless_away(user);
    gboolean was_away = device && !device->address;

    if (!is_in_time(hub, event, user, effects) ||
        ((!device || !device_is_present(device)) && !has_room(hub, event, user, effects)))
        return;
    if (!device)
        device = add_device(hub, user, event);
    else if (device->address)
        tell_replaced(hub, device, effects);
    hub_place_device(hub, device, event);
    set_name(device, event->reg.display_name);
    resume_calls(hub, device, was_away, effects);
    announce_ringing_calls(hub, device, effects);
    confirm(hub, event, device, effects);
}

void on_register(Hub *hub, const Event *event, Effects *effects)
{
    Device *here = g_hash_table_lookup(hub->by_address, event->from);

    if (event->fault.refusal != REFUSAL_NONE)
        effects_refuse_fault(effects, event);
    else if (g_hash_table_contains(hub->by_seat, event->from))
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "this handle has joined a call: register on another one");
    else if (here)
        refresh(hub, event, here, effects);
    else
        arrive(hub, event, effects);
}
