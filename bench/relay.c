/* The least that a signalling server can be: a peer for benchmarks. It knows names and sockets, and
 * nothing of calls; libwebsockets on the same event library and one thread, as the listener.
 *
 *   bench/relay [--port N] [--event-library ev|uv|glib|poll]
 *
 * It serves 127.0.0.1, prints "listening on 127.0.0.1:PORT", and ends at SIGTERM.
 *
 * The protocol, in text messages of at most 4096 bytes over a WebSocket of any path, without a
 * sub-protocol:
 *
 *   client                server
 *   r NAME            ->  r                   "I am NAME"; a name moves to who said so last
 *   m ID NAME TEXT    ->  a ID                after NAME's socket was sent: m SENDER TEXT
 *                         n ID                nobody of that name
 *
 * NAME and ID are without spaces, TEXT is anything. Anything else closes the socket. A call that is
 * rejected is so two `m` each way as much as with the listener: initiate and incoming, reject and
 * rejected, and an answer to either request, each with the bytes that the client chose. */
#include <glib.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MOST 4096
/* More waits for nobody: a peer that does not read is closed. */
#define WAITING_MOST (1 << 20)

/* A socket; libwebsockets makes it, all zero. */
typedef struct {
    struct lws *wsi;
    char *name;         /* NULL: not registered */
    GByteArray *pieces; /* of a message that came so far; NULL: none */
    GQueue waiting;     /* GBytes, each with LWS_PRE bytes in front */
    gsize waiting_bytes;
} Socket;

static struct {
    struct lws_context *context;
    GHashTable *sockets; /* name -> Socket; borrows both */
} relay;

static int port = 0;
static char *event_library = NULL;

/* --- sending --- */

static gboolean write_now(Socket *socket, unsigned char *text, gsize length)
{
    return lws_write(socket->wsi, text, length, LWS_WRITE_TEXT) >= (int)length;
}

/* `message` has LWS_PRE bytes in front of `length` bytes. FALSE: the socket is to be closed. */
static gboolean put(Socket *socket, unsigned char *message, gsize length)
{
    if (!lws_partial_buffered(socket->wsi) && g_queue_is_empty(&socket->waiting))
        return write_now(socket, message + LWS_PRE, length);
    if (socket->waiting_bytes + length > WAITING_MOST)
        return FALSE;
    g_queue_push_tail(&socket->waiting, g_bytes_new(message, LWS_PRE + length));
    socket->waiting_bytes += length;
    lws_callback_on_writable(socket->wsi);
    return TRUE;
}

static gboolean put_next(Socket *socket)
{
    g_autoptr(GBytes) next = g_queue_pop_head(&socket->waiting);
    gsize length;
    g_autofree unsigned char *message = NULL;

    if (!next)
        return TRUE;
    message = g_bytes_unref_to_data(g_steal_pointer(&next), &length);
    socket->waiting_bytes -= length - LWS_PRE;
    if (!g_queue_is_empty(&socket->waiting))
        lws_callback_on_writable(socket->wsi);
    return write_now(socket, message + LWS_PRE, length - LWS_PRE);
}

/* Sends `kind`, a space, `word`, and a space and `text` if there is one. */
static gboolean say(Socket *socket, char kind, const char *word, const char *text)
{
    unsigned char message[LWS_PRE + MESSAGE_MOST + 256];
    char *at = (char *)message + LWS_PRE;
    int length =
        g_snprintf(at, sizeof message - LWS_PRE, text ? "%c %s %s" : "%c %s", kind, word, text);

    return (gsize)length < sizeof message - LWS_PRE && put(socket, message, (gsize)length);
}

/* --- the two requests --- */

static void forget_name(Socket *socket)
{
    if (socket->name && g_hash_table_lookup(relay.sockets, socket->name) == socket)
        g_hash_table_remove(relay.sockets, socket->name);
    g_clear_pointer(&socket->name, g_free);
}

static gboolean on_register(Socket *socket, char *name)
{
    unsigned char answer[LWS_PRE + 1];

    if (*name == '\0' || strlen(name) > 128 || strchr(name, ' '))
        return FALSE;
    forget_name(socket);
    socket->name = g_strdup(name);
    g_hash_table_replace(relay.sockets, socket->name, socket);
    answer[LWS_PRE] = 'r';
    return put(socket, answer, 1);
}

/* Cuts the first word off; NULL when there is none. */
static char *take_word(char **text)
{
    char *word = *text, *end = strchr(word, ' ');

    if (!end || end == word)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return word;
}

