/* ports/store: what every store does alike. Each case runs once for each store. */
#include "ports/store.h"

#include <string.h>

#include "store-calls.h"
#include "store/memory.h"
#include "store/sqlite.h"

#define MANY 1000000

typedef struct {
    const char *name;
    Store *(*open)(const char *folder);
} Kind;

typedef struct {
    const Kind *kind;
    char *folder;
    Store *store;
} Fixture;

static Store *open_memory(const char *folder G_GNUC_UNUSED)
{
    return memory_store_new(MANY);
}

static Store *open_sqlite(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "calls.sqlite3", NULL);
    g_autoptr(GError) error = NULL;
    Store *store = sqlite_store_new(&(SqliteOptions){.path = path}, &error);

    g_assert_no_error(error);
    return store;
}

static const Kind kinds[] = {{"memory", open_memory}, {"sqlite", open_sqlite}};

static void set_up(Fixture *fixture, gconstpointer kind)
{
    fixture->kind = kind;
    fixture->folder = make_folder();
    fixture->store = fixture->kind->open(fixture->folder);
}

static void tear_down(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    store_free(fixture->store);
    remove_folder(g_steal_pointer(&fixture->folder));
}

/* A durable store forgets what it has in memory. */
static void reopen(Fixture *fixture)
{
    if (!fixture->store->ops->is_durable)
        return;
    store_free(fixture->store);
    fixture->store = fixture->kind->open(fixture->folder);
}

static Record *get(Store *store, const char *user_id, const char *call_id)
{
    g_autoptr(GError) error = NULL;
    Record *record = store->ops->get(store, user_id, call_id, &error);

    g_assert_no_error(error);
    return record;
}

/* --- write, get --- */

static void assert_kept(Fixture *fixture, Record *record)
{
    g_autoptr(Record) found = NULL;

    put(fixture->store, record_ref(record));
    reopen(fixture);
    found = get(fixture->store, "bob", record->facts->call_id);
    assert_same_record(found, record);
}

static void test_every_field(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) record = make_full_call();

    assert_kept(fixture, record);
}

static void test_nothing_but_the_needed(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) record = CALL(.id = "c");

    record->facts->media.audio = FALSE;
    assert_kept(fixture, record);
}

static void test_veil(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) record = make_full_call();

    record->veil = (Veil){.is_set = TRUE,
                          .status = CALL_CANCELLED,
                          .cause = CAUSE_CANCELLED,
                          .rev = 2,
                          .ended_ms = record->ended_ms + 7};
    ref_string_set(&record->veil.ended_by, "alice");
    ref_string_set(&record->veil.reason, "No time");
    record->status = CALL_REJECTED;
    record->cause = CAUSE_BUSY;
    assert_kept(fixture, record);
}

/* Every word of every kind: none is lost on the way. */
static void test_every_word(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    guint made = 0;

    for (guint status = 0; status < CALL_STATES; status++) {
        for (guint cause = 0; cause < CAUSES; cause++) {
            g_autofree char *id = g_strdup_printf("c%u", made++);
            g_autoptr(Record) record = CALL(.id = id, .status = status, .cause = cause);
            g_autoptr(Record) found = NULL;

            record->facts->mode = made % MODES;
            put(fixture->store, record_ref(record));
            found = get(fixture->store, "alice", id);
            assert_same_record(found, record);
        }
    }
}

static void test_hostile_texts(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    static const char *const texts[] = {"'",
                                        "\"",
                                        "\\",
                                        "%s%n",
                                        "'); DROP TABLE calls; --",
                                        "?1",
                                        ":id",
                                        " ",
                                        "\n\r\t",
                                        "\xc2\x9b",
                                        "مرحبا \u202e 📞",
                                        "a\u0301",
                                        ".",
                                        "x'00'",
                                        "''",
                                        "NULL",
                                        "1 OR 1=1",
                                        "%",
                                        "_",
                                        "*",
                                        "[a]"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = texts[i];
        g_autoptr(Record) record = CALL(.id = text, .caller = text, .callee = "bob");
        g_autoptr(Record) found = NULL;

        ref_string_set(&record->facts->data, text);
        ref_string_set(&record->reason, text);
        record->status = CALL_FAILED;
        put(fixture->store, record_ref(record));
        found = get(fixture->store, text, text);
        assert_same_record(found, record);
        assert_history(fixture->store, "bob", HISTORY(.limit = 20, .peer_id = text), text);
        assert_history(fixture->store, text, HISTORY(.limit = 20), text);
    }
}

static void test_both_sides(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    PUT(fixture->store, .id = "c", .caller = "alice", .callee = "bob");

    assert_call(fixture->store, "alice", "c", "ringing/- 1");
    assert_call(fixture->store, "bob", "c", "ringing/- 1");
    assert_call(fixture->store, "carol", "c", "none");
    assert_call(fixture->store, "alice", "C", "none");
    assert_call(fixture->store, "alice", "", "none");
}

static void test_same_id_two_callers(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .caller = "alice", .created_ms = 2000, .status = CALL_ENDED, .rev = 7);
    PUT(store, .id = "c", .caller = "carol", .created_ms = 1000, .rev = 9);

    assert_call(store, "alice", "c", "ended/- 7");
    assert_call(store, "carol", "c", "ringing/- 9");
    assert_call(store, "bob", "c", "ended/- 7");
}

/* Only my own can be made again, so it is that one that I mean. */
static void test_own_call_first(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .caller = "bob", .callee = "carol", .created_ms = 1000, .rev = 2);
    PUT(store, .id = "c", .caller = "alice", .callee = "bob", .created_ms = 9000, .rev = 3);

    assert_call(store, "bob", "c", "ringing/- 2");
}

/* "bob only", "several" or "none". */
static void assert_found(Store *store, const char *call_id, const char *expected)
{
    g_autoptr(GError) error = NULL;
    gboolean is_only = FALSE;
    g_autoptr(Record) record = store->ops->find(store, call_id, &is_only, &error);
    g_autofree char *found = NULL;

    g_assert_no_error(error);
    if (record && is_only)
        found = g_strdup_printf("%s only", (const char *)record->facts->caller_id);
    else
        found = g_strdup(record ? "several" : "none");
    g_assert_cmpstr(found, ==, expected);
}

static void test_find_by_id_alone(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    assert_found(store, "c", "none");
    PUT(store, .id = "c", .caller = "bob", .created_ms = 1000, .status = CALL_ENDED);
    PUT(store, .id = "d", .caller = "dave", .created_ms = 1000);
    assert_found(store, "c", "bob only");
    assert_found(store, "d", "dave only");
    PUT(store, .id = "c", .caller = "carol", .created_ms = 2000);
    assert_found(store, "c", "several");
    PUT(store, .id = "c", .caller = "carol", .created_ms = 2000, .rev = 2, .status = CALL_ENDED);
    assert_found(store, "c", "several");
}

