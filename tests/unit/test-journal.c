/* service/journal over a store that does as the test says. */
#include "service/journal.h"

#include <string.h>

#include "base/log.h"

/* A store double: it fails, blocks, and remembers what it took. */
typedef struct {
    Store store;
    GMutex lock;
    GCond changed;
    GString *taken; /* callId:rev of every record, in order */
    guint groups;
    guint most_in_group;
    guint failures_left;
    gboolean is_blocked;
    guint forgets;
    gint64 settled; /* the sum of the ids */
    guint trims;
    guint put_off; /* parts of work */
} StubStore;

/* Called with the lock held. */
static gboolean is_let(StubStore *stub, GError **error)
{
    if (!stub->failures_left)
        return TRUE;
    stub->failures_left--;
    g_set_error_literal(error, STORE_ERROR, STORE_ERROR_FAILED, "the stub says no");
    return FALSE;
}

static gboolean stub_write(Store *store, Record *const *records, guint count, GError **error)
{
    StubStore *stub = (StubStore *)store;
    gboolean is_good;

    g_mutex_lock(&stub->lock);
    while (stub->is_blocked)
        g_cond_wait(&stub->changed, &stub->lock);
    is_good = is_let(stub, error);
    for (guint i = 0; is_good && i < count; i++)
        g_string_append_printf(stub->taken, "%s:%u ", records[i]->facts->call_id, records[i]->rev);
    stub->groups += is_good;
    stub->most_in_group = MAX(stub->most_in_group, count);
    g_mutex_unlock(&stub->lock);
    return is_good;
}

static gboolean stub_forget(Store *store, gint64 before_ms, guint most, guint *forgotten,
                            GError **error G_GNUC_UNUSED)
{
    StubStore *stub = (StubStore *)store;

    g_assert_cmpint(before_ms, <, g_get_real_time() / 1000);
    g_mutex_lock(&stub->lock);
    *forgotten = stub->forgets++ == 0 ? most : 0;
    g_cond_broadcast(&stub->changed);
    g_mutex_unlock(&stub->lock);
    return TRUE;
}

static gboolean stub_settle(Store *store, const gint64 *ids, guint count, GError **error)
{
    StubStore *stub = (StubStore *)store;
    gboolean is_good;

    g_mutex_lock(&stub->lock);
    is_good = is_let(stub, error);
    for (guint i = 0; is_good && i < count; i++)
        stub->settled += ids[i];
    g_cond_broadcast(&stub->changed);
    g_mutex_unlock(&stub->lock);
    return is_good;
}

static gboolean stub_trim(Store *store, gint64 before_ms, guint rows, guint most, guint *dropped,
                          GError **error G_GNUC_UNUSED)
{
    StubStore *stub = (StubStore *)store;

    g_assert_cmpint(before_ms, <, g_get_real_time() / 1000);
    g_assert_cmpuint(rows, ==, 7);
    g_mutex_lock(&stub->lock);
    *dropped = stub->trims++ == 0 ? most : 3;
    g_cond_broadcast(&stub->changed);
    g_mutex_unlock(&stub->lock);
    return TRUE;
}

static gint64 stub_catch_up_at(Store *store)
{
    StubStore *stub = (StubStore *)store;
    gint64 at_us;

    g_mutex_lock(&stub->lock);
    at_us = stub->put_off ? 0 : G_MAXINT64;
    g_mutex_unlock(&stub->lock);
    return at_us;
}

static gboolean stub_catch_up(Store *store, GError **error)
{
    StubStore *stub = (StubStore *)store;
    gboolean is_good;

    g_mutex_lock(&stub->lock);
    is_good = is_let(stub, error);
    stub->put_off -= is_good;
    g_cond_broadcast(&stub->changed);
    g_mutex_unlock(&stub->lock);
    return is_good;
}

static const StoreOps stub_ops = {.name = "stub",
                                  .is_durable = TRUE,
                                  .write = stub_write,
                                  .forget = stub_forget,
                                  .settle = stub_settle,
                                  .trim = stub_trim,
                                  .catch_up_at = stub_catch_up_at,
                                  .catch_up = stub_catch_up};

static void stub_init(StubStore *stub)
{
    *stub = (StubStore){.store.ops = &stub_ops, .taken = g_string_new(NULL)};
    g_mutex_init(&stub->lock);
    g_cond_init(&stub->changed);
}

static void stub_clear(StubStore *stub)
{
    g_string_free(stub->taken, TRUE);
    g_cond_clear(&stub->changed);
    g_mutex_clear(&stub->lock);
}

static void stub_block(StubStore *stub, gboolean is_blocked)
{
    g_mutex_lock(&stub->lock);
    stub->is_blocked = is_blocked;
    g_cond_broadcast(&stub->changed);
    g_mutex_unlock(&stub->lock);
}

