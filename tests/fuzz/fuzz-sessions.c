/* A play of one client against the two machines of Socket.IO together: polls, posts, WebSockets, frames,
 * what goes away and when, what an application answers and says. Whatever comes:
 *
 * - each HTTP request is answered once, and only while it is there; a WebSocket that was dropped or
 *   went away hears nothing more;
 * - what the server says arrives in its order, once, and nothing is missing while the session lives;
 * - the session ends once, and nobody is held or open after that;
 * - no deadline is left in the past.
 *
 * Each line is an act: a letter, and what it needs. */
#include "fuzz.h"
#include "listener/engineio_session.h"
#include "listener/socketio_session.h"

#define HANDLES 8

typedef enum { NOBODY, POLL, POST, SOCKET } Kind;

/* One HTTP request or WebSocket of the client; its place in the array is the pointer's. */
typedef struct {
    Kind kind;
} Handle;

typedef struct {
    EngineIoSettings engineio_settings;
    SocketIoSettings socketio_settings;
    EngineIoSession *engineio;
    SocketIoSession socketio;
    GArray *outputs;
    gint64 now_us;
    Handle handles[HANDLES];
    guint said, heard; /* numbers of what the server said, and the client heard */
    gboolean has_ended;
    SocketIoAsk connects[4], events[4]; /* that the application has not answered yet */
    guint connects_count, events_count;
} World;

static Handle *handle_of(World *world, gpointer on)
{
    Handle *handle = on;

    fuzz_check(handle >= world->handles && handle < world->handles + HANDLES, "nobody's handle");
    return handle;
}

/* --- what the client hears --- */

/* The server's own texts are numbers; the rest is of the namespaces. */
static void hear_message(World *world, const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    SocketIoPacket packet;
    guint number;

    if (sscanf(copy, "said %u", &number) == 1) {
        fuzz_check(number == world->heard, "heard %u, not %u", number, world->heard);
        world->heard++;
        return;
    }
    fuzz_check(socketio_decode(text, length, &packet) && !packet.is_unreadable,
               "the server says %s", copy);
    socketio_packet_clear(&packet);
}

static void hear_packet(World *world, const EngineIoPacket *packet)
{
    fuzz_check(packet->type != ENGINEIO_BINARY && packet->type != ENGINEIO_UPGRADE,
               "the server sends type %u", packet->type);
    if (packet->type == ENGINEIO_MESSAGE)
        hear_message(world, packet->data, packet->length);
}

/* Only the server may send it, so the codec does not read it. */
static gboolean is_handshake(const EngineIoOutput *output)
{
    return g_str_has_prefix(output->text, "0{\"sid\":\"SID\",");
}

static void hear_payload(World *world, const EngineIoOutput *output)
{
    EngineIoPayload payload = {.text = output->text, .length = output->length};
    EngineIoPacket packet;

    while (engineio_next(&payload, &packet))
        hear_packet(world, &packet);
    fuzz_check(!payload.is_broken, "the answer to a poll is %s", output->text);
}

static void hear_answer(World *world, const EngineIoOutput *output)
{
    Handle *handle = handle_of(world, output->on);

    fuzz_check(handle->kind == POLL || handle->kind == POST, "an answer to nobody");
    if (output->status == 200 && handle->kind == POLL && !is_handshake(output))
        hear_payload(world, output);
    handle->kind = NOBODY;
}

static void hear_frame(World *world, const EngineIoOutput *output)
{
    EngineIoPacket packet;

    fuzz_check(handle_of(world, output->on)->kind == SOCKET, "a frame to nobody");
    if (is_handshake(output))
        return;
    fuzz_check(engineio_decode(output->text, output->length, &packet), "a frame is %s",
               output->text);
    hear_packet(world, &packet);
}

/* --- what the application does --- */

static void hear_connect(World *world, const SocketIoOutput *output)
{
    fuzz_check((output->data != NULL) == (output->fault == NULL), "auth and a fault, or neither");
    if (world->connects_count < G_N_ELEMENTS(world->connects))
        world->connects[world->connects_count++] = output->ask;
}

static void hear_event(World *world, const SocketIoOutput *output)
{
    SocketIoPresence presence = world->socketio.places[output->ask.place].presence;

    fuzz_check(presence == SOCKETIO_CONNECTED, "an event from somebody who is not there");
    if (world->events_count < G_N_ELEMENTS(world->events))
        world->events[world->events_count++] = output->ask;
}

static void carry_out(World *world, GArray *outputs)
{
    for (guint i = 0; i < outputs->len; i++) {
        const SocketIoOutput *output = socketio_output(outputs, i);

        switch (output->what) {
        case SOCKETIO_DO_SEND:
            engineio_send(world->engineio, output->text->str, output->text->len, world->outputs);
            break;
        case SOCKETIO_DO_CLOSE:
            engineio_close(world->engineio, world->now_us, world->outputs);
            break;
        case SOCKETIO_DO_CONNECT:
            hear_connect(world, output);
            break;
        case SOCKETIO_DO_EVENT:
            hear_event(world, output);
            break;
        case SOCKETIO_DO_LEAVE:
        case SOCKETIO_DO_ACK:
            break;
        }
    }
    g_array_unref(outputs);
}

