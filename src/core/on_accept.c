#include <string.h>

#include "core/hub-private.h"

static gboolean was_answered_by(const Found *found, const Device *device)
{
    const Record *record = found->record;

    return record->status == CALL_ACCEPTED && record->answered_by &&
           strcmp(record->answered_by, device->id) == 0;
}

void on_accept(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);
    Record *made;

    if (!found.record) {
        refuse_not_found(effects, event, sender);
        return;
    }
    if (found.is_caller || !sender->device) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_FORBIDDEN,
                     "only a device of the callee can accept");
        return;
    }
    if (was_answered_by(&found, sender->device)) {
        reply_about(hub, effects, event, sender->user, found.record);
        return;
    }
    made = found.call ? call_apply(hub, found.call,
                                   &(Occurrence){.what = HAPPENS_ACCEPT,
                                                 .by = sender->device,
                                                 .by_user = sender->user->id,
                                                 .device = sender->device},
                                   effects)
                      : NULL;
    if (made)
        reply_about(hub, effects, event, sender->user, made);
    else
        refuse_state(hub, effects, event, sender->user, found.record, "answered elsewhere");
    record_unref(made);
}
