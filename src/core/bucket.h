/* Token buckets: how often something may happen, in the long run and at once. */
#pragma once

#include <glib.h>

/* `tokens` come back in each period; at most `size` are saved up. No tokens: no limit. */
typedef struct {
    gint64 tokens;
    gint64 period_us;
    gint64 size;
} Rate;

/* All zero it is full. */
typedef struct {
    gint64 full_us; /* when nothing will be missing from it any more */
} Bucket;

/* Takes so many tokens out: 0. Where there are too few it takes none and returns how long to wait
 * for them, in microseconds. More than the size is never there: the caller bounds what it asks for. */
gint64 bucket_take(Bucket *bucket, const Rate *rate, gint64 tokens, gint64 now_us);

/* Takes so many out, those too that are not back yet: for what is known only when it is spent. */
void bucket_overdraw(Bucket *bucket, const Rate *rate, gint64 tokens, gint64 now_us);
