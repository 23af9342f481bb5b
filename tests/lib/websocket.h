/* The least of a WebSocket client, on a blocking socket of its own: for tests that want to send what no
 * library would. Every wait has an end, and fails the test. */
#pragma once

#include <glib.h>

typedef struct {
    int fd;
    guint status;   /* of the handshake: 101 */
    guint8 opcode;  /* of the frame that was read last */
    guint code;     /* of a close frame */
    GString *text;  /* its payload */
    GString *input; /* what came and was not read yet */
} WebSocket;

/* `subprotocol` and `origin` may be NULL. A refused handshake has another status, or 0 for none. */
WebSocket *websocket_open(guint port, const char *path, const char *subprotocol,
                          const char *origin);
/* Only the TCP connection, for what is no WebSocket. */
WebSocket *websocket_connect(guint port);
/* Adds what comes next to `input`; FALSE at the end of the connection. */
gboolean websocket_fill(WebSocket *socket);
/* Closes the TCP connection, whatever the state. */
void websocket_free(WebSocket *socket);
/* Closes it with a RST. */
void websocket_abort(WebSocket *socket);

void websocket_send(WebSocket *socket, const char *text);
/* A frame as given; masked. */
void websocket_send_frame(WebSocket *socket, gboolean is_final, guint8 opcode, const void *bytes,
                          gsize length);
void websocket_send_bytes(WebSocket *socket, const void *bytes, gsize length);

/* Reads the next frame that is neither ping nor pong; pings are answered. FALSE at the end of the
 * connection. */
gboolean websocket_read(WebSocket *socket);
/* The same with pings and pongs. */
gboolean websocket_read_any(WebSocket *socket);
/* Whether something came within that time. */
gboolean websocket_has_input(WebSocket *socket, guint ms);
