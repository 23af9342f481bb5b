#include "core/hub-private.h"

/* What an end means depends on who sends it, and when. */
static Happening meaning(const Event *event, const Found *found)
{
    if (event->is_operator)
        return HAPPENS_ADMIN_END;
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

    user_remember_early_end(user, event->about.call_id, hub->now_us,
                            hub->settings.limits.max_early_ends);
    hub_tidy_user(hub, user);
}

void on_end(Hub *hub, const Event *event, const Sender *sender, Effects *effects)
{
    Found found = find_asked_call(hub, event, sender);
    Record *made;

    if (!found.record) {
        if (!event->is_operator)
            remember(hub, event, sender);
        refuse_not_found(effects, event, sender);
        return;
    }
    if (!found.call) {
        if (!event->is_operator && is_repeat(&found, sender->user))
            reply_about(hub, effects, event, sender->user, found.record);
        else
            refuse_state(hub, effects, event, sender->user, found.record, NULL);
        return;
    }
    made = call_apply(hub, found.call,
                      &(Occurrence){.what = meaning(event, &found),
                                    .by = sender->device,
                                    .by_user = event->is_operator ? NULL : sender->user->id,
                                    .device = sender->device,
                                    .reason = event->about.reason,
                                    .is_last = TRUE},
                      effects);
    reply_about(hub, effects, event, sender->user, made);
    record_unref(made);
}
