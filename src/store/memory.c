#include "store/memory.h"

#include "store/call_table.h"
#include "store/outbox_rows.h"
#include "store/page.h"

typedef struct {
    Store store;
    GMutex lock; /* guards all below */
    CallTable calls;
    OutboxRows outbox;
    gint64 last_id;
    guint most;
} MemoryStore;

static MemoryStore *lock(Store *store)
{
    MemoryStore *memory = (MemoryStore *)store;

    g_mutex_lock(&memory->lock);
    return memory;
}

/* --- one list --- */

/* The newest place that is older than `from`, or NULL; `*i` is for next_older(). */
static const Place *newest_before(const PlaceList *list, const Place *from, guint *i)
{
    *i = list ? place_list_older(list, from) : 0;
    return *i > 0 ? place_list_at(list, --*i) : NULL;
}

static const Place *next_older(const PlaceList *list, guint *i)
{
    return *i > 0 ? place_list_at(list, --*i) : NULL;
}

/* --- writing --- */

static gint64 next_id(MemoryStore *memory, const Record *record)
{
    gint64 least_id = place_least_id(record->facts->created_ms);

    return memory->last_id = MAX(least_id, memory->last_id + 1);
}

static void announce(MemoryStore *memory, const Kept *kept)
{
    const Store *store = &memory->store;
    g_auto(Announcement) announcement = {0};

    if (kept && store->announcer &&
        store->announcer->announce(store->announcer_self, kept->record, &announcement))
        outbox_rows_add(&memory->outbox, kept->id, record_status_ms(kept->record), &announcement);
}

/* What a newer one replaces: a call that was made earlier, whatever the revisions, or one that was made at another
 * time, or to somebody else. */
static gboolean is_another(const Kept *kept, const Record *record)
{
    const CallFacts *old = kept->record->facts;
    const CallFacts *facts = record->facts;

    return old->created_ms < facts->created_ms ||
           (kept->record->rev <= record->rev && (old->created_ms != facts->created_ms ||
                                                 !g_str_equal(old->callee_id, facts->callee_id)));
}

/* Returns the call when it has another status now. */
static const Kept *keep(MemoryStore *memory, Record *record)
{
    const CallFacts *facts = record->facts;
    Kept *kept = call_table_find(&memory->calls, facts->caller_id, facts->call_id);
    gboolean has_changed;

    if (kept && is_another(kept, record)) {
        call_table_remove(&memory->calls, kept);
        kept = NULL;
    }
    if (!kept)
        return call_table_add(&memory->calls, record, next_id(memory, record));
    if (kept->record->rev > record->rev)
        return NULL;
    has_changed = kept->record->status != record->status;
    call_table_change(&memory->calls, kept, record);
    return has_changed ? kept : NULL;
}

static void drop(MemoryStore *memory, const Record *record)
{
    const CallFacts *facts = record->facts;

    call_table_remove(&memory->calls,
                      call_table_find(&memory->calls, facts->caller_id, facts->call_id));
}

/* A live call goes only where there is no other: it is written again when it ends. */
static void keep_to_bound(MemoryStore *memory)
{
    while (call_table_count(&memory->calls) > memory->most) {
        const Record *oldest = call_table_oldest_closed(&memory->calls);

        drop(memory, oldest ? oldest : call_table_oldest_live(&memory->calls));
    }
}

/* With a backend that is told, each status goes into the outbox, in order. */
static gboolean memory_write(Store *store, Record *const *records, guint count,
                             GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);

    for (guint i = 0; i < count; i++) {
        announce(memory, keep(memory, records[i]));
        keep_to_bound(memory);
    }
    g_mutex_unlock(&memory->lock);
    return TRUE;
}

static gboolean memory_recover(Store *store, gint64 now_ms, guint *closed,
                               GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    Record *live;
    guint count = 0;

    while ((live = call_table_oldest_live(&memory->calls))) {
        g_autoptr(Record) next = record_recovered(live, now_ms);

        announce(memory, keep(memory, next));
        count++;
    }
    g_mutex_unlock(&memory->lock);
    if (closed)
        *closed = count;
    return TRUE;
}

static gboolean memory_forget(Store *store, gint64 before_ms, guint most, guint *forgotten,
                              GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    Record *oldest;
    guint count = 0;

    while (count < most && (oldest = call_table_oldest_closed(&memory->calls)) &&
           record_closed_ms(oldest) < before_ms) {
        drop(memory, oldest);
        count++;
    }
    g_mutex_unlock(&memory->lock);
    *forgotten = count;
    return TRUE;
}

/* --- reading --- */

static const Place end_of_time = {.at = G_MAXINT64, .id = G_MAXINT64};

static Record *find_call(MemoryStore *memory, const char *user_id, const char *call_id)
{
    const Kept *own = call_table_find(&memory->calls, user_id, call_id);
    const Place *incoming;
    guint i;

    if (own)
        return own->record;
    incoming = newest_before(call_table_list(&memory->calls, user_id, call_id, LIST_INCOMING),
                             &end_of_time, &i);
    return incoming ? incoming->record : NULL;
}

static Record *memory_get(Store *store, const char *user_id, const char *call_id,
                          GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    Record *record;

    record = find_call(memory, user_id, call_id);
    if (record)
        record_ref(record);
    g_mutex_unlock(&memory->lock);
    return record;
}

