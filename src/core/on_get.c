#include "core/hub-private.h"

/* Live calls and those that ended a while ago; for older ones the reply says whose to look for in the store. */
void on_get(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = {0};
    Reply *reply;

    if (sender->user)
        found = hub_find_call(hub, sender->user, event->about.call_id);
    if (found.record) {
        reply_about(hub, effects, event, sender->user, found.record);
        return;
    }
    reply = refuse_not_found(effects, event);
    reply->is_elsewhere = TRUE;
    reply->user_id = g_ref_string_new(sender->user ? sender->user->id : event->as_user);
}
