/* The way of records into the store: a queue that never blocks who appends, and a thread that
 * writes groups of what has gathered. */
#pragma once

#include <glib.h>

#include "ports/store.h"

typedef struct Journal Journal;

/* So many records may wait for an ill store before new calls are refused: some tens of megabytes.
 */
#define JOURNAL_BACKLOG_MOST 100000

/* Where in the queue a record is; 0 is "nowhere". */
typedef guint64 JournalTicket;

typedef struct {
    guint64 appended;
    guint64 committed;
    guint64 commits;  /* groups in which those were */
    guint64 failures; /* groups that the store refused; each is tried again until it is in */
    guint waiting_replies;
    gboolean is_ill;
    guint64 dropped; /* events of the outbox that nobody took in time */
} JournalStats;

typedef struct {
    gint64 wait_us;    /* how long a reply waits for its commit */
    guint max_waiting; /* and how many at a time */
    gint64 keep_ms;    /* how long an ended call is kept; 0 is for ever */
    gint64 probe_us;   /* an ill store is asked this often whether it is well again; 0 is 1 s */

    /* The outbox (StoreOps.trim); 0 rows is "there is none". */
    gint64 outbox_ms;
    guint outbox_rows;
    /* Something was committed; called by the writer's thread, with no lock held. May be NULL. */
    void (*committed)(gpointer data);
    gpointer committed_data;
} JournalOptions;

/* Starts the thread. The store is borrowed. */
Journal *journal_new(Store *store, const JournalOptions *options);
/* Writes what is left (as long as the store takes it), ends the thread. */
void journal_free(Journal *journal);

/* Takes a reference to the record. Never blocks: for use under the hub's lock, whose order is the
 * store's. The writer may be left asleep: journal_wake() has to follow, unless somebody waits for the record anyway. */
JournalTicket journal_append(Journal *journal, Record *record);
/* Has the writer look for what was appended. To wake a thread takes as long as to tell a device of the record, and that comes first. */
void journal_wake(Journal *journal);
/* Has the writer forget events of the outbox that were delivered. Never blocks. */
void journal_settle(Journal *journal, const gint64 *ids, guint count);

/* The latest ticket given. */
JournalTicket journal_latest(Journal *journal);
/* So much waits that no new call should begin. */
gboolean journal_is_full(Journal *journal);

/* Waits, for no longer than wait_us, until all up to the ticket is committed; TRUE when it is.
 * FALSE at once while the store is ill, keeps nothing, or too many wait already. No lock may be
 * held. */
gboolean journal_wait(Journal *journal, JournalTicket ticket);

/* The same for who must not wait: `done` is called once, with no lock held: at once by this thread,
 * or later by the writer's or by that of journal_expire(). There is no bound on how many wait so.
 * Returns until when it may wait: monotonic microseconds. */
typedef void (*JournalDone)(gboolean is_committed, gpointer data);

gint64 journal_then(Journal *journal, JournalTicket ticket, JournalDone done, gpointer data);
/* When somebody has to call journal_expire(): monotonic microseconds, G_MAXINT64 for never. */
gint64 journal_deadline(Journal *journal);
/* Lets go of those who waited for too long: the store is slow then, and nobody waits. */
void journal_expire(Journal *journal);

void journal_stats(Journal *journal, JournalStats *stats);
