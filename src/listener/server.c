#include <string.h>

#include "listener/private.h"
#include "listener/socketio_door.h"

#define TICK_S 0.1
/* Of what came from other threads, before sockets are looked at again. */
#define ITEMS_AT_ONCE 256
/* Sockets that have something to send, before the loop's turn is over. */
#define FLUSHED_TOGETHER 32
/* What lws reads at once, and keeps for each socket. */
#define RECEIVE_BYTES 2048
/* Beyond max_sockets: those that are about to be told so. */
#define CONNECTIONS_SPARE 256
#define CLOSE_TIMEOUT_US G_USEC_PER_SEC
#define UNANSWERED 64

G_DEFINE_QUARK(call_listener_error, listener_error)

static const Protocol *const protocols[] = {
    &plain_protocol,
    &socketio_protocol,
};

G_STATIC_ASSERT(G_N_ELEMENTS(protocols) <= PROTOCOLS_MOST);

/* The listener whose thread this is. */
static GPrivate here;

/* --- which protocol --- */

static gboolean has_path(const Protocol *protocol, const char *path)
{
    if (protocol->path)
        return g_str_has_prefix(path, protocol->path);
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i]->path && g_str_has_prefix(path, protocols[i]->path))
            return FALSE;
    }
    return TRUE;
}

/* A list with commas, as it stands in the header; NULL when there is none. */
static gboolean has_subprotocol(const Protocol *protocol, const char *offered)
{
    g_auto(GStrv) names = NULL;

    if (!offered || !protocol->subprotocol)
        return !offered && !protocol->subprotocol;
    names = g_strsplit(offered, ",", -1);
    for (guint i = 0; names[i]; i++) {
        if (strcmp(g_strstrip(names[i]), protocol->subprotocol) == 0)
            return TRUE;
    }
    return FALSE;
}

const Protocol *listener_find(const char *path, const char *subprotocols, gboolean is_websocket)
{
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        const Protocol *protocol = protocols[i];

        if (!has_path(protocol, path))
            continue;
        if (is_websocket ? has_subprotocol(protocol, subprotocols) : protocol->asked != NULL)
            return protocol;
    }
    return NULL;
}

gpointer listener_self_of(const Listener *listener, const Protocol *protocol)
{
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i] == protocol)
            return listener->selves[i];
    }
    return NULL;
}

gpointer listener_protocol_self(const Listener *listener, const Protocol *protocol)
{
    return listener_self_of(listener, protocol);
}

/* Apps that are no pages send no origin. */
gboolean listener_allows(const Listener *listener, const char *origin)
{
    g_auto(GStrv) allowed = NULL;

    if (!origin || !*listener->options.origins || strcmp(listener->options.origins, "*") == 0)
        return TRUE;
    allowed = g_strsplit(listener->options.origins, " ", -1);
    return g_strv_contains((const char *const *)allowed, origin);
}

/* --- lws --- */

static Listener *listener_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* The path of a WebSocket's handshake, and the protocol that it asks for; NULL when there is none. */
static const Protocol *protocol_of(struct lws *wsi)
{
    g_autofree char *path = request_header(wsi, WSI_TOKEN_GET_URI);
    g_autofree char *offered = request_header(wsi, WSI_TOKEN_PROTOCOL);

    return path ? listener_find(path, offered, TRUE) : NULL;
}

static gboolean has_room_for(const Listener *listener, struct lws *wsi)
{
    char address[64];
    guint most = listener->options.max_sockets_per_address;

    if (listener->is_stopping ||
        listener->stats.sockets + listener->stats.exchanges >= listener->options.max_sockets)
        return FALSE;
    if (!listener->addresses)
        return TRUE;
    if (!lws_get_peer_simple(wsi, address, sizeof address))
        return FALSE;
    return GPOINTER_TO_UINT(g_hash_table_lookup(listener->addresses, address)) < most;
}

/* 0, or the status of HTTP that says why there will be no WebSocket. */
static guint judge_handshake(const Listener *listener, struct lws *wsi)
{
    g_autofree char *origin = request_header(wsi, WSI_TOKEN_ORIGIN);

    if (!listener_allows(listener, origin))
        return HTTP_STATUS_FORBIDDEN;
    if (!protocol_of(wsi))
        return HTTP_STATUS_BAD_REQUEST;
    if (!has_room_for(listener, wsi))
        return HTTP_STATUS_SERVICE_UNAVAILABLE;
    return 0;
}