static Record *memory_find(Store *store, const char *call_id, gboolean *is_only,
                           GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    const Kept *newest = call_table_newest(&memory->calls, call_id);
    Record *record = NULL;

    if (newest) {
        record = record_ref(newest->record);
        *is_only = !newest->older;
    }
    g_mutex_unlock(&memory->lock);
    return record;
}

static void add_closed(const PlaceList *list, Page *page)
{
    guint i;
    const Place *place = newest_before(list, &page->from, &i);

    while (place && page_add(page, *place))
        place = next_older(list, &i);
}

static void add_live_calls(MemoryStore *memory, const char *user_id, const HistoryEvent *query,
                           Page *page)
{
    const PlaceList *list = call_table_list(&memory->calls, user_id, NULL, LIST_LIVE);
    guint i;
    const Place *place = newest_before(list, &page->from, &i);

    for (; place; place = next_older(list, &i)) {
        if (query_asks_for(query, place->record, user_id) && !page_add(page, *place))
            return;
    }
}

static void fill_page(MemoryStore *memory, const char *user_id, const HistoryEvent *query,
                      Page *page)
{
    ListKind kinds[KINDS_MOST];
    guint count = kinds_of_query(query, kinds);

    for (guint i = 0; i < count; i++)
        add_closed(call_table_list(&memory->calls, user_id, query->peer_id, kinds[i]), page);
    if (query_asks_live(query))
        add_live_calls(memory, user_id, query, page);
}

static GPtrArray *memory_history(Store *store, const char *user_id, const HistoryEvent *query,
                                 char **next, GError **error)
{
    MemoryStore *memory;
    g_auto(Page) page = {0};

    if (!page_init(&page, query, error))
        return NULL;
    memory = lock(store);
    fill_page(memory, user_id, query, &page);
    g_mutex_unlock(&memory->lock);
    return page_finish(&page, next);
}

static GPtrArray *memory_ended_since(Store *store, const char *user_id, gint64 since_ms, guint most,
                                     GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    const PlaceList *list = call_table_list(&memory->calls, user_id, NULL, LIST_BY_END);
    GPtrArray *ended = records_new();
    guint i;
    const Place *place = newest_before(list, &end_of_time, &i);

    for (; place && place->at >= since_ms && ended->len < most; place = next_older(list, &i))
        g_ptr_array_add(ended, record_ref(place->record));
    g_mutex_unlock(&memory->lock);
    return ended;
}

/* --- the outbox --- */

static GPtrArray *memory_pending(Store *store, const char *endpoint, gint64 after, guint most,
                                 GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    GPtrArray *rows;

    rows = outbox_rows_pending(&memory->outbox, endpoint, after, most);
    g_mutex_unlock(&memory->lock);
    return rows;
}

static gboolean memory_settle(Store *store, const gint64 *ids, guint count,
                              GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);

    for (guint i = 0; i < count; i++)
        outbox_rows_settle(&memory->outbox, ids[i]);
    g_mutex_unlock(&memory->lock);
    return TRUE;
}

static gboolean is_any(const OutboxRow *row G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean is_of_ended(const OutboxRow *row, gpointer data)
{
    const MemoryStore *memory = data;

    return !call_table_is_live(&memory->calls, row->call);
}

/* Too old, or one of too many; NULL: all may stay. */
static const OutboxRow *next_to_drop(MemoryStore *memory, gint64 before_ms, guint rows)
{
    const OutboxRow *oldest = outbox_rows_oldest(&memory->outbox, is_any, NULL);

    if (!oldest || oldest->at_ms < before_ms)
        return oldest;
    if (outbox_rows_count(&memory->outbox) <= rows)
        return NULL;
    return outbox_rows_oldest(&memory->outbox, is_of_ended, memory);
}

static gboolean memory_trim(Store *store, gint64 before_ms, guint rows, guint most, guint *dropped,
                            GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = lock(store);
    const OutboxRow *oldest;
    guint count = 0;

    while (count < most && (oldest = next_to_drop(memory, before_ms, rows))) {
        outbox_rows_settle(&memory->outbox, oldest->id);
        count++;
    }
    g_mutex_unlock(&memory->lock);
    *dropped = count;
    return TRUE;
}

static guint memory_waiting(Store *store)
{
    MemoryStore *memory = lock(store);
    guint count;

    count = outbox_rows_count(&memory->outbox);
    g_mutex_unlock(&memory->lock);
    return count;
}

/* --- the store --- */

static void memory_free(Store *store)
{
    MemoryStore *memory = (MemoryStore *)store;

    outbox_rows_clear(&memory->outbox);
    call_table_clear(&memory->calls);
    g_mutex_clear(&memory->lock);
    g_free(memory);
}

static const StoreOps memory_ops = {
    .name = "memory",
    .is_durable = FALSE,
    .free = memory_free,
    .write = memory_write,
    .get = memory_get,
    .find = memory_find,
    .history = memory_history,
    .ended_since = memory_ended_since,
    .recover = memory_recover,
    .forget = memory_forget,
    .pending = memory_pending,
    .settle = memory_settle,
    .trim = memory_trim,
    .waiting = memory_waiting,
};

Store *memory_store_new(guint most)
{
    MemoryStore *memory = g_new0(MemoryStore, 1);

    memory->store.ops = &memory_ops;
    memory->most = most;
    g_mutex_init(&memory->lock);
    call_table_init(&memory->calls);
    outbox_rows_init(&memory->outbox);
    return &memory->store;
}
