#include "service/peer.h"

/* A message, and what has to be done before the device may hear of it. */
typedef struct {
    Message message;
    Orders *orders;
    OrderTicket after;
} Letter;

Peer *peer_new(const Delivery *delivery, gpointer connection)
{
    Peer *peer = g_new0(Peer, 1);

    g_atomic_ref_count_init(&peer->refs);
    peer->delivery = delivery;
    peer->connection = connection;
    delivery->ref(connection);
    outbox_init(&peer->outbox);
    turns_init(&peer->turns);
    return peer;
}

Peer *peer_ref(Peer *peer)
{
    g_atomic_ref_count_inc(&peer->refs);
    return peer;
}

static void free_letter(gpointer item)
{
    Letter *letter = item;

    message_clear(&letter->message);
    g_free(letter);
}

void peer_unref(Peer *peer)
{
    if (!g_atomic_ref_count_dec(&peer->refs))
        return;
    outbox_clear(&peer->outbox, free_letter);
    turns_clear(&peer->turns);
    peer->delivery->unref(peer->connection);
    g_free(peer);
}

void peer_put(Peer *peer, Message *message, Orders *orders, OrderTicket after)
{
    Letter letter = {.message = *message, .orders = orders, .after = after};

    outbox_put(&peer->outbox, g_memdup2(&letter, sizeof letter));
    *message = (Message){0};
}

static void send_letter(gpointer item, gpointer user_data)
{
    const Letter *letter = item;
    Peer *peer = user_data;

    orders_wait(letter->orders, letter->after);
    peer->delivery->send(peer->connection, &letter->message);
    free_letter(item);
}

void peer_drain(Peer *peer)
{
    outbox_drain(&peer->outbox, send_letter, peer);
}
