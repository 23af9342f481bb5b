#include "core/hub-private.h"

/* Another call may have the id by now. */
static Found find_reported(const Hub *hub, const Event *event)
{
    const User *caller = hub_find_user(hub, event->media.caller_id);
    Found found = {0};

    if (caller)
        found = hub_find_call(hub, caller, event->media.call_id);
    if (found.record && found.record->facts->created_ms != event->media.created_ms)
        found = (Found){0};
    return found;
}

void on_media_failed(Hub *hub, const Event *event, Effects *effects)
{
    Found found = find_reported(hub, event);

    if (found.call)
        record_unref(
            call_apply(hub, found.call, &(Occurrence){.what = HAPPENS_MEDIA_FAILED}, effects));
}

/* It comes after the end: then both parties' memories of the call change, and the store's. */
void on_media_report(Hub *hub, const Event *event, Effects *effects)
{
    Found found = find_reported(hub, event);
    Record *next;

    if (!found.record || found.call)
        return;
    next = record_next(found.record);
    ref_string_set(&next->media_report, event->media.report);
    ended_renew(hub, next);
    effects_record(effects, CHANGE_TOUCHED, next);
    record_unref(next);
}
