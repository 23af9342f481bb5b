#include "service/journal.h"

#include "base/log.h"

/* A group that is larger gains nothing, and keeps those who wait for its first record. */
#define GROUP_MOST 512
/* So many records may wait for an ill store before new calls are refused: some tens of megabytes. */
#define BACKLOG_MOST 100000
/* An ill store is asked this often whether it is well again. */
#define PROBE_US G_USEC_PER_SEC

struct Journal {
    Store *store;
    gint64 wait_us;
    guint max_waiting;
    GThread *writer;

    GMutex lock;
    GCond work;      /* something was appended, or the end */
    GCond committed; /* a group is in, or the store fell ill */
    GQueue queue;    /* of Record: appended, not committed */
    JournalStats stats;
    gboolean is_stopping;
};

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
    for (guint i = 0; i < count; i++)
        record_unref(g_queue_pop_head(&journal->queue));
    journal->stats.committed += count;
}

static void note_illness(Journal *journal, const GError *error)
{
    if (!journal->stats.is_ill)
        log_line(LOG_LEVEL_ERROR, "The store does not take records (%s): calls go on, replies say durable:false",
                 error->message);
    journal->stats.is_ill = TRUE;
    journal->stats.failures++;
}

static void note_health(Journal *journal)
{
    if (journal->stats.is_ill)
        log_line(LOG_LEVEL_WARN, "The store is well again; %u records follow", journal->queue.length);
    journal->stats.is_ill = FALSE;
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
    g_mutex_lock(&journal->lock);
    if (is_written) {
        drop_group(journal, count);
        note_health(journal);
    } else {
        note_illness(journal, error);
    }
    g_cond_broadcast(&journal->committed);
    return is_written;
}

static void wait_for_probe(Journal *journal)
{
    gint64 probe_us = g_get_monotonic_time() + PROBE_US;

    while (!journal->is_stopping && g_cond_wait_until(&journal->work, &journal->lock, probe_us))
        ;
}

static gpointer write_records(gpointer data)
{
    Journal *journal = data;

    g_mutex_lock(&journal->lock);
    for (;;) {
        if (journal->queue.length == 0) {
            if (journal->is_stopping)
                break;
            g_cond_wait(&journal->work, &journal->lock);
            continue;
        }
        if (write_group(journal))
            continue;
        if (journal->is_stopping)
            break;
        wait_for_probe(journal);
    }
    g_mutex_unlock(&journal->lock);
    return NULL;
}

Journal *journal_new(Store *store, gint64 wait_us, guint max_waiting)
{
    Journal *journal = g_new0(Journal, 1);

    journal->store = store;
    journal->wait_us = wait_us;
    journal->max_waiting = max_waiting;
    g_mutex_init(&journal->lock);
    g_cond_init(&journal->work);
    g_cond_init(&journal->committed);
    g_queue_init(&journal->queue);
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
    if (journal->queue.length)
        log_line(LOG_LEVEL_ERROR, "%u records could not be written before the end", journal->queue.length);
    g_queue_clear_full(&journal->queue, drop_record);
    g_cond_clear(&journal->work);
    g_cond_clear(&journal->committed);
    g_mutex_clear(&journal->lock);
    g_free(journal);
}

JournalTicket journal_append(Journal *journal, Record *record)
{
    JournalTicket ticket;

    g_mutex_lock(&journal->lock);
    g_queue_push_tail(&journal->queue, record_ref(record));
    ticket = ++journal->stats.appended;
    if (journal->queue.length == 1)
        g_cond_signal(&journal->work);
    g_mutex_unlock(&journal->lock);
    return ticket;
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
    is_full = journal->queue.length >= BACKLOG_MOST;
    g_mutex_unlock(&journal->lock);
    return is_full;
}

static gboolean may_wait(const Journal *journal, JournalTicket ticket)
{
    return journal->stats.committed < ticket && !journal->stats.is_ill && !journal->is_stopping;
}

gboolean journal_wait(Journal *journal, JournalTicket ticket)
{
    gint64 until_us = g_get_monotonic_time() + journal->wait_us;
    gboolean is_committed;

    g_mutex_lock(&journal->lock);
    if (may_wait(journal, ticket) && journal->stats.waiting_replies < journal->max_waiting) {
        journal->stats.waiting_replies++;
        while (may_wait(journal, ticket) && g_cond_wait_until(&journal->committed, &journal->lock, until_us))
            ;
        journal->stats.waiting_replies--;
    }
    is_committed = journal->stats.committed >= ticket;
    g_mutex_unlock(&journal->lock);
    return is_committed;
}

void journal_stats(Journal *journal, JournalStats *stats)
{
    g_mutex_lock(&journal->lock);
    *stats = journal->stats;
    g_mutex_unlock(&journal->lock);
}
