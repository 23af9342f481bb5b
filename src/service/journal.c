/* SCHED_BATCH */
#define _GNU_SOURCE
#include "service/journal.h"

#include <sched.h>
#include <string.h>

#include "base/log.h"

/* A group that is larger gains nothing, and keeps those who wait for its first record. */
#define GROUP_MOST 512
/* Under load a commit waits for company: it costs as much as a dozen records, and of a call that is over by then only the end is
 * written. Not for long, not when none comes, and the first one after a pause not at all. Where replies wait for a short time
 * only, it takes no more than its share of that: the rest is the store's. */
#define GATHER_US (10 * 1000)
#define GATHER_SHARE 4
#define GATHER_MOST 256
/* None comes: for so long. After a group of many, of whom most are expected again, it is no pause yet: threads take turns. When most of
 * them are there, and wait for the commit themselves, less is one; also of a few. */
#define GATHER_QUIET_US 300
#define GATHER_FEW 4
#define GATHER_MANY 16
#define GATHER_MANY_QUIET_US 3000
#define GATHER_EXPECTED_QUIET_US 50
#define PROBE_US G_USEC_PER_SEC
/* Retention: so many calls at once, so long before the next ones, and so long when none are left.
 */
#define FORGET_MOST 50
#define FORGET_PAUSE_US (100 * 1000)
#define FORGET_EVERY_US (60 * G_USEC_PER_SEC)
/* The same for the outbox, whose bound is a number too. */
#define TRIM_MOST 500
#define TRIM_PAUSE_US (20 * 1000)
#define TRIM_EVERY_US (5 * G_USEC_PER_SEC)
/* Deliveries are forgotten in groups while records come, and at once when there are none. */
#define SETTLE_MOST 256

struct Journal {
    Store *store;
    JournalOptions options;
    GThread *writer;
    gint64 tidy_us;   /* when the store next forgets old calls; the writer's own */
    gint64 trim_us;   /* and looks whether the outbox is within its bounds; the same */
    gint64 gather_us; /* how long a commit waits for company at most */
    gint64 wrote_us;  /* when the last group was done; the same */
    guint wrote;      /* and how many records it had */
    gint64 settle_us; /* after a failure, when it is tried again; the same */
    gint64 retry_us;  /* the same of what the store puts off */

    GMutex lock;
    GCond work;      /* something was appended, or the end */
    GCond committed; /* a group is in, or the store fell ill */
    GQueue queue;    /* of Record: appended, not committed */
    guint enough;    /* as soon as so many are there, the writer wants to know */
    /* The first of the queue came, and the writer was not told yet. */
    gboolean is_new;
    GArray *settled; /* of gint64: events to forget */
    GQueue waiters;  /* of Waiter, in the order in which they came: whoever wait without a thread */
    JournalStats stats;
    gboolean is_failing; /* it refused the last group; it is ill also when it is only slow */
    gboolean is_stopping;
};

/* Who is called back instead of waiting. */
typedef struct {
    JournalTicket ticket;
    gint64 until_us;
    gboolean is_committed;
    JournalDone done;
    gpointer data;
} Waiter;

static gboolean may_wait(const Journal *journal, JournalTicket ticket)
{
    return journal->stats.committed < ticket && !journal->stats.is_ill && !journal->is_stopping;
}

/* Those who need not wait any more. Tickets are given in the order in which they are waited for, but
 * for a few that are late: those go with the next group at the latest. Called with the lock held. */
static void take_served(Journal *journal, GQueue *served)
{
    Waiter *waiter;

    while ((waiter = g_queue_peek_head(&journal->waiters)) && !may_wait(journal, waiter->ticket)) {
        waiter->is_committed = journal->stats.committed >= waiter->ticket;
        g_queue_push_tail(served, g_queue_pop_head(&journal->waiters));
    }
}

/* With no lock held. */
static void tell_served(GQueue *served)
{
    Waiter *waiter;

    while ((waiter = g_queue_pop_head(served))) {
        waiter->done(waiter->is_committed, waiter->data);
        g_free(waiter);
    }
}

