/* One Engine.IO session, from its handshake to its end: HTTP long polling, the upgrade to a
 * WebSocket, who pings whom and until when. Pure: what happens comes in with its time, what is to be
 * done goes out as a list.
 *
 * The WebSockets and HTTP requests are pointers that the machine compares and hands back, and never
 * looks into. One that went away has to be told with engineio_gone() and is not named again. */
#pragma once

#include "listener/engineio.h"

typedef struct {
    gint64 ping_interval_us; /* from one pong to the next ping */
    gint64 ping_timeout_us;
    gint64 upgrade_us; /* how long a second transport may try */
    gsize max_payload; /* told to clients; the listener keeps it */
    gsize max_waiting; /* bytes that wait for the next poll; more ends the session */
} EngineIoSettings;

typedef enum {
    ENGINEIO_CLOSED_BY_CLIENT, /* its close packet, or its WebSocket's */
    ENGINEIO_CLOSED_BY_SERVER, /* engineio_close() */
    ENGINEIO_TRANSPORT_CLOSED, /* its WebSocket or its poll broke off */
    ENGINEIO_PING_TIMEOUT,
    ENGINEIO_PARSE_ERROR, /* what is no packet, or not one for a server */
    ENGINEIO_OVERLAP,     /* two polls at once */
    ENGINEIO_SLOW,        /* more waits than may */
} EngineIoReason;

typedef enum {
    ENGINEIO_DO_SEND,    /* `text` as a text frame on the WebSocket `on` */
    ENGINEIO_DO_DROP,    /* close the WebSocket `on` */
    ENGINEIO_DO_ANSWER,  /* the HTTP request `on`, with `status` and `text` */
    ENGINEIO_DO_MESSAGE, /* the client says `text` */
    ENGINEIO_DO_BINARY,  /* the client sent something binary, which is not kept */
    ENGINEIO_DO_END,     /* the session is closed, because of `reason`; said once */
} EngineIoDo;

typedef struct {
    EngineIoDo what;
    gpointer on;
    guint status;
    char *text; /* owned by the list, NUL-terminated; or NULL */
    gsize length;
    EngineIoReason reason;
} EngineIoOutput;

/* Owns the texts of what is in it. */
GArray *engineio_outputs_new(void);
EngineIoOutput *engineio_output(const GArray *outputs, guint i);

typedef struct EngineIoSession EngineIoSession;

/* Borrows the settings. Nothing has been said yet: one of the two opens follows at once. */
EngineIoSession *engineio_session_new(const EngineIoSettings *settings, const char *sid,
                                      gint64 now_us);
void engineio_session_free(EngineIoSession *session);

/* --- what happens; `now_us` is monotonic and never falls --- */

/* The first request of a session: answered with the handshake, or the WebSocket gets it. */
void engineio_open_polling(EngineIoSession *session, gpointer poll, GArray *outputs);
void engineio_open_websocket(EngineIoSession *session, gpointer socket, GArray *outputs);
/* A GET of a client that polls: answered when there is something to say. */
void engineio_poll(EngineIoSession *session, gpointer poll, gint64 now_us, GArray *outputs);
/* A POST, always answered at once. */
void engineio_post(EngineIoSession *session, gpointer post, const char *body, gsize length,
                   gint64 now_us, GArray *outputs);
/* A WebSocket with the sid of this session. FALSE: it may not; close it. */
gboolean engineio_upgrade(EngineIoSession *session, gpointer socket, gint64 now_us,
                          GArray *outputs);
/* A frame on one of its WebSockets; `text` NULL for a binary one. */
void engineio_frame(EngineIoSession *session, gpointer socket, const char *text, gsize length,
                    gint64 now_us, GArray *outputs);
/* A WebSocket, or a request that was not answered, went away. `is_farewell`: it said so, as a client does
 * that closes it; else it broke off. */
void engineio_gone(EngineIoSession *session, gpointer what, gboolean is_farewell, gint64 now_us,
                   GArray *outputs);
/* Says `text` to the client; dropped when the session is closed. */
void engineio_send(EngineIoSession *session, const char *text, gsize length, GArray *outputs);
/* Ends it. What was said before still reaches a client that polls once more in time. */
void engineio_close(EngineIoSession *session, gint64 now_us, GArray *outputs);
/* Wants to be shown soon that the client has got all that was said so far: pings it when it says nothing by
 * itself. */
void engineio_prove(EngineIoSession *session, gint64 now_us);
/* engineio_deadline() has come. */
void engineio_timeout(EngineIoSession *session, gint64 now_us, GArray *outputs);

/* --- what there is to see --- */

/* When engineio_timeout() is due; G_MAXINT64 for never. */
gint64 engineio_deadline(const EngineIoSession *session);
/* Nothing is left to be done: forget it. */
gboolean engineio_is_over(const EngineIoSession *session);
/* Its WebSocket, or NULL while it polls. What is sent there directly overtakes nothing. */
gpointer engineio_websocket(const EngineIoSession *session);
/* When the client was heard last. */
gint64 engineio_heard_us(const EngineIoSession *session);
const char *engineio_sid(const EngineIoSession *session);
