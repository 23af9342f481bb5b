/* Port: where calls are remembered. One contract test (tests/unit/test-store.c) serves every store.
 *
 * One thread at a time writes; any thread reads, at the same time as the writer. A failure is a
 * GError of domain STORE_ERROR and changes nothing; a store is usable again when its trouble is
 * over, without being reopened. */
#pragma once

#include <glib.h>

#include "core/event.h"
#include "core/record.h"
#include "ports/announcer.h"

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);

typedef enum {
    STORE_ERROR_FAILED,    /* disk, lock, corruption: the text says which */
    STORE_ERROR_TOO_NEW,   /* made by a newer version of the plugin */
    STORE_ERROR_BAD_CURSOR /* `before` is not one of ours */
} StoreError;

typedef struct Store Store;

/* One event that waits in the outbox for one endpoint. */
typedef struct {
    gint64 id;    /* grows: the order in which they came */
    gint64 call;  /* the same for the events of one call */
    gint64 at_ms; /* Unix time of what it tells */
    char *message_id;
    char *body;
} OutboxRow;

void outbox_row_free(OutboxRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutboxRow, outbox_row_free)

typedef struct {
    const char *name;    /* "memory", "sqlite" */
    gboolean is_durable; /* what it has written survives the process */

    void (*free)(Store *store);

    /* Writes a group of records, oldest first, in one transaction: all or nothing. A call is known
     * by (callerId, callId); of two revisions of a call the one with the higher rev stays, and of
     * the same rev the later one. A call that was made later takes the id of an older one over:
     * that can only be when nobody could see that the id was taken. A call that is new, or whose
     * status changes, is announced: the events go into the outbox with it. */
    gboolean (*write)(Store *store, Record *const *records, guint count, GError **error);

    /* A call of this user, whichever side it was on: owned by the caller; NULL without an error
     * when there is none. */
    Record *(*get)(Store *store, const char *user_id, const char *call_id, GError **error);

    /* A call of this id, whoever made it; `*is_only` says whether it is the only one. As get()
     * otherwise. */
    Record *(*find)(Store *store, const char *call_id, gboolean *is_only, GError **error);

    /* One page of a user's calls, newest first, as a new array of Record. `*next` is the cursor of
     * the page after it (owned by the caller), NULL when there is none. `query` as in call:history;
     * its status filter means what the user sees of the call (a veiled call's caller sees its
     * veil). The time does not depend on how many calls there are. */
    GPtrArray *(*history)(Store *store, const char *user_id, const HistoryEvent *query, char **next,
                          GError **error);

    /* The user's calls that ended at `since_ms` (Unix time) or later, newest first, at most `most`:
     * array of Record. */
    GPtrArray *(*ended_since)(Store *store, const char *user_id, gint64 since_ms, guint most,
                              GError **error);

    /* After a crash: every call that is stored as live becomes failed / server_restart, ended
     * `now_ms`, its rev grown by 1000; so does what a veiled call's caller believes. They are
     * announced. `*closed`, if wanted: how many. */
    gboolean (*recover)(Store *store, gint64 now_ms, guint *closed, GError **error);

    /* Retention: forgets at most `most` calls that ended before `before_ms`. `*forgotten` says how
     * many. */
    gboolean (*forget)(Store *store, gint64 before_ms, guint most, guint *forgotten,
                       GError **error);

    /* Work that a store puts off, so that write() is cheap; what is read is right without it. May be NULL. When some
     * is due: monotonic microseconds, G_MAXINT64 for never; and a few milliseconds of it. As write() otherwise. */
    gint64 (*catch_up_at)(Store *store);
    gboolean (*catch_up)(Store *store, GError **error);

    /* --- the outbox --- */

    /* What waits for an endpoint, after the row of that id (0: from the oldest on), at most `most`,
     * as a new array of OutboxRow in their order. Any thread. */
    GPtrArray *(*pending)(Store *store, const char *endpoint, gint64 after, guint most,
                          GError **error);

    /* These are delivered, or given up: forgets them. A store that is not durable takes this from
     * any thread, as it does write(). */
    gboolean (*settle)(Store *store, const gint64 *ids, guint count, GError **error);

    /* Drops what came before `before_ms` and, while there are more than `rows`, the oldest events of
     * calls that are over; at most `most` at once. `*dropped` says how many. */
    gboolean (*trim)(Store *store, gint64 before_ms, guint rows, guint most, guint *dropped,
                     GError **error);

    /* How many wait. Any thread. */
    guint (*waiting)(Store *store);
} StoreOps;

/* The first member of every store. */
struct Store {
    const StoreOps *ops;
    const Announcer *announcer; /* or NULL: nobody is told anything */
    gpointer announcer_self;
};

/* Before it is used. */
static inline void store_announce_to(Store *store, const Announcer *announcer, gpointer self)
{
    store->announcer = announcer;
    store->announcer_self = self;
}

static inline void store_free(Store *store)
{
    if (store)
        store->ops->free(store);
}
