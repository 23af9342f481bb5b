#include <string.h>

#include "core/hub-private.h"

/* Whoever reads slowly is sent no more than this between two looks whether it reads at all. */
static gboolean is_in_time(Hub *hub, const Event *event, const Sender *sender, Record *record,
                           Effects *effects)
{
    gint64 wait_us = pace_relay(&sender->user->pace, &hub->settings.rates,
                                strlen(event->about.data), hub->now_us);
    Reply *reply;

    if (!wait_us)
        return TRUE;
    reply = refuse_about(hub, effects, event, sender->user, record, REFUSAL_RATE_LIMITED,
                         "data: you send too much");
    reply->retry_after_ms = (wait_us + 999) / 1000;
    return FALSE;
}

/* call:signal and call:update: from one device in the call to the other, untouched. */
void on_signal(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);
    Record *made;

    if (!found.record) {
        refuse_not_found(effects, event, sender);
        return;
    }
    if (!sender->device || (found.call && found.call->state == CALL_ACCEPTED &&
                            !call_leg_of(found.call, sender->device))) {
        refuse_about(hub, effects, event, sender->user, found.record, REFUSAL_FORBIDDEN,
                     "only the two devices in the call");
        return;
    }
    if (found.call && found.call->state == CALL_ACCEPTED &&
        !is_in_time(hub, event, sender, found.record, effects))
        return;
    made = found.call
               ? call_apply(hub, found.call,
                            &(Occurrence){.what = event->kind == EVENT_SIGNAL ? HAPPENS_SIGNAL
                                                                              : HAPPENS_UPDATE,
                                          .device = sender->device,
                                          .data = event->about.data},
                            effects)
               : NULL;
    if (made)
        reply_about(hub, effects, event, sender->user, made)->is_undelivered =
            !call_other_device(found.call, sender->device)->address;
    else
        refuse_state(hub, effects, event, sender->user, found.record,
                     "the call was not answered yet");
    record_unref(made);
}
