/* The SQLite store on a disk that fails: the n-th operation, for n = 1, 2, ... until none is left
 * to fail. Whatever write() said TRUE to is there afterwards; what it did not is there as a whole
 * or not at all; and the store works again when the fault is over, without being opened anew. */
#include <sqlite3.h>
#include <string.h>

#include "fault-vfs.h"
#include "store-calls.h"
#include "store/sqlite_private.h"

#define CALLS 20
/* Calls that are always written together, so they must always have the same revision. */
#define GROUP 4
#define NOW_MS 900000

typedef struct {
    const char *name;
    Fault fault;
    /* Nothing reaches the disk any more, and then it ends: a kill at that moment. Otherwise the
     * fault is lifted, and the store goes on. */
    gboolean is_kill;
    gboolean sync_full;
    /* Where there are very many operations: one in so many, unless with -m slow. */
    guint stride;
} Disk;

static const Disk disks[] = {
    {.name = "an-error-once", .fault = {.operations = FAULT_ANY_FILE}, .sync_full = TRUE},
    {.name = "errors-for-a-while", .fault = {.operations = FAULT_ANY_FILE, .lasts = TRUE}},
    {.name = "a-kill", .fault = {.operations = FAULT_ANY_FILE, .lasts = TRUE}, .is_kill = TRUE},
    {.name = "a-kill-in-mid-write",
     .fault = {.operations = FAULT_WRITE, .lasts = TRUE, .is_short = TRUE},
     .is_kill = TRUE,
     .sync_full = TRUE},
    {.name = "full-once",
     .fault = {.operations = FAULT_WRITE, .code = SQLITE_FULL, .is_short = TRUE}},
    {.name = "full-for-a-while",
     .fault = {.operations = FAULT_WRITE, .lasts = TRUE, .code = SQLITE_FULL, .is_short = TRUE}},
    {.name = "busy-once",
     .fault = {.operations = FAULT_LOCK | FAULT_SHM_LOCK, .code = SQLITE_BUSY}},
    {.name = "busy-for-a-while",
     .fault = {.operations = FAULT_LOCK, .lasts = TRUE, .code = SQLITE_BUSY}},
    {.name = "no-memory-once", .fault = {.operations = FAULT_MEMORY}, .stride = 23},
    {.name = "no-memory-for-a-while",
     .fault = {.operations = FAULT_MEMORY, .lasts = TRUE},
     .stride = 23},
    {.name = "a-sync-fails-once", .fault = {.operations = FAULT_SYNC}, .sync_full = TRUE},
};

typedef struct {
    const Disk *disk;
    char *folder;
    char *path;
    Store *store;         /* NULL: could not be opened */
    guint tried[CALLS];   /* the last revision of each call that was given to write() */
    guint written[CALLS]; /* the last one that it said TRUE to */
    guint failures;
} Run;

/* --- the scenario --- */

/* All of a call share its facts, as they do in the service: the store remembers calls by them. */
static CallFacts *facts_of[CALLS];

static Record *make_revision(guint number, guint rev)
{
    static const CallState states[] = {CALL_RINGING, CALL_ACCEPTED, CALL_ENDED};
    static const CallState unanswered[] = {CALL_RINGING, CALL_RINGING, CALL_TIMEOUT};
    g_autofree char *id = g_strdup_printf("c%u", number);

    Record *record = CALL(.id = id, .created_ms = 1000 + number / 3, .rev = rev,
                          .caller = number % 3 ? "alice" : "carol",
                          .status = number % 2 ? states[rev - 1] : unanswered[rev - 1]);

    if (!facts_of[number])
        facts_of[number] = call_facts_ref(record->facts);
    call_facts_unref(record->facts);
    record->facts = call_facts_ref(facts_of[number]);
    ref_string_set(&record->reason, "a reason that is long enough to need memory of its own");
    return record;
}

