#include "store/sqlite_private.h"

/* "JCal", in the header of the file: this plugin's database, and nobody else's. */
#define APPLICATION_ID "1245929836"

/* Number N brings a database of version N to N + 1. One that was released is never changed. The
 * comments are kept in the database, for people who look at it. Times are Unix time in
 * milliseconds; NULL is "not (yet)". */
static const char *const migrations[] = {
    "CREATE TABLE calls (\n"
    "  id INTEGER PRIMARY KEY,       -- grows with created_at\n"
    "  call_id TEXT NOT NULL,        -- one caller has it once\n"
    "  caller_id TEXT NOT NULL,\n"
    "  caller_device TEXT,\n"
    "  caller_name TEXT,\n"
    "  callee_id TEXT NOT NULL,\n"
    "  mode TEXT NOT NULL,           -- none, p2p, relay, room\n"
    "  audio INTEGER NOT NULL,       -- 0 or 1\n"
    "  video INTEGER NOT NULL,       -- 0 or 1\n"
    "  data TEXT,                    -- JSON, as the caller sent it\n"
    "  created_at INTEGER NOT NULL,\n"
    "  ring_ms INTEGER NOT NULL,     -- how long it may ring\n"
    "  status TEXT NOT NULL,         -- ringing, accepted, rejected, cancelled, timeout, ended, "
    "failed\n"
    "  cause TEXT,\n"
    "  reason TEXT,\n"
    "  ringing_at INTEGER,           -- a device of the callee was rung\n"
    "  accepted_at INTEGER,\n"
    "  answered_by TEXT,             -- the callee's device\n"
    "  rev INTEGER NOT NULL,\n"
    "  ended_at INTEGER,             -- NULL: ringing or accepted\n"
    "  duration_ms INTEGER,          -- accepted to ended\n"
    "  ended_by TEXT,                -- a user\n"
    "  veil_status TEXT,             -- what the caller was told, where presence is hidden; NULL: "
    "the same\n"
    "  veil_cause TEXT,\n"
    "  veil_rev INTEGER,\n"
    "  veil_ended_at INTEGER,\n"
    "  veil_ended_by TEXT,\n"
    "  veil_reason TEXT,\n"
    "  closed_at INTEGER             -- over for everybody, also for a caller who was told "
    "otherwise\n"
    ");\n"
    "CREATE UNIQUE INDEX calls_by_caller ON calls (call_id, caller_id);\n"
    "CREATE INDEX calls_by_callee ON calls (call_id, callee_id, created_at);\n"
    "CREATE INDEX calls_live_of_caller ON calls (caller_id) WHERE closed_at IS NULL;\n"
    "CREATE INDEX calls_live_of_callee ON calls (callee_id) WHERE ended_at IS NULL;\n"
    "CREATE INDEX calls_closed ON calls (closed_at) WHERE closed_at IS NOT NULL;\n"
    "CREATE TABLE users (\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  user_id TEXT NOT NULL UNIQUE\n"
    ");\n"
    "CREATE TABLE listings (         -- calls that are over for a user, list by list\n"
    "  user INTEGER NOT NULL,        -- whose: users.number\n"
    "  peer INTEGER NOT NULL,        -- with whom: users.number, or 0: in the list of all\n"
    "  kind INTEGER NOT NULL,        -- 1: in the order of their end; 2 to 9: one for each "
    "outcome\n"
    "  at INTEGER NOT NULL,          -- kind 1: when it ended for the user; otherwise created_at\n"
    "  call INTEGER NOT NULL,        -- calls.id\n"
    "  PRIMARY KEY (user, peer, kind, at, call)\n"
    ") WITHOUT ROWID;\n"
    "PRAGMA application_id = " APPLICATION_ID ";\n"
    "PRAGMA user_version = 1;\n",

    "ALTER TABLE calls ADD COLUMN trace TEXT; -- its time line, an entry a line\n"
    "CREATE TABLE outbox (           -- what a backend was not told yet\n"
    "  id INTEGER PRIMARY KEY,       -- the order in which it came about\n"
    "  endpoint TEXT NOT NULL,       -- webhooks.endpoints: its name\n"
    "  call INTEGER NOT NULL,        -- calls.id\n"
    "  at INTEGER NOT NULL,\n"
    "  message_id TEXT NOT NULL,     -- webhook-id\n"
    "  body TEXT NOT NULL            -- as it is sent\n"
    ");\n"
    "CREATE INDEX outbox_by_endpoint ON outbox (endpoint);\n"
    "PRAGMA user_version = 2;\n",

    ("ALTER TABLE calls ADD COLUMN media_report TEXT; -- JSON: what was relayed, and recorded\n"
     "PRAGMA user_version = 3;\n"),

    ("CREATE TABLE unfiled (          -- calls that are over, and are not in `listings` yet\n"
     "  number INTEGER PRIMARY KEY,   -- the order in which they came\n"
     "  calls TEXT NOT NULL           -- JSON: an array of calls.id\n"
     ");\n"
     "DROP INDEX IF EXISTS calls_closed;\n"
     "PRAGMA user_version = 4;\n"),
};

#define NEWEST ((gint64)G_N_ELEMENTS(migrations))

static gboolean read_number(const Connection *writer, const char *sql, gint64 *number,
                            GError **error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(writer->handle, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    /* The same code as the step's, and no error after a row. */
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || connection_fail(writer, error);
}

static gboolean refuse(const Connection *writer, GError **error, StoreError code, const char *text)
{
    g_set_error(error, STORE_ERROR, (gint)code, "%s: %s", writer->path, text);
    return FALSE;
}

/* A database that somebody else filled is left alone. */
static gboolean check_owner(const Connection *writer, GError **error)
{
    gint64 application, tables;

    if (!read_number(writer, "PRAGMA application_id", &application, error) ||
        !read_number(writer, "SELECT count(*) FROM sqlite_master", &tables, error))
        return FALSE;
    if (application == g_ascii_strtoll(APPLICATION_ID, NULL, 10) ||
        (application == 0 && tables == 0))
        return TRUE;
    return refuse(writer, error, STORE_ERROR_FAILED,
                  "is a database of something else: choose another path");
}

static gboolean check_version(const Connection *writer, gint64 *version, GError **error)
{
    if (!read_number(writer, "PRAGMA user_version", version, error))
        return FALSE;
    if (*version >= 0 && *version <= NEWEST)
        return TRUE;
    return refuse(writer, error, STORE_ERROR_TOO_NEW,
                  "was made by a newer version of the plugin: use that one, or another path");
}

static gboolean execute(const Connection *writer, const char *sql, GError **error)
{
    if (sqlite3_exec(writer->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    return connection_fail(writer, error);
}

/* All steps in one transaction: a database is of its old version or of the newest. */
static gboolean migrate(const Connection *writer, gint64 version, GError **error)
{
    for (gint64 i = version; i < NEWEST; i++) {
        if (!execute(writer, migrations[i], error))
            return FALSE;
    }
    return TRUE;
}

gboolean schema_update(Connection *writer, GError **error)
{
    gint64 version = 0;

    if (!connection_do(writer, SQL_BEGIN_WRITE, error))
        return FALSE;
    if (check_owner(writer, error) && check_version(writer, &version, error) &&
        migrate(writer, version, error) && connection_do(writer, SQL_COMMIT, error))
        return TRUE;
    connection_roll_back(writer);
    return FALSE;
}
