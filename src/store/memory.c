#include "store/memory.h"

#include "core/text.h"
#include "store/listing.h"
#include "store/outbox_rows.h"
#include "store/page.h"
#include "store/place_list.h"

/* Lists that only this store needs, beside those of ListKind. */
enum {
    LIST_LIVE = 100, /* of a user: calls that are live to them, by creation */
    LIST_INCOMING,   /* of a callee and a callId: their callers', by creation */
    LIST_OF_ID,      /* of nobody and a callId: every caller's, by creation */
    LIST_ALL_LIVE,   /* of nobody: calls that are live to anybody, by creation */
    LIST_ALL_CLOSED, /* of nobody: the rest, by their end for everybody */
};

/* How many lists a call can be in: LISTINGS_MOST, one of all calls, the incoming ones, those of its
 * id, live ones of either party. */
#define LISTS_MOST (LISTINGS_MOST + 5)

/* Records that are written and not listed yet, at most. Under load most calls are over before their turn comes, and are listed
 * once; nobody waits for more than these when somebody reads. */
#define UNLISTED_MOST 512

/* A list that is not empty. Its Places borrow their records from the store's calls. */
typedef struct {
    char *user_id;
    char *of; /* the peer, the callId, or "" */
    guint kind;
    PlaceList places;
} List;

/* One call. It owns its record, whose facts hold the strings of the key. */
typedef struct {
    const char *caller_id;
    const char *call_id;
    Record *record;
    gint64 id;
} Kept;

/* A record whose turn to be listed has not come, and the id that its call has if it is not listed yet. */
typedef struct {
    Record *record;
    gint64 id;
} Unlisted;

typedef struct {
    Store store;
    GMutex lock;       /* guards all below */
    GHashTable *calls; /* of Kept */
    GHashTable *lists; /* of List */
    GHashTable *live;  /* of Kept, by id: calls that are not over */
    GQueue unlisted;   /* of Unlisted, in the order in which they were written */
    GHashTable
        *newest; /* of those, by their facts, which all records of a call share; borrows both */
    OutboxRows outbox;
    gint64 last_id;
    guint most;
} MemoryStore;

/* --- the tables --- */

static guint hash_kept(gconstpointer data)
{
    const Kept *kept = data;

    return text_hash(kept->caller_id) * 31 + text_hash(kept->call_id);
}

static gboolean equal_kept(gconstpointer a, gconstpointer b)
{
    const Kept *left = a;
    const Kept *right = b;

    return g_str_equal(left->caller_id, right->caller_id) &&
           g_str_equal(left->call_id, right->call_id);
}

static void free_kept(gpointer data)
{
    Kept *kept = data;

    record_unref(kept->record);
    g_free(kept);
}

static guint hash_list(gconstpointer data)
{
    const List *list = data;

    return (text_hash(list->user_id) * 31 + text_hash(list->of)) * 31 + list->kind;
}

static gboolean equal_list(gconstpointer a, gconstpointer b)
{
    const List *left = a;
    const List *right = b;

    return left->kind == right->kind && g_str_equal(left->user_id, right->user_id) &&
           g_str_equal(left->of, right->of);
}

static void free_list(gpointer data)
{
    List *list = data;

    place_list_clear(&list->places);
    g_free(list->user_id);
    g_free(list->of);
    g_free(list);
}

static Kept *find_kept(const MemoryStore *memory, const char *caller_id, const char *call_id)
{
    return g_hash_table_lookup(memory->calls, &(Kept){.caller_id = caller_id, .call_id = call_id});
}

/* NULL when it is empty. */
static List *find_list(const MemoryStore *memory, const char *user_id, const char *of, guint kind)
{
    List key = {.user_id = (char *)user_id, .of = (char *)(of ? of : ""), .kind = kind};

    return g_hash_table_lookup(memory->lists, &key);
}

/* --- one list --- */

static List *make_list(MemoryStore *memory, const char *user_id, const char *of, guint kind)
{
    List *list = find_list(memory, user_id, of, kind);

    if (list)
        return list;
    list = g_new(List, 1);
    *list = (List){.user_id = g_strdup(user_id), .of = g_strdup(of ? of : ""), .kind = kind};
    g_hash_table_add(memory->lists, list);
    return list;
}

/* The newest place that is older than `from`, or NULL; `*i` is for next_older(). */
static const Place *newest_before(const List *list, const Place *from, guint *i)
{
    *i = place_list_older(&list->places, from);
    return *i > 0 ? place_list_at(&list->places, --*i) : NULL;
}

static const Place *next_older(const List *list, guint *i)
{
    return *i > 0 ? place_list_at(&list->places, --*i) : NULL;
}

static const Place *newest(const List *list)
{
    const Place end = {.at = G_MAXINT64, .id = G_MAXINT64};
    guint i;

    return list ? newest_before(list, &end, &i) : NULL;
}

static Record *oldest_record(const List *list)
{
    return list ? place_list_at(&list->places, 0)->record : NULL;
}

/* --- where a call is listed --- */

