#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "listener/private.h"

/* One query of an address has at most so many parameters, and each so many bytes. */
#define PARAMETERS_MOST 16
#define PARAMETER_BYTES 1024
#define HEADER_BYTES 4096

char *request_header(struct lws *wsi, enum lws_token_indexes token)
{
    int length = lws_hdr_total_length(wsi, token);
    char *value;

    if (length <= 0)
        return NULL;
    value = g_malloc((gsize)length + 1);
    if (lws_hdr_copy(wsi, value, length + 1, token) < 0)
        g_clear_pointer(&value, g_free);
    return value;
}

/* --- the query --- */

static char **read_query(struct lws *wsi)
{
    g_autoptr(GPtrArray) query = g_ptr_array_new();
    char part[PARAMETER_BYTES];

    for (int i = 0; i < PARAMETERS_MOST; i++) {
        if (lws_hdr_copy_fragment(wsi, part, sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
            break;
        g_ptr_array_add(query, g_strdup(part));
    }
    g_ptr_array_add(query, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&query), FALSE);
}

static char *find_in_query(char *const *query, const char *name)
{
    gsize length = strlen(name);

    for (guint i = 0; query[i]; i++) {
        if (strncmp(query[i], name, length) == 0 && query[i][length] == '=')
            return g_strdup(query[i] + length + 1);
    }
    return NULL;
}

char *request_query(struct lws *wsi, const char *name)
{
    g_auto(GStrv) query = read_query(wsi);

    return find_in_query(query, name);
}

/* --- what a protocol sees of it --- */

void exchange_set_owner(Exchange *exchange, gpointer owner)
{
    exchange->owner = owner;
}

gpointer exchange_owner(const Exchange *exchange)
{
    return exchange->owner;
}

Listener *exchange_listener(const Exchange *exchange)
{
    return exchange->listener;
}

char *exchange_address(const Exchange *exchange)
{
    char address[64];

    return g_strdup(lws_get_peer_simple(exchange->wsi, address, sizeof address) ? address : "?");
}

const char *exchange_method(const Exchange *exchange)
{
    return exchange->method;
}

char *exchange_query(const Exchange *exchange, const char *name)
{
    return find_in_query(exchange->query, name);
}

const char *exchange_body(const Exchange *exchange, gsize *length)
{
    *length = exchange->body->len - 1;
    return (const char *)exchange->body->data;
}

/* --- held --- */

/* lws looks at a connection that it has to answer only when it may write, but the loop would come back to it
 * at once when something can be read there, be it the end. So lws does not read meanwhile, and the end is
 * looked for here. */
static void hold(Exchange *exchange)
{
    struct epoll_event wanted = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = exchange};

    exchange->is_held = TRUE;
    lws_rx_flow_control(exchange->wsi, 0);
    epoll_ctl(exchange->listener->breaks.fd, EPOLL_CTL_ADD, lws_get_socket_fd(exchange->wsi),
              &wanted);
}

static void look_no_more(Exchange *exchange)
{
    exchange->is_held = FALSE;
    epoll_ctl(exchange->listener->breaks.fd, EPOLL_CTL_DEL, lws_get_socket_fd(exchange->wsi), NULL);
}

static void let_go(Exchange *exchange)
{
    if (!exchange->is_held)
        return;
    look_no_more(exchange);
    lws_rx_flow_control(exchange->wsi, 1);
}

/* lws closes it a little later: by a timer, which runs only when no socket wants anything. So this one is
 * not read from any more. */