static int confirm_upgrade(Listener *listener, struct lws *wsi, const char *to)
{
    guint status;

    if (g_ascii_strcasecmp(to, "websocket") != 0)
        return -1;
    status = judge_handshake(listener, wsi);
    if (!status)
        return 0;
    listener->stats.refused++;
    return lws_return_http_status(wsi, status, NULL) ? -1 : 1;
}

static gboolean is_full(const Listener *listener)
{
    return listener->is_stopping ||
           listener->connections >= listener->options.max_sockets + CONNECTIONS_SPARE;
}

static int hear_of_websocket(Listener *listener, struct lws *wsi, Connection *connection,
                             enum lws_callback_reasons reason, const char *bytes, gsize length)
{
    Link *link = connection ? connection->link : NULL;

    if (reason == LWS_CALLBACK_ESTABLISHED)
        return link_established(listener, connection, wsi, protocol_of(wsi));
    if (!link)
        return 0;
    if (reason == LWS_CALLBACK_RECEIVE)
        return link_received(link, bytes, length);
    if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
        return link_writable(link);
    if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE) {
        link->has_said_farewell = TRUE;
        return 0;
    }
    if (reason == LWS_CALLBACK_RECEIVE_PONG) {
        link_heard(link);
        return 0;
    }
    connection->link = NULL;
    link_closed(link);
    return 0;
}

static int hear_of_http(Listener *listener, struct lws *wsi, Connection *connection,
                        enum lws_callback_reasons reason, const char *bytes, gsize length)
{
    Exchange *exchange = connection ? connection->exchange : NULL;

    if (reason == LWS_CALLBACK_HTTP)
        return exchange_begin(listener, connection, wsi, bytes);
    if (!exchange)
        return 0;
    if (reason == LWS_CALLBACK_HTTP_BODY)
        return exchange_take(exchange, bytes, length);
    if (reason == LWS_CALLBACK_HTTP_BODY_COMPLETION)
        return exchange_whole(exchange);
    if (reason == LWS_CALLBACK_HTTP_WRITEABLE)
        return exchange_writable(connection);
    connection->exchange = NULL;
    exchange_gone(exchange);
    return 0;
}

static int hear(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                size_t length)
{
    Listener *listener = listener_of(wsi);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return is_full(listener);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        lws_set_opaque_user_data(wsi, listener); /* it is counted */
        listener->connections++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (lws_get_opaque_user_data(wsi) == listener)
            listener->connections--;
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(listener, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_CLOSED:
        return hear_of_websocket(listener, wsi, user, reason, in, length);
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
        return hear_of_http(listener, wsi, user, reason, in, length);
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        listener->tls = user;
        return 0;
    default: /* lws has a hundred more */
        return 0;
    }
#pragma GCC diagnostic pop
}

/* What is to be sent goes out together at the end of the loop's turn (link.c), which wakes whoever it is for once, or when it is
 * much: nobody waits for a long turn. Where no other socket has something, it goes at once. */
static int hear_and_flush(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t length)
{
    int result = hear(wsi, reason, user, in, length);
    Listener *listener = listener_of(wsi);

    if (listener && listener->context && listener->dirty.length >= FLUSHED_TOGETHER)
        links_flush(listener);
    return result;
}

#define LWS_ROW(title)                                                                             \
    {                                                                                              \
        .name = title, .callback = hear_and_flush, .per_session_data_size = sizeof(Connection),    \
        .rx_buffer_size = RECEIVE_BYTES, .tx_packet_size = 64 * 1024                               \
    }

/* The first is that of HTTP and of those that offer none; nobody can offer its name. One row for each
 * sub-protocol. */
static const struct lws_protocols lws_rows[] = {
    LWS_ROW(" any"),
    LWS_ROW("call.v1"),
    {0},
};

/* --- what other threads want --- */

Listener *listener_ref(Listener *listener)
{
    g_atomic_ref_count_inc(&listener->refs);
    return listener;
}