/* As a step does it, which wakes the writer when others heard of the record. */
static JournalTicket append_quietly(Journal *journal, const char *call_id, guint rev)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    Record *record;
    JournalTicket ticket;

    facts->call_id = g_ref_string_new(call_id);
    facts->caller_id = g_ref_string_new("alice");
    facts->callee_id = g_ref_string_new("bob");
    record = record_new(facts);
    record->rev = rev;
    ticket = journal_append(journal, record);
    record_unref(record);
    return ticket;
}

static JournalTicket append(Journal *journal, const char *call_id, guint rev)
{
    JournalTicket ticket = append_quietly(journal, call_id, rev);

    journal_wake(journal);
    return ticket;
}

static void keep_quiet(LogLevel level G_GNUC_UNUSED, const char *line G_GNUC_UNUSED)
{
}

static gint errors; /* atomic: how many lines of that level were logged */

static void count_errors(LogLevel level, const char *line G_GNUC_UNUSED)
{
    if (level == LOG_LEVEL_ERROR)
        g_atomic_int_inc(&errors);
}

#define PATIENT (&(JournalOptions){.wait_us = 10 * G_USEC_PER_SEC, .max_waiting = 8})

static void test_records_arrive_in_order(void)
{
    StubStore stub;
    Journal *journal;
    JournalTicket last = 0;

    stub_init(&stub);
    journal = journal_new(&stub.store, PATIENT);
    for (guint rev = 1; rev <= 5; rev++)
        last = append(journal, "C", rev);
    g_assert_true(journal_wait(journal, last));
    g_assert_cmpstr(stub.taken->str, ==, "C:1 C:2 C:3 C:4 C:5 ");
    journal_free(journal);
    stub_clear(&stub);
}

static void note_done(gboolean is_committed, gpointer data)
{
    g_atomic_int_set((gint *)data, is_committed ? 1 : -1);
}

/* Did it not sleep by then, it would need nobody to wake it. */
static void let_writer_sleep(void)
{
    g_usleep(20 * 1000);
}

static void test_the_writer_sleeps_until_others_were_told(void)
{
    StubStore stub;
    Journal *journal;
    JournalStats stats;

    stub_init(&stub);
    journal = journal_new(&stub.store, PATIENT);
    let_writer_sleep();
    append_quietly(journal, "C", 1);
    let_writer_sleep();
    journal_stats(journal, &stats);
    g_assert_cmpuint(stats.committed, ==, 0);
    journal_wake(journal);
    do {
        g_thread_yield();
        journal_stats(journal, &stats);
    } while (stats.committed < 1);
    journal_free(journal);
    stub_clear(&stub);
}

/* Who appended a record may be long at telling others of it: neither who waits nor who appends another relies on it. */
static void test_nobody_relies_on_another_to_wake_the_writer(void)
{
    StubStore stub;
    Journal *journal;
    JournalStats stats;
    gint done = 0; /* atomic */

    stub_init(&stub);
    journal = journal_new(&stub.store, PATIENT);
    let_writer_sleep();
    g_assert_true(journal_wait(journal, append_quietly(journal, "C", 1)));
    let_writer_sleep();
    journal_then(journal, append_quietly(journal, "C", 2), note_done, &done);
    while (!g_atomic_int_get(&done))
        g_thread_yield();
    g_assert_cmpint(g_atomic_int_get(&done), ==, 1);
    let_writer_sleep();
    append_quietly(journal, "C", 3);
    append_quietly(journal, "C", 4);
    do {
        g_thread_yield();
        journal_stats(journal, &stats);
    } while (stats.committed < 4);
    g_assert_cmpstr(stub.taken->str, ==, "C:1 C:2 C:3 C:4 ");
    journal_free(journal);
    stub_clear(&stub);
}

static void test_what_gathers_is_one_group(void)
{
    StubStore stub;
    Journal *journal;
    JournalTicket last = 0;

    stub_init(&stub);
    stub_block(&stub, TRUE);
    journal = journal_new(&stub.store, PATIENT);
    for (guint rev = 1; rev <= 100; rev++)
        last = append(journal, "C", rev);
    stub_block(&stub, FALSE);
    g_assert_true(journal_wait(journal, last));
    g_assert_cmpuint(stub.groups, <=, 2);
    g_assert_cmpuint(stub.most_in_group, >=, 50);
    journal_free(journal);
    stub_clear(&stub);
}

