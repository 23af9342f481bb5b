/* What a device has missed that knows no snapshots: from the reply to its `call:register` the events
 * that it would have got (docs/protocol.md, sections 3 and 4). Pure. */
#pragma once

#include "core/effect.h"
#include "listener/absence.h"

/* The events that were sent while the device of a register's `reply` was away, oldest call first:
 * the answer to a call that it made, the end of one that it knew. What rings at it the hub announces
 * itself. `absence` says how it was there last; NULL when nothing is known of that, and then only
 * what the time line of a call shows counts. `is_nameless`: the hub gave its id, which may not be the
 * one that it had. Of Message, owned by the array. */
GPtrArray *missed_events(const Reply *reply, const Absence *absence, gboolean is_nameless);
/* The `call:incoming` of what rings at it, for a second namespace that comes to share the device. */
GPtrArray *missed_rings(const Reply *reply);
