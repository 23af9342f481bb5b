/* What an operator can set about the core: timers and bounds (docs/protocol.md, section 5;
 * docs/configuration.md). */
#pragma once

#include <glib.h>

#include "core/bucket.h"
#include "core/record.h"

typedef struct {
    gint64 ring_us;         /* T0 to no_answer, unless the request says otherwise */
    gint64 unreachable_us;  /* T0 to unreachable when no device was rung */
    gint64 push_after_us;   /* T0 to the push where devices that say so do not ring; 0: no pushes */
    gint64 caller_grace_us; /* how long a caller's device may be away while it rings */
    gint64 in_call_grace_us; /* the same for either device of an accepted call */
    gint64 media_us;         /* the accept to media_failed */
    gint64 max_duration_us;  /* the accept to max_duration; 0 is off */
} Timers;

typedef struct {
    guint max_devices;        /* present devices of one user */
    guint max_live_calls;     /* live calls of one user */
    guint max_ended_per_user; /* ended calls that memory keeps, of one user */
    guint max_ended;          /* and of all users: one call counts once for each party */
    guint max_early_ends;     /* ends that overtook their initiate, of one user */
    guint max_users;          /* registered users in all */
    guint max_calls;          /* live calls in all */
} Limits;

/* How often. A rate without tokens is no limit. */
typedef struct {
    Rate requests; /* of one user's devices */
    Rate relayed;  /* bytes of call:signal and call:update of one user's devices */
    Rate calls;    /* from one caller to one callee */
} Rates;

typedef struct {
    Timers timers;
    Limits limits;
    Rates rates;
    Mode default_mode;        /* of a call:initiate that names none */
    gboolean is_recorded;     /* relayed calls are, unless the backend says otherwise */
    gboolean can_record;      /* there is where to */
    gboolean reveal_presence; /* FALSE: the caller's view tells nothing of the callee's devices */
} HubSettings;

/* How long memory keeps an ended call, and an end that overtook its initiate. */
#define ENDED_KEPT_US (10 * 60 * G_USEC_PER_SEC)
#define EARLY_END_KEPT_US (10 * G_USEC_PER_SEC)
/* A ring with less than this left is not announced to a device that comes late. */
#define RING_WORTH_ANNOUNCING_US G_USEC_PER_SEC

/* What to wait before asking again when the server is full: nobody knows when it will not be. */
#define RETRY_WHEN_FULL_US (5 * G_USEC_PER_SEC)

/* The defaults of the protocol, and no rates. */
void hub_settings_init(HubSettings *settings);
