/* What waits for one endpoint, and in which order it may go: the events of one call one after the
 * other, those of different calls side by side.
 *
 * An event that fails is tried again after a pause that grows; the later ones of its call wait for
 * it, others do not. An endpoint that fails for everybody is ill: then one event at a time asks
 * whether it is well again. Pure: no clock, no thread, no network. */
#pragma once

#include "ports/store.h"

typedef struct Lane Lane;

typedef struct {
    guint parallel;       /* so many may be under way */
    guint most;           /* so many rows it takes in */
    gint64 first_us;      /* the first pause of an event */
    gint64 retry_most_us; /* the longest */
    gint64 probe_most_us; /* the longest of an ill endpoint */
} LaneOptions;

typedef enum {
    SENT_WELL,
    SENT_IN_VAIN, /* try again */
    SENT_TO_NONE, /* the endpoint is gone for good: nothing more goes there */
    SENT_TOO_LATE /* give this one up */
} Sent;

typedef enum { LANE_WELL, LANE_ILL, LANE_GONE } LaneHealth;

Lane *lane_new(const LaneOptions *options);
void lane_free(Lane *lane); /* NULL is fine */

/* How many rows it would still take in. */
guint lane_room(const Lane *lane);
/* Takes the row over; rows come in the order of their ids. */
void lane_put(Lane *lane, OutboxRow *row);
/* The next row to send now, or NULL. Borrowed until lane_done(). */
const OutboxRow *lane_next(Lane *lane, gint64 now_us);
/* How it went. `retry_us`: a time before which the endpoint wants to hear nothing, or 0; `chance` as
 * in backoff_us(). Returns TRUE when the row is settled: it is freed then. */
gboolean lane_done(Lane *lane, const OutboxRow *row, Sent sent, gint64 retry_us, double chance,
                   gint64 now_us);
/* When to look at lane_next() again, if nothing else happens; G_MAXINT64 for never. */
gint64 lane_deadline(const Lane *lane);
/* One that is gone is tried again. */
void lane_revive(Lane *lane);
LaneHealth lane_health(const Lane *lane);
/* So many rows are in it. */
guint lane_rows(const Lane *lane);