static void hear_client(World *world, const EngineIoOutput *output)
{
    GArray *outputs = socketio_outputs_new();

    fuzz_check(!world->has_ended, "a message after the end");
    if (output->text)
        socketio_take(&world->socketio, output->text, output->length, world->now_us, outputs);
    else
        socketio_take_binary(&world->socketio, outputs);
    carry_out(world, outputs);
}

/* --- what the session wants done --- */

static void do_one(World *world, const EngineIoOutput *output)
{
    switch (output->what) {
    case ENGINEIO_DO_SEND:
        hear_frame(world, output);
        return;
    case ENGINEIO_DO_DROP:
        fuzz_check(handle_of(world, output->on)->kind == SOCKET, "nobody is dropped");
        handle_of(world, output->on)->kind = NOBODY;
        return;
    case ENGINEIO_DO_ANSWER:
        hear_answer(world, output);
        return;
    case ENGINEIO_DO_MESSAGE:
    case ENGINEIO_DO_BINARY:
        hear_client(world, output);
        return;
    case ENGINEIO_DO_END:
        fuzz_check(!world->has_ended, "the session ends twice");
        world->has_ended = TRUE;
        return;
    }
}

static void finish(World *world)
{
    for (guint i = 0; i < world->outputs->len; i++) {
        EngineIoOutput output = *engineio_output(world->outputs, i);

        engineio_output(world->outputs, i)->text = NULL;
        do_one(world, &output);
        g_free(output.text);
    }
    g_array_set_size(world->outputs, 0);
    fuzz_check(!engineio_is_over(world->engineio) || world->has_ended, "it is over, unsaid");
    fuzz_check(engineio_deadline(world->engineio) > world->now_us - 1, "a deadline in the past");
}

/* --- acts --- */

static gpointer take_handle(World *world, Kind kind)
{
    for (guint i = 0; i < HANDLES; i++) {
        if (world->handles[i].kind != NOBODY)
            continue;
        world->handles[i].kind = kind;
        return &world->handles[i];
    }
    return NULL;
}

static void act_poll(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    gpointer poll = take_handle(world, POLL);

    if (poll)
        engineio_poll(world->engineio, poll, world->now_us, world->outputs);
}

/* Packets are written with a bar between them. */
static void act_post(World *world, const char *rest, gsize length)
{
    g_autofree char *body = g_strndup(rest, length);
    gpointer post = take_handle(world, POST);

    for (gsize i = 0; i < length; i++)
        body[i] = body[i] == '|' ? ENGINEIO_SEPARATOR : body[i];
    if (post)
        engineio_post(world->engineio, post, body, length, world->now_us, world->outputs);
}

static void act_upgrade(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    Handle *socket = take_handle(world, SOCKET);

    if (socket && !engineio_upgrade(world->engineio, socket, world->now_us, world->outputs))
        socket->kind = NOBODY;
}

static Handle *pick(World *world, const char *rest, gsize length, gboolean is_socket)
{
    Handle *handle;

    if (!length || *rest < '0' || *rest >= '0' + HANDLES)
        return NULL;
    handle = &world->handles[*rest - '0'];
    return handle->kind == NOBODY || (is_socket && handle->kind != SOCKET) ? NULL : handle;
}

static void act_frame(World *world, const char *rest, gsize length)
{
    Handle *socket = pick(world, rest, length, TRUE);

    if (socket)
        engineio_frame(world->engineio, socket, rest + 1, length - 1, world->now_us,
                       world->outputs);
}

static void act_binary(World *world, const char *rest, gsize length)
{
    Handle *socket = pick(world, rest, length, TRUE);

    if (socket)
        engineio_frame(world->engineio, socket, NULL, 0, world->now_us, world->outputs);
}

static void act_go(World *world, const char *rest, gsize length)
{
    Handle *handle = pick(world, rest, length, FALSE);

    if (!handle)
        return;
    handle->kind = NOBODY;
    engineio_gone(world->engineio, handle, length > 1, world->now_us, world->outputs);
}

static void act_say(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    g_autofree char *text = g_strdup_printf("said %u", world->said);

    if (world->has_ended)
        return;
    world->said++;
    engineio_send(world->engineio, text, strlen(text), world->outputs);
}

static void act_close(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    engineio_close(world->engineio, world->now_us, world->outputs);
}

static void act_prove(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    engineio_prove(world->engineio, world->now_us);
}

