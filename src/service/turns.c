#include "service/turns.h"

void turns_init(Turns *turns)
{
    g_mutex_init(&turns->lock);
    g_queue_init(&turns->waiting);
    turns->is_taken = FALSE;
}

void turns_clear(Turns *turns)
{
    g_assert(!turns->is_taken && !turns->waiting.length);
    g_mutex_clear(&turns->lock);
}

gboolean turns_take(Turns *turns, gpointer item)
{
    gboolean is_mine;

    g_mutex_lock(&turns->lock);
    is_mine = !turns->is_taken;
    turns->is_taken = TRUE;
    if (!is_mine)
        g_queue_push_tail(&turns->waiting, item);
    g_mutex_unlock(&turns->lock);
    return is_mine;
}

gpointer turns_next(Turns *turns)
{
    gpointer item;

    g_mutex_lock(&turns->lock);
    item = g_queue_pop_head(&turns->waiting);
    turns->is_taken = item != NULL;
    g_mutex_unlock(&turns->lock);
    return item;
}
