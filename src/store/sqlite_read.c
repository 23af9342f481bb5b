#include "store/sqlite_private.h"

/* --- one call --- */

/* The first row as a record. NULL without an error when there is none. */
static Record *first_record(Connection *reader, Statement *select, GError **error)
{
    return connection_step(reader, select, error) == STEP_ROW ? row_read(select, error) : NULL;
}

static Record *find_call(Connection *reader, Sql which, const char *user_id, const char *call_id,
                         GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, which, error);

    if (!select)
        return NULL;
    bind_text(select, 1, call_id);
    bind_text(select, 2, user_id);
    return first_record(reader, select, error);
}

/* The user's own call goes before one that somebody else gave the same id: only that one can be
 * made again. */
Record *reader_get(Connection *reader, const char *user_id, const char *call_id, GError **error)
{
    GError *failure = NULL;
    Record *record = find_call(reader, SQL_CALL_OF_CALLER, user_id, call_id, &failure);

    if (!record && !failure)
        record = find_call(reader, SQL_CALL_OF_CALLEE, user_id, call_id, &failure);
    if (failure)
        g_propagate_error(error, failure);
    return record;
}

Record *reader_find(Connection *reader, const char *call_id, gboolean *is_only, GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, SQL_CALLS_OF_ID, error);
    g_autoptr(Record) record = NULL;
    Step step;

    if (!select)
        return NULL;
    bind_text(select, 1, call_id);
    record = first_record(reader, select, error);
    if (!record)
        return NULL;
    step = connection_step(reader, select, error);
    *is_only = step == STEP_DONE;
    return step == STEP_FAILED ? NULL : g_steal_pointer(&record);
}

static gboolean read_call(Connection *reader, gint64 id, Record **record, GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, SQL_SELECT_CALL, error);
    GError *failure = NULL;

    if (!select)
        return FALSE;
    bind_int(select, 1, id);
    *record = first_record(reader, select, &failure);
    if (!failure)
        return TRUE;
    g_propagate_error(error, failure);
    return FALSE;
}

/* --- at one moment --- */

static gboolean read_span(Connection *reader, UnfiledSpan *span, GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, SQL_UNFILED_SPAN, error);

    if (!select || connection_step(reader, select, error) != STEP_ROW)
        return FALSE;
    span->first = sqlite3_column_int64(select, 0);
    span->last = sqlite3_column_int64(select, 1);
    return TRUE;
}

/* Begins a transaction, so that a call that ends meanwhile is not on the page twice or not at all, and adds what is not filed
 * at its moment. Again when that is filed by now: a round's end comes once in a while. */
static gboolean begin_page(Connection *reader, const UnfiledSearch *search, GError **error)
{
    UnfiledSpan span;

    for (;;) {
        if (!connection_do(reader, SQL_BEGIN_READ, error) || !read_span(reader, &span, error))
            return FALSE;
        if (unfiled_search(reader->unfiled, &span, search))
            return TRUE;
        connection_roll_back(reader);
    }
}

/* --- history --- */

/* Whose history, by number; 0: nobody's, or of calls with anybody. */
typedef struct {
    gint64 user;
    gint64 peer;
} Asked;

/* What is older than the page begins, newest first. */
static Statement *select_list(Connection *reader, const Asked *asked, ListKind kind,
                              const Page *page, GError **error)
{
    Statement *listed = connection_statement(reader, SQL_LISTED, error);

    if (!listed)
        return NULL;
    bind_int(listed, 1, asked->user);
    bind_int(listed, 2, asked->peer);
    bind_int(listed, 3, kind);
    bind_int(listed, 4, page->from.at);
    bind_int(listed, 5, page->from.id);
    return listed;
}

static gboolean add_list(Connection *reader, const Asked *asked, ListKind kind, Page *page,
                         GError **error)
{
    g_autoptr(Statement) listed = select_list(reader, asked, kind, page, error);
    Step step = STEP_DONE;

    if (!listed)
        return FALSE;
    while ((step = connection_step(reader, listed, error)) == STEP_ROW) {
        Place place = {sqlite3_column_int64(listed, 0), sqlite3_column_int64(listed, 1), NULL};

        if (!page_add(page, place))
            return TRUE;
    }
    return step == STEP_DONE;
}

