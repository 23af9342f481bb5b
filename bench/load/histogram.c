#include "histogram.h"

#include <math.h>

#define SUB_BITS 7
#define SUBS (1 << SUB_BITS)
#define MAX_BITS 40
#define BUCKETS ((MAX_BITS - SUB_BITS + 2) * SUBS)

struct Histogram {
    guint64 counts[BUCKETS];
    guint64 count;
    gint64 max;
    double sum;
};

Histogram *histogram_new(void)
{
    return g_new0(Histogram, 1);
}

void histogram_free(Histogram *histogram)
{
    g_free(histogram);
}

void histogram_clear(Histogram *histogram)
{
    *histogram = (Histogram){0};
}

/* Up to SUBS each value has a bucket; above, a bucket holds 2^shift values. */
static guint bucket_of(guint64 value)
{
    guint shift;

    if (value < SUBS)
        return (guint)value;
    shift = (guint)g_bit_storage(value) - 1 - SUB_BITS;
    return (shift + 1) * SUBS + (guint)((value >> shift) - SUBS);
}

static gint64 middle_of(guint bucket)
{
    guint shift;

    if (bucket < SUBS)
        return bucket;
    shift = bucket / SUBS - 1;
    return ((gint64)(bucket % SUBS + SUBS) << shift) + (((gint64)1 << shift) - 1) / 2;
}

void histogram_add(Histogram *histogram, gint64 ns)
{
    gint64 value = CLAMP(ns, 0, (gint64)1 << MAX_BITS);

    histogram->counts[bucket_of((guint64)value)]++;
    histogram->count++;
    histogram->max = MAX(histogram->max, value);
    histogram->sum += (double)value;
}

guint64 histogram_count(const Histogram *histogram)
{
    return histogram->count;
}

gint64 histogram_max(const Histogram *histogram)
{
    return histogram->max;
}

double histogram_mean(const Histogram *histogram)
{
    return histogram->count == 0 ? 0 : histogram->sum / (double)histogram->count;
}

gint64 histogram_at(const Histogram *histogram, double share)
{
    guint64 wanted = (guint64)ceil(share * (double)histogram->count);
    guint64 seen = 0;

    for (guint bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (histogram->counts[bucket] > 0 && seen >= wanted)
            return MIN(middle_of(bucket), histogram->max);
    }
    return histogram->max;
}

void histogram_write(const Histogram *histogram, GString *json)
{
    const char *comma = "";

    g_string_append_c(json, '[');
    for (guint bucket = 0; bucket < BUCKETS; bucket++) {
        if (histogram->counts[bucket] == 0)
            continue;
        g_string_append_printf(json, "%s[%" G_GINT64_FORMAT ",%" G_GUINT64_FORMAT "]", comma,
                               middle_of(bucket), histogram->counts[bucket]);
        comma = ",";
    }
    g_string_append_c(json, ']');
}
