#include "service/service.h"

#include "service/ids.h"
#include "service/journal.h"
#include "service/orders.h"
#include "service/outbox.h"
#include "service/readers.h"
#include "service/recall.h"

/* More than one record brings. */
#define TRIM_MOST 64

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

/* --- what a step leaves to do when the lock is open again --- */

typedef struct {
    Effects effects;
    GPtrArray *peers; /* references: whose outboxes got something */
    JournalTicket ticket;
    OrderTicket after; /* what has to be done before anybody is told */
} Work;

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

static void work_init(Work *work)
{
    effects_init(&work->effects);
    work->peers = g_ptr_array_new_with_free_func(unref_peer);
    work->ticket = 0;
    work->after = 0;
}

static void work_clear(Work *work)
{
    effects_clear(&work->effects);
    g_ptr_array_unref(work->peers);
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
    g_ptr_array_add(work->peers, peer_ref(effect->to));
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
    for (guint i = 0; i < work->effects.list->len; i++) {
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

/* Called with the lock held. */
static void wake_timer_by(Service *service, gint64 deadline_us)
{
    if (deadline_us < service->timer_us)
        g_cond_signal(&service->timer_wanted);
}

static void wake_timer(Service *service)
{
    wake_timer_by(service, hub_deadline(service->hub));
}

static void step(Service *service, Event *event, Work *work)
{
    event->now_us = g_get_monotonic_time();
    event->wall_ms = g_get_real_time() / 1000;
    hub_step(service->hub, event, &work->effects);
    queue_effects(service, work);
}

/* --- with no lock --- */

static void tell_committed(gpointer data)
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
    tell_committed(service);
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

static void deliver(Service *service, Work *work)
{
    orders_drain(&service->orders);
    orders_drain_failed(&service->orders, fail_call, service);
    if (service->options.backend)
        outbox_drain(&service->pushes, hand_push, service);
    for (guint i = 0; i < work->peers->len; i++)
        peer_drain(g_ptr_array_index(work->peers, i));
    if (!service->journal)
        outbox_drain(&service->records, write_at_once, service);
    if (service->options.notifier)
        outbox_drain(&service->notices, hand_notice, service);
}

/* --- the timer thread --- */

static void carry_out_timeout(Service *service)
{
    Event event = {.kind = EVENT_TIMEOUT};
    Work work;

    work_init(&work);
    step(service, &event, &work);
    g_mutex_unlock(&service->lock);
    deliver(service, &work);
    work_clear(&work);
    g_mutex_lock(&service->lock);
}

/* Replies that wait for a store which is slow. Called and returns with the lock held. */
static void let_replies_go(Service *service)
{
    g_mutex_unlock(&service->lock);
    journal_expire(service->journal);
    g_mutex_lock(&service->lock);
}

static gint64 replies_deadline(Service *service)
{
    return service->journal ? journal_deadline(service->journal) : G_MAXINT64;
}

static gpointer run_timer(gpointer data)
{
    Service *service = data;

    g_mutex_lock(&service->lock);
    while (!service->is_stopping) {
        gint64 hub_us = hub_deadline(service->hub);
        gint64 replies_us = replies_deadline(service);
        gint64 now_us = g_get_monotonic_time();

        service->timer_us = MIN(hub_us, replies_us);
        if (hub_us <= now_us)
            carry_out_timeout(service);
        else if (replies_us <= now_us)
            let_replies_go(service);
        else if (service->timer_us == G_MAXINT64)
            g_cond_wait(&service->timer_wanted, &service->lock);
        else
            g_cond_wait_until(&service->timer_wanted, &service->lock, service->timer_us);
    }
    g_mutex_unlock(&service->lock);
    return NULL;
}

/* --- start and stop --- */

static void read_for_ask(gpointer data);

Service *service_new(const ServiceOptions *options)
{
    Service *service = g_new0(Service, 1);

    service->options = *options;
    service->started_us = g_get_monotonic_time();
    service->hub = hub_new(&options->hub);
    if (options->store->ops->is_durable)
        service->journal =
            journal_new(options->store, &(JournalOptions){
                                            .wait_us = options->store_wait_us,
                                            .max_waiting = options->max_waiting_replies,
                                            .keep_ms = options->keep_ms,
                                            .probe_us = options->probe_us,
                                            .outbox_ms = options->outbox_ms,
                                            .outbox_rows = options->outbox_rows,
                                            .committed = options->backend ? tell_committed : NULL,
                                            .committed_data = service,
                                        });
    outbox_init(&service->records);
    outbox_init(&service->notices);
    outbox_init(&service->pushes);
    orders_init(&service->orders, options->media, options->media_self);
    g_mutex_init(&service->lock);
    service->gate = (Gate){.lock = &service->lock, .auth = options->auth, .rates = options->rates};
    g_mutex_init(&service->reloading);
    g_cond_init(&service->timer_wanted);
    service->timer_us = G_MAXINT64;
    service->readers = readers_new(read_for_ask);
    service->timer = g_thread_new("call-timer", run_timer, service);
    return service;
}

void service_free(Service *service)
{
    if (!service)
        return;
    readers_free(service->readers);
    g_mutex_lock(&service->lock);
    service->is_stopping = TRUE;
    g_cond_signal(&service->timer_wanted);
    g_mutex_unlock(&service->lock);
    g_thread_join(service->timer);

    journal_free(service->journal);
    outbox_clear(&service->records, unref_record);
    outbox_clear(&service->notices, free_notice);
    outbox_clear(&service->pushes, free_push);
    orders_clear(&service->orders);
    hub_free(service->hub);
    store_free(service->options.store);
    auth_free(service->options.auth);
    g_mutex_clear(&service->reloading);
    g_cond_clear(&service->timer_wanted);
    g_mutex_clear(&service->lock);
    g_free(service);
}

/* --- connections --- */

void service_disconnect(Service *service, Peer *peer)
{
    Event event = {.kind = EVENT_GONE, .from = peer};
    Work work;

    work_init(&work);
    g_mutex_lock(&service->lock);
    peer->is_gone = TRUE;
    step(service, &event, &work);
    wake_timer(service);
    g_mutex_unlock(&service->lock);
    deliver(service, &work);
    work_clear(&work);
    peer_unref(peer);
}

/* --- requests --- */

static gboolean is_confirming(const Reply *reply)
{
    switch (reply->request) {
    case EVENT_INITIATE:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
        return reply->refusal == REFUSAL_NONE;
    case EVENT_UNREGISTER:
    case EVENT_DISCONNECT:
    case EVENT_REGISTER:
    case EVENT_RINGING:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
    case EVENT_HISTORY:
    case EVENT_JOIN:
    case EVENT_MEDIA:
    case EVENT_CONFIGURE:
    case EVENT_RECORD:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        return FALSE;
    }
    g_assert_not_reached();
}

/* What a reply confirms is in the store, also when it repeats what another request made. TRUE: that
 * has to be waited for. */
static gboolean needs_commit(Service *service, Work *work)
{
    Reply *reply = &work->effects.reply;

    if (!service->journal) {
        reply->is_not_durable = reply->request == EVENT_REGISTER && reply->refusal == REFUSAL_NONE;
        return FALSE;
    }
    if (!work->ticket && is_confirming(reply))
        work->ticket = journal_latest(service->journal);
    return work->ticket != 0;
}

static void wait_for_commit(Service *service, Work *work)
{
    if (needs_commit(service, work))
        work->effects.reply.is_not_durable = !journal_wait(service->journal, work->ticket);
}

static void step_request(Service *service, Peer *peer, Event *event, Work *work)
{
    g_mutex_lock(&service->lock);
    if (peer && peer->is_gone) {
        /* Its end was first: nothing may hold on to it any more. */
        effects_refuse(&work->effects, event, REFUSAL_NOT_REGISTERED, "the connection is closed");
    } else {
        step(service, event, work);
        wake_timer(service);
    }
    g_mutex_unlock(&service->lock);
}

static gboolean wants_fresh_id(const Event *event)
{
    return (event->kind == EVENT_INITIATE && !event->initiate.call_id) ||
           (event->kind == EVENT_REGISTER && !event->reg.device_id);
}

/* Memory has what ended since the start; what ended before a restart is told for as long as it is
 * of interest. */
static gboolean has_started_lately(const Service *service)
{
    return g_get_monotonic_time() - service->started_us < ENDED_KEPT_US;
}

/* NULL for nobody, and for somebody whose request will be refused: that is not worth a look into the
 * store. */
static char *sender_id(Service *service, const Peer *peer, const Event *event)
{
    DeviceInfo info;
    char *user_id = NULL;

    if (!peer)
        return g_strdup(event->as_user);
    g_mutex_lock(&service->lock);
    if (hub_device_info(service->hub, peer, &info) && !info.is_too_fast)
        user_id = g_strdup(info.user_id);
    g_mutex_unlock(&service->lock);
    return user_id;
}

static gboolean wants_ended(const Service *service, const Event *event)
{
    return event->kind == EVENT_REGISTER && service->journal && has_started_lately(service);
}

static gboolean wants_stored(const Event *event)
{
    return event->kind == EVENT_INITIATE && event->initiate.call_id;
}

/* What the step may need from the store is read by this thread, before the lock. */
static void recall(Service *service, const Peer *peer, Event *event)
{
    Store *store = service->options.store;
    g_autofree char *user_id = NULL;

    if (event->fault.refusal != REFUSAL_NONE)
        return;
    if (wants_ended(service, event))
        recall_ended(store, event);
    if (!wants_stored(event))
        return;
    user_id = sender_id(service, peer, event);
    if (user_id)
        recall_initiated(store, user_id, event);
}

static void list_history(Service *service, const Event *event, Reply *reply)
{
    recall_history(service->options.store, event, service->options.hub.reveal_presence, reply);
    if (event->kind != EVENT_HISTORY || !reply->calls)
        return;
    g_mutex_lock(&service->lock);
    hub_bring_up_to_date(service->hub, reply->user_id, reply->calls);
    g_mutex_unlock(&service->lock);
}

/* Memory finds an ended call only by its parties: by its id alone the store must have it. */
static void wait_for_what_ended(Service *service, const Event *event, const Reply *reply)
{
    if (service->journal && reply->is_elsewhere && event->is_operator && !event->as_user)
        journal_wait(service->journal, journal_latest(service->journal));
}

static const char *const no_port[MODES] = {
    [MODE_RELAY] = "mode: relay is not available on this server",
    [MODE_ROOM] = "mode: room is not available on this server",
};

/* Why there can be no call of this mode, or NULL. */
static const char *why_no_mode(const Service *service, const InitiateEvent *initiate)
{
    Mode mode = initiate->has_mode ? initiate->mode : service->options.hub.default_mode;
    const char *why_not = no_port[mode];

    if (!why_not || (service->options.media &&
                     service->options.media->can(service->options.media_self, mode, &why_not)))
        return NULL;
    return why_not;
}

/* What the hub cannot look at by itself. */
static void look_around(const Service *service, Event *event)
{
    if (event->kind != EVENT_INITIATE)
        return;
    event->initiate.why_no_mode = why_no_mode(service, &event->initiate);
    if (service->journal)
        event->initiate.is_store_full = journal_is_full(service->journal);
}

/* What an event needs that nobody can guess; it borrows from here. */
typedef struct {
    char id[FRESH_ID_LENGTH + 1];
    char tokens[SIDES][SECRET_LENGTH + 1];
    char room[ROOM_LENGTH + 1];
    char pin[SECRET_LENGTH + 1];
} Randomness;

static void add_secrets(Randomness *random, Event *event)
{
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        fresh_secret(random->tokens[side]);
        event->secrets.tokens[side] = random->tokens[side];
    }
    fresh_room(random->room);
    fresh_secret(random->pin);
    event->secrets.room = random->room;
    event->secrets.pin = random->pin;
}

static void add_randomness(Randomness *random, Event *event)
{
    if (event->kind == EVENT_ACCEPT)
        add_secrets(random, event);
    if (!wants_fresh_id(event))
        return;
    fresh_id(g_get_real_time() / 1000, random->id);
    event->fresh_id = random->id;
}

/* One request, from its beginning to its reply. */
typedef struct {
    Service *service;
    Peer *peer;
    Event *event;
    Randomness random;
    GatePass pass;
    Work work;

    /* Of one that nobody waits for. */
    gboolean is_stepped; /* the readers have it after its step, not before */
    gboolean has_turn;   /* and those of the same peer that came later wait for it */
    ReplyDone done;
    gpointer data;
} Ask;

static void ask_begin(Ask *ask)
{
    Service *service = ask->service;
    Event *event = ask->event;

    gate_pass(&service->gate, ask->peer, event, &ask->pass);
    add_randomness(&ask->random, event);
    event->from = ask->peer;
    look_around(service, event);
    work_init(&ask->work);
}

static void ask_step(Ask *ask)
{
    step_request(ask->service, ask->peer, ask->event, &ask->work);
    ask->event->is_counted = TRUE;
}

/* The step did not find the call: the store may. */
static void ask_step_again(Ask *ask)
{
    Service *service = ask->service;
    Effects *effects = &ask->work.effects;

    wait_for_what_ended(service, ask->event, &effects->reply);
    if (!recall_missing(service->options.store, ask->event, &effects->reply))
        return;
    effects_reset(effects);
    step_request(service, ask->peer, ask->event, &ask->work);
}

/* What others are told, and what is left to read for the reply. */
static void ask_deliver(Ask *ask)
{
    deliver(ask->service, &ask->work);
    list_history(ask->service, ask->event, &ask->work.effects.reply);
    orders_wait(&ask->service->orders, ask->work.after);
    gate_count_read(&ask->service->gate, ask->peer, &ask->work.effects.reply);
}

static void ask_end(Ask *ask, Reply *reply)
{
    recall_clear(ask->event);
    *reply = ask->work.effects.reply;
    ask->work.effects.has_reply = FALSE;
    work_clear(&ask->work);
    gate_pass_clear(&ask->pass);
}

void service_request(Service *service, Peer *peer, Event *event, Reply *reply)
{
    Ask ask = {.service = service, .peer = peer, .event = event};

    ask_begin(&ask);
    recall(service, peer, event);
    ask_step(&ask);
    ask_step_again(&ask);
    ask_deliver(&ask);
    wait_for_commit(service, &ask.work);
    ask_end(&ask, reply);
}

/* --- requests that nobody waits for --- */

static void ask_reply(gboolean is_committed, gpointer data)
{
    Ask *ask = data;
    ReplyDone done = ask->done;
    gpointer done_data = ask->data;
    Reply reply;

    if (!is_committed)
        ask->work.effects.reply.is_not_durable = TRUE;
    ask_end(ask, &reply);
    peer_unref(ask->peer);
    g_free(ask);
    done(&reply, done_data);
}

/* The timer lets the reply go should the commit take too long. */
static void ask_reply_when_committed(Ask *ask)
{
    Service *service = ask->service;
    gint64 until_us;

    if (!needs_commit(service, &ask->work)) {
        ask_reply(TRUE, ask);
        return;
    }
    until_us = journal_then(service->journal, ask->work.ticket, ask_reply, ask);
    g_mutex_lock(&service->lock);
    wake_timer_by(service, until_us);
    g_mutex_unlock(&service->lock);
}

static gboolean reads_before(const Service *service, const Event *event)
{
    return service->options.store->ops->is_durable && event->fault.refusal == REFUSAL_NONE &&
           (wants_ended(service, event) || wants_stored(event));
}

/* What is left of it may take a while: a list, a look for a call that memory does not know, an order to
 * the media layer that is not carried out yet. */
static gboolean is_slow_after(const Ask *ask)
{
    const Reply *reply = &ask->work.effects.reply;
    gboolean is_list = reply->request == EVENT_HISTORY && reply->refusal == REFUSAL_NONE;

    return ask->work.after ||
           (ask->service->options.store->ops->is_durable && (reply->is_elsewhere || is_list));
}

/* One that only reads need not be waited for by those that change something. */
static gboolean is_only_reading(const Event *event)
{
    return event->kind == EVENT_HISTORY || event->kind == EVENT_GET;
}

/* The ask is its own from then on. */
static void ask_finish(Ask *ask)
{
    ask_step_again(ask);
    ask_deliver(ask);
    ask_reply_when_committed(ask);
}

/* These return TRUE when its turn is over: it may be freed then. FALSE: the readers have it, and the
 * turn with it. */

static gboolean hand_to_readers(Ask *ask, gboolean keeps_turn)
{
    ask->has_turn = keeps_turn;
    readers_push(ask->service->readers, ask);
    return !keeps_turn;
}

static gboolean ask_go_on(Ask *ask)
{
    ask_step(ask);
    if (!is_slow_after(ask)) {
        ask_finish(ask);
        return TRUE;
    }
    ask->is_stepped = TRUE;
    return hand_to_readers(ask, !is_only_reading(ask->event));
}

static gboolean ask_start(Ask *ask)
{
    ask_begin(ask);
    if (reads_before(ask->service, ask->event))
        return hand_to_readers(ask, TRUE);
    recall(ask->service, ask->peer, ask->event);
    return ask_go_on(ask);
}

/* One after the other, until one has to read first. Takes the reference to the peer. */
static void run_turns(Peer *peer, Ask *ask)
{
    while (ask && ask_start(ask))
        ask = turns_next(&peer->turns);
    peer_unref(peer);
}

static void read_for_ask(gpointer data)
{
    Ask *ask = data;
    Peer *peer = peer_ref(ask->peer);
    gboolean has_turn = ask->has_turn, is_over = TRUE;

    if (ask->is_stepped) {
        ask_finish(ask);
    } else {
        recall(ask->service, ask->peer, ask->event);
        is_over = ask_go_on(ask);
    }
    run_turns(peer, has_turn && is_over ? turns_next(&peer->turns) : NULL);
}

void service_request_then(Service *service, Peer *peer, Event *event, ReplyDone done, gpointer data)
{
    Ask *ask = g_new0(Ask, 1);

    *ask = (Ask){
        .service = service, .peer = peer_ref(peer), .event = event, .done = done, .data = data};
    if (turns_take(&peer->turns, ask))
        run_turns(peer_ref(peer), ask);
}

gboolean service_reload_auth(Service *service, const AuthSettings *settings, GError **error)
{
    Auth *auth = service->options.auth;
    gboolean is_done;

    g_mutex_lock(&service->reloading);
    is_done = auth->ops->reload(auth, settings, error);
    g_mutex_unlock(&service->reloading);
    return is_done;
}

Store *service_store(const Service *service)
{
    return service->options.store;
}

/* Something that nobody asked for. One of a peer that is gone was overtaken by its end. */
static void tell_hub(Service *service, Event *event)
{
    Work work;

    work_init(&work);
    g_mutex_lock(&service->lock);
    if (!event->from || !event->from->is_gone) {
        step(service, event, &work);
        wake_timer(service);
    }
    g_mutex_unlock(&service->lock);
    deliver(service, &work);
    work_clear(&work);
}

void service_push_answered(Service *service, const PushEvent *push)
{
    tell_hub(service, &(Event){.kind = EVENT_PUSH_ANSWERED, .push = *push});
}

void service_media_up(Service *service, Peer *peer)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_UP, .from = peer});
}

