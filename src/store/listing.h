/* What each party sees of a call, and in which of that party's lists it therefore stands. Whatever
 * a history asks for is the newest part of a few such lists, so that no page looks at more calls
 * than it shows. */
#pragma once

#include <glib.h>

#include "core/event.h"
#include "core/record.h"

/* The lists of calls that are over, in the order of their creation, each of a user's calls in one
 * of them; and the same calls in the order of their end. Databases hold these numbers: never
 * renumber. */
typedef enum {
    LIST_BY_END = 1, /* in SQLite only calls that took some time: sqlite_private.h */
    LIST_REJECTED = 2,
    LIST_CANCELLED = 3,
    LIST_TIMEOUT = 4,
    LIST_ENDED = 5,
    LIST_FAILED = 6,
    LIST_MISSED_REJECTED = 7, /* of these the ones that call:history calls missed */
    LIST_MISSED_CANCELLED = 8,
    LIST_MISSED_TIMEOUT = 9,
} ListKind;

/* One place in one list. Strings are borrowed from the record. */
typedef struct {
    const char *user_id; /* whose list */
    const char *peer_id; /* the list of calls with this one only, or NULL: with anybody */
    guint kind;          /* ListKind, or a list of a store's own */
    gint64 at;           /* Unix ms: the call's place, newest first */
} Listing;

/* A party to whom it is over has it in three, in this order: all calls of its kind, those of the kind with this peer, all calls
 * by their end. */
#define LISTINGS_OF_PARTY 3
#define LISTINGS_MOST (2 * LISTINGS_OF_PARTY)

/* Where a call is listed: nowhere for a party to which it is still live. Returns how many. */
guint listings_of_record(const Record *record, Listing listings[LISTINGS_MOST]);

/* Whether two revisions of a call stand in the same places. */
gboolean listings_are_same(const Record *one, const Record *other);

/* The same for one of its parties. */
guint listings_of_party(const Record *record, const char *user_id,
                        Listing listings[LISTINGS_OF_PARTY]);

#define KINDS_MOST 8

/* The kinds of lists in which every call that is over and that the query asks for stands, and no
 * other. */
guint kinds_of_query(const HistoryEvent *query, ListKind kinds[KINDS_MOST]);

/* Whether this user sees the call as live: a veiled one may be for its caller, and is not for its
 * callee. */
gboolean record_is_live_for(const Record *record, const char *user_id);
/* Whether a query can ask for a live call at all, and does for this one of the user's. */
gboolean query_asks_live(const HistoryEvent *query);
gboolean query_asks_for(const HistoryEvent *query, const Record *record, const char *user_id);

/* Over for everybody. */
gboolean record_is_closed(const Record *record);
/* When that was, Unix ms. */
gint64 record_closed_ms(const Record *record);

/* The next revision of a call that was live when the server stopped (see StoreOps.recover). NULL:
 * it was not. */
Record *record_recovered(const Record *record, gint64 now_ms);