void listener_unref(Listener *listener)
{
    if (!g_atomic_ref_count_dec(&listener->refs))
        return;
    g_mutex_clear(&listener->lock);
    g_free((char *)listener->options.address);
    g_free((char *)listener->options.certificate);
    g_free((char *)listener->options.key);
    g_free((char *)listener->options.origins);
    g_free((char *)listener->options.socketio_namespace);
    g_free(listener);
}

gboolean listener_put(Listener *listener, Item *item)
{
    gboolean is_first, is_shut;

    item->next = NULL;
    g_mutex_lock(&listener->lock);
    is_shut = listener->is_shut;
    is_first = listener->first == NULL;
    if (!is_shut) {
        *listener->end = item;
        listener->end = &item->next;
        /* Under the lock, for it must not end meanwhile. */
        if (is_first)
            ev_async_send(listener->loop, &listener->wake);
    }
    g_mutex_unlock(&listener->lock);
    return !is_shut;
}

gboolean listener_is_direct(Listener *listener)
{
    gboolean is_empty;

    if (g_private_get(&here) != listener)
        return FALSE;
    g_mutex_lock(&listener->lock);
    is_empty = listener->first == NULL && !listener->is_shut;
    g_mutex_unlock(&listener->lock);
    return is_empty;
}

static Item *take_item(Listener *listener)
{
    Item *item;

    g_mutex_lock(&listener->lock);
    item = listener->first;
    if (item) {
        listener->first = item->next;
        if (!listener->first)
            listener->end = &listener->first;
    }
    g_mutex_unlock(&listener->lock);
    return item;
}

static void run_items(struct ev_loop *loop, ev_async *watcher, int events G_GNUC_UNUSED)
{
    Listener *listener = watcher->data;
    Item *item = NULL;

    listener->is_at_items = TRUE;
    for (guint i = 0; i < ITEMS_AT_ONCE && (item = take_item(listener)); i++)
        item->run(item);
    listener->is_at_items = FALSE;
    if (item)
        ev_async_send(loop, watcher);
}

/* --- time --- */

static void publish(Listener *listener)
{
    g_mutex_lock(&listener->lock);
    listener->published = listener->stats;
    g_mutex_unlock(&listener->lock);
}

static gboolean is_done(const Listener *listener, gint64 now_us)
{
    if (!listener->is_stopping || listener->asks)
        return FALSE;
    return listener->stats.sockets + listener->stats.exchanges == 0 ||
           now_us >= listener->stop_by_us;
}

static void do_tick(struct ev_loop *loop, ev_timer *watcher, int events G_GNUC_UNUSED)
{
    Listener *listener = watcher->data;
    gint64 now_us = g_get_monotonic_time();

    links_tick(listener, now_us);
    /* On libev, lws looks at its own time limits (of handshakes, of closing) only when a socket does
     * something. */
    listener->needs_poke = listener->connections > 0;
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i]->tick)
            protocols[i]->tick(listener->selves[i], now_us);
    }
    publish(listener);
    if (is_done(listener, now_us))
        ev_break(loop, EVBREAK_ALL);
}

/* --- the thread --- */

static gpointer run(gpointer data)
{
    Listener *listener = data;

    g_private_set(&here, listener);
    ev_run(listener->loop, 0);
    return NULL;
}

/* --- starting --- */

static const lws_retry_bo_t no_pings_of_lws;

static struct lws_context *make_context(Listener *listener)
{
    void *loops[] = {listener->loop};
    struct lws_context_creation_info info = {0};

    info.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME;
    if (*listener->options.certificate)
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.foreign_loops = loops;
    info.user = listener;
    info.pt_serv_buf_size = 4096;
    info.timeout_secs = HANDSHAKE_SECONDS;
    return lws_create_context(&info);
}

static struct lws_vhost *make_vhost(Listener *listener)
{
    const ListenerOptions *options = &listener->options;
    struct lws_context_creation_info info = {0};

    info.port = options->port ? (int)options->port : 0;
    info.iface = *options->address ? options->address : NULL;
    info.vhost_name = "call";
    info.protocols = lws_rows;
    info.retry_and_idle_policy = &no_pings_of_lws;
    info.timeout_secs = HANDSHAKE_SECONDS;
    info.keepalive_timeout = 60;
    info.server_string = "janus-call";
    info.alpn = "http/1.1";
    info.options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    if (!strchr(options->address, ':'))
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    if (*options->certificate) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = options->certificate;
        info.ssl_private_key_filepath = options->key;
    }
    return lws_create_vhost(listener->context, &info);
}

