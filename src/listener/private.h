/* What the files of the listener share. All of it is the listener's thread's own but for what stands
 * under a lock. */
#pragma once

#include <ev.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>

#include "listener/protocol.h"

#define PROTOCOLS_MOST 4
/* How long a handshake may take, and an answer by HTTP that is not read. */
#define HANDSHAKE_SECONDS 10

/* Something that another thread has the listener's thread do. */
typedef struct Item Item;
struct Item {
    Item *next;
    void (*run)(Item *item); /* takes it over */
};

/* The last text that was made of an event which goes to several devices. */
typedef struct {
    char *(*write)(const Message *message, const JoinSettings *join, gsize *length);
    Message message; /* owned, without what is only for the log */
    char *text;
    gsize length;
} TextCache;

struct Listener {
    gatomicrefcount refs; /* its owner's, and one of each Client */
    ListenerOptions options;
    Service *service;
    GThread *thread;
    struct ev_loop *loop;
    ev_async wake;
    ev_timer tick;
    ev_io breaks; /* exchange.c: of the set of those that are held */
    ev_io ends;   /* hangups.c: of the set of sockets that ended */
    ev_prepare some_end;
    ev_idle more_ends;
    ev_prepare lazy_time; /* link.c: of those that may wait for something else to do */
    ev_idle lazy_idle;
    struct lws_context *context;
    struct lws_vhost *vhost;
    SSL_CTX *tls; /* lws's; NULL without TLS */
    int key_kind; /* of its key, for good */
    guint port;
    gpointer selves[PROTOCOLS_MOST];

    GMutex lock; /* guards what is here */
    Item *first;
    Item **end;
    gboolean is_shut; /* nobody looks at items any more */
    ListenerStats published;

    /* Links, each in one of the first two: those that were heard of, the longest ago first, and those
     * that were asked with a ping since. */
    GQueue heard;
    GQueue pinged;
    GQueue unsettled;      /* who has not registered, the oldest first */
    GQueue closing;        /* who shall be gone in time, the oldest first */
    GQueue lazy;           /* who has something to send that may wait, the oldest first */
    GQueue dirty;          /* who has something to send that was not tried yet */
    GQueue muted;          /* who has ended, and lws shall not hear of it yet */
    GHashTable *addresses; /* of how many Links there are; NULL when nobody wants to know */
    GPtrArray *spares;     /* of GByteArray, empty: for the next texts that wait */
    GByteArray *text;      /* a message that came, whole */
    TextCache cache;
    guint connections; /* of TCP, with those that are in their handshake */
    guint asks;        /* requests that the service has */
    gboolean needs_poke;
    gboolean is_at_items; /* of other threads, one after the other */
    gboolean is_stopping;
    gint64 stop_by_us;
    ListenerStats stats;
};

struct Link {
    Listener *listener;
    const Protocol *protocol;
    gpointer owner;
    struct lws *wsi;
    char *address;          /* where the number of sockets per address is bounded; or NULL */
    GByteArray *out;        /* frames that lws was not given yet; NULL when there are none */
    gsize out_start;        /* what of it was */
    gboolean was_compacted; /* it has had much more in it */
    GByteArray *in;         /* the beginning of a message; NULL when there is none */
    GList by_silence;       /* in `heard` or `pinged` */
    GList by_age;           /* in `unsettled` or `closing` */
    GList by_dirt;          /* in `lazy` or `dirty` */
    GList by_hangup;        /* in `muted` */
    gint64 since_us;        /* it is in `heard` or `pinged` */
    gint64 lazy_us;         /* since when it is in `lazy` */
    gint64 until_us;        /* it may be in `unsettled` or `closing` */
    const char *reason;
    guint16 code;
    gboolean is_open : 1; /* the protocol knows it */
    gboolean is_pinged : 1;
    gboolean is_settled : 1;
    gboolean is_closing : 1;
    gboolean is_doomed : 1;
    gboolean is_dirty : 1;
    gboolean is_lazy : 1;
    gboolean is_paused : 1; /* it is not read from */
    gboolean has_said_farewell : 1;
    gboolean is_muted : 1;
};

struct Exchange {
    Listener *listener;
    const Protocol *protocol;
    gpointer owner;
    struct lws *wsi;
    const char *method;
    char **query; /* "name=value", decoded */
    char *origin; /* or NULL */
    GByteArray *body;
    gboolean is_asked;    /* the protocol has it */
    gboolean is_held;     /* and has not answered at once */
    gboolean is_answered; /* and is done with it */
    gboolean is_last;     /* the client wants the connection closed after it */
    guint status;
    const char *content_type;
    GByteArray *answer; /* after LWS_PRE bytes of nothing */
};

/* What lws keeps for each of its connections. */
typedef struct {
    Link *link;
    Exchange *exchange;
} Connection;

/* --- server.c --- */

Listener *listener_ref(Listener *listener);
void listener_unref(Listener *listener);
/* Any thread. FALSE when it has ended: the item is still the caller's. */
gboolean listener_put(Listener *listener, Item *item);
/* TRUE on the listener's thread with nothing put before. */
gboolean listener_is_direct(Listener *listener);
const Protocol *listener_find(const char *path, const char *subprotocols, gboolean is_websocket);
gboolean listener_allows(const Listener *listener, const char *origin);
gpointer listener_self_of(const Listener *listener, const Protocol *protocol);

/* --- link.c: what lws says about a WebSocket; as lws's callback: not 0 closes --- */

int link_established(Listener *listener, Connection *connection, struct lws *wsi,
                     const Protocol *protocol);
int link_received(Link *link, const char *bytes, gsize length);
void link_heard(Link *link);
int link_writable(Link *link);
void link_closed(Link *link);
/* Tries to send what was queued since. */
void links_flush(Listener *listener);
void links_start(Listener *listener);
void links_stop(Listener *listener);
void links_tick(Listener *listener, gint64 now_us);
void links_close_all(Listener *listener);

/* --- exchange.c --- */

void exchanges_start(Listener *listener);
void exchanges_stop(Listener *listener);

/* --- hangups.c --- */

void hangups_start(Listener *listener);
void hangups_stop(Listener *listener);
void hangups_watch(Link *link);
void hangups_forget(Link *link);

/* --- exchange.c --- */

int exchange_begin(Listener *listener, Connection *connection, struct lws *wsi, const char *path);
int exchange_take(Exchange *exchange, const char *bytes, gsize length);
int exchange_whole(Exchange *exchange);
int exchange_writable(Connection *connection);
void exchange_gone(Exchange *exchange);
/* The n-th value of that name in the query of a request whose headers lws still has. */
char *request_query(struct lws *wsi, const char *name);
/* A header, NULL when it is not there. Owned by the caller. */
char *request_header(struct lws *wsi, enum lws_token_indexes token);

/* --- client.c --- */

void text_cache_clear(TextCache *cache);

/* --- tls.c --- */

struct ListenerPair {
    SSL_CTX *tls;
    int kind; /* of the key: EVP_PKEY_... */
};

/* NULL when the two files are no certificate and its key. */
ListenerPair *tls_read(const char *certificate, const char *key, GError **error);
/* Uses them from now on. */
gboolean tls_use(SSL_CTX *tls, const ListenerPair *pair, GError **error);
