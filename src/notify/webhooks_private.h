/* What the two threads of the webhooks share. */
#pragma once

#include "notify/http.h"
#include "notify/lane.h"
#include "notify/webhooks.h"

/* A configured endpoint, and what was counted of it. */
typedef struct {
    Endpoint *endpoint;
    EndpointStats stats; /* guarded by Webhooks.lock */
} Target;

typedef struct Deliveries Deliveries;
typedef struct Pushes Pushes;

struct Webhooks {
    WebhooksOptions options; /* its endpoints, proxy and ca_file are gone after webhooks_new() */
    char *proxy;
    char *ca_file;
    Target targets[ENDPOINTS_MOST];
    guint count;
    const char *wanting[CALL_STATES][ENDPOINTS_MOST + 1]; /* names, for the announcer */
    Store *store;
    WebhooksListener listener;
    GMutex lock; /* guards the counters */
    Deliveries *deliveries;
    Pushes *pushes;
};

/* The same for the same event of the same call, and for no other. Owned by the caller. */
char *event_id(const Record *record, const char *type);
/* Posts a signed event. */
void post_event(Http *http, const Endpoint *endpoint, const char *id, const char *body,
                HttpDone done, gpointer data, GDestroyNotify free_data);

static inline gboolean is_success(const HttpAnswer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

/* --- deliveries.c: from the outbox --- */

Deliveries *deliveries_start(Webhooks *webhooks);
void deliveries_stop(Deliveries *deliveries);
void deliveries_free(Deliveries *deliveries); /* NULL is fine */
/* From any thread. */
void deliveries_look(Deliveries *deliveries);
void deliveries_revive(Deliveries *deliveries);

/* --- pushes.c: from memory --- */

Pushes *pushes_start(Webhooks *webhooks);
void pushes_stop(Pushes *pushes);
void pushes_free(Pushes *pushes); /* NULL is fine */
/* From any thread. */
void pushes_put(Pushes *pushes, const Push *push);
