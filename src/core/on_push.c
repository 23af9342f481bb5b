#include "core/hub-private.h"

static Trace *add_answer(const Event *event, Trace *before, gint64 created_ms)
{
    const char *endpoint = event->push.endpoint;

    return trace_add(before, MAX(event->wall_ms - created_ms, 0), TRACE_PUSH_ANSWERED,
                     endpoint ? g_ref_string_new(endpoint) : NULL, event->push.status);
}

/* The call that was asked for may be over by now: then both parties' memories of it change. */
static void note_in_ended(Hub *hub, const Event *event, Record *record, Effects *effects)
{
    Record *next = record_next(record);

    next->trace = add_answer(event, next->trace, next->facts->created_ms);
    ended_renew(hub, next);
    effects_record(effects, CHANGE_TOUCHED, next);
    record_unref(next);
}

/* How a backend answered when it was asked to wake the callee: for the record. */
void on_push_answered(Hub *hub, const Event *event, Effects *effects)
{
    const User *caller = hub_find_user(hub, event->push.caller_id);
    Found found = {0};

    if (caller)
        found = hub_find_call(hub, caller, event->push.call_id);
    /* Another call may have the id by now. */
    if (!found.record || found.record->facts->created_ms != event->push.created_ms)
        return;
    if (!found.call) {
        note_in_ended(hub, event, found.record, effects);
        return;
    }
    found.call->trace = add_answer(event, found.call->trace, event->push.created_ms);
    call_keep(found.call, CHANGE_TOUCHED, effects);
}
