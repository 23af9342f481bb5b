/* What a backend sees of the hub's memory: copies, page by page. Looking changes nothing and is no
 * step; the caller holds the lock for the time of one page. */
#pragma once

#include <glib.h>

#include "core/hub.h"

/* One call of this never gives more entries, and never looks at more places. */
#define LOOK_MOST 100
#define LOOK_PLACES_MOST 1000

typedef struct {
    GRefString *id;
    GRefString *name; /* displayName, or NULL */
    gboolean is_present;
    gboolean is_expired; /* present, but its token is over */
    gint64 away_ms;      /* how long it has been away */
} DeviceLook;

typedef struct {
    GRefString *user_id;
    guint live_calls;
    GArray *devices; /* of DeviceLook */
} UserLook;

typedef struct {
    Record *record;
    gint64 expires_in_ms; /* -1 when it does not ring */
} CallLook;

/* New arrays that own what is in them. */
GPtrArray *user_looks_new(void); /* of UserLook */
GPtrArray *call_looks_new(void); /* of CallLook */

/* The next users with a device, or live calls, at most `most` and LOOK_MOST, from a place on: 0 at
 * first. Returns the place to go on from, 0 when all were listed. `now_us` is monotonic. */
guint hub_look_at_users(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *users);
guint hub_look_at_calls(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *calls);

/* One user: appends to both as above; a user without a device and live calls appends nothing. */
void hub_look_at_user(const Hub *hub, const char *user_id, gint64 now_us, GPtrArray *users,
                      GPtrArray *calls);
