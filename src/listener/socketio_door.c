/* Calls over Socket.IO (docs/socketio.md): what a client says becomes requests, what the hub says
 * becomes events. */
#include "listener/socketio_door.h"

#include <string.h>

#include "listener/socketio_event.h"
#include "listener/socketio_names.h"
#include "listener/socketio_private.h"
#include "service/ids.h"
#include "wire/write.h"

#define SECOND_US G_GINT64_CONSTANT(1000000)
/* A WebSocket that tries to become the transport has so long. */
#define UPGRADE_US (10 * SECOND_US)
#define MOST_ABSENCES 100000
#define TOO_MANY "too many requests wait for their answer"

/* --- what came of a request --- */

typedef enum {
    TAG_REGISTER,
    TAG_EVENT,
    TAG_QUIET, /* nobody asked */
} TagKind;

typedef struct {
    TagKind kind;
    SocketIoAsk ask;
    gboolean names_device; /* of a register: it says which device it is */
    guint64 number;        /* of the request: they are stepped in this order */
} Tag;

static Tag *tag_new(SocketIoDevice *device, TagKind kind, const SocketIoAsk *ask)
{
    Tag *tag = g_new0(Tag, 1);

    tag->kind = kind;
    tag->number = ++device->asked;
    if (ask)
        tag->ask = *ask;
    return tag;
}

/* --- what the namespaces want done --- */

static void carry_out(SocketIoDevice *device, GArray *outputs);

static void say(SocketIoDevice *device, const GString *text)
{
    engineio_connection_send(device->connection, "", 0, text->str, text->len);
}

static void answer_ask(SocketIoDevice *device, const SocketIoAsk *ask, json_t *answer)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();

    socketio_answer(&device->socketio, ask, answer, outputs);
    carry_out(device, outputs);
}

static void emit_to(SocketIoDevice *device, guint place, const char *text, gsize length,
                    guint64 *id)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();

    socketio_emit(&device->socketio, place, text, length, id, outputs);
    carry_out(device, outputs);
}

/* Where nobody waits for an acknowledgement, a refusal is an event. */
static void emit_error(SocketIoDevice *device, guint place, json_t *answer)
{
    json_t *event = json_pack("[s, O]", "call:error", answer);
    char *text = json_dumps(event, JSON_COMPACT);

    emit_to(device, place, text, strlen(text), NULL);
    free(text);
    json_decref(event);
}

static gboolean is_refusal(const json_t *answer)
{
    return g_strcmp0(json_string_value(json_object_get(answer, "call")), "error") == 0;
}

static void give_answer(SocketIoDevice *device, const SocketIoAsk *ask, json_t *answer)
{
    if (ask->has_id)
        answer_ask(device, ask, answer);
    else if (is_refusal(answer))
        emit_error(device, ask->place, answer);
}

static void refuse(SocketIoDevice *device, const SocketIoAsk *ask, Refusal refusal,
                   const char *fault, const char *name)
{
    json_t *answer = write_refusal(refusal, fault, name);

    give_answer(device, ask, answer);
    json_decref(answer);
}

static void turn_away(SocketIoDevice *device, const SocketIoAsk *ask, json_t *answer)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();
    const char *message = json_string_value(json_object_get(answer, "error"));

    socketio_turn_away(&device->socketio, ask, message, answer, g_get_monotonic_time(), outputs);
    carry_out(device, outputs);
}

static void request_quietly(SocketIoDevice *device, const char *name, const char *call_id)
{
    json_t *body = json_pack("{s:s, s:s*}", "request", name, "callId", call_id);

    client_request(device->client, body_of_json(body), tag_new(device, TAG_QUIET, NULL));
}

static const ClientOps client_ops;

/* Who asks more is not read from. FALSE: it polls, and cannot be kept waiting. */
static gboolean can_ask(SocketIoDevice *device)
{
    if (!device->client || client_unanswered(device->client) < device->door->max_unanswered)
        return TRUE;
    device->is_paused = engineio_connection_read(device->connection, FALSE);
    return device->is_paused;
}

static void refuse_connect(SocketIoDevice *device, const SocketIoAsk *ask, Refusal refusal,
                           const char *fault)
{
    json_t *answer = write_refusal(refusal, fault, "call:register");

    turn_away(device, ask, answer);
    json_decref(answer);
}

