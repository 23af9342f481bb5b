#include <stdlib.h>

#include "store/sqlite_private.h"

/* A call that is over is not entered into its lists at once: that are four to six places in a large tree, and so as many pages that
 * a commit copies, for one call. Its id goes into the table `unfiled` in the same transaction, and Unfiled shows it to
 * readers. A round then enters many calls, list by list, so that each page is changed once for all of them, and in slices, so that
 * no commit waits for long. What is left after a crash is filed before anything is read. */

/* A round begins when so many wait, or the first one of them has waited for so long. */
#define FILE_AT 8192
#define FILE_AFTER_US G_USEC_PER_SEC
/* A slice is this part of a round, so that no more calls come meanwhile than the round took, and no smaller than that. */
#define SLICES 32
#define SLICE_LEAST 256

/* Places of one statement: those of SQL_INSERT_MANY_LISTINGS. */
#define ENTERED_AT_ONCE 12

/* A user whose calls a round enters. */
typedef struct {
    const UnfiledUser *of;
    gint64 number; /* users.number */
} FiledUser;

/* A place in a list. */
typedef struct {
    gint64 user; /* users.number */
    gint64 peer; /* the same, or 0 */
    gint64 kind;
    gint64 at;
    const UnfiledCall *call;
} Entry;

void filing_init(Filing *filing)
{
    *filing = (Filing){.fresh = g_string_new(NULL), .slice_least = SLICE_LEAST};
    filing->users = g_array_new(FALSE, FALSE, sizeof(FiledUser));
    filing->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    filing->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
}

void filing_clear(Filing *filing)
{
    if (!filing->fresh)
        return;
    g_array_unref(filing->entries);
    g_hash_table_unref(filing->numbers);
    g_array_unref(filing->users);
    g_string_free(filing->fresh, TRUE);
}

/* --- calls that wait --- */

/* That of this transaction. */
static gint64 next_row(const Connection *writer)
{
    return writer->filing.last_row + 1;
}

/* As printf() does, which takes ten times as long. */
static void append_number(GString *text, gint64 number)
{
    char digits[20];
    guint first = sizeof digits;

    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    g_string_append_len(text, digits + first, (gssize)(sizeof digits - first));
}

void filing_put_off(Connection *writer, Record *record, gint64 id)
{
    GString *fresh = writer->filing.fresh;

    unfiled_add(writer->unfiled, record, id, next_row(writer));
    g_string_append_c(fresh, fresh->len ? ',' : '[');
    append_number(fresh, id);
}

void filing_drop(Connection *writer, const char *caller_id, gint64 id)
{
    UnfiledCall *call = unfiled_find(writer->unfiled, caller_id, id);

    if (call)
        unfiled_drop(writer->unfiled, call, next_row(writer));
}

/* Also a row without calls, when some go: it tells who reads later from who reads now. */
gboolean filing_note(Connection *writer, GError **error)
{
    GString *fresh = writer->filing.fresh;
    g_autoptr(Statement) insert = NULL;

    if (!fresh->len && !writer->unfiled->dropped->len)
        return TRUE;
    insert = connection_statement(writer, SQL_INSERT_UNFILED, error);
    if (!insert)
        return FALSE;
    g_string_append(fresh, fresh->len ? "]" : "[]");
    bind_int(insert, 1, next_row(writer));
    bind_text(insert, 2, fresh->str);
    return connection_run(writer, insert, error);
}

/* --- a round --- */

static void forget_round(Filing *filing)
{
    g_array_set_size(filing->users, 0);
    g_array_set_size(filing->entries, 0);
    g_hash_table_remove_all(filing->numbers);
    filing->is_numbered = FALSE;
    filing->is_done = FALSE;
    filing->next_number = filing->next_user = filing->next_entry = 0;
}

static FiledUser *user_at(const Filing *filing, guint i)
{
    return &g_array_index(filing->users, FiledUser, i);
}

static void begin_round(Connection *writer)
{
    Filing *filing = &writer->filing;
    GHashTableIter iter;
    gpointer user;

    if (!writer->unfiled->filing) {
        unfiled_begin_filing(writer->unfiled);
        filing->round_row = filing->last_row;
    }
    g_hash_table_iter_init(&iter, writer->unfiled->filing->users);
    while (g_hash_table_iter_next(&iter, NULL, &user)) {
        FiledUser filed = {.of = user};

        g_array_append_val(filing->users, filed);
    }
    filing->slice =
        MAX(filing->slice_least, writer->unfiled->filing->calls->len * LISTINGS_MOST / SLICES);
}

