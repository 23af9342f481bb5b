/* The parts of the SQLite store, and what they know of each other. */
#pragma once

#include <sqlite3.h>

#include "store/listing.h"
#include "store/page.h"
#include "store/sqlite.h"
#include "store/unfiled.h"

/* --- sqlite_file.c --- */

/* Makes the file if it is not there. It and its companions, as far as they are there, get mode and
 * group. */
gboolean database_file_prepare(const SqliteOptions *options, GError **error);

/* --- sqlite_sql.c --- */

/* Every statement. Its text is a constant; what is data is bound. */
typedef enum {
    SQL_BEGIN_WRITE,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_LAST_CALL,
    SQL_COUNT_EVENTS,
    SQL_SELECT_UNFILED,
    SQL_UNFILED_SPAN,

    SQL_FIND_CALL,
    SQL_SELECT_CALL,
    SQL_INSERT_CALL,
    SQL_UPDATE_LIVE,
    SQL_UPDATE_CALL,
    SQL_DELETE_CALL,
    SQL_FIND_USER,
    SQL_INSERT_USER,
    SQL_DELETE_USER,
    SQL_INSERT_LISTINGS,
    SQL_INSERT_LISTING,
    SQL_INSERT_MANY_LISTINGS,
    SQL_DELETE_LISTING,
    SQL_SELECT_UNCLOSED,
    SQL_SELECT_CLOSED,
    SQL_INSERT_EVENT,
    SQL_DELETE_EVENT,
    SQL_INSERT_UNFILED,
    SQL_DELETE_UNFILED,
    SQL_EVENTS_BEFORE,
    SQL_EVENTS_OF_ENDED,

    SQL_CALL_OF_CALLER,
    SQL_CALL_OF_CALLEE,
    SQL_CALLS_OF_ID,
    SQL_LIVE_OF_CALLER,
    SQL_LIVE_OF_CALLEE,
    SQL_LISTED,
    SQL_LISTED_SINCE,
    SQL_PENDING_EVENTS,
} Sql;

#define SQLS (SQL_PENDING_EVENTS + 1)

const char *sql_text(Sql which);

/* --- sqlite_connection.c --- */

/* A statement in use. g_autoptr resets it and lets go of what is bound: a connection owns its
 * statements. */
typedef sqlite3_stmt Statement;

void statement_reset(Statement *statement);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, statement_reset)

/* The writer's calls on their way into the lists: sqlite_filing.c. */
typedef struct {
    GString *fresh;   /* ids that this transaction adds, as JSON without its end */
    gint64 last_row;  /* the greatest number in `unfiled` */
    gint64 round_row; /* of these: the last one that the round takes */
    GArray
        *users; /* the round's, of FiledUser; in the order of their numbers when it is_numbered */
    GHashTable *numbers; /* then: of gint64, by user_id */
    GArray *entries;     /* of Entry: the places of calls of users before next_user, in order */
    guint slice;         /* entries that are made at once */
    guint slice_least;
    guint next_number, next_user, next_entry;
    gboolean is_numbered;
    gboolean is_done; /* when the transaction is committed, the round is over */
} Filing;

/* One thread uses it at a time. */
typedef struct {
    sqlite3 *handle;
    const char *path;            /* borrowed from the store's options */
    Statement *statements[SQLS]; /* prepared when first used */
    Unfiled *unfiled;            /* the store's */

    /* Of the writer: what it has stored and need not look up. Forgotten when a transaction is undone, or rows go. */
    GHashTable *
        live; /* by facts: calls that are live, each with its id and what is stored; NULL in a reader */
    GHashTable *users; /* of gint64 numbers, by user_id */
    gint64 last_call;  /* the greatest id that was given */
    Filing filing;

    /* Of the writer: the outbox. */
    const Store *announce_for; /* the store that says what is announced */
    gint64 last_event;         /* the greatest id that was given */
    gint events_change;        /* what the transaction adds, not committed yet */
    gint events;               /* atomic: rows of the outbox */
} Connection;

typedef enum {
    CONNECTION_WRITES,
    CONNECTION_READS,
} ConnectionUse;

Connection *connection_open(const SqliteOptions *options, ConnectionUse use, GError **error);
void connection_close(Connection *connection); /* NULL is fine */

