#include "service/outbox.h"

/* As much as most ever need; what grew beyond it is given back when it is empty. */
#define USUAL_ROOM 4
/* So many wait: who put them in comes too fast for who drains, and takes turns with it. */
#define MUCH 64

void outbox_init(Outbox *outbox)
{
    *outbox = (Outbox){0};
    g_mutex_init(&outbox->lock);
    g_cond_init(&outbox->is_free);
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

    g_assert(!outbox->drainer && !outbox->has_successor);
    while ((item = take(outbox)))
        free_item(item);
    g_free(outbox->items);
    g_mutex_clear(&outbox->lock);
    g_cond_clear(&outbox->is_free);
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

/* Until it is this thread's turn, unless nobody has to be there. Called and returns with the lock held. */
static void succeed(Outbox *outbox)
{
    if (outbox->count < MUCH || outbox->has_successor || outbox->drainer == g_thread_self())
        return;
    outbox->has_successor = TRUE;
    while (outbox->drainer)
        g_cond_wait(&outbox->is_free, &outbox->lock);
    outbox->has_successor = FALSE;
}

/* The same. */
static void hand_over(Outbox *outbox, OutboxHand hand, gpointer user_data)
{
    guint handed = 0;
    gpointer item;

    outbox->drainer = g_thread_self();
    while ((handed < MUCH || !outbox->has_successor) && (item = take(outbox))) {
        g_mutex_unlock(&outbox->lock);
        hand(item, user_data);
        handed++;
        g_mutex_lock(&outbox->lock);
    }
    shrink(outbox);
    outbox->drainer = NULL;
    if (outbox->has_successor)
        g_cond_signal(&outbox->is_free);
}

void outbox_drain(Outbox *outbox, OutboxHand hand, gpointer user_data)
{
    g_mutex_lock(&outbox->lock);
    if (!outbox->drainer)
        hand_over(outbox, hand, user_data);
    g_mutex_unlock(&outbox->lock);
}

void outbox_drain_in_turns(Outbox *outbox, OutboxHand hand, gpointer user_data)
{
    g_mutex_lock(&outbox->lock);
    if (outbox->drainer)
        succeed(outbox);
    if (!outbox->drainer)
        hand_over(outbox, hand, user_data);
    g_mutex_unlock(&outbox->lock);
}