static void break_off(Exchange *exchange)
{
    look_no_more(exchange);
    exchange->is_answered = TRUE;
    exchange->listener->needs_poke = TRUE;
    lws_set_timeout(exchange->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    exchange->protocol->abandoned(exchange);
}

/* One at a time: what one leads to may answer others. */
static void find_breaks(struct ev_loop *loop G_GNUC_UNUSED, ev_io *watcher,
                        int events G_GNUC_UNUSED)
{
    Listener *listener = watcher->data;
    struct epoll_event end;

    while (epoll_wait(watcher->fd, &end, 1, 0) > 0)
        break_off(end.data.ptr);
    links_flush(listener);
}

void exchanges_start(Listener *listener)
{
    ev_io_init(&listener->breaks, find_breaks, epoll_create1(EPOLL_CLOEXEC), EV_READ);
    listener->breaks.data = listener;
    ev_io_start(listener->loop, &listener->breaks);
}

void exchanges_stop(Listener *listener)
{
    ev_io_stop(listener->loop, &listener->breaks);
    close(listener->breaks.fd);
}

void exchange_answer(Exchange *exchange, guint status, const char *content_type, const char *body,
                     gsize length)
{
    static const guint8 room[LWS_PRE];

    if (exchange->is_answered)
        return;
    let_go(exchange);
    exchange->is_answered = TRUE;
    exchange->status = status;
    exchange->content_type = content_type;
    exchange->answer = g_byte_array_sized_new((guint)(LWS_PRE + length));
    g_byte_array_append(exchange->answer, room, LWS_PRE);
    g_byte_array_append(exchange->answer, (const guint8 *)body, (guint)length);
    lws_callback_on_writable(exchange->wsi);
}

/* --- lws --- */

static const struct {
    enum lws_token_indexes token;
    const char *name;
} methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},
    {WSI_TOKEN_POST_URI, "POST"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
    /* Nobody's, but a protocol has its own way to say so. What body they have is not read. */
    {WSI_TOKEN_PUT_URI, "PUT"},
    {WSI_TOKEN_PATCH_URI, "PATCH"},
    {WSI_TOKEN_DELETE_URI, "DELETE"},
};

/* It is whole when that is. */
static gboolean has_body(const char *method)
{
    return strcmp(method, "POST") == 0;
}

static const char *read_method(struct lws *wsi)
{
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (lws_hdr_total_length(wsi, methods[i].token) > 0)
            return methods[i].name;
    }
    return NULL;
}

static void free_exchange(Exchange *exchange)
{
    exchange->listener->stats.exchanges--;
    g_strfreev(exchange->query);
    g_free(exchange->origin);
    g_byte_array_unref(exchange->body);
    if (exchange->answer)
        g_byte_array_unref(exchange->answer);
    g_free(exchange);
}