/* Sets an error with the path and what SQLite says. Always FALSE. */
gboolean connection_fail(const Connection *connection, GError **error);

/* A statement to bind and step, to be held by a g_autoptr. */
Statement *connection_statement(Connection *connection, Sql which, GError **error);

/* `number` counts from 1. Texts must live until the statement is reset; NULL and, for bind_time(),
 * 0 become NULL. */
void bind_text(Statement *statement, int number, const char *text);
/* Takes the text over. */
void bind_text_owned(Statement *statement, int number, char *text);
void bind_int(Statement *statement, int number, gint64 value);
void bind_time(Statement *statement, int number, gint64 unix_ms);

typedef enum {
    STEP_FAILED,
    STEP_ROW,
    STEP_DONE,
} Step;

Step connection_step(const Connection *connection, Statement *statement, GError **error);
/* For statements that give no row. */
gboolean connection_run(const Connection *connection, Statement *statement, GError **error);
gboolean connection_do(Connection *connection, Sql which, GError **error);
/* Ends a transaction, if there is one, without what it did. FALSE: it is still open, for want of
 * memory. */
gboolean connection_roll_back(Connection *connection);
/* Whether the file is still where it was: what is written to a removed one is lost. */
gboolean connection_check_file(const Connection *connection, GError **error);

/* --- sqlite_schema.c --- */

/* Brings the schema up to date, in one transaction for each step. */
gboolean schema_update(Connection *writer, GError **error);

/* --- sqlite_row.c --- */

/* The columns of `calls`, in the order of every statement that reads or writes whole rows. */
typedef enum {
    COLUMN_ID,
    COLUMN_CALL_ID,
    COLUMN_CALLER_ID,
    COLUMN_CALLER_DEVICE,
    COLUMN_CALLER_NAME,
    COLUMN_CALLEE_ID,
    COLUMN_MODE,
    COLUMN_AUDIO,
    COLUMN_VIDEO,
    COLUMN_DATA,
    COLUMN_CREATED_AT,
    COLUMN_RING_MS,
    COLUMN_STATUS,
    COLUMN_CAUSE,
    COLUMN_REASON,
    COLUMN_RINGING_AT,
    COLUMN_ACCEPTED_AT,
    COLUMN_ANSWERED_BY,
    COLUMN_REV,
    COLUMN_ENDED_AT,
    COLUMN_DURATION_MS,
    COLUMN_ENDED_BY,
    COLUMN_VEIL_STATUS,
    COLUMN_VEIL_CAUSE,
    COLUMN_VEIL_REV,
    COLUMN_VEIL_ENDED_AT,
    COLUMN_VEIL_ENDED_BY,
    COLUMN_VEIL_REASON,
    COLUMN_CLOSED_AT,
    COLUMN_TRACE,
    COLUMN_MEDIA_REPORT,
} Column;

/* Binds every column that the statement has, to the number after its place above. Borrows the
 * record. */
void row_bind(Statement *statement, gint64 id, const Record *record);
/* The record of a whole row. NULL when the row is damaged, as by somebody who wrote to the table.
 */
Record *row_read(Statement *statement, GError **error);
/* A row whose turn it is to go, or to move. A damaged one gives no record and no error, and so stands in the
 * way of nothing: what is listed of it leads nowhere. */
gboolean row_read_old(const Connection *writer, Statement *statement, Record **record,
                      GError **error);
gint64 row_id(Statement *statement);

/* --- sqlite_lists.c --- */

/* The number that stands for a user in `listings`; 0 when there is none. */
gboolean find_user(Connection *connection, const char *user_id, gint64 *number, GError **error);
/* The same; one who has none gets one. For the writer. */
gboolean make_user(Connection *writer, const char *user_id, gint64 *number, GError **error);

/* Enters a call into the lists in which it stands, or takes it out. */
gboolean lists_insert(Connection *writer, const Record *record, gint64 id, GError **error);
gboolean lists_delete(Connection *writer, const Record *record, gint64 id, GError **error);

/* --- sqlite_filing.c --- */

/* Calls that took no longer are not in LIST_BY_END, or need not be: most are so short, and each list is a place more. */
#define SHORT_CALL_MS (5 * 60 * G_GINT64_CONSTANT(1000))

