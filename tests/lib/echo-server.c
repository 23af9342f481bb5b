/* What the public suites of Engine.IO and Socket.IO want to be run against: the listener with another
 * application on top, which echoes. By hand (CONTRIBUTING.md); nothing of `make check`.
 *
 *   tests/lib/echo-server PORT     /engine.io/ and /socket.io/ until its standard input ends
 *
 * It has protocols of its own by the names of those that the listener would have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listener/engineio_door.h"
#include "listener/socketio_door.h"
#include "listener/socketio_session.h"
#include "service/ids.h"
#include "store/memory.h"

#define MS G_GINT64_CONSTANT(1000)

/* The suites know these. */
static const EngineIoDoorSettings settings = {
    .session = {.ping_interval_us = 300 * MS,
                .ping_timeout_us = 200 * MS,
                .upgrade_us = 10000 * MS,
                .max_payload = 1000000,
                .max_waiting = 1000000},
    .max_sessions = 1000,
};
static const SocketIoSettings namespaces = {.nsp = "/custom", .connect_us = 1500 * MS};

/* --- Engine.IO --- */

static void begin_nothing(gpointer self G_GNUC_UNUSED, EngineIoConnection *connection G_GNUC_UNUSED)
{
}

static void echo_text(EngineIoConnection *connection, const char *text, gsize length,
                      gint64 now_us G_GNUC_UNUSED)
{
    engineio_connection_send(connection, "", 0, text, length);
}

static void close_binary(EngineIoConnection *connection)
{
    engineio_connection_close(connection);
}

static void wait_no_more(EngineIoConnection *connection G_GNUC_UNUSED, gint64 now_us G_GNUC_UNUSED)
{
}

static void end_nothing(EngineIoConnection *connection G_GNUC_UNUSED,
                        EngineIoReason reason G_GNUC_UNUSED, gint64 now_us G_GNUC_UNUSED)
{
}

static const EngineIoApp engine_app = {
    .begun = begin_nothing,
    .text = echo_text,
    .binary = close_binary,
    .timeout = wait_no_more,
    .ended = end_nothing,
};

/* --- Socket.IO --- */

static void carry_out(EngineIoConnection *connection, GArray *outputs);

/* Its first event is the auth that it came with. */
static void admit(EngineIoConnection *connection, const SocketIoOutput *output)
{
    g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func(free);
    json_t *event = json_pack("[s, O]", "auth", output->data);
    GArray *outputs = socketio_outputs_new();
    char sid[FRESH_ID_LENGTH + 1];

    g_ptr_array_add(first, json_dumps(event, JSON_COMPACT));
    json_decref(event);
    fresh_id(g_get_real_time() / 1000, sid);
    socketio_admit(engineio_connection_owner(connection), &output->ask, sid, first, outputs);
    carry_out(connection, outputs);
}

static void acknowledge(EngineIoConnection *connection, const SocketIoOutput *output)
{
    SocketIoSession *session = engineio_connection_owner(connection);
    GString *text;

    json_array_remove(output->data, 0);
    text = socketio_encode(SOCKETIO_ACK, socketio_nsp(session, output->ask.place), &output->ask.id,
                           output->data);
    engineio_connection_send(connection, "", 0, text->str, text->len);
    g_string_free(text, TRUE);
}

static void echo_event(EngineIoConnection *connection, const SocketIoOutput *output)
{
    GArray *outputs = socketio_outputs_new();
    char *text;

    json_array_set_new(output->data, 0, json_string("message-back"));
    text = json_dumps(output->data, JSON_COMPACT);
    socketio_emit(engineio_connection_owner(connection), output->ask.place, text, strlen(text),
                  NULL, outputs);
    free(text);
    carry_out(connection, outputs);
}

static void take_event(EngineIoConnection *connection, const SocketIoOutput *output)
{
    if (!output->data)
        engineio_connection_close(connection);
    else if (output->ask.has_id)
        acknowledge(connection, output);
    else
        echo_event(connection, output);
}