static guint add_live(const Record *record, const char *user_id, Listing *listings)
{
    if (!record_is_live_for(record, user_id))
        return 0;
    *listings = (Listing){user_id, NULL, LIST_LIVE, record->facts->created_ms};
    return 1;
}

static Listing in_all(const Record *record)
{
    if (record_is_closed(record))
        return (Listing){"", NULL, LIST_ALL_CLOSED, record_closed_ms(record)};
    return (Listing){"", NULL, LIST_ALL_LIVE, record->facts->created_ms};
}

static guint all_listings(const Record *record, Listing listings[LISTS_MOST])
{
    const CallFacts *facts = record->facts;
    guint count = listings_of_record(record, listings);

    listings[count++] = in_all(record);
    listings[count++] =
        (Listing){facts->callee_id, facts->call_id, LIST_INCOMING, facts->created_ms};
    listings[count++] = (Listing){"", facts->call_id, LIST_OF_ID, facts->created_ms};
    count += add_live(record, facts->caller_id, &listings[count]);
    if (!g_str_equal(facts->caller_id, facts->callee_id))
        count += add_live(record, facts->callee_id, &listings[count]);
    return count;
}

static void list_call(MemoryStore *memory, const Kept *kept)
{
    Listing listings[LISTS_MOST];
    guint count = all_listings(kept->record, listings);

    for (guint i = 0; i < count; i++) {
        const Listing *at = &listings[i];
        List *list = make_list(memory, at->user_id, at->peer_id, at->kind);
        Place place = {.at = at->at, .id = kept->id, .record = kept->record};

        place_list_add(&list->places, place);
    }
}

static void unlist_call(MemoryStore *memory, const Kept *kept)
{
    Listing listings[LISTS_MOST];
    guint count = all_listings(kept->record, listings);

    for (guint i = 0; i < count; i++) {
        const Listing *at = &listings[i];
        List *list = find_list(memory, at->user_id, at->peer_id, at->kind);
        Place place = {.at = at->at, .id = kept->id};

        place_list_remove(&list->places, &place);
        if (list->places.count == 0)
            g_hash_table_remove(memory->lists, list);
    }
}

/* --- writing --- */

static gint64 next_id(MemoryStore *memory, const Record *record)
{
    gint64 least_id = place_least_id(record->facts->created_ms);

    return memory->last_id = MAX(least_id, memory->last_id + 1);
}

static Kept *keep_new(gint64 id)
{
    Kept *kept = g_new(Kept, 1);

    *kept = (Kept){.id = id};
    return kept;
}

static void drop(MemoryStore *memory, const Record *record)
{
    Kept *kept = find_kept(memory, record->facts->caller_id, record->facts->call_id);

    g_hash_table_remove(memory->live, &kept->id);
    unlist_call(memory, kept);
    g_hash_table_remove(memory->calls, kept);
}

static void announce(MemoryStore *memory, const Kept *kept)
{
    const Store *store = &memory->store;
    g_auto(Announcement) announcement = {0};

    if (kept && store->announcer &&
        store->announcer->announce(store->announcer_self, kept->record, &announcement))
        outbox_rows_add(&memory->outbox, kept->id, record_status_ms(kept->record), &announcement);
}

/* The table's key lives in the facts of the record, so it is put in anew. `id` is that of a new call. Returns the call when it has
 * another status now. */
static const Kept *keep(MemoryStore *memory, Record *record, gint64 id)
{
    const CallFacts *facts = record->facts;
    Kept *kept = find_kept(memory, facts->caller_id, facts->call_id);
    Record *old;
    gboolean has_changed;

    /* A call that was made later takes the id over, whatever the revisions. */
    if (kept && kept->record->facts->created_ms < facts->created_ms) {
        drop(memory, kept->record);
        kept = NULL;
    }
    old = kept ? kept->record : NULL;
    if (old && old->rev > record->rev)
        return NULL;
    if (kept) {
        unlist_call(memory, kept);
        g_hash_table_steal(memory->calls, kept);
    } else {
        kept = keep_new(id);
    }
    kept->record = record_ref(record);
    kept->caller_id = facts->caller_id;
    kept->call_id = facts->call_id;
    g_hash_table_add(memory->calls, kept);
    list_call(memory, kept);
    if (record_is_closed(record))
        g_hash_table_remove(memory->live, &kept->id);
    else
        g_hash_table_replace(memory->live, &kept->id, kept);
    has_changed = !old || old->status != record->status;
    record_unref(old);
    return has_changed ? kept : NULL;
}

/* A live call goes only where there is no other: it is written again when it ends. */
static void keep_to_bound(MemoryStore *memory)
{
    while (g_hash_table_size(memory->calls) > memory->most) {
        const Record *oldest = oldest_record(find_list(memory, "", NULL, LIST_ALL_CLOSED));

        if (!oldest)
            oldest = oldest_record(find_list(memory, "", NULL, LIST_ALL_LIVE));
        drop(memory, oldest);
    }
}

static void free_unlisted(gpointer data)
{
    Unlisted *unlisted = data;

    record_unref(unlisted->record);
    g_free(unlisted);
}

