#include "store/sqlite_private.h"

/* --- what the writer remembers, so as not to look it up --- */

/* A call as it is stored. Its record keeps the facts alive by which it is found. */
typedef struct {
    Record *record;
    gint64 id;
} Remembered;

static void free_remembered(gpointer data)
{
    Remembered *remembered = data;

    record_unref(remembered->record);
    g_free(remembered);
}

void writer_init(Connection *writer)
{
    writer->live = g_hash_table_new_full(NULL, NULL, NULL, free_remembered);
    writer->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void writer_clear(Connection *writer)
{
    g_clear_pointer(&writer->live, g_hash_table_unref);
    g_clear_pointer(&writer->users, g_hash_table_unref);
}

/* What it remembers may not be so any more. */
static void forget_all(Connection *writer)
{
    g_hash_table_remove_all(writer->live);
    g_hash_table_remove_all(writer->users);
}

/* Only a call that comes again, and whose row is in no list yet. */
static void remember_call(Connection *writer, Record *record, gint64 id)
{
    Remembered *remembered;

    if (call_state_is_final(record->status) || record->veil.is_set) {
        g_hash_table_remove(writer->live, record->facts);
        return;
    }
    remembered = g_new(Remembered, 1);
    *remembered = (Remembered){.record = record_ref(record), .id = id};
    g_hash_table_replace(writer->live, (gpointer)record->facts, remembered);
}

/* --- one call --- */

/* What is stored of a call whose new revision comes. */
typedef struct {
    gint64 id; /* 0: nothing */
    gint64 rev;
    gboolean is_listed;    /* for its callee, at least */
    gboolean is_same_call; /* FALSE: another call that had the same id */
    gboolean is_older;     /* another call, made earlier */
    gboolean has_status;   /* the same one */
} Stored;

static gboolean recall_stored(const Connection *writer, const Record *record, Stored *stored)
{
    const Remembered *remembered = g_hash_table_lookup(writer->live, record->facts);

    if (!remembered)
        return FALSE;
    *stored = (Stored){
        .id = remembered->id,
        .rev = remembered->record->rev,
        .is_same_call = TRUE,
        .has_status = remembered->record->status == record->status,
    };
    return TRUE;
}

static gboolean look_up_stored(Connection *writer, const Record *record, Stored *stored,
                               GError **error)
{
    const CallFacts *facts = record->facts;
    g_autoptr(Statement) find = connection_statement(writer, SQL_FIND_CALL, error);
    Step step;

    *stored = (Stored){0};
    if (!find)
        return FALSE;
    bind_text(find, 1, facts->call_id);
    bind_text(find, 2, facts->caller_id);
    bind_text(find, 3, facts->callee_id);
    bind_int(find, 4, facts->created_ms);
    bind_text(find, 5, call_state_name(record->status));
    step = connection_step(writer, find, error);
    if (step == STEP_ROW)
        *stored = (Stored){
            .id = sqlite3_column_int64(find, 0),
            .rev = sqlite3_column_int64(find, 1),
            .is_listed = sqlite3_column_int(find, 2),
            .is_same_call = sqlite3_column_int(find, 3),
            .is_older = sqlite3_column_int(find, 4),
            .has_status = sqlite3_column_int(find, 5),
        };
    return step != STEP_FAILED;
}

static gboolean find_stored(Connection *writer, const Record *record, Stored *stored,
                            GError **error)
{
    return recall_stored(writer, record, stored) || look_up_stored(writer, record, stored, error);
}

/* A row whose turn it is to go. A damaged one gives no record and no error, and so stands in the
 * way of nothing: what is listed of it leads nowhere. */
static gboolean read_old(const Connection *writer, Statement *select, Record **record,
                         GError **error)
{
    *record = row_read(select, NULL);
    return *record || sqlite3_errcode(writer->handle) != SQLITE_NOMEM ||
           connection_fail(writer, error);
}

static gboolean unlist(Connection *writer, gint64 id, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_CALL, error);
    g_autoptr(Record) old = NULL;
    Step step;

    if (!select)
        return FALSE;
    bind_int(select, 1, id);
    step = connection_step(writer, select, error);
    if (step != STEP_ROW)
        return step == STEP_DONE;
    if (!read_old(writer, select, &old, error))
        return FALSE;
    return !old || lists_delete(writer, old, id, error);
}

