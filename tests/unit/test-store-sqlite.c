/* store/sqlite: what only a database has: a file, its access, its versions, other processes, plans.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store-calls.h"
#include "store/sqlite_private.h"

#define NOBODY 65534

typedef struct {
    char *folder;
    char *path;
    Store *store; /* NULL until a test opens it */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    fixture->folder = make_folder();
    fixture->path = g_build_filename(fixture->folder, "calls.sqlite3", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    store_free(fixture->store);
    remove_folder(g_steal_pointer(&fixture->folder));
    g_free(fixture->path);
}

static void open_with(Fixture *fixture, SqliteOptions options)
{
    g_autoptr(GError) error = NULL;

    options.path = fixture->path;
    fixture->store = sqlite_store_new(&options, &error);
    g_assert_no_error(error);
}

static void open_store(Fixture *fixture)
{
    open_with(fixture, (SqliteOptions){0});
}

static void close_store(Fixture *fixture)
{
    g_clear_pointer(&fixture->store, store_free);
}

static void assert_refused_as(const SqliteOptions *options, StoreError code, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sqlite_store_new(options, &error));
    g_assert_error(error, STORE_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, options->path));
    g_assert_nonnull(strstr(error->message, text));
}

static void assert_refused(const char *path, const char *text)
{
    assert_refused_as(&(SqliteOptions){.path = path}, STORE_ERROR_FAILED, text);
}

/* A connection of somebody else's. */
static sqlite3 *connect_plainly(const Fixture *fixture)
{
    sqlite3 *database;

    g_assert_cmpint(sqlite3_open(fixture->path, &database), ==, SQLITE_OK);
    return database;
}

static void execute(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        g_error("%s: %s", sql, sqlite3_errmsg(database));
}

static void execute_on_file(const Fixture *fixture, const char *sql)
{
    sqlite3 *database = connect_plainly(fixture);

    execute(database, sql);
    sqlite3_close(database);
}

/* The first column of the first row; owned by the caller. */
static char *ask(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement;
    char *answer;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        g_error("%s: %s", sql, sqlite3_errmsg(database));
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    answer = g_strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return answer;
}

static void assert_answer(sqlite3 *database, const char *sql, const char *expected)
{
    g_autofree char *answer = ask(database, sql);

    g_assert_cmpstr(answer, ==, expected);
}

/* --- the file --- */

static struct stat look_at(const Fixture *fixture, const char *suffix)
{
    g_autofree char *path = g_strconcat(fixture->path, suffix, NULL);
    struct stat found;

    g_assert_cmpint(stat(path, &found), ==, 0);
    return found;
}

static void assert_modes(const Fixture *fixture, guint mode)
{
    g_assert_cmphex(look_at(fixture, "").st_mode & 07777, ==, mode);
    g_assert_cmphex(look_at(fixture, "-wal").st_mode & 07777, ==, mode);
    g_assert_cmphex(look_at(fixture, "-shm").st_mode & 07777, ==, mode);
}

static void assert_mode_despite_umask(Fixture *fixture, guint mode, mode_t mask, guint expected)
{
    mode_t old = umask(mask);

    open_with(fixture, (SqliteOptions){.mode = mode});
    umask(old);
    assert_modes(fixture, expected);
    PUT(fixture->store, .id = "c");
    assert_modes(fixture, expected);
    close_store(fixture);
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
}

static void test_mode(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    assert_mode_despite_umask(fixture, 0, 0, 0600);
    assert_mode_despite_umask(fixture, 0660, 077, 0660);
    assert_mode_despite_umask(fixture, 0640, 0777, 0640);
}

static void test_mode_of_old_file(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_with(fixture, (SqliteOptions){.mode = 0660});
    close_store(fixture);
    open_with(fixture, (SqliteOptions){.mode = 0600});
    assert_modes(fixture, 0600);
}

/* A group that we may give a file to, other than the one it would have anyway; NULL when there is
 * none. */
