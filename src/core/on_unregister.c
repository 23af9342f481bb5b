#include "core/hub-private.h"

void on_unregister(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    if (!sender->device) {
        effects_refuse(effects, event, REFUSAL_FORBIDDEN, "only a device can unregister itself");
        return;
    }
    hub_remove_device(hub, sender->device, sender->device, effects);
    effects_reply(effects, event);
}