static gboolean fail_start(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail_start(GError **error, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, LISTENER_ERROR, LISTENER_ERROR_START, text);
    return FALSE;
}

/* lws reads both by itself, but does not say what is wrong. */
static gboolean read_first_pair(Listener *listener, GError **error)
{
    g_autoptr(ListenerPair) pair = NULL;

    if (!*listener->options.certificate)
        return TRUE;
    pair = tls_read(listener->options.certificate, listener->options.key, error);
    if (pair)
        listener->key_kind = pair->kind;
    return pair != NULL;
}

static gboolean open_port(Listener *listener, GError **error)
{
    const ListenerOptions *options = &listener->options;

    if (*options->socketio_namespace && *options->socketio_namespace != '/')
        return fail_start(error, "the namespace of Socket.IO must begin with a slash");
    if (!read_first_pair(listener, error))
        return FALSE;
    listener->context = make_context(listener);
    if (!listener->context)
        return fail_start(error, "libwebsockets does not start: is libwebsockets-evlib-ev there?");
    listener->vhost = make_vhost(listener);
    if (!listener->vhost)
        return fail_start(error, "cannot listen on port %u of %s", options->port,
                          *options->address ? options->address : "all addresses");
    listener->port = (guint)lws_get_vhost_listen_port(listener->vhost);
    return TRUE;
}

static void start_protocols(Listener *listener)
{
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i]->start)
            listener->selves[i] = protocols[i]->start(listener);
    }
}

static void stop_protocols(Listener *listener)
{
    for (guint i = 0; i < G_N_ELEMENTS(protocols); i++) {
        if (protocols[i]->stop)
            protocols[i]->stop(listener->selves[i]);
    }
}

static ListenerOptions copy_options(const ListenerOptions *options)
{
    ListenerOptions copy = *options;

    copy.address = g_strdup(options->address ? options->address : "");
    copy.certificate = g_strdup(options->certificate ? options->certificate : "");
    copy.key = g_strdup(options->key ? options->key : "");
    copy.origins = g_strdup(options->origins ? options->origins : "");
    copy.socketio_namespace =
        g_strdup(options->socketio_namespace ? options->socketio_namespace : "");
    if (!copy.max_unanswered)
        copy.max_unanswered = UNANSWERED;
    if (!copy.close_timeout_us)
        copy.close_timeout_us = CLOSE_TIMEOUT_US;
    return copy;
}

static Listener *make_listener(const ListenerOptions *options, Service *service)
{
    Listener *listener = g_new0(Listener, 1);

    g_atomic_ref_count_init(&listener->refs);
    listener->options = copy_options(options);
    listener->service = service;
    g_mutex_init(&listener->lock);
    listener->end = &listener->first;
    listener->text = g_byte_array_new();
    listener->spares = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    if (options->max_sockets_per_address)
        listener->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    listener->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    ev_async_init(&listener->wake, run_items);
    ev_timer_init(&listener->tick, do_tick, TICK_S, TICK_S);
    listener->wake.data = listener->tick.data = listener;
    ev_async_start(listener->loop, &listener->wake);
    ev_timer_start(listener->loop, &listener->tick);
    hangups_start(listener);
    links_start(listener);
    exchanges_start(listener);
    return listener;
}

static void end_context(Listener *listener)
{
    struct lws_context *context = g_steal_pointer(&listener->context);

    if (context)
        lws_context_destroy(context);
}

static void end_listener(Listener *listener)
{
    hangups_stop(listener);
    links_stop(listener);
    exchanges_stop(listener);
    ev_timer_stop(listener->loop, &listener->tick);
    ev_async_stop(listener->loop, &listener->wake);
    ev_loop_destroy(listener->loop);
    g_clear_pointer(&listener->addresses, g_hash_table_unref);
    g_ptr_array_unref(listener->spares);
    g_byte_array_unref(listener->text);
    text_cache_clear(&listener->cache);
    listener_unref(listener);
}