/* Called and returns with the lock held; calls them without it. */
static void serve_waiters(Journal *journal)
{
    GQueue served = G_QUEUE_INIT;

    take_served(journal, &served);
    if (!served.length)
        return;
    g_mutex_unlock(&journal->lock);
    tell_served(&served);
    g_mutex_lock(&journal->lock);
}

/* Borrows the oldest records; they stay in the queue until they are committed. */
static guint peek_group(Journal *journal, Record **group)
{
    guint count = 0;

    for (const GList *link = journal->queue.head; link && count < GROUP_MOST; link = link->next)
        group[count++] = link->data;
    return count;
}

static void drop_group(Journal *journal, guint count)
{
    journal->stats.commits++;
    for (guint i = 0; i < count; i++)
        record_unref(g_queue_pop_head(&journal->queue));
    journal->stats.committed += count;
}

static void note_illness(Journal *journal, const GError *error)
{
    if (!journal->is_failing)
        log_line(LOG_LEVEL_ERROR,
                 "The store does not take records (%s): calls go on, replies say durable:false",
                 error->message);
    journal->is_failing = TRUE;
    journal->stats.is_ill = TRUE;
    journal->stats.failures++;
}

static void note_health(Journal *journal)
{
    if (journal->stats.is_ill)
        log_line(LOG_LEVEL_WARN, "The store is well again; %u records follow",
                 journal->queue.length);
    journal->is_failing = FALSE;
    journal->stats.is_ill = FALSE;
}

/* Most of as many as last time; 0: of very few nothing is known. */
static guint count_expected(const Journal *journal)
{
    return journal->wrote < GATHER_FEW ? 0 : MIN(journal->wrote * 3 / 4, GATHER_MOST);
}

/* They are there, and most senders wait: these send nothing before the commit. */
static gboolean are_all_there(const Journal *journal)
{
    guint expected = count_expected(journal);
    guint waiting = journal->stats.waiting_replies + journal->waiters.length;

    return expected && journal->queue.length >= expected && waiting >= journal->queue.length / 2;
}

/* How long nobody must come until nobody does. */
static gint64 quiet_us(const Journal *journal)
{
    if (are_all_there(journal))
        return GATHER_EXPECTED_QUIET_US;
    return journal->wrote < GATHER_MANY ? GATHER_QUIET_US : GATHER_MANY_QUIET_US;
}

/* Until then, or until so many are there that it may not be worth it. Called and returns with the lock held. */
static void wait_for_company(Journal *journal, gint64 until_us)
{
    guint expected = count_expected(journal);

    journal->enough = journal->queue.length < expected ? expected : GATHER_MOST;
    while (journal->queue.length < journal->enough && !journal->is_stopping &&
           g_cond_wait_until(&journal->work, &journal->lock, until_us))
        ;
}

/* The same. */
static void gather_group(Journal *journal)
{
    gint64 until_us = journal->wrote_us + journal->gather_us;
    gint64 now_us = g_get_monotonic_time();
    guint were = 0;

    journal->is_new = FALSE;
    while (now_us < until_us && journal->queue.length > were &&
           journal->queue.length < GATHER_MOST && !journal->is_stopping) {
        were = journal->queue.length;
        wait_for_company(journal, MIN(now_us + quiet_us(journal), until_us));
        now_us = g_get_monotonic_time();
    }
}

/* Called and returns with the lock held; writes without it. */
static gboolean write_group(Journal *journal)
{
    Record *group[GROUP_MOST];
    guint count = peek_group(journal, group);
    g_autoptr(GError) error = NULL;
    gboolean is_written;

    g_mutex_unlock(&journal->lock);
    is_written = journal->store->ops->write(journal->store, group, count, &error);
    if (is_written && journal->options.committed)
        journal->options.committed(journal->options.committed_data);
    g_mutex_lock(&journal->lock);
    journal->wrote_us = g_get_monotonic_time();
    journal->wrote = count;
    if (is_written) {
        drop_group(journal, count);
        note_health(journal);
    } else {
        note_illness(journal, error);
    }
    g_cond_broadcast(&journal->committed);
    serve_waiters(journal);
    return is_written;
}

