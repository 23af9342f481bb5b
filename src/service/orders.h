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
    OutboxHand fail;  /* is told of each of them, and takes over the Record */
    gpointer fail_data;
} Orders;

/* `fail` is told, with no lock held, of each call whose order could not be carried out. */
void orders_init(Orders *orders, const MediaPort *port, gpointer port_self, OutboxHand fail,
                 gpointer fail_data);
void orders_clear(Orders *orders);

/* Takes over what `order` owns and leaves it empty; takes references to its addresses. Under the
 * service's lock. Without a port it is forgotten. */
OrderTicket orders_put(Orders *orders, MediaOrder *order);
/* Whether one waits, so that whoever drains may have to carry it out. Any thread. */
gboolean orders_are_waiting(Orders *orders);
/* Has the port carry out what is there, and tells of what it could not. With no lock held. */
void orders_drain(Orders *orders);
/* Waits until an order has been carried out, on this thread if no other is at it. 0: does not wait.
 * With no lock held. */
void orders_wait(Orders *orders, OrderTicket ticket);
