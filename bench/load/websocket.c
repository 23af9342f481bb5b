#include "websocket.h"

#include <string.h>

/* The same for all: a cache in the way would be a bug that a benchmark need not find. */
#define KEY "YW55IHNpeHRlZW4gYnl0ZQ=="

enum {
    OPCODE_CONTINUATION,
    OPCODE_TEXT,
    OPCODE_BINARY,
    OPCODE_CLOSE = 8,
    OPCODE_PING,
    OPCODE_PONG
};

#define MAX_HEADER 14

/* Puts the header of a masked frame before its payload. The mask is 0: the payload goes out as it is, servers unmask it
 * nevertheless. Returns the header's size. */
static gsize put_header(guint8 *header, guint opcode, gsize size)
{
    gsize used = 2;

    header[0] = (guint8)(0x80 | opcode);
    if (size < 126) {
        header[1] = (guint8)(0x80 | size);
    } else if (size < 65536) {
        header[1] = 0x80 | 126;
        header[2] = (guint8)(size >> 8);
        header[3] = (guint8)size;
        used = 4;
    } else {
        header[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++)
            header[2 + i] = (guint8)((guint64)size >> (56 - 8 * i));
        used = 10;
    }
    memset(header + used, 0, 4);
    return used + 4;
}

static void send_frame(WebSocket *self, guint opcode, const char *payload, gsize size)
{
    guint8 frame[MAX_HEADER + 4096];
    g_autofree guint8 *large = size > 4096 ? g_malloc(MAX_HEADER + size) : NULL;
    guint8 *bytes = large ? large : frame;
    gsize header = put_header(bytes, opcode, size);

    memcpy(bytes + header, payload, size);
    socket_send(&self->socket, bytes, header + size);
}

void websocket_send(WebSocket *self, const char *text, gsize size)
{
    send_frame(self, OPCODE_TEXT, text, size);
}

static void fail(WebSocket *self, const char *why)
{
    websocket_close(self, TRUE);
    self->ops->closed(self->owner, why);
}

/* Sec-WebSocket-Accept for KEY. */
static char *accept_value(void)
{
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize size = sizeof digest;

    g_checksum_update(sha1, (const guchar *)KEY "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
    g_checksum_get_digest(sha1, digest, &size);
    return g_base64_encode(digest, size);
}

static gboolean is_welcome(const char *response)
{
    static char *expected;

    if (!expected)
        expected = accept_value();
    return g_str_has_prefix(response, "HTTP/1.1 101") && strstr(response, expected);
}

/* Returns the size of the response to the handshake, 0 while it is not whole. */
static gsize take_response(WebSocket *self, char *bytes, gsize size)
{
    char *end = g_strstr_len(bytes, (gssize)size, "\r\n\r\n");

    if (!end)
        return 0;
    *end = '\0';
    if (!is_welcome(bytes)) {
        g_autofree char *why = g_strdup_printf("no WebSocket: %.60s", bytes);

        fail(self, why);
        return size;
    }
    self->is_open = TRUE;
    self->ops->opened(self->owner);
    return (gsize)(end + 4 - bytes);
}

static void take_message(WebSocket *self, guint first, char *payload, gsize size)
{
    char after = payload[size];

    switch (first) {
    case 0x80 | OPCODE_TEXT:
        payload[size] = '\0';
        self->ops->received(self->owner, payload, size);
        payload[size] = after;
        break;
    case 0x80 | OPCODE_PING:
        send_frame(self, OPCODE_PONG, payload, size);
        break;
    case 0x80 | OPCODE_PONG:
        break;
    case 0x80 | OPCODE_CLOSE:
        fail(self, "the server closed the WebSocket");
        break;
    default:
        fail(self, "a frame that is neither text nor whole");
        break;
    }
}

/* Returns the size of the frame that was taken, 0 while it is not whole. */
static gsize take_frame(WebSocket *self, char *bytes, gsize size)
{
    const guint8 *header = (const guint8 *)bytes;
    gsize header_size = 2;
    guint64 payload;

    if (size < 2)
        return 0;
    payload = header[1] & 0x7f;
    if (payload == 126)
        header_size = 4;
    else if (payload == 127)
        header_size = 10;
    if (size < header_size)
        return 0;
    if (header_size > 2) {
        payload = 0;
        for (gsize i = 2; i < header_size; i++)
            payload = payload << 8 | header[i];
    }
    if (size - header_size < payload)
        return 0;
    take_message(self, header[0], bytes + header_size, payload);
    return header_size + payload;
}

static gsize received(gpointer owner, char *bytes, gsize size)
{
    WebSocket *self = owner;
    gsize used = 0, taken;

    do {
        taken = self->is_open ? take_frame(self, bytes + used, size - used)
                              : take_response(self, bytes + used, size - used);
        used += taken;
    } while (taken > 0 && used < size && self->socket.fd >= 0);
    return used;
}

static void connected(gpointer owner)
{
    WebSocket *self = owner;
    g_autofree char *line =
        self->subprotocol ? g_strdup_printf("Sec-WebSocket-Protocol: %s\r\n", self->subprotocol)
                          : g_strdup("");
    g_autofree char *request = g_strdup_printf("GET %s HTTP/1.1\r\n"
                                               "Host: 127.0.0.1\r\n"
                                               "Connection: Upgrade\r\n"
                                               "Upgrade: websocket\r\n"
                                               "Sec-WebSocket-Version: 13\r\n"
                                               "Sec-WebSocket-Key: " KEY "\r\n"
                                               "%s\r\n",
                                               self->path, line);

    socket_send(&self->socket, request, strlen(request));
}

static void closed(gpointer owner, const char *why)
{
    WebSocket *self = owner;

    self->is_open = FALSE;
    self->ops->closed(self->owner, why);
}

void websocket_open(WebSocket *self, Loop *loop, guint16 port, const char *path,
                    const char *subprotocol, const WebSocketOps *ops, gpointer owner)
{
    static const SocketOps socket_ops = {connected, received, closed};

    *self = (WebSocket){.ops = ops, .owner = owner, .path = path, .subprotocol = subprotocol};
    socket_open(&self->socket, loop, port, FALSE, &socket_ops, self);
}

void websocket_close(WebSocket *self, gboolean is_abrupt)
{
    self->is_open = FALSE;
    socket_close(&self->socket, is_abrupt);
}