static void wait_for_probe(Journal *journal)
{
    gint64 probe_us = g_get_monotonic_time() + journal->options.probe_us;

    while (!journal->is_stopping && g_cond_wait_until(&journal->work, &journal->lock, probe_us))
        ;
}

/* Old calls go in small groups between others' records. Called and returns with the lock held. */
static void forget_old_calls(Journal *journal)
{
    gint64 before_ms = g_get_real_time() / 1000 - journal->options.keep_ms;
    g_autoptr(GError) error = NULL;
    guint forgotten = 0;

    g_mutex_unlock(&journal->lock);
    if (!journal->store->ops->forget(journal->store, before_ms, FORGET_MOST, &forgotten, &error))
        log_line(LOG_LEVEL_WARN, "Old calls could not be forgotten: %s", error->message);
    journal->tidy_us =
        g_get_monotonic_time() + (forgotten == FORGET_MOST ? FORGET_PAUSE_US : FORGET_EVERY_US);
    g_mutex_lock(&journal->lock);
}

static gboolean is_time_to_tidy(const Journal *journal)
{
    return !journal->stats.is_ill && journal->tidy_us <= g_get_monotonic_time();
}

/* --- the outbox; each is called and returns with the lock held --- */

static void trim_outbox(Journal *journal)
{
    gint64 before_ms = g_get_real_time() / 1000 - journal->options.outbox_ms;
    guint rows = journal->options.outbox_rows;
    g_autoptr(GError) error = NULL;
    guint dropped = 0;

    g_mutex_unlock(&journal->lock);
    if (!journal->store->ops->trim(journal->store, before_ms, rows, TRIM_MOST, &dropped, &error))
        log_line(LOG_LEVEL_WARN, "The outbox could not be trimmed: %s", error->message);
    journal->trim_us =
        g_get_monotonic_time() + (dropped == TRIM_MOST ? TRIM_PAUSE_US : TRIM_EVERY_US);
    g_mutex_lock(&journal->lock);
    journal->stats.dropped += dropped;
}

static gboolean is_time_to_trim(const Journal *journal)
{
    return !journal->stats.is_ill && journal->trim_us <= g_get_monotonic_time();
}

static void note_unsettled(Journal *journal, const GError *error)
{
    log_line(LOG_LEVEL_WARN, "Events that were delivered could not be taken out of the outbox: %s",
             error->message);
    journal->settle_us = g_get_monotonic_time() + journal->options.probe_us;
}

static void settle_group(Journal *journal)
{
    gint64 group[SETTLE_MOST];
    guint count = MIN(journal->settled->len, SETTLE_MOST);
    g_autoptr(GError) error = NULL;
    gboolean is_settled;

    memcpy(group, journal->settled->data, count * sizeof(gint64));
    g_mutex_unlock(&journal->lock);
    is_settled = journal->store->ops->settle(journal->store, group, count, &error);
    g_mutex_lock(&journal->lock);
    if (is_settled)
        g_array_remove_range(journal->settled, 0, count);
    else
        note_unsettled(journal, error);
}

static gboolean is_time_to_settle(const Journal *journal)
{
    guint enough = journal->queue.length ? SETTLE_MOST : 1;

    return journal->settled->len >= enough && !journal->stats.is_ill &&
           journal->settle_us <= g_get_monotonic_time();
}

/* --- what the store puts off --- */

/* When a part of it is due: while records wait it does that with these. */
static gint64 catch_up_at(const Journal *journal)
{
    Store *store = journal->store;

    if (!store->ops->catch_up || journal->stats.is_ill)
        return G_MAXINT64;
    return MAX(store->ops->catch_up_at(store), journal->retry_us);
}

/* Called and returns with the lock held. */
static void catch_up(Journal *journal)
{
    g_autoptr(GError) error = NULL;

    g_mutex_unlock(&journal->lock);
    if (!journal->store->ops->catch_up(journal->store, &error)) {
        log_line(LOG_LEVEL_WARN, "The store could not do what it had put off: %s", error->message);
        journal->retry_us = g_get_monotonic_time() + journal->options.probe_us;
    }
    g_mutex_lock(&journal->lock);
}

