#include "core/hub-private.h"

/* An operator has a relayed call recorded, or not. Before the accept it counts from the accept on. */
void on_record(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);

    if (!found.record) {
        refuse_not_found(effects, event, sender);
        return;
    }
    if (!found.call || found.call->is_veiled) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_CALL_OVER,
                     "the call is over");
        return;
    }
    if (found.record->facts->mode != MODE_RELAY) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_WRONG_STATE,
                     "only calls of mode relay can be recorded");
        return;
    }
    if (!hub->settings.can_record) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_INVALID_REQUEST,
                     "request: media.record_folder is not set, so nothing can be recorded");
        return;
    }
    call_record_media(found.call, event->record.is_on, effects);
    reply_about(hub, effects, event, sender->user, found.record)->is_recorded = event->record.is_on;
}
