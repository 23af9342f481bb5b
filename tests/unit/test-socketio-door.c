/* Socket.IO with real sockets: HTTP polling, WebSocket, the way from one to the other, and devices that come
 * and go. What the two machines do in detail is in test-engineio.c and test-socketio.c. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "auth/open.h"
#include "blocking-store.h"
#include "listener/listener.h"
#include "store/memory.h"
#include "websocket.h"

#define MS 1000
#define MESSAGE_BYTES (16 * 1024)
#define POLLING "/socket.io/?EIO=4&transport=polling"
#define WEBSOCKET "/socket.io/?EIO=4&transport=websocket"

typedef struct {
    Service *service;
    Listener *listener;
    guint port;
} World;

static ListenerOptions usual_options(void)
{
    return (ListenerOptions){
        .address = "127.0.0.1",
        .origins = "https://app.example",
        .socketio_namespace = "/calls",
        .message = {.bytes = MESSAGE_BYTES, .depth = 32},
        .max_sockets = 100,
        .max_waiting_bytes = 64 * 1024,
        .register_timeout_us = 30 * G_USEC_PER_SEC,
        .ping_interval_us = 30 * G_USEC_PER_SEC,
        .ping_timeout_us = 10 * G_USEC_PER_SEC,
    };
}

static void world_init_on(World *world, const ListenerOptions *options, Store *store)
{
    ServiceOptions service = {.auth = open_auth_new(),
                              .store = store,
                              .store_wait_us = 10 * G_USEC_PER_SEC,
                              .max_waiting_replies = 100};
    g_autoptr(GError) error = NULL;

    hub_settings_init(&service.hub);
    world->service = service_new(&service);
    world->listener = listener_new(options, world->service, &error);
    g_assert_no_error(error);
    world->port = listener_port(world->listener);
}

static void world_init_with(World *world, const ListenerOptions *options)
{
    world_init_on(world, options, memory_store_new(1000));
}

static void world_init(World *world)
{
    ListenerOptions options = usual_options();

    world_init_with(world, &options);
}

static void world_clear(World *world)
{
    listener_free(world->listener);
    service_free(world->service);
}

/* --- HTTP, a connection for each request --- */

typedef struct {
    WebSocket *socket; /* only its bytes */
    GString *answer;   /* all of it */
} Http;

static Http *http_begin(const World *world, const char *method, const char *path,
                        const char *headers, const char *body)
{
    Http *http = g_new0(Http, 1);
    g_autofree char *request =
        g_strdup_printf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n%s\r\n%s",
                        method, path, strlen(body), headers, body);

    http->socket = websocket_connect(world->port);
    http->answer = g_string_new(NULL);
    websocket_send_bytes(http->socket, request, strlen(request));
    return http;
}

static void http_free(Http *http)
{
    websocket_free(http->socket);
    g_string_free(http->answer, TRUE);
    g_free(http);
}

/* Reads to the end of the connection. */
static void http_read(Http *http)
{
    while (websocket_fill(http->socket))
        continue;
    g_string_append_len(http->answer, http->socket->input->str, (gssize)http->socket->input->len);
}

static guint http_status(const Http *http)
{
    guint status = 0;

    g_assert_cmpint(sscanf(http->answer->str, "HTTP/1.1 %u", &status), ==, 1);
    return status;
}

static const char *http_body(const Http *http)
{
    const char *end = strstr(http->answer->str, "\r\n\r\n");

    g_assert_nonnull(end);
    return end + 4;
}

static gboolean http_has(const Http *http, const char *header)
{
    return strstr(http->answer->str, header) != NULL;
}

static void expect_answer(Http *http, guint status, const char *body)
{
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, status);
    g_assert_cmpstr(http_body(http), ==, body);
    http_free(http);
}

static void expect(const World *world, const char *method, const char *path, const char *body,
                   guint status, const char *answer)
{
    expect_answer(http_begin(world, method, path, "", body), status, answer);
}

