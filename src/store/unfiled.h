/* Calls that are over, are stored, and do not stand in the lists on the disk yet. There they cost a page for each entry; filed
 * many at a time, in the order of the lists, they cost little. Until then who reads a list finds them here.
 *
 * One thread writes; any thread reads at the same time. What belongs to one transaction of the writer's has one number, `row`, which
 * grows; who reads at an older moment of the database does not see it. */
#pragma once

#include <glib.h>

#include "core/record.h"
#include "store/listing.h"
#include "store/page.h"

typedef struct {
    gint64 id; /* as in Place */
    Record *record;
    gint64 row;      /* it is here from this one on */
    gint64 gone_row; /* and not any more from this one on; 0: it stays */
} UnfiledCall;

/* The calls of one user, in the order in which they came. */
typedef struct {
    const char *user_id;
    GPtrArray *calls; /* of UnfiledCall, borrowed */
} UnfiledUser;

/* Calls that are filed together. */
typedef struct {
    GPtrArray *calls;  /* of UnfiledCall */
    GHashTable *users; /* of UnfiledUser, by user_id */
} UnfiledBatch;

typedef struct {
    GMutex
        lock; /* guards all below but `dropped`; the writer, who alone changes it, needs none to look */
    UnfiledBatch *coming;   /* what comes is added to it */
    UnfiledBatch *filing;   /* what is being filed, or NULL */
    gint64 filed_row;       /* all up to this one is filed, and not here any more */
    gint64 first_coming_us; /* when the oldest of `coming` came; monotonic */
    GPtrArray *dropped;     /* of UnfiledCall: those of the writer's transaction */
} Unfiled;

void unfiled_init(Unfiled *unfiled);
void unfiled_clear(Unfiled *unfiled);

/* --- the writer --- */

/* Takes a reference to the record, whose call must be over for both parties. */
void unfiled_add(Unfiled *unfiled, Record *record, gint64 id, gint64 row);
void unfiled_drop(Unfiled *unfiled, UnfiledCall *call, gint64 row);
/* A call of this user's that stays; NULL: it is not here. */
UnfiledCall *unfiled_find(const Unfiled *unfiled, const char *user_id, gint64 id);
/* No call of this user's stays. */
gboolean unfiled_user_is_gone(const UnfiledUser *user);
/* Whether any call of the user's is here, and stays. */
gboolean unfiled_has_user(const Unfiled *unfiled, const char *user_id);

/* The transaction of that row is over. */
void unfiled_commit(Unfiled *unfiled);
void unfiled_roll_back(Unfiled *unfiled, gint64 row);

/* All that is here is filed together, and what comes from now on is not. Between transactions, or at the begin of one, and only while
 * nothing is being filed. */
void unfiled_begin_filing(Unfiled *unfiled);
/* All of that is on the disk; it was of rows up to this one. */
void unfiled_end_filing(Unfiled *unfiled, gint64 row);

/* --- readers --- */

/* The rows that the database has at the reader's moment: calls of older ones are filed in it. Zeros: there are none. */
typedef struct {
    gint64 first;
    gint64 last;
} UnfiledSpan;

/* Lists of a user's, and what is wanted of them. */
typedef struct {
    const char *user_id;
    const char *peer_id; /* or NULL: those of calls with anybody */
    const ListKind *kinds;
    guint count;
    gint64 since; /* nothing before it */
    Page *page;
} UnfiledSearch;

/* Adds to the page the places, without records, of what is not filed at the reader's moment; those of what is filed may be there
 * too. FALSE: it is too late for that moment, for calls that are not filed in it are not here any more. */
gboolean unfiled_search(Unfiled *unfiled, const UnfiledSpan *span, const UnfiledSearch *search);