static const struct group *other_group(void)
{
    gid_t groups[64];
    int count = getgroups(G_N_ELEMENTS(groups), groups);

    for (int i = 0; i < count; i++) {
        if (groups[i] != getegid() && getgrgid(groups[i]))
            return getgrgid(groups[i]);
    }
    return geteuid() == 0 ? getgrgid(getegid() + 1) : NULL;
}

/* Root may give files away; whoever is not can only do so to a group that they are in. */
static void become_nobody_in(const Fixture *fixture, gid_t group)
{
    if (geteuid() != 0)
        return;
    g_assert_cmpint(setgroups(1, &group), ==, 0);
    g_assert_cmpint(chown(fixture->folder, NOBODY, (gid_t)-1), ==, 0);
    g_assert_cmpint(seteuid(NOBODY), ==, 0);
}

static void be_root_again(void)
{
    if (getuid() != 0)
        return;
    g_assert_cmpint(seteuid(0), ==, 0);
    g_assert_cmpint(setgroups(0, NULL), ==, 0);
}

static void test_group(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const struct group *group = other_group();
    g_autofree char *name = NULL;
    gid_t id;

    if (!group) {
        g_test_skip("this user is in one group only");
        return;
    }
    id = group->gr_gid;
    name = g_strdup(group->gr_name);
    become_nobody_in(fixture, id);
    open_with(fixture, (SqliteOptions){.mode = 0660, .group = name});
    g_assert_cmpuint(look_at(fixture, "").st_gid, ==, id);
    g_assert_cmpuint(look_at(fixture, "-wal").st_gid, ==, id);
    g_assert_cmpuint(look_at(fixture, "-shm").st_gid, ==, id);
    assert_modes(fixture, 0660);
    be_root_again();
}

