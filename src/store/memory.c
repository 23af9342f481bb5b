#include "store/memory.h"

#include <string.h>

/* One call, listed by both of its parties. */
typedef struct {
    char *key; /* callerId and callId */
    Record *record;
    gint64 number;    /* in the order of their first write: the cursor */
    GList in_all;     /* oldest first */
    GList in_caller;  /* newest first */
    GList in_callee;
} Entry;

typedef struct {
    Store store;
    GMutex lock;
    GHashTable *by_key;  /* key -> Entry, owned */
    GHashTable *by_user; /* userId -> GQueue of Entry, newest first */
    GQueue all;
    gint64 numbers;
    guint most;
} MemoryStore;

static char *key_of(const char *caller_id, const char *call_id)
{
    return g_strconcat(call_id, "/", caller_id, NULL);
}

static void free_entry(gpointer memory)
{
    Entry *entry = memory;

    record_unref(entry->record);
    g_free(entry->key);
    g_free(entry);
}

static void free_list(gpointer memory)
{
    g_queue_init(memory);
    g_free(memory);
}

static GQueue *list_of(MemoryStore *memory, const char *user_id)
{
    GQueue *list = g_hash_table_lookup(memory->by_user, user_id);

    if (!list) {
        list = g_new0(GQueue, 1);
        g_hash_table_insert(memory->by_user, g_strdup(user_id), list);
    }
    return list;
}

static void unlist(MemoryStore *memory, const char *user_id, GList *link)
{
    GQueue *list = list_of(memory, user_id);

    g_queue_unlink(list, link);
    if (g_queue_is_empty(list))
        g_hash_table_remove(memory->by_user, user_id);
}

static void forget_entry(MemoryStore *memory, Entry *entry)
{
    g_queue_unlink(&memory->all, &entry->in_all);
    unlist(memory, entry->record->facts->caller_id, &entry->in_caller);
    unlist(memory, entry->record->facts->callee_id, &entry->in_callee);
    g_hash_table_remove(memory->by_key, entry->key);
}

static void add_entry(MemoryStore *memory, char *key, Record *record)
{
    Entry *entry = g_new0(Entry, 1);

    entry->key = key;
    entry->record = record_ref(record);
    entry->number = ++memory->numbers;
    entry->in_all.data = entry->in_caller.data = entry->in_callee.data = entry;
    g_hash_table_insert(memory->by_key, entry->key, entry);
    g_queue_push_tail_link(&memory->all, &entry->in_all);
    g_queue_push_head_link(list_of(memory, record->facts->caller_id), &entry->in_caller);
    g_queue_push_head_link(list_of(memory, record->facts->callee_id), &entry->in_callee);
}

static void write_one(MemoryStore *memory, Record *record)
{
    g_autofree char *key = key_of(record->facts->caller_id, record->facts->call_id);
    Entry *entry = g_hash_table_lookup(memory->by_key, key);

    if (!entry) {
        add_entry(memory, g_steal_pointer(&key), record);
        return;
    }
    if (record->rev < entry->record->rev)
        return;
    record_ref(record);
    record_unref(entry->record);
    entry->record = record;
}

/* The oldest goes first, ended or not: a live call is written again when it ends. */
static void keep_to_bound(MemoryStore *memory)
{
    while (memory->all.length > memory->most)
        forget_entry(memory, g_queue_peek_head(&memory->all));
}

static gboolean memory_write(Store *store, Record *const *records, guint count, GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = (MemoryStore *)store;

    g_mutex_lock(&memory->lock);
    for (guint i = 0; i < count; i++)
        write_one(memory, records[i]);
    keep_to_bound(memory);
    g_mutex_unlock(&memory->lock);
    return TRUE;
}

static Record *memory_get(Store *store, const char *user_id, const char *call_id, GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = (MemoryStore *)store;
    Record *found = NULL;
    const GQueue *list;

    g_mutex_lock(&memory->lock);
    list = g_hash_table_lookup(memory->by_user, user_id);
    for (const GList *link = list ? list->head : NULL; link && !found; link = link->next) {
        const Entry *entry = link->data;

        if (strcmp(entry->record->facts->call_id, call_id) == 0)
            found = record_ref(entry->record);
    }
    g_mutex_unlock(&memory->lock);
    return found;
}

/* --- history --- */

static gboolean is_missed(const Record *record)
{
    return record->status == CALL_TIMEOUT || record->status == CALL_CANCELLED ||
           (record->status == CALL_REJECTED && record->cause == CAUSE_BUSY);
}

