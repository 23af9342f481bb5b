/* What the files of the service share: service.c (start, stop, the timer), step.c (a step of the hub,
 * and what it leaves to do), ask.c (requests). */
#pragma once

#include "service/journal.h"
#include "service/orders.h"
#include "service/outbox.h"
#include "service/readers.h"
#include "service/service.h"

struct Service {
    ServiceOptions options;
    gint64 started_us;
    Journal *journal; /* NULL for a store that keeps nothing beyond the process: that one is written
                         at once */
    Outbox records;   /* of Record: what waits for such a store */
    Outbox notices;   /* of Notice, for the notifier */
    Outbox pushes;    /* of Push, for the backend */
    Orders orders;    /* for who carries media */
    gint dropped;     /* atomic: events that a store without a journal gave up for its bounds */

    GMutex lock; /* guards the hub and each peer's is_gone, and orders what goes into outboxes and
                    journal */
    Hub *hub;
    GCond timer_wanted; /* the hub's deadline moved before timer_us, or the end */
    gint64 timer_us;    /* when the timer thread wakes by itself */
    gboolean is_stopping;
    GThread *timer;

    Gate gate;
    GMutex reloading; /* one reload of auth at a time */
    Readers *readers; /* of Ask: what they read from the store first */
};

/* --- step.c --- */

/* Most steps tell no more than so many. */
#define USUAL_PEERS 4

/* What a step leaves to do when the lock is open again. */
typedef struct {
    Effects effects;
    Peer *few[USUAL_PEERS]; /* references: whose outboxes got something */
    guint few_count;
    GPtrArray *more; /* further ones; or NULL */
    JournalTicket ticket;
    OrderTicket after; /* what has to be done before anybody is told */
} Work;

void work_init(Work *work);
void work_clear(Work *work);

void service_queues_init(Service *service);
void service_queues_clear(Service *service);

/* With the lock, and with the hub in order: to ask it something. (A step needs only the lock.) */
void service_lock_hub(Service *service);
/* Fills in the event's time and begins a step of the hub, which service_deliver() ends. What its effects are goes into queues,
 * nothing else. Called with the lock held. */
void service_step(Service *service, Event *event, Work *work);
/* Has the timer thread look anew, if it would sleep beyond the deadline (monotonic microseconds; the
 * hub's). Called with the lock held. */
void service_wake_timer_by(Service *service, gint64 deadline_us);
void service_wake_timer(Service *service);
/* Carries out what is in the queues. With no lock held. */
void service_deliver(Service *service, Work *work);
/* Tells the backend that there are events in the outbox; `data` is the Service. */
void service_tell_committed(gpointer data);

/* --- ask.c --- */

/* What a reader does with an Ask. */
void service_read_for_ask(gpointer data);