void service_media_down(Service *service, Peer *peer)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_DOWN, .from = peer});
}

void service_media_failed(Service *service, const MediaReportEvent *which)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_FAILED, .media = *which});
}

void service_media_report(Service *service, const MediaReportEvent *report)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_REPORT, .media = *report});
}

void service_settle(Service *service, const gint64 *ids, guint count)
{
    Store *store = service->options.store;

    if (service->journal)
        journal_settle(service->journal, ids, count);
    else
        store->ops->settle(store, ids, count, NULL);
}

/* --- looking in --- */

void service_outbox_stats(Service *service, guint *waiting, guint64 *dropped)
{
    JournalStats stats = {0};

    *waiting = service->options.store->ops->waiting(service->options.store);
    if (service->journal)
        journal_stats(service->journal, &stats);
    *dropped = stats.dropped + (guint)g_atomic_int_get(&service->dropped);
}

void service_store_stats(Service *service, StoreStats *stats)
{
    JournalStats journal = {0};

    if (service->journal)
        journal_stats(service->journal, &journal);
    *stats = (StoreStats){
        .records = journal.committed,
        .commits = journal.commits,
        .waiting = (guint)(journal.appended - journal.committed),
        .is_ill = journal.is_ill,
    };
}

void service_stats(Service *service, HubStats *stats)
{
    g_mutex_lock(&service->lock);
    hub_stats(service->hub, stats);
    g_mutex_unlock(&service->lock);
}

