/* The namespaces of one Socket.IO connection: who is connected to which, what may be said there, and
 * what is held back until it may. Pure: what happens comes in, what is to be done goes out as a
 * list. It knows nothing of calls. */
#pragma once

#include "listener/socketio.h"

/* `/`, and the one that is configured. */
#define SOCKETIO_PLACES 2

typedef struct {
    const char *nsp;   /* the second namespace, with its slash; "" when there is none */
    gint64 connect_us; /* how long a connection may be without a namespace */
} SocketIoSettings;

/* Which packet an answer is for. */
typedef struct {
    guint place;  /* in the list of namespaces */
    guint serial; /* which connection to that namespace */
    gboolean has_id;
    guint64 id;
} SocketIoAsk;

typedef enum {
    SOCKETIO_DO_SEND,    /* `text` as a message of Engine.IO */
    SOCKETIO_DO_CLOSE,   /* the connection: it said what is no packet, or nothing in time */
    SOCKETIO_DO_CONNECT, /* it wants into the namespace; `data` is its `auth`, an object. Answer with
                            socketio_admit() or socketio_turn_away() */
    SOCKETIO_DO_LEAVE,   /* it has left the namespace, on purpose */
    SOCKETIO_DO_EVENT,   /* `data` is its array. May be answered with socketio_answer() */
    SOCKETIO_DO_ACK,     /* `data` is the array that it answered with to the event `ask.id` */
} SocketIoDo;

typedef struct {
    SocketIoDo what;
    SocketIoAsk ask;
    json_t *data;      /* owned by the list; NULL where `fault` says why it could not be read */
    const char *fault; /* static, or NULL */
    GString *text;     /* owned by the list */
} SocketIoOutput;

/* Owns what is in it. */
GArray *socketio_outputs_new(void);
SocketIoOutput *socketio_output(const GArray *outputs, guint i);

typedef enum {
    SOCKETIO_ABSENT,
    SOCKETIO_CONNECTING, /* the answer to its CONNECT is awaited */
    SOCKETIO_CONNECTED,
    SOCKETIO_EXPELLED, /* by us; what it had sent before it knew is ignored */
} SocketIoPresence;

typedef struct {
    SocketIoPresence presence;
    guint serial;    /* of its last CONNECT */
    GPtrArray *held; /* of GString: events for a client that is connecting; or NULL */
} SocketIoPlace;

/* Owned by whoever embeds it. */
typedef struct {
    const SocketIoSettings *settings;
    SocketIoPlace places[SOCKETIO_PLACES];
    guint64 next_id;
    gint64 alone_us; /* when it has been without a namespace for too long; G_MAXINT64 */
} SocketIoSession;

/* Borrows the settings. */
void socketio_session_init(SocketIoSession *session, const SocketIoSettings *settings,
                           gint64 now_us);
void socketio_session_clear(SocketIoSession *session);

/* --- what happens --- */

/* A message of the client, text or binary. */
void socketio_take(SocketIoSession *session, const char *text, gsize length, gint64 now_us,
                   GArray *outputs);
void socketio_take_binary(SocketIoSession *session, GArray *outputs);
/* `alone_us` has come. */
void socketio_timeout(SocketIoSession *session, gint64 now_us, GArray *outputs);

/* The answer to a CONNECT. In: it gets its `sid`, then the events of `first` (of char *, each an
 * array as JSON; or NULL), then what was held back. */
void socketio_admit(SocketIoSession *session, const SocketIoAsk *ask, const char *sid,
                    const GPtrArray *first, GArray *outputs);
/* Not in: `message` is the error's, `data` borrowed, or NULL. */
void socketio_turn_away(SocketIoSession *session, const SocketIoAsk *ask, const char *message,
                        json_t *data, gint64 now_us, GArray *outputs);
/* The answer to an event, if it wants one and is still there to hear it. */
void socketio_answer(const SocketIoSession *session, const SocketIoAsk *ask, json_t *value,
                     GArray *outputs);
/* An event, an array as JSON, to one namespace; held back while that is connecting, dropped when it
 * is not there. With `id` the client may answer, and `id` is set to what it will name. */
void socketio_emit(SocketIoSession *session, guint place, const char *text, gsize length,
                   guint64 *id, GArray *outputs);
/* Tells it that it is disconnected: it does not come back by itself. */
void socketio_expel(SocketIoSession *session, guint place, gint64 now_us, GArray *outputs);

/* --- what there is to see --- */

const char *socketio_nsp(const SocketIoSession *session, guint place);
gboolean socketio_is_alone(const SocketIoSession *session);