/* The path of a session's requests. */
static char *open_session(const World *world)
{
    Http *http = http_begin(world, "GET", POLLING, "", "");
    json_t *handshake;
    char *path;

    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 200);
    g_assert_true(http_has(http, "content-type: text/plain; charset=UTF-8\r\n"));
    g_assert_cmpint(http_body(http)[0], ==, '0');
    handshake = json_loads(http_body(http) + 1, 0, NULL);
    g_assert_cmpint(json_integer_value(json_object_get(handshake, "maxPayload")), ==,
                    MESSAGE_BYTES);
    g_assert_cmpint(json_integer_value(json_object_get(handshake, "pingInterval")), ==, 30000);
    path = g_strconcat(POLLING "&sid=", json_string_value(json_object_get(handshake, "sid")), NULL);
    json_decref(handshake);
    http_free(http);
    return path;
}

static char *websocket_path(const char *polling_path)
{
    return g_strconcat(WEBSOCKET, strstr(polling_path, "&sid="), NULL);
}

#define UNKNOWN_SID "{\"code\":1,\"message\":\"Session ID unknown\"}"
#define BAD_REQUEST "{\"code\":3,\"message\":\"Bad request\"}"

static void test_bad_requests(void)
{
    World world;

    world_init(&world);
    expect(&world, "GET", "/socket.io/?EIO=4", "", 400,
           "{\"code\":0,\"message\":\"Transport unknown\"}");
    expect(&world, "GET", "/socket.io/?EIO=4&transport=abc", "", 400,
           "{\"code\":0,\"message\":\"Transport unknown\"}");
    expect(&world, "GET", "/socket.io/?transport=polling", "", 400,
           "{\"code\":5,\"message\":\"Unsupported protocol version\"}");
    expect(&world, "GET", "/socket.io/?EIO=3&transport=polling", "", 400,
           "{\"code\":5,\"message\":\"Unsupported protocol version\"}");
    expect(&world, "GET", POLLING "&sid=nobody", "", 400, UNKNOWN_SID);
    expect(&world, "POST", POLLING "&sid=nobody", "4a", 400, UNKNOWN_SID);
    expect(&world, "POST", POLLING, "", 400, "{\"code\":2,\"message\":\"Bad handshake method\"}");
    expect(&world, "PUT", POLLING, "", 400, "{\"code\":2,\"message\":\"Bad handshake method\"}");
    expect(&world, "GET", WEBSOCKET, "", 400, BAD_REQUEST);
    world_clear(&world);
}

static void test_polling(void)
{
    g_autofree char *path = NULL;
    World world;
    Http *poll;

    world_init(&world);
    path = open_session(&world);
    poll = http_begin(&world, "GET", path, "", "");
    expect(&world, "POST", path, "40/nowhere", 200, "ok");
    expect_answer(poll, 200, "44/nowhere,{\"message\":\"Invalid namespace\"}");
    expect(&world, "POST", path, "abc", 400, BAD_REQUEST);
    expect(&world, "GET", path, "", 400, UNKNOWN_SID);
    world_clear(&world);
}

static void test_too_large(void)
{
    g_autofree char *body = g_strnfill(MESSAGE_BYTES + 1, 'x');
    g_autofree char *path = NULL;
    World world;
    Http *http;

    world_init(&world);
    path = open_session(&world);
    http = http_begin(&world, "POST", path, "", body);
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 413);
    http_free(http);
    world_clear(&world);
}

static void test_two_polls(void)
{
    g_autofree char *path = NULL;
    World world;
    Http *one, *two;

    world_init(&world);
    path = open_session(&world);
    one = http_begin(&world, "GET", path, "", "");
    /* Which of the two is the second, the server says. */
    two = http_begin(&world, "GET", path, "", "");
    http_read(one);
    http_read(two);
    g_assert_cmpuint(http_status(one) + http_status(two), ==, 600);
    g_assert_cmpstr(http_body(http_status(one) == 200 ? one : two), ==, "1");
    http_free(one);
    http_free(two);
    expect(&world, "GET", path, "", 400, UNKNOWN_SID);
    world_clear(&world);
}

