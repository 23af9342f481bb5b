#include "listener/engineio_door.h"

#include <string.h>

#include "core/deadline.h"
#include "service/ids.h"

/* Of what comes before the text of an event. */
#define FRONT_BYTES 128

struct EngineIoDoor {
    Listener *listener;
    EngineIoDoorSettings settings;
    const EngineIoApp *app;
    gpointer self;           /* the application's */
    GHashTable *connections; /* by their sids; owned */
    GHashTable *addresses;   /* how many sessions began by polling at each; its keys are owned */
    Deadlines deadlines;     /* of the connections */
    GPtrArray *spare;        /* of GArray: empty lists of outputs */
    gboolean is_closed;      /* the listener ends */
};

struct EngineIoConnection {
    Deadline deadline; /* the first of its times */
    EngineIoDoor *door;
    EngineIoSession *session;
    gpointer owner;
    GArray *outputs; /* that are being carried out; NULL when none are */
    guint done;      /* how many of them were */
    gint64 wake_us;  /* the application's */
    char *address;   /* in `addresses`; NULL where it is not counted */
    gboolean has_ended;
};

/* --- connections --- */

static EngineIoConnection *add_connection(EngineIoDoor *door)
{
    EngineIoConnection *connection = g_new0(EngineIoConnection, 1);
    char sid[FRESH_ID_LENGTH + 1];

    fresh_id(g_get_real_time() / 1000, sid);
    connection->door = door;
    connection->session =
        engineio_session_new(&door->settings.session, sid, g_get_monotonic_time());
    connection->wake_us = G_MAXINT64;
    g_hash_table_insert(door->connections, (gpointer)engineio_sid(connection->session), connection);
    door->app->begun(door->self, connection);
    return connection;
}

static guint count_of(const EngineIoDoor *door, const char *address)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(door->addresses, address));
}

