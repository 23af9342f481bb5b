#include "core/hub-private.h"

static void disconnect(Hub *hub, Device *device, Effects *effects)
{
    Address *address = device->address;
    Message message = message_to(hub, MESSAGE_UNREGISTERED, device);

    message.cause = CAUSE_ADMIN;
    hub_remove_device(hub, device, NULL, effects);
    effects_send(effects, address, &message);
}

/* An operator takes a user, or one device, off: its calls end with the cause `admin`. */
void on_disconnect(Hub *hub, const Event *event, Effects *effects)
{
    User *user;
    const char *device_id = event->disconnect.device_id;
    guint gone = 0;

    if (event->fault.refusal != REFUSAL_NONE) {
        effects_refuse_fault(effects, event);
        return;
    }
    user = hub_find_user(hub, event->disconnect.user_id);
    for (guint i = user ? user->devices->len : 0; i > 0; i--) {
        Device *device = g_ptr_array_index(user->devices, i - 1);

        if (device_id && g_strcmp0(device->id, device_id) != 0)
            continue;
        disconnect(hub, device, effects);
        gone++;
    }
    if (gone)
        effects_reply(effects, event)->devices = gone;
    else
        effects_refuse(effects, event, REFUSAL_NOT_REGISTERED,
                       device_id ? "deviceId: no such device is registered"
                                 : "userId: no device is registered");
}
