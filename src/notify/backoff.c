#include "notify/backoff.h"

/* More doublings overflow, and are far beyond any bound. */
#define DOUBLINGS_MOST 30

gint64 backoff_us(guint failures, gint64 first_us, gint64 most_us, double chance)
{
    guint doublings = MIN(failures ? failures - 1 : 0, DOUBLINGS_MOST);
    gint64 full_us = most_us;

    if (first_us <= (most_us >> doublings))
        full_us = first_us << doublings;
    return full_us - (gint64)(chance * 0.5 * (double)full_us);
}