static void test_unknown_group(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    assert_refused_as(&(SqliteOptions){.path = fixture->path, .group = "no such group"},
                      STORE_ERROR_FAILED, "there is no group \"no such group\"");
    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void test_nothing_is_left_behind(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *wal = g_strconcat(fixture->path, "-wal", NULL);

    open_store(fixture);
    PUT(fixture->store, .id = "c");
    assert_call(fixture->store, "bob", "c", "ringing/- 1");
    g_assert_true(g_file_test(wal, G_FILE_TEST_EXISTS));
    close_store(fixture);
    g_assert_false(g_file_test(wal, G_FILE_TEST_EXISTS));
}

/* To SQLite it would be a database in memory. */
static void test_special_name(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *path = g_build_filename(fixture->folder, ":memory:", NULL);
    g_autoptr(GError) error = NULL;
    Store *store;

    g_assert_cmpint(g_chdir(fixture->folder), ==, 0);
    store = sqlite_store_new(&(SqliteOptions){.path = ":memory:"}, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chdir(here), ==, 0);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
    store_free(store);
}

/* --- what is refused --- */

static void test_no_folder(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(fixture->folder, "no", "calls.sqlite3", NULL);

    assert_refused(path, "No such file or directory");
}

static void test_folder_instead(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    struct stat before, after;

    g_assert_cmpint(stat(fixture->folder, &before), ==, 0);
    assert_refused(fixture->folder, "is not a file");
    g_assert_cmpint(stat(fixture->folder, &after), ==, 0);
    g_assert_cmphex(after.st_mode, ==, before.st_mode);
}

static void test_no_database(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *text = g_strnfill(5000, 'x');
    g_autofree char *after = NULL;

    g_assert_true(g_file_set_contents(fixture->path, text, -1, NULL));
    assert_refused(fixture->path, "file is not a database");
    g_assert_true(g_file_get_contents(fixture->path, &after, NULL, NULL));
    g_assert_cmpstr(after, ==, text);
}

static void test_others_database(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    execute_on_file(fixture, "CREATE TABLE accounts (name)");
    assert_refused(fixture->path, "is a database of something else");
    execute_on_file(fixture, "SELECT name FROM accounts; PRAGMA application_id = 7;");
    assert_refused(fixture->path, "is a database of something else");
}

static void test_newer_version(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_store(fixture);
    PUT(fixture->store, .id = "c");
    close_store(fixture);
    execute_on_file(fixture, "PRAGMA user_version = 99");

    assert_refused_as(&(SqliteOptions){.path = fixture->path}, STORE_ERROR_TOO_NEW,
                      "newer version of the plugin");
    execute_on_file(fixture, "PRAGMA user_version = 4");
    open_store(fixture);
    assert_call(fixture->store, "alice", "c", "ringing/- 1");
}

static void test_older_version(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_store(fixture);
    PUT(fixture->store, .id = "c");
    close_store(fixture);
    execute_on_file(fixture, "DROP TABLE unfiled; DROP TABLE outbox; "
                             "ALTER TABLE calls DROP COLUMN trace; "
                             "ALTER TABLE calls DROP COLUMN media_report; PRAGMA user_version = 1");

    open_store(fixture);
    store_announce_to(fixture->store, &test_announcer, NULL);
    assert_call(fixture->store, "alice", "c", "ringing/- 1");
    PUT(fixture->store, .id = "c", .rev = 2, .status = CALL_ENDED);
    g_assert_cmpuint(fixture->store->ops->waiting(fixture->store), ==, 2);
}

static void test_version_without_reports(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_store(fixture);
    PUT(fixture->store, .id = "c", .rev = 2, .status = CALL_ENDED);
    close_store(fixture);
    execute_on_file(fixture, "DROP TABLE unfiled; ALTER TABLE calls DROP COLUMN media_report; "
                             "PRAGMA user_version = 2");

    open_store(fixture);
    assert_call(fixture->store, "alice", "c", "ended/- 2");
    put(fixture->store, make_full_call());
    assert_call(fixture->store, "alice", "CALL_17637599232099", "ended/hangup 5");
}

static void test_users_of_what_went_before(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    sqlite3 *database;
    guint forgotten;

    open_store(fixture);
    PUT(fixture->store, .id = "c", .status = CALL_ENDED);
    g_assert_true(fixture->store->ops->forget(fixture->store, G_MAXINT64, 9, &forgotten, NULL));
    catch_up(fixture->store);
    close_store(fixture);

    g_assert_cmpint(sqlite3_open(fixture->path, &database), ==, SQLITE_OK);
    assert_answer(database, "SELECT count(*) FROM users", "0");
    sqlite3_close(database);
}

/* What was filed at once then, and what is filed later now, are in the same lists. */
static void test_version_without_unfiled(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_store(fixture);
    PUT(fixture->store, .id = "c", .status = CALL_ENDED);
    close_store(fixture);
    execute_on_file(fixture,
                    "DROP TABLE unfiled;"
                    "CREATE INDEX calls_closed ON calls (closed_at) WHERE closed_at IS NOT NULL;"
                    "PRAGMA user_version = 3");

    open_store(fixture);
    PUT(fixture->store, .id = "d", .status = CALL_ENDED);
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "d c");
    catch_up(fixture->store);
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "d c");
}

/* Root may read everything, so it is nobody who tries. */
static void stop_being_root(void)
{
    if (geteuid() == 0)
        g_assert_cmpint(seteuid(NOBODY), ==, 0);
}

static void assert_refused_for_nobody(const Fixture *fixture, mode_t folder_mode, mode_t file_mode,
                                      const char *text)
{
    g_assert_cmpint(g_chmod(fixture->folder, folder_mode), ==, 0);
    g_assert_cmpint(g_chmod(fixture->path, file_mode), ==, 0);
    stop_being_root();
    assert_refused_as(&(SqliteOptions){.path = fixture->path, .mode = file_mode},
                      STORE_ERROR_FAILED, text);
    be_root_again();
    g_assert_cmpint(g_chmod(fixture->folder, 0700), ==, 0);
}

static void test_no_permission(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    open_store(fixture);
    close_store(fixture);

    assert_refused_for_nobody(fixture, 0777, 0200, "ermission denied");
    assert_refused_for_nobody(fixture, 0777, 0444, "may not be written");
    assert_refused_for_nobody(fixture, 0600, 0600, "ermission denied");
}

/* --- others --- */