Listener *listener_new(const ListenerOptions *options, Service *service, GError **error)
{
    Listener *listener = make_listener(options, service);

    /* Whoever is malformed would fill the log; Janus's own transport sets this as it is configured. */
    lws_set_log_level(0, NULL);
    if (!open_port(listener, error)) {
        end_context(listener);
        end_listener(listener);
        return NULL;
    }
    start_protocols(listener);
    listener->thread = g_thread_new("call-listener", run, listener);
    return listener;
}

/* --- ending --- */

typedef struct {
    Item item;
    Listener *listener;
} Stop;

static void run_stop(Item *item)
{
    Listener *listener = ((Stop *)item)->listener;

    listener->is_stopping = TRUE;
    /* Twice: sockets that do not even take the close frame. */
    listener->stop_by_us = g_get_monotonic_time() + 2 * listener->options.close_timeout_us;
    links_close_all(listener);
    g_free(item);
}

/* What was put in after the thread's end is for nobody any more. */
static void shut(Listener *listener)
{
    Item *item;

    g_mutex_lock(&listener->lock);
    listener->is_shut = TRUE;
    g_mutex_unlock(&listener->lock);
    while ((item = take_item(listener)))
        item->run(item);
}

void listener_free(Listener *listener)
{
    Stop *stop;

    if (!listener)
        return;
    stop = g_new0(Stop, 1);
    *stop = (Stop){.item.run = run_stop, .listener = listener};
    if (!listener_put(listener, &stop->item))
        g_assert_not_reached();
    g_thread_join(listener->thread);
    /* Whoever is left is closed by lws, and this thread is the listener's for that. */
    g_private_set(&here, listener);
    end_context(listener);
    stop_protocols(listener);
    shut(listener);
    g_private_set(&here, NULL);
    end_listener(listener);
}

/* --- the rest --- */

guint listener_port(const Listener *listener)
{
    return listener->port;
}

const ListenerOptions *listener_options(const Listener *listener)
{
    return &listener->options;
}

Service *listener_service(const Listener *listener)
{
    return listener->service;
}

gboolean listener_is_stopping(const Listener *listener)
{
    return listener->is_stopping;
}

void listener_count_fault(Listener *listener)
{
    listener->stats.faulty++;
}

void listener_stats(Listener *listener, ListenerStats *stats)
{
    g_mutex_lock(&listener->lock);
    *stats = listener->published;
    g_mutex_unlock(&listener->lock);
}

/* --- TLS, again --- */

typedef struct {
    Item item;
    Listener *listener;
    GMutex lock;
    GCond done;
    gboolean is_done;
    const ListenerPair *pair;
    GError *error;
} Reload;

static void run_reload(Item *item)
{
    Reload *reload = (Reload *)item;

    tls_use(reload->listener->tls, reload->pair, &reload->error);
    g_mutex_lock(&reload->lock);
    reload->is_done = TRUE;
    g_cond_signal(&reload->done);
    g_mutex_unlock(&reload->lock);
}

gboolean listener_read_pair(const Listener *listener, ListenerPair **pair, GError **error)
{
    const ListenerOptions *options = &listener->options;

    *pair = NULL;
    if (!*options->certificate)
        return TRUE;
    *pair = tls_read(options->certificate, options->key, error);
    if (!*pair)
        return FALSE;
    if ((*pair)->kind == listener->key_kind)
        return TRUE;
    g_clear_pointer(pair, listener_pair_free);
    g_set_error(
        error, LISTENER_ERROR, LISTENER_ERROR_TLS,
        "the key %s cannot be used: it is of another kind (EC, RSA) than the one before, which "
        "needs a restart",
        options->key);
    return FALSE;
}

gboolean listener_use_pair(Listener *listener, const ListenerPair *pair, GError **error)
{
    Reload reload = {.item.run = run_reload, .listener = listener, .pair = pair};

    if (!pair)
        return TRUE;
    g_mutex_init(&reload.lock);
    g_cond_init(&reload.done);
    if (!listener_put(listener, &reload.item))
        g_assert_not_reached();
    g_mutex_lock(&reload.lock);
    while (!reload.is_done)
        g_cond_wait(&reload.done, &reload.lock);
    g_mutex_unlock(&reload.lock);
    g_mutex_clear(&reload.lock);
    g_cond_clear(&reload.done);
    if (!reload.error)
        return TRUE;
    g_propagate_error(error, reload.error);
    return FALSE;
}
