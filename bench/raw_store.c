/* What SQLite alone does: records of calls written as the plugin's journal writes them, in groups,
 * by one thread. A peer for benchmarks.
 *
 *   bench/raw_store --path FILE [--rows plain|store] [--calls N] [--pairs N] [--group N]
 *                   [--synchronous normal|full]
 *
 * A call is two records: ringing, and, after each of the other pairs had its turn, rejected. So many
 * records as --group says are one transaction. "plain" is one table with the call's columns and a
 * key, an INSERT and an UPDATE: the floor. "store" is the plugin's own store with its lists and
 * indices. The pragmas are the same.
 *
 * Prints one line of JSON: calls a second, and the processor's time for a thousand. FILE is made
 * anew. */
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/sqlite.h"

#define GROUP_MOST 4096

static struct {
    char *path;
    char *rows;
    char *synchronous;
    int calls;
    int pairs;
    int group;
} options = {.calls = 100000, .pairs = 64, .group = 64};

G_NORETURN static void give_up(const char *what)
{
    g_printerr("raw_store: %s\n", what);
    exit(1);
}

static gboolean is_full_sync(void)
{
    return strcmp(options.synchronous, "full") == 0;
}

/* --- records --- */

static Record *ring(int number)
{
    CallFacts *facts = call_facts_new();
    g_autofree char *call_id = g_strdup_printf("CALL_%016x%016x", number, number);
    g_autofree char *caller = g_strdup_printf("caller-%d", number % options.pairs);
    g_autofree char *callee = g_strdup_printf("callee-%d", number % options.pairs);
    Record *record;

    facts->call_id = g_ref_string_new(call_id);
    facts->caller_id = g_ref_string_new(caller);
    facts->caller_device = g_ref_string_new("laptop");
    facts->callee_id = g_ref_string_new(callee);
    facts->media.audio = TRUE;
    facts->created_ms = G_GINT64_CONSTANT(1700000000000) + number;
    facts->ring_ms = 45000;
    record = record_new(facts);
    record->ringing_ms = facts->created_ms;
    call_facts_unref(facts);
    return record;
}

static Record *reject(const Record *ringing)
{
    Record *record = record_next(ringing);

    record->rev++;
    record->status = CALL_REJECTED;
    record->cause = CAUSE_DECLINED;
    record->ended_ms = ringing->facts->created_ms + 5;
    record->reason = g_ref_string_new("User declined");
    record->ended_by = g_ref_string_acquire(ringing->facts->callee_id);
    return record;
}

/* --- who writes --- */

typedef struct {
    void (*open)(void);
    void (*write)(Record *const *records, guint count);
    void (*close)(void);
} Writer;

static Store *store;

static void open_store(void)
{
    const SqliteOptions how = {.path = options.path, .sync_full = is_full_sync()};
    g_autoptr(GError) error = NULL;

    store = sqlite_store_new(&how, &error);
    if (!store)
        give_up(error->message);
}

static void write_to_store(Record *const *records, guint count)
{
    g_autoptr(GError) error = NULL;

    if (!store->ops->write(store, records, count, &error))
        give_up(error->message);
}

static void close_store(void)
{
    store_free(store);
}

static sqlite3 *database;

typedef enum { BEGIN, INSERT, UPDATE, COMMIT, STATEMENTS } Plain;

static sqlite3_stmt *statements[STATEMENTS];

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [INSERT] =
        ("INSERT INTO calls (call_id, caller_id, caller_device, callee_id, mode, audio, video, "
         "created_at, ring_ms, status, ringing_at, rev) "
         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"),
    [UPDATE] = "UPDATE calls SET status = ?3, cause = ?4, reason = ?5, ended_at = ?6, "
               "ended_by = ?7, rev = ?8 WHERE call_id = ?1 AND caller_id = ?2",
    [COMMIT] = "COMMIT",
};

static void check(int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE)
        give_up(database ? sqlite3_errmsg(database) : sqlite3_errstr(code));
}