static gboolean try_write(Fixture *fixture, const char *id, GError **error)
{
    g_autoptr(Record) record = CALL(.id = id, .status = CALL_ENDED);

    return fixture->store->ops->write(fixture->store, &record, 1, error);
}

static void test_locked_by_another(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    sqlite3 *other;
    g_autoptr(GError) error = NULL;
    guint forgotten;

    open_store(fixture);
    PUT(fixture->store, .id = "before");
    other = connect_plainly(fixture);
    execute(other, "BEGIN EXCLUSIVE");

    g_assert_false(try_write(fixture, "c", &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "database is locked"));
    g_assert_false(fixture->store->ops->recover(fixture->store, 1, NULL, NULL));
    g_assert_false(fixture->store->ops->forget(fixture->store, 1, 1, &forgotten, NULL));
    assert_call(fixture->store, "bob", "before", "ringing/- 1");
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "before");

    execute(other, "ROLLBACK");
    g_assert_true(try_write(fixture, "c", NULL));
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c before");
    sqlite3_close(other);
}

/* The writer holds nothing between two groups. */
static void test_another_may_write(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    sqlite3 *other;

    open_store(fixture);
    PUT(fixture->store, .id = "c");
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c");
    other = connect_plainly(fixture);
    execute(other, "BEGIN IMMEDIATE; CREATE TABLE notes (text); COMMIT");
    PUT(fixture->store, .id = "d");
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "d c");
    sqlite3_close(other);
}

/* SQLite does not end the transaction by itself here, as it does when the disk fails. */
static void test_half_a_group(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) group = records_new();
    g_autoptr(GError) error = NULL;

    open_store(fixture);
    execute_on_file(fixture, "CREATE TRIGGER stop BEFORE INSERT ON calls WHEN new.call_id = 'bad' "
                             "BEGIN SELECT RAISE(ABORT, 'stopped here'); END");
    g_ptr_array_add(group, CALL(.id = "good", .status = CALL_ENDED));
    g_ptr_array_add(group, CALL(.id = "bad", .status = CALL_ENDED));
    g_assert_false(fixture->store->ops->write(fixture->store, (Record *const *)group->pdata,
                                              group->len, &error));
    g_assert_nonnull(strstr(error->message, "stopped here"));

    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "");
    execute_on_file(fixture, "DROP TRIGGER stop");
    g_assert_true(fixture->store->ops->write(fixture->store, (Record *const *)group->pdata,
                                             group->len, NULL));
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "bad good");
}

static void test_removed_file(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *elsewhere = g_strconcat(fixture->path, ".moved", NULL);
    g_autoptr(GError) error = NULL;

    open_store(fixture);
    PUT(fixture->store, .id = "before");
    g_assert_cmpint(g_rename(fixture->path, elsewhere), ==, 0);
    g_assert_false(try_write(fixture, "c", &error));
    g_assert_nonnull(strstr(error->message, "was removed or replaced"));

    g_assert_cmpint(g_rename(elsewhere, fixture->path), ==, 0);
    g_assert_true(try_write(fixture, "c", NULL));
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c before");
}

/* As docs/operations.md says. */
static void test_what_a_backend_reads(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    sqlite3 *backend;

    open_store(fixture);
    put(fixture->store, make_full_call());
    PUT(fixture->store, .id = "c", .callee = "carol");
    backend = connect_plainly(fixture);
    assert_answer(backend,
                  "SELECT c.call_id FROM unfiled, json_each(unfiled.calls) j "
                  "JOIN calls c ON c.id = j.value",
                  "CALL_17637599232099");
    catch_up(fixture->store);
    assert_answer(backend, "SELECT count(*) FROM unfiled", "0");
    execute(backend, "PRAGMA query_only = ON");
    assert_answer(backend,
                  "SELECT group_concat(call_id || ' ' || status || ' ' || ifnull(cause, '-'), ', ')"
                  " FROM (SELECT * FROM calls ORDER BY created_at)",
                  "c ringing -, CALL_17637599232099 ended hangup");
    assert_answer(backend,
                  "SELECT mode || audio || video || duration_ms || answered_by FROM calls "
                  "WHERE status = 'ended'",
                  "relay1160000bob's tablet");
    assert_answer(backend,
                  "SELECT c.call_id FROM users u JOIN listings l ON l.user = u.number "
                  "JOIN calls c ON c.id = l.call "
                  "WHERE u.user_id = 'bob' AND l.peer = 0 AND l.kind > 1 ORDER BY l.at DESC",
                  "CALL_17637599232099");
    assert_answer(backend, "SELECT count(*) FROM calls WHERE id < created_at << 20", "0");
    sqlite3_close(backend);
}

