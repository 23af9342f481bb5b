/* How long to wait before something that failed is tried again. */
#pragma once

#include <glib.h>

/* After the `failures`-th failure in a row, from 1: about `first_us`, then about twice as long each
 * time, never more than `most_us`. `chance`, from 0 to below 1, takes up to half of it away, so that
 * what failed together does not come back together. */
gint64 backoff_us(guint failures, gint64 first_us, gint64 most_us, double chance);
