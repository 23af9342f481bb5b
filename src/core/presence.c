#include "core/hub-private.h"

static void take_off_address(Hub *hub, Device *device)
{
    if (device->address)
        g_hash_table_remove(hub->by_address, device->address);
    device->address = NULL;
}

static void end_grace(Hub *hub, Device *device)
{
    if (!device->grace.place)
        return;
    deadlines_set(&hub->deadlines, &device->grace, DEADLINE_NEVER);
    hub->stats.away--;
}

void hub_place_device(Hub *hub, Device *device, Address *address)
{
    take_off_address(hub, device);
    end_grace(hub, device);
    device->address = address;
    g_hash_table_insert(hub->by_address, address, device);
}

static void forget_device(Hub *hub, Device *device)
{
    take_off_address(hub, device);
    end_grace(hub, device);
    hub->stats.devices--;
    hub_tidy_user(hub, device->user);
    user_remove_device(device->user, device);
}

static void drop_ringing_legs(Device *device)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (leg && leg->state == LEG_RINGING)
            call_drop_leg(call, device);
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

static void note_away(Hub *hub, Device *device, Effects *effects)
{
    for (guint i = 0; i < device->user->calls->len; i++) {
        Call *call = g_ptr_array_index(device->user->calls, i);
        const Leg *leg = call_leg_of(call, device);

        if (leg && leg->state == LEG_IN_CALL)
            record_unref(call_apply(
                hub, call, &(Occurrence){.what = HAPPENS_AWAY, .device = device}, effects));
        else if (leg)
            call_reschedule(hub, call);
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

void hub_lose_device(Hub *hub, Device *device, Effects *effects)
{
    const Timers *timers = &hub->settings.timers;

    take_off_address(hub, device);
    drop_ringing_legs(device);
    if (!next_own_call(device)) {
        forget_device(hub, device);
        return;
    }
    device->away_since_us = hub->now_us;
    deadlines_set(&hub->deadlines, &device->grace,
                  hub->now_us + MAX(timers->caller_grace_us, timers->in_call_grace_us));
    hub->stats.away++;
    note_away(hub, device, effects);
    keep_away_devices_bounded(hub, device->user);
}

void hub_remove_device(Hub *hub, Device *device, const Device *by, Effects *effects)
{
    Call *call;

    drop_ringing_legs(device);
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

void hub_expire_device(Hub *hub, Device *device, Effects *effects)
{
    Call *call;

    /* No call waits for a device longer than the device itself is kept, so its own timers are due
     * too, and decide. */
    while ((call = next_own_call(device)))
        call_expire(hub, call, effects);
    forget_device(hub, device);
}