static void test_higher_rev_stays(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .rev = 1);
    PUT(store, .id = "c", .rev = 3, .status = CALL_ACCEPTED);
    PUT(store, .id = "c", .rev = 2);
    assert_call(store, "alice", "c", "accepted/- 3");

    PUT(store, .id = "c", .rev = 4, .status = CALL_ENDED, .cause = CAUSE_HANGUP);
    PUT(store, .id = "c", .rev = 3, .status = CALL_ACCEPTED);
    assert_call(store, "bob", "c", "ended/hangup 4");
    assert_history(store, "bob", HISTORY(.limit = 9), "c");
}

static void test_same_rev_is_replaced(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .rev = 2, .is_veiled = TRUE, .veil_status = CALL_RINGING);
    PUT(store, .id = "c", .rev = 2, .is_veiled = TRUE, .veil_status = CALL_TIMEOUT);

    assert_history(store, "alice", HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_RINGING),
                   "");
    assert_history(store, "alice", HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_TIMEOUT),
                   "c");
}

/* Nobody makes such a call, but were it there, it would be one call. */
static void test_same_id_to_another(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .status = CALL_ENDED);
    PUT(store, .id = "c", .callee = "carol", .status = CALL_ENDED);
    assert_history(store, "bob", HISTORY(.limit = 9), "");
    assert_history(store, "carol", HISTORY(.limit = 9), "c");
    assert_history(store, "alice", HISTORY(.limit = 9), "c");
    PUT(store, .id = "c", .rev = 2, .callee = "alice", .status = CALL_ENDED);
    assert_history(store, "carol", HISTORY(.limit = 9), "");
    assert_history(store, "alice", HISTORY(.limit = 9), "c");
}

static void test_report_comes_after_the_end(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    g_autoptr(Record) ended = CALL(.id = "c", .rev = 3, .status = CALL_ENDED);
    g_autoptr(Record) reported = record_next(ended);
    g_autoptr(Record) kept = NULL;

    ref_string_set(&reported->media_report, "{\"packets\":1}");
    put(store, record_ref(ended));
    put(store, record_ref(reported));
    kept = store->ops->get(store, "bob", "c", NULL);
    assert_same_record(kept, reported);
    assert_history(store, "bob", HISTORY(.limit = 9), "c");
}

/* Whatever a lower state was stored as: rev decides. */
static void test_final_can_become_live(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .rev = 2, .status = CALL_ENDED);
    PUT(store, .id = "c", .rev = 3, .status = CALL_ACCEPTED);

    assert_call(store, "alice", "c", "accepted/- 3");
    assert_history(store, "bob", HISTORY(.limit = 9), "c");
    assert_history(store, "bob", HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_ENDED), "");
}

/* The store did not know the first when the second was made, and a hub that does not remember made
 * it. */
static void test_another_call_with_the_id(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .callee = "bob", .created_ms = 1000, .rev = 3, .status = CALL_ENDED);
    PUT(store, .id = "c", .callee = "carol", .created_ms = 2000, .rev = 1);
    PUT(store, .id = "c", .callee = "carol", .created_ms = 2000, .rev = 2, .status = CALL_FAILED);
    /* What is still said of the older one changes nothing. */
    PUT(store, .id = "c", .callee = "bob", .created_ms = 1000, .rev = 1);
    assert_call(store, "alice", "c", "failed/- 2");
    assert_call(store, "bob", "c", "none");
    assert_history(store, "alice", HISTORY(.limit = 9), "c");
    assert_history(store, "bob", HISTORY(.limit = 9), "");
    assert_history(store, "carol", HISTORY(.limit = 9), "c");
}

static void test_group(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) group = g_ptr_array_new_with_free_func((GDestroyNotify)record_unref);
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(group, CALL(.id = "c1"));
    g_ptr_array_add(group, CALL(.id = "c1", .rev = 2, .status = CALL_ACCEPTED));
    g_ptr_array_add(group, CALL(.id = "c2", .created_ms = 2000));
    g_ptr_array_add(group, CALL(.id = "c1", .rev = 3, .status = CALL_ENDED));
    fixture->store->ops->write(fixture->store, (Record *const *)group->pdata, group->len, &error);
    g_assert_no_error(error);

    reopen(fixture);
    assert_call(fixture->store, "alice", "c1", "ended/- 3");
    assert_call(fixture->store, "bob", "c2", "ringing/- 1");
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c2 c1");
}

/* As the service makes them: what is known of a call before it is closed is shared, not copied. */
static Record *next_revision(const Record *record, CallState status)
{
    Record *next = record_next(record);

    next->rev++;
    next->status = status;
    if (call_state_is_final(status))
        next->ended_ms = record->facts->created_ms + 100;
    return next;
}

static void write_group(Store *store, Record *const *records, guint count)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(store->ops->write(store, records, count, &error));
    g_assert_no_error(error);
}

/* Revisions of one call in one group and in two, another call of the same id between them, and one that comes too late. */
static void test_shared_facts(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    g_autoptr(Record) c1 = CALL(.id = "c1");
    g_autoptr(Record) c1_accepted = next_revision(c1, CALL_ACCEPTED);
    g_autoptr(Record) c1_ended = next_revision(c1_accepted, CALL_ENDED);
    g_autoptr(Record) c2 = CALL(.id = "c2", .created_ms = 2000);
    g_autoptr(Record) c2_rejected = next_revision(c2, CALL_REJECTED);
    g_autoptr(Record) c2_anew = CALL(.id = "c2", .created_ms = 3000, .callee = "carol");
    g_autoptr(Record) c2_anew_ended = next_revision(c2_anew, CALL_CANCELLED);

    write_group(store, (Record *[]){c1, c2, c1_accepted, c1_ended}, 4);
    write_group(store, (Record *[]){c1_accepted}, 1);
    assert_call(store, "bob", "c1", "ended/- 3");
    assert_call(store, "bob", "c2", "ringing/- 1");
    write_group(store, (Record *[]){c2_rejected, c2_anew}, 2);
    assert_call(store, "alice", "c2", "ringing/- 1");
    assert_history(store, "bob", HISTORY(.limit = 9), "c1");
    write_group(store, (Record *[]){c2_anew_ended, c2}, 2);
    reopen(fixture);
    assert_call(fixture->store, "alice", "c1", "ended/- 3");
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c1");
}

static void test_empty_group(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_assert_true(fixture->store->ops->write(fixture->store, NULL, 0, NULL));
}

/* A user who calls themselves is refused before; the store stays whole all the same. */
static void test_self_call(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .caller = "alice", .callee = "alice");
    assert_history(store, "alice", HISTORY(.limit = 9), "c");
    PUT(store, .id = "c", .caller = "alice", .callee = "alice", .rev = 2, .status = CALL_TIMEOUT);
    assert_history(store, "alice", HISTORY(.limit = 9), "c");
}

