/* core/bucket, core/pace: how fast somebody may ask. */
#include "core/pace.h"

static const Rate five_a_second = {.tokens = 5, .period_us = G_USEC_PER_SEC, .size = 10};

static void test_full(void)
{
    Bucket bucket = {0};

    for (guint i = 0; i < 10; i++)
        g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 1000), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 1000), ==, 200000);
}

static void test_refused_takes_nothing(void)
{
    Bucket bucket = {0};

    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 10, 0), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 3, 0), ==, 600000);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 200000), ==, 0);
}

static void test_comes_back(void)
{
    Bucket bucket = {0};

    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 10, 0), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 199999), ==, 1);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 200000), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 10, 2200000), ==, 0);
}

static void test_saves_no_more_than_its_size(void)
{
    Bucket bucket = {0};
    gint64 late_us = G_GINT64_CONSTANT(1000000) * G_USEC_PER_SEC;

    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 0), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 10, late_us), ==, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, late_us), ==, 200000);
}

static void test_overdrawn(void)
{
    Bucket bucket = {0};

    bucket_overdraw(&bucket, &five_a_second, 25, 0);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 0), ==, 3200000);
    g_assert_cmpint(bucket_take(&bucket, &five_a_second, 1, 3200000), ==, 0);
}

static void test_no_rate(void)
{
    const Rate none = {0};
    Bucket bucket = {0};

    for (guint i = 0; i < 100; i++)
        g_assert_cmpint(bucket_take(&bucket, &none, 1000000, 0), ==, 0);
    bucket_overdraw(&bucket, &none, 1000000, 0);
    g_assert_cmpint(bucket_take(&bucket, &none, 1000000, 0), ==, 0);
}

static void test_each_callee_has_its_own(void)
{
    const Rates rates = {.calls = {.tokens = 1, .period_us = 1000, .size = 1}};
    Pace pace = {0};

    g_assert_cmpint(pace_call(&pace, &rates, "bob", 0), ==, 0);
    g_assert_cmpint(pace_call(&pace, &rates, "carol", 0), ==, 0);
    g_assert_cmpint(pace_call(&pace, &rates, "bob", 0), ==, 1000);
    g_assert_cmpint(pace.settled_us, ==, 1000);
    pace_clear(&pace);
}

/* Who calls somebody else each time fills no memory, and those called a moment ago are remembered. */
static void test_callees_are_forgotten(void)
{
    const Rates rates = {.calls = {.tokens = 1, .period_us = 1000, .size = 1}};
    Pace pace = {0};

    for (gint64 i = 0; i < 10000; i++) {
        g_autofree char *callee = g_strdup_printf("user%" G_GINT64_FORMAT, i);

        g_assert_cmpint(pace_call(&pace, &rates, callee, i * 100), ==, 0);
        g_assert_cmpint(pace_call(&pace, &rates, callee, i * 100), ==, 1000);
        g_assert_cmpuint(g_hash_table_size(pace.called), <=, 32);
    }
    pace_clear(&pace);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bucket/at-first-it-is-full", test_full);
    g_test_add_func("/bucket/refused-it-takes-nothing", test_refused_takes_nothing);
    g_test_add_func("/bucket/tokens-come-back", test_comes_back);
    g_test_add_func("/bucket/it-saves-no-more-than-its-size", test_saves_no_more_than_its_size);
    g_test_add_func("/bucket/overdrawn-it-comes-back-later", test_overdrawn);
    g_test_add_func("/bucket/no-rate-is-no-limit", test_no_rate);
    g_test_add_func("/pace/each-callee-has-its-own", test_each_callee_has_its_own);
    g_test_add_func("/pace/callees-are-forgotten", test_callees_are_forgotten);
    return g_test_run();
}