/* As long as two to the given number, in milliseconds; each deadline in its turn. */
static void act_wait(World *world, const char *rest, gsize length)
{
    gint64 until_us = world->now_us + (G_GINT64_CONSTANT(1000) << (length ? *rest & 15 : 0));

    while (engineio_deadline(world->engineio) <= until_us) {
        gint64 at_us = engineio_deadline(world->engineio);

        world->now_us = at_us;
        engineio_timeout(world->engineio, at_us, world->outputs);
        fuzz_check(engineio_deadline(world->engineio) > at_us, "a deadline stays");
        finish(world);
    }
    world->now_us = until_us;
}

static void act_admit(World *world, const char *rest, gsize length)
{
    GArray *outputs = socketio_outputs_new();

    if (world->connects_count && length && *rest == '-')
        socketio_turn_away(&world->socketio, &world->connects[--world->connects_count], "no", NULL,
                           world->now_us, outputs);
    else if (world->connects_count)
        socketio_admit(&world->socketio, &world->connects[--world->connects_count], "S", NULL,
                       outputs);
    carry_out(world, outputs);
}

static void act_answer(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GArray *outputs = socketio_outputs_new();
    json_t *value = json_true();

    if (world->events_count)
        socketio_answer(&world->socketio, &world->events[--world->events_count], value, outputs);
    carry_out(world, outputs);
}

static void act_emit(World *world, const char *rest, gsize length)
{
    GArray *outputs = socketio_outputs_new();
    guint64 id;

    socketio_emit(&world->socketio, length ? *rest & 1 : 0, "[\"e\"]", 5,
                  length && *rest & 2 ? &id : NULL, outputs);
    carry_out(world, outputs);
}

static void act_expel(World *world, const char *rest, gsize length)
{
    GArray *outputs = socketio_outputs_new();

    socketio_expel(&world->socketio, length ? *rest & 1 : 0, world->now_us, outputs);
    carry_out(world, outputs);
}

static void act_alone(World *world, const char *rest G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GArray *outputs = socketio_outputs_new();

    socketio_timeout(&world->socketio, world->now_us, outputs);
    carry_out(world, outputs);
}

static const struct {
    char letter;
    void (*act)(World *world, const char *rest, gsize length);
} acts[] = {
    {'g', act_poll},  {'p', act_post},   {'u', act_upgrade}, {'f', act_frame}, {'b', act_binary},
    {'x', act_go},    {'s', act_say},    {'c', act_close},   {'?', act_prove}, {'t', act_wait},
    {'a', act_admit}, {'r', act_answer}, {'e', act_emit},    {'o', act_expel}, {'n', act_alone},
};

static void act(World *world, const char *line, gsize length)
{
    for (guint i = 0; length && i < G_N_ELEMENTS(acts); i++) {
        if (acts[i].letter == *line)
            acts[i].act(world, line + 1, length - 1);
    }
    finish(world);
}

/* --- a play --- */

static void begin(World *world, gboolean is_websocket)
{
    gpointer first = take_handle(world, is_websocket ? SOCKET : POLL);

    world->now_us = 1000000000;
    world->outputs = engineio_outputs_new();
    world->engineio_settings = (EngineIoSettings){.ping_interval_us = 3000000,
                                                  .ping_timeout_us = 2000000,
                                                  .upgrade_us = 1000000,
                                                  .max_payload = 1000,
                                                  .max_waiting = 200};
    world->socketio_settings = (SocketIoSettings){.nsp = "/calls", .connect_us = 1000000};
    world->engineio = engineio_session_new(&world->engineio_settings, "SID", world->now_us);
    socketio_session_init(&world->socketio, &world->socketio_settings, world->now_us);
    if (is_websocket)
        engineio_open_websocket(world->engineio, first, world->outputs);
    else
        engineio_open_polling(world->engineio, first, world->outputs);
    finish(world);
}

/* The client is patient: it polls once more, and then its time is over. */
static void end(World *world)
{
    act(world, "g", 1);
    if (!world->has_ended && engineio_websocket(world->engineio))
        fuzz_check(world->heard == world->said, "%u said, %u heard", world->said, world->heard);
    for (guint i = 0; i < 4; i++)
        act(world, "t=", 2);
    fuzz_check(engineio_is_over(world->engineio) && world->has_ended, "it does not end");
    for (guint i = 0; i < HANDLES; i++)
        fuzz_check(world->handles[i].kind == NOBODY, "handle %u is left", i);
    engineio_session_free(world->engineio);
    socketio_session_clear(&world->socketio);
    g_array_unref(world->outputs);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    json_object_seed(1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    gsize left = size;
    World world = {0};

    if (!size)
        return -1;
    begin(&world, *line == 'W');
    while (left) {
        const char *end_of_line = memchr(line, '\n', left);
        gsize length = end_of_line ? (gsize)(end_of_line - line) : left;

        act(&world, line, length);
        left -= MIN(left, length + 1);
        line += length + 1;
    }
    end(&world);
    return 0;
}