static void open_plain(void)
{
    check(sqlite3_open_v2(options.path, &database,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    check(sqlite3_exec(
        database,
        "PRAGMA journal_mode = WAL; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
        "PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 6000;"
        "PRAGMA journal_size_limit = 33554432;"
        "CREATE TABLE calls (call_id TEXT NOT NULL, caller_id TEXT NOT NULL, caller_device TEXT,"
        " callee_id TEXT NOT NULL, mode TEXT NOT NULL, audio INTEGER, video INTEGER,"
        " created_at INTEGER, ring_ms INTEGER, status TEXT NOT NULL, cause TEXT, reason TEXT,"
        " ringing_at INTEGER, rev INTEGER, ended_at INTEGER, ended_by TEXT,"
        " PRIMARY KEY (call_id, caller_id)) WITHOUT ROWID",
        NULL, NULL, NULL));
    check(sqlite3_exec(database,
                       is_full_sync() ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                       NULL, NULL, NULL));
    for (guint i = 0; i < STATEMENTS; i++)
        check(sqlite3_prepare_v2(database, texts[i], -1, &statements[i], NULL));
}

static void run(Plain which)
{
    int code = sqlite3_step(statements[which]);

    sqlite3_reset(statements[which]);
    check(code);
}

static void put_text(Plain which, int column, const char *text)
{
    check(sqlite3_bind_text(statements[which], column, text, -1, SQLITE_STATIC));
}

static void put_number(Plain which, int column, gint64 number)
{
    check(sqlite3_bind_int64(statements[which], column, number));
}

static void insert(const Record *record)
{
    const CallFacts *facts = record->facts;

    put_text(INSERT, 1, facts->call_id);
    put_text(INSERT, 2, facts->caller_id);
    put_text(INSERT, 3, facts->caller_device);
    put_text(INSERT, 4, facts->callee_id);
    put_text(INSERT, 5, mode_name(facts->mode));
    put_number(INSERT, 6, facts->media.audio);
    put_number(INSERT, 7, facts->media.video);
    put_number(INSERT, 8, facts->created_ms);
    put_number(INSERT, 9, facts->ring_ms);
    put_text(INSERT, 10, call_state_name(record->status));
    put_number(INSERT, 11, record->ringing_ms);
    put_number(INSERT, 12, record->rev);
    run(INSERT);
}

static void update(const Record *record)
{
    put_text(UPDATE, 1, record->facts->call_id);
    put_text(UPDATE, 2, record->facts->caller_id);
    put_text(UPDATE, 3, call_state_name(record->status));
    put_text(UPDATE, 4, cause_name(record->cause));
    put_text(UPDATE, 5, record->reason);
    put_number(UPDATE, 6, record->ended_ms);
    put_text(UPDATE, 7, record->ended_by);
    put_number(UPDATE, 8, record->rev);
    run(UPDATE);
    if (sqlite3_changes(database) != 1)
        give_up("a call is not there");
}

static void write_plain(Record *const *records, guint count)
{
    run(BEGIN);
    for (guint i = 0; i < count; i++)
        (records[i]->rev == 1 ? insert : update)(records[i]);
    run(COMMIT);
}

static void close_plain(void)
{
    for (guint i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(statements[i]);
    check(sqlite3_close(database));
}

static const Writer plain = {open_plain, write_plain, close_plain};
static const Writer of_the_plugin = {open_store, write_to_store, close_store};

/* --- the run --- */

static struct {
    Record *records[GROUP_MOST];
    guint count;
} group;

static void flush(const Writer *writer)
{
    if (group.count > 0)
        writer->write(group.records, group.count);
    for (guint i = 0; i < group.count; i++)
        record_unref(group.records[i]);
    group.count = 0;
}

static void append(const Writer *writer, Record *record)
{
    group.records[group.count++] = record;
    if (group.count == (guint)options.group)
        flush(writer);
}

static void make_calls(const Writer *writer)
{
    g_autofree Record **live = g_new0(Record *, options.pairs);

    for (int i = 0; i < options.calls + options.pairs; i++) {
        Record **mine = &live[i % options.pairs];

        if (*mine)
            append(writer, reject(*mine));
        g_clear_pointer(mine, record_unref);
        if (i < options.calls) {
            *mine = ring(i);
            append(writer, record_ref(*mine));
        }
    }
    flush(writer);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const Writer *writer)
{
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);

    make_calls(writer);
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("{\"rows\":\"%s\",\"synchronous\":\"%s\",\"group\":%d,\"pairs\":%d,\"calls\":%d,"
           "\"seconds\":%.3f,\"callsPerSecond\":%.0f,\"cpuSecondsPer1000Calls\":%.5f}\n",
           options.rows, options.synchronous, options.group, options.pairs, options.calls, wall,
           options.calls / wall, cpu * 1000 / options.calls);
}

static void start_anew(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(options.path, suffixes[i], NULL);

        g_unlink(path);
    }
}

static const char *fault_of_options(void)
{
    if (!options.path)
        return "--path is needed";
    if (strcmp(options.rows, "plain") != 0 && strcmp(options.rows, "store") != 0)
        return "--rows is plain or store";
    if (!is_full_sync() && strcmp(options.synchronous, "normal") != 0)
        return "--synchronous is full or normal";
    if (options.group < 1 || options.group > GROUP_MOST)
        return "--group is 1 to 4096";
    return options.calls < 1 || options.pairs < 1 ? "nothing to do" : NULL;
}

static void read_options(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"path", 0, 0, G_OPTION_ARG_FILENAME, &options.path, "The database", "FILE"},
        {"rows", 0, 0, G_OPTION_ARG_STRING, &options.rows, "plain or store", "KIND"},
        {"calls", 0, 0, G_OPTION_ARG_INT, &options.calls, "How many calls", "N"},
        {"pairs", 0, 0, G_OPTION_ARG_INT, &options.pairs, "How many ring at a time", "N"},
        {"group", 0, 0, G_OPTION_ARG_INT, &options.group, "Records in a transaction", "N"},
        {"synchronous", 0, 0, G_OPTION_ARG_STRING, &options.synchronous, "full or normal", "MODE"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    options.rows = g_strdup("plain");
    options.synchronous = g_strdup("normal");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        give_up(error->message);
    if (fault_of_options())
        give_up(fault_of_options());
}

int main(int argc, char **argv)
{
    const Writer *writer;

    read_options(argc, argv);
    writer = strcmp(options.rows, "plain") == 0 ? &plain : &of_the_plugin;
    start_anew();
    writer->open();
    measure(writer);
    writer->close();
    g_free(options.path);
    g_free(options.rows);
    g_free(options.synchronous);
    return 0;
}
