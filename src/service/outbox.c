#include "service/outbox.h"

/* As much as most ever need; what grew beyond it is given back when it is empty. */
#define USUAL_ROOM 4

void outbox_init(Outbox *outbox)
{
    *outbox = (Outbox){0};
    g_mutex_init(&outbox->lock);
}

/* Twice as much, with what is there at its beginning. */
static void grow(Outbox *outbox)
{
    guint room = outbox->room ? 2 * outbox->room : USUAL_ROOM;
    gpointer *items = g_new(gpointer, room);

    for (guint i = 0; i < outbox->count; i++)
        items[i] = outbox->items[(outbox->first + i) & (outbox->room - 1)];
    g_free(outbox->items);
    outbox->items = items;
    outbox->room = room;
    outbox->first = 0;
}

static void shrink(Outbox *outbox)
{
    if (outbox->count || outbox->room <= USUAL_ROOM)
        return;
    g_clear_pointer(&outbox->items, g_free);
    outbox->room = 0;
}

/* NULL: it is empty. */
static gpointer take(Outbox *outbox)
{
    gpointer item;

    if (!outbox->count)
        return NULL;
    item = outbox->items[outbox->first];
    outbox->first = (outbox->first + 1) & (outbox->room - 1);
    outbox->count--;
    return item;
}

void outbox_clear(Outbox *outbox, GDestroyNotify free_item)
{
    gpointer item;

    g_assert(!outbox->is_draining);
    while ((item = take(outbox)))
        free_item(item);
    g_free(outbox->items);
    g_mutex_clear(&outbox->lock);
}

void outbox_put(Outbox *outbox, gpointer item)
{
    g_mutex_lock(&outbox->lock);
    if (outbox->count == outbox->room)
        grow(outbox);
    outbox->items[(outbox->first + outbox->count) & (outbox->room - 1)] = item;
    outbox->count++;
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
    while ((item = take(outbox))) {
        g_mutex_unlock(&outbox->lock);
        hand(item, user_data);
        g_mutex_lock(&outbox->lock);
    }
    shrink(outbox);
    outbox->is_draining = FALSE;
    g_mutex_unlock(&outbox->lock);
}