/* --- history --- */

static void put_mixed(Store *store)
{
    PUT(store, .id = "c1", .created_ms = 1000, .status = CALL_ENDED, .cause = CAUSE_HANGUP);
    PUT(store, .id = "c2", .created_ms = 2000, .status = CALL_REJECTED, .cause = CAUSE_DECLINED);
    PUT(store, .id = "c3", .created_ms = 3000, .status = CALL_REJECTED, .cause = CAUSE_BUSY);
    PUT(store, .id = "c4", .created_ms = 4000, .status = CALL_TIMEOUT, .cause = CAUSE_NO_ANSWER);
    PUT(store, .id = "c5", .created_ms = 5000, .status = CALL_CANCELLED, .caller = "carol");
    PUT(store, .id = "c6", .created_ms = 6000, .status = CALL_ACCEPTED, .caller = "bob",
        .callee = "alice");
    PUT(store, .id = "c7", .created_ms = 7000, .status = CALL_RINGING, .caller = "carol");
}

static void test_newest_first(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    put_mixed(fixture->store);
    reopen(fixture);

    assert_history(fixture->store, "bob", HISTORY(.limit = 100), "c7 c6 c5 c4 c3 c2 c1");
    assert_history(fixture->store, "alice", HISTORY(.limit = 100), "c6 c4 c3 c2 c1");
    assert_history(fixture->store, "carol", HISTORY(.limit = 100), "c7 c5");
    assert_history(fixture->store, "dave", HISTORY(.limit = 100), "");
    assert_history(fixture->store, "bob", HISTORY(.limit = 1), "c7 c6 c5 c4 c3 c2 c1");
}

static void test_filters(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    put_mixed(store);
    assert_history(store, "bob", HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_REJECTED),
                   "c3 c2");
    assert_history(store, "bob", HISTORY(.limit = 9, .has_status = TRUE, .status = CALL_RINGING),
                   "c7");
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "carol"), "c7 c5");
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "alice"), "c6 c4 c3 c2 c1");
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "bob"), "");
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "nobody"), "");
    assert_history(store, "bob", HISTORY(.limit = 9, .missed = TRUE), "c5 c4 c3");
    assert_history(store, "alice", HISTORY(.limit = 9, .missed = TRUE), "");
    assert_history(store, "bob", HISTORY(.limit = 9, .missed = TRUE, .peer_id = "carol"), "c5");
    assert_history(store, "bob",
                   HISTORY(.limit = 9, .missed = TRUE, .has_status = TRUE, .status = CALL_REJECTED),
                   "c3");
    assert_history(store, "bob",
                   HISTORY(.limit = 9, .missed = TRUE, .has_status = TRUE, .status = CALL_RINGING),
                   "");
}

static void test_veiled_call_in_history(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    const HistoryEvent ringing = {.limit = 9, .has_status = TRUE, .status = CALL_RINGING};
    const HistoryEvent timeout = {.limit = 9, .has_status = TRUE, .status = CALL_TIMEOUT};
    const HistoryEvent rejected = {.limit = 9, .has_status = TRUE, .status = CALL_REJECTED};

    PUT(store, .id = "c", .is_veiled = TRUE, .veil_status = CALL_RINGING);
    assert_history(store, "alice", &ringing, "c");
    assert_history(store, "alice", &rejected, "");
    assert_history(store, "bob", &ringing, "");
    assert_history(store, "bob", &rejected, "c");
    assert_history(store, "bob", HISTORY(.limit = 9, .missed = TRUE), "c");

    PUT(store, .id = "c", .rev = 2, .is_veiled = TRUE, .veil_status = CALL_TIMEOUT);
    assert_history(store, "alice", &timeout, "c");
    assert_history(store, "alice", &ringing, "");
    assert_history(store, "alice", HISTORY(.limit = 9, .missed = TRUE), "");
    assert_history(store, "bob", &timeout, "");
    assert_history(store, "bob", &rejected, "c");
}

static GPtrArray *read_page(Store *store, guint limit, const char *before, char **next)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *page =
        store->ops->history(store, "bob", HISTORY(.limit = limit, .before = before), next, &error);

    g_assert_no_error(error);
    return page;
}

static void test_last_page_has_no_cursor(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) page = NULL;
    g_autofree char *next = NULL;

    PUT(fixture->store, .id = "c1", .status = CALL_ENDED);
    PUT(fixture->store, .id = "c2");
    page = read_page(fixture->store, 2, NULL, &next);

    g_assert_cmpuint(page->len, ==, 2);
    g_assert_null(next);
}

static void test_pages_stand_still(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    g_autoptr(GPtrArray) first = NULL;
    g_autoptr(GPtrArray) second = NULL;
    g_autofree char *next = NULL;
    g_autofree char *end = NULL;
    g_autofree char *ids = NULL;

    for (guint i = 0; i < 6; i++) {
        g_autofree char *id = g_strdup_printf("old%u", i);
        PUT(store, .id = id, .status = i % 2 ? CALL_ENDED : CALL_RINGING);
    }
    first = read_page(store, 3, NULL, &next);
    PUT(store, .id = "new1");
    PUT(store, .id = "new2", .status = CALL_ENDED);
    PUT(store, .id = "old2", .rev = 2, .status = CALL_TIMEOUT);
    reopen(fixture);
    second = read_page(fixture->store, 3, next, &end);

    ids = ids_of(second);
    g_assert_cmpstr(ids, ==, "old2 old1 old0");
    g_assert_null(end);
}

static void assert_bad_cursor(Store *store, const char *before)
{
    g_autoptr(GError) error = NULL;
    char *next = NULL;

    g_assert_null(
        store->ops->history(store, "bob", HISTORY(.limit = 9, .before = before), &next, &error));
    g_assert_error(error, STORE_ERROR, STORE_ERROR_BAD_CURSOR);
    g_assert_null(next);
}

static void test_bad_cursors(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    static const char *const cursors[] = {"",
                                          ".",
                                          "1",
                                          "1.",
                                          ".1",
                                          "1.2.3",
                                          "x.1",
                                          "1.x",
                                          "-1.1",
                                          "1.-1",
                                          " 1.1",
                                          "1 .1",
                                          "0x1.1",
                                          "1,1",
                                          "'.'",
                                          "1.1 ",
                                          "ffffffffffffffff.1",
                                          "1.8000000000000000",
                                          "10000000000000000.1",
                                          "NULL.NULL",
                                          "é.1"};

    PUT(fixture->store, .id = "c", .status = CALL_ENDED);
    for (guint i = 0; i < G_N_ELEMENTS(cursors); i++)
        assert_bad_cursor(fixture->store, cursors[i]);
    assert_history(fixture->store, "bob", HISTORY(.limit = 9), "c");
}

/* --- against a model that looks at everything --- */

#define MODEL_USERS 4
#define MODEL_CALLS 120
#define MODEL_STEPS 400