static gboolean add_lists(Connection *reader, const Asked *asked, const HistoryEvent *query,
                          Page *page, GError **error)
{
    ListKind kinds[KINDS_MOST];
    guint count = kinds_of_query(query, kinds);

    for (guint i = 0; i < count; i++) {
        if (!add_list(reader, asked, kinds[i], page, error))
            return FALSE;
    }
    return TRUE;
}

/* A user or peer without a number is in no list. */
static gboolean add_closed(Connection *reader, const char *user_id, const HistoryEvent *query,
                           Page *page, GError **error)
{
    Asked asked = {0};

    if (!find_user(reader, user_id, &asked.user, error))
        return FALSE;
    if (query->peer_id && !find_user(reader, query->peer_id, &asked.peer, error))
        return FALSE;
    if (!asked.user || (query->peer_id && !asked.peer))
        return TRUE;
    return add_lists(reader, &asked, query, page, error);
}

static void add_if_asked(Page *page, gint64 id, Record *record, const char *user_id,
                         const HistoryEvent *query)
{
    Place place = {record->facts->created_ms, id, record};

    if (!record_is_live_for(record, user_id) || !query_asks_for(query, record, user_id))
        return;
    if (place_is_newer(&page->from, &place))
        page_add(page, place);
}

/* Few: a user's live calls are bounded, and so are those that the server did not live to close. */
static gboolean add_live_of(Connection *reader, Sql which, const char *user_id,
                            const HistoryEvent *query, Page *page, GError **error)
{
    g_autoptr(Statement) select = connection_statement(reader, which, error);
    Step step;

    if (!select)
        return FALSE;
    bind_text(select, 1, user_id);
    while ((step = connection_step(reader, select, error)) == STEP_ROW) {
        g_autoptr(Record) record = row_read(select, error);

        if (!record)
            return FALSE;
        add_if_asked(page, row_id(select), record, user_id, query);
    }
    return step == STEP_DONE;
}

static gboolean add_live(Connection *reader, const char *user_id, const HistoryEvent *query,
                         Page *page, GError **error)
{
    return !query_asks_live(query) ||
           (add_live_of(reader, SQL_LIVE_OF_CALLER, user_id, query, page, error) &&
            add_live_of(reader, SQL_LIVE_OF_CALLEE, user_id, query, page, error));
}

