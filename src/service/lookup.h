/* What the hub's memory does not have and the store does: older calls, and history. */
#pragma once

#include "core/effect.h"
#include "ports/store.h"

/* Completes the reply to call:get and call:history from the store; leaves every other reply alone. No lock is held. */
void lookup_elsewhere(Store *store, const Event *event, gboolean reveal_presence, Reply *reply);
