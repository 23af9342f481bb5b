#include "service/service_private.h"

/* More than one record brings. */
#define TRIM_MOST 64

/* --- the queues --- */

typedef struct {
    Change change;
    Record *record;   /* of a change */
    Message *message; /* of one that was missed */
} Notice;

static void unref_peer(gpointer peer)
{
    peer_unref(peer);
}

static void unref_record(gpointer record)
{
    record_unref(record);
}

void work_init(Work *work)
{
    effects_init(&work->effects);
    work->few_count = 0;
    work->more = NULL;
    work->ticket = 0;
    work->after = 0;
}

void work_clear(Work *work)
{
    effects_clear(&work->effects);
    while (work->few_count > 0)
        peer_unref(work->few[--work->few_count]);
    g_clear_pointer(&work->more, g_ptr_array_unref);
}

static void add_peer(Work *work, Peer *peer)
{
    if (work->few_count < USUAL_PEERS) {
        work->few[work->few_count++] = peer_ref(peer);
        return;
    }
    if (!work->more)
        work->more = g_ptr_array_new_with_free_func(unref_peer);
    g_ptr_array_add(work->more, peer_ref(peer));
}

static void drain_peers(const Work *work)
{
    for (guint i = 0; i < work->few_count; i++)
        peer_drain(work->few[i]);
    for (guint i = 0; work->more && i < work->more->len; i++)
        peer_drain(g_ptr_array_index(work->more, i));
}

static void put_notice(Service *service, Notice notice)
{
    outbox_put(&service->notices, g_memdup2(&notice, sizeof notice));
}

static void free_notice(gpointer item)
{
    Notice *notice = item;

    record_unref(notice->record);
    message_free(notice->message);
    g_free(notice);
}

static void hand_notice(gpointer item, gpointer data)
{
    Service *service = data;
    const Notice *notice = item;

    if (notice->record)
        service->options.notifier->changed(service->options.notifier_self, notice->change,
                                           notice->record);
    else
        service->options.notifier->missed(service->options.notifier_self, notice->message);
    free_notice(item);
}

/* --- under the lock: effects go into queues, nothing else --- */

static void queue_send(Service *service, Work *work, Effect *effect)
{
    peer_put(effect->to, &effect->message, &service->orders, work->after);
    add_peer(work, effect->to);
}

/* A device that is told of a room finds it; one that gets an offer has been linked. */
static void queue_order(Service *service, Work *work, Effect *effect)
{
    MediaOrderKind kind = effect->order.kind;
    OrderTicket ticket = orders_put(&service->orders, &effect->order);

    if (kind == MEDIA_ORDER_ROOM || kind == MEDIA_ORDER_LINK)
        work->after = ticket;
}

static void queue_missed(Service *service, Effect *effect)
{
    if (!service->options.notifier)
        return;
    put_notice(service, (Notice){.message = g_memdup2(&effect->message, sizeof effect->message)});
    effect->message = (Message){0};
}

static void queue_record(Service *service, Work *work, const Effect *effect)
{
    JournalTicket ticket = 0;

    if (service->journal)
        ticket = journal_append(service->journal, effect->record);
    else
        outbox_put(&service->records, record_ref(effect->record));
    work->ticket = ticket;
    if (effect->change == CHANGE_TOUCHED)
        return;
    if (service->options.notifier)
        put_notice(service,
                   (Notice){.change = effect->change, .record = record_ref(effect->record)});
}

static void queue_push(Service *service, const Effect *effect)
{
    Push push = {.record = effect->record,
                 .is_stop = effect->is_stop,
                 .expires_in_ms = effect->expires_in_ms};

    if (!service->options.backend)
        return;
    record_ref(push.record);
    outbox_put(&service->pushes, g_memdup2(&push, sizeof push));
}

static void free_push(gpointer item)
{
    Push *push = item;

    record_unref(push->record);
    g_free(push);
}

static void hand_push(gpointer item, gpointer data)
{
    Service *service = data;

    service->options.backend->push(service->options.backend_self, item);
    free_push(item);
}

