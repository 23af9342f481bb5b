/* The listener with real sockets in one process, for counting what a call costs on its thread: pairs of users call and reject, one call
 * at a time. The store in memory holds less than is called, so that it forgets as well.
 *
 *   listener_calls CALLS   (bench/listener_calls.sh counts it by callgrind) */
#include "listener/listener.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "auth/open.h"
#include "store/memory.h"
#include "websocket.h"

#define PAIRS 32
#define KEPT_CALLS 1000

typedef struct {
    WebSocket *caller, *callee;
    char *callee_id;
} Pair;

/* What comes next must be this. */
static json_t *expect(WebSocket *socket, const char *kind, const char *name)
{
    json_t *value;

    if (!websocket_read(socket))
        g_error("the connection is lost");
    value = json_loadb(socket->text->str, socket->text->len, 0, NULL);
    if (g_strcmp0(json_string_value(json_object_get(value, kind)), name) != 0 ||
        json_object_get(value, "code"))
        g_error("not %s: %s", name, socket->text->str);
    return value;
}

G_GNUC_PRINTF(2, 3)
static void send_text(WebSocket *socket, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list words;

    va_start(words, format);
    text = g_strdup_vprintf(format, words);
    va_end(words);
    websocket_send(socket, text);
}

static WebSocket *register_user(guint port, const char *user_id)
{
    WebSocket *socket = websocket_open(port, "/", "call.v1", NULL);

    send_text(socket,
              "{\"request\":\"call:register\",\"userId\":\"%s\",\"deviceId\":\"phone\",\"id\":1}",
              user_id);
    json_decref(expect(socket, "request", "call:register"));
    return socket;
}

static void call_and_reject(const Pair *pair)
{
    json_t *incoming;

    send_text(pair->caller, "{\"request\":\"call:initiate\",\"calleeId\":\"%s\",\"id\":2}",
              pair->callee_id);
    incoming = expect(pair->callee, "event", "call:incoming");
    json_decref(expect(pair->caller, "request", "call:initiate"));
    send_text(
        pair->callee,
        "{\"request\":\"call:reject\",\"callId\":\"%s\",\"reason\":\"User declined\",\"id\":3}",
        json_string_value(json_object_get(incoming, "callId")));
    json_decref(expect(pair->caller, "event", "call:rejected"));
    json_decref(expect(pair->callee, "request", "call:reject"));
    json_decref(incoming);
}

static Pair make_pair(guint port, guint i)
{
    g_autofree char *caller_id = g_strdup_printf("caller-%u", i);
    Pair pair = {.callee_id = g_strdup_printf("callee-%u", i)};

    pair.caller = register_user(port, caller_id);
    pair.callee = register_user(port, pair.callee_id);
    return pair;
}

static void free_pair(Pair *pair)
{
    websocket_free(pair->caller);
    websocket_free(pair->callee);
    g_free(pair->callee_id);
}

static void play(guint port, guint calls)
{
    Pair pairs[PAIRS];

    for (guint i = 0; i < PAIRS; i++)
        pairs[i] = make_pair(port, i);
    for (guint i = 0; i < calls; i++)
        call_and_reject(&pairs[i % PAIRS]);
    for (guint i = 0; i < PAIRS; i++)
        free_pair(&pairs[i]);
}

int main(int argc, char **argv)
{
    guint calls = argc == 2 ? (guint)atoi(argv[1]) : 0;
    ListenerOptions options = {
        .address = "127.0.0.1",
        .message = {.bytes = 16 * 1024, .depth = 32},
        .max_sockets = 2 * PAIRS,
        .max_waiting_bytes = 64 * 1024,
        .register_timeout_us = 600 * G_USEC_PER_SEC,
        .ping_interval_us = 600 * G_USEC_PER_SEC,
        .ping_timeout_us = 600 * G_USEC_PER_SEC,
    };
    ServiceOptions service_options = {.auth = open_auth_new(),
                                      .store = memory_store_new(KEPT_CALLS)};
    g_autoptr(GError) error = NULL;
    Service *service;
    Listener *listener;

    if (calls == 0) {
        g_printerr("usage: listener_calls CALLS\n");
        return 2;
    }
    hub_settings_init(&service_options.hub);
    service = service_new(&service_options);
    listener = listener_new(&options, service, &error);
    if (!listener)
        g_error("%s", error->message);
    play(listener_port(listener), calls);
    listener_free(listener);
    service_free(service);
    return 0;
}
