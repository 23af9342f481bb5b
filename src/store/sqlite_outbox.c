#include "store/outbox_rows.h"
#include "store/sqlite_private.h"

/* --- writing: in the transaction of the record --- */

static gboolean insert_row(Connection *writer, const char *endpoint, gint64 call,
                           const Announcement *announcement, gint64 at_ms, GError **error)
{
    g_autoptr(Statement) insert = connection_statement(writer, SQL_INSERT_EVENT, error);

    if (!insert)
        return FALSE;
    bind_int(insert, 1, writer->last_event + 1);
    bind_text(insert, 2, endpoint);
    bind_int(insert, 3, call);
    bind_int(insert, 4, at_ms);
    bind_text(insert, 5, announcement->id);
    bind_text(insert, 6, announcement->body);
    if (!connection_run(writer, insert, error))
        return FALSE;
    writer->last_event++;
    writer->events_change++;
    return TRUE;
}

gboolean outbox_announce(Connection *writer, const Record *record, gint64 call, GError **error)
{
    g_auto(Announcement) announcement = {0};

    if (!writer->announce_for || !writer->announce_for->announcer ||
        !writer->announce_for->announcer->announce(writer->announce_for->announcer_self, record,
                                                   &announcement))
        return TRUE;
    for (guint i = 0; announcement.endpoints[i]; i++) {
        if (!insert_row(writer, announcement.endpoints[i], call, &announcement,
                        record_status_ms(record), error))
            return FALSE;
    }
    return TRUE;
}

static gboolean settle_one(Connection *writer, gint64 id, GError **error)
{
    g_autoptr(Statement) delete = connection_statement(writer, SQL_DELETE_EVENT, error);

    if (!delete)
        return FALSE;
    bind_int(delete, 1, id);
    if (!connection_run(writer, delete, error))
        return FALSE;
    writer->events_change -= sqlite3_changes(writer->handle);
    return TRUE;
}

gboolean outbox_settle_all(Connection *writer, const gint64 *ids, guint count, GError **error)
{
    for (guint i = 0; i < count; i++) {
        if (!settle_one(writer, ids[i], error))
            return FALSE;
    }
    return TRUE;
}

/* --- the bounds --- */

static gboolean add_ids(Connection *writer, Sql which, gint64 bound, guint most, GArray *ids,
                        GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, which, error);
    Step step;

    if (!select)
        return FALSE;
    bind_int(select, 1, bound);
    bind_int(select, 2, most);
    while ((step = connection_step(writer, select, error)) == STEP_ROW) {
        gint64 id = sqlite3_column_int64(select, 0);

        g_array_append_val(ids, id);
    }
    return step == STEP_DONE;
}

static gint64 last_of(const GArray *ids)
{
    return ids->len ? g_array_index(ids, gint64, ids->len - 1) : 0;
}

gboolean outbox_drop(Connection *writer, gint64 before_ms, guint too_many, guint most,
                     guint *dropped, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));

    if (!add_ids(writer, SQL_EVENTS_BEFORE, before_ms, most, ids, error))
        return FALSE;
    if (too_many > ids->len && ids->len < most &&
        !add_ids(writer, SQL_EVENTS_OF_ENDED, last_of(ids), MIN(too_many, most) - ids->len, ids,
                 error))
        return FALSE;
    *dropped = ids->len;
    return outbox_settle_all(writer, (const gint64 *)(gpointer)ids->data, ids->len, error);
}

/* --- reading --- */

static OutboxRow *read_row(Statement *select)
{
    OutboxRow *row = g_new0(OutboxRow, 1);

    row->id = sqlite3_column_int64(select, 0);
    row->call = sqlite3_column_int64(select, 1);
    row->at_ms = sqlite3_column_int64(select, 2);
    row->message_id = g_strdup((const char *)sqlite3_column_text(select, 3));
    row->body = g_strdup((const char *)sqlite3_column_text(select, 4));
    return row;
}

GPtrArray *reader_pending(Connection *reader, const char *endpoint, gint64 after, guint most,
                          GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, SQL_PENDING_EVENTS, error);
    g_autoptr(GPtrArray) rows = outbox_rows_new();
    Step step;

    if (!select)
        return NULL;
    bind_text(select, 1, endpoint);
    bind_int(select, 2, after);
    bind_int(select, 3, most);
    while ((step = connection_step(reader, select, error)) == STEP_ROW) {
        OutboxRow *row = read_row(select);

        /* Without memory, or damaged: the next reading begins here again. */
        if (!row->message_id || !row->body) {
            outbox_row_free(row);
            connection_fail(reader, error);
            return NULL;
        }
        g_ptr_array_add(rows, row);
    }
    return step == STEP_DONE ? g_steal_pointer(&rows) : NULL;
}

gboolean outbox_count(Connection *writer, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_COUNT_EVENTS, error);

    if (!select || connection_step(writer, select, error) != STEP_ROW)
        return FALSE;
    g_atomic_int_set(&writer->events, (gint)sqlite3_column_int64(select, 0));
    writer->last_event = sqlite3_column_int64(select, 1);
    return TRUE;
}
