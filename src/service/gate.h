/* What a request has to pass before the hub hears of it: how fast its connection asks, and who a
 * call:register comes from. */
#pragma once

#include <glib.h>

#include "core/effect.h"
#include "ports/auth.h"
#include "service/peer.h"

/* How fast one connection may ask for what costs more than a step. */
typedef struct {
    Rate registrations;
    Rate read; /* bytes of calls that its requests are answered with */
} ConnectionRates;

typedef struct {
    GMutex *lock; /* the service's, which guards each peer's buckets */
    Auth *auth;   /* NULL believes what the events say */
    ConnectionRates rates;
} Gate;

/* What the event borrows after it has passed. */
typedef struct {
    Identity identity;
    char *fault;
} GatePass;

/* Fills in who a call:register comes from, or the fault with which the hub will refuse the event.
 * `peer` is NULL for a backend. Never blocks for long, and must be called without the lock. */
void gate_pass(const Gate *gate, Peer *peer, Event *event, GatePass *pass);
void gate_pass_clear(GatePass *pass);

/* What the connection was answered with counts for the next time. */
void gate_count_read(const Gate *gate, Peer *peer, const Reply *reply);
