#pragma once
/* A WebSocket client (RFC 6455), no more than a generator of load needs: text, whole messages, no extensions. */
#include "loop.h"

typedef struct {
    void (*opened)(gpointer owner);
    /* `text` ends with a NUL that is not counted; it is the owner's until it returns. */
    void (*received)(gpointer owner, char *text, gsize size);
    void (*closed)(gpointer owner, const char *why);
} WebSocketOps;

typedef struct {
    Socket socket;
    const WebSocketOps *ops;
    gpointer owner;
    const char *path;
    const char *subprotocol; /* NULL: none */
    gboolean is_open;
} WebSocket;

/* `path` and `subprotocol` are borrowed for as long as it is open. */
void websocket_open(WebSocket *self, Loop *loop, guint16 port, const char *path,
                    const char *subprotocol, const WebSocketOps *ops, gpointer owner);
void websocket_send(WebSocket *self, const char *text, gsize size);
/* Without the closing handshake, as an app that is killed. */
void websocket_close(WebSocket *self, gboolean is_abrupt);