static void test_client_closes(void)
{
    g_autofree char *path = NULL;
    World world;
    Http *poll;

    world_init(&world);
    path = open_session(&world);
    poll = http_begin(&world, "GET", path, "", "");
    expect(&world, "POST", path, "6", 200, "ok");
    expect(&world, "POST", path, "1", 200, "ok");
    expect_answer(poll, 200, "6");
    expect(&world, "GET", path, "", 400, UNKNOWN_SID);
    world_clear(&world);
}

/* --- other origins --- */

static void test_origins(void)
{
    World world;
    Http *http;

    world_init(&world);
    http = http_begin(&world, "GET", POLLING, "Origin: https://app.example\r\n", "");
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 200);
    g_assert_true(http_has(http, "access-control-allow-origin: https://app.example\r\n"));
    g_assert_true(http_has(http, "access-control-allow-credentials: true\r\n"));
    http_free(http);

    http = http_begin(&world, "OPTIONS", POLLING, "Origin: https://app.example\r\n", "");
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 204);
    g_assert_true(http_has(http, "access-control-allow-methods: GET, POST, OPTIONS\r\n"));
    http_free(http);

    http = http_begin(&world, "GET", POLLING, "Origin: https://evil.example\r\n", "");
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 403);
    g_assert_false(http_has(http, "access-control-allow-origin"));
    http_free(http);
    world_clear(&world);
}

/* --- WebSocket --- */

static void expect_text(WebSocket *socket, const char *text)
{
    g_assert_true(websocket_read(socket));
    g_assert_cmpstr(socket->text->str, ==, text);
}

/* Not a ping, which comes when the server wants to know whether something has come. */
static void expect_start(WebSocket *socket, const char *start)
{
    do
        g_assert_true(websocket_read(socket));
    while (strcmp(socket->text->str, "2") == 0);
    g_test_message("%s", socket->text->str);
    g_assert_true(g_str_has_prefix(socket->text->str, start));
}

static void expect_end(WebSocket *socket)
{
    while (websocket_read(socket) && socket->opcode != 8)
        continue;
}

static WebSocket *open_websocket(const World *world)
{
    WebSocket *socket = websocket_open(world->port, WEBSOCKET, NULL, NULL);

    g_assert_cmpuint(socket->status, ==, 101);
    expect_start(socket, "0{\"sid\":\"");
    g_assert_nonnull(strstr(socket->text->str, "\"upgrades\":[]"));
    return socket;
}

static WebSocket *connect_device(const World *world, const char *packet)
{
    WebSocket *socket = open_websocket(world);

    websocket_send(socket, packet);
    expect_start(socket,
                 g_str_has_prefix(packet, "40/calls") ? "40/calls,{\"sid\":\"" : "40{\"sid\":\"");
    return socket;
}

static void test_websocket(void)
{
    World world;
    WebSocket *socket;

    world_init(&world);
    socket = open_websocket(&world);
    websocket_send(socket, "40{\"userId\":\"\"}");
    expect_start(socket, "44{\"message\":\"userId: must have 1 to 128 bytes\",\"data\":{");
    websocket_send(socket, "40{\"userId\":\"alice\"}");
    expect_start(socket, "40{\"sid\":\"");
    websocket_send(socket, "427[\"call:accept\",{\"callId\":\"C\"}]");
    expect_start(socket, "437[{\"call\":\"error\",\"request\":\"call:accept\",\"error_code\":404,");
    websocket_send(socket, "42[\"call:accept\",{\"callId\":\"C\"}]");
    expect_start(socket, "42[\"call:error\",{\"call\":\"error\",\"request\":\"call:accept\",");
    websocket_send(socket, "42[\"call:accept\",\"C\"]");
    expect_start(socket, "42[\"call:error\",{\"call\":\"error\",\"request\":\"call:accept\",");
    websocket_send(socket, "abc");
    expect_end(socket);
    websocket_free(socket);
    world_clear(&world);
}

