#include <string.h>

#include "core/text.h"
#include "listener/private.h"

/* What is given to lws at once; it copies what the socket does not take. */
#define PORTION (32 * 1024)
/* What most messages fit into. */
#define USUAL_BYTES 512
/* What is kept for the next messages: so many pieces, none of which has had more. */
#define SPARES_MOST 64
#define SPARE_BYTES_MOST 4096
#define HEADER_BYTES_MOST 10
/* So much the kernel may hold for a socket that does not read; twice that, it says. */
#define KERNEL_BYTES (64 * 1024)
/* How long what may wait does. */
#define LAZY_US 2000
#define CODE_GOING_AWAY 1001
#define CODE_NOT_TEXT 1003
#define CODE_NOT_UTF8 1007
#define CODE_TOO_LARGE 1009
#define CODE_POLICY 1008

#define OP_TEXT 0x81
#define OP_PING 0x89

/* --- which lists it is in --- */

static void enter(GQueue *queue, GList *node)
{
    g_queue_push_tail_link(queue, node);
}

static Link *oldest(const GQueue *queue)
{
    return queue->head ? queue->head->data : NULL;
}

void link_heard(Link *link)
{
    Listener *listener = link->listener;

    g_queue_unlink(link->is_pinged ? &listener->pinged : &listener->heard, &link->by_silence);
    link->is_pinged = FALSE;
    link->since_us = g_get_monotonic_time();
    enter(&listener->heard, &link->by_silence);
}

/* It was asked, now or again. */
static void note_ping(Link *link, gint64 now_us)
{
    Listener *listener = link->listener;

    g_queue_unlink(link->is_pinged ? &listener->pinged : &listener->heard, &link->by_silence);
    link->is_pinged = TRUE;
    link->since_us = now_us;
    enter(&link->listener->pinged, &link->by_silence);
}

static void leave_age(Link *link)
{
    Listener *listener = link->listener;

    if (link->is_closing)
        g_queue_unlink(&listener->closing, &link->by_age);
    else if (!link->is_settled)
        g_queue_unlink(&listener->unsettled, &link->by_age);
}

void link_settle(Link *link)
{
    if (link->is_settled || link->is_closing)
        return;
    leave_age(link);
    link->is_settled = TRUE;
}

static void leave_dirt(Link *link)
{
    if (link->is_dirty || link->is_lazy)
        g_queue_unlink(link->is_dirty ? &link->listener->dirty : &link->listener->lazy,
                       &link->by_dirt);
    link->is_dirty = link->is_lazy = FALSE;
}

static void mark_dirty(Link *link)
{
    if (link->is_dirty)
        return;
    leave_dirt(link);
    link->is_dirty = TRUE;
    enter(&link->listener->dirty, &link->by_dirt);
}

static void mark_lazy(Link *link)
{
    if (link->is_dirty || link->is_lazy)
        return;
    link->is_lazy = TRUE;
    link->lazy_us = g_get_monotonic_time();
    enter(&link->listener->lazy, &link->by_dirt);
}

/* --- ending it --- */

