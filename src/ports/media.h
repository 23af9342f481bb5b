/* Port: who carries the media of accepted calls. Without one the modes relay and room are not
 * offered. */
#pragma once

#include "core/media.h"

typedef struct {
    /* Does what is asked. FALSE: it cannot be done, and the call cannot have media without it: it
     * ends as failed / media_failed. Called in the order of the steps, by one thread at a time, with no lock
     * of the service held; what the same step tells devices goes out after it. May take
     * milliseconds, and must not wait for a device: what needs a session description is for
     * threads of its own. The order is borrowed; its addresses (a Peer each, service/peer.h) are
     * kept alive for the time of the call. */
    gboolean (*carry_out)(gpointer self, const MediaOrder *order);

    /* Whether calls of this mode can be had now. FALSE: `*why_not` says why, for people; static.
     * Any thread, for each call:initiate of such a mode: must not block. */
    gboolean (*can)(gpointer self, Mode mode, const char **why_not);
} MediaPort;
