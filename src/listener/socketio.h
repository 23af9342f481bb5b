/* Socket.IO 5, the part without a state: packets to values and back. Pure. Packets with binary
 * attachments are recognised, and not taken. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* The digits of the wire, in their order. */
typedef enum {
    SOCKETIO_CONNECT,
    SOCKETIO_DISCONNECT,
    SOCKETIO_EVENT,
    SOCKETIO_ACK,
    SOCKETIO_CONNECT_ERROR,
    SOCKETIO_BINARY_EVENT,
    SOCKETIO_BINARY_ACK,
} SocketIoType;

/* The greatest ack id: beyond, JavaScript does not count exactly. */
#define SOCKETIO_ID_MOST G_GUINT64_CONSTANT(9007199254740991)
/* The longest name of a namespace, with its slash. */
#define SOCKETIO_NAMESPACE_BYTES 64

typedef struct {
    SocketIoType type;
    char nsp[SOCKETIO_NAMESPACE_BYTES + 1]; /* "/" where the packet names none */
    gboolean has_id;
    guint64 id;
    /* CONNECT: an object or NULL. EVENT: an array that begins with the event's name. ACK: an array.
     * CONNECT_ERROR: an object or a string. Owned. */
    json_t *data;
    /* An EVENT or CONNECT whose JSON is cut short or holds what cannot be passed on (half a
     * surrogate, a number too great): the sender is told. `data` is NULL. */
    gboolean is_unreadable;
} SocketIoPacket;

/* Reads the text of one message of Engine.IO. FALSE: it is no packet, and the connection has to be
 * closed; there is nothing to clear then. A packet with attachments is read as far as its id. */
gboolean socketio_decode(const char *text, gsize length, SocketIoPacket *packet);
void socketio_packet_clear(SocketIoPacket *packet);

/* What the text of a packet begins with: its type, its namespace, its id if `id` is not NULL.
 * Appended. */
void socketio_append_head(GString *text, SocketIoType type, const char *nsp, const guint64 *id);
/* A whole packet; `data` may be NULL, and is borrowed. Owned by the caller. */
GString *socketio_encode(SocketIoType type, const char *nsp, const guint64 *id, const json_t *data);
