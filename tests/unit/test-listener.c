/* The listener with real sockets: what apps see of call.v1, and what becomes of bad ones. */
#include "listener/listener.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "auth/open.h"
#include "base/log.h"
#include "store/memory.h"
#include "websocket.h"

#define PATIENCE_US (10 * G_USEC_PER_SEC)
#define MESSAGE_BYTES (16 * 1024)

typedef struct {
    Service *service;
    Listener *listener;
    guint port;
} World;

static void keep_quiet(LogLevel level G_GNUC_UNUSED, const char *line G_GNUC_UNUSED)
{
}

/* --- the world --- */

static ListenerOptions usual_options(void)
{
    return (ListenerOptions){
        .address = "127.0.0.1",
        .message = {.bytes = MESSAGE_BYTES, .depth = 32},
        .max_sockets = 5000,
        .max_waiting_bytes = 64 * 1024,
        .register_timeout_us = 30 * G_USEC_PER_SEC,
        .ping_interval_us = 30 * G_USEC_PER_SEC,
        .ping_timeout_us = 10 * G_USEC_PER_SEC,
    };
}

static void world_init_with(World *world, const ListenerOptions *options)
{
    ServiceOptions service = {.auth = open_auth_new(), .store = memory_store_new(1000)};
    g_autoptr(GError) error = NULL;

    hub_settings_init(&service.hub);
    service.hub.limits.max_live_calls = 1000;
    world->service = service_new(&service);
    world->listener = listener_new(options, world->service, &error);
    g_assert_no_error(error);
    world->port = listener_port(world->listener);
    g_assert_cmpuint(world->port, >, 0);
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

/* Until what is counted says so. */
#define WAIT_FOR(world, field, value)                                                              \
    do {                                                                                           \
        gint64 until_us = g_get_monotonic_time() + PATIENCE_US;                                    \
        ListenerStats stats;                                                                       \
                                                                                                   \
        for (;;) {                                                                                 \
            listener_stats((world)->listener, &stats);                                             \
            if (stats.field == (value))                                                            \
                break;                                                                             \
            g_assert_cmpint(g_get_monotonic_time(), <, until_us);                                  \
            g_usleep(5000);                                                                        \
        }                                                                                          \
    } while (0)

static guint devices_away(World *world)
{
    HubStats stats;

    service_stats(world->service, &stats);
    return stats.away;
}

static guint devices_here(World *world)
{
    HubStats stats;

    service_stats(world->service, &stats);
    return stats.devices - stats.away;
}

/* --- a device --- */

static WebSocket *open_plain(World *world)
{
    WebSocket *socket = websocket_open(world->port, "/", "call.v1", NULL);

    g_assert_cmpuint(socket->status, ==, 101);
    return socket;
}

static json_t *read_json(WebSocket *socket)
{
    json_t *value;

    g_assert_true(websocket_read(socket));
    g_assert_cmpint(socket->opcode, ==, 1);
    value = json_loadb(socket->text->str, socket->text->len, 0, NULL);
    g_assert_nonnull(value);
    return value;
}

static const char *text_of(json_t *value, const char *name)
{
    return json_string_value(json_object_get(value, name));
}

/* Reads what must be next: a reply to that request, or that event. */
static json_t *expect(WebSocket *socket, const char *name)
{
    json_t *value = read_json(socket);
    const char *is = text_of(value, "event") ? text_of(value, "event") : text_of(value, "request");

    g_assert_cmpstr(is, ==, name);
    return value;
}

static void expect_and_forget(WebSocket *socket, const char *name)
{
    json_decref(expect(socket, name));
}

static void register_device(WebSocket *socket, const char *user, const char *device)
{
    g_autofree char *text = g_strdup_printf(
        "{\"request\":\"call:register\",\"userId\":\"%s\",\"deviceId\":\"%s\",\"id\":1}", user,
        device);
    json_t *reply;

    websocket_send(socket, text);
    reply = expect(socket, "call:register");
    g_assert_cmpstr(text_of(reply, "call"), ==, "success");
    g_assert_cmpint(json_integer_value(json_object_get(reply, "id")), ==, 1);
    json_decref(reply);
}

static WebSocket *open_device(World *world, const char *user, const char *device)
{
    WebSocket *socket = open_plain(world);

    register_device(socket, user, device);
    return socket;
}

static void expect_close(WebSocket *socket, guint code)
{
    while (websocket_read(socket) && socket->opcode != 8)
        ;
    g_assert_cmpint(socket->opcode, ==, 8);
    g_assert_cmpuint(socket->code, ==, code);
}

/* --- calls --- */

static void test_rejected(void)
{
    WebSocket *alice, *phone, *tablet;
    json_t *event;
    World world;

    world_init(&world);
    alice = open_device(&world, "alice", "phone");
    phone = open_device(&world, "bob", "phone");
    tablet = open_device(&world, "bob", "tablet");
    websocket_send(alice, "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"callId\":\"c1\","
                          "\"id\":\"a\"}");
    event = expect(alice, "call:initiate");
    g_assert_cmpstr(text_of(event, "id"), ==, "a");
    g_assert_cmpint(json_integer_value(json_object_get(event, "devices")), ==, 2);
    json_decref(event);
    event = expect(phone, "call:incoming");
    g_assert_null(json_object_get(event, "id"));
    g_assert_cmpstr(text_of(event, "callerId"), ==, "alice");
    json_decref(event);
    expect_and_forget(tablet, "call:incoming");
    websocket_send(phone, "{\"request\":\"call:reject\",\"callId\":\"c1\",\"reason\":\"User "
                          "declined\"}");
    event = expect(phone, "call:reject");
    g_assert_null(json_object_get(event, "id"));
    g_assert_cmpstr(text_of(event, "status"), ==, "rejected");
    json_decref(event);
    event = expect(alice, "call:rejected");
    g_assert_cmpstr(text_of(event, "reason"), ==, "User declined");
    json_decref(event);
    expect_and_forget(tablet, "call:ended");
    websocket_free(alice);
    websocket_free(phone);
    websocket_free(tablet);
    world_clear(&world);
}

static void test_whole_call(void)
{
    WebSocket *alice, *bob;
    World world;

    world_init(&world);
    alice = open_device(&world, "alice", "phone");
    bob = open_device(&world, "bob", "phone");
    websocket_send(alice, "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"callId\":\"c1\"}");
    expect_and_forget(alice, "call:initiate");
    expect_and_forget(bob, "call:incoming");
    websocket_send(bob, "{\"request\":\"call:ringing\",\"callId\":\"c1\"}");
    expect_and_forget(bob, "call:ringing");
    expect_and_forget(alice, "call:ringing");
    websocket_send(bob, "{\"request\":\"call:accept\",\"callId\":\"c1\"}");
    expect_and_forget(bob, "call:accept");
    expect_and_forget(alice, "call:accepted");
    websocket_send(alice, "{\"request\":\"call:signal\",\"callId\":\"c1\",\"data\":{\"sdp\":1}}");
    expect_and_forget(alice, "call:signal");
    expect_and_forget(bob, "call:signal");
    websocket_send(alice, "{\"request\":\"call:get\",\"callId\":\"c1\"}");
    expect_and_forget(alice, "call:get");
    websocket_send(alice, "{\"request\":\"call:end\",\"callId\":\"c1\"}");
    expect_and_forget(alice, "call:end");
    expect_and_forget(bob, "call:ended");
    websocket_send(bob, "{\"request\":\"call:history\"}");
    expect_and_forget(bob, "call:history");
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* The same device on another socket: the old one is told and loses it. */
static void test_taken_over(void)
{
    WebSocket *old, *new;
    World world;

    world_init(&world);
    old = open_device(&world, "alice", "phone");
    new = open_device(&world, "alice", "phone");
    expect_and_forget(old, "call:replaced");
    websocket_send(old, "{\"request\":\"call:history\"}");
    expect_and_forget(old, "call:history");
    /* Its end changes nothing. */
    websocket_free(old);
    WAIT_FOR(&world, sockets, 1);
    g_assert_cmpuint(devices_here(&world), ==, 1);
    websocket_free(new);
    world_clear(&world);
}

static void test_dropped(void)
{
    WebSocket *alice, *bob;
    json_t *reply;
    World world;

    world_init(&world);
    alice = open_device(&world, "alice", "phone");
    bob = open_device(&world, "bob", "phone");
    websocket_send(alice, "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"callId\":\"c1\"}");
    expect_and_forget(alice, "call:initiate");
    expect_and_forget(bob, "call:incoming");
    websocket_abort(alice);
    WAIT_FOR(&world, sockets, 1);
    g_assert_cmpuint(devices_away(&world), ==, 1);
    websocket_send(bob, "{\"request\":\"call:reject\",\"callId\":\"c1\"}");
    expect_and_forget(bob, "call:reject");
    alice = open_plain(&world);
    websocket_send(alice, "{\"request\":\"call:register\",\"userId\":\"alice\",\"deviceId\":"
                          "\"phone\"}");
    reply = expect(alice, "call:register");
    g_assert_cmpstr(text_of(json_array_get(json_object_get(reply, "calls"), 0), "status"), ==,
                    "rejected");
    json_decref(reply);
    websocket_free(alice);
    websocket_free(bob);
    world_clear(&world);
}

/* --- what is refused, and how --- */

static void expect_refusal(WebSocket *socket, const char *text, const char *code,
                           const char *beginning)
{
    json_t *reply;

    websocket_send(socket, text);
    reply = read_json(socket);
    g_assert_cmpstr(text_of(reply, "call"), ==, "error");
    g_assert_cmpstr(text_of(reply, "code"), ==, code);
    if (!g_str_has_prefix(text_of(reply, "error"), beginning))
        g_error("%s: %s", text, text_of(reply, "error"));
    json_decref(reply);
}

static void test_refusals(void)
{
    g_autofree char *deep = g_strnfill(3000, '[');
    WebSocket *socket;
    World world;

    world_init(&world);
    socket = open_plain(&world);
    expect_refusal(socket, "", "invalid_request", "the message is not JSON");
    expect_refusal(socket, "{", "invalid_request", "the message is not JSON");
    expect_refusal(socket, deep, "invalid_request", "the message is not JSON");
    expect_refusal(socket, "[1]", "invalid_request", "the message must be a JSON object");
    expect_refusal(socket, "7", "invalid_request", "the message is not JSON");
    expect_refusal(socket, "{}", "invalid_request", "request: is required");
    expect_refusal(socket, "{\"request\":\"call:end\",\"request\":\"call:end\"}", "invalid_request",
                   "the message is not JSON: duplicate object key");
    expect_refusal(socket, "{\"request\":\"no\"}", "unknown_request", "request: ");
    expect_refusal(socket, "{\"request\":\"disconnect\"}", "unknown_request", "request: ");
    expect_refusal(socket, "{\"request\":\"call:end\",\"callId\":\"c\"}", "not_registered", "");
    expect_refusal(socket, "{\"request\":\"call:end\",\"id\":{}}", "invalid_request", "id: ");
    expect_refusal(socket, "{\"request\":\"call:end\",\"id\":1.5}", "invalid_request", "id: ");
    expect_refusal(socket, "{\"request\":\"call:register\"}", "invalid_request", "userId: ");
    register_device(socket, "alice", "phone");
    websocket_free(socket);
    world_clear(&world);
}

static void test_handshakes(void)
{
    static const struct {
        const char *path, *subprotocol, *origin;
        guint status;
    } rows[] = {
        {"/", "call.v1", NULL, 101},
        {"/", "call.v1", "https://app.example", 101},
        {"/any/where?x=1", "call.v1", NULL, 101},
        {"/", "janus-protocol, call.v1", NULL, 101},
        {"/", NULL, NULL, 400},
        {"/", "janus-protocol", NULL, 400},
        {"/", "call.v2", NULL, 400},
        {"/", "any", NULL, 400},
        {"/", "call.v1", "https://evil.example", 403},
        {"/", "call.v1", "https://app.example.evil", 403},
        {"/", "call.v1", "null", 403},
    };
    ListenerOptions options = usual_options();
    World world;

    options.origins = "https://app.example http://127.0.0.1:8191";
    world_init_with(&world, &options);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        WebSocket *socket =
            websocket_open(world.port, rows[i].path, rows[i].subprotocol, rows[i].origin);

        g_test_message("%s %s %s", rows[i].path, rows[i].subprotocol, rows[i].origin);
        g_assert_cmpuint(socket->status, ==, rows[i].status);
        websocket_free(socket);
    }
    WAIT_FOR(&world, refused, 7);
    WAIT_FOR(&world, sockets, 0);
    world_clear(&world);
}

/* --- frames --- */

static void test_fragments(void)
{
    const char *text = "{\"request\":\"call:register\",\"userId\":\"\xc3\xa4lice\",\"id\":1}";
    WebSocket *socket;
    World world;
    json_t *reply;

    world_init(&world);
    socket = open_plain(&world);
    /* Every byte a frame of its own, and a ping and a pong after each, also within a character. */
    for (gsize i = 0; text[i]; i++) {
        websocket_send_frame(socket, text[i + 1] == '\0', i == 0 ? 1 : 0, text + i, 1);
        websocket_send_frame(socket, TRUE, 9, "hi", 2);
        websocket_send_frame(socket, TRUE, 10, "ho", 2);
    }
    reply = expect(socket, "call:register");
    g_assert_cmpstr(text_of(reply, "userId"), ==, "\xc3\xa4lice");
    json_decref(reply);
    websocket_free(socket);
    world_clear(&world);
}

static void test_large_and_too_large(void)
{
    g_autofree char *fill = g_strnfill(MESSAGE_BYTES - 100, ' ');
    g_autofree char *large =
        g_strdup_printf("{%s\"request\":\"call:register\",\"userId\":\"a\",\"id\":1}", fill);
    g_autofree char *too_large = g_strnfill(MESSAGE_BYTES + 1, ' ');
    WebSocket *socket;
    World world;

    world_init(&world);
    socket = open_plain(&world);
    websocket_send(socket, large);
    expect_and_forget(socket, "call:register");
    websocket_send(socket, too_large);
    expect_close(socket, 1009);
    websocket_free(socket);
    WAIT_FOR(&world, faulty, 1);

    /* In fragments that never end. */
    socket = open_plain(&world);
    websocket_send_frame(socket, FALSE, 1, too_large, MESSAGE_BYTES - 1);
    websocket_send_frame(socket, FALSE, 0, too_large, 100);
    expect_close(socket, 1009);
    websocket_free(socket);
    WAIT_FOR(&world, faulty, 2);
    WAIT_FOR(&world, sockets, 0);
    world_clear(&world);
}

static void test_bad_frames(void)
{
    WebSocket *socket;
    World world;

    world_init(&world);
    socket = open_plain(&world);
    websocket_send_frame(socket, TRUE, 1, "{\"request\":\"\xff\"}", 15);
    expect_close(socket, 1007);
    websocket_free(socket);

    socket = open_plain(&world);
    websocket_send_frame(socket, TRUE, 2, "\x01\x02", 2);
    expect_close(socket, 1003);
    websocket_free(socket);

    /* Not masked, an unknown opcode, a reserved bit: no WebSocket at all. */
    socket = open_plain(&world);
    websocket_send_bytes(socket, "\x8b\x80\x00\x00\x00\x00", 6);
    while (websocket_read(socket))
        ;
    websocket_free(socket);
    socket = open_plain(&world);
    websocket_send_bytes(socket, "\xf1\x80\x00\x00\x00\x00", 6);
    while (websocket_read(socket))
        ;
    websocket_free(socket);
    WAIT_FOR(&world, sockets, 0);
    world_clear(&world);
}

/* --- who is closed --- */

static void test_slow_reader(void)
{
    g_autofree char *data = g_strnfill(8000, 'x');
    g_autofree char *signal =
        g_strdup_printf("{\"request\":\"call:signal\",\"callId\":\"c1\",\"data\":\"%s\"}", data);
    WebSocket *alice, *bob, *carol;
    World world;
    int small = 4096;

    world_init(&world);
    alice = open_device(&world, "alice", "phone");
    bob = open_device(&world, "bob", "phone");
    carol = open_device(&world, "carol", "phone");
    setsockopt(bob->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    websocket_send(alice, "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"callId\":\"c1\"}");
    expect_and_forget(alice, "call:initiate");
    expect_and_forget(bob, "call:incoming");
    websocket_send(bob, "{\"request\":\"call:accept\",\"callId\":\"c1\"}");
    expect_and_forget(bob, "call:accept");
    expect_and_forget(alice, "call:accepted");
    /* Bob stops reading. Alice is told when he is away; carol notices nothing. */
    for (guint i = 0;; i++) {
        json_t *value;
        gboolean is_over;

        g_assert_cmpuint(i, <, 2000);
        websocket_send(alice, signal);
        value = read_json(alice);
        is_over = g_strcmp0(text_of(value, "event"), "call:peer") == 0;
        json_decref(value);
        if (is_over)
            break;
        websocket_send(carol, "{\"request\":\"call:history\"}");
        expect_and_forget(carol, "call:history");
    }
    WAIT_FOR(&world, slow, 1);
    WAIT_FOR(&world, sockets, 2);
    g_assert_cmpuint(devices_away(&world), ==, 1);
    websocket_free(alice);
    websocket_free(bob);
    websocket_free(carol);
    world_clear(&world);
}

static void test_half_open(void)
{
    ListenerOptions options = usual_options();
    WebSocket *silent, *alive;
    ListenerStats counted;
    World world;

    options.ping_interval_us = 200 * 1000;
    options.ping_timeout_us = 2 * G_USEC_PER_SEC;
    world_init_with(&world, &options);
    silent = open_device(&world, "silent", "phone");
    alive = open_device(&world, "alive", "phone");
    /* One answers its pings, the other's network is gone: nothing comes, no FIN either. */
    do {
        g_assert_true(websocket_read_any(alive));
        g_assert_cmpint(alive->opcode, ==, 9);
        websocket_send_frame(alive, TRUE, 10, alive->text->str, alive->text->len);
        listener_stats(world.listener, &counted);
    } while (counted.silent == 0);
    g_assert_true(websocket_read_any(silent));
    g_assert_cmpint(silent->opcode, ==, 9);
    WAIT_FOR(&world, silent, 1);
    WAIT_FOR(&world, sockets, 1);
    g_assert_cmpuint(devices_here(&world), ==, 1);
    websocket_free(silent);
    websocket_free(alive);
    world_clear(&world);
}

static void test_never_registered(void)
{
    ListenerOptions options = usual_options();
    WebSocket *late, *registered;
    World world;

    options.register_timeout_us = 300 * 1000;
    world_init_with(&world, &options);
    registered = open_device(&world, "alice", "phone");
    late = open_plain(&world);
    expect_close(late, 1008);
    WAIT_FOR(&world, late, 1);
    websocket_send(registered, "{\"request\":\"call:history\"}");
    expect_and_forget(registered, "call:history");
    websocket_free(late);
    websocket_free(registered);
    world_clear(&world);
}

static void test_too_many(void)
{
    ListenerOptions options = usual_options();
    WebSocket *one, *two, *three;
    World world;

    options.max_sockets = 2;
    world_init_with(&world, &options);
    one = open_plain(&world);
    two = open_plain(&world);
    three = websocket_open(world.port, "/", "call.v1", NULL);
    g_assert_cmpuint(three->status, ==, 503);
    websocket_free(three);
    websocket_free(two);
    WAIT_FOR(&world, sockets, 1);
    two = open_plain(&world);
    websocket_free(one);
    websocket_free(two);
    world_clear(&world);
}

static void test_too_many_of_one_address(void)
{
    ListenerOptions options = usual_options();
    WebSocket *one, *two;
    World world;

    options.max_sockets_per_address = 1;
    world_init_with(&world, &options);
    one = open_plain(&world);
    two = websocket_open(world.port, "/", "call.v1", NULL);
    g_assert_cmpuint(two->status, ==, 503);
    websocket_free(two);
    websocket_free(one);
    WAIT_FOR(&world, sockets, 0);
    one = open_plain(&world);
    websocket_free(one);
    world_clear(&world);
}

/* Whoever asks and does not read is not read from; all is answered in the end, in order. */
static void test_many_requests_at_once(void)
{
    WebSocket *socket;
    World world;

    world_init(&world);
    socket = open_device(&world, "alice", "phone");
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *text =
            g_strdup_printf("{\"request\":\"call:end\",\"callId\":\"c%u\",\"id\":%u}", i, i);

        websocket_send(socket, text);
    }
    for (guint i = 0; i < 1000; i++) {
        json_t *reply = expect(socket, "call:end");

        g_assert_cmpint(json_integer_value(json_object_get(reply, "id")), ==, i);
        json_decref(reply);
    }
    websocket_free(socket);
    world_clear(&world);
}

/* --- many, and the end --- */

#define MANY_SOCKETS 400
/* Of these so many may be gone before somebody else is answered: what is let through in a few turns of the loop. */
#define GONE_BEFORE_MOST 100

/* The listener's thread stands still in the reply to one request until all is there that it shall find at once. */
static struct {
    GMutex lock;
    GCond moved;
    gboolean is_held, may_go;
    World *world;
    guint here; /* when the other was answered */
} gate;

static void hold_at_gate(void)
{
    g_mutex_lock(&gate.lock);
    gate.is_held = TRUE;
    g_cond_broadcast(&gate.moved);
    while (!gate.may_go)
        g_cond_wait(&gate.moved, &gate.lock);
    g_mutex_unlock(&gate.lock);
}

static void pass_gate(const Event *event, const Reply *reply G_GNUC_UNUSED)
{
    if (event->kind == EVENT_GET)
        hold_at_gate();
    if (event->kind == EVENT_HISTORY)
        gate.here = devices_here(gate.world);
}

static void wait_for_gate(void)
{
    g_mutex_lock(&gate.lock);
    while (!gate.is_held)
        g_cond_wait(&gate.moved, &gate.lock);
    g_mutex_unlock(&gate.lock);
}

static void open_gate(void)
{
    g_mutex_lock(&gate.lock);
    gate.may_go = TRUE;
    g_cond_broadcast(&gate.moved);
    g_mutex_unlock(&gate.lock);
}

/* All of them are over before the loop looks, and before the witness asks; it is answered as if hardly any was. */
static void test_many_sockets(void)
{
    ListenerOptions options = usual_options();
    g_autofree WebSocket **sockets = g_new0(WebSocket *, MANY_SOCKETS);
    WebSocket *witness;
    World world;

    options.on_request = pass_gate;
    gate.world = &world;
    world_init_with(&world, &options);
    witness = open_device(&world, "witness", "phone");
    for (guint i = 0; i < MANY_SOCKETS; i++) {
        g_autofree char *user = g_strdup_printf("user%u", i);

        sockets[i] = open_device(&world, user, "phone");
    }
    websocket_send(witness, "{\"request\":\"call:get\",\"callId\":\"none\"}");
    wait_for_gate();
    for (guint i = 0; i < MANY_SOCKETS; i++)
        websocket_abort(sockets[i]);
    websocket_send(witness, "{\"request\":\"call:history\"}");
    open_gate();
    expect_and_forget(witness, "call:get");
    expect_and_forget(witness, "call:history");
    g_assert_cmpuint(gate.here, >=, MANY_SOCKETS + 1 - GONE_BEFORE_MOST);
    WAIT_FOR(&world, sockets, 1);
    g_assert_cmpuint(devices_here(&world), ==, 1);
    websocket_free(witness);
    world_clear(&world);
}

static void test_shutdown(void)
{
    WebSocket *alice, *deaf, *raw;
    World world;

    world_init(&world);
    alice = open_device(&world, "alice", "phone");
    deaf = open_device(&world, "deaf", "phone");
    raw = websocket_open(world.port, "/", "no", NULL);
    websocket_send(alice, "{\"request\":\"call:initiate\",\"calleeId\":\"deaf\"}");
    expect_and_forget(alice, "call:initiate");
    listener_free(world.listener);
    expect_close(alice, 1001);
    service_free(world.service);
    websocket_free(alice);
    websocket_free(deaf);
    websocket_free(raw);
}

/* Events of other threads come while sockets open, close and the listener ends. */

typedef struct {
    World *world;
    gint is_over;
} Storm;

static void ignore(gpointer connection G_GNUC_UNUSED, const Message *message G_GNUC_UNUSED)
{
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static gpointer call_from_another_door(gpointer data)
{
    static const Delivery quiet = {.send = ignore, .ref = keep, .unref = keep};
    Storm *storm = data;
    Service *service = storm->world->service;
    Peer *peer = peer_new(&quiet, NULL);
    Event event = {.kind = EVENT_REGISTER, .reg = {.user_id = "zoe", .device_id = "janus"}};
    Reply reply;

    service_request(service, peer, &event, &reply);
    reply_clear(&reply);
    while (!g_atomic_int_get(&storm->is_over)) {
        for (guint i = 0; i < 8; i++) {
            g_autofree char *callee = g_strdup_printf("user%u", i);

            event = (Event){.kind = EVENT_INITIATE,
                            .initiate = {.callee_id = callee, .media.audio = TRUE}};
            service_request(service, peer, &event, &reply);
            reply_clear(&reply);
        }
    }
    service_disconnect(service, peer);
    return NULL;
}

static void test_other_threads(void)
{
    WebSocket *sockets[8];
    Storm storm;
    GThread *thread;
    World world;

    world_init(&world);
    storm = (Storm){&world, 0};
    thread = g_thread_new("door", call_from_another_door, &storm);
    for (guint round = 0; round < 5; round++) {
        for (guint i = 0; i < G_N_ELEMENTS(sockets); i++) {
            g_autofree char *user = g_strdup_printf("user%u", i);

            sockets[i] = open_plain(&world);
            g_assert_cmpuint(sockets[i]->status, ==, 101);
            {
                g_autofree char *text = g_strdup_printf(
                    "{\"request\":\"call:register\",\"userId\":\"%s\",\"deviceId\":\"d\"}", user);

                websocket_send(sockets[i], text);
            }
        }
        for (guint i = 0; i < G_N_ELEMENTS(sockets); i++) {
            /* Whoever is told faster than it can read may be closed. */
            for (guint n = 0; n < 10 && websocket_read(sockets[i]); n++)
                ;
            if (i % 2)
                websocket_abort(sockets[i]);
            else
                websocket_free(sockets[i]);
        }
    }
    listener_free(world.listener);
    g_atomic_int_set(&storm.is_over, 1);
    g_thread_join(thread);
    service_free(world.service);
}

static void test_port_taken(void)
{
    ListenerOptions options = usual_options();
    g_autoptr(GError) error = NULL;
    World world;

    world_init(&world);
    options.port = world.port;
    g_assert_null(listener_new(&options, world.service, &error));
    g_assert_error(error, LISTENER_ERROR, LISTENER_ERROR_START);
    world_clear(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_sink(keep_quiet);
    g_test_add_func("/listener/call/rejected", test_rejected);
    g_test_add_func("/listener/call/whole", test_whole_call);
    g_test_add_func("/listener/call/taken-over", test_taken_over);
    g_test_add_func("/listener/call/dropped-and-returned", test_dropped);
    g_test_add_func("/listener/refusals", test_refusals);
    g_test_add_func("/listener/handshakes", test_handshakes);
    g_test_add_func("/listener/frames/fragments", test_fragments);
    g_test_add_func("/listener/frames/too-large", test_large_and_too_large);
    g_test_add_func("/listener/frames/bad", test_bad_frames);
    g_test_add_func("/listener/closed/slow-reader", test_slow_reader);
    g_test_add_func("/listener/closed/half-open", test_half_open);
    g_test_add_func("/listener/closed/never-registered", test_never_registered);
    g_test_add_func("/listener/limits/sockets", test_too_many);
    g_test_add_func("/listener/limits/sockets-per-address", test_too_many_of_one_address);
    g_test_add_func("/listener/limits/requests-at-once", test_many_requests_at_once);
    g_test_add_func("/listener/many-drop-at-once", test_many_sockets);
    g_test_add_func("/listener/end/shutdown", test_shutdown);
    g_test_add_func("/listener/end/other-threads", test_other_threads);
    g_test_add_func("/listener/port-is-taken", test_port_taken);
    return g_test_run();
}
