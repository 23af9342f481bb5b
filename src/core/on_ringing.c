#include "core/hub-private.h"

void on_ringing(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = {0};
    Record *made;

    if (sender->user)
        found = hub_find_call(hub, sender->user, event->about.call_id);
    if (!found.record) {
        refuse_not_found(effects, event);
        return;
    }
    if (found.is_caller || !sender->device) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_FORBIDDEN,
                     "only a device of the callee rings");
        return;
    }
    made = found.call ? call_apply(hub, found.call,
                                   &(Occurrence){.what = HAPPENS_RING, .device = sender->device}, effects)
                      : NULL;
    if (made)
        reply_about(hub, effects, event, sender->user, made);
    else
        refuse_state(hub, effects, event, sender->user, found.record, "the call does not ring any more");
    record_unref(made);
}
