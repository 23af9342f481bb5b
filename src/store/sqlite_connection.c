#include <string.h>

#include "store/sqlite_private.h"

/* The writer's thread tries again by itself; readers are on the way of a request. */
#define WRITER_BUSY_MS 50
#define READER_BUSY_MS 10

/* Constants that the database does not remember. The WAL is copied back whenever it has 6000 pages
 * (25 MB) and shrinks to 32 MB after a reader, such as a backup, held that up. */
#define PRAGMAS_FOR_ALL                                                                            \
    "PRAGMA trusted_schema = OFF;"                                                                 \
    "PRAGMA temp_store = MEMORY;"

static const char writer_pragmas[] = PRAGMAS_FOR_ALL "PRAGMA cell_size_check = ON;"
                                                     "PRAGMA cache_size = -16384;"
                                                     "PRAGMA wal_autocheckpoint = 6000;"
                                                     "PRAGMA journal_size_limit = 33554432;";
static const char reader_pragmas[] = PRAGMAS_FOR_ALL "PRAGMA query_only = ON;"
                                                     "PRAGMA cache_size = -2048;";

/* --- errors --- */

gboolean connection_fail(const Connection *connection, GError **error)
{
    g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s (SQLite %d)", connection->path,
                sqlite3_errmsg(connection->handle), sqlite3_extended_errcode(connection->handle));
    return FALSE;
}

static gboolean refuse(const Connection *connection, const char *text, GError **error)
{
    g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED, "%s: %s", connection->path, text);
    return FALSE;
}

static gboolean fail_to_open(const Connection *connection, GError **error)
{
    int number = sqlite3_system_errno(connection->handle);

    if (number == 0)
        return connection_fail(connection, error);
    return refuse(connection, g_strerror(number), error);
}

/* --- opening --- */

static gboolean execute(const Connection *connection, const char *sql, GError **error)
{
    if (sqlite3_exec(connection->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    return connection_fail(connection, error);
}

static int note_journal_mode(void *is_wal, int columns G_GNUC_UNUSED, char **values,
                             char **names G_GNUC_UNUSED)
{
    *(gboolean *)is_wal = g_strcmp0(values[0], "wal") == 0;
    return 0;
}

/* What is not a database shows here, where the file is read for the first time. */
static gboolean enter_wal(const Connection *connection, GError **error)
{
    gboolean is_wal = FALSE;

    if (sqlite3_exec(connection->handle, "PRAGMA journal_mode = WAL", note_journal_mode, &is_wal,
                     NULL) != SQLITE_OK)
        return connection_fail(connection, error);
    return is_wal || refuse(connection, "its file system cannot do SQLite's WAL mode", error);
}

static gboolean set_up_writer(const Connection *connection, gboolean sync_full, GError **error)
{
    if (sqlite3_db_readonly(connection->handle, "main"))
        return refuse(connection, "may not be written", error);
    return enter_wal(connection, error) && execute(connection, writer_pragmas, error) &&
           execute(connection,
                   sync_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error);
}

static gboolean set_up(const Connection *connection, const SqliteOptions *options,
                       ConnectionUse use, GError **error)
{
    gboolean writes = use == CONNECTION_WRITES;

    sqlite3_extended_result_codes(connection->handle, 1);
    sqlite3_busy_timeout(connection->handle, writes ? WRITER_BUSY_MS : READER_BUSY_MS);
    /* No SQL may harm the file, not even ours. */
    sqlite3_db_config(connection->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return writes ? set_up_writer(connection, options->sync_full, error)
                  : execute(connection, reader_pragmas, error);
}

/* The end of a transaction must not want memory. */
static gboolean prepare_ends(Connection *connection, GError **error)
{
    return connection_statement(connection, SQL_COMMIT, error) &&
           connection_statement(connection, SQL_ROLLBACK, error);
}

/* Not created by SQLite: it was made with its mode and group before. */
Connection *connection_open(const SqliteOptions *options, ConnectionUse use, GError **error)
{
    Connection *connection = g_new0(Connection, 1);
    int code = sqlite3_open_v2(options->path, &connection->handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, options->vfs);
    gboolean is_open = code == SQLITE_OK;

    if (use == CONNECTION_WRITES)
        writer_init(connection);

    connection->path = options->path;
    if (!is_open)
        fail_to_open(connection, error);
    if (is_open && set_up(connection, options, use, error) && prepare_ends(connection, error))
        return connection;
    connection_close(connection);
    return NULL;
}

void connection_close(Connection *connection)
{
    if (!connection)
        return;
    for (guint i = 0; i < SQLS; i++)
        sqlite3_finalize(connection->statements[i]);
    sqlite3_close(connection->handle);
    writer_clear(connection);
    g_free(connection);
}

/* --- statements --- */

void statement_reset(Statement *statement)
{
    if (!statement)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

Statement *connection_statement(Connection *connection, Sql which, GError **error)
{
    Statement **statement = &connection->statements[which];

    if (!*statement && sqlite3_prepare_v3(connection->handle, sql_text(which), -1,
                                          SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
        connection_fail(connection, error);
    return *statement;
}

static void expect_bound(int code)
{
    g_assert(code == SQLITE_OK);
}

/* What is not bound is NULL: statement_reset() sees to that, and half of a row's columns are. */
void bind_text(Statement *statement, int number, const char *text)
{
    if (text)
        expect_bound(sqlite3_bind_text(statement, number, text, -1, SQLITE_STATIC));
}

void bind_text_owned(Statement *statement, int number, char *text)
{
    expect_bound(sqlite3_bind_text(statement, number, text, -1, g_free));
}

void bind_int(Statement *statement, int number, gint64 value)
{
    expect_bound(sqlite3_bind_int64(statement, number, value));
}

void bind_time(Statement *statement, int number, gint64 unix_ms)
{
    if (unix_ms)
        bind_int(statement, number, unix_ms);
}

Step connection_step(const Connection *connection, Statement *statement, GError **error)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return STEP_ROW;
    if (code == SQLITE_DONE)
        return STEP_DONE;
    connection_fail(connection, error);
    return STEP_FAILED;
}

gboolean connection_run(const Connection *connection, Statement *statement, GError **error)
{
    return connection_step(connection, statement, error) == STEP_DONE;
}

gboolean connection_do(Connection *connection, Sql which, GError **error)
{
    g_autoptr(Statement) statement = connection_statement(connection, which, error);

    return statement && connection_run(connection, statement, error);
}

gboolean connection_roll_back(Connection *connection)
{
    if (!sqlite3_get_autocommit(connection->handle))
        connection_do(connection, SQL_ROLLBACK, NULL);
    return sqlite3_get_autocommit(connection->handle);
}

gboolean connection_check_file(const Connection *connection, GError **error)
{
    int has_moved = 0;

    sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    return !has_moved || refuse(connection, "was removed or replaced while it is in use", error);
}