static void open_store(Run *run)
{
    g_autoptr(GError) error = NULL;

    run->store = sqlite_store_new(
        &(SqliteOptions){.path = run->path, .vfs = FAULT_VFS, .sync_full = run->disk->sync_full},
        &error);
    g_assert_true(run->store || g_error_matches(error, STORE_ERROR, STORE_ERROR_FAILED));
    if (run->store)
        store_announce_to(run->store, &test_announcer, NULL);
    /* The WAL is copied back in the middle of the scenario, too. */
    if (!run->store) {
        run->failures++;
        return;
    }
    sqlite3_wal_autocheckpoint(((SqliteStore *)run->store)->writer->handle, 20);
    /* And calls are filed in several transactions. */
    ((SqliteStore *)run->store)->writer->filing.slice_least = 11;
}

static void close_store(Run *run)
{
    store_free(run->store);
    run->store = NULL;
}

/* Without memory not even the end of one is sure: then the next write ends it. */
static void assert_no_transaction(const Run *run)
{
    const Connection *writer = ((SqliteStore *)run->store)->writer;

    if (run->disk->fault.operations != FAULT_MEMORY)
        g_assert_true(sqlite3_get_autocommit(writer->handle));
}

static void write_group(Run *run, guint first, guint rev)
{
    g_autoptr(GPtrArray) group = records_new();
    g_autoptr(GError) error = NULL;

    if (!run->store)
        return;
    for (guint i = first; i < first + GROUP; i++) {
        g_ptr_array_add(group, make_revision(i, rev));
        run->tried[i] = rev;
    }
    if (!run->store->ops->write(run->store, (Record *const *)group->pdata, GROUP, &error)) {
        g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
        assert_no_transaction(run);
        run->failures++;
        return;
    }
    for (guint i = first; i < first + GROUP; i++)
        run->written[i] = rev;
}

/* recover() has its own revisions: 1000 more. */
static guint plain_rev(guint rev)
{
    return rev % 1000;
}

static guint check_call(const Run *run, guint number, const Record *record)
{
    guint rev = record ? plain_rev(record->rev) : 0;

    g_assert_cmpuint(rev, >=, run->written[number]);
    g_assert_cmpuint(rev, <=, run->tried[number]);
    if (record && record->cause != CAUSE_SERVER_RESTART) {
        g_autoptr(Record) expected = make_revision(number, rev);
        assert_same_record(record, expected);
    }
    return rev;
}

/* What can be read while the disk fails is right. */
static void look_at_call(Run *run, guint number)
{
    g_autofree char *id = g_strdup_printf("c%u", number);
    g_autoptr(GError) error = NULL;
    g_autoptr(Record) record = NULL;

    if (!run->store)
        return;
    record = run->store->ops->get(run->store, "bob", id, &error);
    if (error) {
        run->failures++;
        return;
    }
    check_call(run, number, record);
}

static void look_at_history(Run *run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) page = NULL;
    g_autofree char *next = NULL;

    if (!run->store)
        return;
    page = run->store->ops->history(run->store, "bob", HISTORY(.limit = 100), &next, &error);
    run->failures += page == NULL;
    if (page)
        g_assert_cmpuint(page->len % GROUP, ==, 0);
}

static void make_calls(Run *run, guint first, guint end)
{
    for (guint rev = 1; rev <= 3; rev++) {
        for (guint i = first; i < end; i += GROUP)
            write_group(run, i, rev);
        look_at_call(run, first);
        look_at_history(run);
    }
}

/* What came until now goes into the lists, a slice at a time, unless that fails. */
static void file_calls(Run *run)
{
    g_autoptr(GError) error = NULL;

    while (run->store && run->store->ops->catch_up_at(run->store) != G_MAXINT64) {
        if (run->store->ops->catch_up(run->store, &error))
            continue;
        g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
        run->failures++;
        return;
    }
}

/* A few of them, and the others stay for the end of the store or for the next one. */
static void file_some(Run *run, guint slices)
{
    g_autoptr(GError) error = NULL;

    for (guint i = 0; run->store && i < slices; i++) {
        if (run->store->ops->catch_up(run->store, &error))
            continue;
        run->failures++;
        return;
    }
}

static void recover_store(Run *run)
{
    g_autoptr(GError) error = NULL;

    if (run->store && !run->store->ops->recover(run->store, NOW_MS, NULL, &error))
        run->failures++;
}

