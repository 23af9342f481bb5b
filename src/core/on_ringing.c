#include "core/hub-private.h"

void on_ringing(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);
    Record *made;

    if (!found.record) {
        refuse_not_found(effects, event, sender);
        return;
    }
    if (found.is_caller || !sender->device) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_FORBIDDEN,
                     "only a device of the callee rings");
        return;
    }
    made = found.call
               ? call_apply(hub, found.call,
                            &(Occurrence){.what = HAPPENS_RING, .device = sender->device}, effects)
               : NULL;
    if (made)
        reply_about(hub, effects, event, sender->user, made);
    else
        refuse_state(hub, effects, event, sender->user, found.record,
                     "the call does not ring any more");
    record_unref(made);
}
