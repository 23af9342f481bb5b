#include "core/bucket.h"

gint64 bucket_take(Bucket *bucket, const Rate *rate, gint64 tokens, gint64 now_us)
{
    gint64 full_us = MAX(bucket->full_us, now_us);
    gint64 missing_us;

    if (!rate->tokens)
        return 0;
    full_us += tokens * rate->period_us / rate->tokens;
    missing_us = full_us - now_us - rate->size * rate->period_us / rate->tokens;
    if (missing_us > 0)
        return missing_us;
    bucket->full_us = full_us;
    return 0;
}

void bucket_overdraw(Bucket *bucket, const Rate *rate, gint64 tokens, gint64 now_us)
{
    if (rate->tokens)
        bucket->full_us = MAX(bucket->full_us, now_us) + tokens * rate->period_us / rate->tokens;
}
