#include "base/log.h"
#include "notify/webhooks_private.h"

/* So many events of one endpoint are in memory; the rest stays in the outbox. */
#define ROWS_MOST 1000
#define FIRST_US (1 * G_USEC_PER_SEC)
/* How often an ill endpoint is asked, at the least. */
#define PROBE_MOST_US (60 * G_USEC_PER_SEC)
/* After the outbox could not be read. */
#define READ_AGAIN_US (1 * G_USEC_PER_SEC)

/* One endpoint's part. */
typedef struct {
    Deliveries *deliveries;
    Target *target;
    Lane *lane;
    gint64 last_id;    /* of the rows that were read */
    gboolean has_more; /* the outbox may have more */
    gint64 read_us;    /* not before, after trouble */
} Route;

struct Deliveries {
    Webhooks *webhooks;
    Http *http;
    GThread *thread;
    Route routes[ENDPOINTS_MOST];
    GArray *settled; /* of gint64: to tell the store */
    gint is_to_look; /* atomic, as the two below */
    gint is_to_revive;
    gint is_stopping;
};

/* A delivery under way. */
typedef struct {
    Route *route;
    const OutboxRow *row;
} Flight;

/* --- how it went --- */

/* With the counters' lock held. */
static void show_health(Route *route)
{
    static const char *const names[] = {"well", "failing", "gone"};

    route->target->stats.health = names[lane_health(route->lane)];
}

static void note_health(Route *route, LaneHealth before)
{
    LaneHealth health = lane_health(route->lane);
    const char *name = route->target->endpoint->name;

    show_health(route);
    if (health == before)
        return;
    if (health == LANE_ILL)
        log_line(LOG_LEVEL_WARN, "Webhooks: \"%s\" fails; its events wait and are tried again",
                 name);
    else if (health == LANE_WELL)
        log_line(LOG_LEVEL_INFO, "Webhooks: \"%s\" is well again; %u events wait in memory", name,
                 lane_rows(route->lane));
    else
        log_line(LOG_LEVEL_WARN,
                 "Webhooks: \"%s\" answered 410: nothing more is sent there until the next reload",
                 name);
}

static gboolean is_too_old(const Route *route, const OutboxRow *row)
{
    gint64 keep_ms = route->deliveries->webhooks->options.keep_ms;

    return keep_ms && row->at_ms < g_get_real_time() / 1000 - keep_ms;
}

static Sent judge(const Route *route, const OutboxRow *row, const HttpAnswer *answer)
{
    if (is_success(answer))
        return SENT_WELL;
    if (answer->status == 410)
        return SENT_TO_NONE;
    return is_too_old(route, row) ? SENT_TOO_LATE : SENT_IN_VAIN;
}

static void count(EndpointStats *stats, Sent sent)
{
    stats->delivered += sent == SENT_WELL;
    stats->failed += sent != SENT_WELL;
    stats->given_up += sent == SENT_TOO_LATE;
}

static void landed(const HttpAnswer *answer, gpointer data)
{
    const Flight *flight = data;
    Route *route = flight->route;
    Webhooks *webhooks = route->deliveries->webhooks;
    Sent sent = judge(route, flight->row, answer);
    LaneHealth before = lane_health(route->lane);
    gint64 id = flight->row->id;

    if (lane_done(route->lane, flight->row, sent, answer->retry_after_ms * 1000, g_random_double(),
                  g_get_monotonic_time()))
        g_array_append_val(route->deliveries->settled, id);
    g_mutex_lock(&webhooks->lock);
    count(&route->target->stats, sent);
    note_health(route, before);
    g_mutex_unlock(&webhooks->lock);
}

/* --- from the outbox into the lane, and out of it --- */

static void take_in(Route *route, GPtrArray *rows, guint asked)
{
    route->has_more = rows->len == asked;
    for (guint i = 0; i < rows->len; i++) {
        OutboxRow *row = g_steal_pointer(&g_ptr_array_index(rows, i));

        route->last_id = row->id;
        lane_put(route->lane, row);
    }
}

/* Not a row at a time while there is a backlog. */
static gboolean wants_more(const Route *route)
{
    return route->has_more && lane_room(route->lane) >= ROWS_MOST / 4;
}

static void fill(Route *route, gint64 now_us)
{
    Store *store = route->deliveries->webhooks->store;
    guint room = lane_room(route->lane);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = NULL;

    if (!wants_more(route) || now_us < route->read_us)
        return;
    rows = store->ops->pending(store, route->target->endpoint->name, route->last_id, room, &error);
    if (rows)
        take_in(route, rows, room);
    else
        route->read_us = now_us + READ_AGAIN_US;
    if (error)
        log_line(LOG_LEVEL_WARN, "Webhooks: the outbox cannot be read: %s", error->message);
}