/* --- the thread --- */

/* Called and returns with the lock held. */
static void wait_for_work(Journal *journal)
{
    gint64 until_us = MIN(MIN(journal->tidy_us, journal->trim_us), catch_up_at(journal));

    if (journal->settled->len)
        until_us = MIN(until_us, journal->settle_us);
    if (until_us == G_MAXINT64)
        g_cond_wait(&journal->work, &journal->lock);
    else
        g_cond_wait_until(&journal->work, &journal->lock, until_us);
}

/* Waking it interrupts nobody: whoever appends a record has an event to send yet, and may have the only core. */
static void let_others_finish(void)
{
#ifdef SCHED_BATCH
    sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
#endif
}

static gpointer write_records(gpointer data)
{
    Journal *journal = data;

    let_others_finish();

    g_mutex_lock(&journal->lock);
    for (;;) {
        if (is_time_to_tidy(journal))
            forget_old_calls(journal);
        if (is_time_to_trim(journal))
            trim_outbox(journal);
        /* Between two groups of records, not before all of them. */
        if (is_time_to_settle(journal)) {
            settle_group(journal);
            if (journal->queue.length == 0)
                continue;
        }
        if (journal->queue.length == 0) {
            if (journal->is_stopping)
                break;
            if (catch_up_at(journal) <= g_get_monotonic_time())
                catch_up(journal);
            else
                wait_for_work(journal);
            continue;
        }
        gather_group(journal);
        if (write_group(journal))
            continue;
        if (journal->is_stopping)
            break;
        wait_for_probe(journal);
    }
    serve_waiters(journal);
    g_mutex_unlock(&journal->lock);
    return NULL;
}

Journal *journal_new(Store *store, const JournalOptions *options)
{
    Journal *journal = g_new0(Journal, 1);

    journal->store = store;
    journal->options = *options;
    if (!journal->options.probe_us)
        journal->options.probe_us = PROBE_US;
    journal->gather_us = MIN(GATHER_US, options->wait_us / GATHER_SHARE);
    journal->tidy_us = options->keep_ms ? g_get_monotonic_time() : G_MAXINT64;
    journal->trim_us = options->outbox_rows ? g_get_monotonic_time() : G_MAXINT64;
    journal->settled = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_mutex_init(&journal->lock);
    g_cond_init(&journal->work);
    g_cond_init(&journal->committed);
    g_queue_init(&journal->queue);
    g_queue_init(&journal->waiters);
    journal->writer = g_thread_new("call-store", write_records, journal);
    return journal;
}

static void drop_record(gpointer record)
{
    record_unref(record);
}

void journal_free(Journal *journal)
{
    if (!journal)
        return;
    g_mutex_lock(&journal->lock);
    journal->is_stopping = TRUE;
    g_cond_broadcast(&journal->work);
    g_mutex_unlock(&journal->lock);
    g_thread_join(journal->writer);
    g_assert(journal->waiters.length == 0);
    if (journal->queue.length)
        log_line(LOG_LEVEL_ERROR, "%u records could not be written before the end",
                 journal->queue.length);
    g_queue_clear_full(&journal->queue, drop_record);
    g_array_unref(journal->settled);
    g_cond_clear(&journal->work);
    g_cond_clear(&journal->committed);
    g_mutex_clear(&journal->lock);
    g_free(journal);
}

/* Called with the lock held. */
static void wake_writer(Journal *journal)
{
    journal->is_new = FALSE;
    g_cond_signal(&journal->work);
}

/* The same. */
static void wake_for_new(Journal *journal)
{
    if (journal->is_new)
        wake_writer(journal);
}

JournalTicket journal_append(Journal *journal, Record *record)
{
    JournalTicket ticket;

    g_mutex_lock(&journal->lock);
    g_queue_push_tail(&journal->queue, record_ref(record));
    ticket = ++journal->stats.appended;
    /* Who comes second does not rely on who came first. */
    if (journal->is_new || journal->queue.length == journal->enough)
        wake_writer(journal);
    else
        journal->is_new = journal->queue.length == 1;
    g_mutex_unlock(&journal->lock);
    return ticket;
}

