/* Many calls through the service and the SQLite store, with everything that memory keeps at its bounds:
 * does it grow, does it slow down?
 *
 *   bench/soak_calls [--calls N] [--folder DIR]
 *
 * Prints memory and calls per second of each part, and exits with 1 when either is worse at the end:
 * the memory by more than 5 % than after the first 100,000 calls, the time that a call takes of the
 * processor by more than 10 %. That time is told in yards: of a fixed piece of work that the same
 * threads do between their calls, because a processor that others use too is slower for both. */
#include <glib/gstdio.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "service/service.h"
#include "store/sqlite.h"

#define WORKERS 8
#define USERS 400
#define CONTACTS 8 /* of each user */
#define PARTS 40

/* Memory is compared from here on. */
#define SETTLED_CALLS 100000
#define GROWTH_MOST 1.05
/* A short run compares from a tenth on, without SQLite's page caches: they have a bound of their own,
 * 16 MB and 2 MB for each of 8 readers, that so few calls do not reach. */
#define SHORT_GROWTH_MOST (2 << 20)
#define SQLITE_MOST (36 << 20)
#define SLOWDOWN_MOST 1.10
/* A short run's parts last for less than a second. */
#define SHORT_SLOWDOWN_MOST 1.25

/* glibc keeps what was freed for each thread and size, and takes a million calls to fill these caches:
 * megabytes that hide a leak, or look like one. */
#define MALLOC_TUNABLES "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"

/* A user with one device. */
typedef struct {
    char *id;
    Peer *peer;
    gint heard; /* atomic */
} User;

/* One yard between so many calls, of so many rows. */
#define YARD_CALLS 16
#define YARD_ROWS 100

typedef struct {
    guint calls;
    double wall_s;
    double cpu_s;  /* of the calls: all of the process but the yards */
    double yard_s; /* of the yards */
    guint yards;
    gsize rss;
    gsize sqlite; /* of it, allocated by SQLite */
    gsize in_use; /* of it, allocated by anybody and not freed */
} Sample;

static struct {
    guint calls; /* to be made */
    Service *service;
    User users[USERS];
    gint begun;       /* atomic */
    gint not_durable; /* atomic */

    GMutex lock;
    guint done;
    double yard_s;
    guint yards;
    Sample samples[PARTS + 1];
} soak = {.calls = 100000};

/* --- measuring --- */

static gsize resident(void)
{
    g_autofree char *text = NULL;

    g_file_get_contents("/proc/self/statm", &text, NULL, NULL);
    return strtoul(strchr(text, ' '), NULL, 10) * (gsize)sysconf(_SC_PAGESIZE);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static Sample take_sample(guint calls)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (Sample){
        .calls = calls,
        .wall_s = (double)g_get_monotonic_time() / 1e6,
        .cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime) - soak.yard_s,
        .yard_s = soak.yard_s,
        .yards = soak.yards,
        .rss = resident(),
        .sqlite = (gsize)sqlite3_memory_used(),
        .in_use = mallinfo2().uordblks,
    };
}

static void count_call(void)
{
    guint part = soak.calls / PARTS;

    g_mutex_lock(&soak.lock);
    soak.done++;
    if (soak.done % part == 0 && soak.done / part <= PARTS)
        soak.samples[soak.done / part] = take_sample(soak.done);
    g_mutex_unlock(&soak.lock);
}

/* --- the yard --- */