static void send_ready(Route *route, gint64 now_us)
{
    const OutboxRow *row;

    while ((row = lane_next(route->lane, now_us))) {
        Flight *flight = g_new(Flight, 1);

        *flight = (Flight){.route = route, .row = row};
        post_event(route->deliveries->http, route->target->endpoint, row->message_id, row->body,
                   landed, flight, g_free);
    }
}

static gint64 deadline_of(const Route *route)
{
    gint64 at_us = lane_deadline(route->lane);

    return wants_more(route) ? MIN(at_us, route->read_us) : at_us;
}

static void revive(Route *route)
{
    Webhooks *webhooks = route->deliveries->webhooks;

    lane_revive(route->lane);
    g_mutex_lock(&webhooks->lock);
    show_health(route);
    g_mutex_unlock(&webhooks->lock);
}

static void take_signals(Deliveries *deliveries)
{
    gboolean is_to_look = g_atomic_int_exchange(&deliveries->is_to_look, FALSE);
    gboolean is_to_revive = g_atomic_int_exchange(&deliveries->is_to_revive, FALSE);

    for (guint i = 0; i < deliveries->webhooks->count; i++) {
        Route *route = &deliveries->routes[i];

        route->has_more |= is_to_look;
        if (is_to_revive)
            revive(route);
    }
}

static void settle(Deliveries *deliveries)
{
    const WebhooksListener *listener = &deliveries->webhooks->listener;

    if (!deliveries->settled->len)
        return;
    listener->settle(listener->data, (const gint64 *)(gpointer)deliveries->settled->data,
                     deliveries->settled->len);
    g_array_set_size(deliveries->settled, 0);
}

static gpointer deliver(gpointer data)
{
    Deliveries *deliveries = data;

    while (!g_atomic_int_get(&deliveries->is_stopping)) {
        gint64 now_us = g_get_monotonic_time();
        gint64 until_us = G_MAXINT64;

        take_signals(deliveries);
        for (guint i = 0; i < deliveries->webhooks->count; i++) {
            fill(&deliveries->routes[i], now_us);
            send_ready(&deliveries->routes[i], now_us);
            until_us = MIN(until_us, deadline_of(&deliveries->routes[i]));
        }
        http_run(deliveries->http, until_us);
        settle(deliveries);
    }
    return NULL;
}

/* --- start and stop --- */

Deliveries *deliveries_start(Webhooks *webhooks)
{
    const WebhooksOptions *options = &webhooks->options;
    Deliveries *deliveries = g_new0(Deliveries, 1);
    LaneOptions lane = {
        .parallel = options->parallel,
        .most = ROWS_MOST,
        .first_us = MIN(FIRST_US, options->retry_most_ms * 1000),
        .retry_most_us = options->retry_most_ms * 1000,
        .probe_most_us = MIN(PROBE_MOST_US, options->retry_most_ms * 1000),
    };

    deliveries->webhooks = webhooks;
    deliveries->settled = g_array_new(FALSE, FALSE, sizeof(gint64));
    deliveries->http = http_new(&(HttpOptions){
        .connect_timeout_ms = options->connect_timeout_ms,
        .timeout_ms = options->timeout_ms,
        .proxy = webhooks->proxy,
        .ca_file = webhooks->ca_file,
    });
    for (guint i = 0; i < webhooks->count; i++)
        deliveries->routes[i] = (Route){.deliveries = deliveries,
                                        .target = &webhooks->targets[i],
                                        .lane = lane_new(&lane),
                                        .has_more = TRUE};
    deliveries->thread = g_thread_new("call-webhooks", deliver, deliveries);
    return deliveries;
}

void deliveries_stop(Deliveries *deliveries)
{
    if (!deliveries)
        return;
    g_atomic_int_set(&deliveries->is_stopping, TRUE);
    http_wake(deliveries->http);
    g_thread_join(deliveries->thread);
    deliveries->thread = NULL;
}

void deliveries_free(Deliveries *deliveries)
{
    if (!deliveries)
        return;
    http_free(deliveries->http);
    for (guint i = 0; i < deliveries->webhooks->count; i++)
        lane_free(deliveries->routes[i].lane);
    g_array_unref(deliveries->settled);
    g_free(deliveries);
}

void deliveries_look(Deliveries *deliveries)
{
    g_atomic_int_set(&deliveries->is_to_look, TRUE);
    http_wake(deliveries->http);
}

void deliveries_revive(Deliveries *deliveries)
{
    g_atomic_int_set(&deliveries->is_to_revive, TRUE);
    http_wake(deliveries->http);
}
