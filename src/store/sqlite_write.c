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
    filing_init(&writer->filing);
}

gboolean writer_restore(Connection *writer, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_LAST_CALL, error);

    if (!select || connection_step(writer, select, error) != STEP_ROW)
        return FALSE;
    writer->last_call = sqlite3_column_int64(select, 0);
    return TRUE;
}

void writer_clear(Connection *writer)
{
    g_clear_pointer(&writer->live, g_hash_table_unref);
    g_clear_pointer(&writer->users, g_hash_table_unref);
    filing_clear(&writer->filing);
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
    gint64 id;
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

    if (!find)
        return FALSE;
    bind_text(find, 1, facts->call_id);
    bind_text(find, 2, facts->caller_id);
    bind_text(find, 3, facts->callee_id);
    bind_int(find, 4, facts->created_ms);
    bind_text(find, 5, call_state_name(record->status));
    step = connection_step(writer, find, error);
    if (step == STEP_DONE)
        g_set_error_literal(error, STORE_ERROR, STORE_ERROR_FAILED,
                            "an index of the database is damaged: it has a call that is not there");
    if (step != STEP_ROW)
        return FALSE;
    *stored = (Stored){
        .id = sqlite3_column_int64(find, 0),
        .rev = sqlite3_column_int64(find, 1),
        .is_listed = sqlite3_column_int(find, 2),
        .is_same_call = sqlite3_column_int(find, 3),
        .is_older = sqlite3_column_int(find, 4),
        .has_status = sqlite3_column_int(find, 5),
    };
    return TRUE;
}

gboolean writer_read(Connection *writer, gint64 id, Record **old, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_CALL, error);
    Step step;

    if (!select)
        return FALSE;
    bind_int(select, 1, id);
    step = connection_step(writer, select, error);
    if (step != STEP_ROW)
        return step == STEP_DONE;
    return row_read_old(writer, select, old, error);
}

/* Where it stands, and where it would. `old` may be NULL. */
static gboolean unlist(Connection *writer, gint64 id, const char *caller_id, const Record *old,
                       GError **error)
{
    filing_drop(writer, caller_id, id);
    return !old || lists_delete(writer, old, id, error);
}

/* What changes no more is filed later, with others. */
static gboolean list(Connection *writer, Record *record, gint64 id, GError **error)
{
    if (!record_is_closed(record) || record->veil.is_set)
        return lists_insert(writer, record, id, error);
    filing_put_off(writer, record, id);
    return TRUE;
}

