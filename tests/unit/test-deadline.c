/* core/deadline: the heap against a model that looks at everything. */
#include "core/deadline.h"

#define DEADLINES 200
#define OPERATIONS 200000

static gint64 earliest(const Deadline *all)
{
    gint64 least = DEADLINE_NEVER;

    for (guint i = 0; i < DEADLINES; i++)
        least = MIN(least, all[i].at_us);
    return least;
}

static void assert_in_order(const Deadlines *deadlines)
{
    for (guint i = 0; i < deadlines->heap->len; i++) {
        const Deadline *one = g_ptr_array_index(deadlines->heap, i);
        const Deadline *parent = g_ptr_array_index(deadlines->heap, i ? (i - 1) / 2 : 0);

        g_assert_cmpuint(one->place, ==, i + 1);
        g_assert_cmpint(parent->at_us, <=, one->at_us);
    }
}

static void test_against_model(gconstpointer data)
{
    GRand *rand = g_rand_new_with_seed(GPOINTER_TO_UINT(data));
    gint32 range = g_rand_int_range(rand, 2, 1000);
    Deadline all[DEADLINES] = {0};
    Deadlines deadlines;

    deadlines_init(&deadlines);
    for (guint i = 0; i < DEADLINES; i++)
        all[i].at_us = DEADLINE_NEVER;
    for (guint i = 0; i < OPERATIONS; i++) {
        Deadline *one = &all[g_rand_int_range(rand, 0, DEADLINES)];
        const Deadline *first;

        deadlines_set(&deadlines, one,
                      g_rand_int_range(rand, 0, 4) ? g_rand_int_range(rand, 0, range)
                                                   : DEADLINE_NEVER);
        first = deadlines_first(&deadlines);
        g_assert_cmpint(first ? first->at_us : DEADLINE_NEVER, ==, earliest(all));
        if (i % 100 == 0)
            assert_in_order(&deadlines);
    }
    deadlines_clear(&deadlines);
    g_rand_free(rand);
}

static void test_sorts(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    Deadline all[DEADLINES] = {0};
    Deadlines deadlines;
    gint64 last_us = 0;
    guint taken = 0;
    Deadline *first;

    deadlines_init(&deadlines);
    for (guint i = 0; i < DEADLINES; i++)
        deadlines_set(&deadlines, &all[i], g_rand_int_range(rand, 0, 100));
    for (; (first = deadlines_first(&deadlines)); taken++) {
        g_assert_cmpint(first->at_us, >=, last_us);
        last_us = first->at_us;
        deadlines_set(&deadlines, first, DEADLINE_NEVER);
        g_assert_cmpuint(first->place, ==, 0);
    }
    g_assert_cmpuint(taken, ==, DEADLINES);
    deadlines_clear(&deadlines);
    g_rand_free(rand);
}

static void test_empty(void)
{
    Deadline one = {.kind = DEADLINE_CALL};
    Deadlines deadlines;

    deadlines_init(&deadlines);
    g_assert_null(deadlines_first(&deadlines));
    deadlines_set(&deadlines, &one, DEADLINE_NEVER);
    g_assert_null(deadlines_first(&deadlines));
    deadlines_set(&deadlines, &one, 5);
    deadlines_set(&deadlines, &one, 5);
    g_assert_true(deadlines_first(&deadlines) == &one);
    deadlines_set(&deadlines, &one, DEADLINE_NEVER);
    deadlines_set(&deadlines, &one, DEADLINE_NEVER);
    g_assert_null(deadlines_first(&deadlines));
    deadlines_clear(&deadlines);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint seed = 1; seed <= 3; seed++) {
        g_autofree char *path =
            g_strdup_printf("/deadline/the-first-is-always-the-earliest/%u", seed);

        g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_against_model);
    }
    g_test_add_func("/deadline/taken-out-one-by-one-they-are-sorted", test_sorts);
    g_test_add_func("/deadline/what-is-not-in-it-can-be-taken-out", test_empty);
    return g_test_run();
}