static void register_device(SocketIoDevice *device, SocketIoOutput *output)
{
    json_t *body;
    Tag *tag;

    if (output->fault) {
        refuse_connect(device, &output->ask, REFUSAL_INVALID_REQUEST, output->fault);
        return;
    }
    /* Who comes and goes without an end asks as much; what it leaves is no more than what it came to. */
    if (!can_ask(device)) {
        refuse_connect(device, &output->ask, REFUSAL_RATE_LIMITED, TOO_MANY);
        return;
    }
    if (!device->client)
        device->client = client_new(device->door->listener, &client_ops, device);
    body = socketio_registration(output->data);
    tag = tag_new(device, TAG_REGISTER, &output->ask);
    tag->names_device = json_object_get(body, "deviceId") != NULL;
    client_request(device->client, body_of_json(body), tag);
}

static gboolean has_room(SocketIoDevice *device, const SocketIoAsk *ask, const char *name)
{
    if (can_ask(device))
        return TRUE;
    refuse(device, ask, REFUSAL_RATE_LIMITED, TOO_MANY, name);
    return FALSE;
}

static void take_event(SocketIoDevice *device, SocketIoOutput *output)
{
    const char *name = json_string_value(json_array_get(output->data, 0));
    const char *fault = output->fault;
    json_t *body;

    if (!fault && !has_room(device, &output->ask, name))
        return;
    body = fault ? NULL : socketio_request(output->data, &fault);
    if (body)
        client_request(device->client, body_of_json(body),
                       tag_new(device, TAG_EVENT, &output->ask));
    else
        refuse(device, &output->ask, REFUSAL_INVALID_REQUEST, fault, name);
}

/* Whoever acknowledges a call:incoming has shown it. */
static void take_ack(SocketIoDevice *device, const SocketIoOutput *output)
{
    for (guint i = 0; i < SOCKETIO_ANNOUNCED; i++) {
        Announced *announced = &device->announced[i];

        if (!announced->call_id || announced->id != output->ask.id)
            continue;
        request_quietly(device, "call:ringing", announced->call_id);
        g_clear_pointer(&announced->call_id, g_free);
        return;
    }
}

static void leave(SocketIoDevice *device)
{
    if (socketio_is_alone(&device->socketio) && device->client)
        request_quietly(device, "call:unregister", NULL);
}

static void carry_out(SocketIoDevice *device, GArray *outputs)
{
    for (guint i = 0; i < outputs->len; i++) {
        SocketIoOutput *output = socketio_output(outputs, i);

        switch (output->what) {
        case SOCKETIO_DO_SEND:
            say(device, output->text);
            break;
        case SOCKETIO_DO_CLOSE:
            engineio_connection_close(device->connection);
            break;
        case SOCKETIO_DO_CONNECT:
            register_device(device, output);
            break;
        case SOCKETIO_DO_LEAVE:
            leave(device);
            break;
        case SOCKETIO_DO_EVENT:
            take_event(device, output);
            break;
        case SOCKETIO_DO_ACK:
            take_ack(device, output);
            break;
        }
    }
    engineio_connection_wake(device->connection, device->socketio.alone_us);
}

/* --- what the hub answers --- */

/* Replies overtake each other: whoever left and came again hears of the second first. What an earlier request made
 * of the device says nothing any more then. */
static gboolean is_latest(SocketIoDevice *device, const Tag *tag)
{
    if (tag->number < device->settled)
        return FALSE;
    device->settled = tag->number;
    return TRUE;
}

static void admit(SocketIoDevice *device, const Tag *tag, const Reply *reply)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();
    gboolean is_second = device->key != NULL;
    g_autoptr(GPtrArray) first = NULL;
    char sid[FRESH_ID_LENGTH + 1];

    if (is_latest(device, tag))
        device_arrive(device, reply, tag->names_device);
    first = device_first_events(device, reply, is_second);
    fresh_id(reply->wall_ms, sid);
    socketio_admit(&device->socketio, &tag->ask, sid, first, outputs);
    carry_out(device, outputs);
    if (first->len)
        engineio_connection_prove(device->connection);
}

static void take_registration(SocketIoDevice *device, const Tag *tag, json_t *answer,
                              const Reply *reply)
{
    if (reply && reply->refusal == REFUSAL_NONE)
        admit(device, tag, reply);
    else
        turn_away(device, &tag->ask, answer);
}

static void note_answered(SocketIoDevice *device, const char *call_id)
{
    device_told(device, call_id);
    engineio_connection_prove(device->connection);
}

/* What its own request made of it needs no event. */
static void note_reply(SocketIoDevice *device, const Tag *tag, const Reply *reply)
{
    gboolean is_arrival = reply->request == EVENT_REGISTER;

    if (reply->refusal != REFUSAL_NONE)
        return;
    if (is_arrival || reply->request == EVENT_UNREGISTER) {
        if (!is_latest(device, tag))
            return;
        if (is_arrival)
            device_arrive(device, reply, !device->is_nameless);
        else
            device_forget(device);
        return;
    }
    if (reply->record && call_state_is_final(record_view(reply->record, reply->view).status))
        note_answered(device, reply->record->facts->call_id);
}