static gboolean is_wanted(const Record *record, const char *user_id, const HistoryEvent *query)
{
    gboolean is_caller = strcmp(record->facts->caller_id, user_id) == 0;
    const char *peer_id = is_caller ? record->facts->callee_id : record->facts->caller_id;

    if (query->peer_id && strcmp(query->peer_id, peer_id) != 0)
        return FALSE;
    if (query->missed && (is_caller || !is_missed(record)))
        return FALSE;
    if (!query->has_status)
        return TRUE;
    return record_view(record, is_caller ? VIEW_CALLER : VIEW_FULL).status == query->status;
}

static gboolean parse_cursor(const char *text, gint64 *before, GError **error)
{
    char *end = NULL;

    *before = G_MAXINT64;
    if (!text)
        return TRUE;
    *before = g_ascii_strtoll(text, &end, 10);
    if (*before > 0 && end && *end == '\0')
        return TRUE;
    g_set_error_literal(error, STORE_ERROR, STORE_ERROR_BAD_CURSOR, "not a cursor");
    return FALSE;
}

static void unref_record(gpointer record)
{
    record_unref(record);
}

static GPtrArray *collect_page(const GQueue *list, const char *user_id, const HistoryEvent *query, gint64 before,
                               char **next)
{
    GPtrArray *page = g_ptr_array_new_with_free_func(unref_record);
    gint64 last = 0;

    for (const GList *link = list ? list->head : NULL; link; link = link->next) {
        const Entry *entry = link->data;

        if (entry->number >= before || !is_wanted(entry->record, user_id, query))
            continue;
        if (page->len == query->limit) {
            *next = g_strdup_printf("%" G_GINT64_FORMAT, last);
            break;
        }
        last = entry->number;
        g_ptr_array_add(page, record_ref(entry->record));
    }
    return page;
}

static GPtrArray *memory_history(Store *store, const char *user_id, const HistoryEvent *query, char **next,
                                 GError **error)
{
    MemoryStore *memory = (MemoryStore *)store;
    GPtrArray *page;
    gint64 before;

    *next = NULL;
    if (!parse_cursor(query->before, &before, error))
        return NULL;
    g_mutex_lock(&memory->lock);
    page = collect_page(g_hash_table_lookup(memory->by_user, user_id), user_id, query, before, next);
    g_mutex_unlock(&memory->lock);
    return page;
}

static GPtrArray *memory_ended_since(Store *store, const char *user_id, gint64 since_ms, guint most,
                                     GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = (MemoryStore *)store;
    GPtrArray *found = g_ptr_array_new_with_free_func(unref_record);
    const GQueue *list;

    g_mutex_lock(&memory->lock);
    list = g_hash_table_lookup(memory->by_user, user_id);
    for (const GList *link = list ? list->head : NULL; link && found->len < most; link = link->next) {
        Record *record = ((const Entry *)link->data)->record;

        if (record->ended_ms && record->ended_ms >= since_ms)
            g_ptr_array_add(found, record_ref(record));
    }
    g_mutex_unlock(&memory->lock);
    return found;
}

/* Nothing outlives the process, so there is nothing to close. */
static gboolean memory_recover(Store *store G_GNUC_UNUSED, gint64 now_ms G_GNUC_UNUSED, guint *closed,
                               GError **error G_GNUC_UNUSED)
{
    if (closed)
        *closed = 0;
    return TRUE;
}

static gboolean memory_forget(Store *store, gint64 before_ms, guint most, guint *forgotten,
                              GError **error G_GNUC_UNUSED)
{
    MemoryStore *memory = (MemoryStore *)store;
    guint count = 0;

    g_mutex_lock(&memory->lock);
    for (GList *link = memory->all.head, *after; link && count < most; link = after) {
        Entry *entry = link->data;

        after = link->next;
        if (!entry->record->ended_ms || entry->record->ended_ms >= before_ms)
            continue;
        forget_entry(memory, entry);
        count++;
    }
    g_mutex_unlock(&memory->lock);
    if (forgotten)
        *forgotten = count;
    return TRUE;
}

static void memory_free(Store *store)
{
    MemoryStore *memory = (MemoryStore *)store;

    g_hash_table_unref(memory->by_user);
    g_hash_table_unref(memory->by_key);
    g_mutex_clear(&memory->lock);
    g_free(memory);
}

static const StoreOps memory_ops = {
    .name = "memory",
    .is_durable = FALSE,
    .free = memory_free,
    .write = memory_write,
    .get = memory_get,
    .history = memory_history,
    .ended_since = memory_ended_since,
    .recover = memory_recover,
    .forget = memory_forget,
};

Store *memory_store_new(guint most)
{
    MemoryStore *memory = g_new0(MemoryStore, 1);

    memory->store.ops = &memory_ops;
    memory->most = most;
    g_mutex_init(&memory->lock);
    g_queue_init(&memory->all);
    memory->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
    memory->by_user = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
    return &memory->store;
}