/* At once, whatever is left to send. */
static void doom(Link *link)
{
    if (link->is_doomed)
        return;
    link->is_doomed = TRUE;
    link->listener->needs_poke = TRUE;
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void link_close(Link *link, guint code, const char *reason)
{
    Listener *listener = link->listener;

    if (link->is_closing)
        return;
    leave_age(link);
    link->is_closing = TRUE;
    link->code = (guint16)code;
    link->reason = reason;
    link->until_us = g_get_monotonic_time() + listener->options.close_timeout_us;
    enter(&listener->closing, &link->by_age);
    lws_callback_on_writable(link->wsi);
}

void link_drop(Link *link)
{
    if (!link->is_doomed)
        link->listener->stats.slow++;
    doom(link);
}

static void close_faulty(Link *link, guint code, const char *reason)
{
    link->listener->stats.faulty++;
    link_close(link, code, reason);
}

/* --- out --- */

gsize link_waiting(const Link *link)
{
    return link->out ? link->out->len - link->out_start : 0;
}

static GByteArray *take_spare(Listener *listener)
{
    GPtrArray *spares = listener->spares;

    if (!spares->len)
        return g_byte_array_sized_new(USUAL_BYTES);
    return g_ptr_array_steal_index_fast(spares, spares->len - 1);
}

/* A large one is not worth keeping. */
static void give_spare(Listener *listener, GByteArray *bytes)
{
    if (listener->spares->len == SPARES_MOST || bytes->len > SPARE_BYTES_MOST) {
        g_byte_array_unref(bytes);
        return;
    }
    g_byte_array_set_size(bytes, 0);
    g_ptr_array_add(listener->spares, bytes);
}

/* Returns how many bytes it has. */
static gsize make_header(guint8 header[HEADER_BYTES_MOST], guint8 op, gsize length)
{
    guint16 length16 = GUINT16_TO_BE((guint16)length);
    guint64 length64 = GUINT64_TO_BE((guint64)length);

    header[0] = op;
    if (length < 126) {
        header[1] = (guint8)length;
        return 2;
    }
    if (length <= G_MAXUINT16) {
        header[1] = 126;
        memcpy(header + 2, &length16, sizeof length16);
        return 4;
    }
    header[1] = 127;
    memcpy(header + 2, &length64, sizeof length64);
    return 10;
}

/* A frame of text in two parts, behind what waits. */
static void put_frame(Link *link, guint8 op, const char *head, gsize head_length, const char *text,
                      gsize length)
{
    guint8 header[HEADER_BYTES_MOST];
    gsize header_length = make_header(header, op, head_length + length);
    GByteArray *out = link->out ? link->out : take_spare(link->listener);
    guint start = out->len;

    g_byte_array_set_size(out, start + (guint)(header_length + head_length + length));
    memcpy(out->data + start, header, header_length);
    memcpy(out->data + start + header_length, head, head_length);
    memcpy(out->data + start + header_length + head_length, text, length);
    link->out = out;
}

static gboolean write_portion(Link *link)
{
    gsize length = MIN(link_waiting(link), PORTION);
    guint8 *bytes = link->out->data + link->out_start;

    /* The frames are ours: for lws they are bytes. */
    link->out_start += length;
    return lws_write(link->wsi, bytes, length, LWS_WRITE_HTTP) >= 0;
}

static void let_go_of_out(Link *link)
{
    if (link_waiting(link) || !link->out)
        return;
    if (link->was_compacted)
        g_clear_pointer(&link->out, g_byte_array_unref);
    else
        give_spare(link->listener, g_steal_pointer(&link->out));
    link->out_start = 0;
    link->was_compacted = FALSE;
}

/* What was sent must not be kept for long where much waits. */
static void compact(Link *link)
{
    if (!link->out || link->out_start < PORTION)
        return;
    g_byte_array_remove_range(link->out, 0, (guint)link->out_start);
    link->out_start = 0;
    link->was_compacted = TRUE;
}

/* lws calls us again when it has got rid of what the socket did not take. */
static void flush(Link *link)
{
    while (!link->is_doomed && link_waiting(link) && !lws_partial_buffered(link->wsi)) {
        if (!write_portion(link))
            doom(link);
    }
    if (link_waiting(link) && !link->is_doomed)
        lws_callback_on_writable(link->wsi);
    let_go_of_out(link);
    compact(link);
}

static gboolean fits(const Link *link, gsize length)
{
    return link_waiting(link) + length <= link->listener->options.max_waiting_bytes;
}

/* FALSE: nothing more goes out there. */
static gboolean has_room(Link *link, gsize length)
{
    if (link->is_closing || link->is_doomed)
        return FALSE;
    if (fits(link, length))
        return TRUE;
    /* Maybe it only was not tried yet. */
    flush(link);
    if (link->is_doomed || fits(link, length))
        return !link->is_doomed;
    link_drop(link);
    return FALSE;
}

/* FALSE: it goes nowhere. */
static gboolean put_text(Link *link, const char *head, gsize head_length, const char *text,
                         gsize length)
{
    if (!has_room(link, head_length + length))
        return FALSE;
    put_frame(link, OP_TEXT, head, head_length, text, length);
    return TRUE;
}

/* No other socket has something in this turn of the loop, and what there is to say need not wait for its end. */
static gboolean is_last_of_turn(const Listener *listener)
{
    return !listener->is_at_items && !ev_pending_count(listener->loop);
}

void link_send_two(Link *link, const char *head, gsize head_length, const char *text, gsize length)
{
    Listener *listener = link->listener;

    if (!put_text(link, head, head_length, text, length))
        return;
    mark_dirty(link);
    if (listener->context && is_last_of_turn(listener))
        links_flush(listener);
}

void link_send_lazily(Link *link, const char *head, gsize head_length, const char *text,
                      gsize length)
{
    if (put_text(link, head, head_length, text, length))
        mark_lazy(link);
}

void link_send(Link *link, const char *text, gsize length)
{
    link_send_two(link, "", 0, text, length);
}

static void send_ping(Link *link)
{
    if (!has_room(link, 0))
        return;
    /* lws does not tell of an empty pong. */
    put_frame(link, OP_PING, "", 0, "?", 1);
    mark_dirty(link);
}

void links_flush(Listener *listener)
{
    GList *node;

    while ((node = g_queue_pop_head_link(&listener->dirty))) {
        Link *link = node->data;

        link->is_dirty = FALSE;
        flush(link);
    }
    if (!listener->needs_poke)
        return;
    listener->needs_poke = FALSE;
    lws_cancel_service(listener->context);
}

/* --- what may wait --- */

static void stop_being_lazy(Listener *listener, gint64 since_us)
{
    Link *link;

    while ((link = oldest(&listener->lazy)) && link->lazy_us <= since_us)
        mark_dirty(link);
    links_flush(listener);
}

/* Nothing came. */
static void use_idle_time(struct ev_loop *loop, ev_idle *watcher, int events G_GNUC_UNUSED)
{
    stop_being_lazy(watcher->data, G_MAXINT64);
    ev_idle_stop(loop, watcher);
}

/* Before the loop looks for what came: it does not wait for that. */
static void look_at_time(struct ev_loop *loop, ev_prepare *watcher, int events G_GNUC_UNUSED)
{
    Listener *listener = watcher->data;

    links_flush(listener);
    if (!listener->lazy.head)
        return;
    stop_being_lazy(listener, g_get_monotonic_time() - LAZY_US);
    if (listener->lazy.head)
        ev_idle_start(loop, &listener->lazy_idle);
}

void links_start(Listener *listener)
{
    ev_prepare_init(&listener->lazy_time, look_at_time);
    ev_idle_init(&listener->lazy_idle, use_idle_time);
    listener->lazy_time.data = listener->lazy_idle.data = listener;
    ev_prepare_start(listener->loop, &listener->lazy_time);
}

void links_stop(Listener *listener)
{
    ev_prepare_stop(listener->loop, &listener->lazy_time);
    ev_idle_stop(listener->loop, &listener->lazy_idle);
}

int link_writable(Link *link)
{
    flush(link);
    if (!link->is_closing || link_waiting(link) || lws_partial_buffered(link->wsi))
        return 0;
    lws_close_reason(link->wsi, (enum lws_close_status)link->code, (unsigned char *)link->reason,
                     strlen(link->reason));
    return -1;
}

/* --- in --- */

void link_read(Link *link, gboolean is_wanted)
{
    if (link->is_paused == !is_wanted)
        return;
    link->is_paused = !is_wanted;
    if (!link->is_muted)
        lws_rx_flow_control(link->wsi, is_wanted ? 1 : 0);
    if (is_wanted)
        link->listener->needs_poke = TRUE;
}

/* The protocol gets bytes that end in NUL and that it may change. Not lws looks whether it is UTF-8: it
 * mixes up a fragment that ends within a character with a pong after it. */
static void hand_over(Link *link, const char *bytes, gsize length)
{
    GByteArray *text = link->listener->text;

    g_byte_array_set_size(text, 0);
    if (link->in)
        g_byte_array_append(text, link->in->data, link->in->len);
    g_byte_array_append(text, (const guint8 *)bytes, (guint)length);
    g_byte_array_append(text, (const guint8 *)"", 1);
    g_clear_pointer(&link->in, g_byte_array_unref);
    if (text_is_valid((const char *)text->data, text->len - 1))
        link->protocol->text(link, (char *)text->data, text->len - 1);
    else
        close_faulty(link, CODE_NOT_UTF8, "the text is not UTF-8");
}

static void keep_beginning(Link *link, const char *bytes, gsize length)
{
    if (!link->in)
        link->in = g_byte_array_new();
    g_byte_array_append(link->in, (const guint8 *)bytes, (guint)length);
}

int link_received(Link *link, const char *bytes, gsize length)
{
    gsize before = link->in ? link->in->len : 0;

    link_heard(link);
    if (link->is_closing)
        return 0;
    if (lws_frame_is_binary(link->wsi))
        close_faulty(link, CODE_NOT_TEXT, "only text is understood");
    else if (before + length > link->listener->options.message.bytes)
        close_faulty(link, CODE_TOO_LARGE, "the message is too large");
    else if (lws_is_final_fragment(link->wsi))
        hand_over(link, bytes, length);
    else
        keep_beginning(link, bytes, length);
    return 0;
}

/* --- its life --- */

gboolean link_has_said_farewell(const Link *link)
{
    return link->has_said_farewell;
}

void link_set_owner(Link *link, gpointer owner)
{
    link->owner = owner;
}

gpointer link_owner(const Link *link)
{
    return link->owner;
}

Listener *link_listener(const Link *link)
{
    return link->listener;
}

char *link_query(const Link *link, const char *name)
{
    return request_query(link->wsi, name);
}

static void bound_kernel(struct lws *wsi)
{
    int bytes = KERNEL_BYTES;

    setsockopt(lws_get_socket_fd(wsi), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void count_address(Link *link, int by)
{
    GHashTable *addresses = link->listener->addresses;
    guint count;

    if (!link->address)
        return;
    count = GPOINTER_TO_UINT(g_hash_table_lookup(addresses, link->address)) + (guint)by;
    if (count)
        g_hash_table_replace(addresses, g_strdup(link->address), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(addresses, link->address);
}

static void enter_lists(Link *link)
{
    Listener *listener = link->listener;

    link->by_silence.data = link->by_age.data = link->by_dirt.data = link;
    link->since_us = g_get_monotonic_time();
    link->until_us = link->since_us + listener->options.register_timeout_us;
    enter(&listener->heard, &link->by_silence);
    enter(&listener->unsettled, &link->by_age);
}

int link_established(Listener *listener, Connection *connection, struct lws *wsi,
                     const Protocol *protocol)
{
    Link *link = g_new0(Link, 1);
    char address[64];

    link->listener = listener;
    link->protocol = protocol;
    link->wsi = wsi;
    connection->link = link;
    bound_kernel(wsi);
    if (listener->addresses)
        link->address = g_strdup(lws_get_peer_simple(wsi, address, sizeof address) ? address : "?");
    count_address(link, 1);
    enter_lists(link);
    hangups_watch(link);
    listener->stats.sockets++;
    listener->stats.accepted++;
    link->is_open = protocol->opened(listener_self_of(listener, protocol), link);
    if (!link->is_open)
        link_close(link, CODE_POLICY, "not welcome");
    return 0;
}

void link_closed(Link *link)
{
    Listener *listener = link->listener;

    /* Nothing goes there any more, also while others are told of its end. */
    leave_dirt(link);
    link->is_doomed = TRUE;
    if (link->is_open)
        link->protocol->closed(link);
    leave_age(link);
    hangups_forget(link);
    g_queue_unlink(link->is_pinged ? &listener->pinged : &listener->heard, &link->by_silence);
    count_address(link, -1);
    listener->stats.sockets--;
    g_clear_pointer(&link->out, g_byte_array_unref);
    g_clear_pointer(&link->in, g_byte_array_unref);
    g_free(link->address);
    g_free(link);
}

/* --- time --- */

static void end_late_ones(Listener *listener, gint64 now_us)
{
    Link *link;

    while ((link = oldest(&listener->unsettled)) && link->until_us <= now_us) {
        listener->stats.late++;
        link_close(link, CODE_POLICY, "no device registered in time");
    }
    while ((link = oldest(&listener->closing)) && link->until_us <= now_us) {
        doom(link);
        link->until_us = now_us + listener->options.close_timeout_us;
        g_queue_unlink(&listener->closing, &link->by_age);
        enter(&listener->closing, &link->by_age);
    }
}

static void find_silent_ones(Listener *listener, gint64 now_us)
{
    Link *link;

    while ((link = oldest(&listener->heard)) &&
           link->since_us + listener->options.ping_interval_us <= now_us) {
        note_ping(link, now_us);
        send_ping(link);
    }
    while ((link = oldest(&listener->pinged)) &&
           link->since_us + listener->options.ping_timeout_us <= now_us) {
        if (!link->is_doomed)
            listener->stats.silent++;
        doom(link);
        /* Behind the others, until lws has closed it. */
        note_ping(link, now_us);
    }
}

void links_tick(Listener *listener, gint64 now_us)
{
    end_late_ones(listener, now_us);
    find_silent_ones(listener, now_us);
}

static void close_each(GQueue *queue)
{
    for (GList *node = queue->head; node; node = node->next)
        link_close(node->data, CODE_GOING_AWAY, "the server goes away");
}

void links_close_all(Listener *listener)
{
    close_each(&listener->heard);
    close_each(&listener->pinged);
}
