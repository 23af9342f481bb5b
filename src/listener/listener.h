/* A door of our own beside Janus's transports: WebSocket and HTTP on libwebsockets, on one thread,
 * straight into the service (docs/listener.md). */
#pragma once

#include <glib.h>

#include "core/effect.h"
#include "service/service.h"
#include "wire/join.h"
#include "wire/request.h"

typedef struct Listener Listener;

/* Strings are copied, what the hooks need is borrowed until listener_free(). */
typedef struct {
    const char *address;     /* to listen on: an IP address, "" for all */
    guint port;              /* 0: the system chooses; listener_port() says which */
    const char *certificate; /* PEM files; "" for both: no TLS */
    const char *key;
    const char *origins; /* with spaces between them; "": pages of any origin, as "*" says too */
    const char *socketio_namespace; /* of Socket.IO, beside "/": "/calls"; "" or NULL: none */
    const JoinSettings *join;       /* what devices are told of media, or NULL */
    MessageLimits message;          /* bytes of one message as it arrives, depth of its JSON */
    guint max_sockets;
    guint max_sockets_per_address; /* 0: as many as in all */
    gsize max_waiting_bytes;       /* of what one socket has not been sent yet */
    guint max_unanswered;          /* requests of one client; it is not read from beyond; 0 is 64 */
    gint64 register_timeout_us;
    gint64 ping_interval_us; /* a socket that said nothing for so long is asked */
    gint64 ping_timeout_us;  /* and has so long to answer */
    gint64 close_timeout_us; /* how long the end waits for sockets to take what is left; 0 is 1 s */
    /* For log lines; called by any thread; each may be NULL. */
    void (*on_request)(const Event *event, const Reply *reply);
    void (*on_sent)(const Message *message);
} ListenerOptions;

typedef struct {
    guint sockets;    /* WebSockets that are open */
    guint exchanges;  /* HTTP requests under way */
    guint clients;    /* that may register a device */
    guint64 accepted; /* WebSockets since the start */
    guint64 refused;  /* handshakes: origin, sub-protocol, path, too many */
    guint64 slow;     /* closed, for they did not read */
    guint64 silent;   /* closed, for they did not answer to a ping */
    guint64 late;     /* closed, for they did not register */
    guint64 faulty;   /* closed, for what they sent: too large, not UTF-8, binary */
    guint64 requests;
    guint64 events;
} ListenerStats;

/* Binds the port and starts the thread. NULL and an error (G_FILE_ERROR, G_IO_ERROR-like text) when
 * that cannot be. The service is borrowed. */
Listener *listener_new(const ListenerOptions *options, Service *service, GError **error);
/* Closes the sockets (their devices go into grace), waits until no request is under way, joins the
 * thread. To be called before service_free(). NULL is fine. */
void listener_free(Listener *listener);

guint listener_port(const Listener *listener);
/* A certificate and its key, read and found to be good. */
typedef struct ListenerPair ListenerPair;
/* Reads both again; nothing is changed by it. `pair` is NULL where there is no TLS. Refuses a key of another
 * kind than the one at the start: the old pair would stay in use beside it. Any thread. */
gboolean listener_read_pair(const Listener *listener, ListenerPair **pair, GError **error);
/* Handshakes from now on have it, sockets that are open stay. NULL is fine. FALSE: everything is as before.
 * Any thread. */
gboolean listener_use_pair(Listener *listener, const ListenerPair *pair, GError **error);
void listener_pair_free(ListenerPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListenerPair, listener_pair_free)

/* Any thread. */
void listener_stats(Listener *listener, ListenerStats *stats);

#define LISTENER_ERROR (listener_error_quark())
GQuark listener_error_quark(void);

typedef enum {
    LISTENER_ERROR_TLS,  /* certificate or key */
    LISTENER_ERROR_START /* the port, the event library */
} ListenerError;
