#include "notify/webhooks.h"

#include <curl/curl.h>
#include <string.h>

#include "notify/webhooks_private.h"

/* Of 64 characters: enough that no two events ever have the same. */
#define ID_DIGITS 32

/* --- the events --- */

char *event_id(const Record *record, const char *type)
{
    const CallFacts *facts = record->facts;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *parts[] = {facts->caller_id, facts->call_id, type};

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_checksum_update(checksum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
    g_checksum_update(checksum, (const guchar *)&facts->created_ms, sizeof facts->created_ms);
    return g_strdup_printf("msg_%.*s", ID_DIGITS, g_checksum_get_string(checksum));
}

void post_event(Http *http, const Endpoint *endpoint, const char *id, const char *body,
                HttpDone done, gpointer data, GDestroyNotify free_data)
{
    gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *signature = sign(&endpoint->secrets, id, now_s, body);
    g_autofree char *id_header = g_strdup_printf("webhook-id: %s", id);
    g_autofree char *time_header = g_strdup_printf("webhook-timestamp: %" G_GINT64_FORMAT, now_s);
    g_autofree char *signature_header = g_strdup_printf("webhook-signature: %s", signature);
    const char *headers[] = {id_header, time_header, signature_header, NULL};

    http_post(http, endpoint->url, headers, body, done, data, free_data);
}

static gboolean announce(gpointer self, const Record *record, Announcement *announcement)
{
    const Webhooks *webhooks = self;
    const char *type = event_type(record->status);

    if (!webhooks->wanting[record->status][0])
        return FALSE;
    announcement->endpoints = webhooks->wanting[record->status];
    announcement->id = event_id(record, type);
    announcement->body = webhooks->options.write_event(type, record, NULL);
    return TRUE;
}

const Announcer webhooks_announcer = {.announce = announce};

/* --- the port --- */

static void committed(gpointer self)
{
    deliveries_look(((Webhooks *)self)->deliveries);
}

static void push(gpointer self, const Push *what)
{
    pushes_put(((Webhooks *)self)->pushes, what);
}

const Backend webhooks_backend = {.committed = committed, .push = push};

/* --- start and stop --- */

static gboolean is_known(const Webhooks *webhooks, const char *name)
{
    for (guint i = 0; i < webhooks->count; i++) {
        if (strcmp(webhooks->targets[i].endpoint->name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean add_target(Webhooks *webhooks, const EndpointOptions *options, GError **error)
{
    Endpoint *endpoint;

    if (webhooks->count == ENDPOINTS_MOST || is_known(webhooks, options->name)) {
        g_set_error(error, ENDPOINT_ERROR, 0,
                    "webhooks.endpoints: \"%s\": there are at most %d, each with a name of its own",
                    options->name, ENDPOINTS_MOST);
        return FALSE;
    }
    endpoint = endpoint_new(options, error);
    if (!endpoint)
        return FALSE;
    webhooks->targets[webhooks->count++] = (Target){
        .endpoint = endpoint,
        .stats = {.name = endpoint->name, .health = "well"},
    };
    return TRUE;
}

static void list_who_wants(Webhooks *webhooks)
{
    for (guint status = 0; status < CALL_STATES; status++) {
        const char **names = webhooks->wanting[status];

        for (guint i = 0; i < webhooks->count; i++) {
            if (webhooks->targets[i].endpoint->wants[status])
                *names++ = webhooks->targets[i].endpoint->name;
        }
    }
}

Webhooks *webhooks_new(const WebhooksOptions *options, GError **error)
{
    Webhooks *webhooks = g_new0(Webhooks, 1);

    webhooks->options = *options;
    webhooks->proxy = g_strdup(options->proxy);
    webhooks->ca_file = g_strdup(options->ca_file);
    webhooks->options.endpoints = NULL;
    g_mutex_init(&webhooks->lock);
    for (guint i = 0; i < options->endpoint_count; i++) {
        if (!add_target(webhooks, &options->endpoints[i], error)) {
            webhooks_free(webhooks);
            return NULL;
        }
    }
    list_who_wants(webhooks);
    return webhooks;
}

void webhooks_start(Webhooks *webhooks, Store *store, const WebhooksListener *listener)
{
    /* Counted, and safe beside others in this process who do the same. */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    webhooks->store = store;
    webhooks->listener = *listener;
    webhooks->pushes = pushes_start(webhooks);
    webhooks->deliveries = deliveries_start(webhooks);
}

void webhooks_stop(Webhooks *webhooks)
{
    pushes_stop(webhooks->pushes);
    deliveries_stop(webhooks->deliveries);
    webhooks->store = NULL;
}

void webhooks_free(Webhooks *webhooks)
{
    if (!webhooks)
        return;
    deliveries_free(webhooks->deliveries);
    pushes_free(webhooks->pushes);
    for (guint i = 0; i < webhooks->count; i++)
        endpoint_free(webhooks->targets[i].endpoint);
    g_mutex_clear(&webhooks->lock);
    g_free(webhooks->proxy);
    g_free(webhooks->ca_file);
    g_free(webhooks);
}

gboolean webhooks_want_push(const Webhooks *webhooks)
{
    for (guint i = 0; i < webhooks->count; i++) {
        if (webhooks->targets[i].endpoint->wants_push)
            return TRUE;
    }
    return FALSE;
}

void webhooks_revive(Webhooks *webhooks)
{
    deliveries_revive(webhooks->deliveries);
}

guint webhooks_stats(Webhooks *webhooks, EndpointStats *stats)
{
    g_mutex_lock(&webhooks->lock);
    for (guint i = 0; i < webhooks->count; i++)
        stats[i] = webhooks->targets[i].stats;
    g_mutex_unlock(&webhooks->lock);
    return webhooks->count;
}
