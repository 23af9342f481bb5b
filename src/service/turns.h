/* One thing at a time, in the order in which they came, without anybody waiting. */
#pragma once

#include <glib.h>

typedef struct {
    GMutex lock;
    GQueue waiting;
    gboolean is_taken;
} Turns;

void turns_init(Turns *turns);
/* Nobody has a turn or waits for one. */
void turns_clear(Turns *turns);

/* TRUE: it is the item's turn. Else turns_next() will give it out. */
gboolean turns_take(Turns *turns, gpointer item);
/* A turn is over: the item whose turn it is now, or NULL. */
gpointer turns_next(Turns *turns);
