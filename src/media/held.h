/* Messages of a data channel that came before the other side's channel was there: kept for it, in
 * order and within a bound, so that what was sent first is not lost. Not locked. */
#pragma once

#include <glib.h>

/* A channel that is not there by then has a reason. */
#define HELD_MESSAGES 256
#define HELD_BYTES (256 * 1024)

typedef struct {
    char *label;    /* or NULL */
    char *protocol; /* or NULL */
    gboolean is_binary;
    guint16 length;
    char *bytes;
} HeldMessage;

typedef struct {
    GQueue messages; /* of HeldMessage */
    gsize bytes;
} Held;

void held_init(Held *held);
void held_clear(Held *held);
/* Copies the message; FALSE when there is no room for it. */
gboolean held_put(Held *held, const HeldMessage *message);
/* The oldest, which is the caller's to free; NULL when there is none. */
HeldMessage *held_take(Held *held);
void held_message_free(HeldMessage *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeldMessage, held_message_free)