/* A call that its caller sees end later than its callee, and that is then too old to keep. */
static void make_veiled(Run *run, guint rev, CallState veil_status)
{
    g_autoptr(Record) record =
        CALL(.id = "veiled", .caller = "erin", .callee = "frank", .created_ms = 1, .ended_ms = 2,
             .rev = rev, .is_veiled = TRUE, .veil_status = veil_status, .veil_ended_ms = 3);
    g_autoptr(GError) error = NULL;

    if (run->store && !run->store->ops->write(run->store, &record, 1, &error))
        run->failures++;
}

static void forget_old(Run *run)
{
    g_autoptr(GError) error = NULL;
    guint forgotten;

    if (run->store && !run->store->ops->forget(run->store, 500, 10, &forgotten, &error))
        run->failures++;
}

/* As many events as a backend took at once; none if it failed. */
#define DELIVERED 5

static void deliver_some(Run *run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = NULL;
    gint64 ids[DELIVERED];

    if (!run->store)
        return;
    rows = run->store->ops->pending(run->store, "a", 0, DELIVERED, &error);
    for (guint i = 0; rows && i < rows->len; i++)
        ids[i] = ((OutboxRow *)g_ptr_array_index(rows, i))->id;
    if (!rows || !run->store->ops->settle(run->store, ids, rows->len, &error))
        run->failures++;
}

/* What is on the disk at this moment, as a kill leaves it: whoever closes it well files what waits. */
static void kill_store(Run *run)
{
    const char *endings[] = {"", "-wal"};
    char *contents[G_N_ELEMENTS(endings)] = {NULL};
    gsize lengths[G_N_ELEMENTS(endings)];

    for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *path = g_strconcat(run->path, endings[i], NULL);

        g_file_get_contents(path, &contents[i], &lengths[i], NULL);
    }
    close_store(run);
    for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *path = g_strconcat(run->path, endings[i], NULL);

        if (contents[i])
            g_assert_true(g_file_set_contents(path, contents[i], (gssize)lengths[i], NULL));
        g_free(contents[i]);
    }
}

/* Twelve calls and half a veiled one, a restart after a kill, the other eight and the rest. */
static void play(Run *run)
{
    open_store(run);
    make_veiled(run, 1, CALL_RINGING);
    make_calls(run, 0, 12);
    file_some(run, 2);
    look_at_history(run);
    kill_store(run);
    open_store(run);
    recover_store(run);
    make_calls(run, 12, CALLS);
    file_calls(run);
    look_at_history(run);
    deliver_some(run);
    make_veiled(run, 1002, CALL_TIMEOUT);
    forget_old(run);
}

/* --- afterwards --- */

/* The store that lived through it takes a call and finds it. */
static void use_again(Run *run)
{
    if (!run->store)
        open_store(run);
    g_assert_nonnull(run->store);
    PUT(run->store, .id = "after", .callee = "dave", .status = CALL_REJECTED);
    assert_call(run->store, "dave", "after", "rejected/- 1");
    assert_history(run->store, "dave", HISTORY(.limit = 9), "after");
}

