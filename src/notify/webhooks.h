/* Tells backends of calls: from the outbox, at least once and in the order of each call, and asks
 * them to wake a callee, at once and from memory. Each of the two has a thread of its own, so that
 * neither waits for the other, and no call for either. */
#pragma once

#include "notify/endpoint.h"
#include "ports/announcer.h"
#include "ports/backend.h"
#include "ports/store.h"

typedef struct Webhooks Webhooks;

/* The JSON of an event; owned by the caller. `push` NULL for one about a call. */
typedef char *(*WriteEvent)(const char *type, const Record *record, const Push *push);

typedef struct {
    const EndpointOptions *endpoints;
    guint endpoint_count;
    gint64 connect_timeout_ms;
    gint64 timeout_ms;
    gint64 retry_most_ms;
    guint parallel;
    gint64 keep_ms; /* an event that is older is given up */
    const char *proxy;
    const char *ca_file;
    WriteEvent write_event;
} WebhooksOptions;

/* How an endpoint answered to a push. */
typedef struct {
    const Record *record; /* of the call, as it was when the push was asked for */
    const char *endpoint;
    guint status; /* of HTTP; 0: it did not answer */
} PushAnswer;

/* Where what it learns goes; called by its threads. */
typedef struct {
    void (*settle)(gpointer data, const gint64 *ids, guint count);
    void (*push_answered)(gpointer data, const PushAnswer *answer);
    gpointer data;
} WebhooksListener;

/* NULL, and an error for people, when an endpoint is no good. */
Webhooks *webhooks_new(const WebhooksOptions *options, GError **error);
/* Starts the threads. The store is borrowed until webhooks_stop(). */
void webhooks_start(Webhooks *webhooks, Store *store, const WebhooksListener *listener);
/* Ends the threads, without waiting for what is under way: the outbox keeps it. */
void webhooks_stop(Webhooks *webhooks);
void webhooks_free(Webhooks *webhooks); /* NULL is fine */

gboolean webhooks_want_push(const Webhooks *webhooks);
/* Endpoints that said that they are gone are tried again. */
void webhooks_revive(Webhooks *webhooks);

extern const Announcer webhooks_announcer; /* each for a Webhooks */
extern const Backend webhooks_backend;

typedef struct {
    const char *name;   /* borrowed */
    const char *health; /* "well", "failing" or "gone" */
    guint64 delivered;
    guint64 failed; /* attempts */
    guint64 given_up;
    guint64 pushed; /* pushes and stops that were answered well */
    guint64 push_failed;
} EndpointStats;

/* Fills `stats`, of ENDPOINTS_MOST; returns how many there are. */
guint webhooks_stats(Webhooks *webhooks, EndpointStats *stats);