static void test_backup(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *copy = g_build_filename(fixture->folder, "copy.sqlite3", NULL);
    g_autofree char *sql = g_strdup_printf("VACUUM INTO '%s'", copy);

    open_store(fixture);
    PUT(fixture->store, .id = "before", .status = CALL_ENDED);
    execute_on_file(fixture, sql);
    PUT(fixture->store, .id = "after");
    close_store(fixture);

    g_assert_cmpint(g_rename(copy, fixture->path), ==, 0);
    open_store(fixture);
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "before");
}

/* --- damage --- */

static void assert_reads_fail(Store *store)
{
    g_autoptr(GError) error = NULL;
    char *next = NULL;

    g_assert_null(store->ops->get(store, "bob", "bad", &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "is damaged"));
    g_assert_null(store->ops->history(store, "bob", HISTORY(.limit = 9), &next, NULL));
    g_assert_null(store->ops->ended_since(store, "bob", 0, 9, NULL));
}

static void test_damaged_row(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    static const char *const damages[] = {
        "UPDATE calls SET status = 'gone' WHERE call_id = 'bad'",
        "UPDATE calls SET cause = 'no reason' WHERE call_id = 'bad'",
        "UPDATE calls SET mode = '' WHERE call_id = 'bad'",
        "UPDATE calls SET data = CAST(x'ff' AS TEXT) WHERE call_id = 'bad'",
        "UPDATE calls SET veil_status = 5 WHERE call_id = 'bad'",
    };

    open_store(fixture);
    PUT(fixture->store, .id = "good", .callee = "carol", .status = CALL_ENDED);
    for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
        guint forgotten = 0;

        PUT(fixture->store, .id = "bad", .rev = 1, .status = CALL_ENDED);
        execute_on_file(fixture, damages[i]);
        assert_reads_fail(fixture->store);
        assert_call(fixture->store, "alice", "good", "ended/- 1");
        /* A newer revision puts it right, as far as it goes, and old ones can be forgotten. */
        PUT(fixture->store, .id = "bad", .rev = 2, .status = CALL_FAILED);
        execute_on_file(fixture, damages[i]);
        g_assert_true(fixture->store->ops->forget(fixture->store, 9000, 9, &forgotten, NULL));
        g_assert_cmpuint(forgotten, >=, 1);
        assert_call(fixture->store, "bob", "bad", "none");
        assert_history(fixture->store, "bob", HISTORY(.limit = 9), "");
        PUT(fixture->store, .id = "good", .callee = "carol", .status = CALL_ENDED);
    }
}

/* --- plans --- */

static void assert_plan(sqlite3 *database, const char *sql)
{
    g_autofree char *question = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(database, question, -1, &statement, NULL) != SQLITE_OK)
        g_error("%s: %s", sql, sqlite3_errmsg(database));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(statement, 3);

        g_test_message("%.40s...: %s", sql, detail);
        g_assert_null(strstr(detail, "SCAN calls"));
        g_assert_null(strstr(detail, "SCAN users"));
        g_assert_null(strstr(detail, "SCAN listings"));
        g_assert_null(strstr(detail, "SCAN outbox"));
        g_assert_null(strstr(detail, "TEMP B-TREE"));
        g_assert_null(strstr(detail, "AUTOMATIC"));
    }
    sqlite3_finalize(statement);
}

static void test_every_plan_has_an_index(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    sqlite3 *handle;

    open_store(fixture);
    handle = ((SqliteStore *)fixture->store)->writer->handle;
    for (Sql which = SQL_FIND_CALL; which < SQLS; which++)
        assert_plan(handle, sql_text(which));
}

