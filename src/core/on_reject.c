#include "core/hub-private.h"

void on_reject(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);
    Record *made;

    if (!found.record) {
        refuse_not_found(effects, event, sender);
        return;
    }
    if (found.is_caller) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_FORBIDDEN,
                     "only the callee can reject; the caller ends the call");
        return;
    }
    if (is_repeat_of_close(&found, sender->user, CALL_REJECTED)) {
        reply_about(hub, effects, event, sender->user, found.record);
        return;
    }
    made = found.call ? call_apply(hub, found.call,
                                   &(Occurrence){.what = HAPPENS_REJECT,
                                                 .by = sender->device,
                                                 .by_user = sender->user->id,
                                                 .device = sender->device,
                                                 .cause = event->about.cause,
                                                 .reason = event->about.reason,
                                                 .is_last = TRUE},
                                   effects)
                      : NULL;
    if (made)
        reply_about(hub, effects, event, sender->user, made);
    else
        refuse_state(hub, effects, event, sender->user, found.record,
                     "the call was answered; end it instead");
    record_unref(made);
}
