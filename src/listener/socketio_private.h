/* Calls over Socket.IO: what the files of this door share. */
#pragma once

#include "listener/absence.h"
#include "listener/engineio_door.h"
#include "listener/socketio_session.h"

/* Calls that were announced and whose acknowledgement may still come. */
#define SOCKETIO_ANNOUNCED 4

/* The protocol's state. */
typedef struct {
    Listener *listener;
    EngineIoDoor *engineio;
    SocketIoSettings settings;
    guint max_unanswered;
    GHashTable *present; /* of SocketIoDevice by their keys: at which connection a device is */
    Absences *absences;
} SocketIoDoor;

/* A call of which the client was told, and what it names when it acknowledges that. */
typedef struct {
    guint64 id;
    char *call_id; /* NULL: none */
} Announced;

/* One connection, which is one device, whatever number of namespaces it is connected to. */
typedef struct {
    SocketIoDoor *door;
    EngineIoConnection *connection;
    SocketIoSession socketio;
    Client *client;     /* NULL until it first wants into a namespace */
    gboolean is_paused; /* it is not read from */
    guint64 asked;      /* the number of its last request */
    guint64 settled;    /* that of the one that said last whether the device is registered */
    Announced announced[SOCKETIO_ANNOUNCED];
    guint next_announced;

    /* The device, once it is registered. */
    char *user_id;
    char *device_id;
    char *key; /* in `present`; NULL when it is not there */
    gboolean is_nameless;
    gboolean is_expired; /* its token is over; a call may still go on */
    Absence *absence;    /* how it was there before; NULL: nothing is known */
    Absence *told;       /* only `told`: what its own requests made lately */
} SocketIoDevice;

/* --- socketio_device.c: who is where, and was until when --- */

/* It registered. `names_device`: its client said which device it is. */
void device_arrive(SocketIoDevice *device, const Reply *reply, gboolean names_device);
/* It is not registered any more, and knows that. */
void device_forget(SocketIoDevice *device);
/* Its connection is over, or it is at another one now, which may learn of it before or after this one. */
void device_go(SocketIoDevice *device);
/* What a namespace is to be told as it is connected: of char *, owned by the array. */
GPtrArray *device_first_events(const SocketIoDevice *device, const Reply *reply,
                               gboolean is_second_namespace);
/* It is being told this of a call, in the answer to its own request. */
void device_told(SocketIoDevice *device, const char *call_id);
