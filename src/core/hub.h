/* The call engine: who is there, who calls whom, what has ended. One event in, a list of effects
 * out.
 *
 * Pure: no clock, no random source, no thread, no lock, no I/O. The caller serialises the steps
 * (one lock) and says the time; the hub never looks for itself. Costs per step do not grow with the
 * number of users or calls, but for O(log n) deadlines. */
#pragma once

#include <glib.h>

#include "core/effect.h"
#include "core/event.h"
#include "core/settings.h"

typedef struct Hub Hub;

Hub *hub_new(const HubSettings *settings);
void hub_free(Hub *hub);

/* Apply one event. Appends to `effects` (the caller's, so that they outlive the lock) in the order
 * in which they must be carried out; a request's reply is the last one. Time must not go backwards
 * between steps. */
void hub_step(Hub *hub, const Event *event, Effects *effects);

/* The same in two parts, for who carries out the effects in between: what they say need not wait for
 * the hub to put its lists in order. Before anything else is asked of the hub the step has to end,
 * but for hub_deadline(), which is another one then. The next step sees to that by itself, and to
 * end it again does nothing. */
void hub_step_begin(Hub *hub, const Event *event, Effects *effects);
void hub_step_end(Hub *hub);

/* When the hub next wants an EVENT_TIMEOUT: monotonic microseconds, G_MAXINT64 for never. It may
 * lie in the past: one step carries out a bounded number of deadlines. */
gint64 hub_deadline(const Hub *hub);

typedef struct {
    guint users;            /* known to memory, registered or not */
    guint registered_users; /* of these, with a device */
    guint devices;          /* present or in grace */
    guint away;             /* of these, in grace */
    guint live_calls;
    guint ended_calls; /* kept for snapshots; one for each party */
    guint64 steps;
    guint64 initiated;
    guint64 accepted;
    guint64 closed[CALL_STATES]; /* by final state */
    guint64 refused;
} HubStats;

void hub_stats(const Hub *hub, HubStats *stats);

/* The calls that a store listed for a user, as they are now: a store is a moment behind, and is not
 * told of every revision of a live call. `calls` is of Snapshot. */
void hub_bring_up_to_date(const Hub *hub, const char *user_id, GPtrArray *calls);

/* What is known of the device at an address: FALSE when there is none. Strings are borrowed until
 * the next step. */
typedef struct {
    const char *user_id;
    const char *device_id;
    guint live_calls;
    gboolean is_too_fast; /* its next request would be refused as too early */
} DeviceInfo;

gboolean hub_device_info(const Hub *hub, const Address *address, DeviceInfo *info);