/* The records of those places that are on the page and have none yet. */
static gboolean read_places(Connection *reader, Page *page, GError **error)
{
    for (guint i = 0; i < MIN(page->places->len, page->limit); i++) {
        Place *place = &g_array_index(page->places, Place, i);

        if (!place->record && !read_call(reader, place->id, &place->record, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean fill_page(Connection *reader, const char *user_id, const HistoryEvent *query,
                          Page *page, GError **error)
{
    return add_closed(reader, user_id, query, page, error) &&
           add_live(reader, user_id, query, page, error) && read_places(reader, page, error);
}

static gboolean begin_history(Connection *reader, const char *user_id, const HistoryEvent *query,
                              Page *page, GError **error)
{
    ListKind kinds[KINDS_MOST];
    UnfiledSearch search = {
        .user_id = user_id, .peer_id = query->peer_id, .since = G_MININT64, .page = page};

    search.count = kinds_of_query(query, kinds);
    search.kinds = kinds;
    return begin_page(reader, &search, error);
}

GPtrArray *reader_history(Connection *reader, const char *user_id, const HistoryEvent *query,
                          char **next, GError **error)
{
    g_auto(Page) page = {0};
    gboolean is_filled;

    if (!page_init(&page, query, error))
        return NULL;
    is_filled = begin_history(reader, user_id, query, &page, error) &&
                fill_page(reader, user_id, query, &page, error);
    connection_roll_back(reader);
    return is_filled ? page_finish(&page, next) : NULL;
}

/* --- what ended a while ago --- */

static gboolean add_ended(Connection *reader, gint64 user, gint64 since_ms, Page *page,
                          GError **error)
{
    g_autoptr(Statement) listed = connection_statement(reader, SQL_LISTED_SINCE, error);
    Step step = STEP_DONE;

    if (!listed)
        return FALSE;
    bind_int(listed, 1, user);
    bind_int(listed, 2, LIST_BY_END);
    bind_int(listed, 3, since_ms);
    bind_int(listed, 4, page->limit);
    while ((step = connection_step(reader, listed, error)) == STEP_ROW) {
        Place place = {sqlite3_column_int64(listed, 0), sqlite3_column_int64(listed, 1), NULL};

        if (!page_add(page, place))
            return TRUE;
    }
    return step == STEP_DONE;
}

#define SHORT_LOOKED_AT 1000

/* Neither this call nor any older one of its list ended as late as the page's last. */
static gboolean is_too_old(const Page *page, const Place *created, gint64 since_ms)
{
    gint64 end_most = created->at + SHORT_CALL_MS;
    guint count = page->places->len;

    return end_most < since_ms ||
           (count > page->limit && end_most < g_array_index(page->places, Place, count - 1).at);
}

/* A short one, by its end. */
static gboolean add_if_ended(Connection *reader, const char *user_id, gint64 id, gint64 since_ms,
                             Page *page, GError **error)
{
    Listing listings[LISTINGS_OF_PARTY];
    g_autoptr(Record) record = NULL;

    if (!read_call(reader, id, &record, error))
        return FALSE;
    if (!record || !listings_of_party(record, user_id, listings))
        return TRUE;
    g_assert(listings[LISTINGS_OF_PARTY - 1].kind == LIST_BY_END);
    if (listings[LISTINGS_OF_PARTY - 1].at >= since_ms)
        page_add(page, (Place){listings[LISTINGS_OF_PARTY - 1].at, id, record});
    return TRUE;
}

/* Of somebody who has thousands in five minutes the newest are looked at. */
static gboolean add_short(Connection *reader, const char *user_id, Statement *listed,
                          gint64 since_ms, Page *page, GError **error)
{
    guint left = SHORT_LOOKED_AT;
    Step step = STEP_DONE;

    while (left-- > 0 && (step = connection_step(reader, listed, error)) == STEP_ROW) {
        Place created = {sqlite3_column_int64(listed, 0), sqlite3_column_int64(listed, 1), NULL};

        if (is_too_old(page, &created, since_ms))
            return TRUE;
        if (!add_if_ended(reader, user_id, created.id, since_ms, page, error))
            return FALSE;
    }
    return step != STEP_FAILED;
}

/* Short calls are not in the list by their end: they are found by their creation, which was not long before. */
static gboolean add_all_short(Connection *reader, const char *user_id, gint64 user, gint64 since_ms,
                              Page *page, GError **error)
{
    const Asked asked = {.user = user};
    ListKind kinds[KINDS_MOST];
    guint count = kinds_of_query(&(HistoryEvent){0}, kinds);

    for (guint i = 0; i < count; i++) {
        g_autoptr(Statement) listed = select_list(reader, &asked, kinds[i], page, error);

        if (!listed || !add_short(reader, user_id, listed, since_ms, page, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean find_ended(Connection *reader, const char *user_id, gint64 since_ms, Page *page,
                           GError **error)
{
    gint64 user;

    if (!find_user(reader, user_id, &user, error))
        return FALSE;
    return (!user || (add_ended(reader, user, since_ms, page, error) &&
                      add_all_short(reader, user_id, user, since_ms, page, error))) &&
           read_places(reader, page, error);
}

GPtrArray *reader_ended_since(Connection *reader, const char *user_id, gint64 since_ms, guint most,
                              GError **error)
{
    static const ListKind by_end = LIST_BY_END;
    g_autofree char *next = NULL;
    g_auto(Page) page = {0};
    const UnfiledSearch search = {
        .user_id = user_id, .kinds = &by_end, .count = 1, .since = since_ms, .page = &page};
    gboolean is_found;

    page_init(&page, &(HistoryEvent){.limit = most}, NULL);
    is_found =
        begin_page(reader, &search, error) && find_ended(reader, user_id, since_ms, &page, error);
    connection_roll_back(reader);
    return is_found ? page_finish(&page, &next) : NULL;
}