static const char *const model_users[MODEL_USERS] = {"alice", "bob", "carol", "dave"};

/* The calls in the order of their first write; NULL for one that was forgotten. */
typedef struct {
    Record *calls[MODEL_CALLS];
    guint count;
} Model;

static Record *random_facts(guint number)
{
    guint caller = (guint)g_test_rand_int_range(0, MODEL_USERS);
    guint callee = (caller + (guint)g_test_rand_int_range(1, MODEL_USERS)) % MODEL_USERS;
    g_autofree char *id = g_strdup_printf("m%u", number);

    return CALL(.id = id, .caller = model_users[caller], .callee = model_users[callee],
                .created_ms = 1000 + number / 8);
}

static CallState random_state(void)
{
    return (CallState)g_test_rand_int_range(0, CALL_STATES);
}

static gint64 random_end(CallState status)
{
    return call_state_is_final(status) ? g_test_rand_int_range(1100, 1200) : 0;
}

static void close_randomly(Record *next)
{
    if (g_test_rand_int_range(0, 4) == 0 || next->veil.is_set) {
        next->status = CALL_REJECTED;
        next->cause = CAUSE_BUSY;
        next->veil = (Veil){.is_set = TRUE, .status = random_state(), .rev = next->rev};
        next->veil.ended_ms = random_end(next->veil.status);
    } else {
        next->status = random_state();
        next->cause = g_test_rand_bit() ? CAUSE_BUSY : CAUSE_HANGUP;
    }
    next->ended_ms = random_end(next->status);
}

static void model_write(Model *model, Store *store)
{
    guint number = (guint)g_test_rand_int_range(0, MODEL_CALLS);
    Record *next;

    if (number >= model->count) {
        next = random_facts(model->count);
        model->calls[model->count++] = next;
    } else {
        Record *old = model->calls[number];

        if (!old)
            return;
        next = record_next(old);
        next->rev++;
        close_randomly(next);
        record_unref(old);
        model->calls[number] = next;
    }
    put(store, record_ref(next));
}

static gint64 closed_at(const Record *record)
{
    if (!call_state_is_final(record->status))
        return G_MAXINT64;
    if (!record->veil.is_set)
        return record->ended_ms;
    return call_state_is_final(record->veil.status) ? MAX(record->ended_ms, record->veil.ended_ms)
                                                    : G_MAXINT64;
}

static void model_forget(Model *model, Store *store)
{
    g_autoptr(GError) error = NULL;
    gint64 before_ms = g_test_rand_int_range(1090, 1120);
    guint expected = 0;
    guint forgotten = 0;

    for (guint i = 0; i < model->count; i++) {
        if (model->calls[i] && closed_at(model->calls[i]) < before_ms) {
            g_clear_pointer(&model->calls[i], record_unref);
            expected++;
        }
    }
    g_assert_true(store->ops->forget(store, before_ms, MANY, &forgotten, &error));
    g_assert_cmpuint(forgotten, ==, expected);
}

static gboolean is_asked(const Record *record, const char *user_id, const HistoryEvent *query)
{
    gboolean is_caller = strcmp(record->facts->caller_id, user_id) == 0;
    const char *peer_id = is_caller ? record->facts->callee_id : record->facts->caller_id;
    RecordView seen = record_view(record, is_caller ? VIEW_CALLER : VIEW_FULL);
    gboolean is_missed = seen.status == CALL_TIMEOUT || seen.status == CALL_CANCELLED ||
                         (seen.status == CALL_REJECTED && seen.cause == CAUSE_BUSY);

    return (is_caller || strcmp(record->facts->callee_id, user_id) == 0) &&
           (!query->peer_id || strcmp(query->peer_id, peer_id) == 0) &&
           (!query->has_status || query->status == seen.status) &&
           (!query->missed || (!is_caller && is_missed));
}

/* createdAt never falls in the model, so the order of the first write is that of the history. */
static char *model_history(const Model *model, const char *user_id, const HistoryEvent *query)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    for (guint i = model->count; i > 0; i--) {
        Record *record = model->calls[i - 1];

        if (record && is_asked(record, user_id, query))
            g_ptr_array_add(found, record);
    }
    return ids_of(found);
}

static void compare_history(const Model *model, Store *store, const char *user_id,
                            const HistoryEvent *query)
{
    g_autofree char *expected = model_history(model, user_id, query);

    assert_history(store, user_id, query, expected);
}

static void compare_peers(const Model *model, Store *store, const char *user_id, HistoryEvent query)
{
    compare_history(model, store, user_id, &query);
    for (guint i = 0; i < MODEL_USERS; i++) {
        query.peer_id = model_users[i];
        compare_history(model, store, user_id, &query);
    }
}

static void compare_all(const Model *model, Store *store, const char *user_id)
{
    for (guint missed = 0; missed < 2; missed++) {
        guint limit = (guint)g_test_rand_int_range(1, 12);

        compare_peers(model, store, user_id, (HistoryEvent){.limit = limit, .missed = missed});
        for (guint status = 0; status < CALL_STATES; status++)
            compare_peers(
                model, store, user_id,
                (HistoryEvent){
                    .limit = limit, .missed = missed, .has_status = TRUE, .status = status});
    }
}

static void compare_ended(const Model *model, Store *store, const char *user_id, gint64 since_ms)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ended = store->ops->ended_since(store, user_id, since_ms, MANY, &error);
    gint64 last_ms = G_MAXINT64;
    guint expected = 0;

    g_assert_no_error(error);
    for (guint i = 0; i < ended->len; i++) {
        const Record *record = g_ptr_array_index(ended, i);
        RecordView seen = record_view(record, record_view_of_user(record, user_id, TRUE));

        g_assert_cmpint(seen.ended_ms, <=, last_ms);
        last_ms = seen.ended_ms;
    }
    g_assert_cmpint(last_ms, >=, since_ms);
    for (guint i = 0; i < model->count; i++) {
        const Record *record = model->calls[i];

        if (record && is_asked(record, user_id, HISTORY(.limit = 1)))
            expected += record_view(record, record_view_of_user(record, user_id, TRUE)).ended_ms >=
                        since_ms;
    }
    g_assert_cmpuint(ended->len, ==, expected);
}

static void compare_gets(const Model *model, Store *store)
{
    for (guint i = 0; i < model->count; i++) {
        g_autofree char *id = g_strdup_printf("m%u", i);
        const Record *record = model->calls[i];
        g_autoptr(Record) found =
            get(store, record ? (const char *)record->facts->callee_id : "alice", id);

        if (record)
            assert_same_record(found, record);
        else
            g_assert_null(found);
    }
}

static void compare_everything(const Model *model, Store *store)
{
    for (guint i = 0; i < MODEL_USERS; i++) {
        compare_all(model, store, model_users[i]);
        compare_ended(model, store, model_users[i], g_test_rand_int_range(1090, 1210));
    }
    compare_gets(model, store);
}

