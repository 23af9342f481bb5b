/* The text of an event as it goes from the thread that makes it to the connections that send it: an
 * array as JSON, and in front what the door has to know of it. Pure. */
#pragma once

#include "core/effect.h"
#include "wire/join.h"

/* What a door does beside sending it. */
typedef enum {
    SOCKETIO_JUST_SEND = '-',
    SOCKETIO_RINGS = 'r',    /* whoever acknowledges it has shown the call */
    SOCKETIO_CLOSES = 'c',   /* the call is over for this device */
    SOCKETIO_ANSWERS = 'a',  /* the call that it made was answered */
    SOCKETIO_REPLACES = 'p', /* the device is at another connection now */
    SOCKETIO_EXPELS = 'x',   /* the device must not come back by itself */
    SOCKETIO_EXPIRES = 'e',  /* the device should come back with a new token */
} SocketIoEffect;

/* What a text says; borrowed from it. */
typedef struct {
    SocketIoEffect effect;
    const char *call_id; /* not terminated */
    gsize call_id_length;
    const char *json; /* ["call:rejected",{...}] */
    gsize length;
} SocketIoEvent;

/* The data is as docs/protocol.md has it, without `call` and `event`. Owned by the caller (free()).
 * Any thread. */
char *socketio_event_write(const Message *message, const JoinSettings *join, gsize *length);
SocketIoEvent socketio_event_read(const char *text, gsize length);
/* Only the array of such a text. Owned by the caller (g_free()). */
char *socketio_event_json(const Message *message, const JoinSettings *join);