/* With a new token it may come back: a client does by itself when its transport is closed. */
static void close_if_expired(SocketIoDevice *device)
{
    if (device->is_expired && !client_has_device(device->client))
        engineio_connection_close(device->connection);
}

static void read_again(SocketIoDevice *device)
{
    if (!device->is_paused || client_unanswered(device->client) >= device->door->max_unanswered)
        return;
    device->is_paused = FALSE;
    engineio_connection_read(device->connection, TRUE);
}

static void take_answer(Client *client, gpointer data, json_t *answer, const Reply *reply)
{
    SocketIoDevice *device = client_owner(client);
    EngineIoConnection *connection = device->connection;
    gboolean is_held = engineio_connection_hold(connection);
    Tag *tag = data;

    if (tag->kind == TAG_REGISTER) {
        take_registration(device, tag, answer, reply);
    } else {
        if (reply)
            note_reply(device, tag, reply);
        if (tag->kind == TAG_EVENT)
            give_answer(device, &tag->ask, answer);
        /* It may have been what kept an expired device, which gets no event of its own request. */
        close_if_expired(device);
    }
    read_again(device);
    json_decref(answer);
    g_free(tag);
    engineio_connection_release(connection, is_held);
}

static void take_reply(Client *client, gpointer data, const Reply *reply,
                       const HubSettings *settings, const JoinSettings *join)
{
    take_answer(client, data, write_reply(reply, settings, join), reply);
}

static void take_refusal(Client *client, gpointer data, json_t *answer)
{
    take_answer(client, data, answer, NULL);
}

/* --- what the hub tells --- */

static char *write_event(const Message *message, const JoinSettings *join, gsize *length)
{
    return socketio_event_write(message, join, length);
}

static void remember_announced(SocketIoDevice *device, guint64 id, const SocketIoEvent *event)
{
    Announced *announced = &device->announced[device->next_announced++ % SOCKETIO_ANNOUNCED];

    g_free(announced->call_id);
    announced->id = id;
    announced->call_id = g_strndup(event->call_id, event->call_id_length);
}

/* The usual way, without a copy: it is connected, and need not answer. */
static void emit_at_once(SocketIoDevice *device, guint place, const SocketIoEvent *event)
{
    g_autoptr(GString) head = g_string_sized_new(SOCKETIO_NAMESPACE_BYTES + 3);

    socketio_append_head(head, SOCKETIO_EVENT, socketio_nsp(&device->socketio, place), NULL);
    engineio_connection_send(device->connection, head->str, head->len, event->json, event->length);
}

static void emit_ring(SocketIoDevice *device, guint place, const SocketIoEvent *event)
{
    guint64 id = G_MAXUINT64;

    emit_to(device, place, event->json, event->length, &id);
    if (id != G_MAXUINT64)
        remember_announced(device, id, event);
}

/* To every namespace that it is connected to. */
static void emit_to_all(SocketIoDevice *device, const SocketIoEvent *event)
{
    for (guint i = 0; i < SOCKETIO_PLACES; i++) {
        if (event->effect == SOCKETIO_RINGS)
            emit_ring(device, i, event);
        else if (device->socketio.places[i].presence == SOCKETIO_CONNECTED)
            emit_at_once(device, i, event);
        else
            emit_to(device, i, event->json, event->length, NULL);
    }
}

static void expel(SocketIoDevice *device)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();

    for (guint i = 0; i < SOCKETIO_PLACES; i++)
        socketio_expel(&device->socketio, i, g_get_monotonic_time(), outputs);
    carry_out(device, outputs);
}

/* That it was sent is no sign that it came: the client may have said farewell before. */
static void take_effect(SocketIoDevice *device, const SocketIoEvent *event)
{
    switch (event->effect) {
    case SOCKETIO_JUST_SEND:
    case SOCKETIO_RINGS:
        return;
    case SOCKETIO_ANSWERS:
        engineio_connection_prove(device->connection);
        return;
    case SOCKETIO_CLOSES:
        engineio_connection_prove(device->connection);
        close_if_expired(device);
        return;
    case SOCKETIO_REPLACES:
        device_go(device);
        expel(device);
        return;
    case SOCKETIO_EXPELS:
        device_forget(device);
        expel(device);
        return;
    case SOCKETIO_EXPIRES:
        device->is_expired = TRUE;
        close_if_expired(device);
        return;
    }
}

