/* Things to hand over in the order in which they were put in, by one thread at a time, with no lock
 * held meanwhile.
 *
 * Many threads put (under the hub's lock, so in its order); whoever then calls outbox_drain() and
 * finds nobody at it hands over all that is there, also what others put in meanwhile. */
#pragma once

#include <glib.h>

typedef void (*OutboxHand)(gpointer item, gpointer user_data);

typedef struct {
    GMutex lock;
    gpointer *items; /* a ring; NULL before the first */
    guint room;      /* of it, a power of two */
    guint first;
    guint count;
    GThread *drainer; /* or NULL */
    gboolean has_successor;
    GCond is_free; /* for the successor: nobody drains */
} Outbox;

void outbox_init(Outbox *outbox);
/* Ends it with what is left in it. */
void outbox_clear(Outbox *outbox, GDestroyNotify free_item);

/* Takes over the item. */
void outbox_put(Outbox *outbox, gpointer item);
/* `hand` takes over each item. Returns at once when another thread is at it. */
void outbox_drain(Outbox *outbox, OutboxHand hand, gpointer user_data);
/* The same for a `hand` that waits for nothing: where others put in as fast as one thread hands over, who finds much waiting
 * takes its place, as soon as it has handed over some tens. So nobody works for others for long. */
void outbox_drain_in_turns(Outbox *outbox, OutboxHand hand, gpointer user_data);