/* Some have read their calls before these change, others have not. */
static void compare_somebody(const Model *model, Store *store)
{
    compare_history(model, store, model_users[g_test_rand_int_range(0, MODEL_USERS)],
                    HISTORY(.limit = 12));
}

/* What a store puts off it may have begun to do, or not. */
static void file_a_part(Store *store)
{
    if (store->ops->catch_up)
        g_assert_true(store->ops->catch_up(store, NULL));
}

static void test_model(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Model model = {0};

    for (guint step = 1; step <= MODEL_STEPS; step++) {
        model_write(&model, fixture->store);
        if (step % 5 == 0)
            compare_somebody(&model, fixture->store);
        if (step % 30 == 0)
            file_a_part(fixture->store);
        if (step % 50 == 0)
            model_forget(&model, fixture->store);
        if (step % 100 == 0) {
            compare_everything(&model, fixture->store);
            reopen(fixture);
            compare_everything(&model, fixture->store);
            catch_up(fixture->store);
            compare_everything(&model, fixture->store);
        }
    }
    for (guint i = 0; i < model.count; i++)
        record_unref(model.calls[i]);
}

static guint forget(Store *store, gint64 before_ms, guint most)
{
    g_autoptr(GError) error = NULL;
    guint forgotten = MANY;

    g_assert_true(store->ops->forget(store, before_ms, most, &forgotten, &error));
    return forgotten;
}

/* --- ended_since --- */

static void assert_ended(Store *store, const char *user_id, gint64 since_ms, guint most,
                         const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ended = store->ops->ended_since(store, user_id, since_ms, most, &error);
    g_autofree char *ids = NULL;

    g_assert_no_error(error);
    ids = ids_of(ended);
    g_assert_cmpstr(ids, ==, expected);
}

static void test_ended_since(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "long", .created_ms = 100, .status = CALL_ENDED, .ended_ms = 9000);
    PUT(store, .id = "old", .created_ms = 200, .status = CALL_ENDED, .ended_ms = 4999);
    PUT(store, .id = "edge", .created_ms = 300, .status = CALL_TIMEOUT, .ended_ms = 5000);
    PUT(store, .id = "live", .created_ms = 400, .status = CALL_ACCEPTED);
    PUT(store, .id = "carols", .caller = "carol", .status = CALL_FAILED, .ended_ms = 7000);

    assert_ended(store, "bob", 5000, 100, "long carols edge");
    assert_ended(store, "alice", 5000, 100, "long edge");
    assert_ended(store, "bob", 5000, 2, "long carols");
    assert_ended(store, "bob", 9001, 100, "");
    assert_ended(store, "nobody", 0, 100, "");
}

/* Short ones are found by another way than those that took long. */
static void test_ended_long_and_short(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    const gint64 minute = 60 * 1000;
    Store *store = fixture->store;

    PUT(store, .id = "hours", .created_ms = 1, .status = CALL_ENDED, .ended_ms = 300 * minute);
    PUT(store, .id = "limit", .created_ms = 295 * minute + 1, .status = CALL_ENDED,
        .ended_ms = 300 * minute + 1);
    PUT(store, .id = "above", .created_ms = 295 * minute + 1, .status = CALL_ENDED,
        .ended_ms = 300 * minute + 2);
    PUT(store, .id = "missed", .created_ms = 299 * minute, .status = CALL_TIMEOUT,
        .ended_ms = 300 * minute - 1);
    PUT(store, .id = "back", .created_ms = 301 * minute, .status = CALL_REJECTED,
        .ended_ms = 299 * minute);
    for (guint round = 0; round < 2; round++) {
        assert_ended(store, "bob", 0, 100, "above limit hours missed back");
        assert_ended(store, "alice", 300 * minute, 100, "above limit hours");
        assert_ended(store, "bob", 299 * minute, 4, "above limit hours missed");
        assert_ended(store, "bob", 0, 1, "above");
        catch_up(store);
    }
    /* What is forgotten leaves nothing. */
    forget(store, G_MAXINT64, 100);
    assert_ended(store, "bob", 0, 100, "");
}

static void test_ended_behind_a_veil(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .is_veiled = TRUE, .ended_ms = 1000, .veil_status = CALL_RINGING);
    assert_ended(store, "alice", 500, 9, "");
    assert_ended(store, "bob", 500, 9, "c");

    PUT(store, .id = "c", .is_veiled = TRUE, .ended_ms = 1000, .veil_status = CALL_TIMEOUT,
        .veil_ended_ms = 46000);
    assert_ended(store, "alice", 46000, 9, "c");
    assert_ended(store, "bob", 1001, 9, "");
}

/* --- after a crash --- */

static guint recover(Store *store, gint64 now_ms)
{
    g_autoptr(GError) error = NULL;
    guint closed = 0;

    g_assert_true(store->ops->recover(store, now_ms, &closed, &error));
    return closed;
}

static void test_recover(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) accepted = CALL(.id = "accepted", .status = CALL_ACCEPTED, .rev = 3);
    g_autoptr(Record) found = NULL;

    accepted->accepted_ms = 4000;
    put(fixture->store, record_ref(accepted));
    PUT(fixture->store, .id = "ringing");
    PUT(fixture->store, .id = "over", .status = CALL_REJECTED, .cause = CAUSE_DECLINED, .rev = 2);
    reopen(fixture);

    g_assert_cmpuint(recover(fixture->store, 9000), ==, 2);
    g_assert_cmpuint(recover(fixture->store, 9500), ==, 0);
    reopen(fixture);
    assert_call(fixture->store, "alice", "ringing", "failed/server_restart 1001");
    assert_call(fixture->store, "bob", "over", "rejected/declined 2");
    found = get(fixture->store, "bob", "accepted");
    g_assert_cmpint(found->ended_ms, ==, 9000);
    g_assert_cmpint(found->duration_ms, ==, 5000);
    g_assert_cmpuint(found->rev, ==, 1003);
    assert_ended(fixture->store, "alice", 9000, 9, "ringing accepted");
}

static void test_recover_a_veil(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) found = NULL;

    PUT(fixture->store, .id = "c", .rev = 2, .is_veiled = TRUE, .veil_status = CALL_RINGING);
    g_assert_cmpuint(recover(fixture->store, 9000), ==, 1);
    g_assert_true(fixture->store->ops->recover(fixture->store, 9000, NULL, NULL));

    assert_call(fixture->store, "bob", "c", "rejected/busy 2");
    found = get(fixture->store, "alice", "c");
    g_assert_cmpint(found->ended_ms, ==, 1100);
    g_assert_cmpint(found->veil.status, ==, CALL_FAILED);
    g_assert_cmpint(found->veil.cause, ==, CAUSE_SERVER_RESTART);
    g_assert_cmpuint(found->veil.rev, ==, 1002);
    g_assert_cmpint(found->veil.ended_ms, ==, 9000);
    assert_ended(fixture->store, "alice", 9000, 9, "c");
}

