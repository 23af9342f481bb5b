#include "core/pace.h"

/* Fewer are not worth looking through. */
#define SWEEP_LEAST 16

static gint64 take(Pace *pace, Bucket *bucket, const Rate *rate, gint64 tokens, gint64 now_us)
{
    gint64 wait_us = bucket_take(bucket, rate, tokens, now_us);

    pace->settled_us = MAX(pace->settled_us, bucket->full_us);
    return wait_us;
}

gint64 pace_request(Pace *pace, const Rates *rates, gint64 now_us)
{
    return take(pace, &pace->requests, &rates->requests, 1, now_us);
}

gint64 pace_relay(Pace *pace, const Rates *rates, gsize bytes, gint64 now_us)
{
    return take(pace, &pace->relayed, &rates->relayed, (gint64)bytes, now_us);
}

static gboolean is_full(gpointer callee_id G_GNUC_UNUSED, gpointer bucket, gpointer now_us)
{
    return ((const Bucket *)bucket)->full_us <= *(const gint64 *)now_us;
}

/* Each callee costs a constant share of the looking through. */
static void forget_full(Pace *pace, gint64 now_us)
{
    if (g_hash_table_size(pace->called) < pace->sweep_at)
        return;
    g_hash_table_foreach_remove(pace->called, is_full, &now_us);
    pace->sweep_at = MAX(SWEEP_LEAST, 2 * g_hash_table_size(pace->called));
}

static Bucket *bucket_of(Pace *pace, const char *callee_id, gint64 now_us)
{
    Bucket *bucket;

    if (!pace->called) {
        pace->called = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        pace->sweep_at = SWEEP_LEAST;
    }
    bucket = g_hash_table_lookup(pace->called, callee_id);
    if (bucket)
        return bucket;
    forget_full(pace, now_us);
    bucket = g_new0(Bucket, 1);
    g_hash_table_insert(pace->called, g_strdup(callee_id), bucket);
    return bucket;
}

gint64 pace_call(Pace *pace, const Rates *rates, const char *callee_id, gint64 now_us)
{
    if (!rates->calls.tokens)
        return 0;
    return take(pace, bucket_of(pace, callee_id, now_us), &rates->calls, 1, now_us);
}

void pace_clear(Pace *pace)
{
    g_clear_pointer(&pace->called, g_hash_table_unref);
}
