#include "service/orders.h"

#include "service/peer.h"

void orders_init(Orders *orders, const MediaPort *port, gpointer port_self, OutboxHand fail,
                 gpointer fail_data)
{
    *orders = (Orders){.port = port, .port_self = port_self, .fail = fail, .fail_data = fail_data};
    outbox_init(&orders->outbox);
    outbox_init(&orders->failed);
    g_mutex_init(&orders->lock);
    g_cond_init(&orders->progress);
}

static void hold(Address *address)
{
    if (address)
        peer_ref(address);
}

static void let_go(Address *address)
{
    if (address)
        peer_unref(address);
}

static void free_order(gpointer item)
{
    MediaOrder *order = item;

    let_go(order->joined[SIDE_CALLER]);
    let_go(order->joined[SIDE_CALLEE]);
    let_go(order->at);
    media_order_clear(order);
    g_free(order);
}

static void free_record(gpointer record)
{
    record_unref(record);
}

void orders_clear(Orders *orders)
{
    outbox_clear(&orders->outbox, free_order);
    outbox_clear(&orders->failed, free_record);
    g_cond_clear(&orders->progress);
    g_mutex_clear(&orders->lock);
}

OrderTicket orders_put(Orders *orders, MediaOrder *order)
{
    if (!orders->port) {
        media_order_clear(order);
        return 0;
    }
    hold(order->joined[SIDE_CALLER]);
    hold(order->joined[SIDE_CALLEE]);
    hold(order->at);
    g_atomic_int_inc(&orders->waiting);
    outbox_put(&orders->outbox, g_memdup2(order, sizeof *order));
    *order = (MediaOrder){0};
    return ++orders->put;
}

static void carry_out(gpointer item, gpointer data)
{
    Orders *orders = data;
    const MediaOrder *order = item;

    if (!orders->port->carry_out(orders->port_self, order))
        outbox_put(&orders->failed, record_ref(order->record));
    free_order(item);
    g_atomic_int_add(&orders->waiting, -1);
    g_mutex_lock(&orders->lock);
    orders->done++;
    g_cond_broadcast(&orders->progress);
    g_mutex_unlock(&orders->lock);
}

gboolean orders_are_waiting(Orders *orders)
{
    return g_atomic_int_get(&orders->waiting) > 0;
}

void orders_drain(Orders *orders)
{
    outbox_drain(&orders->outbox, carry_out, orders);
    outbox_drain(&orders->failed, orders->fail, orders->fail_data);
}

void orders_wait(Orders *orders, OrderTicket ticket)
{
    if (!ticket)
        return;
    /* Whoever put it may not have come to it yet, or may wait for something itself. */
    orders_drain(orders);
    g_mutex_lock(&orders->lock);
    while (orders->done < ticket)
        g_cond_wait(&orders->progress, &orders->lock);
    g_mutex_unlock(&orders->lock);
}
