#include "core/hub-private.h"

/* Enough to keep up with any rate at which calls end, and never a pause. */
#define FORGET_AT_ONCE 8

static void forget(Hub *hub, Ended *ended)
{
    g_hash_table_remove(hub->ended, &ended->key);
    g_queue_unlink(&hub->ended_order, &ended->in_hub);
    g_queue_unlink(&ended->user->ended, &ended->in_user);
    record_unref(ended->record);
    g_free(ended);
}

void ended_keep(Hub *hub, User *user, Record *record)
{
    Ended *ended = g_new(Ended, 1);

    *ended = (Ended){.key = {.user = user, .call_id = record->facts->call_id},
                     .user = user,
                     .record = record_ref(record),
                     .ended_us = hub->now_us,
                     .in_hub.data = ended,
                     .in_user.data = ended};
    g_hash_table_add(hub->ended, ended);
    g_queue_push_tail_link(&hub->ended_order, &ended->in_hub);
    g_queue_push_head_link(&user->ended, &ended->in_user);

    while (user->ended.length > hub->settings.limits.max_ended_per_user)
        forget(hub, g_queue_peek_tail(&user->ended));
}

static void renew_for(Hub *hub, const char *user_id, Record *record)
{
    const User *user = hub_find_user(hub, user_id);
    CallKey key = {.user = user, .call_id = record->facts->call_id};
    Ended *ended = user ? g_hash_table_lookup(hub->ended, &key) : NULL;

    if (!ended || ended->record->facts != record->facts)
        return;
    record_unref(ended->record);
    ended->record = record_ref(record);
    /* The key borrows the id from the facts, which both share. */
}

void ended_renew(Hub *hub, Record *record)
{
    renew_for(hub, record->facts->caller_id, record);
    renew_for(hub, record->facts->callee_id, record);
}

static gboolean is_due(const Hub *hub, const Ended *oldest)
{
    return hub->ended_order.length > hub->settings.limits.max_ended ||
           oldest->ended_us + ENDED_KEPT_US <= hub->now_us;
}

void ended_tidy(Hub *hub)
{
    for (guint i = 0; i < FORGET_AT_ONCE; i++) {
        Ended *oldest = g_queue_peek_head(&hub->ended_order);

        if (!oldest || !is_due(hub, oldest))
            return;
        hub_tidy_user(hub, oldest->user);
        forget(hub, oldest);
    }
}

void ended_forget_all(Hub *hub)
{
    Ended *oldest;

    while ((oldest = g_queue_peek_head(&hub->ended_order)))
        forget(hub, oldest);
}
