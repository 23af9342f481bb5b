#include "listener/socketio.h"

#include <string.h>

#include "wire/text.h"

/* What is left to read. */
typedef struct {
    const char *text;
    gsize length;
} Rest;

static void skip(Rest *rest, gsize count)
{
    rest->text += count;
    rest->length -= count;
}

static gboolean take_type(Rest *rest, SocketIoType *type)
{
    if (!rest->length || *rest->text < '0' || *rest->text > '6')
        return FALSE;
    *type = (SocketIoType)(*rest->text - '0');
    skip(rest, 1);
    return TRUE;
}

static gsize count_digits(const Rest *rest)
{
    gsize count = 0;

    while (count < rest->length && g_ascii_isdigit(rest->text[count]))
        count++;
    return count;
}

static gboolean is_binary(SocketIoType type)
{
    return type == SOCKETIO_BINARY_EVENT || type == SOCKETIO_BINARY_ACK;
}

/* How many attachments, and a dash. */
static gboolean skip_attachments(Rest *rest)
{
    gsize digits = count_digits(rest);

    if (!digits || digits == rest->length || rest->text[digits] != '-')
        return FALSE;
    skip(rest, digits + 1);
    return TRUE;
}

/* It begins with a slash and ends at a comma, or with the packet. */
static gboolean take_namespace(Rest *rest, char *nsp)
{
    const char *comma;
    gsize length;

    if (!rest->length || *rest->text != '/') {
        g_strlcpy(nsp, "/", SOCKETIO_NAMESPACE_BYTES + 1);
        return TRUE;
    }
    comma = memchr(rest->text, ',', rest->length);
    length = comma ? (gsize)(comma - rest->text) : rest->length;
    if (length > SOCKETIO_NAMESPACE_BYTES || memchr(rest->text, '\0', length))
        return FALSE;
    memcpy(nsp, rest->text, length);
    nsp[length] = '\0';
    skip(rest, comma ? length + 1 : length);
    return TRUE;
}

static gboolean take_id(Rest *rest, SocketIoPacket *packet)
{
    gsize digits = count_digits(rest);
    guint64 id = 0;

    for (gsize i = 0; i < digits; i++) {
        id = id * 10 + (guint64)(rest->text[i] - '0');
        if (id > SOCKETIO_ID_MOST)
            return FALSE;
    }
    packet->has_id = digits > 0;
    packet->id = id;
    skip(rest, digits);
    return TRUE;
}

/* --- the payload --- */

/* The client's own words: no event may be called so. */
static gboolean is_reserved(const char *name)
{
    static const char *const names[] = {"connect",       "connect_error", "disconnect",
                                        "disconnecting", "newListener",   "removeListener"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_event(const json_t *data)
{
    const char *name = json_string_value(json_array_get(data, 0));

    return name && !is_reserved(name);
}

static gboolean is_valid(SocketIoType type, const json_t *data)
{
    switch (type) {
    case SOCKETIO_CONNECT:
        return !data || json_is_object(data);
    case SOCKETIO_DISCONNECT:
        return !data;
    case SOCKETIO_EVENT:
        return is_event(data);
    case SOCKETIO_ACK:
        return json_is_array(data);
    case SOCKETIO_CONNECT_ERROR:
        return json_is_object(data) || json_is_string(data);
    case SOCKETIO_BINARY_EVENT:
    case SOCKETIO_BINARY_ACK:
        return TRUE;
    }
    g_assert_not_reached();
}

/* Cut short, or with something in it that JSON of ours does not have, but meant well. */
static gboolean is_meant_well(SocketIoType type, const Rest *rest)
{
    return (type == SOCKETIO_EVENT && *rest->text == '[') ||
           (type == SOCKETIO_CONNECT && *rest->text == '{');
}

static gboolean take_data(const Rest *rest, SocketIoPacket *packet)
{
    json_t *data = NULL;

    if (rest->length) {
        data = json_loadb(rest->text, rest->length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        packet->is_unreadable = !data;
        if (!data)
            return is_meant_well(packet->type, rest);
    }
    if (!is_valid(packet->type, data)) {
        json_decref(data);
        return FALSE;
    }
    packet->data = data;
    return TRUE;
}

/* An id belongs to what is answered, and to the answer. */
static gboolean is_id_right(const SocketIoPacket *packet)
{
    switch (packet->type) {
    case SOCKETIO_EVENT:
    case SOCKETIO_BINARY_EVENT:
        return TRUE;
    case SOCKETIO_ACK:
    case SOCKETIO_BINARY_ACK:
        return packet->has_id;
    case SOCKETIO_CONNECT:
    case SOCKETIO_DISCONNECT:
    case SOCKETIO_CONNECT_ERROR:
        return !packet->has_id;
    }
    g_assert_not_reached();
}

gboolean socketio_decode(const char *text, gsize length, SocketIoPacket *packet)
{
    Rest rest = {.text = text, .length = length};
    SocketIoPacket read = {0};

    if (!take_type(&rest, &read.type) || (is_binary(read.type) && !skip_attachments(&rest)) ||
        !take_namespace(&rest, read.nsp) || !take_id(&rest, &read) || !is_id_right(&read))
        return FALSE;
    if (!is_binary(read.type) && !take_data(&rest, &read))
        return FALSE;
    *packet = read;
    return TRUE;
}

void socketio_packet_clear(SocketIoPacket *packet)
{
    g_clear_pointer(&packet->data, json_decref);
}

/* --- writing --- */

void socketio_append_head(GString *text, SocketIoType type, const char *nsp, const guint64 *id)
{
    g_string_append_c(text, (char)('0' + type));
    if (strcmp(nsp, "/") != 0) {
        g_string_append(text, nsp);
        g_string_append_c(text, ',');
    }
    if (id)
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, *id);
}

static void append_json(GString *text, const json_t *data)
{
    gsize length;
    g_autofree char *json = json_text(data, &length);

    g_string_append_len(text, json, (gssize)length);
}

GString *socketio_encode(SocketIoType type, const char *nsp, const guint64 *id, const json_t *data)
{
    GString *text = g_string_sized_new(64);

    socketio_append_head(text, type, nsp, id);
    if (data)
        append_json(text, data);
    return text;
}
