#include "core/hub-private.h"

static void take_off_address(Hub *hub, Device *device)
{
    if (device->address)
        g_hash_table_remove(hub->by_address, device->address);
    device->address = NULL;
}

static void set_away(Hub *hub, Device *device, gboolean is_away)
{
    if (device->is_away && !is_away)
        hub->stats.away--;
    if (!device->is_away && is_away)
        hub->stats.away++;
    device->is_away = is_away;
}

void hub_place_device(Hub *hub, Device *device, const Event *event)
{
    gint64 expires_in_us = event->reg.expires_in_us;

    take_off_address(hub, device);
    set_away(hub, device, FALSE);
    device->address = event->from;
    device->is_expired = FALSE;
    device->expires_us = expires_in_us ? hub->now_us + expires_in_us : DEADLINE_NEVER;
    deadlines_set(&hub->deadlines, &device->deadline, device->expires_us);
    g_hash_table_insert(hub->by_address, device->address, device);
}

static void forget_device(Hub *hub, Device *device)
{
    User *user = device->user;

    take_off_address(hub, device);
    set_away(hub, device, FALSE);
    deadlines_set(&hub->deadlines, &device->deadline, DEADLINE_NEVER);
    hub->stats.devices--;
    hub->stats.registered_users -= user->devices->len == 1;
    hub_tidy_user(hub, user);
    user_remove_device(user, device);
    if (user->devices->len == 0)
        roster_remove(&hub->registered, user->place);
}

static void drop_ringing_legs(Hub *hub, Device *device)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (leg && leg->state == LEG_RINGING)
            call_lose_ring(hub, call, device);
    }
}

/* A call that stands or falls with this device: it rings out from it, or it is in it. */
static Call *next_own_call(const Device *device)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (leg && leg->state != LEG_RINGING)
            return call;
    }
    return NULL;
}

/* The other device may have been told so already, when the media went. */
static void note_away_in_call(Hub *hub, Call *call, Device *device, Effects *effects)
{
    Side side = call_leg(call, 0)->device == device ? SIDE_CALLER : SIDE_CALLEE;

    if (!seat_has_lost_media(&call->seats[side]))
        record_unref(
            call_apply(hub, call, &(Occurrence){.what = HAPPENS_AWAY, .device = device}, effects));
}

static void note_away(Hub *hub, Device *device, Effects *effects)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (leg && leg->state == LEG_IN_CALL)
            note_away_in_call(hub, call, device, effects);
        if (leg && leg->state == LEG_CALLING) {
            call_note(hub, call, TRACE_AWAY, device);
            call_reschedule(hub, call);
        }
    }
}

/* Devices in grace do not count towards the limit, so those that no call waits for any more have a
 * bound of their own: as many again, the longest away goes first. */
static void keep_away_devices_bounded(Hub *hub, const User *user)
{
    Device *oldest = NULL;
    guint idle = 0;

    for (guint i = 0; i < user->devices->len; i++) {
        Device *device = g_ptr_array_index(user->devices, i);

        if (device->address || next_own_call(device))
            continue;
        idle++;
        if (!oldest || device->away_since_us < oldest->away_since_us)
            oldest = device;
    }
    if (idle > hub->settings.limits.max_devices)
        forget_device(hub, oldest);
}

static void keep_away(Hub *hub, Device *device)
{
    const Timers *timers = &hub->settings.timers;

    deadlines_set(&hub->deadlines, &device->deadline,
                  hub->now_us + MAX(timers->caller_grace_us, timers->in_call_grace_us));
}

void hub_lose_device(Hub *hub, Device *device, Effects *effects)
{
    take_off_address(hub, device);
    drop_ringing_legs(hub, device);
    if (!next_own_call(device)) {
        forget_device(hub, device);
        return;
    }
    device->away_since_us = hub->now_us;
    keep_away(hub, device);
    set_away(hub, device, TRUE);
    note_away(hub, device, effects);
    keep_away_devices_bounded(hub, device->user);
}

void hub_remove_device(Hub *hub, Device *device, const Device *by, Effects *effects)
{
    Call *call;

    drop_ringing_legs(hub, device);
    while ((call = next_own_call(device))) {
        Occurrence occurrence = {.what = HAPPENS_ADMIN_END, .device = device};

        if (by) {
            occurrence.what = call->state == CALL_RINGING ? HAPPENS_CANCEL : HAPPENS_HANG_UP;
            occurrence.by = by;
            occurrence.by_user = device->user->id;
        }
        record_unref(call_apply(hub, call, &occurrence, effects));
    }
    forget_device(hub, device);
}

/* It hears of the call that it is in, to that call's end, and of nothing more. */
static void end_registration(Hub *hub, Device *device, Effects *effects)
{
    Message message = message_to(hub, MESSAGE_UNREGISTERED, device);

    message.cause = CAUSE_TOKEN_EXPIRED;
    effects_send(effects, device->address, &message);
    drop_ringing_legs(hub, device);
    device->is_expired = TRUE;
    deadlines_set(&hub->deadlines, &device->deadline, DEADLINE_NEVER);
    hub_tidy_user(hub, device->user);
}

void hub_forget_expired(Hub *hub, const User *user)
{
    for (guint i = user->devices->len; i > 0; i--) {
        Device *device = g_ptr_array_index(user->devices, i - 1);

        if (device->address && device->is_expired && !next_own_call(device))
            forget_device(hub, device);
    }
}

void hub_expire_device(Hub *hub, Device *device, Effects *effects)
{
    if (device->address) {
        end_registration(hub, device, effects);
        return;
    }
    /* No call waits for a device longer than the device itself is kept, but for one whose media
     * goes on. */
    if (next_own_call(device))
        keep_away(hub, device);
    else
        forget_device(hub, device);
}