static void queue_effects(Service *service, Work *work)
{
    for (guint i = 0; i < work->effects.count; i++) {
        Effect *effect = effects_at(&work->effects, i);

        switch (effect->kind) {
        case EFFECT_SEND:
            queue_send(service, work, effect);
            break;
        case EFFECT_MISSED:
            queue_missed(service, effect);
            break;
        case EFFECT_RECORD:
            queue_record(service, work, effect);
            break;
        case EFFECT_PUSH:
            queue_push(service, effect);
            break;
        case EFFECT_MEDIA:
            queue_order(service, work, effect);
            break;
        }
    }
}

void service_wake_timer_by(Service *service, gint64 deadline_us)
{
    if (deadline_us < service->timer_us)
        g_cond_signal(&service->timer_wanted);
}

void service_wake_timer(Service *service)
{
    service_wake_timer_by(service, hub_deadline(service->hub));
}

void service_lock_hub(Service *service)
{
    g_mutex_lock(&service->lock);
    hub_step_end(service->hub);
}

void service_step(Service *service, Event *event, Work *work)
{
    event->now_us = g_get_monotonic_time();
    event->wall_ms = g_get_real_time() / 1000;
    hub_step_begin(service->hub, event, &work->effects);
    queue_effects(service, work);
}

/* --- with no lock --- */

void service_tell_committed(gpointer data)
{
    const Service *service = data;

    service->options.backend->committed(service->options.backend_self);
}

/* What is kept in memory only is kept within its bounds as it comes. */
static void trim_at_once(Service *service)
{
    Store *store = service->options.store;
    gint64 before_ms = g_get_real_time() / 1000 - service->options.outbox_ms;
    guint dropped = 0;

    store->ops->trim(store, before_ms, service->options.outbox_rows, TRIM_MOST, &dropped, NULL);
    g_atomic_int_add(&service->dropped, (gint)dropped);
    service_tell_committed(service);
}

static void write_at_once(gpointer item, gpointer data)
{
    Service *service = data;
    Record *record = item;

    service->options.store->ops->write(service->options.store, &record, 1, NULL);
    record_unref(record);
    if (service->options.backend)
        trim_at_once(service);
}

static void fail_call(gpointer item, gpointer data)
{
    Record *record = item;
    const CallFacts *facts = record->facts;
    MediaReportEvent which = {facts->caller_id, facts->call_id, facts->created_ms, NULL};

    service_media_failed(data, &which);
    record_unref(record);
}

/* It may be another's by now. What it puts in order may have a deadline. */
static void end_step(Service *service)
{
    service_lock_hub(service);
    service_wake_timer(service);
    g_mutex_unlock(&service->lock);
}

/* To wake the writer takes as long as to tell a device, which comes first, unless something may have to be waited for before. */
static void wake_writer(const Service *service, const Work *work)
{
    if (service->journal && work->ticket)
        journal_wake(service->journal);
}

void service_deliver(Service *service, Work *work)
{
    if (work->after || orders_are_waiting(&service->orders))
        wake_writer(service, work);
    orders_drain(&service->orders);
    if (service->options.backend)
        outbox_drain_in_turns(&service->pushes, hand_push, service);
    drain_peers(work);
    if (!service->journal)
        outbox_drain_in_turns(&service->records, write_at_once, service);
    wake_writer(service, work);
    end_step(service);
    if (service->options.notifier)
        outbox_drain_in_turns(&service->notices, hand_notice, service);
}

/* --- their life --- */

void service_queues_init(Service *service)
{
    outbox_init(&service->records);
    outbox_init(&service->notices);
    outbox_init(&service->pushes);
    orders_init(&service->orders, service->options.media, service->options.media_self, fail_call,
                service);
}

void service_queues_clear(Service *service)
{
    outbox_clear(&service->records, unref_record);
    outbox_clear(&service->notices, free_notice);
    outbox_clear(&service->pushes, free_push);
    orders_clear(&service->orders);
}
