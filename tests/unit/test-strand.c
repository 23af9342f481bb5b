#include "media/strand.h"

#define STRANDS 20
#define TASKS 500

typedef struct {
    Strand *strand;
    guint next;   /* without a lock: the strand's tasks do not run at the same time */
    gint running; /* atomic */
} Line;

typedef struct {
    Line *line;
    guint number;
} Job;

static void run_job(gpointer data)
{
    Job *job = data;

    g_assert_cmpint(g_atomic_int_add(&job->line->running, 1), ==, 0);
    g_assert_cmpuint(job->line->next++, ==, job->number);
    if (job->number % 50 == 0)
        g_thread_yield();
    g_atomic_int_add(&job->line->running, -1);
    g_free(job);
}

static void add_job(Line *line, guint number)
{
    Job *job = g_new(Job, 1);

    *job = (Job){line, number};
    strand_add(line->strand, run_job, job);
}

static void test_order(void)
{
    Workers *workers = workers_new(4);
    Line lines[STRANDS] = {0};

    for (guint i = 0; i < STRANDS; i++)
        lines[i].strand = strand_new(workers);
    for (guint number = 0; number < TASKS; number++) {
        for (guint i = 0; i < STRANDS; i++)
            add_job(&lines[i], number);
    }
    for (guint i = 0; i < STRANDS; i++)
        strand_unref(lines[i].strand);
    workers_free(workers);
    for (guint i = 0; i < STRANDS; i++)
        g_assert_cmpuint(lines[i].next, ==, TASKS);
}

/* --- one that hangs delays nobody else --- */

typedef struct {
    GMutex lock;
    GCond changed;
    gboolean is_open;
    gboolean was_passed;
} Gate;

static void wait_at(gpointer data)
{
    Gate *gate = data;

    g_mutex_lock(&gate->lock);
    while (!gate->is_open)
        g_cond_wait(&gate->changed, &gate->lock);
    g_mutex_unlock(&gate->lock);
}

static void pass(gpointer data)
{
    Gate *gate = data;

    g_mutex_lock(&gate->lock);
    gate->was_passed = TRUE;
    g_cond_broadcast(&gate->changed);
    g_mutex_unlock(&gate->lock);
}

static void test_slow_one(void)
{
    Workers *workers = workers_new(2);
    Strand *stuck = strand_new(workers);
    Strand *free_one = strand_new(workers);
    Gate gate = {0};

    g_mutex_init(&gate.lock);
    g_cond_init(&gate.changed);
    for (guint i = 0; i < 10; i++)
        strand_add(stuck, wait_at, &gate);
    strand_add(free_one, pass, &gate);
    g_mutex_lock(&gate.lock);
    while (!gate.was_passed)
        g_cond_wait(&gate.changed, &gate.lock);
    gate.is_open = TRUE;
    g_cond_broadcast(&gate.changed);
    g_mutex_unlock(&gate.lock);
    strand_unref(stuck);
    strand_unref(free_one);
    workers_free(workers);
    g_cond_clear(&gate.changed);
    g_mutex_clear(&gate.lock);
}

/* --- a task adds the next --- */

typedef struct {
    Strand *strand;
    guint left;
} Chain;

static void run_link(gpointer data)
{
    Chain *chain = data;

    if (--chain->left)
        strand_add(chain->strand, run_link, chain);
    else
        strand_unref(chain->strand);
}

static void test_chain(void)
{
    Workers *workers = workers_new(1);
    Chain chain = {strand_new(workers), 100};

    strand_add(chain.strand, run_link, &chain);
    workers_free(workers);
    g_assert_cmpuint(chain.left, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/strand/in-order-never-two-at-once", test_order);
    g_test_add_func("/strand/a-slow-one-delays-nobody-else", test_slow_one);
    g_test_add_func("/strand/a-task-may-add-another", test_chain);
    return g_test_run();
}
