#include "service/ids.h"
#include "service/recall.h"
#include "service/service_private.h"

/* --- what a reply confirms --- */

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
        service_step(service, event, work);
        service_wake_timer(service);
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
    service_lock_hub(service);
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
    service_lock_hub(service);
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
    gboolean is_stepped; /* the readers have it after its service_step, not before */
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
    service_deliver(ask->service, &ask->work);
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
    service_wake_timer_by(service, until_us);
    g_mutex_unlock(&service->lock);
}

static gboolean reads_before(const Service *service, const Event *event)
{
    return service->options.store->ops->is_durable && event->fault.refusal == REFUSAL_NONE &&
           (wants_ended(service, event) || wants_stored(event));
}

/* What is left of it may take a while: a list, a look for a call that memory does not know, an order to
 * the media layer that is not carried out yet, be it another's. */
static gboolean is_slow_after(const Ask *ask)
{
    const Reply *reply = &ask->work.effects.reply;
    gboolean is_list = reply->request == EVENT_HISTORY && reply->refusal == REFUSAL_NONE;

    return ask->work.after || orders_are_waiting(&ask->service->orders) ||
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
    /* Whoever hears of its record may have to wait for the readers. */
    if (ask->work.ticket)
        journal_wake(ask->service->journal);
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

void service_read_for_ask(gpointer data)
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
    Ask *ask = g_new(Ask, 1);

    *ask = (Ask){
        .service = service, .peer = peer_ref(peer), .event = event, .done = done, .data = data};
    if (turns_take(&peer->turns, ask))
        run_turns(peer_ref(peer), ask);
}