void journal_wake(Journal *journal)
{
    g_mutex_lock(&journal->lock);
    wake_for_new(journal);
    g_mutex_unlock(&journal->lock);
}

void journal_settle(Journal *journal, const gint64 *ids, guint count)
{
    g_mutex_lock(&journal->lock);
    g_array_append_vals(journal->settled, ids, count);
    g_cond_signal(&journal->work);
    g_mutex_unlock(&journal->lock);
}

JournalTicket journal_latest(Journal *journal)
{
    JournalTicket ticket;

    g_mutex_lock(&journal->lock);
    ticket = journal->stats.appended;
    g_mutex_unlock(&journal->lock);
    return ticket;
}

gboolean journal_is_full(Journal *journal)
{
    gboolean is_full;

    g_mutex_lock(&journal->lock);
    is_full = journal->queue.length >= JOURNAL_BACKLOG_MOST;
    g_mutex_unlock(&journal->lock);
    return is_full;
}

/* A store that takes longer than anybody waits is as good as ill: who comes next does not wait. */
static void note_lateness(Journal *journal, JournalTicket ticket)
{
    if (!may_wait(journal, ticket))
        return;
    log_line(LOG_LEVEL_WARN, "The store is slow: replies say durable:false until it has caught up");
    journal->stats.is_ill = TRUE;
}

gboolean journal_wait(Journal *journal, JournalTicket ticket)
{
    gint64 until_us = g_get_monotonic_time() + journal->options.wait_us;
    gboolean is_committed;

    g_mutex_lock(&journal->lock);
    if (may_wait(journal, ticket) &&
        journal->stats.waiting_replies < journal->options.max_waiting) {
        journal->stats.waiting_replies++;
        wake_for_new(journal);
        while (may_wait(journal, ticket) &&
               g_cond_wait_until(&journal->committed, &journal->lock, until_us))
            ;
        journal->stats.waiting_replies--;
        note_lateness(journal, ticket);
    }
    is_committed = journal->stats.committed >= ticket;
    g_mutex_unlock(&journal->lock);
    return is_committed;
}

/* --- without a thread --- */

gint64 journal_then(Journal *journal, JournalTicket ticket, JournalDone done, gpointer data)
{
    Waiter waiter = {.ticket = ticket, .done = done, .data = data};
    gboolean is_waiting;

    waiter.until_us = g_get_monotonic_time() + journal->options.wait_us;
    g_mutex_lock(&journal->lock);
    is_waiting = may_wait(journal, ticket);
    waiter.is_committed = journal->stats.committed >= ticket;
    if (is_waiting) {
        g_queue_push_tail(&journal->waiters, g_memdup2(&waiter, sizeof waiter));
        wake_for_new(journal);
    }
    g_mutex_unlock(&journal->lock);
    if (is_waiting)
        return waiter.until_us;
    done(waiter.is_committed, data);
    return G_MAXINT64;
}

gint64 journal_deadline(Journal *journal)
{
    const Waiter *first;
    gint64 deadline_us;

    g_mutex_lock(&journal->lock);
    first = g_queue_peek_head(&journal->waiters);
    deadline_us = first ? first->until_us : G_MAXINT64;
    g_mutex_unlock(&journal->lock);
    return deadline_us;
}

void journal_expire(Journal *journal)
{
    const Waiter *first;

    g_mutex_lock(&journal->lock);
    first = g_queue_peek_head(&journal->waiters);
    if (first && first->until_us <= g_get_monotonic_time()) {
        note_lateness(journal, first->ticket);
        serve_waiters(journal);
    }
    g_mutex_unlock(&journal->lock);
}

void journal_stats(Journal *journal, JournalStats *stats)
{
    g_mutex_lock(&journal->lock);
    *stats = journal->stats;
    g_mutex_unlock(&journal->lock);
}
