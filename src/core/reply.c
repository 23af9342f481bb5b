#include <string.h>

#include "core/hub-private.h"

Reply *reply_about(Hub *hub, Effects *effects, const Event *event, const User *user, Record *record)
{
    Reply *reply = effects_reply(effects, event);

    reply->record = record_ref(record);
    reply->view = event->is_operator ? VIEW_FULL : hub_view(hub, record, user);
    return reply;
}

Reply *refuse_about(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, Refusal refusal, const char *text)
{
    Reply *reply = reply_about(hub, effects, event, user, record);

    reply->refusal = refusal;
    reply->text = g_strdup(text);
    return reply;
}

Reply *refuse_state(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, const char *text)
{
    RecordView seen = record_view(record, hub_view(hub, record, user));

    if (call_state_is_final(seen.status))
        return refuse_about(hub, effects, event, user, record, REFUSAL_CALL_OVER,
                            "the call is over");
    return refuse_about(hub, effects, event, user, record, REFUSAL_WRONG_STATE, text);
}

Reply *refuse_not_found(Effects *effects, const Event *event, const Sender *sender)
{
    Reply *reply = effects_refuse(effects, event, REFUSAL_CALL_NOT_FOUND, "no such call of yours");

    reply->is_elsewhere = !event->stored;
    if (sender->user || event->as_user)
        reply->user_id = g_ref_string_new(sender->user ? sender->user->id : event->as_user);
    return reply;
}

gboolean is_repeat_of_close(const Found *found, const User *user, CallState made)
{
    RecordView seen = record_view(found->record, found->view);

    return seen.status == made && seen.ended_by && strcmp(seen.ended_by, user->id) == 0;
}
