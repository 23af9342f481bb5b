/* When a network goes, thousands of sockets end within one moment. lws closes each as soon as it hears of it, which takes
 * tens of microseconds, and whoever has something to say in that moment would wait for all of them. So ends are looked for
 * beside lws, and where there are many, lws hears of a few at a time. */
#include <sys/epoll.h>
#include <unistd.h>

#include "listener/private.h"

/* Ends that lws may hear of between two looks at the others: a millisecond or two where there are ten thousand sockets. */
#define AT_ONCE 16
#define EVENTS 512

static void mute(Link *link)
{
    if (link->is_muted || link->is_paused)
        return;
    link->is_muted = TRUE;
    g_queue_push_tail_link(&link->listener->muted, &link->by_hangup);
    lws_rx_flow_control(link->wsi, 0);
}

static void unmute(Link *link)
{
    link->is_muted = FALSE;
    g_queue_unlink(&link->listener->muted, &link->by_hangup);
    if (!link->is_paused)
        lws_rx_flow_control(link->wsi, 1);
}

/* Before lws hears of the same sockets: it has the higher priority. */
static void find_ends(struct ev_loop *loop G_GNUC_UNUSED, ev_io *watcher, int events G_GNUC_UNUSED)
{
    const Listener *listener = watcher->data;
    struct epoll_event ends[EVENTS];
    gboolean are_few = listener->muted.length == 0;
    int count;

    while ((count = epoll_wait(watcher->fd, ends, EVENTS, 0)) > 0) {
        are_few = are_few && count <= AT_ONCE;
        for (int i = 0; !are_few && i < count; i++)
            mute(ends[i].data.ptr);
        if (count < EVENTS)
            return;
    }
}

static void let_some_end(struct ev_loop *loop, ev_prepare *watcher, int events G_GNUC_UNUSED)
{
    Listener *listener = watcher->data;

    for (guint i = 0; i < AT_ONCE && listener->muted.head; i++)
        unmute(listener->muted.head->data);
    /* Then the loop does not wait. */
    if (listener->muted.head)
        ev_idle_start(loop, &listener->more_ends);
    else
        ev_idle_stop(loop, &listener->more_ends);
}

static void do_nothing(struct ev_loop *loop G_GNUC_UNUSED, ev_idle *watcher G_GNUC_UNUSED,
                       int events G_GNUC_UNUSED)
{
}

void hangups_start(Listener *listener)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    ev_io_init(&listener->ends, find_ends, fd, EV_READ);
    ev_set_priority(&listener->ends, EV_MAXPRI);
    ev_prepare_init(&listener->some_end, let_some_end);
    ev_idle_init(&listener->more_ends, do_nothing);
    listener->ends.data = listener->some_end.data = listener;
    ev_io_start(listener->loop, &listener->ends);
    ev_prepare_start(listener->loop, &listener->some_end);
}

void hangups_stop(Listener *listener)
{
    ev_io_stop(listener->loop, &listener->ends);
    ev_prepare_stop(listener->loop, &listener->some_end);
    ev_idle_stop(listener->loop, &listener->more_ends);
    close(listener->ends.fd);
}

void hangups_watch(Link *link)
{
    struct epoll_event wanted = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = link};

    link->by_hangup.data = link;
    epoll_ctl(link->listener->ends.fd, EPOLL_CTL_ADD, lws_get_socket_fd(link->wsi), &wanted);
}

/* That lws closes the descriptor takes it out of the set only where no child of this process has it too. */
void hangups_forget(Link *link)
{
    epoll_ctl(link->listener->ends.fd, EPOLL_CTL_DEL, lws_get_socket_fd(link->wsi), NULL);
    if (link->is_muted)
        g_queue_unlink(&link->listener->muted, &link->by_hangup);
    link->is_muted = FALSE;
}
