/* Engine.IO on the listener: which WebSocket and which HTTP request belongs to which session, and the
 * clock. What is said in a session is for an application on top (Socket.IO). All of it on the
 * listener's thread. */
#pragma once

#include "listener/engineio_session.h"
#include "listener/protocol.h"

/* One session, as the application sees it. */
typedef struct EngineIoConnection EngineIoConnection;

typedef struct {
    /* A session has begun; nothing was said yet. */
    void (*begun)(gpointer self, EngineIoConnection *connection);
    /* The client says something: UTF-8, not terminated; or something binary. */
    void (*text)(EngineIoConnection *connection, const char *text, gsize length, gint64 now_us);
    void (*binary)(EngineIoConnection *connection);
    /* What engineio_connection_wake() asked for. */
    void (*timeout)(EngineIoConnection *connection, gint64 now_us);
    /* It is over; the connection is gone when this returns. Once for each that had begun. */
    void (*ended)(EngineIoConnection *connection, EngineIoReason reason, gint64 now_us);
} EngineIoApp;

typedef struct EngineIoDoor EngineIoDoor;

typedef struct {
    EngineIoSettings session;
    guint max_sessions;
    guint max_per_address; /* sessions that one IP address began by polling; 0: as many as in all */
} EngineIoDoorSettings;

EngineIoDoor *engineio_door_new(Listener *listener, const EngineIoDoorSettings *settings,
                                const EngineIoApp *app, gpointer self);
/* Ends what is left. All Links and Exchanges are gone by then. */
void engineio_door_free(EngineIoDoor *door);

/* What a Protocol has to have. */
gboolean engineio_door_opened(EngineIoDoor *door, Link *link);
void engineio_door_text(Link *link, char *text, gsize length);
void engineio_door_closed(Link *link);
void engineio_door_asked(EngineIoDoor *door, Exchange *exchange);
void engineio_door_abandoned(Exchange *exchange);
void engineio_door_tick(EngineIoDoor *door, gint64 now_us);

/* --- for the application --- */

/* What follows may end the connection: from a hold to its release, to which its answer has to be
 * given, it stays where it is. Within the functions of EngineIoApp it is held already. */
gboolean engineio_connection_hold(EngineIoConnection *connection);
void engineio_connection_release(EngineIoConnection *connection, gboolean is_held);

void engineio_connection_set_owner(EngineIoConnection *connection, gpointer owner);
gpointer engineio_connection_owner(const EngineIoConnection *connection);
/* Says a text made of two parts. After the end nothing happens. */
void engineio_connection_send(EngineIoConnection *connection, const char *head, gsize head_length,
                              const char *text, gsize length);
/* Ends it; what was said goes out first. `ended` is called within, or by the release. */
void engineio_connection_close(EngineIoConnection *connection);
/* Calls `timeout` at that time, or a little later; G_MAXINT64 for never. */
void engineio_connection_wake(EngineIoConnection *connection, gint64 at_us);
/* Wants it shown that the client has got all that was said so far. */
void engineio_connection_prove(EngineIoConnection *connection);
gint64 engineio_connection_heard_us(const EngineIoConnection *connection);
/* Whether to read from it. FALSE when that cannot be stopped, because it polls. */
gboolean engineio_connection_read(EngineIoConnection *connection, gboolean is_wanted);