static void set_count(EngineIoDoor *door, const char *address, guint count)
{
    if (count)
        g_hash_table_replace(door->addresses, g_strdup(address), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(door->addresses, address);
}

/* A WebSocket the listener has counted; a session that polls has no socket. FALSE: there are too many. */
static gboolean count_address(EngineIoDoor *door, const Exchange *exchange, char **address)
{
    guint count;

    if (!door->settings.max_per_address)
        return TRUE;
    *address = exchange_address(exchange);
    count = count_of(door, *address);
    if (count >= door->settings.max_per_address) {
        g_clear_pointer(address, g_free);
        return FALSE;
    }
    set_count(door, *address, count + 1);
    return TRUE;
}

static void uncount_address(EngineIoConnection *connection)
{
    if (connection->address)
        set_count(connection->door, connection->address,
                  count_of(connection->door, connection->address) - 1);
    g_clear_pointer(&connection->address, g_free);
}

static void free_connection(gpointer data)
{
    EngineIoConnection *connection = data;

    uncount_address(connection);
    deadlines_set(&connection->door->deadlines, &connection->deadline, DEADLINE_NEVER);
    engineio_session_free(connection->session);
    g_free(connection);
}

static EngineIoConnection *find_connection(const EngineIoDoor *door, const char *sid)
{
    return g_hash_table_lookup(door->connections, sid);
}

/* --- what a session wants done --- */

static void answer(Exchange *exchange, guint status, const char *text, gsize length)
{
    const char *type = status == 200 ? "text/plain; charset=UTF-8" : "application/json";

    exchange_set_owner(exchange, NULL);
    exchange_answer(exchange, status, type, text, length);
}

static void drop(Link *link)
{
    link_set_owner(link, NULL);
    link_close(link, 1000, "");
}

static void end(EngineIoConnection *connection, EngineIoReason reason)
{
    connection->has_ended = TRUE;
    connection->wake_us = G_MAXINT64;
    connection->door->app->ended(connection, reason, g_get_monotonic_time());
}

/* Within, the application may say more: then the list grows. */
static void carry_out(EngineIoConnection *connection, const EngineIoOutput *output)
{
    const EngineIoApp *app = connection->door->app;

    switch (output->what) {
    case ENGINEIO_DO_SEND:
        link_send(output->on, output->text, output->length);
        return;
    case ENGINEIO_DO_DROP:
        drop(output->on);
        return;
    case ENGINEIO_DO_ANSWER:
        answer(output->on, output->status, output->text, output->length);
        return;
    case ENGINEIO_DO_MESSAGE:
        if (!connection->has_ended)
            app->text(connection, output->text, output->length, g_get_monotonic_time());
        return;
    case ENGINEIO_DO_BINARY:
        if (!connection->has_ended)
            app->binary(connection);
        return;
    case ENGINEIO_DO_END:
        end(connection, output->reason);
        return;
    }
}

static GArray *take_spare(EngineIoDoor *door)
{
    if (!door->spare->len)
        return engineio_outputs_new();
    return g_ptr_array_steal_index_fast(door->spare, door->spare->len - 1);
}

/* Where the outputs of the next input go. FALSE: somebody further out is carrying them out already. */
static gboolean begin(EngineIoConnection *connection)
{
    if (connection->outputs)
        return FALSE;
    connection->outputs = take_spare(connection->door);
    connection->done = 0;
    return TRUE;
}

static void end_outputs(EngineIoConnection *connection)
{
    GArray *outputs = g_steal_pointer(&connection->outputs);

    g_array_set_size(outputs, 0);
    g_ptr_array_add(connection->door->spare, outputs);
}

static void plan(EngineIoConnection *connection)
{
    gint64 at_us = MIN(engineio_deadline(connection->session), connection->wake_us);

    deadlines_set(&connection->door->deadlines, &connection->deadline, at_us);
}

/* Does what is to be done, and forgets a connection that is over. */
static void finish(EngineIoConnection *connection, gboolean is_outermost)
{
    EngineIoDoor *door = connection->door;

    if (!is_outermost)
        return;
    while (connection->done < connection->outputs->len) {
        EngineIoOutput *next = engineio_output(connection->outputs, connection->done++);
        EngineIoOutput output = *next;

        next->text = NULL;
        carry_out(connection, &output);
        g_free(output.text);
    }
    end_outputs(connection);
    if (engineio_is_over(connection->session))
        g_hash_table_remove(door->connections, engineio_sid(connection->session));
    else
        plan(connection);
}

/* --- WebSockets --- */

static gboolean join(EngineIoDoor *door, Link *link, const char *sid)
{
    EngineIoConnection *connection = find_connection(door, sid);
    gboolean is_outermost, is_in;

    if (!connection)
        return FALSE;
    is_outermost = begin(connection);
    is_in =
        engineio_upgrade(connection->session, link, g_get_monotonic_time(), connection->outputs);
    if (is_in)
        link_set_owner(link, connection);
    finish(connection, is_outermost);
    return is_in;
}

static gboolean is_full(const EngineIoDoor *door)
{
    return g_hash_table_size(door->connections) >= door->settings.max_sessions;
}

static gboolean open_websocket(EngineIoDoor *door, Link *link)
{
    EngineIoConnection *connection;
    gboolean is_outermost;

    if (is_full(door))
        return FALSE;
    connection = add_connection(door);
    link_set_owner(link, connection);
    is_outermost = begin(connection);
    engineio_open_websocket(connection->session, link, connection->outputs);
    finish(connection, is_outermost);
    return TRUE;
}

gboolean engineio_door_opened(EngineIoDoor *door, Link *link)
{
    g_autofree char *version = link_query(link, "EIO");
    g_autofree char *transport = link_query(link, "transport");
    g_autofree char *sid = link_query(link, "sid");
    EngineIoQuery query = engineio_query(version, transport, sid);
    EngineIoError error;

    if (!engineio_check_query(&query, &error) || query.transport != ENGINEIO_WEBSOCKET)
        return FALSE;
    /* How long it may take is the session's business. */
    link_settle(link);
    return sid ? join(door, link, sid) : open_websocket(door, link);
}

void engineio_door_text(Link *link, char *text, gsize length)
{
    EngineIoConnection *connection = link_owner(link);
    gboolean is_outermost;

    if (!connection)
        return;
    is_outermost = begin(connection);
    engineio_frame(connection->session, link, text, length, g_get_monotonic_time(),
                   connection->outputs);
    finish(connection, is_outermost);
}

static void lose(EngineIoConnection *connection, gpointer what, gboolean is_farewell)
{
    gboolean is_outermost;

    if (!connection)
        return;
    is_outermost = begin(connection);
    engineio_gone(connection->session, what, is_farewell, g_get_monotonic_time(),
                  connection->outputs);
    finish(connection, is_outermost);
}

void engineio_door_closed(Link *link)
{
    lose(link_owner(link), link, link_has_said_farewell(link));
}

/* --- HTTP --- */

static void refuse(Exchange *exchange, EngineIoError error)
{
    const char *body = engineio_error_body(error);

    answer(exchange, engineio_error_status(error), body, strlen(body));
}

static void open_polling(EngineIoDoor *door, Exchange *exchange)
{
    EngineIoConnection *connection;
    char *address = NULL;
    gboolean is_outermost;

    if (is_full(door) || !count_address(door, exchange, &address)) {
        answer(exchange, 503, "", 0);
        return;
    }
    connection = add_connection(door);
    connection->address = address;
    is_outermost = begin(connection);
    engineio_open_polling(connection->session, exchange, connection->outputs);
    finish(connection, is_outermost);
}

static void go_on(EngineIoConnection *connection, Exchange *exchange)
{
    gboolean is_get = strcmp(exchange_method(exchange), "GET") == 0;
    gint64 now_us = g_get_monotonic_time();
    gboolean is_outermost = begin(connection);
    const char *body;
    gsize length;

    exchange_set_owner(exchange, connection);
    if (is_get) {
        engineio_poll(connection->session, exchange, now_us, connection->outputs);
    } else {
        body = exchange_body(exchange, &length);
        engineio_post(connection->session, exchange, body, length, now_us, connection->outputs);
    }
    finish(connection, is_outermost);
}

static gboolean has_method(const Exchange *exchange, const char *method)
{
    return strcmp(exchange_method(exchange), method) == 0;
}

static void answer_poll(EngineIoDoor *door, Exchange *exchange, const char *sid)
{
    EngineIoConnection *connection = sid ? find_connection(door, sid) : NULL;

    if (sid && !connection)
        refuse(exchange, ENGINEIO_UNKNOWN_SID);
    else if (!sid && !has_method(exchange, "GET"))
        refuse(exchange, ENGINEIO_BAD_METHOD);
    else if (!sid)
        open_polling(door, exchange);
    else if (has_method(exchange, "GET") || has_method(exchange, "POST"))
        go_on(connection, exchange);
    else
        refuse(exchange, ENGINEIO_BAD_REQUEST);
}

void engineio_door_asked(EngineIoDoor *door, Exchange *exchange)
{
    g_autofree char *version = exchange_query(exchange, "EIO");
    g_autofree char *transport = exchange_query(exchange, "transport");
    g_autofree char *sid = exchange_query(exchange, "sid");
    EngineIoQuery query = engineio_query(version, transport, sid);
    EngineIoError error;

    if (has_method(exchange, "OPTIONS"))
        answer(exchange, 204, "", 0);
    else if (!engineio_check_query(&query, &error))
        refuse(exchange, error);
    else if (query.transport != ENGINEIO_POLLING)
        refuse(exchange, ENGINEIO_BAD_REQUEST);
    else
        answer_poll(door, exchange, sid);
}

void engineio_door_abandoned(Exchange *exchange)
{
    lose(exchange_owner(exchange), exchange, FALSE);
}

/* --- time --- */

static void wake(EngineIoConnection *connection, gint64 now_us)
{
    gboolean is_outermost = begin(connection);

    engineio_timeout(connection->session, now_us, connection->outputs);
    if (connection->wake_us <= now_us) {
        connection->wake_us = G_MAXINT64;
        connection->door->app->timeout(connection, now_us);
    }
    finish(connection, is_outermost);
}

/* The end of one may be the end of another. */
static void close_all(EngineIoDoor *door)
{
    g_autoptr(GPtrArray) sids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer sid;

    g_hash_table_iter_init(&iter, door->connections);
    while (g_hash_table_iter_next(&iter, &sid, NULL))
        g_ptr_array_add(sids, g_strdup(sid));
    for (guint i = 0; i < sids->len; i++) {
        EngineIoConnection *connection = find_connection(door, g_ptr_array_index(sids, i));

        if (connection)
            engineio_connection_close(connection);
    }
}

/* The end waits for requests that are under way, and a poll that is held would stay so. */
static void close_at_end(EngineIoDoor *door)
{
    if (door->is_closed || !listener_is_stopping(door->listener))
        return;
    door->is_closed = TRUE;
    close_all(door);
}

void engineio_door_tick(EngineIoDoor *door, gint64 now_us)
{
    Deadline *first;

    close_at_end(door);

    while ((first = deadlines_first(&door->deadlines)) && first->at_us <= now_us)
        wake((EngineIoConnection *)first, now_us);
}

/* --- for the application --- */

gboolean engineio_connection_hold(EngineIoConnection *connection)
{
    return begin(connection);
}

void engineio_connection_release(EngineIoConnection *connection, gboolean is_held)
{
    finish(connection, is_held);
}

void engineio_connection_set_owner(EngineIoConnection *connection, gpointer owner)
{
    connection->owner = owner;
}

gpointer engineio_connection_owner(const EngineIoConnection *connection)
{
    return connection->owner;
}

static void send_through_session(EngineIoConnection *connection, const char *head,
                                 gsize head_length, const char *text, gsize length)
{
    g_autoptr(GString) whole = g_string_sized_new(head_length + length + 1);
    gboolean is_outermost = begin(connection);

    g_string_append_len(whole, head, (gssize)head_length);
    g_string_append_len(whole, text, (gssize)length);
    engineio_send(connection->session, whole->str, whole->len, connection->outputs);
    finish(connection, is_outermost);
}

/* The usual way: nothing waits that it could overtake. */
static void send_at_once(Link *link, const char *head, gsize head_length, const char *text,
                         gsize length)
{
    char front[FRONT_BYTES];

    front[0] = (char)('0' + ENGINEIO_MESSAGE);
    memcpy(front + 1, head, head_length);
    link_send_two(link, front, head_length + 1, text, length);
}

void engineio_connection_send(EngineIoConnection *connection, const char *head, gsize head_length,
                              const char *text, gsize length)
{
    Link *link = engineio_websocket(connection->session);
    gboolean is_idle = !connection->outputs || connection->done == connection->outputs->len;

    if (connection->has_ended)
        return;
    if (link && is_idle && head_length < FRONT_BYTES)
        send_at_once(link, head, head_length, text, length);
    else
        send_through_session(connection, head, head_length, text, length);
}

void engineio_connection_close(EngineIoConnection *connection)
{
    gboolean is_outermost = begin(connection);

    engineio_close(connection->session, g_get_monotonic_time(), connection->outputs);
    finish(connection, is_outermost);
}

void engineio_connection_wake(EngineIoConnection *connection, gint64 at_us)
{
    connection->wake_us = at_us;
    if (!connection->outputs)
        plan(connection);
}

void engineio_connection_prove(EngineIoConnection *connection)
{
    engineio_prove(connection->session, g_get_monotonic_time());
    if (!connection->outputs)
        plan(connection);
}

gint64 engineio_connection_heard_us(const EngineIoConnection *connection)
{
    return engineio_heard_us(connection->session);
}

gboolean engineio_connection_read(EngineIoConnection *connection, gboolean is_wanted)
{
    Link *link = engineio_websocket(connection->session);

    if (link)
        link_read(link, is_wanted);
    return link != NULL;
}

/* --- beginning and end --- */

EngineIoDoor *engineio_door_new(Listener *listener, const EngineIoDoorSettings *settings,
                                const EngineIoApp *app, gpointer self)
{
    EngineIoDoor *door = g_new0(EngineIoDoor, 1);

    door->listener = listener;
    door->settings = *settings;
    door->app = app;
    door->self = self;
    door->spare = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    door->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    door->connections = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_connection);
    deadlines_init(&door->deadlines);
    return door;
}

void engineio_door_free(EngineIoDoor *door)
{
    if (!door)
        return;
    close_all(door);
    g_hash_table_unref(door->connections);
    g_hash_table_unref(door->addresses);
    g_ptr_array_unref(door->spare);
    deadlines_clear(&door->deadlines);
    g_free(door);
}