/* --- a page costs the same for whoever asks --- */

#define LARGE 100000
#define SMALL 100
#define FILL_GROUP 500
#define MINUTE G_GINT64_CONSTANT(60000)

/* Of `count` calls, one every minute, the oldest is the only one of its kind in every respect; the rest is of two
 * kinds. */
static Record *make_nth(const char *caller, const char *callee, guint number)
{
    g_autofree char *id = g_strdup_printf("%s-%u", caller, number);
    CallSpec spec = {
        .id = id, .caller = caller, .callee = callee, .created_ms = (1 + number) * MINUTE};

    spec.status = number % 2 ? CALL_ENDED : CALL_REJECTED;
    spec.cause = number % 2 ? CAUSE_HANGUP : CAUSE_DECLINED;
    if (number == 0) {
        spec.callee = "rare";
        spec.status = CALL_FAILED;
    }
    if (number == 1)
        spec.status = CALL_TIMEOUT;
    return make_call(&spec);
}

static void fill(Store *store, const char *caller, const char *callee, guint count)
{
    for (guint first = 0; first < count; first += FILL_GROUP) {
        g_autoptr(GPtrArray) group = records_new();
        g_autoptr(GError) error = NULL;

        for (guint i = first; i < MIN(first + FILL_GROUP, count); i++)
            g_ptr_array_add(group, make_nth(caller, callee, i));
        store->ops->write(store, (Record *const *)group->pdata, group->len, &error);
        g_assert_no_error(error);
    }
}

typedef struct {
    gint64 steps;
    gint64 scans;
    gint64 sorts;
} Cost;

static Cost cost_so_far(const Connection *connection)
{
    Cost cost = {0};

    for (guint i = 0; i < SQLS; i++) {
        Statement *statement = connection->statements[i];

        if (!statement)
            continue;
        cost.steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, TRUE);
        cost.scans += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, TRUE);
        cost.sorts += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, TRUE);
    }
    return cost;
}

/* The cost of the first page and of the one after it. */
static gint64 steps_of_pages(Connection *reader, const char *user_id, HistoryEvent query)
{
    g_autofree char *next = NULL;
    Cost cost;

    cost_so_far(reader);
    for (guint page = 0; page < 2; page++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *before = g_steal_pointer(&next);
        g_autoptr(GPtrArray) records = NULL;

        query.before = before;
        records = reader_history(reader, user_id, &query, &next, &error);
        g_assert_no_error(error);
        if (!next)
            break;
    }
    cost = cost_so_far(reader);
    g_assert_cmpint(cost.scans, ==, 0);
    g_assert_cmpint(cost.sorts, ==, 0);
    return cost.steps;
}

static void compare_pages(Connection *reader, HistoryEvent query, const char *large_peer,
                          const char *small_peer)
{
    gint64 large, small;

    query.peer_id = small_peer;
    small = steps_of_pages(reader, "small", query);
    query.peer_id = large_peer;
    large = steps_of_pages(reader, "large", query);
    g_test_message("limit %u status %d missed %d peer %s: %" G_GINT64_FORMAT
                   " steps, of many %" G_GINT64_FORMAT,
                   query.limit, query.has_status ? (int)query.status : -1, query.missed,
                   large_peer ? large_peer : "-", small, large);
    g_assert_cmpint(large, <=, small + small / 10 + 20);
}

static void compare_filters(Connection *reader, HistoryEvent query)
{
    compare_pages(reader, query, NULL, NULL);
    compare_pages(reader, query, "large-peer", "small-peer");
    compare_pages(reader, query, "rare", "rare");
    compare_pages(reader, query, "nobody", "nobody");
}

static void compare_histories(Connection *reader)
{
    for (guint missed = 0; missed < 2; missed++) {
        HistoryEvent query = {.limit = 20, .missed = missed};

        compare_filters(reader, query);
        query.has_status = TRUE;
        for (guint status = 0; status < CALL_STATES; status++) {
            query.status = status;
            compare_filters(reader, query);
        }
    }
}

