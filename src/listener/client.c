#include "listener/private.h"
#include "wire/write.h"

struct Client {
    gatomicrefcount refs; /* its protocol's, the peer's, and those of what is under way */
    Listener *listener;   /* a reference */
    const ClientOps *ops;
    gpointer owner;
    Peer *peer; /* NULL when it is closed */
    guint unanswered;
    gint afar;     /* atomic: bytes of events that are on their way to the listener's thread */
    gint has_lost; /* atomic: some were more than may wait */
};

/* An event on its way to the listener's thread. */
typedef struct {
    Item item;
    Client *client;
    char *text;
    gsize length;
} Told;

/* A request on its way to the service and back. */
typedef struct {
    Item item;
    Client *client;
    Body *body;
    gpointer tag;
    Request request;
    Reply reply;
} Asked;

static Client *client_ref(Client *client)
{
    g_atomic_ref_count_inc(&client->refs);
    return client;
}

static void client_unref(Client *client)
{
    if (!g_atomic_ref_count_dec(&client->refs))
        return;
    listener_unref(client->listener);
    g_free(client);
}

/* --- events, from any thread --- */

/* What goes to several devices of a user, one after the other. */
static gboolean is_for_several(const Message *message)
{
    return message->kind == MESSAGE_INCOMING || message->kind == MESSAGE_ENDED;
}

static gboolean says_the_same(const Message *one, const Message *other)
{
    return one->kind == other->kind && one->view == other->view && one->record == other->record &&
           one->timestamp_ms == other->timestamp_ms && one->expires_in_ms == other->expires_in_ms &&
           one->status == other->status && one->cause == other->cause &&
           one->device_id == other->device_id;
}

void text_cache_clear(TextCache *cache)
{
    message_clear(&cache->message);
    g_free(cache->text);
    *cache = (TextCache){0};
}

/* Takes the text over. */
static void remember(TextCache *cache, const ClientOps *ops, const Message *message, char *text,
                     gsize length)
{
    text_cache_clear(cache);
    *cache = (TextCache){.write = ops->write, .text = text, .length = length};
    cache->message = (Message){.kind = message->kind,
                               .view = message->view,
                               .record = record_ref(message->record),
                               .timestamp_ms = message->timestamp_ms,
                               .expires_in_ms = message->expires_in_ms,
                               .status = message->status,
                               .cause = message->cause,
                               .device_id = ref_string_share(message->device_id)};
}

static void hand_over(Client *client, const char *text, gsize length)
{
    if (!client->peer)
        return;
    client->listener->stats.events++;
    client->ops->event(client, text, length);
}

/* On the listener's thread, with nothing before it. */
static void tell_directly(Client *client, const Message *message)
{
    TextCache *cache = &client->listener->cache;
    char *text;
    gsize length;

    if (!client->peer)
        return;
    if (cache->text && cache->write == client->ops->write &&
        says_the_same(&cache->message, message)) {
        hand_over(client, cache->text, cache->length);
        return;
    }
    text = client->ops->write(message, client->listener->options.join, &length);
    hand_over(client, text, length);
    if (is_for_several(message))
        remember(cache, client->ops, message, text, length);
    else
        g_free(text);
}

static void free_told(Told *told)
{
    g_free(told->text);
    client_unref(told->client);
    g_free(told);
}

static void run_told(Item *item)
{
    Told *told = (Told *)item;

    g_atomic_int_add(&told->client->afar, -(gint)told->length);
    hand_over(told->client, told->text, told->length);
    free_told(told);
}

static void run_overflow(Item *item)
{
    Told *told = (Told *)item;

    if (told->client->peer)
        told->client->ops->overflowed(told->client);
    free_told(told);
}

/* FALSE: there was too much before. The first time, the client is told. */
static gboolean may_wait(Client *client, gsize length)
{
    gsize most = client->listener->options.max_waiting_bytes;
    Told *told;

    if (!client->ops->overflowed)
        return TRUE;
    if ((gsize)g_atomic_int_get(&client->afar) + length <= most)
        return !g_atomic_int_get(&client->has_lost);
    if (!g_atomic_int_compare_and_exchange(&client->has_lost, 0, 1))
        return FALSE;
    told = g_new0(Told, 1);
    told->item.run = run_overflow;
    told->client = client_ref(client);
    if (!listener_put(client->listener, &told->item))
        free_told(told);
    return FALSE;
}