/* Most of what is said of a call that is over, such as what was relayed, moves it nowhere. */
static gboolean relist(Connection *writer, Record *record, gint64 id, const Record *old,
                       GError **error)
{
    if (old && listings_are_same(old, record))
        return TRUE;
    return unlist(writer, id, record->facts->caller_id, old, error) &&
           list(writer, record, id, error);
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

/* `*is_new` is FALSE, and nothing is done, when its caller has a call of that id already. */
static gboolean insert_call(Connection *writer, Record *record, gboolean *is_new, GError **error)
{
    gint64 id = MAX(place_least_id(record->facts->created_ms), writer->last_call + 1);

    if (!put_row(writer, SQL_INSERT_CALL, id, record, error))
        return FALSE;
    *is_new = sqlite3_changes(writer->handle) > 0;
    if (!*is_new)
        return TRUE;
    writer->last_call = id;
    remember_call(writer, record, id);
    return list(writer, record, id, error) && outbox_announce(writer, record, id, error);
}

static gboolean update_row(Connection *writer, const Stored *stored, Record *record, GError **error)
{
    gboolean stays_live = !stored->is_listed && !call_state_is_final(record->status);
    g_autoptr(Record) old = NULL;

    if (stays_live && !record->veil.is_set)
        return put_row(writer, SQL_UPDATE_LIVE, stored->id, record, error);
    if (stored->is_listed && !writer_read(writer, stored->id, &old, error))
        return FALSE;
    if (!put_row(writer, SQL_UPDATE_CALL, stored->id, record, error))
        return FALSE;
    return stored->is_listed ? relist(writer, record, stored->id, old, error)
                             : list(writer, record, stored->id, error);
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
    g_autoptr(Record) old = NULL;
    gboolean is_new;

    return writer_read(writer, stored->id, &old, error) &&
           unlist(writer, stored->id, record->facts->caller_id, old, error) &&
           delete_call(writer, stored->id, error) && insert_call(writer, record, &is_new, error);
}

static gboolean change_call(Connection *writer, const Stored *stored, Record *record,
                            GError **error)
{
    if (stored->rev > record->rev && !stored->is_older)
        return TRUE;
    if (!stored->is_same_call)
        return replace_call(writer, stored, record, error);
    return update_call(writer, stored, record, error);
}

/* One that is not remembered is new, nearly always: that is tried first. */
static gboolean write_call(Connection *writer, Record *record, GError **error)
{
    Stored stored;
    gboolean is_new;

    if (recall_stored(writer, record, &stored))
        return change_call(writer, &stored, record, error);
    if (!insert_call(writer, record, &is_new, error))
        return FALSE;
    return is_new || (look_up_stored(writer, record, &stored, error) &&
                      change_call(writer, &stored, record, error));
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
    if (is_well && filing_note(writer, error) && connection_do(writer, SQL_COMMIT, error)) {
        filing_commit(writer);
        g_atomic_int_add(&writer->events, writer->events_change);
        return TRUE;
    }
    connection_roll_back(writer);
    filing_roll_back(writer);
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

/* Under load a slice goes with a group: that spares a commit. */
static gboolean file_if_due(Connection *writer, GError **error)
{
    return filing_due_us(writer) > g_get_monotonic_time() || filing_step(writer, error);
}

gboolean writer_write(Connection *writer, Record *const *records, guint count, GError **error)
{
    return begin(writer, error) &&
           finish(writer, file_if_due(writer, error) && write_group(writer, records, count, error),
                  error);
}

gboolean writer_catch_up(Connection *writer, GError **error)
{
    if (filing_due_us(writer) == G_MAXINT64)
        return TRUE;
    return begin(writer, error) && finish(writer, filing_step(writer, error), error);
}

gboolean writer_catch_up_all(Connection *writer, GError **error)
{
    while (filing_due_us(writer) != G_MAXINT64) {
        if (!writer_catch_up(writer, error))
            return FALSE;
    }
    return TRUE;
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

/* A clock is set back by so much without our noticing. */
#define CLOCK_SLACK_MS (60 * 1000)

/* One who is in no list any more, and will not be. */
static gboolean forget_user(Connection *writer, const char *user_id, GError **error)
{
    g_autoptr(Statement) delete = NULL;
    gint64 number;

    if (unfiled_has_user(writer->unfiled, user_id))
        return TRUE;
    delete = connection_statement(writer, SQL_DELETE_USER, error);
    if (!delete || !find_user(writer, user_id, &number, error))
        return FALSE;
    bind_int(delete, 1, number);
    forget_all(writer);
    return connection_run(writer, delete, error);
}

static gboolean forget_call(Connection *writer, gint64 id, const Record *record, GError **error)
{
    if (!delete_call(writer, id, error))
        return FALSE;
    return !record || (unlist(writer, id, record->facts->caller_id, record, error) &&
                       forget_user(writer, record->facts->caller_id, error) &&
                       forget_user(writer, record->facts->callee_id, error));
}

/* What ended before then was made before then, and so has a lower id: an index by the end would be looked into by nobody else. Where
 * the clock was ahead once, ids stay so, and the first rows are looked at whatever their ids. */
static gint64 id_of_time(const Connection *writer, gint64 before_ms)
{
    gint64 soon_ms = g_get_real_time() / 1000 + CLOCK_SLACK_MS;

    return writer->last_call > place_least_id(soon_ms) ? G_MAXINT64 : place_least_id(before_ms);
}

static GArray *read_closed(Connection *writer, gint64 before_ms, guint most, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_CLOSED, error);
    g_autoptr(GArray) places = places_new();
    Step step;

    if (!select)
        return NULL;
    bind_int(select, 1, id_of_time(writer, before_ms));
    bind_int(select, 2, before_ms);
    bind_int(select, 3, most);
    while ((step = connection_step(writer, select, error)) == STEP_ROW) {
        Place place = {.id = row_id(select)};

        if (!row_read_old(writer, select, &place.record, error))
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