static gint64 steps_of_get(Connection *reader, const char *user_id, const char *call_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Record) record = NULL;

    cost_so_far(reader);
    record = reader_get(reader, user_id, call_id, &error);
    g_assert_no_error(error);
    g_assert_nonnull(record);
    return cost_so_far(reader).steps;
}

static gint64 steps_of_ended(Connection *reader, const char *user_id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ended = NULL;

    cost_so_far(reader);
    ended = reader_ended_since(reader, user_id, 0, 50, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(ended->len, ==, 50);
    return cost_so_far(reader).steps;
}

static gint64 steps_of_forget(Store *store, guint most)
{
    Connection *writer = ((SqliteStore *)store)->writer;
    g_autoptr(GError) error = NULL;
    guint forgotten;

    cost_so_far(writer);
    g_assert_true(store->ops->forget(store, G_MAXINT64, most, &forgotten, &error));
    g_assert_cmpuint(forgotten, ==, most);
    return cost_so_far(writer).steps;
}

static void assert_wal_is_bounded(const Fixture *fixture)
{
    g_assert_cmpint(look_at(fixture, "-wal").st_size, <, 40 * 1024 * 1024);
}

static void test_costs(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    SqliteStore *sqlite;
    Connection *reader;
    gint64 of_many;

    open_store(fixture);
    sqlite = (SqliteStore *)fixture->store;
    fill(fixture->store, "large", "large-peer", LARGE);
    fill(fixture->store, "small", "small-peer", SMALL);
    assert_wal_is_bounded(fixture);
    catch_up(fixture->store);

    reader = pool_take(sqlite->readers, NULL);
    compare_histories(reader);
    g_assert_cmpint(steps_of_get(reader, "large", "large-5"), ==,
                    steps_of_get(reader, "small", "small-5"));
    g_assert_cmpint(steps_of_get(reader, "large-peer", "large-5"), ==,
                    steps_of_get(reader, "small-peer", "small-5"));
    /* Of whom there are few, all are looked at. */
    g_assert_cmpint(steps_of_ended(reader, "large"), <=, steps_of_ended(reader, "small") * 11 / 10);
    pool_give(sqlite->readers, reader);

    of_many = steps_of_forget(fixture->store, 50);
    g_assert_true(
        fixture->store->ops->forget(fixture->store, G_MAXINT64, LARGE - 100, &(guint){0}, NULL));
    g_assert_cmpint(of_many, <=, steps_of_forget(fixture->store, 50) * 11 / 10);
}

/* --- */

#define ADD(path, run) g_test_add("/store/sqlite/" path, Fixture, NULL, set_up, run, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("file/has-its-mode", test_mode);
    ADD("file/old-one-gets-the-mode", test_mode_of_old_file);
    ADD("file/has-its-group", test_group);
    ADD("file/unknown-group", test_unknown_group);
    ADD("file/nothing-is-left-behind", test_nothing_is_left_behind);
    ADD("file/a-special-name-is-a-name", test_special_name);
    ADD("refused/no-folder", test_no_folder);
    ADD("refused/a-folder", test_folder_instead);
    ADD("refused/no-database", test_no_database);
    ADD("refused/others-database", test_others_database);
    ADD("refused/newer-version", test_newer_version);
    ADD("migrated/older-version", test_older_version);
    ADD("migrated/version-without-reports", test_version_without_reports);
    ADD("migrated/version-without-unfiled", test_version_without_unfiled);
    ADD("filing/users-of-what-went-before", test_users_of_what_went_before);
    ADD("refused/no-permission", test_no_permission);
    ADD("others/locked", test_locked_by_another);
    ADD("others/may-write", test_another_may_write);
    ADD("others/half-a-group", test_half_a_group);
    ADD("others/removed-file", test_removed_file);
    ADD("others/backend-reads", test_what_a_backend_reads);
    ADD("others/backup", test_backup);
    ADD("damaged-row", test_damaged_row);
    ADD("cost/every-plan-has-an-index", test_every_plan_has_an_index);
    ADD("cost/a-page-of-100000", test_costs);
    return g_test_run();
}
