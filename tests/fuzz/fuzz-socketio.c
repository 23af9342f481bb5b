/* Bytes as one packet of Socket.IO, and on to the request that it is: what is taken keeps to the rules
 * of its type, can be written again, and is the same. */
#include <jansson.h>

#include "fuzz.h"
#include "listener/socketio.h"
#include "listener/socketio_names.h"
#include "wire/request.h"

static void check_namespace(const char *nsp)
{
    gsize length = strlen(nsp);

    fuzz_check(length >= 1 && length <= SOCKETIO_NAMESPACE_BYTES && nsp[0] == '/',
               "namespace \"%s\"", nsp);
    fuzz_check(!strchr(nsp, ','), "a comma in namespace \"%s\"", nsp);
}

static void check_data(const SocketIoPacket *packet)
{
    const json_t *data = packet->data;

    switch (packet->type) {
    case SOCKETIO_CONNECT:
        fuzz_check(!data || json_is_object(data), "auth is no object");
        return;
    case SOCKETIO_DISCONNECT:
        fuzz_check(!data, "a disconnect with data");
        return;
    case SOCKETIO_EVENT:
        fuzz_check(packet->is_unreadable || json_is_string(json_array_get(data, 0)),
                   "an event without a name");
        return;
    case SOCKETIO_ACK:
        fuzz_check(packet->has_id && json_is_array(data), "an ack of nothing");
        return;
    case SOCKETIO_CONNECT_ERROR:
        fuzz_check(json_is_object(data) || json_is_string(data), "an error without a text");
        return;
    case SOCKETIO_BINARY_EVENT:
    case SOCKETIO_BINARY_ACK:
        fuzz_check(!data, "attachments were taken");
        return;
    }
}

static void check_writes_back(const SocketIoPacket *packet)
{
    g_autoptr(GString) text = socketio_encode(packet->type, packet->nsp,
                                              packet->has_id ? &packet->id : NULL, packet->data);
    SocketIoPacket again;

    fuzz_check(socketio_decode(text->str, text->len, &again), "does not read back: %s", text->str);
    fuzz_check(again.type == packet->type && strcmp(again.nsp, packet->nsp) == 0 &&
                   again.has_id == packet->has_id && again.id == packet->id,
               "reads back as another: %s", text->str);
    fuzz_check((!again.data && !packet->data) || json_equal(again.data, packet->data),
               "its data reads back as another: %s", text->str);
    socketio_packet_clear(&again);
}

/* As the door does: every event becomes a request or a fault, and every request is read. */
static void translate(json_t *event)
{
    const MessageLimits limits = {.bytes = 4096, .depth = 8};
    const char *fault = NULL;
    json_t *body = socketio_request(event, &fault);
    Request request;

    fuzz_check((body == NULL) == (fault != NULL), "refused without a reason, or for one in vain");
    if (!body)
        return;
    fuzz_check(json_is_string(json_object_get(body, "request")), "a request without a name");
    request_parse(&request, body, NULL, DOOR_SOCKET, &limits);
    request_clear(&request);
    json_decref(body);
}

static void register_with(const json_t *auth)
{
    const MessageLimits limits = {.bytes = 4096, .depth = 8};
    json_t *body = socketio_registration(auth);
    Request request;

    fuzz_check(request_parse(&request, body, NULL, DOOR_SOCKET, &limits) &&
                   request.event.kind == EVENT_REGISTER,
               "auth is no registration");
    request_clear(&request);
    json_decref(body);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    json_object_seed(1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *bytes = g_memdup2(data, size);
    SocketIoPacket packet;

    if (!size || !socketio_decode(bytes, size, &packet))
        return 0;
    check_namespace(packet.nsp);
    fuzz_check(packet.id <= SOCKETIO_ID_MOST, "id %" G_GUINT64_FORMAT, packet.id);
    check_data(&packet);
    if (!packet.is_unreadable && packet.type <= SOCKETIO_CONNECT_ERROR)
        check_writes_back(&packet);
    if (packet.type == SOCKETIO_EVENT && packet.data)
        translate(packet.data);
    if (packet.type == SOCKETIO_CONNECT && packet.data)
        register_with(packet.data);
    socketio_packet_clear(&packet);
    return 0;
}
