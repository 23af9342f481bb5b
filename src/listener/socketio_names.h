/* The words of Socket.IO apps: what they call requests and fields, in the protocol's own. One table
 * for all of it; docs/socketio.md has the same. Nowhere else are such words understood. Pure. */
#pragma once

#include <jansson.h>

/* The body of a request as docs/protocol.md has it, from the array of an event: its name, then at
 * most one object. NULL: it cannot be made, and `*fault` says why, static. A new reference; what is
 * in the array may be changed. Whether there is such a request is for others to say. */
json_t *socketio_request(json_t *event, const char **fault);
/* The body of a `call:register` from the `auth` of a CONNECT. */
json_t *socketio_registration(const json_t *auth);