static void tell_from_afar(Client *client, const Message *message)
{
    Told *told = g_new0(Told, 1);

    told->item.run = run_told;
    told->client = client_ref(client);
    told->text = client->ops->write(message, client->listener->options.join, &told->length);
    if (!may_wait(client, told->length)) {
        free_told(told);
        return;
    }
    g_atomic_int_add(&client->afar, (gint)told->length);
    if (!listener_put(client->listener, &told->item))
        free_told(told);
}

static void send_event(gpointer connection, const Message *message)
{
    Client *client = connection;

    if (client->listener->options.on_sent)
        client->listener->options.on_sent(message);
    if (listener_is_direct(client->listener))
        tell_directly(client, message);
    else
        tell_from_afar(client, message);
}

static void ref_connection(gpointer connection)
{
    client_ref(connection);
}

static void unref_connection(gpointer connection)
{
    client_unref(connection);
}

static const Delivery delivery = {
    .send = send_event, .ref = ref_connection, .unref = unref_connection};

/* --- requests --- */

static void free_asked(Asked *asked)
{
    Client *client = asked->client;

    reply_clear(&asked->reply);
    request_clear(&asked->request);
    body_free(asked->body);
    if (asked->tag && client->ops->free_tag)
        client->ops->free_tag(asked->tag);
    client_unref(client);
    g_free(asked);
}

static void answer(Asked *asked)
{
    Client *client = asked->client;
    const Listener *listener = client->listener;

    client->unanswered--;
    client->ops->replied(client, g_steal_pointer(&asked->tag), &asked->reply,
                         service_hub_settings(listener->service), listener->options.join);
}

static void run_answered(Item *item)
{
    Asked *asked = (Asked *)item;
    Client *client = asked->client;
    Listener *listener = client->listener;

    listener->asks--;
    if (client->peer)
        answer(asked);
    free_asked(asked);
}

/* By any thread. The listener does not end before each request was replied to. */
static void take_reply(Reply *reply, gpointer data)
{
    Asked *asked = data;
    Listener *listener = asked->client->listener;

    asked->reply = *reply;
    if (listener->options.on_request)
        listener->options.on_request(&asked->request.event, &asked->reply);
    asked->item.run = run_answered;
    if (listener_is_direct(listener))
        run_answered(&asked->item);
    else if (!listener_put(listener, &asked->item))
        free_asked(asked);
}

static void refuse(Asked *asked)
{
    const Object body = body_object(asked->body);
    const Value name = object_get(&body, "request");
    Client *client = asked->client;

    client->unanswered--;
    client->ops->refused(client, g_steal_pointer(&asked->tag),
                         write_refusal(asked->request.event.fault.refusal,
                                       asked->request.event.fault.text, name.string));
    free_asked(asked);
}

void client_request(Client *client, Body *body, gpointer tag)
{
    Listener *listener = client->listener;
    /* How many bytes came was looked at when they came. */
    const MessageLimits limits = {.depth = listener->options.message.depth};
    Asked *asked = g_new(Asked, 1);

    *asked = (Asked){.client = client_ref(client), .body = body, .tag = tag};
    client->unanswered++;
    listener->stats.requests++;
    if (!request_parse_body(&asked->request, body, DOOR_SOCKET, &limits)) {
        refuse(asked);
        return;
    }
    listener->asks++;
    service_request_then(listener->service, client->peer, &asked->request.event, take_reply, asked);
}

/* --- its life --- */

Client *client_new(Listener *listener, const ClientOps *ops, gpointer owner)
{
    Client *client = g_new0(Client, 1);

    g_atomic_ref_count_init(&client->refs);
    client->listener = listener_ref(listener);
    client->ops = ops;
    client->owner = owner;
    client->peer = peer_new(&delivery, client);
    listener->stats.clients++;
    return client;
}

void client_close(Client *client)
{
    Peer *peer = g_steal_pointer(&client->peer);

    client->owner = NULL;
    client->listener->stats.clients--;
    service_disconnect(client->listener->service, peer);
    client_unref(client);
}

gpointer client_owner(const Client *client)
{
    return client->owner;
}

void client_set_owner(Client *client, gpointer owner)
{
    client->owner = owner;
}

guint client_unanswered(const Client *client)
{
    return client->unanswered;
}

gboolean client_has_device(const Client *client)
{
    PeerInfo info;

    if (!client->peer || !service_peer_info(client->listener->service, client->peer, &info))
        return FALSE;
    peer_info_clear(&info);
    return TRUE;
}