static void list_next(MemoryStore *memory)
{
    Unlisted *next = g_queue_pop_head(&memory->unlisted);
    const CallFacts *facts = next->record->facts;

    if (g_hash_table_lookup(memory->newest, facts) == next) {
        g_hash_table_remove(memory->newest, facts);
        keep(memory, next->record, next->id);
        keep_to_bound(memory);
    }
    free_unlisted(next);
}

/* Whoever reads sees what was written. */
static void list_all(MemoryStore *memory)
{
    while (!g_queue_is_empty(&memory->unlisted))
        list_next(memory);
}

/* A record of the same call that waits is not listed any more. */
static void write_later(MemoryStore *memory, Record *record)
{
    const Unlisted *waiting = g_hash_table_lookup(memory->newest, record->facts);
    Unlisted *unlisted;

    if (waiting && waiting->record->rev > record->rev)
        return;
    unlisted = g_new(Unlisted, 1);
    unlisted->record = record_ref(record);
    unlisted->id = waiting ? waiting->id : next_id(memory, record);
    g_queue_push_tail(&memory->unlisted, unlisted);
    g_hash_table_replace(memory->newest, (gpointer)record->facts, unlisted);
    if (memory->unlisted.length > UNLISTED_MOST)
        list_next(memory);
}

static MemoryStore *lock(Store *store)
{
    MemoryStore *memory = (MemoryStore *)store;

    g_mutex_lock(&memory->lock);
    list_all(memory);
    return memory;
}

/* With a backend that is told: each status goes into the outbox, in order. */
static void write_at_once(MemoryStore *memory, Record *record)
{
    list_all(memory);
    announce(memory, keep(memory, record, next_id(memory, record)));
    keep_to_bound(memory);
}

static gboolean memory_write(Store *store, Record *const *records, guint count,
                             GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = (MemoryStore *)store;

    g_mutex_lock(&memory->lock);
    for (guint i = 0; i < count; i++) {
        if (store->announcer)
            write_at_once(memory, records[i]);
        else
            write_later(memory, records[i]);
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

    while ((live = oldest_record(find_list(memory, "", NULL, LIST_ALL_LIVE)))) {
        g_autoptr(Record) next = record_recovered(live, now_ms);

        announce(memory, keep(memory, next, next_id(memory, next)));
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

    while (count < most && (oldest = oldest_record(find_list(memory, "", NULL, LIST_ALL_CLOSED))) &&
           record_closed_ms(oldest) < before_ms) {
        drop(memory, oldest);
        count++;
    }
    g_mutex_unlock(&memory->lock);
    *forgotten = count;
    return TRUE;
}

/* --- reading --- */

static Record *find_call(const MemoryStore *memory, const char *user_id, const char *call_id)
{
    const Kept *own = find_kept(memory, user_id, call_id);
    const Place *incoming;

    if (own)
        return own->record;
    incoming = newest(find_list(memory, user_id, call_id, LIST_INCOMING));
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
    const List *list;
    Record *record = NULL;

    list = find_list(memory, "", call_id, LIST_OF_ID);
    if (list) {
        record = record_ref(newest(list)->record);
        *is_only = list->places.count == 1;
    }
    g_mutex_unlock(&memory->lock);
    return record;
}

static void add_closed(const List *list, Page *page)
{
    guint i;
    const Place *place = newest_before(list, &page->from, &i);

    while (place && page_add(page, *place))
        place = next_older(list, &i);
}

static void add_live_calls(const MemoryStore *memory, const char *user_id,
                           const HistoryEvent *query, Page *page)
{
    const List *list = find_list(memory, user_id, NULL, LIST_LIVE);
    guint i;
    const Place *place = list ? newest_before(list, &page->from, &i) : NULL;

    for (; place; place = next_older(list, &i)) {
        if (query_asks_for(query, place->record, user_id) && !page_add(page, *place))
            return;
    }
}

static void fill_page(const MemoryStore *memory, const char *user_id, const HistoryEvent *query,
                      Page *page)
{
    ListKind kinds[KINDS_MOST];
    guint count = kinds_of_query(query, kinds);

    for (guint i = 0; i < count; i++) {
        const List *list = find_list(memory, user_id, query->peer_id, kinds[i]);

        if (list)
            add_closed(list, page);
    }
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
    const Place end = {.at = G_MAXINT64, .id = G_MAXINT64};
    GPtrArray *ended = records_new();
    const List *list;
    guint i;
    const Place *place;

    list = find_list(memory, user_id, NULL, LIST_BY_END);
    place = list ? newest_before(list, &end, &i) : NULL;
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

    return !g_hash_table_contains(memory->live, &row->call);
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
    g_queue_clear_full(&memory->unlisted, free_unlisted);
    g_hash_table_unref(memory->newest);
    g_hash_table_unref(memory->live);
    g_hash_table_unref(memory->lists);
    g_hash_table_unref(memory->calls);
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
    memory->calls = g_hash_table_new_full(hash_kept, equal_kept, free_kept, NULL);
    memory->lists = g_hash_table_new_full(hash_list, equal_list, free_list, NULL);
    memory->live = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&memory->unlisted);
    memory->newest = g_hash_table_new(NULL, NULL);
    outbox_rows_init(&memory->outbox);
    return &memory->store;
}
