/* One connection of a door, as the hub's address and as a queue of the events that wait for it. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/bucket.h"
#include "core/effect.h"
#include "ports/delivery.h"
#include "service/orders.h"
#include "service/outbox.h"
#include "service/turns.h"

typedef struct Address Peer;

struct Address {
    gatomicrefcount refs;
    const Delivery *delivery;
    gpointer connection; /* a reference */
    Outbox outbox;       /* of Letter, owned */
    Turns turns;         /* of requests that nobody waits for */
    /* Guarded by the service's lock. */
    gboolean is_gone;     /* the hub must not learn of it any more */
    Bucket registrations; /* how fast it registers */
    Bucket read;          /* how many bytes of calls it is told of */
};

/* Takes a reference to the connection until the peer is freed. */
Peer *peer_new(const Delivery *delivery, gpointer connection);
Peer *peer_ref(Peer *peer);
void peer_unref(Peer *peer);

/* Takes over what `message` owns and leaves it empty. It goes out when the media's order `after` has
 * been carried out; 0: at once. */
void peer_put(Peer *peer, Message *message, Orders *orders, OrderTicket after);
void peer_drain(Peer *peer);
