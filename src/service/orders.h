/* What the media layer is to do, in the order of the steps. */
#pragma once

#include <glib.h>

#include "ports/media.h"
#include "service/outbox.h"

/* Where in the queue an order is; 0 is "nowhere". */
typedef guint64 OrderTicket;

typedef struct {
    Outbox outbox; /* of MediaOrder, owned, each address with a reference */
    const MediaPort *port;
    gpointer port_self;
    OrderTicket put; /* guarded by the service's lock */
    GMutex lock;     /* guards `done` */
    GCond progress;
    OrderTicket done; /* so many were carried out */
    gint waiting;     /* atomic: were put, and not carried out */
    Outbox failed;    /* of Record, owned: calls whose orders could not be */
} Orders;

void orders_init(Orders *orders, const MediaPort *port, gpointer port_self);
void orders_clear(Orders *orders);

/* Takes over what `order` owns and leaves it empty; takes references to its addresses. Under the
 * service's lock. Without a port it is forgotten. */
OrderTicket orders_put(Orders *orders, MediaOrder *order);
/* Whether one waits, so that whoever drains may have to carry it out. Any thread. */
gboolean orders_are_waiting(Orders *orders);
/* Has the port carry out what is there. With no lock held. */
void orders_drain(Orders *orders);
/* Tells of each call whose order could not be carried out; `hand` takes over the Record. With no
 * lock held. */
void orders_drain_failed(Orders *orders, OutboxHand hand, gpointer user_data);
/* Waits until an order has been carried out: whoever put it drains next, so that comes. With no
 * lock held. */
void orders_wait(Orders *orders, OrderTicket ticket);
