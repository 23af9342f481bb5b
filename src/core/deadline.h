/* What shall happen when: a heap of deadlines, each a part of the thing that it is about. */
#pragma once

#include <glib.h>

/* In the order in which they come when they are due at once. */
typedef enum {
    DEADLINE_CALL,   /* part of a Call */
    DEADLINE_DEVICE, /* part of a Device that is away, or whose token will be over */
    DEADLINE_USER,   /* part of a User who is remembered for a while */
} DeadlineKind;

typedef struct {
    DeadlineKind kind;
    gint64 at_us;
    guint place; /* in the heap, from 1; 0 is "not in it" */
} Deadline;

typedef struct {
    GPtrArray *heap; /* of Deadline, borrowed; [0] is the earliest */
} Deadlines;

#define DEADLINE_NEVER G_MAXINT64

void deadlines_init(Deadlines *deadlines);
void deadlines_clear(Deadlines *deadlines);

/* Puts a deadline in, moves it, or (DEADLINE_NEVER) takes it out: O(log n). It must be taken out
 * before it is freed. */
void deadlines_set(Deadlines *deadlines, Deadline *deadline, gint64 at_us);
/* The earliest, or NULL. */
Deadline *deadlines_first(const Deadlines *deadlines);