static void test_bad_handshakes(void)
{
    static const char *const paths[] = {
        "/socket.io/?EIO=4",
        "/socket.io/?EIO=4&transport=polling",
        "/socket.io/?transport=websocket",
        "/socket.io/?EIO=3&transport=websocket",
        WEBSOCKET "&sid=nobody",
    };
    World world;

    world_init(&world);
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        WebSocket *socket = websocket_open(world.port, paths[i], NULL, NULL);

        expect_end(socket);
        websocket_free(socket);
    }
    world_clear(&world);
}

static void test_upgrade(void)
{
    g_autofree char *path = NULL;
    g_autofree char *upgraded = NULL;
    WebSocket *socket, *second;
    World world;
    Http *poll;

    world_init(&world);
    path = open_session(&world);
    upgraded = websocket_path(path);
    poll = http_begin(&world, "GET", path, "", "");
    expect(&world, "POST", path, "40{\"userId\":\"alice\"}", 200, "ok");
    http_read(poll);
    g_assert_true(g_str_has_prefix(http_body(poll), "40{\"sid\":\""));
    http_free(poll);

    socket = websocket_open(world.port, upgraded, NULL, NULL);
    websocket_send(socket, "2probe");
    expect_text(socket, "3probe");
    poll = http_begin(&world, "GET", path, "", "");
    expect_answer(poll, 200, "6");
    websocket_send(socket, "5");
    websocket_send(socket, "420[\"call:history\"]");
    expect_start(socket, "430[{\"call\":\"success\",\"request\":\"call:history\"");

    expect(&world, "GET", path, "", 400, BAD_REQUEST);
    expect(&world, "POST", path, "4a", 400, BAD_REQUEST);
    second = websocket_open(world.port, upgraded, NULL, NULL);
    expect_end(second);
    websocket_send(socket, "421[\"call:history\"]");
    expect_start(socket, "431[{\"call\":\"success\"");
    websocket_free(second);
    websocket_free(socket);
    world_clear(&world);
}

static void test_silence(void)
{
    ListenerOptions options = usual_options();
    WebSocket *socket;
    World world;

    options.ping_interval_us = 200 * MS;
    options.ping_timeout_us = 2000 * MS;
    world_init_with(&world, &options);
    socket = open_websocket(&world);
    expect_text(socket, "2");
    websocket_send(socket, "3");
    expect_text(socket, "2");
    expect_end(socket);
    websocket_free(socket);
    world_clear(&world);
}

static void test_never_connects(void)
{
    ListenerOptions options = usual_options();
    WebSocket *socket;
    World world;

    options.register_timeout_us = 200 * MS;
    world_init_with(&world, &options);
    socket = open_websocket(&world);
    expect_end(socket);
    websocket_free(socket);
    world_clear(&world);
}

static void test_full(void)
{
    ListenerOptions options = usual_options();
    g_autofree char *path = NULL;
    World world;
    Http *http;

    options.max_sockets = 1;
    world_init_with(&world, &options);
    path = open_session(&world);
    http = http_begin(&world, "GET", POLLING, "", "");
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 503);
    http_free(http);
    expect(&world, "POST", path, "1", 200, "ok");
    expect(&world, "GET", path, "", 200, "6");
    g_free(g_steal_pointer(&path));
    path = open_session(&world);
    world_clear(&world);
}

static void test_full_address(void)
{
    ListenerOptions options = usual_options();
    g_autofree char *path = NULL;
    World world;
    Http *http;

    options.max_sockets_per_address = 2;
    world_init_with(&world, &options);
    path = open_session(&world);
    g_free(open_session(&world));
    http = http_begin(&world, "GET", POLLING, "", "");
    http_read(http);
    g_assert_cmpuint(http_status(http), ==, 503);
    http_free(http);
    expect(&world, "POST", path, "1", 200, "ok");
    expect(&world, "GET", path, "", 200, "6");
    g_free(open_session(&world));
    world_clear(&world);
}

/* --- devices --- */