static gboolean delete_call(Connection *writer, gint64 id, GError **error)
{
    g_autoptr(Statement) delete = connection_statement(writer, SQL_DELETE_CALL, error);

    if (!delete)
        return FALSE;
    bind_int(delete, 1, id);
    forget_all(writer);
    return connection_run(writer, delete, error);
}

static gboolean put_row(Connection *writer, Sql which, gint64 id, const Record *record,
                        GError **error)
{
    g_autoptr(Statement) put = connection_statement(writer, which, error);

    if (!put)
        return FALSE;
    row_bind(put, id, record);
    return connection_run(writer, put, error);
}

static gboolean insert_call(Connection *writer, Record *record, GError **error)
{
    gint64 id;

    if (!put_row(writer, SQL_INSERT_CALL, place_least_id(record->facts->created_ms), record, error))
        return FALSE;
    id = sqlite3_last_insert_rowid(writer->handle);
    remember_call(writer, record, id);
    return lists_insert(writer, record, id, error) && outbox_announce(writer, record, id, error);
}

static gboolean update_row(Connection *writer, const Stored *stored, const Record *record,
                           GError **error)
{
    gboolean stays_live = !stored->is_listed && !call_state_is_final(record->status);

    if (stays_live && !record->veil.is_set)
        return put_row(writer, SQL_UPDATE_LIVE, stored->id, record, error);
    return (!stored->is_listed || unlist(writer, stored->id, error)) &&
           put_row(writer, SQL_UPDATE_CALL, stored->id, record, error) &&
           lists_insert(writer, record, stored->id, error);
}

static gboolean update_call(Connection *writer, const Stored *stored, Record *record,
                            GError **error)
{
    remember_call(writer, record, stored->id);
    return update_row(writer, stored, record, error) &&
           (stored->has_status || outbox_announce(writer, record, stored->id, error));
}

static gboolean replace_call(Connection *writer, const Stored *stored, Record *record,
                             GError **error)
{
    return (!stored->is_listed || unlist(writer, stored->id, error)) &&
           delete_call(writer, stored->id, error) && insert_call(writer, record, error);
}

static gboolean write_call(Connection *writer, Record *record, GError **error)
{
    Stored stored;

    if (!find_stored(writer, record, &stored, error))
        return FALSE;
    if (!stored.id)
        return insert_call(writer, record, error);
    if (stored.rev > record->rev && !stored.is_older)
        return TRUE;
    if (!stored.is_same_call)
        return replace_call(writer, &stored, record, error);
    return update_call(writer, &stored, record, error);
}

/* --- transactions --- */

static gboolean begin(Connection *writer, GError **error)
{
    writer->events_change = 0;
    /* One that could not be ended, for want of memory, would be in the way for ever. */
    connection_roll_back(writer);
    return connection_check_file(writer, error) && connection_do(writer, SQL_BEGIN_WRITE, error);
}

/* Commits what went well, undoes what did not. */
static gboolean finish(Connection *writer, gboolean is_well, GError **error)
{
    if (is_well && connection_do(writer, SQL_COMMIT, error)) {
        g_atomic_int_add(&writer->events, writer->events_change);
        return TRUE;
    }
    connection_roll_back(writer);
    forget_all(writer);
    return FALSE;
}

static gboolean write_all(Connection *writer, Record *const *records, guint count, GError **error)
{
    for (guint i = 0; i < count; i++) {
        if (!write_call(writer, records[i], error))
            return FALSE;
    }
    return TRUE;
}

/* Of each call only the newest record of the group, where nobody is told of each status: all of them are committed together, and
 * nothing is left to see of the others. Under load most calls are made and over within few groups. */
static guint leave_out_older(Record *const *records, guint count, Record **newest)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint left = count;

    for (guint i = count; i-- > 0;) {
        const Record *newer = g_hash_table_lookup(seen, records[i]->facts);

        if (newer && newer->rev >= records[i]->rev)
            continue;
        g_hash_table_replace(seen, (gpointer)records[i]->facts, records[i]);
        newest[--left] = records[i];
    }
    return left;
}

static gboolean write_group(Connection *writer, Record *const *records, guint count, GError **error)
{
    g_autofree Record **newest = NULL;
    guint left_out;

    if (count < 2 || (writer->announce_for && writer->announce_for->announcer))
        return write_all(writer, records, count, error);
    newest = g_new(Record *, count);
    left_out = leave_out_older(records, count, newest);
    return write_all(writer, newest + left_out, count - left_out, error);
}

gboolean writer_write(Connection *writer, Record *const *records, guint count, GError **error)
{
    return begin(writer, error) &&
           finish(writer, write_group(writer, records, count, error), error);
}

