#include "listener/socketio_session.h"

#include <string.h>

#define NEVER G_MAXINT64

/* --- outputs --- */

static void clear_output(gpointer data)
{
    SocketIoOutput *output = data;

    json_decref(output->data);
    if (output->text)
        g_string_free(output->text, TRUE);
}

GArray *socketio_outputs_new(void)
{
    GArray *outputs = g_array_new(FALSE, FALSE, sizeof(SocketIoOutput));

    g_array_set_clear_func(outputs, clear_output);
    return outputs;
}

SocketIoOutput *socketio_output(const GArray *outputs, guint i)
{
    return &g_array_index(outputs, SocketIoOutput, i);
}

static void put(GArray *outputs, SocketIoOutput output)
{
    g_array_append_val(outputs, output);
}

/* Takes over the text. */
static void send(GArray *outputs, GString *text)
{
    put(outputs, (SocketIoOutput){.what = SOCKETIO_DO_SEND, .text = text});
}

static void close_connection(GArray *outputs)
{
    put(outputs, (SocketIoOutput){.what = SOCKETIO_DO_CLOSE});
}

/* --- places --- */

const char *socketio_nsp(const SocketIoSession *session, guint place)
{
    return place == 0 ? "/" : session->settings->nsp;
}

static gboolean find_place(const SocketIoSession *session, const char *nsp, guint *place)
{
    for (guint i = 0; i < SOCKETIO_PLACES; i++) {
        if (strcmp(socketio_nsp(session, i), nsp) == 0) {
            *place = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean socketio_is_alone(const SocketIoSession *session)
{
    for (guint i = 0; i < SOCKETIO_PLACES; i++) {
        SocketIoPresence presence = session->places[i].presence;

        if (presence == SOCKETIO_CONNECTING || presence == SOCKETIO_CONNECTED)
            return FALSE;
    }
    return TRUE;
}

static void forget_held(SocketIoPlace *place)
{
    g_clear_pointer(&place->held, g_ptr_array_unref);
}

static void leave(SocketIoSession *session, guint place, SocketIoPresence presence, gint64 now_us)
{
    session->places[place].presence = presence;
    forget_held(&session->places[place]);
    if (socketio_is_alone(session))
        session->alone_us = now_us + session->settings->connect_us;
}

/* --- what the client says --- */

static void tell_unknown_namespace(const char *nsp, GArray *outputs)
{
    json_t *data = json_pack("{s:s}", "message", "Invalid namespace");

    send(outputs, socketio_encode(SOCKETIO_CONNECT_ERROR, nsp, NULL, data));
    json_decref(data);
}

static void connect(SocketIoSession *session, guint i, SocketIoPacket *packet, GArray *outputs)
{
    SocketIoPlace *place = &session->places[i];

    if (place->presence == SOCKETIO_CONNECTING || place->presence == SOCKETIO_CONNECTED) {
        close_connection(outputs);
        return;
    }
    place->presence = SOCKETIO_CONNECTING;
    place->serial++;
    session->alone_us = NEVER;
    put(outputs, (SocketIoOutput){
                     .what = SOCKETIO_DO_CONNECT,
                     .ask = {.place = i, .serial = place->serial},
                     .data = packet->data            ? g_steal_pointer(&packet->data)
                             : packet->is_unreadable ? NULL
                                                     : json_object(),
                     .fault = packet->is_unreadable ? "auth: cannot be read" : NULL,
                 });
}

static void disconnect(SocketIoSession *session, guint i, gint64 now_us, GArray *outputs)
{
    guint serial = session->places[i].serial;

    leave(session, i, SOCKETIO_ABSENT, now_us);
    put(outputs,
        (SocketIoOutput){.what = SOCKETIO_DO_LEAVE, .ask = {.place = i, .serial = serial}});
}

static const char *fault_of(const SocketIoPacket *packet)
{
    if (packet->type == SOCKETIO_BINARY_EVENT)
        return "binary attachments are not taken";
    return packet->is_unreadable ? "the arguments cannot be read" : NULL;
}

static void pass_on(const SocketIoSession *session, guint i, SocketIoPacket *packet,
                    SocketIoDo what, GArray *outputs)
{
    put(outputs, (SocketIoOutput){
                     .what = what,
                     .ask = {.place = i,
                             .serial = session->places[i].serial,
                             .has_id = packet->has_id,
                             .id = packet->id},
                     .data = g_steal_pointer(&packet->data),
                     .fault = fault_of(packet),
                 });
}

/* One that a client may send while it is connected. */
static void take_connected(SocketIoSession *session, guint i, SocketIoPacket *packet, gint64 now_us,
                           GArray *outputs)
{
    switch (packet->type) {
    case SOCKETIO_DISCONNECT:
        disconnect(session, i, now_us, outputs);
        return;
    case SOCKETIO_EVENT:
        pass_on(session, i, packet, SOCKETIO_DO_EVENT, outputs);
        return;
    case SOCKETIO_ACK:
        pass_on(session, i, packet, SOCKETIO_DO_ACK, outputs);
        return;
    case SOCKETIO_BINARY_EVENT:
        pass_on(session, i, packet, SOCKETIO_DO_EVENT, outputs);
        break;
    case SOCKETIO_CONNECT:
    case SOCKETIO_CONNECT_ERROR:
    case SOCKETIO_BINARY_ACK:
        break;
    }
    close_connection(outputs);
}

static void take_packet(SocketIoSession *session, SocketIoPacket *packet, gint64 now_us,
                        GArray *outputs)
{
    guint i;

    if (!find_place(session, packet->nsp, &i)) {
        if (packet->type == SOCKETIO_CONNECT)
            tell_unknown_namespace(packet->nsp, outputs);
        else
            close_connection(outputs);
        return;
    }
    if (packet->type == SOCKETIO_CONNECT) {
        connect(session, i, packet, outputs);
        return;
    }
    switch (session->places[i].presence) {
    case SOCKETIO_CONNECTED:
        take_connected(session, i, packet, now_us, outputs);
        return;
    case SOCKETIO_CONNECTING:
        if (packet->type == SOCKETIO_DISCONNECT)
            disconnect(session, i, now_us, outputs);
        else
            close_connection(outputs);
        return;
    case SOCKETIO_EXPELLED:
        return;
    case SOCKETIO_ABSENT:
        close_connection(outputs);
        return;
    }
}

void socketio_take(SocketIoSession *session, const char *text, gsize length, gint64 now_us,
                   GArray *outputs)
{
    SocketIoPacket packet;

    if (!socketio_decode(text, length, &packet)) {
        close_connection(outputs);
        return;
    }
    take_packet(session, &packet, now_us, outputs);
    socketio_packet_clear(&packet);
}

void socketio_take_binary(SocketIoSession *session G_GNUC_UNUSED, GArray *outputs)
{
    close_connection(outputs);
}

void socketio_timeout(SocketIoSession *session, gint64 now_us, GArray *outputs)
{
    if (session->alone_us > now_us)
        return;
    session->alone_us = NEVER;
    close_connection(outputs);
}

/* --- what it is told --- */

/* NULL where it was sent. */
static void free_text(gpointer text)
{
    if (text)
        g_string_free(text, TRUE);
}

static gboolean is_for_now(const SocketIoSession *session, const SocketIoAsk *ask,
                           SocketIoPresence presence)
{
    const SocketIoPlace *place = &session->places[ask->place];

    return place->serial == ask->serial && place->presence == presence;
}

static void release_held(SocketIoPlace *place, GArray *outputs)
{
    for (guint i = 0; place->held && i < place->held->len; i++)
        send(outputs, g_steal_pointer(&g_ptr_array_index(place->held, i)));
    forget_held(place);
}

void socketio_admit(SocketIoSession *session, const SocketIoAsk *ask, const char *sid,
                    const GPtrArray *first, GArray *outputs)
{
    json_t *data;

    if (!is_for_now(session, ask, SOCKETIO_CONNECTING))
        return;
    session->places[ask->place].presence = SOCKETIO_CONNECTED;
    data = json_pack("{s:s}", "sid", sid);
    send(outputs, socketio_encode(SOCKETIO_CONNECT, socketio_nsp(session, ask->place), NULL, data));
    json_decref(data);
    for (guint i = 0; first && i < first->len; i++) {
        const char *text = g_ptr_array_index(first, i);

        socketio_emit(session, ask->place, text, strlen(text), NULL, outputs);
    }
    release_held(&session->places[ask->place], outputs);
}

void socketio_turn_away(SocketIoSession *session, const SocketIoAsk *ask, const char *message,
                        json_t *data, gint64 now_us, GArray *outputs)
{
    json_t *error;

    if (!is_for_now(session, ask, SOCKETIO_CONNECTING))
        return;
    leave(session, ask->place, SOCKETIO_ABSENT, now_us);
    error = json_pack("{s:s, s:O*}", "message", message, "data", data);
    send(outputs,
         socketio_encode(SOCKETIO_CONNECT_ERROR, socketio_nsp(session, ask->place), NULL, error));
    json_decref(error);
}

void socketio_answer(const SocketIoSession *session, const SocketIoAsk *ask, json_t *value,
                     GArray *outputs)
{
    json_t *data;

    if (!ask->has_id || !is_for_now(session, ask, SOCKETIO_CONNECTED))
        return;
    data = json_pack("[O]", value);
    send(outputs, socketio_encode(SOCKETIO_ACK, socketio_nsp(session, ask->place), &ask->id, data));
    json_decref(data);
}

static void hold(SocketIoPlace *place, GString *text)
{
    if (!place->held)
        place->held = g_ptr_array_new_with_free_func(free_text);
    g_ptr_array_add(place->held, text);
}

void socketio_emit(SocketIoSession *session, guint i, const char *json, gsize length, guint64 *id,
                   GArray *outputs)
{
    SocketIoPlace *place = &session->places[i];
    GString *text;

    if (place->presence != SOCKETIO_CONNECTED && place->presence != SOCKETIO_CONNECTING)
        return;
    if (id)
        *id = session->next_id++;
    text = g_string_sized_new(length + 32);
    socketio_append_head(text, SOCKETIO_EVENT, socketio_nsp(session, i), id);
    g_string_append_len(text, json, (gssize)length);
    if (place->presence == SOCKETIO_CONNECTING)
        hold(place, text);
    else
        send(outputs, text);
}

void socketio_expel(SocketIoSession *session, guint place, gint64 now_us, GArray *outputs)
{
    if (session->places[place].presence != SOCKETIO_CONNECTED)
        return;
    leave(session, place, SOCKETIO_EXPELLED, now_us);
    send(outputs, socketio_encode(SOCKETIO_DISCONNECT, socketio_nsp(session, place), NULL, NULL));
}

/* --- beginning and end --- */

void socketio_session_init(SocketIoSession *session, const SocketIoSettings *settings,
                           gint64 now_us)
{
    *session = (SocketIoSession){
        .settings = settings,
        .alone_us = now_us + settings->connect_us,
    };
}

void socketio_session_clear(SocketIoSession *session)
{
    for (guint i = 0; i < SOCKETIO_PLACES; i++)
        forget_held(&session->places[i]);
}