static double thread_cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A table of a thread's own in memory, which stays as large as it is. */
static sqlite3 *open_yard(sqlite3_stmt **put)
{
    sqlite3 *yard = NULL;

    if (sqlite3_open(":memory:", &yard) != SQLITE_OK ||
        sqlite3_exec(yard, "CREATE TABLE yard (id INTEGER PRIMARY KEY, text TEXT)", NULL, NULL,
                     NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(yard, "INSERT OR REPLACE INTO yard VALUES (?, hex(randomblob(64)))", -1,
                           put, NULL) != SQLITE_OK)
        g_error("no table in memory: %s", sqlite3_errmsg(yard));
    return yard;
}

static void walk_a_yard(sqlite3_stmt *put)
{
    double from_s = thread_cpu_s();

    for (int row = 0; row < YARD_ROWS; row++) {
        sqlite3_bind_int(put, 1, row);
        sqlite3_step(put);
        sqlite3_reset(put);
    }
    g_mutex_lock(&soak.lock);
    soak.yard_s += thread_cpu_s() - from_s;
    soak.yards++;
    g_mutex_unlock(&soak.lock);
}

/* --- people --- */

static void hear(gpointer connection, const Message *message G_GNUC_UNUSED)
{
    User *user = connection;

    g_atomic_int_inc(&user->heard);
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static const Delivery listening = {.send = hear, .ref = keep, .unref = keep};

/* Carries it out and forgets the reply, but for the callId of a new call, which the caller owns. */
static char *ask(const User *user, Event *event)
{
    char *call_id = NULL;
    Reply reply;

    service_request(soak.service, user->peer, event, &reply);
    if (reply.is_not_durable)
        g_atomic_int_inc(&soak.not_durable);
    if (event->kind == EVENT_INITIATE) {
        g_assert(reply.refusal == REFUSAL_NONE);
        call_id = g_strdup(reply.record->facts->call_id);
    }
    reply_clear(&reply);
    return call_id;
}

static void about(const User *user, EventKind kind, const char *call_id, Cause cause)
{
    Event event = {.kind = kind, .about = {.call_id = call_id, .cause = cause, .reason = "soak"}};

    g_free(ask(user, &event));
}

static void join(User *user, guint number)
{
    Event event = {.kind = EVENT_REGISTER, .reg.device_id = "phone"};

    user->id = g_strdup_printf("user%u", number);
    user->peer = peer_new(&listening, user);
    event.reg.user_id = user->id;
    g_free(ask(user, &event));
}

/* --- calls --- */

static char *initiate(const User *caller, const User *callee, guint number)
{
    g_autofree char *own_id = number % 4 == 0 ? g_strdup_printf("own%u", number) : NULL;
    Event event = {.kind = EVENT_INITIATE,
                   .initiate = {.callee_id = callee->id, .call_id = own_id, .media.audio = TRUE}};

    return ask(caller, &event);
}

static void answer(const User *caller, const User *callee, const char *call_id, guint number)
{
    about(callee, EVENT_RINGING, call_id, CAUSE_NONE);
    about(callee, EVENT_ACCEPT, call_id, CAUSE_NONE);
    about(number % 2 ? caller : callee, EVENT_END, call_id, CAUSE_NONE);
}

static void make_a_call(const User *caller, const User *callee, guint number)
{
    g_autofree char *call_id = initiate(caller, callee, number);

    switch (number % 5) {
    case 0:
        about(callee, EVENT_REJECT, call_id, CAUSE_DECLINED);
        break;
    case 1:
        about(callee, EVENT_REJECT, call_id, CAUSE_BUSY);
        break;
    case 2:
        about(caller, EVENT_END, call_id, CAUSE_NONE);
        break;
    default:
        answer(caller, callee, call_id, number);
    }
}

/* What else people do, now and then: an end that overtakes its call, a look at what was. */
static void do_something_else(const User *user, guint number)
{
    g_autofree char *early_id = g_strdup_printf("early%u", number);
    Event history = {.kind = EVENT_HISTORY, .history = {.limit = 20}};

    about(user, EVENT_END, early_id, CAUSE_NONE);
    g_free(ask(user, &history));
}

/* FALSE when all are made. */
static gboolean make_next_call(void)
{
    guint number = (guint)g_atomic_int_add(&soak.begun, 1);
    /* Spread over all, the same ones every time. */
    guint caller = number * 2654435761u % USERS;
    guint callee = (caller + 1 + number / USERS % CONTACTS) % USERS;

    if (number >= soak.calls)
        return FALSE;
    make_a_call(&soak.users[caller], &soak.users[callee], number);
    if (number % 32 == 0)
        do_something_else(&soak.users[caller], number);
    count_call();
    return TRUE;
}

static gpointer work(gpointer data G_GNUC_UNUSED)
{
    sqlite3_stmt *put = NULL;
    sqlite3 *yard = open_yard(&put);

    for (guint made = 0; make_next_call(); made++) {
        if (made % YARD_CALLS == 0)
            walk_a_yard(put);
    }
    sqlite3_finalize(put);
    sqlite3_close(yard);
    return NULL;
}

/* --- the run --- */

/* Every bound of memory is reached long before the first comparison. */
static void start(const char *path)
{
    g_autoptr(GError) error = NULL;
    ServiceOptions options = {
        .store = sqlite_store_new(&(SqliteOptions){.path = path}, &error),
        .store_wait_us = G_USEC_PER_SEC,
        .max_waiting_replies = WORKERS,
    };

    if (!options.store) {
        fprintf(stderr, "soak: %s\n", error->message);
        exit(2);
    }
    hub_settings_init(&options.hub);
    options.hub.limits.max_live_calls = 1000;
    options.hub.limits.max_ended = 2000;
    options.hub.limits.max_ended_per_user = 10;
    options.hub.limits.max_early_ends = 4;
    soak.service = service_new(&options);
    for (guint i = 0; i < USERS; i++)
        join(&soak.users[i], i);
}

static void make_calls(void)
{
    GThread *workers[WORKERS];

    soak.samples[0] = take_sample(0);
    for (guint i = 0; i < WORKERS; i++)
        workers[i] = g_thread_new("worker", work, NULL);
    for (guint i = 0; i < WORKERS; i++)
        g_thread_join(workers[i]);
}

static void finish(void)
{
    for (guint i = 0; i < USERS; i++) {
        service_disconnect(soak.service, soak.users[i].peer);
        g_free(soak.users[i].id);
    }
    service_free(soak.service);
}

static gint64 count_stored(const char *path)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    gint64 count = -1;

    if (sqlite3_open(path, &handle) == SQLITE_OK &&
        sqlite3_prepare_v2(handle, "SELECT count(*) FROM calls WHERE closed_at IS NOT NULL", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return count;
}

/* --- the verdict --- */

static double mib(gsize bytes)
{
    return (double)bytes / (1 << 20);
}

static double cpu_us_of_part(guint part)
{
    const Sample *from = &soak.samples[part - 1], *to = &soak.samples[part];

    return (to->cpu_s - from->cpu_s) * 1e6 / (to->calls - from->calls);
}

static double yards_of_part(guint part)
{
    const Sample *from = &soak.samples[part - 1], *to = &soak.samples[part];
    double yard_us = (to->yard_s - from->yard_s) * 1e6 / MAX(to->yards - from->yards, 1);

    return cpu_us_of_part(part) / yard_us;
}

static double calls_per_second(guint part)
{
    const Sample *from = &soak.samples[part - 1], *to = &soak.samples[part];

    return (to->calls - from->calls) / (to->wall_s - from->wall_s);
}

static int compare(gconstpointer a, gconstpointer b)
{
    double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

/* Of the parts `first` and the next ones. */
static double median(double (*of_part)(guint), guint first, guint count)
{
    double values[PARTS];

    for (guint i = 0; i < count; i++)
        values[i] = of_part(first + i);
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void print_parts(void)
{
    printf("    calls  calls/s  cpu us/call  yards/call      RSS    in use  of it SQLite\n");
    for (guint part = 1; part <= PARTS; part++) {
        const Sample *sample = &soak.samples[part];

        if (part % 4 == 0 || part == 1)
            printf("%9u %8.0f %12.1f %11.3f %7.1fM %8.2fM %12.1fM\n", sample->calls,
                   calls_per_second(part), cpu_us_of_part(part), yards_of_part(part),
                   mib(sample->rss), mib(sample->in_use), mib(sample->sqlite));
    }
}

static gboolean is_short(void)
{
    return soak.calls < 2 * SETTLED_CALLS;
}

static gboolean judge_memory(void)
{
    const Sample *end = &soak.samples[PARTS];
    guint settled = is_short() ? PARTS / 10 : SETTLED_CALLS / (soak.calls / PARTS);
    const Sample *from = &soak.samples[MAX(settled, 1)];
    gboolean is_good;

    if (is_short())
        is_good =
            end->rss - end->sqlite <=
                (gsize)((double)(from->rss - from->sqlite) * GROWTH_MOST) + SHORT_GROWTH_MOST &&
            end->sqlite <= SQLITE_MOST;
    else
        is_good = (double)end->rss <= (double)from->rss * GROWTH_MOST;
    printf("memory: %.1fM (%.1fM without SQLite's) after %u calls, %.1fM (%.1fM) after %u: %+.1f "
           "%%, %s\n",
           mib(from->rss), mib(from->rss - from->sqlite), from->calls, mib(end->rss),
           mib(end->rss - end->sqlite), end->calls,
           ((double)end->rss / (double)from->rss - 1) * 100, is_good ? "good" : "TOO MUCH");
    return is_good;
}

/* In yards, for the machine may have others to serve. Until the database is larger than
 * SQLite's page cache, after some 30,000 calls, it is faster. */
static gboolean judge_speed(void)
{
    guint warm = is_short() ? PARTS * 2 / 5 : PARTS / 10;
    guint quarter = PARTS / 4, first = warm + 1, last = PARTS - quarter + 1;
    double early = median(yards_of_part, first, quarter);
    double late = median(yards_of_part, last, quarter);
    gboolean is_good = late <= early * (is_short() ? SHORT_SLOWDOWN_MOST : SLOWDOWN_MOST);

    printf("speed: %.0f calls/s early, %.0f late; %.3f yards of the processor for a call early, "
           "%.3f late: %+.1f %%, %s\n",
           median(calls_per_second, first, quarter), median(calls_per_second, last, quarter), early,
           late, (late / early - 1) * 100, is_good ? "good" : "TOO SLOW");
    return is_good;
}

static gboolean judge_records(const char *path)
{
    gint64 stored = count_stored(path);

    printf("records: %" G_GINT64_FORMAT " of %u calls stored; %d replies were not durable\n",
           stored, soak.calls, soak.not_durable);
    return stored == soak.calls;
}

static void remove_database(const char *folder, const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};

    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *file = g_strconcat(path, suffixes[i], NULL);

        g_unlink(file);
    }
    g_rmdir(folder);
}

/* Begins anew with these tunables, which are read at the start only, unless there are any. */
static void tune_malloc(char **argv)
{
    if (g_getenv("GLIBC_TUNABLES"))
        return;
    g_setenv("GLIBC_TUNABLES", MALLOC_TUNABLES, TRUE);
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    g_autofree char *parent = NULL, *folder = NULL, *path = NULL;
    gint calls = (gint)soak.calls;
    GOptionEntry entries[] = {
        {"calls", 0, 0, G_OPTION_ARG_INT, &calls, "how many", "N"},
        {"folder", 0, 0, G_OPTION_ARG_FILENAME, &parent, "where the database is made", "DIR"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- calls without end");
    g_autoptr(GError) error = NULL;
    gboolean is_good;

    tune_malloc(argv);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || calls < 10 * PARTS) {
        fprintf(stderr, "soak: %s\n", error ? error->message : "too few calls");
        return 2;
    }
    soak.calls = (guint)calls / PARTS * PARTS;
    folder = g_build_filename(parent ? parent : g_get_tmp_dir(), "call-soak-XXXXXX", NULL);
    if (!g_mkdtemp(folder)) {
        fprintf(stderr, "soak: no folder for the database\n");
        return 2;
    }
    path = g_build_filename(folder, "calls.sqlite", NULL);
    start(path);
    make_calls();
    finish();
    print_parts();
    is_good = judge_memory();
    is_good &= judge_speed();
    is_good &= judge_records(path);
    remove_database(folder, path);
    return is_good ? 0 : 1;
}
