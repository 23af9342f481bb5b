#include <string.h>

#include "core/hub-private.h"

static gboolean was_answered_by(const Found *found, const Device *device)
{
    const Record *record = found->record;

    return record->status == CALL_ACCEPTED && record->answered_by &&
           strcmp(record->answered_by, device->id) == 0;
}

static void reply_accepted(Hub *hub, const Event *event, const Sender *sender, const Found *found,
                           Record *record, Effects *effects)
{
    Reply *reply = reply_about(hub, effects, event, sender->user, record);

    if (found->call)
        reply->join = call_join(found->call, sender->device);
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
        reply_accepted(hub, event, sender, &found, found.record, effects);
        return;
    }
    made = found.call ? call_apply(hub, found.call,
                                   &(Occurrence){.what = HAPPENS_ACCEPT,
                                                 .by = sender->device,
                                                 .by_user = sender->user->id,
                                                 .device = sender->device,
                                                 .secrets = &event->secrets},
                                   effects)
                      : NULL;
    if (made)
        reply_accepted(hub, event, sender, &found, made, effects);
    else
        refuse_state(hub, effects, event, sender->user, found.record, "answered elsewhere");
    record_unref(made);
}