/* --- retention --- */

static void test_forget(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c1", .created_ms = 1, .status = CALL_ENDED, .ended_ms = 3000);
    PUT(store, .id = "c2", .created_ms = 2, .status = CALL_ENDED, .ended_ms = 1000);
    PUT(store, .id = "c3", .created_ms = 3, .status = CALL_ENDED, .ended_ms = 2000);
    PUT(store, .id = "live", .created_ms = 4);
    PUT(store, .id = "veiled", .created_ms = 5, .is_veiled = TRUE, .ended_ms = 1000);

    g_assert_cmpuint(forget(store, 1000, 9), ==, 0);
    g_assert_cmpuint(forget(store, 3000, 1), ==, 1);
    assert_history(store, "bob", HISTORY(.limit = 9), "veiled live c3 c1");
    g_assert_cmpuint(forget(store, 3000, 9), ==, 1);
    assert_history(store, "alice", HISTORY(.limit = 9), "veiled live c1");
    g_assert_cmpuint(forget(store, 3000, 9), ==, 0);
    assert_call(store, "alice", "c2", "none");
    assert_call(store, "bob", "c3", "none");
    assert_ended(store, "bob", 0, 9, "c1 veiled");
}

/* What was stored meanwhile is older than it looks. */
static void test_forget_after_a_clock_that_was_ahead(Fixture *fixture,
                                                     gconstpointer kind G_GNUC_UNUSED)
{
    const gint64 now_ms = g_get_real_time() / 1000;
    const gint64 ahead_ms = now_ms + G_GINT64_CONSTANT(20) * 365 * 24 * 3600 * 1000;
    Store *store = fixture->store;

    PUT(store, .id = "ahead", .created_ms = ahead_ms, .status = CALL_ENDED,
        .ended_ms = ahead_ms + 1);
    PUT(store, .id = "old", .created_ms = now_ms - 2000, .status = CALL_ENDED,
        .ended_ms = now_ms - 1000);
    PUT(store, .id = "new", .created_ms = now_ms - 2000, .status = CALL_ENDED, .ended_ms = now_ms);
    g_assert_cmpuint(forget(store, now_ms, 9), ==, 1);
    assert_call(store, "bob", "old", "none");
    assert_history(store, "bob", HISTORY(.limit = 9), "ahead new");
}

/* It is over for its callee, who finds it by its caller, of whom nothing else is left. */
static void test_forget_beside_a_veil(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "veiled", .is_veiled = TRUE, .veil_status = CALL_RINGING);
    PUT(store, .id = "old", .callee = "carol", .status = CALL_ENDED);
    g_assert_cmpuint(forget(store, MANY, 9), ==, 1);
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "alice"), "veiled");

    PUT(store, .id = "veiled", .rev = 2, .is_veiled = TRUE, .veil_status = CALL_TIMEOUT);
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "alice"), "veiled");
    g_assert_cmpuint(forget(store, MANY, 9), ==, 1);
    assert_history(store, "bob", HISTORY(.limit = 9), "");
}

static void test_forgotten_can_come_again(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    PUT(store, .id = "c", .rev = 9, .status = CALL_ENDED);
    g_assert_cmpuint(forget(store, MANY, 9), ==, 1);
    PUT(store, .id = "c", .rev = 1, .status = CALL_TIMEOUT, .created_ms = 5000);

    assert_call(store, "bob", "c", "timeout/- 1");
    assert_history(store, "bob", HISTORY(.limit = 9, .peer_id = "alice"), "c");
}

/* --- threads --- */

#define THREAD_PAIRS 300
#define THREAD_PAGE 10

typedef struct {
    Store *store;
    guint written; /* pairs; atomic */
    gboolean is_over;
} Race;

static void write_pair(Store *store, guint number, guint rev, CallState status)
{
    g_autofree char *first = g_strdup_printf("p%u-a", number);
    g_autofree char *second = g_strdup_printf("p%u-b", number);
    g_autoptr(Record) a =
        CALL(.id = first, .created_ms = 1000 + number, .rev = rev, .status = status);
    g_autoptr(Record) b =
        CALL(.id = second, .created_ms = 1000 + number, .rev = rev, .status = status);
    Record *const group[] = {a, b};
    g_autoptr(GError) error = NULL;

    store->ops->write(store, group, G_N_ELEMENTS(group), &error);
    g_assert_no_error(error);
}

/* What write() has returned for is there. */
static void read_written(const Race *race)
{
    guint written = (guint)g_atomic_int_get(&race->written);
    g_autofree char *id = g_strdup_printf("p%u-b", written);
    g_autoptr(Record) record = NULL;

    if (written == 0)
        return;
    record = get(race->store, "bob", id);
    g_assert_nonnull(record);
    g_assert_cmpint(record->status, ==, CALL_ENDED);
}

/* A page shows both of a pair or none, each once, in the same state, without a gap: it is of one
 * moment. */
static void read_pairs(const Race *race)
{
    g_autofree char *next = NULL;
    g_autoptr(GPtrArray) page = read_page(race->store, THREAD_PAGE, NULL, &next);

    g_assert_cmpuint(page->len % 2, ==, 0);
    for (guint i = 0; i < page->len; i += 2) {
        const Record *newer = g_ptr_array_index(page, i);
        const Record *older = g_ptr_array_index(page, i + 1);
        const Record *newest = g_ptr_array_index(page, 0);

        g_assert_cmpint(newer->facts->created_ms, ==, older->facts->created_ms);
        g_assert_cmpint(newer->facts->created_ms, ==, newest->facts->created_ms - i / 2);
        g_assert_true(g_str_has_suffix(newer->facts->call_id, "-b"));
        g_assert_true(g_str_has_suffix(older->facts->call_id, "-a"));
        g_assert_cmpint(newer->status, ==, older->status);
    }
}

static gpointer race_reader(gpointer data)
{
    Race *race = data;

    while (!g_atomic_int_get(&race->is_over)) {
        g_autoptr(GPtrArray) ended = NULL;

        read_written(race);
        read_pairs(race);
        ended = race->store->ops->ended_since(race->store, "alice", 0, 10, NULL);
        g_assert_nonnull(ended);
    }
    return NULL;
}

