#include "core/hub-private.h"

void on_get(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);

    if (found.call && event->is_operator) {
        call_complete(found.call);
        found.record = found.call->record;
    }
    if (found.record)
        reply_about(hub, effects, event, sender->user, found.record);
    else
        refuse_not_found(effects, event, sender);
}