static gint64 ask_number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement;
    gint64 number;

    g_assert_cmpint(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* The last event of a call says what the call is, and no more calls than were delivered have none.
 */
static void check_events(sqlite3 *database, guint waiting)
{
    g_assert_cmpint(
        ask_number(database,
                   "SELECT count(*) FROM outbox JOIN calls ON calls.id = outbox.call "
                   "WHERE outbox.id = (SELECT max(id) FROM outbox AS o WHERE o.call = calls.id) "
                   "AND body <> call_id || ' ' || status"),
        ==, 0);
    g_assert_cmpint(ask_number(database, "SELECT count(*) FROM calls WHERE call_id LIKE 'c%' AND "
                                         "id NOT IN (SELECT call FROM outbox)"),
                    <=, DELIVERED);
    g_assert_cmpint(ask_number(database, "SELECT count(*) FROM outbox"), ==, waiting);
}

/* Whole in itself, and the lists say what the calls say. */
static void check_file(const Run *run)
{
    sqlite3 *database;

    g_assert_cmpint(sqlite3_open(run->path, &database), ==, SQLITE_OK);
    g_assert_cmpint(
        ask_number(database, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), ==, 1);
    g_assert_cmpint(
        ask_number(database, "SELECT count(*) FROM listings WHERE kind > 1"), ==,
        ask_number(database, "SELECT 2 * (count(ended_at) + count(closed_at)) FROM calls"));
    g_assert_cmpint(
        ask_number(database,
                   "SELECT count(*) FROM listings WHERE call NOT IN (SELECT id FROM calls)"),
        ==, 0);
    g_assert_cmpint(ask_number(database,
                               "SELECT count(*) FROM users WHERE "
                               "number NOT IN (SELECT user FROM listings) AND user_id "
                               "NOT IN (SELECT caller_id FROM calls WHERE closed_at IS NULL)"),
                    ==, 0);
    check_events(database, run->store->ops->waiting(run->store));
    sqlite3_close(database);
}

static guint stored_rev(Run *run, guint number)
{
    g_autofree char *id = g_strdup_printf("c%u", number);
    g_autoptr(GError) error = NULL;
    g_autoptr(Record) record = run->store->ops->get(run->store, "bob", id, &error);

    g_assert_no_error(error);
    return check_call(run, number, record);
}

static void check_calls(Run *run)
{
    g_autoptr(GPtrArray) history = read_history(run->store, "bob", HISTORY(.limit = 3));
    guint expected = 0;

    for (guint i = 0; i < CALLS; i++) {
        guint rev = stored_rev(run, i);

        g_assert_cmpuint(rev, ==, stored_rev(run, i - i % GROUP));
        expected += rev > 0;
    }
    g_assert_cmpuint(history->len, ==, expected);
}

/* Opened as after a restart, and looked at by SQLite's usual VFS. */
static void check_afterwards(Run *run)
{
    open_store(run);
    g_assert_nonnull(run->store);
    check_calls(run);
    check_file(run);
    recover_store(run);
    assert_history(run->store, "bob",
                   HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_RINGING), "");
    close_store(run);
}

/* --- the loop --- */

/* Returns how many operations were counted. */
static guint run_once(const Disk *disk, guint at, guint *failures)
{
    Run run = {.disk = disk, .folder = make_folder()};
    Fault fault = disk->fault;
    guint counted;

    fault.at = at;
    run.path = g_build_filename(run.folder, "calls.sqlite3", NULL);
    fault_vfs_arm(&fault);
    play(&run);
    if (disk->is_kill)
        close_store(&run);
    counted = fault_vfs_lift();
    *failures = run.failures;
    if (!disk->is_kill)
        use_again(&run);
    close_store(&run);
    check_afterwards(&run);
    g_free(run.path);
    remove_folder(run.folder);
    return counted;
}

static void test_disk(gconstpointer data)
{
    const Disk *disk = data;
    guint failures;
    guint stride = disk->stride && !g_test_slow() ? disk->stride : 1;
    guint operations = run_once(disk, 0, &failures);
    guint at = (guint)g_test_rand_int_range(0, (gint32)stride) + 1;
    guint noticed = 0;
    guint runs = 1;

    g_assert_cmpuint(failures, ==, 0);
    g_assert_cmpuint(operations, >, 0);
    for (; run_once(disk, at, &failures) >= at; at += stride) {
        noticed += failures > 0;
        runs++;
    }
    g_assert_cmpuint(failures, ==, 0);
    g_assert_cmpuint(at, >=, operations);
    g_assert_cmpuint(noticed, >, 0);
    g_test_message("%s: %u operations, %u runs, %u noticed the fault", disk->name, operations, runs,
                   noticed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fault_vfs_register();
    for (guint i = 0; i < G_N_ELEMENTS(disks); i++) {
        g_autofree char *path = g_strdup_printf("/store/faults/%s", disks[i].name);

        g_test_add_data_func(path, &disks[i], test_disk);
    }
    return g_test_run();
}
