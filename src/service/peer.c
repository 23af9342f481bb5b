#include "service/peer.h"

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

static void free_message(gpointer message)
{
    message_free(message);
}

void peer_unref(Peer *peer)
{
    if (!g_atomic_ref_count_dec(&peer->refs))
        return;
    outbox_clear(&peer->outbox, free_message);
    turns_clear(&peer->turns);
    peer->delivery->unref(peer->connection);
    g_free(peer);
}

void peer_put(Peer *peer, Message *message)
{
    outbox_put(&peer->outbox, g_memdup2(message, sizeof *message));
    *message = (Message){0};
}

static void send_message(gpointer item, gpointer user_data)
{
    Message *message = item;
    Peer *peer = user_data;

    peer->delivery->send(peer->connection, message);
    message_free(message);
}

void peer_drain(Peer *peer)
{
    outbox_drain(&peer->outbox, send_message, peer);
}