#define ALICE "40{\"userId\":\"alice\",\"deviceId\":\"web\"}"
#define BOB "40/calls,{\"userId\":\"bob\",\"deviceId\":\"phone\"}"
#define CALL                                                                                       \
    "421[\"call:initiate\",{\"callId\":\"C\",\"receiverId\":\"bob\",\"callType\":\"video\"}]"

static WebSocket *ring(WebSocket *alice, WebSocket *bob)
{
    websocket_send(alice, CALL);
    expect_start(bob, "42/calls,0[\"call:incoming\",{\"callId\":\"C\",\"rev\":1,");
    expect_start(alice, "431[{\"call\":\"success\",\"request\":\"call:initiate\",\"callId\":\"C\"");
    return bob;
}

static void test_reject(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_send(bob, "43/calls,0[]");
    expect_start(alice, "42[\"call:ringing\",{\"callId\":\"C\"");
    websocket_send(bob,
                   "42/calls,5[\"call:decline\",{\"callId\":\"C\",\"reason\":\"User declined\"}]");
    expect_start(bob,
                 "43/calls,5[{\"call\":\"success\",\"request\":\"call:reject\",\"callId\":\"C\","
                 "\"status\":\"rejected\"");
    expect_start(alice, "42[\"call:rejected\",{\"callId\":\"C\",");
    g_assert_nonnull(
        strstr(alice->text->str, "\"reason\":\"User declined\",\"cause\":\"declined\""));
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* Its ring ended while it was away; and it is told once. */
static void test_missed(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_abort(bob);
    websocket_send(alice, "422[\"call:cancel\",{\"callId\":\"C\"}]");
    expect_start(alice, "432[{\"call\":\"success\",\"request\":\"call:end\"");
    bob = connect_device(&world, BOB);
    expect_start(bob, "42/calls,[\"call:ended\",{\"callId\":\"C\",");
    expect_text(bob, "2");
    websocket_send(bob, "3");
    websocket_free(bob);
    bob = connect_device(&world, BOB);
    websocket_send(bob, "42/calls,9[\"call:get\",{\"callId\":\"C\"}]");
    expect_start(bob, "43/calls,9[{\"call\":\"success\",\"request\":\"call:get\"");
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

static void test_rings_again(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_abort(bob);
    bob = connect_device(&world, BOB);
    expect_start(bob, "42/calls,0[\"call:incoming\",{\"callId\":\"C\"");
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* Its old connection has not been found to be dead. */
static void test_take_over(void)
{
    WebSocket *alice, *again, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_send(bob, "42/calls,5[\"call:reject\",{\"callId\":\"C\"}]");
    expect_start(bob, "43/calls,5[");
    again = connect_device(&world, ALICE);
    expect_start(again, "42[\"call:rejected\",{\"callId\":\"C\"");
    expect_start(alice, "42[\"call:rejected\",{\"callId\":\"C\"");
    expect_start(alice, "42[\"call:replaced\",{");
    expect_start(alice, "41");
    /* What it had sent before it knew is ignored. */
    websocket_send(alice, "422[\"call:history\"]");
    websocket_send(again, "422[\"call:history\"]");
    expect_start(again, "432[{\"call\":\"success\"");
    websocket_free(alice);
    websocket_free(again);
    websocket_free(bob);
    world_clear(&world);
}

static void test_leave(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_send(alice, "41");
    expect_start(bob, "42/calls,[\"call:ended\",{\"callId\":\"C\"");
    g_assert_nonnull(strstr(bob->text->str, "\"cause\":\"cancelled\""));
    websocket_send(alice, ALICE);
    expect_start(alice, "40{\"sid\":\"");
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* What ended in the millisecond in which a device was there last, it may be told once more. */
static void pass_millisecond(void)
{
    gint64 now_ms = g_get_real_time() / 1000;

    while (g_get_real_time() / 1000 == now_ms)
        g_thread_yield();
}

/* It left, and came again before it was in the store that it had left: where it is, is known still when another
 * connection takes over. */
static void test_late_leave(void)
{
    ListenerOptions options = usual_options();
    Store *store = blocking_store_new();
    WebSocket *alice, *again, *bob;
    World world;

    world_init_on(&world, &options, store);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    blocking_store_hold_writes(store, TRUE);
    websocket_send(alice, "41");
    websocket_send(alice, ALICE);
    expect_start(alice, "40{\"sid\":\"");
    blocking_store_hold_writes(store, FALSE);
    expect_start(bob, "42/calls,[\"call:ended\",{\"callId\":\"C\"");
    pass_millisecond();
    websocket_send(alice, "422[\"call:initiate\",{\"callId\":\"D\",\"receiverId\":\"bob\"}]");
    expect_start(bob, "42/calls,1[\"call:incoming\",{\"callId\":\"D\"");
    expect_start(alice, "432[{\"call\":\"success\"");
    websocket_send(bob, "42/calls,5[\"call:reject\",{\"callId\":\"D\"}]");
    expect_start(bob, "43/calls,5[");
    again = connect_device(&world, ALICE);
    expect_start(again, "42[\"call:rejected\",{\"callId\":\"D\"");
    websocket_free(alice);
    websocket_free(again);
    websocket_free(bob);
    world_clear(&world);
}

/* In one request, before any of it can be answered: for a register the store is read. */
static void test_comes_and_goes(void)
{
    ListenerOptions options = usual_options();
    g_autoptr(GString) body = g_string_new("40{\"userId\":\"eve\"}");
    g_autofree char *path = NULL;
    ListenerStats stats;
    World world;
    Http *poll;

    options.max_unanswered = 4;
    world_init_on(&world, &options, blocking_store_new());
    path = open_session(&world);
    for (guint i = 0; i < 500; i++)
        g_string_append(body, "\x1e"
                              "41\x1e"
                              "40{\"userId\":\"eve\"}");
    expect(&world, "POST", path, body->str, 200, "ok");
    poll = http_begin(&world, "GET", path, "", "");
    http_read(poll);
    g_assert_true(http_has(poll, "44{\"message\":\"too many requests wait"));
    g_assert_true(http_has(poll, "\"code\":\"rate_limited\""));
    http_free(poll);
    expect(&world, "GET", path, "", 400, UNKNOWN_SID);
    /* The numbers are a little late. */
    do {
        g_usleep(1000);
        listener_stats(world.listener, &stats);
    } while (!stats.requests);
    g_assert_cmpuint(stats.requests, <=, 8);
    world_clear(&world);
}

/* The same over a WebSocket: it is read from again and again, until all was answered. */
static void test_comes_and_goes_on_websocket(void)
{
    ListenerOptions options = usual_options();
    Store *store = blocking_store_new();
    WebSocket *eve;
    World world;

    options.max_unanswered = 4;
    world_init_on(&world, &options, store);
    blocking_store_hold_reads(store, TRUE);
    eve = open_websocket(&world);
    for (guint i = 0; i < 1000; i++) {
        websocket_send(eve, "40{\"userId\":\"eve\"}");
        websocket_send(eve, "41");
    }
    websocket_send(eve, "40{\"userId\":\"eve\"}");
    blocking_store_wait_for_reader(store);
    blocking_store_hold_reads(store, FALSE);
    expect_start(eve, "40{\"sid\":\"");
    websocket_free(eve);
    world_clear(&world);
}

static void test_two_namespaces(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    websocket_send(bob, "40{\"userId\":\"bob\"}");
    expect_start(bob, "40{\"sid\":\"");
    expect_start(bob, "42[\"call:incoming\",{\"callId\":\"C\"");
    websocket_send(bob, "41/calls");
    websocket_send(bob, "425[\"call:accept\",{\"callId\":\"C\"}]");
    expect_start(bob, "435[{\"call\":\"success\",\"request\":\"call:accept\"");
    expect_start(alice, "42[\"call:accepted\",{\"callId\":\"C\"");
    websocket_send(bob, "40/calls,{\"userId\":\"eve\"}");
    expect_start(bob,
                 "44/calls,{\"message\":\"userId: this handle is registered for another user\"");
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* --- events of other threads --- */

static GMutex gate;  /* whoever replies to a call:history on the listener's thread waits for it */
static gint at_gate; /* atomic */

static void stop_at_gate(const Event *event, const Reply *reply G_GNUC_UNUSED)
{
    if (event->kind != EVENT_HISTORY)
        return;
    g_atomic_int_set(&at_gate, TRUE);
    g_mutex_lock(&gate);
    g_mutex_unlock(&gate);
}

static void hear_nothing(gpointer connection G_GNUC_UNUSED, const Message *message G_GNUC_UNUSED)
{
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static const Delivery deaf = {.send = hear_nothing, .ref = keep, .unref = keep};

static void ask(World *world, Peer *peer, Event event)
{
    Reply reply;

    service_request(world->service, peer, &event, &reply);
    g_assert_cmpint(reply.refusal, ==, REFUSAL_NONE);
    reply_clear(&reply);
}

/* What other threads have to say, while the listener's has no time, is bounded: the client has to come again. */
static void test_overflow(void)
{
    ListenerOptions options = usual_options();
    g_autofree char *filling = g_strnfill(4096, 'x');
    g_autofree char *data = g_strconcat("\"", filling, "\"", NULL);
    Peer *bob = peer_new(&deaf, NULL);
    WebSocket *alice;
    World world;

    options.on_request = stop_at_gate;
    world_init_with(&world, &options);
    alice = connect_device(&world, ALICE);
    ask(&world, bob,
        (Event){.kind = EVENT_REGISTER, .reg = {.user_id = "bob", .device_id = "phone"}});
    websocket_send(alice, CALL);
    expect_start(alice, "431[");
    ask(&world, bob, (Event){.kind = EVENT_ACCEPT, .about = {.call_id = "C"}});
    expect_start(alice, "42[\"call:accepted\"");
    g_mutex_lock(&gate);
    websocket_send(alice, "422[\"call:history\"]");
    while (!g_atomic_int_get(&at_gate))
        g_thread_yield();
    for (guint i = 0; i < 100; i++)
        ask(&world, bob, (Event){.kind = EVENT_SIGNAL, .about = {.call_id = "C", .data = data}});
    g_mutex_unlock(&gate);
    expect_end(alice);
    websocket_free(alice);
    alice = connect_device(&world, ALICE);
    websocket_free(alice);
    service_disconnect(world.service, bob);
    world_clear(&world);
}

/* Half of a conversation by polls: a poll that breaks off is a device that goes. */
static void test_poll_breaks_off(void)
{
    g_autofree char *path = NULL;
    WebSocket *alice;
    World world;
    Http *poll;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    path = open_session(&world);
    expect(&world, "POST", path, BOB, 200, "ok");
    poll = http_begin(&world, "GET", path, "", "");
    http_read(poll);
    http_free(poll);
    poll = http_begin(&world, "GET", path, "", "");
    websocket_send(alice, CALL);
    http_read(poll);
    g_assert_true(g_str_has_prefix(http_body(poll), "42/calls,0[\"call:incoming\""));
    http_free(poll);
    expect_start(alice, "431[");
    expect(&world, "POST", path, "42/calls,[\"call:accept\",{\"callId\":\"C\"}]", 200, "ok");
    expect_start(alice, "42[\"call:accepted\"");
    poll = http_begin(&world, "GET", path, "", "");
    expect(&world, "POST", path, "6", 200, "ok");
    http_free(poll);
    expect_start(alice, "42[\"call:peer\",{");
    g_assert_nonnull(strstr(alice->text->str, "\"state\":\"reconnecting\""));
    websocket_free(alice);
    world_clear(&world);
}

/* The end comes while everything is in the air. */
static void test_shutdown(void)
{
    g_autofree char *path = NULL;
    WebSocket *alice, *bob, *probe;
    g_autofree char *upgraded = NULL;
    World world;
    Http *poll;

    world_init(&world);
    alice = connect_device(&world, ALICE);
    bob = connect_device(&world, BOB);
    ring(alice, bob);
    path = open_session(&world);
    upgraded = websocket_path(path);
    expect(&world, "POST", path, "40{\"userId\":\"carol\"}", 200, "ok");
    poll = http_begin(&world, "GET", path, "", "");
    http_read(poll);
    http_free(poll);
    probe = websocket_open(world.port, upgraded, NULL, NULL);
    websocket_send(probe, "2probe");
    expect_text(probe, "3probe");
    poll = http_begin(&world, "GET", path, "", "");
    world_clear(&world);
    expect_end(alice);
    http_free(poll);
    websocket_free(alice);
    websocket_free(bob);
    websocket_free(probe);
}

/* Until the numbers, which are a little late, say that so many requests are under way. */
static void wait_for_exchanges(const World *world, guint count)
{
    ListenerStats stats;

    do {
        g_usleep(1000);
        listener_stats(world->listener, &stats);
    } while (stats.exchanges != count);
}

/* Nobody waits for a client that only listens, and it is told. */
static void test_shutdown_with_poll(void)
{
    ListenerOptions options = usual_options();
    g_autofree char *path = NULL;
    gint64 began_us;
    World world;
    Http *poll;

    options.close_timeout_us = 20 * G_USEC_PER_SEC;
    world_init_with(&world, &options);
    path = open_session(&world);
    expect(&world, "POST", path, "40{\"userId\":\"carol\"}", 200, "ok");
    poll = http_begin(&world, "GET", path, "", "");
    http_read(poll);
    http_free(poll);
    wait_for_exchanges(&world, 0);
    poll = http_begin(&world, "GET", path, "", "");
    wait_for_exchanges(&world, 1);
    began_us = g_get_monotonic_time();
    world_clear(&world);
    g_assert_cmpint(g_get_monotonic_time() - began_us, <, 10 * G_USEC_PER_SEC);
    expect_answer(poll, 200, "1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socketio/door/bad-requests", test_bad_requests);
    g_test_add_func("/socketio/door/polling", test_polling);
    g_test_add_func("/socketio/door/too-large", test_too_large);
    g_test_add_func("/socketio/door/two-polls-close", test_two_polls);
    g_test_add_func("/socketio/door/the-client-closes", test_client_closes);
    g_test_add_func("/socketio/door/origins", test_origins);
    g_test_add_func("/socketio/door/websocket", test_websocket);
    g_test_add_func("/socketio/door/bad-handshakes", test_bad_handshakes);
    g_test_add_func("/socketio/door/upgrade", test_upgrade);
    g_test_add_func("/socketio/door/who-is-silent-is-closed", test_silence);
    g_test_add_func("/socketio/door/who-never-connects-is-closed", test_never_connects);
    g_test_add_func("/socketio/door/full", test_full);
    g_test_add_func("/socketio/door/full-for-one-address", test_full_address);
    g_test_add_func("/socketio/door/reject", test_reject);
    g_test_add_func("/socketio/door/missed", test_missed);
    g_test_add_func("/socketio/door/what-rings-rings-again", test_rings_again);
    g_test_add_func("/socketio/door/take-over", test_take_over);
    g_test_add_func("/socketio/door/leave", test_leave);
    g_test_add_func("/socketio/door/leave-and-come-again", test_late_leave);
    g_test_add_func("/socketio/door/comes-and-goes/polling", test_comes_and_goes);
    g_test_add_func("/socketio/door/comes-and-goes/websocket", test_comes_and_goes_on_websocket);
    g_test_add_func("/socketio/door/two-namespaces-are-one-device", test_two_namespaces);
    g_test_add_func("/socketio/door/events-of-other-threads-are-bounded", test_overflow);
    g_test_add_func("/socketio/door/a-poll-breaks-off", test_poll_breaks_off);
    g_test_add_func("/socketio/door/shutdown", test_shutdown);
    g_test_add_func("/socketio/door/shutdown-with-a-poll", test_shutdown_with_poll);
    return g_test_run();
}
