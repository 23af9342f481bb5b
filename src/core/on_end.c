#include "core/hub-private.h"

/* What an end means depends on who sends it, and when. */
static Happening meaning(const Found *found)
{
    if (found->call->state != CALL_RINGING)
        return HAPPENS_HANG_UP;
    return found->is_caller ? HAPPENS_CANCEL : HAPPENS_REJECT;
}

static gboolean is_repeat(const Found *found, const User *user)
{
    return is_repeat_of_close(found, user, CALL_ENDED) ||
           is_repeat_of_close(found, user, found->is_caller ? CALL_CANCELLED : CALL_REJECTED);
}

/* It may have overtaken its initiate: that one will be answered as cancelled, and ring nobody. */
static void remember(Hub *hub, const Event *event, const Sender *sender)
{
    User *user = sender->user ? sender->user : hub_make_user(hub, event->as_user);

    user_remember_early_end(user, event->about.call_id, hub->now_us, hub->settings.limits.max_early_ends);
    deadlines_set(&hub->deadlines, &user->ends_kept, hub->now_us + EARLY_END_KEPT_US);
}

void on_end(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = {0};
    Record *made;

    if (sender->user)
        found = hub_find_call(hub, sender->user, event->about.call_id);
    if (!found.record) {
        remember(hub, event, sender);
        refuse_not_found(effects, event);
        return;
    }
    if (!found.call) {
        if (is_repeat(&found, sender->user))
            reply_about(hub, effects, event, sender->user, found.record);
        else
            refuse_state(hub, effects, event, sender->user, found.record, NULL);
        return;
    }
    made = call_apply(hub, found.call,
                      &(Occurrence){.what = meaning(&found),
                                    .by = sender->device,
                                    .by_user = sender->user->id,
                                    .device = sender->device,
                                    .reason = event->about.reason},
                      effects);
    reply_about(hub, effects, event, sender->user, made);
    record_unref(made);
}
