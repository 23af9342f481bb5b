#include "service/outbox.h"

void outbox_init(Outbox *outbox)
{
    g_mutex_init(&outbox->lock);
    g_queue_init(&outbox->items);
    outbox->is_draining = FALSE;
}

void outbox_clear(Outbox *outbox, GDestroyNotify free_item)
{
    g_assert(!outbox->is_draining);
    g_queue_clear_full(&outbox->items, free_item);
    g_mutex_clear(&outbox->lock);
}

void outbox_put(Outbox *outbox, gpointer item)
{
    g_mutex_lock(&outbox->lock);
    g_queue_push_tail(&outbox->items, item);
    g_mutex_unlock(&outbox->lock);
}

void outbox_drain(Outbox *outbox, OutboxHand hand, gpointer user_data)
{
    gpointer item;

    g_mutex_lock(&outbox->lock);
    if (outbox->is_draining) {
        g_mutex_unlock(&outbox->lock);
        return;
    }
    outbox->is_draining = TRUE;
    while ((item = g_queue_pop_head(&outbox->items))) {
        g_mutex_unlock(&outbox->lock);
        hand(item, user_data);
        g_mutex_lock(&outbox->lock);
    }
    outbox->is_draining = FALSE;
    g_mutex_unlock(&outbox->lock);
}
