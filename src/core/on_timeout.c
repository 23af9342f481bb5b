#include "core/hub-private.h"

/* However many are due at once, nobody waits long for the hub: the rest is for the next step. */
#define DEADLINES_AT_ONCE 256

/* Perhaps nothing else needed the user. */
static void settle_user(Hub *hub, User *user)
{
    deadlines_set(&hub->deadlines, &user->kept, DEADLINE_NEVER);
    hub_tidy_user(hub, user);
}

void on_timeout(Hub *hub, const Event *event, Effects *effects)
{
    for (guint i = 0; i < DEADLINES_AT_ONCE; i++) {
        Deadline *first = deadlines_first(&hub->deadlines);

        if (!first || first->at_us > event->now_us)
            return;
        switch (first->kind) {
        case DEADLINE_CALL:
            call_expire(hub, (Call *)first, effects);
            break;
        case DEADLINE_DEVICE:
            hub_expire_device(hub, (Device *)first, effects);
            break;
        case DEADLINE_USER:
            settle_user(hub, (User *)first);
            break;
        }
    }
}
