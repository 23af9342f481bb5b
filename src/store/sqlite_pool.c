#include "store/sqlite_private.h"

/* More would only wait for the same disk. Each holds three file descriptors and up to 2 MB of
 * cache. */
#define CONNECTIONS_MOST 8

struct Pool {
    const SqliteOptions *options;
    Unfiled *unfiled;
    GMutex lock;
    GCond returned;
    GQueue idle; /* of Connection; the one that was used last is the first */
    guint open;  /* idle ones and those in use */
};

Pool *pool_new(const SqliteOptions *options, Unfiled *unfiled)
{
    Pool *pool = g_new0(Pool, 1);

    pool->options = options;
    pool->unfiled = unfiled;
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->returned);
    g_queue_init(&pool->idle);
    return pool;
}

static void close_connection(gpointer connection)
{
    connection_close(connection);
}

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    g_assert(pool->open == pool->idle.length);
    g_queue_clear_full(&pool->idle, close_connection);
    g_cond_clear(&pool->returned);
    g_mutex_clear(&pool->lock);
    g_free(pool);
}

/* An idle connection, or NULL and the right to open one. */
static Connection *take_idle(Pool *pool)
{
    Connection *connection;

    g_mutex_lock(&pool->lock);
    while (pool->idle.length == 0 && pool->open == CONNECTIONS_MOST)
        g_cond_wait(&pool->returned, &pool->lock);
    connection = g_queue_pop_head(&pool->idle);
    if (!connection)
        pool->open++;
    g_mutex_unlock(&pool->lock);
    return connection;
}

static void give_up(Pool *pool)
{
    g_mutex_lock(&pool->lock);
    pool->open--;
    g_cond_signal(&pool->returned);
    g_mutex_unlock(&pool->lock);
}

Connection *pool_take(Pool *pool, GError **error)
{
    Connection *connection = take_idle(pool);

    if (!connection)
        connection = connection_open(pool->options, CONNECTION_READS, error);
    if (connection)
        connection->unfiled = pool->unfiled;
    else
        give_up(pool);
    return connection;
}

void pool_give(Pool *pool, Connection *connection)
{
    if (!connection_roll_back(connection)) {
        connection_close(connection);
        give_up(pool);
        return;
    }
    g_mutex_lock(&pool->lock);
    g_queue_push_head(&pool->idle, connection);
    g_cond_signal(&pool->returned);
    g_mutex_unlock(&pool->lock);
}