/* --- after a crash --- */

/* Collected first: what a statement reads must not change under it. */
static GPtrArray *read_unclosed(Connection *writer, gint64 now_ms, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_UNCLOSED, error);
    g_autoptr(GPtrArray) records = records_new();
    Step step;

    if (!select)
        return NULL;
    while ((step = connection_step(writer, select, error)) == STEP_ROW) {
        g_autoptr(Record) record = row_read(select, error);

        if (!record)
            return NULL;
        g_ptr_array_add(records, record_recovered(record, now_ms));
    }
    return step == STEP_DONE ? g_steal_pointer(&records) : NULL;
}

static gboolean close_unclosed(Connection *writer, gint64 now_ms, guint *closed, GError **error)
{
    g_autoptr(GPtrArray) records = read_unclosed(writer, now_ms, error);

    if (!records || !write_all(writer, (Record *const *)records->pdata, records->len, error))
        return FALSE;
    *closed = records->len;
    return TRUE;
}

gboolean writer_recover(Connection *writer, gint64 now_ms, guint *closed, GError **error)
{
    guint count = 0;

    if (!begin(writer, error) ||
        !finish(writer, close_unclosed(writer, now_ms, &count, error), error))
        return FALSE;
    if (closed)
        *closed = count;
    return TRUE;
}

/* --- retention --- */

static gboolean forget_user(Connection *writer, gint64 number, GError **error)
{
    g_autoptr(Statement) delete = connection_statement(writer, SQL_DELETE_USER, error);

    if (!delete)
        return FALSE;
    bind_int(delete, 1, number);
    forget_all(writer);
    return connection_run(writer, delete, error);
}

static gboolean forget_parties(Connection *writer, const Record *record, GError **error)
{
    gint64 caller, callee;

    return find_user(writer, record->facts->caller_id, &caller, error) &&
           find_user(writer, record->facts->callee_id, &callee, error) &&
           forget_user(writer, caller, error) && forget_user(writer, callee, error);
}

static gboolean forget_call(Connection *writer, gint64 id, const Record *record, GError **error)
{
    if (!delete_call(writer, id, error))
        return FALSE;
    return !record ||
           (lists_delete(writer, record, id, error) && forget_parties(writer, record, error));
}

static GArray *read_closed(Connection *writer, gint64 before_ms, guint most, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_CLOSED, error);
    g_autoptr(GArray) places = places_new();
    Step step;

    if (!select)
        return NULL;
    bind_int(select, 1, before_ms);
    bind_int(select, 2, most);
    while ((step = connection_step(writer, select, error)) == STEP_ROW) {
        Place place = {.id = row_id(select)};

        if (!read_old(writer, select, &place.record, error))
            return NULL;
        g_array_append_val(places, place);
    }
    return step == STEP_DONE ? g_steal_pointer(&places) : NULL;
}

static gboolean forget_closed(Connection *writer, gint64 before_ms, guint most, guint *forgotten,
                              GError **error)
{
    g_autoptr(GArray) places = read_closed(writer, before_ms, most, error);

    if (!places)
        return FALSE;
    for (guint i = 0; i < places->len; i++) {
        const Place *place = &g_array_index(places, Place, i);

        if (!forget_call(writer, place->id, place->record, error))
            return FALSE;
    }
    *forgotten = places->len;
    return TRUE;
}

gboolean writer_forget(Connection *writer, gint64 before_ms, guint most, guint *forgotten,
                       GError **error)
{
    guint count = 0;

    if (!begin(writer, error) ||
        !finish(writer, forget_closed(writer, before_ms, most, &count, error), error))
        return FALSE;
    *forgotten = count;
    return TRUE;
}

/* --- the outbox --- */

gboolean writer_settle(Connection *writer, const gint64 *ids, guint count, GError **error)
{
    return begin(writer, error) &&
           finish(writer, outbox_settle_all(writer, ids, count, error), error);
}

gboolean writer_trim(Connection *writer, gint64 before_ms, guint rows, guint most, guint *dropped,
                     GError **error)
{
    guint waiting = (guint)g_atomic_int_get(&writer->events);
    guint too_many = waiting > rows ? waiting - rows : 0;
    guint count = 0;

    if (!waiting) {
        *dropped = 0;
        return TRUE;
    }
    if (!begin(writer, error) ||
        !finish(writer, outbox_drop(writer, before_ms, too_many, most, &count, error), error))
        return FALSE;
    *dropped = count;
    return TRUE;
}