typedef guint (*Look)(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *found);

static guint look(Service *service, Look at, guint from, guint limit, GPtrArray *found)
{
    do {
        g_mutex_lock(&service->lock);
        from = at(service->hub, from, limit - found->len, g_get_monotonic_time(), found);
        g_mutex_unlock(&service->lock);
    } while (from && found->len < limit);
    return from;
}

guint service_look_at_users(Service *service, guint from, guint limit, GPtrArray *users)
{
    return look(service, hub_look_at_users, from, limit, users);
}

guint service_look_at_calls(Service *service, guint from, guint limit, GPtrArray *calls)
{
    return look(service, hub_look_at_calls, from, limit, calls);
}

void service_look_at_user(Service *service, const char *user_id, GPtrArray *users, GPtrArray *calls)
{
    g_mutex_lock(&service->lock);
    hub_look_at_user(service->hub, user_id, g_get_monotonic_time(), users, calls);
    g_mutex_unlock(&service->lock);
}

gboolean service_peer_info(Service *service, const Peer *peer, PeerInfo *info)
{
    DeviceInfo device;
    gboolean is_registered;

    g_mutex_lock(&service->lock);
    is_registered = hub_device_info(service->hub, peer, &device);
    if (is_registered)
        *info = (PeerInfo){
            .user_id = g_strdup(device.user_id),
            .device_id = g_strdup(device.device_id),
            .live_calls = device.live_calls,
        };
    g_mutex_unlock(&service->lock);
    return is_registered;
}

void peer_info_clear(PeerInfo *info)
{
    g_clear_pointer(&info->user_id, g_free);
    g_clear_pointer(&info->device_id, g_free);
}

const HubSettings *service_hub_settings(const Service *service)
{
    return &service->options.hub;
}
