#include "door.h"

#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "wire/request.h"
#include "wire/write.h"

static json_t *closed_counts(const HubStats *stats)
{
    json_t *counts = json_object();

    for (guint i = 0; i < CALL_STATES; i++) {
        if (call_state_is_final((CallState)i))
            json_object_set_new(counts, call_state_name((CallState)i),
                                json_integer((json_int_t)stats->closed[i]));
    }
    return counts;
}

static json_t *endpoint_stats(const EndpointStats *stats)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", stats->name, "health",
                     stats->health, "delivered", (json_int_t)stats->delivered, "failed",
                     (json_int_t)stats->failed, "givenUp", (json_int_t)stats->given_up, "pushed",
                     (json_int_t)stats->pushed, "pushFailed", (json_int_t)stats->push_failed);
}

/* NULL when nobody is configured. */
static json_t *webhook_stats(void)
{
    EndpointStats stats[ENDPOINTS_MOST];
    json_t *endpoints;
    guint64 dropped;
    guint waiting, count;

    if (!door.webhooks)
        return NULL;
    endpoints = json_array();
    count = webhooks_stats(door.webhooks, stats);
    for (guint i = 0; i < count; i++)
        json_array_append_new(endpoints, endpoint_stats(&stats[i]));
    service_outbox_stats(door.service, &waiting, &dropped);
    return json_pack("{s:I, s:I, s:o}", "waiting", (json_int_t)waiting, "dropped",
                     (json_int_t)dropped, "endpoints", endpoints);
}

/* NULL when there is none. */
static json_t *write_listener_stats(void)
{
    ListenerStats stats;

    if (!door.listener)
        return NULL;
    listener_stats(door.listener, &stats);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sockets",
                     (json_int_t)stats.sockets, "exchanges", (json_int_t)stats.exchanges, "clients",
                     (json_int_t)stats.clients, "accepted", (json_int_t)stats.accepted, "refused",
                     (json_int_t)stats.refused, "slow", (json_int_t)stats.slow, "silent",
                     (json_int_t)stats.silent, "late", (json_int_t)stats.late, "faulty",
                     (json_int_t)stats.faulty, "requests", (json_int_t)stats.requests, "events",
                     (json_int_t)stats.events);
}

static json_t *store_stats(void)
{
    StoreStats stats;

    service_store_stats(door.service, &stats);
    return json_pack("{s:I, s:I, s:I, s:b}", "records", (json_int_t)stats.records, "commits",
                     (json_int_t)stats.commits, "waiting", (json_int_t)stats.waiting, "isIll",
                     stats.is_ill);
}

static json_t *answer_stats(json_t *body G_GNUC_UNUSED)
{
    HubStats stats;

    service_stats(door.service, &stats);
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o*, s:o*}", "call",
        "success", "request", "stats", "users", (json_int_t)stats.users, "devices",
        (json_int_t)stats.devices, "away", (json_int_t)stats.away, "liveCalls",
        (json_int_t)stats.live_calls, "endedCalls", (json_int_t)stats.ended_calls, "steps",
        (json_int_t)stats.steps, "initiated", (json_int_t)stats.initiated, "accepted",
        (json_int_t)stats.accepted, "refused", (json_int_t)stats.refused, "closed",
        closed_counts(&stats), "store", store_stats(), "webhooks", webhook_stats(), "listener",
        write_listener_stats());
}

/* The keys, the section auth of the configuration, and the listener's certificate. All else stays as
 * it was at the start, but endpoints that said that they are gone are tried again. */
static gboolean reload(GError **error)
{
    g_autoptr(Config) config = read_config(door.folder, error);
    g_autoptr(ListenerPair) pair = NULL;
    AuthSettings settings;

    if (!config)
        return FALSE;
    /* First, so that an error in either changes nothing. */
    if (door.listener && !listener_read_pair(door.listener, &pair, error))
        return FALSE;
    settings = auth_settings(config);
    if (!service_reload_auth(door.service, &settings, error))
        return FALSE;
    if (door.listener && !listener_use_pair(door.listener, pair, error))
        return FALSE;
    if (door.webhooks)
        webhooks_revive(door.webhooks);
    return TRUE;
}

static json_t *answer_reload(json_t *body G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (reload(&error)) {
        log_line(LOG_LEVEL_INFO, "The keys were read again");
        return json_pack("{s:s, s:s}", "call", "success", "request", "reload");
    }
    /* A path need not be UTF-8, an answer has to be. */
    text = g_utf8_make_valid(error->message, -1);
    return write_refusal(REFUSAL_INTERNAL, text, "reload");
}

/* --- lists --- */

static json_t *refuse(Request *request, const char *name)
{
    return write_refusal(request->event.fault.refusal, request->event.fault.text, name);
}

typedef guint (*Look)(Service *service, guint from, guint limit, GPtrArray *found);
typedef json_t *(*WriteLooks)(const GPtrArray *found, guint next);

static json_t *answer_page(json_t *body, const char *name, Look look, GPtrArray *found,
                           WriteLooks write)
{
    json_t *answer;
    Request request;
    Lookup page;

    if (request_parse_page(&request, &page, body))
        answer = write(found, look(door.service, page.from, page.limit, found));
    else
        answer = refuse(&request, name);
    request_clear(&request);
    return answer;
}

static json_t *answer_users(json_t *body)
{
    g_autoptr(GPtrArray) users = user_looks_new();

    return answer_page(body, "users", service_look_at_users, users, write_users);
}

static json_t *answer_calls(json_t *body)
{
    g_autoptr(GPtrArray) calls = call_looks_new();

    return answer_page(body, "calls", service_look_at_calls, calls, write_calls);
}

static json_t *answer_user(json_t *body)
{
    g_autoptr(GPtrArray) users = user_looks_new();
    g_autoptr(GPtrArray) calls = call_looks_new();
    json_t *answer;
    Request request;
    Lookup whom;

    if (request_parse_user(&request, &whom, body)) {
        service_look_at_user(door.service, whom.user_id, users, calls);
        answer = write_user(whom.user_id, users, calls);
    } else {
        answer = refuse(&request, "user");
    }
    request_clear(&request);
    return answer;
}

static json_t *answer_trace(json_t *body)
{
    json_t *answer;
    Request request;
    Reply reply;

    if (request_parse_trace(&request, body)) {
        service_request(door.service, NULL, &request.event, &reply);
        answer = write_trace(&reply);
        reply_clear(&reply);
    } else {
        answer = refuse(&request, "call:trace");
    }
    request_clear(&request);
    return answer;
}

/* A request of the protocol, for the user that it names or as operator. */
static json_t *answer_for_user(json_t *body)
{
    return answer_request(NULL, body);
}

static const struct {
    const char *name;
    json_t *(*answer)(json_t *body);
} admin_requests[] = {
    {"stats", answer_stats}, {"reload", answer_reload}, {"users", answer_users},
    {"calls", answer_calls}, {"user", answer_user},     {"call:trace", answer_trace},
};

/* Borrows the message, which may be absent; the answer is given away. */
json_t *handle_admin_message(json_t *message)
{
    const char *name = json_string_value(json_object_get(message, "request"));
    json_t *(*how)(json_t * body) = answer_for_user;
    json_t *reply;

    if (!door_enter())
        return NULL;
    for (guint i = 0; name && i < G_N_ELEMENTS(admin_requests); i++) {
        if (strcmp(admin_requests[i].name, name) == 0)
            how = admin_requests[i].answer;
    }
    reply = how(message);
    door_leave();
    return reply;
}
