/* service/ids: what is made at once by many threads is never the same, and looks as it should. */
#include "service/ids.h"

#include <string.h>

#define THREADS 4
#define IDS 5000

static gpointer make_ids(gpointer data G_GNUC_UNUSED)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < IDS; i++) {
        char id[FRESH_ID_LENGTH + 1];

        fresh_id(G_GINT64_CONSTANT(1700000000000), id);
        g_ptr_array_add(ids, g_strdup(id));
    }
    return ids;
}

/* Of one millisecond: the time does not tell them apart. */
static void test_threads(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GThread *threads[THREADS];

    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("ids", make_ids, NULL);
    for (guint i = 0; i < THREADS; i++) {
        g_autoptr(GPtrArray) ids = g_thread_join(threads[i]);

        for (guint j = 0; j < ids->len; j++)
            g_assert_true(g_hash_table_add(seen, g_strdup(g_ptr_array_index(ids, j))));
    }
}

/* Each random character takes each of its values about as often. */
static void test_characters(void)
{
    guint counts[FRESH_ID_LENGTH][128] = {0};

    for (guint i = 0; i < 32 * 1000; i++) {
        char id[FRESH_ID_LENGTH + 1];

        fresh_id(1, id);
        g_assert_cmpuint(strlen(id), ==, FRESH_ID_LENGTH);
        g_assert_cmpuint(strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), ==, FRESH_ID_LENGTH);
        for (guint at = 0; at < FRESH_ID_LENGTH; at++)
            counts[at][(guint)id[at]]++;
    }
    for (guint at = 10; at < FRESH_ID_LENGTH; at++) {
        for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c; c++) {
            g_assert_cmpuint(counts[at][(guint)*c], >, 750);
            g_assert_cmpuint(counts[at][(guint)*c], <, 1250);
        }
    }
}

static void test_time_sorts(void)
{
    char earlier[FRESH_ID_LENGTH + 1], later[FRESH_ID_LENGTH + 1];

    fresh_id(G_GINT64_CONSTANT(1700000000000), earlier);
    fresh_id(G_GINT64_CONSTANT(1700000000001), later);
    g_assert_cmpint(strcmp(earlier, later), <, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/service/ids/threads", test_threads);
    g_test_add_func("/service/ids/characters", test_characters);
    g_test_add_func("/service/ids/time-sorts", test_time_sorts);
    return g_test_run();
}
