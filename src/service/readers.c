#include "service/readers.h"

/* One that is stuck in a long list leaves another for the rest. */
#define THREADS 2

struct Readers {
    ReadersRun run;
    GThread *threads[THREADS];
    guint started;

    GMutex lock;
    GCond work; /* a job, or the end */
    GQueue jobs;
    guint idle; /* threads that wait for one */
    gboolean is_stopping;
};

static gpointer run_jobs(gpointer data)
{
    Readers *readers = data;
    gpointer job;

    g_mutex_lock(&readers->lock);
    for (;;) {
        job = g_queue_pop_head(&readers->jobs);
        if (job) {
            g_mutex_unlock(&readers->lock);
            readers->run(job);
            g_mutex_lock(&readers->lock);
            continue;
        }
        if (readers->is_stopping)
            break;
        readers->idle++;
        g_cond_wait(&readers->work, &readers->lock);
        readers->idle--;
    }
    g_mutex_unlock(&readers->lock);
    return NULL;
}

Readers *readers_new(ReadersRun run)
{
    Readers *readers = g_new0(Readers, 1);

    readers->run = run;
    g_mutex_init(&readers->lock);
    g_cond_init(&readers->work);
    g_queue_init(&readers->jobs);
    return readers;
}

void readers_free(Readers *readers)
{
    if (!readers)
        return;
    g_mutex_lock(&readers->lock);
    readers->is_stopping = TRUE;
    g_cond_broadcast(&readers->work);
    g_mutex_unlock(&readers->lock);
    for (guint i = 0; i < readers->started; i++)
        g_thread_join(readers->threads[i]);
    g_assert(readers->jobs.length == 0);
    g_cond_clear(&readers->work);
    g_mutex_clear(&readers->lock);
    g_free(readers);
}

/* With the lock held. */
static void wake_one(Readers *readers)
{
    if (readers->idle < readers->jobs.length && readers->started < THREADS) {
        readers->threads[readers->started] = g_thread_new("call-reader", run_jobs, readers);
        readers->started++;
    }
    g_cond_signal(&readers->work);
}

void readers_push(Readers *readers, gpointer job)
{
    g_mutex_lock(&readers->lock);
    g_queue_push_tail(&readers->jobs, job);
    wake_one(readers);
    g_mutex_unlock(&readers->lock);
}
