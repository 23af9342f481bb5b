/* `join`: what a device needs for its part of an accepted call's media (docs/protocol.md, section
 * 6). */
#pragma once

#include <jansson.h>

#include "core/media.h"

/* One group of STUN or TURN servers. Strings are borrowed from the configuration; "" or NULL where
 * there is none. */
typedef struct {
    char **urls; /* ends in NULL; owned by whoever made the settings */
    const char *username;
    const char *credential;
    const char *secret; /* instead of both: shared with the TURN server, which knows by it what we
                           made */
    gint64 ttl_ms;      /* how long what we made is good for */
} IceServer;

typedef struct {
    IceServer *ice_servers;
    guint ice_server_count;
    gboolean has_string_rooms; /* as VideoRoom's string_ids */
} JoinSettings;

/* Puts `join` into the object if there is one. `settings` NULL: nothing is configured. `now_ms` is
 * Unix time. */
void put_join(json_t *object, Mode mode, const Join *join, const JoinSettings *settings,
              gint64 now_ms);
