/* A set of things whose members are listed page by page while it changes: each has a place, a small
 * number that it keeps for as long as it is in the set. Putting in, taking out and going on from a
 * place cost the same however many there are. */
#pragma once

#include <glib.h>

typedef struct {
    GPtrArray *places; /* borrowed; NULL where nothing is */
    GArray *free;      /* of guint: places to use again */
} Roster;

void roster_init(Roster *roster);
void roster_clear(Roster *roster);

/* Its place, for roster_remove(). */
guint roster_add(Roster *roster, gpointer member);
void roster_remove(Roster *roster, guint place);

/* The member at `*place` or after it, looking at no more than `*looks` places; moves `*place` behind
 * what it looked at and counts `*looks` down. NULL: none among these, or the end. Who is there from
 * the first page to the last is listed once; who comes meanwhile may not be listed. */
gpointer roster_next(const Roster *roster, guint *place, guint *looks);
gboolean roster_is_at_end(const Roster *roster, guint place);
