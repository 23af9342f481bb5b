/* store/unfiled: calls that wait for their lists, as readers at several moments see them. */
#include "store/unfiled.h"

#include "store-calls.h"

static Unfiled unfiled;

static void set_up(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    unfiled_init(&unfiled);
}

static void tear_down(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    unfiled_clear(&unfiled);
}

static void add(gint64 id, gint64 row, Record *record)
{
    unfiled_add(&unfiled, record, id, row);
    record_unref(record);
}

#define ADD(id, row, ...) add(id, row, CALL(.status = CALL_ENDED, __VA_ARGS__))

/* The ids on a page of bob's, newest first, for who reads when rows `first` to `last` are in the database. */
static char *ids_at(gint64 first, gint64 last, HistoryEvent query)
{
    g_auto(Page) page = {0};
    ListKind kinds[KINDS_MOST];
    UnfiledSearch search = {.user_id = "bob", .peer_id = query.peer_id, .kinds = kinds};
    GString *ids = g_string_new(NULL);

    query.limit = 9;
    g_assert_true(page_init(&page, &query, NULL));
    search.count = kinds_of_query(&query, kinds);
    search.page = &page;
    g_assert_true(unfiled_search(&unfiled, &(UnfiledSpan){first, last}, &search));
    for (guint i = 0; i < page.places->len; i++)
        g_string_append_printf(ids, "%s%d", i ? " " : "",
                               (int)g_array_index(page.places, Place, i).id);
    return g_string_free(ids, FALSE);
}

static void assert_ids(gint64 first, gint64 last, HistoryEvent query, const char *expected)
{
    g_autofree char *ids = ids_at(first, last, query);

    g_assert_cmpstr(ids, ==, expected);
}

#define ANY ((HistoryEvent){0})

static void test_moment(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    ADD(1, 1, .id = "a", .created_ms = 10);
    ADD(2, 2, .id = "b", .created_ms = 20);
    ADD(3, 2, .id = "c", .created_ms = 30);
    assert_ids(0, 0, ANY, "");
    assert_ids(1, 1, ANY, "1");
    assert_ids(1, 2, ANY, "3 2 1");
}

static void test_filters(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    add(1, 1, CALL(.id = "a", .created_ms = 10, .status = CALL_TIMEOUT, .caller = "carol"));
    add(2, 1, CALL(.id = "b", .created_ms = 20, .status = CALL_REJECTED));
    ADD(3, 1, .id = "c", .created_ms = 30, .caller = "bob", .callee = "carol");
    ADD(4, 1, .id = "d", .created_ms = 40, .caller = "carol", .callee = "dave");
    assert_ids(1, 1, ANY, "3 2 1");
    assert_ids(1, 1, (HistoryEvent){.missed = TRUE}, "1");
    assert_ids(1, 1, (HistoryEvent){.peer_id = "carol"}, "3 1");
    assert_ids(1, 1, (HistoryEvent){.has_status = TRUE, .status = CALL_REJECTED}, "2");
    assert_ids(1, 1, (HistoryEvent){.has_status = TRUE, .status = CALL_RINGING}, "");
    assert_ids(1, 1, (HistoryEvent){.before = "1e.3"}, "2 1");
}

/* Who reads at an older moment sees it there still. */
static void test_dropped(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    ADD(1, 1, .id = "a", .created_ms = 10);
    unfiled_drop(&unfiled, unfiled_find(&unfiled, "alice", 1), 2);
    unfiled_commit(&unfiled);
    assert_ids(1, 1, ANY, "1");
    assert_ids(1, 2, ANY, "");
    g_assert_null(unfiled_find(&unfiled, "alice", 1));
    g_assert_false(unfiled_has_user(&unfiled, "bob"));
}

static void test_rolled_back(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    ADD(1, 1, .id = "a", .created_ms = 10);
    unfiled_commit(&unfiled);
    ADD(2, 2, .id = "b", .created_ms = 20);
    ADD(3, 2, .id = "c", .created_ms = 30, .caller = "carol");
    unfiled_drop(&unfiled, unfiled_find(&unfiled, "bob", 1), 2);
    unfiled_drop(&unfiled, unfiled_find(&unfiled, "bob", 2), 2);
    unfiled_roll_back(&unfiled, 2);
    assert_ids(1, 9, ANY, "1");
    g_assert_false(unfiled_has_user(&unfiled, "carol"));
    g_assert_nonnull(unfiled_find(&unfiled, "alice", 1));
}

/* What is being filed is seen until it is filed; who is too late for their moment must look again. */
static void test_filed(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Page) page = {0};
    UnfiledSearch search = {.user_id = "bob", .page = &page};

    ADD(1, 1, .id = "a", .created_ms = 10);
    unfiled_begin_filing(&unfiled);
    ADD(2, 2, .id = "b", .created_ms = 20);
    assert_ids(1, 2, ANY, "2 1");
    unfiled_end_filing(&unfiled, 1);
    g_assert_true(page_init(&page, &(HistoryEvent){.limit = 9}, NULL));
    g_assert_false(unfiled_search(&unfiled, &(UnfiledSpan){1, 1}, &search));
    g_assert_false(unfiled_search(&unfiled, &(UnfiledSpan){1, 2}, &search));
    assert_ids(2, 2, ANY, "2");
}

static void test_self_call(gpointer *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    ADD(1, 1, .id = "a", .created_ms = 10, .caller = "bob");
    assert_ids(1, 1, ANY, "1");
    unfiled_roll_back(&unfiled, 1);
    assert_ids(1, 1, ANY, "");
}

#define TEST(path, run) g_test_add("/store/unfiled/" path, gpointer, NULL, set_up, run, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("a-moment-of-the-database", test_moment);
    TEST("filters", test_filters);
    TEST("dropped", test_dropped);
    TEST("rolled-back", test_rolled_back);
    TEST("filed", test_filed);
    TEST("self-call", test_self_call);
    return g_test_run();
}
