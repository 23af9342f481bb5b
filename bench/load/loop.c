#include "loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 512
#define READ_SIZE (256 * 1024)

struct Loop {
    int epoll;
    gint64 received_ns;
    char *buffer; /* READ_SIZE, and one more */
};

Loop *loop_new(void)
{
    Loop *loop = g_new0(Loop, 1);

    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->buffer = g_malloc(READ_SIZE + 1);
    return loop;
}

void loop_free(Loop *loop)
{
    close(loop->epoll);
    g_free(loop->buffer);
    g_free(loop);
}

gint64 now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

gint64 loop_received_ns(const Loop *loop)
{
    return loop->received_ns;
}

static void watch(Socket *socket, int operation, gboolean for_writing)
{
    struct epoll_event event = {
        .events = (guint32)EPOLLIN | (for_writing ? (guint32)EPOLLOUT : 0u),
        .data.ptr = socket,
    };

    socket->is_waiting_to_write = for_writing;
    epoll_ctl(socket->loop->epoll, operation, socket->fd, &event);
}

void socket_open(Socket *self, Loop *loop, guint16 port, gboolean is_datagram, const SocketOps *ops,
                 gpointer owner)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int one = 1;
    int type = is_datagram ? SOCK_DGRAM : SOCK_STREAM;

    *self = (Socket){.loop = loop, .ops = ops, .owner = owner, .is_datagram = is_datagram};
    self->fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        g_error("no socket: %s", g_strerror(errno));
    if (!is_datagram)
        setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(self->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        g_error("cannot connect to port %u: %s", port, g_strerror(errno));
    watch(self, EPOLL_CTL_ADD, TRUE);
}

guint16 socket_own_port(const Socket *self)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;

    getsockname(self->fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

void socket_close(Socket *self, gboolean is_abrupt)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (self->fd < 0)
        return;
    if (is_abrupt)
        setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(self->fd);
    self->fd = -1;
    g_clear_pointer(&self->unused, g_byte_array_unref);
    g_clear_pointer(&self->pending, g_byte_array_unref);
}

static void fail(Socket *self, const char *why)
{
    if (self->fd < 0)
        return;
    socket_close(self, FALSE);
    self->ops->closed(self->owner, why);
}

static void keep(GByteArray **kept, const void *bytes, gsize size)
{
    if (!*kept)
        *kept = g_byte_array_new();
    g_byte_array_append(*kept, bytes, (guint)size);
}

void socket_send(Socket *self, const void *bytes, gsize size)
{
    gssize sent;

    if (self->fd < 0)
        return;
    if (self->pending) {
        keep(&self->pending, bytes, size);
        return;
    }
    sent = send(self->fd, bytes, size, MSG_NOSIGNAL);
    if (sent == (gssize)size)
        return;
    /* A reset is noticed when it is read. */
    if (sent < 0 && errno != EAGAIN)
        return;
    keep(&self->pending, (const char *)bytes + MAX(sent, 0), size - (gsize)MAX(sent, 0));
    watch(self, EPOLL_CTL_MOD, TRUE);
}

static void write_pending(Socket *self)
{
    gssize sent;

    if (self->pending) {
        sent = send(self->fd, self->pending->data, self->pending->len, MSG_NOSIGNAL);
        if (sent > 0)
            g_byte_array_remove_range(self->pending, 0, (guint)sent);
        if (self->pending->len > 0)
            return;
        g_clear_pointer(&self->pending, g_byte_array_unref);
    }
    watch(self, EPOLL_CTL_MOD, FALSE);
}

static void writable(Socket *self)
{
    int error = 0;
    socklen_t size = sizeof error;

    if (!self->is_connected) {
        getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            fail(self, g_strerror(error));
            return;
        }
        self->is_connected = TRUE;
        self->ops->connected(self->owner);
    }
    if (self->fd >= 0)
        write_pending(self);
}

/* Joins what was left over with what came now. */
static void receive_more(Socket *self, const char *bytes, gsize size)
{
    GByteArray *all = g_steal_pointer(&self->unused);
    gsize used;

    g_byte_array_append(all, (const guint8 *)bytes, (guint)size);
    g_byte_array_set_size(all, all->len + 1);
    g_byte_array_set_size(all, all->len - 1);
    used = self->ops->received(self->owner, (char *)all->data, all->len);
    if (self->fd >= 0 && used < all->len) {
        g_byte_array_remove_range(all, 0, (guint)used);
        self->unused = all;
    } else {
        g_byte_array_unref(all);
    }
}

static void tell_received(Socket *self, char *bytes, gsize size)
{
    gsize used;

    if (self->unused) {
        receive_more(self, bytes, size);
        return;
    }
    used = self->ops->received(self->owner, bytes, size);
    if (self->fd >= 0 && used < size)
        keep(&self->unused, bytes + used, size - used);
}

static void readable(Socket *self)
{
    Loop *loop = self->loop;
    gssize size;

    /* A datagram socket has one message at a time; a stream that has more tells again. */
    do {
        size = recv(self->fd, loop->buffer, READ_SIZE, 0);
        loop->received_ns = now_ns();
        if (size > 0)
            tell_received(self, loop->buffer, (gsize)size);
    } while (size > 0 && self->is_datagram && self->fd >= 0);
    if (size == 0 && !self->is_datagram)
        fail(self, "the server closed the connection");
    else if (size < 0 && errno != EAGAIN && errno != EINTR)
        fail(self, g_strerror(errno));
}

static int wait_for(Loop *loop, struct epoll_event *events, gint64 wait_ns)
{
    struct timespec timeout = {
        .tv_sec = wait_ns / 1000000000,
        .tv_nsec = wait_ns % 1000000000,
    };

    return epoll_pwait2(loop->epoll, events, BATCH, &timeout, NULL);
}

void loop_turn(Loop *loop, gint64 due_ns, gint64 spin_ns)
{
    struct epoll_event events[BATCH];
    int count = wait_for(loop, events, MAX(due_ns - now_ns() - spin_ns, 0));

    while (count == 0 && now_ns() < due_ns)
        count = wait_for(loop, events, 0);
    for (int i = 0; i < count; i++) {
        Socket *self = events[i].data.ptr;

        /* An earlier event of this turn may have closed it. */
        if (self->fd >= 0 && events[i].events & EPOLLOUT)
            writable(self);
        if (self->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            readable(self);
    }
}
