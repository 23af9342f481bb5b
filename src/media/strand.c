#include "media/strand.h"

struct Workers {
    GThreadPool *pool;
    GMutex lock;
    GCond idle;
    guint busy; /* strands that have something to do */
};

struct Strand {
    gatomicrefcount refs;
    Workers *workers;
    GMutex lock;
    GQueue tasks;       /* of Task */
    gboolean is_queued; /* a worker has it, or will */
};

typedef struct {
    StrandTask run;
    gpointer data;
} Task;

static Task *next_task(Strand *strand)
{
    Task *task;

    g_mutex_lock(&strand->lock);
    task = g_queue_pop_head(&strand->tasks);
    if (!task)
        strand->is_queued = FALSE;
    g_mutex_unlock(&strand->lock);
    return task;
}

static void note_idle(Workers *workers)
{
    g_mutex_lock(&workers->lock);
    if (--workers->busy == 0)
        g_cond_signal(&workers->idle);
    g_mutex_unlock(&workers->lock);
}

/* One task, then the strand goes to the end of the line: others wait, too. */
static void work(gpointer data, gpointer user_data)
{
    Workers *workers = user_data;
    Strand *strand = data;
    Task *task = next_task(strand);

    if (task) {
        task->run(task->data);
        g_free(task);
        g_thread_pool_push(workers->pool, strand, NULL);
        return;
    }
    strand_unref(strand);
    note_idle(workers);
}

Workers *workers_new(guint threads)
{
    Workers *workers = g_new0(Workers, 1);

    g_mutex_init(&workers->lock);
    g_cond_init(&workers->idle);
    workers->pool = g_thread_pool_new(work, workers, (gint)threads, FALSE, NULL);
    return workers;
}

void workers_free(Workers *workers)
{
    if (!workers)
        return;
    g_mutex_lock(&workers->lock);
    while (workers->busy)
        g_cond_wait(&workers->idle, &workers->lock);
    g_mutex_unlock(&workers->lock);
    g_thread_pool_free(workers->pool, FALSE, TRUE);
    g_cond_clear(&workers->idle);
    g_mutex_clear(&workers->lock);
    g_free(workers);
}

Strand *strand_new(Workers *workers)
{
    Strand *strand = g_new0(Strand, 1);

    g_atomic_ref_count_init(&strand->refs);
    strand->workers = workers;
    g_mutex_init(&strand->lock);
    g_queue_init(&strand->tasks);
    return strand;
}

Strand *strand_ref(Strand *strand)
{
    g_atomic_ref_count_inc(&strand->refs);
    return strand;
}

void strand_unref(Strand *strand)
{
    if (!strand || !g_atomic_ref_count_dec(&strand->refs))
        return;
    g_assert(g_queue_is_empty(&strand->tasks));
    g_mutex_clear(&strand->lock);
    g_free(strand);
}

static void wake(Strand *strand)
{
    Workers *workers = strand->workers;

    g_mutex_lock(&workers->lock);
    workers->busy++;
    g_mutex_unlock(&workers->lock);
    g_thread_pool_push(workers->pool, strand_ref(strand), NULL);
}

void strand_add(Strand *strand, StrandTask run, gpointer data)
{
    Task *task = g_new(Task, 1);
    gboolean is_first;

    *task = (Task){run, data};
    g_mutex_lock(&strand->lock);
    g_queue_push_tail(&strand->tasks, task);
    is_first = !strand->is_queued;
    strand->is_queued = TRUE;
    g_mutex_unlock(&strand->lock);
    if (is_first)
        wake(strand);
}