static gint compare_users(gconstpointer a, gconstpointer b)
{
    const FiledUser *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

/* In the order of the lists on the disk. */
static void order_users(Filing *filing)
{
    qsort(filing->users->data, filing->users->len, sizeof(FiledUser), compare_users);
    for (guint i = 0; i < filing->users->len; i++)
        g_hash_table_insert(filing->numbers, (gpointer)user_at(filing, i)->of->user_id,
                            &user_at(filing, i)->number);
    filing->is_numbered = TRUE;
}

static gboolean number_users(Connection *writer, guint most, GError **error)
{
    Filing *filing = &writer->filing;
    guint end = MIN(filing->users->len, filing->next_number + most);

    for (; filing->next_number < end; filing->next_number++) {
        FiledUser *user = user_at(filing, filing->next_number);

        /* Whoever has no number is forgotten with no call. */
        if (unfiled_user_is_gone(user->of))
            continue;
        if (!make_user(writer, user->of->user_id, &user->number, error))
            return FALSE;
    }
    if (end == filing->users->len)
        order_users(filing);
    return TRUE;
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *left = a, *right = b;

    if (left->peer != right->peer)
        return left->peer < right->peer ? -1 : 1;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    return (left->call->id > right->call->id) - (left->call->id < right->call->id);
}

/* Among those that were created shortly before: reader_ended_since(). */
static gboolean is_found_otherwise(const Listing *listing, const UnfiledCall *call)
{
    return listing->kind == LIST_BY_END &&
           listing->at - call->record->facts->created_ms <= SHORT_CALL_MS;
}

static void collect_call(Filing *filing, const FiledUser *user, const UnfiledCall *call)
{
    Listing listings[LISTINGS_OF_PARTY];
    guint count = listings_of_party(call->record, user->of->user_id, listings);

    for (guint i = 0; i < count; i++) {
        Entry entry = {
            .user = user->number, .kind = listings[i].kind, .at = listings[i].at, .call = call};

        if (is_found_otherwise(&listings[i], call))
            continue;
        if (listings[i].peer_id)
            entry.peer = *(gint64 *)g_hash_table_lookup(filing->numbers, listings[i].peer_id);
        g_array_append_val(filing->entries, entry);
    }
}

static void collect_user(Filing *filing, const FiledUser *user)
{
    guint first = filing->entries->len;

    for (guint i = 0; i < user->of->calls->len; i++)
        collect_call(filing, user, g_ptr_array_index(user->of->calls, i));
    if (filing->entries->len > first)
        qsort(&g_array_index(filing->entries, Entry, first), filing->entries->len - first,
              sizeof(Entry), compare_entries);
}

/* The places of the next users, at least a slice of them if there are so many. */
static void collect_users(Filing *filing)
{
    g_array_set_size(filing->entries, 0);
    filing->next_entry = 0;
    while (filing->entries->len < filing->slice && filing->next_user < filing->users->len)
        collect_user(filing, user_at(filing, filing->next_user++));
}

static void bind_entry(Statement *insert, guint place, const Entry *entry)
{
    int first = (int)place * 5;

    bind_int(insert, first + 1, entry->user);
    bind_int(insert, first + 2, entry->peer);
    bind_int(insert, first + 3, entry->kind);
    bind_int(insert, first + 4, entry->at);
    bind_int(insert, first + 5, entry->call->id);
}

/* A statement costs as much as two rows. A place that was entered before a crash is there already. */
static gboolean enter(Connection *writer, const Entry *entries, guint count, GError **error)
{
    g_autoptr(Statement) insert = connection_statement(
        writer, count == ENTERED_AT_ONCE ? SQL_INSERT_MANY_LISTINGS : SQL_INSERT_LISTING, error);

    if (!insert)
        return FALSE;
    for (guint i = 0; i < count; i++)
        bind_entry(insert, i, &entries[i]);
    return connection_run(writer, insert, error);
}

/* Up to a round number of places, and without what has gone. */
static guint collect_places(Filing *filing, Entry places[ENTERED_AT_ONCE])
{
    guint count = 0;

    while (count < ENTERED_AT_ONCE && filing->next_entry < filing->entries->len) {
        const Entry *entry = &g_array_index(filing->entries, Entry, filing->next_entry++);

        if (!entry->call->gone_row)
            places[count++] = *entry;
    }
    return count;
}

static gboolean enter_some(Connection *writer, GError **error)
{
    Entry places[ENTERED_AT_ONCE];
    guint count = collect_places(&writer->filing, places);

    if (count == ENTERED_AT_ONCE)
        return enter(writer, places, count, error);
    for (guint i = 0; i < count; i++) {
        if (!enter(writer, &places[i], 1, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_all_entered(const Filing *filing)
{
    return filing->next_user == filing->users->len && filing->next_entry == filing->entries->len;
}

static gboolean enter_slice(Connection *writer, GError **error)
{
    Filing *filing = &writer->filing;

    for (guint i = 0; i < filing->slice && !is_all_entered(filing); i += ENTERED_AT_ONCE) {
        if (filing->next_entry == filing->entries->len)
            collect_users(filing);
        if (!enter_some(writer, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean delete_filed(Connection *writer, GError **error)
{
    g_autoptr(Statement) delete = connection_statement(writer, SQL_DELETE_UNFILED, error);

    if (!delete)
        return FALSE;
    bind_int(delete, 1, writer->filing.round_row);
    writer->filing.is_done = TRUE;
    return connection_run(writer, delete, error);
}

gboolean filing_step(Connection *writer, GError **error)
{
    Filing *filing = &writer->filing;

    if (!filing->users->len)
        begin_round(writer);
    if (!filing->is_numbered)
        return number_users(writer, filing->slice, error);
    return enter_slice(writer, error) && (!is_all_entered(filing) || delete_filed(writer, error));
}

gint64 filing_due_us(const Connection *writer)
{
    const Unfiled *unfiled = writer->unfiled;
    guint waiting = unfiled->coming->calls->len;

    if (unfiled->filing || waiting >= FILE_AT)
        return 0;
    return waiting ? unfiled->first_coming_us + FILE_AFTER_US : G_MAXINT64;
}

/* --- the end of a transaction --- */

static void forget_fresh(Connection *writer)
{
    g_string_truncate(writer->filing.fresh, 0);
}

void filing_commit(Connection *writer)
{
    Filing *filing = &writer->filing;

    if (filing->fresh->len)
        filing->last_row++;
    forget_fresh(writer);
    unfiled_commit(writer->unfiled);
    if (!filing->is_done)
        return;
    unfiled_end_filing(writer->unfiled, filing->round_row);
    forget_round(filing);
}

/* A round that lost a slice begins again: what it has entered is there, and stays. */
void filing_roll_back(Connection *writer)
{
    unfiled_roll_back(writer->unfiled, next_row(writer));
    forget_fresh(writer);
    forget_round(&writer->filing);
}

/* --- at the start --- */

static gboolean restore_call(Connection *writer, gint64 id, gint64 row, GError **error)
{
    g_autoptr(Record) record = NULL;

    if (!writer_read(writer, id, &record, error))
        return FALSE;
    if (record)
        unfiled_add(writer->unfiled, record, id, row);
    return TRUE;
}

static gboolean restore_calls(Connection *writer, const char *ids, gint64 row, GError **error)
{
    while (*ids == '[' || *ids == ',') {
        char *end;
        gint64 id = g_ascii_strtoll(ids + 1, &end, 10);

        if (end == ids + 1)
            break;
        if (!restore_call(writer, id, row, error))
            return FALSE;
        ids = end;
    }
    return TRUE;
}

/* Nobody reads yet. A row counts when all of its calls are there: one that could not be read waits for another start. */
gboolean filing_restore(Connection *writer, GError **error)
{
    g_autoptr(Statement) select = connection_statement(writer, SQL_SELECT_UNFILED, error);
    Step step;

    if (!select)
        return FALSE;
    while ((step = connection_step(writer, select, error)) == STEP_ROW) {
        gint64 row = sqlite3_column_int64(select, 0);
        const char *ids = (const char *)sqlite3_column_text(select, 1);

        if (!ids)
            return connection_fail(writer, error);
        if (!restore_calls(writer, ids, row, error))
            return FALSE;
        writer->filing.last_row = row;
    }
    return step == STEP_DONE;
}