static gboolean on_message(Socket *socket, char *text)
{
    const char *id = take_word(&text);
    const char *name = id ? take_word(&text) : NULL;
    Socket *peer = name ? g_hash_table_lookup(relay.sockets, name) : NULL;

    if (!name || !socket->name)
        return FALSE;
    if (!peer)
        return say(socket, 'n', id, NULL);
    /* Who does not read loses its own socket, not the sender's. */
    if (!say(peer, 'm', socket->name, text)) {
        lws_set_timeout(peer->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
        return say(socket, 'n', id, NULL);
    }
    return say(socket, 'a', id, NULL);
}

/* `text` ends with NUL. */
static gboolean on_request(Socket *socket, char *text, gsize length)
{
    if (length < 2 || length > MESSAGE_MOST || text[1] != ' ')
        return FALSE;
    switch (text[0]) {
    case 'r':
        return on_register(socket, text + 2);
    case 'm':
        return on_message(socket, text + 2);
    default:
        return FALSE;
    }
}

static gboolean on_last_piece(Socket *socket, const char *bytes, gsize length)
{
    g_autoptr(GByteArray) whole = g_steal_pointer(&socket->pieces);

    g_byte_array_append(whole, (const guint8 *)bytes, (guint)length);
    g_byte_array_append(whole, (const guint8 *)"", 1);
    return on_request(socket, (char *)whole->data, whole->len - 1);
}

static gboolean on_piece(Socket *socket, const char *bytes, gsize length)
{
    if (!socket->pieces)
        socket->pieces = g_byte_array_new();
    g_byte_array_append(socket->pieces, (const guint8 *)bytes, (guint)length);
    return socket->pieces->len <= MESSAGE_MOST;
}

static gboolean on_text(Socket *socket, const char *bytes, gsize length)
{
    char text[MESSAGE_MOST + 1];

    if (lws_frame_is_binary(socket->wsi) || length > MESSAGE_MOST)
        return FALSE;
    if (!lws_is_final_fragment(socket->wsi))
        return on_piece(socket, bytes, length);
    if (socket->pieces)
        return on_last_piece(socket, bytes, length);
    memcpy(text, bytes, length);
    text[length] = '\0';
    return on_request(socket, text, length);
}

/* --- libwebsockets --- */

static void on_closed(Socket *socket)
{
    forget_name(socket);
    g_clear_pointer(&socket->pieces, g_byte_array_unref);
    g_queue_clear_full(&socket->waiting, (GDestroyNotify)g_bytes_unref);
}

static int on_websocket(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t length)
{
    Socket *socket = user;

    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED:
        socket->wsi = wsi;
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return on_text(socket, in, length) ? 0 : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return put_next(socket) ? 0 : -1;
    case LWS_CALLBACK_CLOSED:
        on_closed(socket);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "relay",
     .callback = on_websocket,
     .per_session_data_size = sizeof(Socket),
     .rx_buffer_size = MESSAGE_MOST},
    {0},
};

/* The flag of an event library; 0: libwebsockets' own loop, which polls. */
static uint64_t event_library_flag(const char *name)
{
    static const struct {
        const char *name;
        uint64_t flag;
    } known[] = {
        {"ev", LWS_SERVER_OPTION_LIBEV},
        {"uv", LWS_SERVER_OPTION_LIBUV},
        {"glib", LWS_SERVER_OPTION_GLIB},
        {"poll", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].flag;
    g_printerr("relay: no event library \"%s\"\n", name);
    exit(2);
}

static void start(void)
{
    struct lws_context_creation_info info = {
        .port = port > 0 ? port : 0,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .options = event_library_flag(event_library ? event_library : "ev"),
    };
    struct lws_vhost *host;

    lws_set_log_level(LLL_ERR, NULL);
    info.options |= LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    relay.sockets = g_hash_table_new(g_str_hash, g_str_equal);
    relay.context = lws_create_context(&info);
    host = relay.context ? lws_create_vhost(relay.context, &info) : NULL;
    if (!host) {
        g_printerr("relay: cannot serve port %d\n", port);
        exit(1);
    }
    printf("listening on 127.0.0.1:%d\n", lws_get_vhost_listen_port(host));
    fflush(stdout);
}

/* Nothing is kept, so nothing has to be put in order. */
static void on_signal(int number G_GNUC_UNUSED)
{
    _exit(0);
}

int main(int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"port", 0, 0, G_OPTION_ARG_INT, &port, "Where to listen; 0: a free one", "N"},
        {"event-library", 0, 0, G_OPTION_ARG_STRING, &event_library, "ev, uv, glib or poll",
         "NAME"},
        {0},
    };
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error)) {
        g_printerr("relay: %s\n", error->message);
        return 2;
    }
    start();
    /* After it: some event libraries take the signal for themselves. */
    signal(SIGTERM, on_signal);
    while (lws_service(relay.context, 0) >= 0)
        continue;
    return 1;
}
