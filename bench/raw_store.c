/* Raw SQLite: how many calls a second one core can keep with nothing but prepared statements, in the tables of our store. A call
 * is made, and closed in a later group, as when records come in groups under load; each group is one transaction.
 *
 *   raw_store GROUP SECONDS   (GROUP: records in a transaction) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#include "store/sqlite.h"

#define USERS 128

typedef enum { MAKE_CALL, CLOSE_CALL, ADD_TO_LIST, BEGIN, COMMIT, STATEMENTS } Which;

static const char *const texts[STATEMENTS] = {
    [MAKE_CALL] =
        "INSERT INTO calls (id, call_id, caller_id, caller_device, callee_id, mode, audio, "
        "video, created_at, ring_ms, status, ringing_at, rev) VALUES "
        "(?1, ?2, ?3, 'd0', ?4, 'none', 1, 0, ?5, 45000, 'ringing', ?5, 1)",
    [CLOSE_CALL] =
        "UPDATE calls SET status = 'rejected', cause = 'declined', reason = 'User declined', "
        "rev = 2, ended_at = ?2, ended_by = ?3, closed_at = ?2 WHERE id = ?1",
    [ADD_TO_LIST] = "INSERT INTO listings (user, peer, kind, at, call) VALUES "
                    "(?1, 0, 2, ?3, ?4), (?1, ?2, 2, ?3, ?4), (?1, 0, 1, ?3, ?4), "
                    "(?2, 0, 2, ?3, ?4), (?2, ?1, 2, ?3, ?4), (?2, 0, 1, ?3, ?4)",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
};

typedef struct {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENTS];
    gint64 made;
    gint64 closed;
    gint64 first_id;
} Raw;

static void expect(Raw *raw, int code, int wanted)
{
    if (code != wanted)
        g_error("SQLite: %s", sqlite3_errmsg(raw->handle));
}

static void run(Raw *raw, Which which)
{
    expect(raw, sqlite3_step(raw->statements[which]), SQLITE_DONE);
    sqlite3_reset(raw->statements[which]);
}

static guint caller_of(gint64 call)
{
    return (guint)(call * 2 % USERS);
}

static void make_call(Raw *raw)
{
    sqlite3_stmt *statement = raw->statements[MAKE_CALL];
    gint64 id = raw->first_id + raw->made;
    char call_id[40], caller[16], callee[16];

    g_snprintf(call_id, sizeof call_id, "CALL_%026" G_GINT64_MODIFIER "d", id);
    g_snprintf(caller, sizeof caller, "u%u", caller_of(raw->made));
    g_snprintf(callee, sizeof callee, "u%u", caller_of(raw->made) + 1);
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, call_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, caller, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, callee, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, g_get_real_time() / 1000);
    run(raw, MAKE_CALL);
    raw->made++;
}

static void close_call(Raw *raw)
{
    sqlite3_stmt *statement = raw->statements[CLOSE_CALL];
    gint64 id = raw->first_id + raw->closed;
    gint64 now_ms = g_get_real_time() / 1000;
    char callee[16];

    g_snprintf(callee, sizeof callee, "u%u", caller_of(raw->closed) + 1);
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, now_ms);
    sqlite3_bind_text(statement, 3, callee, -1, SQLITE_STATIC);
    run(raw, CLOSE_CALL);
    statement = raw->statements[ADD_TO_LIST];
    sqlite3_bind_int64(statement, 1, caller_of(raw->closed) + 1);
    sqlite3_bind_int64(statement, 2, caller_of(raw->closed) + 2);
    sqlite3_bind_int64(statement, 3, now_ms);
    sqlite3_bind_int64(statement, 4, id);
    run(raw, ADD_TO_LIST);
    raw->closed++;
}

/* Half of what is written makes calls, half closes those of groups before. */
static void write_group(Raw *raw, guint group)
{
    gint64 open_before = raw->made;

    run(raw, BEGIN);
    for (guint i = 0; i < group; i++) {
        if (raw->closed < open_before && raw->made - raw->closed > group / 2)
            close_call(raw);
        else
            make_call(raw);
    }
    run(raw, COMMIT);
}

/* Our own store makes the tables; then it is out of the way. */
static void open_database(Raw *raw, const char *path)
{
    g_autoptr(GError) error = NULL;
    Store *store = sqlite_store_new(&(SqliteOptions){.path = path, .mode = 0600}, &error);

    if (!store)
        g_error("%s", error->message);
    store_free(store);
    expect(raw,
           sqlite3_open_v2(path, &raw->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
           SQLITE_OK);
    expect(raw,
           sqlite3_exec(raw->handle,
                        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                        "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2000;",
                        NULL, NULL, NULL),
           SQLITE_OK);
    for (guint i = 0; i < STATEMENTS; i++)
        expect(raw, sqlite3_prepare_v2(raw->handle, texts[i], -1, &raw->statements[i], NULL),
               SQLITE_OK);
    raw->first_id = (g_get_real_time() / 1000) << 20;
}

static void close_database(Raw *raw)
{
    for (guint i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(raw->statements[i]);
    sqlite3_close(raw->handle);
}

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    guint group = argc == 3 ? (guint)atoi(argv[1]) : 0;
    double seconds = argc == 3 ? g_ascii_strtod(argv[2], NULL) : 0;
    g_autofree char *folder = g_dir_make_tmp("raw-store-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "calls.sqlite", NULL);
    Raw raw = {0};
    gint64 began;
    double took, cpu_began;

    if (group == 0 || seconds <= 0) {
        g_printerr("usage: raw_store GROUP SECONDS\n");
        return 2;
    }
    open_database(&raw, path);
    began = g_get_monotonic_time();
    cpu_began = cpu_s();
    do {
        write_group(&raw, group);
        took = (double)(g_get_monotonic_time() - began) / 1e6;
    } while (took < seconds);
    printf("{\"group\":%u,\"calls_per_s\":%.1f,\"cpu_s_per_1000_calls\":%.4f}\n", group,
           (double)raw.closed / took, (cpu_s() - cpu_began) * 1000 / (double)raw.closed);
    close_database(&raw);
    g_unlink(path);
    g_rmdir(folder);
    return 0;
}
