/* bench/load/histogram.c: what the load generator says of times. */
#include "histogram.h"

#define MICROSECOND 1000
#define SECOND G_GINT64_CONSTANT(1000000000)

static void assert_near(gint64 value, gint64 expected)
{
    gint64 error = ABS(value - expected);

    if (error * 128 > expected)
        g_error("%" G_GINT64_FORMAT " is not within 0.8 %% of %" G_GINT64_FORMAT, value, expected);
}

static void test_empty(void)
{
    g_autoptr(Histogram) histogram = histogram_new();

    g_assert_cmpuint(histogram_count(histogram), ==, 0);
    g_assert_cmpint(histogram_at(histogram, 0.5), ==, 0);
    g_assert_cmpint(histogram_max(histogram), ==, 0);
    g_assert_cmpfloat(histogram_mean(histogram), ==, 0);
}

static void test_small_values_are_exact(void)
{
    g_autoptr(Histogram) histogram = histogram_new();

    for (gint64 ns = 1; ns <= 100; ns++)
        histogram_add(histogram, ns);
    g_assert_cmpint(histogram_at(histogram, 0.5), ==, 50);
    g_assert_cmpint(histogram_at(histogram, 0.99), ==, 99);
    g_assert_cmpint(histogram_at(histogram, 1), ==, 100);
    g_assert_cmpfloat(histogram_mean(histogram), ==, 50.5);
}

/* Over the whole range, also on both sides of each doubling. */
static void test_every_value_is_near(void)
{
    for (gint64 power = 1; power < 1100 * SECOND && power <= (gint64)1 << 40; power *= 2) {
        for (gint64 ns = MAX(power - 1, 1); ns <= power + 1; ns++) {
            g_autoptr(Histogram) histogram = histogram_new();

            histogram_add(histogram, ns);
            assert_near(histogram_at(histogram, 0.5), MIN(ns, (gint64)1 << 40));
        }
    }
}

static void test_percentiles(void)
{
    g_autoptr(Histogram) histogram = histogram_new();

    for (gint64 i = 1; i <= 10000; i++)
        histogram_add(histogram, i * MICROSECOND);
    assert_near(histogram_at(histogram, 0.5), 5000 * MICROSECOND);
    assert_near(histogram_at(histogram, 0.9), 9000 * MICROSECOND);
    assert_near(histogram_at(histogram, 0.99), 9900 * MICROSECOND);
    g_assert_cmpint(histogram_max(histogram), ==, 10000 * MICROSECOND);
    g_assert_cmpint(histogram_at(histogram, 1), <=, histogram_max(histogram));
}

/* One bad value among a thousand shows in the largest and in no percentile below its rank. */
static void test_a_stall_shows(void)
{
    g_autoptr(Histogram) histogram = histogram_new();

    for (int i = 0; i < 999; i++)
        histogram_add(histogram, 100 * MICROSECOND);
    histogram_add(histogram, SECOND);
    assert_near(histogram_at(histogram, 0.999), 100 * MICROSECOND);
    assert_near(histogram_at(histogram, 1), SECOND);
    g_assert_cmpint(histogram_max(histogram), ==, SECOND);
}

static void test_out_of_range(void)
{
    g_autoptr(Histogram) histogram = histogram_new();

    histogram_add(histogram, -5);
    g_assert_cmpint(histogram_max(histogram), ==, 0);
    histogram_add(histogram, G_MAXINT64);
    g_assert_cmpint(histogram_max(histogram), ==, (gint64)1 << 40);
    histogram_clear(histogram);
    g_assert_cmpuint(histogram_count(histogram), ==, 0);
}

static void test_is_written(void)
{
    g_autoptr(Histogram) histogram = histogram_new();
    g_autoptr(GString) json = g_string_new(NULL);

    histogram_add(histogram, 3);
    histogram_add(histogram, 3);
    histogram_add(histogram, 100);
    histogram_write(histogram, json);
    g_assert_cmpstr(json->str, ==, "[[3,2],[100,1]]");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/histogram/empty", test_empty);
    g_test_add_func("/histogram/small-values-are-exact", test_small_values_are_exact);
    g_test_add_func("/histogram/every-value-is-near", test_every_value_is_near);
    g_test_add_func("/histogram/percentiles", test_percentiles);
    g_test_add_func("/histogram/a-stall-shows", test_a_stall_shows);
    g_test_add_func("/histogram/out-of-range", test_out_of_range);
    g_test_add_func("/histogram/is-written", test_is_written);
    return g_test_run();
}
