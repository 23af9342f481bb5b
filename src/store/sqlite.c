#include "store/sqlite_private.h"

/* --- reading: on a connection of the pool --- */

static Record *sqlite_get(Store *store, const char *user_id, const char *call_id, GError **error)
{
    Pool *readers = ((SqliteStore *)store)->readers;
    Connection *reader = pool_take(readers, error);
    Record *record;

    if (!reader)
        return NULL;
    record = reader_get(reader, user_id, call_id, error);
    pool_give(readers, reader);
    return record;
}

static Record *sqlite_find(Store *store, const char *call_id, gboolean *is_only, GError **error)
{
    Pool *readers = ((SqliteStore *)store)->readers;
    Connection *reader = pool_take(readers, error);
    Record *record;

    if (!reader)
        return NULL;
    record = reader_find(reader, call_id, is_only, error);
    pool_give(readers, reader);
    return record;
}

static GPtrArray *sqlite_history(Store *store, const char *user_id, const HistoryEvent *query,
                                 char **next, GError **error)
{
    Pool *readers = ((SqliteStore *)store)->readers;
    Connection *reader = pool_take(readers, error);
    GPtrArray *page;

    if (!reader)
        return NULL;
    page = reader_history(reader, user_id, query, next, error);
    pool_give(readers, reader);
    return page;
}

static GPtrArray *sqlite_ended_since(Store *store, const char *user_id, gint64 since_ms, guint most,
                                     GError **error)
{
    Pool *readers = ((SqliteStore *)store)->readers;
    Connection *reader = pool_take(readers, error);
    GPtrArray *ended;

    if (!reader)
        return NULL;
    ended = reader_ended_since(reader, user_id, since_ms, most, error);
    pool_give(readers, reader);
    return ended;
}

/* --- writing: one thread, one connection --- */

static gboolean sqlite_write(Store *store, Record *const *records, guint count, GError **error)
{
    return writer_write(((SqliteStore *)store)->writer, records, count, error);
}

static gboolean sqlite_recover(Store *store, gint64 now_ms, guint *closed, GError **error)
{
    return writer_recover(((SqliteStore *)store)->writer, now_ms, closed, error);
}

static gboolean sqlite_forget(Store *store, gint64 before_ms, guint most, guint *forgotten,
                              GError **error)
{
    return writer_forget(((SqliteStore *)store)->writer, before_ms, most, forgotten, error);
}

/* --- the outbox --- */

static GPtrArray *sqlite_pending(Store *store, const char *endpoint, gint64 after, guint most,
                                 GError **error)
{
    Pool *readers = ((SqliteStore *)store)->readers;
    Connection *reader = pool_take(readers, error);
    GPtrArray *rows;

    if (!reader)
        return NULL;
    rows = reader_pending(reader, endpoint, after, most, error);
    pool_give(readers, reader);
    return rows;
}

static gboolean sqlite_settle(Store *store, const gint64 *ids, guint count, GError **error)
{
    return writer_settle(((SqliteStore *)store)->writer, ids, count, error);
}

static gboolean sqlite_trim(Store *store, gint64 before_ms, guint rows, guint most, guint *dropped,
                            GError **error)
{
    return writer_trim(((SqliteStore *)store)->writer, before_ms, rows, most, dropped, error);
}

static guint sqlite_waiting(Store *store)
{
    return (guint)g_atomic_int_get(&((SqliteStore *)store)->writer->events);
}

/* --- what was put off --- */

static gint64 sqlite_catch_up_at(Store *store)
{
    return filing_due_us(((SqliteStore *)store)->writer);
}

static gboolean sqlite_catch_up(Store *store, GError **error)
{
    return writer_catch_up(((SqliteStore *)store)->writer, error);
}

/* --- the store --- */

/* The writer is the last to close: then SQLite copies the WAL back and removes it. */
static void sqlite_free(Store *store)
{
    SqliteStore *sqlite = (SqliteStore *)store;

    pool_free(sqlite->readers);
    if (sqlite->writer)
        writer_catch_up_all(sqlite->writer, NULL);
    connection_close(sqlite->writer);
    unfiled_clear(&sqlite->unfiled);
    g_free((char *)sqlite->options.path);
    g_free((char *)sqlite->options.group);
    g_free((char *)sqlite->options.vfs);
    g_free(sqlite);
}

static const StoreOps sqlite_ops = {
    .name = "sqlite",
    .is_durable = TRUE,
    .free = sqlite_free,
    .write = sqlite_write,
    .get = sqlite_get,
    .find = sqlite_find,
    .history = sqlite_history,
    .ended_since = sqlite_ended_since,
    .recover = sqlite_recover,
    .forget = sqlite_forget,
    .pending = sqlite_pending,
    .settle = sqlite_settle,
    .trim = sqlite_trim,
    .waiting = sqlite_waiting,
    .catch_up_at = sqlite_catch_up_at,
    .catch_up = sqlite_catch_up,
};

/* Absolute, so that a path is never one of SQLite's special names, such as ":memory:". */
static SqliteOptions copy_options(const SqliteOptions *options)
{
    SqliteOptions copy = *options;

    copy.path = g_canonicalize_filename(options->path, NULL);
    copy.group = g_strdup(options->group);
    copy.vfs = g_strdup(options->vfs);
    return copy;
}

/* Once more after the schema: by now SQLite has made the companions, which take the file's mode but
 * not its group. */
static gboolean open_database(SqliteStore *sqlite, GError **error)
{
    if (!database_file_prepare(&sqlite->options, error))
        return FALSE;
    sqlite->writer = connection_open(&sqlite->options, CONNECTION_WRITES, error);
    if (!sqlite->writer)
        return FALSE;
    sqlite->writer->announce_for = &sqlite->store;
    sqlite->writer->unfiled = &sqlite->unfiled;
    return schema_update(sqlite->writer, error) && outbox_count(sqlite->writer, error) &&
           writer_restore(sqlite->writer, error) && filing_restore(sqlite->writer, error) &&
           writer_catch_up_all(sqlite->writer, error) &&
           database_file_prepare(&sqlite->options, error);
}

Store *sqlite_store_new(const SqliteOptions *options, GError **error)
{
    SqliteStore *sqlite = g_new0(SqliteStore, 1);

    sqlite->store.ops = &sqlite_ops;
    sqlite->options = copy_options(options);
    unfiled_init(&sqlite->unfiled);
    sqlite->readers = pool_new(&sqlite->options, &sqlite->unfiled);
    if (open_database(sqlite, error))
        return &sqlite->store;
    store_free(&sqlite->store);
    return NULL;
}