/* More than a store has connections for readers. */
static void test_readers_while_writing(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Race race = {.store = fixture->store};
    GThread *threads[12];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("reader", race_reader, &race);
    for (guint i = 1; i <= THREAD_PAIRS; i++) {
        write_pair(fixture->store, i, 1, CALL_RINGING);
        write_pair(fixture->store, i, 2, CALL_ENDED);
        g_atomic_int_set(&race.written, i);
        if (i % 100 == 0)
            forget(fixture->store, 1000, 10);
        if (i % 8 == 0)
            file_a_part(fixture->store);
    }
    g_atomic_int_set(&race.is_over, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

/* --- the memory store alone --- */

static void test_memory_is_bounded(void)
{
    Store *store = memory_store_new(3);

    PUT(store, .id = "live", .created_ms = 1);
    PUT(store, .id = "c1", .created_ms = 2, .status = CALL_ENDED, .ended_ms = 200);
    PUT(store, .id = "c2", .created_ms = 3, .status = CALL_ENDED, .ended_ms = 100);
    PUT(store, .id = "c3", .created_ms = 4);
    assert_history(store, "bob", HISTORY(.limit = 9), "c3 c1 live");
    PUT(store, .id = "c4", .created_ms = 5);
    PUT(store, .id = "c5", .created_ms = 6);
    assert_history(store, "bob", HISTORY(.limit = 9), "c5 c4 c3");
    /* What is said of a live call makes it no younger. */
    PUT(store, .id = "c3", .created_ms = 4, .rev = 2, .status = CALL_ACCEPTED);
    PUT(store, .id = "c6", .created_ms = 7);
    assert_history(store, "bob", HISTORY(.limit = 9), "c6 c5 c4");
    store_free(store);
}

#define UNREAD 10000

static void put_unread(Store *store, guint number)
{
    g_autofree char *id = g_strdup_printf("c%u", number);
    g_autofree char *caller = g_strdup_printf("caller-%u", number);
    g_autoptr(Record) ringing = CALL(.id = id, .caller = caller, .created_ms = number);
    g_autoptr(Record) ended = next_revision(ringing, CALL_ENDED);

    write_group(store, (Record *[]){ringing, ended}, 2);
}

/* Far more than a store keeps waiting for somebody to ask: each is on its page, and those that were forgotten are on none. */
static void test_memory_lists_what_nobody_read(void)
{
    Store *store = memory_store_new(UNREAD);
    g_autoptr(GString) newest_first = g_string_new(NULL);

    for (guint i = 1; i <= UNREAD + 7; i++)
        put_unread(store, i);
    for (guint i = UNREAD + 7; i > 7; i--)
        g_string_append_printf(newest_first, i > 8 ? "c%u " : "c%u", i);
    assert_history(store, "bob", HISTORY(.limit = 100), newest_first->str);
    assert_call(store, "caller-7", "c7", "none");
    assert_call(store, "bob", "c8", "ended/- 2");
    assert_call(store, "bob", "c7", "none");
    assert_found(store, "c9", "caller-9 only");
    g_assert_cmpuint(forget(store, G_MAXINT64, UNREAD - 1), ==, UNREAD - 1);
    assert_history(store, "bob", HISTORY(.limit = 100), "c10007");
    assert_history(store, "caller-10006", HISTORY(.limit = 100), "");
    store_free(store);
}

/* The newest by creation is the one that is meant, in whatever order they came and go. */
static void test_memory_callers_of_one_id(void)
{
    Store *store = memory_store_new(3);

    PUT(store, .id = "c", .caller = "b", .created_ms = 200, .status = CALL_ENDED, .ended_ms = 900);
    PUT(store, .id = "c", .caller = "c", .created_ms = 300, .status = CALL_ENDED, .ended_ms = 800);
    PUT(store, .id = "c", .caller = "a", .created_ms = 100, .status = CALL_ENDED, .ended_ms = 850);
    assert_call(store, "bob", "c", "ended/- 1");
    assert_found(store, "c", "several");
    /* The one in the middle of the three. */
    PUT(store, .id = "x", .caller = "d", .created_ms = 400, .status = CALL_ENDED, .ended_ms = 990);
    PUT(store, .id = "y", .caller = "d", .created_ms = 400, .status = CALL_ENDED, .ended_ms = 991);
    assert_found(store, "c", "b only");
    PUT(store, .id = "z", .caller = "d", .created_ms = 400, .status = CALL_ENDED, .ended_ms = 992);
    assert_found(store, "c", "none");
    store_free(store);
}

/* --- the outbox --- */

static void assert_events(Fixture *fixture, const char *endpoint, const char *expected)
{
    g_autofree char *events = events_of(fixture->store, endpoint);

    g_assert_cmpstr(events, ==, expected);
}

static void announce_all(Fixture *fixture)
{
    store_announce_to(fixture->store, &test_announcer, NULL);
}

static void test_each_status_is_announced_once(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;

    announce_all(fixture);
    PUT(store, .id = "c1", .rev = 1);
    PUT(store, .id = "c1", .rev = 1);
    PUT(store, .id = "c2", .rev = 1);
    PUT(store, .id = "c1", .rev = 2, .status = CALL_ACCEPTED);
    PUT(store, .id = "c1", .rev = 1);
    PUT(store, .id = "c1", .rev = 3, .status = CALL_ACCEPTED);
    PUT(store, .id = "c1", .rev = 4, .status = CALL_ENDED);
    PUT(store, .id = "c1", .rev = 4, .status = CALL_ENDED);
    PUT(store, .id = "c1", .rev = 1, .created_ms = 2000);
    assert_events(fixture, "a", "c1 ringing, c2 ringing, c1 accepted, c1 ended, c1 ringing");
    assert_events(fixture, "b", "c1 ended");
    assert_events(fixture, "c", "");
    g_assert_cmpuint(store->ops->waiting(store), ==, 6);
}

/* Nobody is told less because records were written together. */
static void test_group_is_announced(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    g_autoptr(Record) ringing = CALL(.id = "c1");
    g_autoptr(Record) accepted = next_revision(ringing, CALL_ACCEPTED);
    g_autoptr(Record) ended = next_revision(accepted, CALL_ENDED);

    announce_all(fixture);
    write_group(fixture->store, (Record *[]){ringing, accepted, ended}, 3);
    assert_events(fixture, "a", "c1 ringing, c1 accepted, c1 ended");
}

static void test_nobody_is_told(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    PUT(fixture->store, .id = "c1");
    assert_events(fixture, "a", "");
    g_assert_cmpuint(fixture->store->ops->waiting(fixture->store), ==, 0);
}

static void test_recover_is_announced(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    PUT(fixture->store, .id = "c1");
    PUT(fixture->store, .id = "c2", .status = CALL_ENDED);
    reopen(fixture);
    announce_all(fixture);
    g_assert_true(fixture->store->ops->recover(fixture->store, 5000, NULL, NULL));
    assert_events(fixture, "a", "c1 failed");
    assert_events(fixture, "b", "c1 failed");
}

static void test_pages_and_settled(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    g_autoptr(GPtrArray) page = NULL;
    g_autoptr(GPtrArray) rest = NULL;
    const OutboxRow *first, *second;

    announce_all(fixture);
    PUT(store, .id = "c1");
    PUT(store, .id = "c2");
    PUT(store, .id = "c1", .rev = 2, .status = CALL_ENDED);
    page = store->ops->pending(store, "a", 0, 2, NULL);
    g_assert_cmpuint(page->len, ==, 2);
    first = g_ptr_array_index(page, 0);
    second = g_ptr_array_index(page, 1);
    g_assert_cmpint(first->id, <, second->id);
    g_assert_cmpint(first->call, !=, second->call);
    rest = store->ops->pending(store, "a", second->id, 9, NULL);
    g_assert_cmpuint(rest->len, ==, 1);
    g_assert_cmpint(((OutboxRow *)g_ptr_array_index(rest, 0))->call, ==, first->call);

    g_assert_true(store->ops->settle(store, (gint64[]){first->id, 12345}, 2, NULL));
    assert_events(fixture, "a", "c2 ringing, c1 ended");
    assert_events(fixture, "b", "c1 ended");
    g_assert_cmpuint(store->ops->waiting(store), ==, 3);
}

static void test_outbox_survives(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    announce_all(fixture);
    PUT(fixture->store, .id = "c1");
    reopen(fixture);
    announce_all(fixture);
    PUT(fixture->store, .id = "c1", .rev = 2, .status = CALL_ENDED);
    assert_events(fixture, "a", "c1 ringing, c1 ended");
    g_assert_cmpuint(fixture->store->ops->waiting(fixture->store), ==, 3);
}

static guint trim(Store *store, gint64 before_ms, guint rows, guint most)
{
    g_autoptr(GError) error = NULL;
    guint dropped = 99;

    g_assert_true(store->ops->trim(store, before_ms, rows, most, &dropped, &error));
    g_assert_no_error(error);
    return dropped;
}

static void test_trim_by_age(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    gint64 now_ms = g_get_real_time() / 1000;

    announce_all(fixture);
    g_assert_cmpuint(trim(store, G_MAXINT64, 0, 9), ==, 0);
    for (guint i = 0; i < 5; i++) {
        g_autofree char *id = g_strdup_printf("c%u", i);

        PUT(store, .id = id, .created_ms = now_ms);
    }
    g_assert_cmpuint(trim(store, now_ms - 1000, 100, 9), ==, 0);
    g_assert_cmpuint(trim(store, now_ms + 60000, 100, 2), ==, 2);
    assert_events(fixture, "a", "c2 ringing, c3 ringing, c4 ringing");
    g_assert_cmpuint(store->ops->waiting(store), ==, 3);
}

static void test_trim_by_number(Fixture *fixture, gconstpointer kind G_GNUC_UNUSED)
{
    Store *store = fixture->store;
    gint64 now_ms = g_get_real_time() / 1000;

    announce_all(fixture);
    PUT(store, .id = "live", .created_ms = now_ms);
    PUT(store, .id = "old", .created_ms = now_ms);
    PUT(store, .id = "new", .created_ms = now_ms);
    PUT(store, .id = "old", .rev = 2, .created_ms = now_ms, .status = CALL_TIMEOUT);
    PUT(store, .id = "new", .rev = 2, .created_ms = now_ms, .status = CALL_TIMEOUT);
    g_assert_cmpuint(store->ops->waiting(store), ==, 7);
    g_assert_cmpuint(trim(store, 0, 7, 9), ==, 0);
    g_assert_cmpuint(trim(store, 0, 5, 9), ==, 2);
    assert_events(fixture, "a", "live ringing, old timeout, new timeout");
    g_assert_cmpuint(trim(store, 0, 0, 9), ==, 4);
    assert_events(fixture, "a", "live ringing");
    g_assert_cmpuint(trim(store, 0, 0, 9), ==, 0);
}

/* --- */

typedef void (*Case)(Fixture *fixture, gconstpointer kind);

static const struct {
    const char *path;
    Case run;
} cases[] = {
    {"write/every-field", test_every_field},
    {"write/nothing-but-the-needed", test_nothing_but_the_needed},
    {"write/veil", test_veil},
    {"write/every-word", test_every_word},
    {"write/hostile-texts", test_hostile_texts},
    {"write/higher-rev-stays", test_higher_rev_stays},
    {"write/same-rev-is-replaced", test_same_rev_is_replaced},
    {"write/same-id-to-another", test_same_id_to_another},
    {"write/what-is-said-of-the-media-comes-after-the-end", test_report_comes_after_the_end},
    {"write/a-final-call-can-become-live", test_final_can_become_live},
    {"write/another-call-with-the-id", test_another_call_with_the_id},
    {"write/group", test_group},
    {"write/shared-facts", test_shared_facts},
    {"write/empty-group", test_empty_group},
    {"write/self-call", test_self_call},
    {"get/both-sides", test_both_sides},
    {"get/newest-of-two-callers", test_same_id_two_callers},
    {"get/own-call-first", test_own_call_first},
    {"find/by-its-id-alone", test_find_by_id_alone},
    {"history/newest-first", test_newest_first},
    {"history/filters", test_filters},
    {"history/veiled-call", test_veiled_call_in_history},
    {"history/last-page-has-no-cursor", test_last_page_has_no_cursor},
    {"history/pages-stand-still", test_pages_stand_still},
    {"history/bad-cursors", test_bad_cursors},
    {"history/as-the-model", test_model},
    {"ended/since", test_ended_since},
    {"ended/long-and-short", test_ended_long_and_short},
    {"ended/behind-a-veil", test_ended_behind_a_veil},
    {"recover/live-calls", test_recover},
    {"recover/a-veil", test_recover_a_veil},
    {"forget/oldest-first", test_forget},
    {"forget/after-a-clock-that-was-ahead", test_forget_after_a_clock_that_was_ahead},
    {"forget/beside-a-veil", test_forget_beside_a_veil},
    {"forget/can-come-again", test_forgotten_can_come_again},
    {"outbox/each-status-once", test_each_status_is_announced_once},
    {"outbox/group", test_group_is_announced},
    {"outbox/nobody-is-told", test_nobody_is_told},
    {"outbox/recover-is-announced", test_recover_is_announced},
    {"outbox/pages-and-settled", test_pages_and_settled},
    {"outbox/survives", test_outbox_survives},
    {"outbox/trim-by-age", test_trim_by_age},
    {"outbox/trim-by-number-spares-live-calls", test_trim_by_number},
    {"threads/readers-while-writing", test_readers_while_writing},
};

static void add_cases(const Kind *kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/store/%s/%s", kind->name, cases[i].path);

        g_test_add(path, Fixture, kind, set_up, cases[i].run, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        add_cases(&kinds[i]);
    g_test_add_func("/store/memory/is-bounded", test_memory_is_bounded);
    g_test_add_func("/store/memory/what-nobody-read", test_memory_lists_what_nobody_read);
    g_test_add_func("/store/memory/callers-of-one-id", test_memory_callers_of_one_id);
    return g_test_run();
}
