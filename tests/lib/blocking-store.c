#include "blocking-store.h"

#include "store/memory.h"

typedef struct {
    Store store;
    StoreOps ops;
    Store *inner;
    gatomicrefcount refs;
    GMutex lock;
    GCond changed;
    gboolean holds_writes, holds_reads, is_failing;
    guint readers, writers; /* inside, held */
} BlockingStore;

/* Waits as long as it is held; FALSE and an error when it fails. */
static gboolean pass(Store *store, const gboolean *is_held, guint *inside, GError **error)
{
    BlockingStore *blocking = (BlockingStore *)store;
    gboolean is_failing;

    g_mutex_lock(&blocking->lock);
    ++*inside;
    g_cond_broadcast(&blocking->changed);
    while (*is_held)
        g_cond_wait(&blocking->changed, &blocking->lock);
    --*inside;
    is_failing = blocking->is_failing;
    g_mutex_unlock(&blocking->lock);
    if (is_failing)
        g_set_error_literal(error, STORE_ERROR, STORE_ERROR_FAILED, "the test says no");
    return !is_failing;
}

static gboolean pass_read(Store *store, GError **error)
{
    BlockingStore *blocking = (BlockingStore *)store;

    return pass(store, &blocking->holds_reads, &blocking->readers, error);
}

static gboolean blocking_write(Store *store, Record *const *records, guint count, GError **error)
{
    BlockingStore *blocking = (BlockingStore *)store;

    return pass(store, &blocking->holds_writes, &blocking->writers, error) &&
           blocking->inner->ops->write(blocking->inner, records, count, error);
}

static Record *blocking_get(Store *store, const char *user_id, const char *call_id, GError **error)
{
    Store *inner = ((BlockingStore *)store)->inner;

    return pass_read(store, error) ? inner->ops->get(inner, user_id, call_id, error) : NULL;
}

static GPtrArray *blocking_history(Store *store, const char *user_id, const HistoryEvent *query,
                                   char **next, GError **error)
{
    Store *inner = ((BlockingStore *)store)->inner;

    return pass_read(store, error) ? inner->ops->history(inner, user_id, query, next, error) : NULL;
}

static GPtrArray *blocking_ended_since(Store *store, const char *user_id, gint64 since_ms,
                                       guint most, GError **error)
{
    Store *inner = ((BlockingStore *)store)->inner;

    return pass_read(store, error) ? inner->ops->ended_since(inner, user_id, since_ms, most, error)
                                   : NULL;
}

void blocking_store_unref(Store *store)
{
    BlockingStore *blocking = (BlockingStore *)store;

    if (!g_atomic_ref_count_dec(&blocking->refs))
        return;
    g_mutex_clear(&blocking->lock);
    g_cond_clear(&blocking->changed);
    g_free(blocking);
}

Store *blocking_store_ref(Store *store)
{
    g_atomic_ref_count_inc(&((BlockingStore *)store)->refs);
    return store;
}

static void blocking_free(Store *store)
{
    g_clear_pointer(&((BlockingStore *)store)->inner, store_free);
    blocking_store_unref(store);
}

Store *blocking_store_new(void)
{
    BlockingStore *blocking = g_new0(BlockingStore, 1);

    g_atomic_ref_count_init(&blocking->refs);
    g_mutex_init(&blocking->lock);
    g_cond_init(&blocking->changed);
    blocking->inner = memory_store_new(1000);
    blocking->ops = (StoreOps){
        .name = "blocking",
        .is_durable = TRUE,
        .free = blocking_free,
        .write = blocking_write,
        .get = blocking_get,
        .history = blocking_history,
        .ended_since = blocking_ended_since,
    };
    blocking->store.ops = &blocking->ops;
    return &blocking->store;
}

static void set(Store *store, gboolean *flag, gboolean value)
{
    BlockingStore *blocking = (BlockingStore *)store;

    g_mutex_lock(&blocking->lock);
    *flag = value;
    g_cond_broadcast(&blocking->changed);
    g_mutex_unlock(&blocking->lock);
}

void blocking_store_hold_writes(Store *store, gboolean is_held)
{
    set(store, &((BlockingStore *)store)->holds_writes, is_held);
}

void blocking_store_hold_reads(Store *store, gboolean is_held)
{
    set(store, &((BlockingStore *)store)->holds_reads, is_held);
}

void blocking_store_fail(Store *store, gboolean is_failing)
{
    set(store, &((BlockingStore *)store)->is_failing, is_failing);
}

static void wait_for(Store *store, const guint *inside)
{
    BlockingStore *blocking = (BlockingStore *)store;

    g_mutex_lock(&blocking->lock);
    while (!*inside)
        g_cond_wait(&blocking->changed, &blocking->lock);
    g_mutex_unlock(&blocking->lock);
}

void blocking_store_wait_for_reader(Store *store)
{
    wait_for(store, &((BlockingStore *)store)->readers);
}

void blocking_store_wait_for_writer(Store *store)
{
    wait_for(store, &((BlockingStore *)store)->writers);
}