static void take_hub_event(Client *client, const char *text, gsize length)
{
    SocketIoDevice *device = client_owner(client);
    EngineIoConnection *connection = device->connection;
    gboolean is_held = engineio_connection_hold(connection);
    SocketIoEvent event = socketio_event_read(text, length);

    emit_to_all(device, &event);
    take_effect(device, &event);
    engineio_connection_release(connection, is_held);
}

/* It comes back, and is told what it missed. */
static void overflow(Client *client)
{
    const SocketIoDevice *device = client_owner(client);

    engineio_connection_close(device->connection);
}

static const ClientOps client_ops = {
    .write = write_event,
    .event = take_hub_event,
    .replied = take_reply,
    .overflowed = overflow,
    .refused = take_refusal,
    .free_tag = g_free,
};

/* --- connections --- */

static void begin_device(gpointer self, EngineIoConnection *connection)
{
    SocketIoDoor *door = self;
    SocketIoDevice *device = g_new0(SocketIoDevice, 1);

    device->door = door;
    device->connection = connection;
    socketio_session_init(&device->socketio, &door->settings, g_get_monotonic_time());
    engineio_connection_set_owner(connection, device);
    engineio_connection_wake(connection, device->socketio.alone_us);
}

static void take_text(EngineIoConnection *connection, const char *text, gsize length, gint64 now_us)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();
    SocketIoDevice *device = engineio_connection_owner(connection);

    socketio_take(&device->socketio, text, length, now_us, outputs);
    carry_out(device, outputs);
}

static void take_binary(EngineIoConnection *connection)
{
    engineio_connection_close(connection);
}

static void take_timeout(EngineIoConnection *connection, gint64 now_us)
{
    g_autoptr(GArray) outputs = socketio_outputs_new();
    SocketIoDevice *device = engineio_connection_owner(connection);

    socketio_timeout(&device->socketio, now_us, outputs);
    carry_out(device, outputs);
}

static void end_device(EngineIoConnection *connection, EngineIoReason reason G_GNUC_UNUSED,
                       gint64 now_us G_GNUC_UNUSED)
{
    SocketIoDevice *device = engineio_connection_owner(connection);

    device_go(device);
    if (device->client)
        client_close(device->client);
    for (guint i = 0; i < SOCKETIO_ANNOUNCED; i++)
        g_free(device->announced[i].call_id);
    socketio_session_clear(&device->socketio);
    g_free(device);
}

static const EngineIoApp app = {
    .begun = begin_device,
    .text = take_text,
    .binary = take_binary,
    .timeout = take_timeout,
    .ended = end_device,
};

/* --- the protocol --- */

static gpointer start(Listener *listener)
{
    const ListenerOptions *options = listener_options(listener);
    SocketIoDoor *door = g_new0(SocketIoDoor, 1);

    door->listener = listener;
    door->settings = (SocketIoSettings){
        .nsp = options->socketio_namespace,
        .connect_us = options->register_timeout_us,
    };
    door->max_unanswered = options->max_unanswered;
    door->present = g_hash_table_new(g_str_hash, g_str_equal);
    door->absences = absences_new(MOST_ABSENCES);
    door->engineio =
        engineio_door_new(listener,
                          &(EngineIoDoorSettings){
                              .session = {.ping_interval_us = options->ping_interval_us,
                                          .ping_timeout_us = options->ping_timeout_us,
                                          .upgrade_us = UPGRADE_US,
                                          .max_payload = options->message.bytes,
                                          .max_waiting = options->max_waiting_bytes},
                              .max_sessions = options->max_sockets,
                              .max_per_address = options->max_sockets_per_address,
                          },
                          &app, door);
    return door;
}

static void stop(gpointer self)
{
    SocketIoDoor *door = self;

    engineio_door_free(door->engineio);
    g_hash_table_unref(door->present);
    absences_free(door->absences);
    g_free(door);
}

static gboolean open_link(gpointer self, Link *link)
{
    return engineio_door_opened(((SocketIoDoor *)self)->engineio, link);
}

static void take_exchange(gpointer self, Exchange *exchange)
{
    engineio_door_asked(((SocketIoDoor *)self)->engineio, exchange);
}

static void tick(gpointer self, gint64 now_us)
{
    engineio_door_tick(((SocketIoDoor *)self)->engineio, now_us);
}

const Protocol socketio_protocol = {
    .path = "/socket.io/",
    .start = start,
    .stop = stop,
    .opened = open_link,
    .text = engineio_door_text,
    .closed = engineio_door_closed,
    .asked = take_exchange,
    .abandoned = engineio_door_abandoned,
    .tick = tick,
};
