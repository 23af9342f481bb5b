#pragma once
/* An epoll loop in one thread, with sockets that never block. */
#include <glib.h>
#include <netinet/in.h>

typedef struct Loop Loop;
typedef struct Socket Socket;

/* What a socket's owner is told. */
typedef struct {
    void (*connected)(gpointer owner);
    /* `bytes` is the owner's until it returns, and one byte after it may be written to. Returns how many were used; the rest
     * comes again with what follows. All of a datagram is used. */
    gsize (*received)(gpointer owner, char *bytes, gsize size);
    void (*closed)(gpointer owner, const char *why);
} SocketOps;

struct Socket {
    Loop *loop;
    const SocketOps *ops;
    gpointer owner;
    int fd; /* -1: closed */
    gboolean is_datagram;
    gboolean is_connected;
    gboolean is_waiting_to_write;
    GByteArray *unused;  /* received, not used yet; NULL: nothing */
    GByteArray *pending; /* not written yet; NULL: nothing */
};

Loop *loop_new(void);
void loop_free(Loop *loop);

gint64 now_ns(void);
/* When the bytes that are being told of were received. */
gint64 loop_received_ns(const Loop *loop);

/* Waits for events, at the latest until `due_ns` (of now_ns()), and tells sockets' owners. Looks without waiting for the last
 * `spin_ns` of that, because a wake-up is late. */
void loop_turn(Loop *loop, gint64 due_ns, gint64 spin_ns);

/* Starts to connect to `port` of 127.0.0.1. Aborts when the process has no more descriptors. */
void socket_open(Socket *socket, Loop *loop, guint16 port, gboolean is_datagram,
                 const SocketOps *ops, gpointer owner);
/* What cannot be written at once waits, and is written in order. */
void socket_send(Socket *socket, const void *bytes, gsize size);
/* The port of this end. */
guint16 socket_own_port(const Socket *socket);
/* With `is_abrupt` the port is free again at once, and the other end sees a reset. Tells nobody. */
void socket_close(Socket *socket, gboolean is_abrupt);
