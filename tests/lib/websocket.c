#include "websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static int connect_to(guint port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

void websocket_send_bytes(WebSocket *websocket, const void *bytes, gsize length)
{
    const char *at = bytes;

    while (length) {
        ssize_t sent = send(websocket->fd, at, length, MSG_NOSIGNAL);

        if (sent < 0) /* it was closed: the reader sees that */
            return;
        at += sent;
        length -= (gsize)sent;
    }
}

gboolean websocket_has_input(WebSocket *websocket, guint ms)
{
    struct pollfd wanted = {.fd = websocket->fd, .events = POLLIN};

    return websocket->input->len || poll(&wanted, 1, (int)ms) == 1;
}

/* FALSE at the end. */
gboolean websocket_fill(WebSocket *websocket)
{
    char bytes[65536];
    struct pollfd wanted = {.fd = websocket->fd, .events = POLLIN};
    ssize_t length;

    g_assert_cmpint(poll(&wanted, 1, PATIENCE_MS), ==, 1);
    length = recv(websocket->fd, bytes, sizeof bytes, 0);
    if (length <= 0)
        return FALSE;
    g_string_append_len(websocket->input, bytes, length);
    return TRUE;
}

static gboolean need(WebSocket *websocket, gsize length)
{
    while (websocket->input->len < length) {
        if (!websocket_fill(websocket))
            return FALSE;
    }
    return TRUE;
}

static void shake_hands(WebSocket *websocket, const char *path, const char *subprotocol,
                        const char *origin)
{
    g_autoptr(GString) request = g_string_new(NULL);
    const char *end;

    g_string_append_printf(request,
                           "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: YW55IHNpeHRlZW4gYnl0ZQ==\r\n",
                           path);
    if (subprotocol)
        g_string_append_printf(request, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
    if (origin)
        g_string_append_printf(request, "Origin: %s\r\n", origin);
    g_string_append(request, "\r\n");
    websocket_send_bytes(websocket, request->str, request->len);
    while (!(end = strstr(websocket->input->str, "\r\n\r\n"))) {
        if (!websocket_fill(websocket))
            return;
    }
    g_assert_true(g_str_has_prefix(websocket->input->str, "HTTP/1."));
    websocket->status = (guint)atoi(websocket->input->str + 9);
    g_string_erase(websocket->input, 0, end + 4 - websocket->input->str);
}

WebSocket *websocket_connect(guint port)
{
    WebSocket *websocket = g_new0(WebSocket, 1);

    websocket->fd = connect_to(port);
    websocket->text = g_string_new(NULL);
    websocket->input = g_string_new(NULL);
    return websocket;
}

WebSocket *websocket_open(guint port, const char *path, const char *subprotocol, const char *origin)
{
    WebSocket *websocket = websocket_connect(port);

    shake_hands(websocket, path, subprotocol, origin);
    return websocket;
}

void websocket_free(WebSocket *websocket)
{
    if (websocket->fd >= 0)
        close(websocket->fd);
    g_string_free(websocket->text, TRUE);
    g_string_free(websocket->input, TRUE);
    g_free(websocket);
}

void websocket_abort(WebSocket *websocket)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(websocket->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    websocket_free(websocket);
}

void websocket_send_frame(WebSocket *websocket, gboolean is_final, guint8 opcode, const void *bytes,
                          gsize length)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    guint8 header[14] = {(guint8)((is_final ? 0x80 : 0) | opcode)};
    guint size = 2;

    if (length < 126) {
        header[1] = (guint8)(0x80 | length);
    } else if (length < 65536) {
        header[1] = 0x80 | 126;
        header[2] = (guint8)(length >> 8);
        header[3] = (guint8)length;
        size = 4;
    } else {
        guint64 big = GUINT64_TO_BE((guint64)length);

        header[1] = 0x80 | 127;
        memcpy(header + 2, &big, 8);
        size = 10;
    }
    memcpy(header + size, "\x11\x22\x33\x44", 4);
    g_byte_array_append(frame, header, size + 4);
    g_byte_array_append(frame, bytes, (guint)length);
    for (gsize i = 0; i < length; i++)
        frame->data[size + 4 + i] ^= header[size + i % 4];
    websocket_send_bytes(websocket, frame->data, frame->len);
}

void websocket_send(WebSocket *websocket, const char *text)
{
    websocket_send_frame(websocket, TRUE, 1, text, strlen(text));
}

gboolean websocket_read_any(WebSocket *websocket)
{
    const guint8 *bytes;
    gsize length, size = 2;

    if (!need(websocket, 2))
        return FALSE;
    bytes = (const guint8 *)websocket->input->str;
    g_assert_cmpint(bytes[1] & 0x80, ==, 0);
    length = bytes[1];
    if (length >= 126)
        size = length == 126 ? 4 : 10;
    if (!need(websocket, size))
        return FALSE;
    bytes = (const guint8 *)websocket->input->str;
    if (size > 2) {
        length = 0;
        for (gsize i = 2; i < size; i++)
            length = length << 8 | bytes[i];
    }
    websocket->opcode = bytes[0] & 0x0f;
    if (!need(websocket, size + length))
        return FALSE;
    g_string_truncate(websocket->text, 0);
    g_string_append_len(websocket->text, websocket->input->str + size, (gssize)length);
    g_string_erase(websocket->input, 0, (gssize)(size + length));
    if (websocket->opcode == 8 && length >= 2)
        websocket->code =
            (guint)((guint8)websocket->text->str[0] << 8 | (guint8)websocket->text->str[1]);
    return TRUE;
}

gboolean websocket_read(WebSocket *websocket)
{
    while (websocket_read_any(websocket)) {
        if (websocket->opcode == 9)
            websocket_send_frame(websocket, TRUE, 10, websocket->text->str, websocket->text->len);
        else if (websocket->opcode != 10)
            return TRUE;
    }
    return FALSE;
}