static void carry_out(EngineIoConnection *connection, GArray *outputs)
{
    SocketIoSession *session = engineio_connection_owner(connection);

    for (guint i = 0; i < outputs->len; i++) {
        const SocketIoOutput *output = socketio_output(outputs, i);

        switch (output->what) {
        case SOCKETIO_DO_SEND:
            engineio_connection_send(connection, "", 0, output->text->str, output->text->len);
            break;
        case SOCKETIO_DO_CLOSE:
            engineio_connection_close(connection);
            break;
        case SOCKETIO_DO_CONNECT:
            admit(connection, output);
            break;
        case SOCKETIO_DO_EVENT:
            take_event(connection, output);
            break;
        case SOCKETIO_DO_LEAVE:
        case SOCKETIO_DO_ACK:
            break;
        }
    }
    g_array_unref(outputs);
    engineio_connection_wake(connection, session->alone_us);
}

static void begin_session(gpointer self G_GNUC_UNUSED, EngineIoConnection *connection)
{
    SocketIoSession *session = g_new0(SocketIoSession, 1);

    socketio_session_init(session, &namespaces, g_get_monotonic_time());
    engineio_connection_set_owner(connection, session);
    engineio_connection_wake(connection, session->alone_us);
}

static void take_text(EngineIoConnection *connection, const char *text, gsize length, gint64 now_us)
{
    GArray *outputs = socketio_outputs_new();

    socketio_take(engineio_connection_owner(connection), text, length, now_us, outputs);
    carry_out(connection, outputs);
}

static void take_timeout(EngineIoConnection *connection, gint64 now_us)
{
    GArray *outputs = socketio_outputs_new();

    socketio_timeout(engineio_connection_owner(connection), now_us, outputs);
    carry_out(connection, outputs);
}

static void end_session(EngineIoConnection *connection, EngineIoReason reason G_GNUC_UNUSED,
                        gint64 now_us G_GNUC_UNUSED)
{
    SocketIoSession *session = engineio_connection_owner(connection);

    socketio_session_clear(session);
    g_free(session);
}

static const EngineIoApp socket_app = {
    .begun = begin_session,
    .text = take_text,
    .binary = close_binary,
    .timeout = take_timeout,
    .ended = end_session,
};

/* --- the protocols --- */

static gpointer start_engine(Listener *listener)
{
    return engineio_door_new(listener, &settings, &engine_app, NULL);
}

static gpointer start_socket(Listener *listener)
{
    return engineio_door_new(listener, &settings, &socket_app, NULL);
}

static void stop(gpointer self)
{
    engineio_door_free(self);
}

static gboolean open_link(gpointer self, Link *link)
{
    return engineio_door_opened(self, link);
}

static void take_exchange(gpointer self, Exchange *exchange)
{
    engineio_door_asked(self, exchange);
}

static void tick(gpointer self, gint64 now_us)
{
    engineio_door_tick(self, now_us);
}

#define PROTOCOL(where, begin)                                                                     \
    {                                                                                              \
        .path = where, .start = begin, .stop = stop, .opened = open_link,                          \
        .text = engineio_door_text, .closed = engineio_door_closed, .asked = take_exchange,        \
        .abandoned = engineio_door_abandoned, .tick = tick                                         \
    }

const Protocol plain_protocol = PROTOCOL("/engine.io/", start_engine);
const Protocol socketio_protocol = PROTOCOL("/socket.io/", start_socket);

int main(int argc, char **argv)
{
    ServiceOptions service_options = {.store = memory_store_new(1)};
    Service *service = service_new(&service_options);
    ListenerOptions options = {
        .address = "127.0.0.1",
        .port = argc > 1 ? (guint)atoi(argv[1]) : 3000,
        .message = {.bytes = 1000000, .depth = 32},
        .max_sockets = 1000,
        .max_waiting_bytes = 1000000,
        .register_timeout_us = 60000 * MS,
        .ping_interval_us = 60000 * MS,
        .ping_timeout_us = 60000 * MS,
    };
    g_autoptr(GError) error = NULL;
    Listener *listener = listener_new(&options, service, &error);

    if (!listener) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    printf("%u\n", listener_port(listener));
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    listener_free(listener);
    service_free(service);
    return 0;
}
