#include "core/hub-private.h"

/* The store has the history; the hub says whose it may be. */
void on_history(Hub *hub G_GNUC_UNUSED, const Event *event, const Sender *sender, Effects *effects)
{
    effects_reply(effects, event)->user_id =
        g_ref_string_new(sender->user ? sender->user->id : event->as_user);
}
