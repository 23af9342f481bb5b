/* Port: how the service hands an event to a door. Each door (Janus handles, our own listener) has
 * an implementation. */
#pragma once

#include "core/effect.h"

/* What a door says about one of its connections. `connection` is the door's own thing. */
typedef struct {
    /* Sends one event. Called in the order in which the hub made the events of this connection, by
     * one thread at a time, with no lock of the service held. May block for a short time; it delays
     * nobody but those who wait for this connection. Whether the event arrives is not known: a
     * device that missed it asks with call:register. */
    void (*send)(gpointer connection, const Message *message);
    /* Queued events hold a reference. */
    void (*ref)(gpointer connection);
    void (*unref)(gpointer connection);
} Delivery;
