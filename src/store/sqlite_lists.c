#include "store/sqlite_private.h"

/* More users than that are looked up anew. */
#define USERS_REMEMBERED 8192

/* --- users: numbers keep the lists small --- */

static void remember_user(Connection *writer, const char *user_id, gint64 number)
{
    if (g_hash_table_size(writer->users) >= USERS_REMEMBERED)
        g_hash_table_remove_all(writer->users);
    g_hash_table_replace(writer->users, g_strdup(user_id), (gpointer)(gintptr)number);
}

gboolean find_user(Connection *connection, const char *user_id, gint64 *number, GError **error)
{
    g_autoptr(Statement) find = connection_statement(connection, SQL_FIND_USER, error);
    Step step;

    *number = 0;
    if (!find)
        return FALSE;
    bind_text(find, 1, user_id);
    step = connection_step(connection, find, error);
    if (step == STEP_ROW)
        *number = sqlite3_column_int64(find, 0);
    return step != STEP_FAILED;
}

static gboolean find_or_insert_user(Connection *writer, const char *user_id, gint64 *number,
                                    GError **error)
{
    g_autoptr(Statement) insert = NULL;

    if (!find_user(writer, user_id, number, error))
        return FALSE;
    if (*number)
        return TRUE;
    insert = connection_statement(writer, SQL_INSERT_USER, error);
    if (!insert)
        return FALSE;
    bind_text(insert, 1, user_id);
    if (!connection_run(writer, insert, error))
        return FALSE;
    *number = sqlite3_last_insert_rowid(writer->handle);
    return TRUE;
}

gboolean make_user(Connection *writer, const char *user_id, gint64 *number, GError **error)
{
    *number = (gint64)(gintptr)g_hash_table_lookup(writer->users, user_id);
    if (*number)
        return TRUE;
    if (!find_or_insert_user(writer, user_id, number, error))
        return FALSE;
    remember_user(writer, user_id, *number);
    return TRUE;
}

/* --- lists --- */

/* The numbers of a call's parties. */
typedef struct {
    gint64 caller;
    gint64 callee;
} Numbers;

static gboolean number_parties(Connection *writer, const Record *record, Numbers *numbers,
                               GError **error)
{
    return make_user(writer, record->facts->caller_id, &numbers->caller, error) &&
           make_user(writer, record->facts->callee_id, &numbers->callee, error);
}

/* The user whose list it is, and the other one. */
static void number_listing(const Listing *listing, const Record *record, const Numbers *numbers,
                           Statement *statement)
{
    gboolean is_callers = listing->user_id == record->facts->caller_id;

    bind_int(statement, 1, is_callers ? numbers->caller : numbers->callee);
    bind_int(statement, 2, is_callers ? numbers->callee : numbers->caller);
}

/* A party's three at once: a statement costs as much as two rows. */
gboolean lists_insert(Connection *writer, const Record *record, gint64 id, GError **error)
{
    Listing listings[LISTINGS_MOST];
    guint count = listings_of_record(record, listings);
    Numbers numbers;

    if (count > 0 && !number_parties(writer, record, &numbers, error))
        return FALSE;
    for (guint i = 0; i < count; i += LISTINGS_OF_PARTY) {
        g_autoptr(Statement) insert = connection_statement(writer, SQL_INSERT_LISTINGS, error);

        if (!insert)
            return FALSE;
        number_listing(&listings[i], record, &numbers, insert);
        bind_int(insert, 3, listings[i].kind);
        bind_int(insert, 4, listings[i].at);
        bind_int(insert, 5, listings[i + 2].at);
        bind_int(insert, 6, id);
        bind_int(insert, 7, listings[i + 2].kind);
        if (!connection_run(writer, insert, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean delete_listing(Connection *writer, const Listing *listing, const Record *record,
                               const Numbers *numbers, gint64 id, GError **error)
{
    g_autoptr(Statement) delete = connection_statement(writer, SQL_DELETE_LISTING, error);

    if (!delete)
        return FALSE;
    number_listing(listing, record, numbers, delete);
    if (!listing->peer_id)
        bind_int(delete, 2, 0);
    bind_int(delete, 3, listing->kind);
    bind_int(delete, 4, listing->at);
    bind_int(delete, 5, id);
    return connection_run(writer, delete, error);
}

/* 0: the user has none, and so is in no list. */
static gboolean look_up_user(Connection *writer, const char *user_id, gint64 *number,
                             GError **error)
{
    *number = (gint64)(gintptr)g_hash_table_lookup(writer->users, user_id);
    return *number || find_user(writer, user_id, number, error);
}

gboolean lists_delete(Connection *writer, const Record *record, gint64 id, GError **error)
{
    Listing listings[LISTINGS_MOST];
    guint count = listings_of_record(record, listings);
    Numbers numbers;

    if (!look_up_user(writer, record->facts->caller_id, &numbers.caller, error) ||
        !look_up_user(writer, record->facts->callee_id, &numbers.callee, error))
        return FALSE;
    for (guint i = 0; i < count; i++) {
        if (!delete_listing(writer, &listings[i], record, &numbers, id, error))
            return FALSE;
    }
    return TRUE;
}
