/* How fast one user's devices ask: what keeps one of them from taking the server, or another user's
 * peace. */
#pragma once

#include <glib.h>

#include "core/settings.h"

typedef struct {
    Bucket requests;
    Bucket relayed;
    GHashTable *called; /* calleeId -> Bucket; NULL until somebody is called */
    guint sweep_at;     /* when `called` has so many, it is looked through for full ones */
    gint64 settled_us;  /* when every bucket will be full again */
} Pace;

/* Each of them: 0 and it is counted, or how long to wait, in microseconds. */
gint64 pace_request(Pace *pace, const Rates *rates, gint64 now_us);
gint64 pace_relay(Pace *pace, const Rates *rates, gsize bytes, gint64 now_us);
gint64 pace_call(Pace *pace, const Rates *rates, const char *callee_id, gint64 now_us);

void pace_clear(Pace *pace);