void filing_init(Filing *filing);
void filing_clear(Filing *filing);

/* This call, which is over for both parties, is filed later. */
void filing_put_off(Connection *writer, Record *record, gint64 id);
/* It is not to be filed any more, if it was. */
void filing_drop(Connection *writer, const char *caller_id, gint64 id);
/* Before each commit: writes down what was put off. */
gboolean filing_note(Connection *writer, GError **error);
/* After each transaction. */
void filing_commit(Connection *writer);
void filing_roll_back(Connection *writer);
/* Files a few hundred places: the first thing in a transaction. */
gboolean filing_step(Connection *writer, GError **error);
/* When filing_step() is due: monotonic microseconds, G_MAXINT64 when nothing waits. */
gint64 filing_due_us(const Connection *writer);
/* At the start: what waited when the database was last closed waits again. */
gboolean filing_restore(Connection *writer, GError **error);

/* --- sqlite_write.c --- */

/* As in StoreOps. A failure leaves no transaction open. */
gboolean writer_write(Connection *writer, Record *const *records, guint count, GError **error);
gboolean writer_recover(Connection *writer, gint64 now_ms, guint *closed, GError **error);
gboolean writer_forget(Connection *writer, gint64 before_ms, guint most, guint *forgotten,
                       GError **error);

/* Files what is put off: a slice of it, or all. */
gboolean writer_catch_up(Connection *writer, GError **error);
gboolean writer_catch_up_all(Connection *writer, GError **error);

gboolean writer_settle(Connection *writer, const gint64 *ids, guint count, GError **error);
gboolean writer_trim(Connection *writer, gint64 before_ms, guint rows, guint most, guint *dropped,
                     GError **error);

/* At the start: the greatest id of a call. */
gboolean writer_restore(Connection *writer, GError **error);

/* The record of a row that is to move: NULL, without an error, when there is none, or it is damaged. */
gboolean writer_read(Connection *writer, gint64 id, Record **record, GError **error);

/* For the connection that writes. */
void writer_init(Connection *writer);
void writer_clear(Connection *writer); /* also of a reader: nothing to do */

/* --- sqlite_read.c --- */

/* As in StoreOps, on a connection of the caller's. */
Record *reader_get(Connection *reader, const char *user_id, const char *call_id, GError **error);
Record *reader_find(Connection *reader, const char *call_id, gboolean *is_only, GError **error);
GPtrArray *reader_history(Connection *reader, const char *user_id, const HistoryEvent *query,
                          char **next, GError **error);
GPtrArray *reader_ended_since(Connection *reader, const char *user_id, gint64 since_ms, guint most,
                              GError **error);

/* --- sqlite_outbox.c --- */

/* Puts what is said about a record's new status into the outbox, within its transaction. */
gboolean outbox_announce(Connection *writer, const Record *record, gint64 call, GError **error);
/* As in StoreOps, within a transaction; `too_many` is by how many there are. */
gboolean outbox_settle_all(Connection *writer, const gint64 *ids, guint count, GError **error);
gboolean outbox_drop(Connection *writer, gint64 before_ms, guint too_many, guint most,
                     guint *dropped, GError **error);
GPtrArray *reader_pending(Connection *reader, const char *endpoint, gint64 after, guint most,
                          GError **error);
/* At the start: how many there are, and the last id. */
gboolean outbox_count(Connection *writer, GError **error);

/* --- sqlite_pool.c --- */

/* Connections for readers. Any thread takes one, uses it and gives it back. */
typedef struct Pool Pool;

Pool *pool_new(const SqliteOptions *options, Unfiled *unfiled); /* borrows both */
void pool_free(Pool *pool); /* all must have been given back; NULL is fine */

/* Waits while all are in use, for none takes long. */
Connection *pool_take(Pool *pool, GError **error);
/* Ends its transaction. One that cannot be ended, and would show the past for ever, is closed. */
void pool_give(Pool *pool, Connection *connection);

/* --- sqlite.c --- */

typedef struct {
    Store store;
    SqliteOptions options; /* owns its strings */
    Unfiled unfiled;
    Connection *writer;
    Pool *readers;
} SqliteStore;
