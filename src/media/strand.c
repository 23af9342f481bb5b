#include "media/strand.h"

struct Workers {
    GMutex lock;
    GCond changed;
    GQueue ready; /* of Strand, a reference each: those that have something to do */
    guint busy;   /* strands that a thread has taken */
    gboolean is_stopping;
    GThread **threads;
    guint count;
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

/* TRUE: it may have more to do. */
static gboolean do_one(Strand *strand)
{
    Task *task = next_task(strand);

    if (!task)
        return FALSE;
    task->run(task->data);
    g_free(task);
    return TRUE;
}

static gboolean has_work_or_may_get(Workers *workers)
{
    return !workers->is_stopping || workers->busy || !g_queue_is_empty(&workers->ready);
}

/* One task, then the strand goes to the end of the line: others wait, too. */
static void serve(Workers *workers, Strand *strand)
{
    gboolean has_more;

    workers->busy++;
    g_mutex_unlock(&workers->lock);
    has_more = do_one(strand);
    if (!has_more)
        strand_unref(strand);
    g_mutex_lock(&workers->lock);
    workers->busy--;
    if (has_more)
        g_queue_push_tail(&workers->ready, strand);
    g_cond_broadcast(&workers->changed);
}

static gpointer work(gpointer data)
{
    Workers *workers = data;
    Strand *strand;

    g_mutex_lock(&workers->lock);
    while (has_work_or_may_get(workers)) {
        strand = g_queue_pop_head(&workers->ready);
        if (strand)
            serve(workers, strand);
        else
            g_cond_wait(&workers->changed, &workers->lock);
    }
    g_mutex_unlock(&workers->lock);
    return NULL;
}

Workers *workers_new(guint threads)
{
    Workers *workers = g_new0(Workers, 1);

    g_mutex_init(&workers->lock);
    g_cond_init(&workers->changed);
    g_queue_init(&workers->ready);
    workers->count = threads;
    workers->threads = g_new(GThread *, threads);
    for (guint i = 0; i < threads; i++)
        workers->threads[i] = g_thread_new("call-media", work, workers);
    return workers;
}

void workers_free(Workers *workers)
{
    if (!workers)
        return;
    g_mutex_lock(&workers->lock);
    workers->is_stopping = TRUE;
    g_cond_broadcast(&workers->changed);
    g_mutex_unlock(&workers->lock);
    for (guint i = 0; i < workers->count; i++)
        g_thread_join(workers->threads[i]);
    g_free(workers->threads);
    g_cond_clear(&workers->changed);
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
    g_queue_push_tail(&workers->ready, strand_ref(strand));
    g_cond_signal(&workers->changed);
    g_mutex_unlock(&workers->lock);
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
