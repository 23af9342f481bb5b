/* Engine.IO 4, the part without a state: packets, payloads of HTTP polling, the handshake, what a
 * request's query asks for, and the protocol's error bodies. Pure: bytes in, values out. */
#pragma once

#include <glib.h>

/* The digits of the wire, in their order; the last is what HTTP polling writes as `b`, and a
 * WebSocket sends as a binary frame. */
typedef enum {
    ENGINEIO_OPEN,
    ENGINEIO_CLOSE,
    ENGINEIO_PING,
    ENGINEIO_PONG,
    ENGINEIO_MESSAGE,
    ENGINEIO_UPGRADE,
    ENGINEIO_NOOP,
    ENGINEIO_BINARY,
} EngineIoType;

/* What stands between the packets of one payload. */
#define ENGINEIO_SEPARATOR '\x1e'

/* One packet; `data` is borrowed from the text that it was read from, and not terminated. Of
 * binary data nothing is kept: it is refused further up. */
typedef struct {
    EngineIoType type;
    const char *data;
    gsize length;
} EngineIoPacket;

/* Reads one packet. FALSE: it is none, also when a packet that has no data has some. The data of a
 * message is any UTF-8. */
gboolean engineio_decode(const char *text, gsize length, EngineIoPacket *packet);
/* Appends one packet, with a separator before it when there is something already. */
void engineio_append(GString *payload, EngineIoType type, const char *data, gsize length);

/* What is left of a payload. */
typedef struct {
    const char *text;
    gsize length;
    gboolean is_begun;
    gboolean is_broken; /* a packet could not be read; nothing more comes */
} EngineIoPayload;

/* The next packet of a payload; FALSE at its end, and where it is broken. An empty payload is broken. */
gboolean engineio_next(EngineIoPayload *payload, EngineIoPacket *packet);

typedef enum {
    ENGINEIO_NO_TRANSPORT,
    ENGINEIO_POLLING,
    ENGINEIO_WEBSOCKET,
} EngineIoTransport;

/* What the query of a request says. `sid` is borrowed, NULL when there is none. */
typedef struct {
    gboolean is_version_4;
    EngineIoTransport transport;
    const char *sid;
} EngineIoQuery;

/* Of the parameters `EIO`, `transport` and `sid`, each NULL when it is not there. */
EngineIoQuery engineio_query(const char *version, const char *transport, const char *sid);

/* The errors of the protocol; the numbers are the wire's. */
typedef enum {
    ENGINEIO_UNKNOWN_TRANSPORT,
    ENGINEIO_UNKNOWN_SID,
    ENGINEIO_BAD_METHOD,
    ENGINEIO_BAD_REQUEST,
    ENGINEIO_FORBIDDEN,
    ENGINEIO_UNSUPPORTED_VERSION,
} EngineIoError;

#define ENGINEIO_ERRORS (ENGINEIO_UNSUPPORTED_VERSION + 1)

/* The body that says so, JSON, static; and the status of HTTP that goes with it. */
const char *engineio_error_body(EngineIoError error);
guint engineio_error_status(EngineIoError error);

/* Whether a request's query is one that the protocol knows; else why not. Which sids there are,
 * and which methods, the caller knows. */
gboolean engineio_check_query(const EngineIoQuery *query, EngineIoError *error);

/* The JSON of the open packet. `sid` is ours: it needs no escaping. */
typedef struct {
    const char *sid;
    gboolean can_upgrade;
    gint64 ping_interval_ms;
    gint64 ping_timeout_ms;
    gsize max_payload;
} EngineIoHandshake;

char *engineio_handshake(const EngineIoHandshake *handshake);