static void test_slow_store_is_not_waited_for(void)
{
    StubStore stub;
    Journal *journal;
    gint64 from_us;

    stub_init(&stub);
    stub_block(&stub, TRUE);
    journal = journal_new(&stub.store, &(JournalOptions){.wait_us = 100 * 1000, .max_waiting = 8});
    from_us = g_get_monotonic_time();
    g_assert_false(journal_wait(journal, append(journal, "C", 1)));
    g_assert_cmpint(g_get_monotonic_time() - from_us, >=, 100 * 1000);
    /* Who comes next does not wait at all. */
    from_us = g_get_monotonic_time();
    g_assert_false(journal_wait(journal, append(journal, "C", 2)));
    g_assert_cmpint(g_get_monotonic_time() - from_us, <, 50 * 1000);
    stub_block(&stub, FALSE);
    journal_free(journal);
    g_assert_cmpstr(stub.taken->str, ==, "C:1 C:2 ");
    stub_clear(&stub);
}

static void test_ill_store_is_not_waited_for(void)
{
    StubStore stub;
    Journal *journal;
    JournalStats stats;

    stub_init(&stub);
    stub.failures_left = 1;
    journal = journal_new(&stub.store, PATIENT);
    /* Nobody waits for long: the failure itself wakes who waits, and then nobody begins to. */
    g_assert_false(journal_wait(journal, append(journal, "C", 1)));
    g_assert_false(journal_wait(journal, append(journal, "C", 2)));
    journal_stats(journal, &stats);
    g_assert_true(stats.is_ill);
    /* The probe finds it well, and what waited follows in order. */
    do {
        g_thread_yield();
        journal_stats(journal, &stats);
    } while (stats.is_ill);
    g_assert_true(journal_wait(journal, append(journal, "C", 3)));
    g_assert_cmpstr(stub.taken->str, ==, "C:1 C:2 C:3 ");
    journal_free(journal);
    stub_clear(&stub);
}

/* A store that hangs before it says what is wrong is slow first; the log still says what it was. */
static void test_why_is_logged_once(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    stub.failures_left = 2;
    stub_block(&stub, TRUE);
    g_atomic_int_set(&errors, 0);
    log_set_sink(count_errors);
    journal = journal_new(
        &stub.store, &(JournalOptions){.wait_us = 10 * 1000, .max_waiting = 8, .probe_us = 1000});
    g_assert_false(journal_wait(journal, append(journal, "C", 1)));
    stub_block(&stub, FALSE);
    while (!journal_wait(journal, append(journal, "C", 2)))
        g_thread_yield();
    g_assert_cmpint(g_atomic_int_get(&errors), ==, 1);
    journal_free(journal);
    log_set_sink(keep_quiet);
    stub_clear(&stub);
}

static void test_too_many_do_not_wait(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    stub_block(&stub, TRUE);
    journal = journal_new(&stub.store,
                          &(JournalOptions){.wait_us = G_USEC_PER_SEC * 60, .max_waiting = 0});
    g_assert_false(journal_wait(journal, append(journal, "C", 1)));
    stub_block(&stub, FALSE);
    journal_free(journal);
    stub_clear(&stub);
}

static void test_full_when_the_backlog_is_at_its_bound(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    stub_block(&stub, TRUE);
    journal = journal_new(&stub.store, PATIENT);
    for (guint i = 1; i < JOURNAL_BACKLOG_MOST; i++)
        append(journal, "C", i);
    g_assert_false(journal_is_full(journal));
    append(journal, "C", JOURNAL_BACKLOG_MOST);
    g_assert_true(journal_is_full(journal));
    stub_block(&stub, FALSE);
    journal_free(journal);
    stub_clear(&stub);
}

static void test_the_end_writes_what_is_left(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    journal = journal_new(&stub.store, PATIENT);
    append(journal, "C", 1);
    append(journal, "C", 2);
    journal_free(journal);
    g_assert_cmpstr(stub.taken->str, ==, "C:1 C:2 ");
    stub_clear(&stub);
}

static void test_the_end_does_not_wait_for_an_ill_store(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    stub.failures_left = G_MAXUINT;
    journal = journal_new(&stub.store, PATIENT);
    g_assert_false(journal_wait(journal, append(journal, "C", 1)));
    journal_free(journal);
    g_assert_cmpstr(stub.taken->str, ==, "");
    stub_clear(&stub);
}

static void test_old_calls_are_forgotten_in_small_groups(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    journal = journal_new(
        &stub.store,
        &(JournalOptions){.wait_us = 10 * G_USEC_PER_SEC, .max_waiting = 8, .keep_ms = 1000});
    g_mutex_lock(&stub.lock);
    /* The first group was full, so a second one follows soon. */
    while (stub.forgets < 2)
        g_cond_wait(&stub.changed, &stub.lock);
    g_mutex_unlock(&stub.lock);
    g_assert_true(journal_wait(journal, append(journal, "C", 1)));
    journal_free(journal);
    stub_clear(&stub);
}

/* --- the outbox --- */

static void count_commit(gpointer data)
{
    g_atomic_int_inc((gint *)data);
}

