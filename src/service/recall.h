/* What the hub's memory does not have and the store does: older calls, those before a restart, and
 * history. No lock is held by any of these. */
#pragma once

#include "core/effect.h"
#include "ports/store.h"

/* A snapshot tells no more than this of what ended. */
#define RECALL_ENDED_MOST 100

/* Before a call:register: the user's calls that ended a while ago go into the event. */
void recall_ended(Store *store, Event *event);
/* Before a call:initiate with an id of its own: the user's call of that id, if there is one, goes
 * into the event. */
void recall_initiated(Store *store, const char *user_id, Event *event);
/* After a step that did not find the call which it was about. TRUE: it is in the event now, step
 * again. */
gboolean recall_missing(Store *store, Event *event, Reply *reply);
/* Completes the reply to call:history. */
void recall_history(Store *store, const Event *event, gboolean reveal_presence, Reply *reply);
/* Lets go of what was put into the event. */
void recall_clear(Event *event);