static int refuse(Listener *listener, struct lws *wsi, guint status)
{
    listener->stats.refused++;
    if (lws_return_http_status(wsi, status, NULL))
        return -1;
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* A client that is not told keeps the connection for its next request, and that is lost. */
static gboolean is_last(struct lws *wsi, const char *method)
{
    g_autofree char *connection = request_header(wsi, WSI_TOKEN_CONNECTION);
    g_autofree char *lower = connection ? g_ascii_strdown(connection, -1) : NULL;

    return (method[0] == 'P' && !has_body(method)) || (lower && strstr(lower, "close"));
}

static Exchange *new_exchange(Listener *listener, struct lws *wsi, const Protocol *protocol,
                              const char *method)
{
    Exchange *exchange = g_new0(Exchange, 1);

    exchange->listener = listener;
    exchange->protocol = protocol;
    exchange->wsi = wsi;
    exchange->method = method;
    exchange->query = read_query(wsi);
    exchange->origin = request_header(wsi, WSI_TOKEN_ORIGIN);
    exchange->is_last = is_last(wsi, method);
    exchange->body = g_byte_array_new();
    listener->stats.exchanges++;
    return exchange;
}

static void ask_protocol(Exchange *exchange)
{
    Listener *listener = exchange->listener;

    g_byte_array_append(exchange->body, (const guint8 *)"", 1);
    exchange->is_asked = TRUE;
    /* It may be held for long. */
    lws_set_timeout(exchange->wsi, NO_PENDING_TIMEOUT, 0);
    exchange->protocol->asked(listener_self_of(listener, exchange->protocol), exchange);
    if (!exchange->is_answered)
        hold(exchange);
}

static gboolean is_over(const Listener *listener)
{
    return listener->is_stopping ||
           listener->stats.exchanges + listener->stats.sockets >= listener->options.max_sockets;
}

int exchange_begin(Listener *listener, Connection *connection, struct lws *wsi, const char *path)
{
    const Protocol *protocol = listener_find(path, NULL, FALSE);
    const char *method = read_method(wsi);
    g_autofree char *origin = request_header(wsi, WSI_TOKEN_ORIGIN);

    if (!protocol)
        return refuse(listener, wsi, HTTP_STATUS_NOT_FOUND);
    if (!method)
        return refuse(listener, wsi, HTTP_STATUS_METHOD_NOT_ALLOWED);
    if (!listener_allows(listener, origin))
        return refuse(listener, wsi, HTTP_STATUS_FORBIDDEN);
    if (is_over(listener))
        return refuse(listener, wsi, HTTP_STATUS_SERVICE_UNAVAILABLE);
    connection->exchange = new_exchange(listener, wsi, protocol, method);
    if (!has_body(method))
        ask_protocol(connection->exchange);
    return 0;
}

int exchange_take(Exchange *exchange, const char *bytes, gsize length)
{
    if (exchange->is_answered)
        return 0;
    if (exchange->body->len + length > exchange->listener->options.message.bytes) {
        exchange->listener->stats.faulty++;
        exchange_answer(exchange, HTTP_STATUS_REQ_ENTITY_TOO_LARGE, "text/plain", "too large", 9);
        return 0;
    }
    g_byte_array_append(exchange->body, (const guint8 *)bytes, (guint)length);
    return 0;
}

int exchange_whole(Exchange *exchange)
{
    if (exchange->is_answered || exchange->is_asked)
        return 0;
    if (exchange->listener->is_stopping)
        exchange_answer(exchange, HTTP_STATUS_SERVICE_UNAVAILABLE, "text/plain", "", 0);
    else
        ask_protocol(exchange);
    return 0;
}

/* --- the answer --- */

typedef struct {
    struct lws *wsi;
    unsigned char *at, *end;
    gboolean is_full;
} Headers;

static void add_header(Headers *headers, const char *name, const char *value)
{
    headers->is_full |= lws_add_http_header_by_name(headers->wsi, (const unsigned char *)name,
                                                    (const unsigned char *)value,
                                                    (int)strlen(value), &headers->at, headers->end);
}

static void add_cors(Headers *headers, const Exchange *exchange)
{
    if (!exchange->origin)
        return;
    add_header(headers, "access-control-allow-origin:", exchange->origin);
    add_header(headers, "access-control-allow-credentials:", "true");
    add_header(headers, "vary:", "Origin");
    if (strcmp(exchange->method, "OPTIONS") != 0)
        return;
    add_header(headers, "access-control-allow-methods:", "GET, POST, OPTIONS");
    add_header(headers, "access-control-allow-headers:", "Content-Type, Authorization");
    add_header(headers, "access-control-max-age:", "86400");
}

static gboolean write_headers(const Exchange *exchange, gsize length)
{
    unsigned char buffer[LWS_PRE + HEADER_BYTES];
    unsigned char *start = buffer + LWS_PRE;
    Headers headers = {.wsi = exchange->wsi, .at = start, .end = buffer + sizeof buffer - 1};

    if (lws_add_http_common_headers(exchange->wsi, exchange->status, exchange->content_type, length,
                                    &headers.at, headers.end))
        return FALSE;
    add_header(&headers, "cache-control:", "no-store");
    if (exchange->is_last || !exchange->is_asked)
        add_header(&headers, "connection:", "close");
    add_cors(&headers, exchange);
    return !headers.is_full &&
           lws_finalize_write_http_header(exchange->wsi, start, &headers.at, headers.end) == 0;
}

static gboolean write_answer(const Exchange *exchange)
{
    gsize length = exchange->answer->len - LWS_PRE;

    if (!write_headers(exchange, length))
        return FALSE;
    return length == 0 || lws_write(exchange->wsi, exchange->answer->data + LWS_PRE, length,
                                    LWS_WRITE_HTTP_FINAL) >= 0;
}

int exchange_writable(Connection *connection)
{
    Exchange *exchange = connection->exchange;
    struct lws *wsi = exchange->wsi;
    gboolean is_written, is_cut;

    if (!exchange->is_answered || !exchange->answer)
        return 0;
    is_written = write_answer(exchange);
    /* What is left of a body that nobody wants would be taken for the next request. */
    is_cut = !exchange->is_asked || exchange->is_last;
    free_exchange(g_steal_pointer(&connection->exchange));
    if (!is_written || is_cut)
        return -1;
    /* Whoever does not read it does not keep it. */
    if (lws_partial_buffered(wsi))
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, HANDSHAKE_SECONDS);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

void exchange_gone(Exchange *exchange)
{
    let_go(exchange);
    if (exchange->is_asked && !exchange->is_answered)
        exchange->protocol->abandoned(exchange);
    free_exchange(exchange);
}