static void test_who_waits_is_told_of_a_commit(void)
{
    StubStore stub;
    Journal *journal;
    gint commits = 0;

    stub_init(&stub);
    journal = journal_new(&stub.store, &(JournalOptions){.wait_us = 10 * G_USEC_PER_SEC,
                                                         .max_waiting = 8,
                                                         .committed = count_commit,
                                                         .committed_data = &commits});
    g_assert_true(journal_wait(journal, append(journal, "C", 1)));
    g_assert_cmpint(g_atomic_int_get(&commits), ==, 1);
    journal_free(journal);
    stub_clear(&stub);
}

static void test_what_was_delivered_is_forgotten(void)
{
    StubStore stub;
    Journal *journal;
    gint64 ids[1000];

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        ids[i] = i;
    stub_init(&stub);
    stub.failures_left = 1;
    journal = journal_new(&stub.store, &(JournalOptions){.probe_us = 1000});
    journal_settle(journal, ids, G_N_ELEMENTS(ids));
    g_mutex_lock(&stub.lock);
    while (stub.settled < 999 * 1000 / 2)
        g_cond_wait(&stub.changed, &stub.lock);
    g_mutex_unlock(&stub.lock);
    journal_settle(journal, (gint64[]){7}, 1);
    journal_free(journal);
    g_assert_cmpint(stub.settled, ==, 999 * 1000 / 2 + 7);
    stub_clear(&stub);
}

static void test_the_outbox_is_kept_within_its_bounds(void)
{
    StubStore stub;
    Journal *journal;
    JournalStats stats;

    stub_init(&stub);
    journal = journal_new(&stub.store, &(JournalOptions){.outbox_ms = 1000, .outbox_rows = 7});
    g_mutex_lock(&stub.lock);
    while (stub.trims < 2)
        g_cond_wait(&stub.changed, &stub.lock);
    g_mutex_unlock(&stub.lock);
    do
        journal_stats(journal, &stats);
    while (stats.dropped < 503);
    g_assert_cmpuint(stats.dropped, ==, 503);
    journal_free(journal);
    stub_clear(&stub);
}

/* --- what the store puts off --- */

/* Also when that fails once; and no record waits for all of it. */
static void test_what_is_put_off_is_done_when_nothing_comes(void)
{
    StubStore stub;
    Journal *journal;

    stub_init(&stub);
    stub.put_off = 3;
    stub.failures_left = 1;
    journal =
        journal_new(&stub.store, &(JournalOptions){.wait_us = G_USEC_PER_SEC, .probe_us = 1000});
    g_mutex_lock(&stub.lock);
    while (stub.put_off > 0)
        g_cond_wait(&stub.changed, &stub.lock);
    g_mutex_unlock(&stub.lock);
    journal_free(journal);
    stub_clear(&stub);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_sink(keep_quiet);
    g_test_add_func("/journal/records-arrive-in-order", test_records_arrive_in_order);
    g_test_add_func("/journal/the-writer-sleeps-until-others-were-told",
                    test_the_writer_sleeps_until_others_were_told);
    g_test_add_func("/journal/nobody-relies-on-another-to-wake-the-writer",
                    test_nobody_relies_on_another_to_wake_the_writer);
    g_test_add_func("/journal/what-gathers-is-one-group", test_what_gathers_is_one_group);
    g_test_add_func("/journal/slow-store-is-not-waited-for", test_slow_store_is_not_waited_for);
    g_test_add_func("/journal/ill-store-is-not-waited-for", test_ill_store_is_not_waited_for);
    g_test_add_func("/journal/why-is-logged-once", test_why_is_logged_once);
    g_test_add_func("/journal/too-many-do-not-wait", test_too_many_do_not_wait);
    g_test_add_func("/journal/full-when-the-backlog-is-at-its-bound",
                    test_full_when_the_backlog_is_at_its_bound);
    g_test_add_func("/journal/the-end-writes-what-is-left", test_the_end_writes_what_is_left);
    g_test_add_func("/journal/the-end-does-not-wait-for-an-ill-store",
                    test_the_end_does_not_wait_for_an_ill_store);
    g_test_add_func("/journal/old-calls-are-forgotten-in-small-groups",
                    test_old_calls_are_forgotten_in_small_groups);
    g_test_add_func("/journal/who-waits-is-told-of-a-commit", test_who_waits_is_told_of_a_commit);
    g_test_add_func("/journal/what-was-delivered-is-forgotten",
                    test_what_was_delivered_is_forgotten);
    g_test_add_func("/journal/what-is-put-off-is-done-when-nothing-comes",
                    test_what_is_put_off_is_done_when_nothing_comes);
    g_test_add_func("/journal/the-outbox-is-kept-within-its-bounds",
                    test_the_outbox_is_kept_within_its_bounds);
    return g_test_run();
}
