/* The rules that hold in every scenario, after every step: docs/protocol.md, section 3, seen from
 * outside by what is said to whom; and what the hub's own structures promise each other, seen from
 * inside. */
#include <string.h>

#include "sim-private.h"

/* --- what the checker has heard --- */

typedef enum {
    HEARD_NOTHING,
    HEARD_OPEN,    /* the call concerns this device */
    HEARD_CLOSED,  /* it had its one closing event, or its own request closed the call */
    HEARD_DROPPED, /* it went away while it rang */
} Hearing;

typedef struct {
    char *user_id;
    char *device_id;
    Hearing hearing;
    guint closing_events;
    gboolean has_rev;
    guint rev; /* the highest it was told */
    CallState status;
} Listener;

typedef struct {
    CallFacts *facts; /* its identity: all revisions share it */
    Record *record;   /* the last that went to the store */
    char *accepted_by;
    guint ringing_events;
    GPtrArray *listeners; /* of Listener, owned */
} Tracked;

struct Checker {
    GHashTable *calls; /* CallFacts -> Tracked, owned */
    GHashTable *open;  /* of Tracked: those that concern somebody */
};

static void listener_free(gpointer memory)
{
    Listener *listener = memory;

    g_free(listener->user_id);
    g_free(listener->device_id);
    g_free(listener);
}

static void tracked_free(gpointer memory)
{
    Tracked *tracked = memory;

    g_ptr_array_unref(tracked->listeners);
    g_free(tracked->accepted_by);
    record_unref(tracked->record);
    call_facts_unref(tracked->facts);
    g_free(tracked);
}

Checker *checker_new(void)
{
    Checker *checker = g_new0(Checker, 1);

    checker->calls = g_hash_table_new_full(NULL, NULL, NULL, tracked_free);
    checker->open = g_hash_table_new(NULL, NULL);
    return checker;
}

void checker_free(Checker *checker)
{
    if (!checker)
        return;
    g_hash_table_unref(checker->open);
    g_hash_table_unref(checker->calls);
    g_free(checker);
}

static Tracked *track(Sim *sim, const Record *record)
{
    Tracked *tracked = g_hash_table_lookup(sim->checker->calls, record->facts);

    if (!tracked)
        sim_fail(sim, "rule: call %s was never given to the store", record->facts->call_id);
    return tracked;
}

/* NULL for a call that the event itself brought from the store. */
static Tracked *tracked_or_stored(Sim *sim, const Event *event, const Record *record)
{
    gboolean has_stored =
        event->kind == EVENT_REGISTER ? event->reg.ended != NULL : event->stored != NULL;

    return has_stored ? g_hash_table_lookup(sim->checker->calls, record->facts)
                      : track(sim, record);
}

static Listener *listener_of(Tracked *tracked, const char *user_id, const char *device_id)
{
    Listener *listener;

    for (guint i = 0; i < tracked->listeners->len; i++) {
        listener = g_ptr_array_index(tracked->listeners, i);
        if (strcmp(listener->user_id, user_id) == 0 && strcmp(listener->device_id, device_id) == 0)
            return listener;
    }
    listener = g_new0(Listener, 1);
    listener->user_id = g_strdup(user_id);
    listener->device_id = g_strdup(device_id);
    g_ptr_array_add(tracked->listeners, listener);
    return listener;
}

static gboolean is_caller(const Tracked *tracked, const char *user_id)
{
    return strcmp(tracked->facts->caller_id, user_id) == 0;
}

static gboolean is_calling_device(const Tracked *tracked, const char *user_id,
                                  const char *device_id)
{
    return is_caller(tracked, user_id) && strcmp(tracked->facts->caller_device, device_id) == 0;
}

static gboolean is_in_call(const Tracked *tracked, const char *user_id, const char *device_id)
{
    return is_calling_device(tracked, user_id, device_id) ||
           (tracked->record->answered_by && strcmp(tracked->facts->callee_id, user_id) == 0 &&
            strcmp(tracked->record->answered_by, device_id) == 0);
}

/* As this user lives through it: a veiled call's caller believes its veil. */
static CallState status_for(const Tracked *tracked, const char *user_id)
{
    return record_view(tracked->record, is_caller(tracked, user_id) ? VIEW_CALLER : VIEW_FULL)
        .status;
}

/* --- revisions --- */

static void hear_rev(Sim *sim, Listener *listener, const Record *record, View view)
{
    RecordView seen = record_view(record, view);

    if (listener->has_rev && seen.rev < listener->rev)
        sim_fail(sim, "rule: %s/%s was told rev %u of %s, and then rev %u", listener->user_id,
                 listener->device_id, listener->rev, record->facts->call_id, seen.rev);
    if (listener->has_rev && seen.rev == listener->rev && seen.status != listener->status)
        sim_fail(sim, "rule: %s/%s was told two different states of %s with rev %u",
                 listener->user_id, listener->device_id, record->facts->call_id, seen.rev);
    listener->has_rev = TRUE;
    listener->rev = seen.rev;
    listener->status = seen.status;
}

/* --- records --- */

static gboolean is_transition(CallState from, CallState to)
{
    for (guint happening = 0; happening < HAPPENINGS; happening++) {
        const Transition *row = transition_find(from, (Happening)happening);

        if (row && row->to == to)
            return TRUE;
    }
    return FALSE;
}

static void check_times(Sim *sim, const Record *record)
{
    const CallFacts *facts = record->facts;
    gint64 now_ms = sim_wall_ms(sim);
    gboolean is_final = call_state_is_final(record->status);

    if (facts->created_ms > now_ms ||
        (record->ringing_ms && record->ringing_ms < facts->created_ms) ||
        record->ringing_ms > now_ms ||
        (record->accepted_ms && record->accepted_ms < facts->created_ms) ||
        record->accepted_ms > now_ms || record->ended_ms > now_ms)
        sim_fail(sim, "rule: the times of %s are out of order", facts->call_id);
    if (is_final != (record->ended_ms != 0) || is_final != (record->cause != CAUSE_NONE))
        sim_fail(sim, "rule: %s is %s, but its end or its cause says otherwise", facts->call_id,
                 call_state_name(record->status));
    if (is_final && record->ended_ms < MAX(facts->created_ms, record->accepted_ms))
        sim_fail(sim, "rule: %s ended before it began", facts->call_id);
    if ((record->accepted_ms != 0) != (record->answered_by != NULL) ||
        (record->status == CALL_ACCEPTED && !record->accepted_ms))
        sim_fail(sim, "rule: %s: it is not clear whether it was answered", facts->call_id);
    if (record->accepted_ms && record->ended_ms &&
        record->duration_ms != record->ended_ms - record->accepted_ms)
        sim_fail(sim, "rule: %s: durationMs is not the time from the accept to the end",
                 facts->call_id);
}

static void check_created(Sim *sim, const Effect *effect)
{
    const Record *record = effect->record;
    Tracked *tracked = g_new0(Tracked, 1);

    tracked->facts = call_facts_ref(record->facts);
    tracked->record = record_ref(effect->record);
    tracked->listeners = g_ptr_array_new_with_free_func(listener_free);
    if (g_hash_table_contains(sim->checker->calls, tracked->facts))
        sim_fail(sim, "rule: %s was created twice", record->facts->call_id);
    g_hash_table_insert(sim->checker->calls, tracked->facts, tracked);
    g_hash_table_add(sim->checker->open, tracked);
    listener_of(tracked, record->facts->caller_id, record->facts->caller_device)->hearing =
        HEARD_OPEN;
    if (record->rev != 1 || record->status != CALL_RINGING)
        sim_fail(sim, "rule: %s does not begin with ringing, rev 1", record->facts->call_id);
}

static void check_record(Sim *sim, const Effect *effect)
{
    const Record *record = effect->record;
    Tracked *tracked = track(sim, record);
    const Record *before = tracked->record;

    check_times(sim, record);
    if (effect->change == CHANGE_CREATED)
        return;
    if (record->rev < before->rev ||
        (record->rev == before->rev && effect->change != CHANGE_TOUCHED))
        sim_fail(sim, "rule: %s: the record's rev went from %u to %u", record->facts->call_id,
                 before->rev, record->rev);
    if (record->status != before->status && !is_transition(before->status, record->status))
        sim_fail(sim, "rule: %s cannot go from %s to %s", record->facts->call_id,
                 call_state_name(before->status), call_state_name(record->status));
    if (record->status == before->status && effect->change != CHANGE_TOUCHED)
        sim_fail(sim, "rule: %s is %s for the second time", record->facts->call_id,
                 call_state_name(record->status));
    if (before->answered_by && g_strcmp0(before->answered_by, record->answered_by) != 0)
        sim_fail(sim, "rule: %s was answered by %s and by %s", record->facts->call_id,
                 before->answered_by, record->answered_by);
    record_unref(tracked->record);
    tracked->record = record_ref(effect->record);
}

/* --- events to devices --- */

static gboolean is_closing(MessageKind kind)
{
    return kind == MESSAGE_REJECTED || kind == MESSAGE_TIMEOUT || kind == MESSAGE_ENDED;
}

/* A media handle is nobody's registration. */
static void check_media_address(Sim *sim, const Effect *effect)
{
    const Message *message = &effect->message;
    const Address *to = effect->to;

    if (to->is_gone || to->user_id)
        sim_fail(sim, "rule: call:media was sent to %s, which is no media handle", to->name);
    if (to->joined != message->record->facts)
        sim_fail(sim, "rule: call:media of %s was sent to %s, which has not joined it",
                 message->record->facts->call_id, to->name);
    if (!message->jsep)
        sim_fail(sim, "rule: call:media without JSEP");
}

static void check_address(Sim *sim, const Effect *effect)
{
    const Message *message = &effect->message;
    const Address *to = effect->to;

    if (to->is_gone)
        sim_fail(sim, "rule: %s was sent to %s, which is gone", message_name(message->kind),
                 to->name);
    if (g_strcmp0(to->user_id, message->to_user) != 0 ||
        g_strcmp0(to->device_id, message->to_device) != 0)
        sim_fail(sim, "rule: %s for %s/%s was sent to %s, where it is not registered",
                 message_name(message->kind), message->to_user, message->to_device, to->name);
}

static void check_concerned(Sim *sim, const Tracked *tracked, const Message *message)
{
    const char *user_id = message->to_user;
    gboolean is_right = FALSE;

    switch (message->kind) {
    case MESSAGE_OUTGOING:
    case MESSAGE_RINGING:
    case MESSAGE_ACCEPTED:
    case MESSAGE_REJECTED:
    case MESSAGE_TIMEOUT:
        is_right = is_calling_device(tracked, user_id, message->to_device);
        break;
    case MESSAGE_INCOMING:
        is_right = strcmp(tracked->facts->callee_id, user_id) == 0;
        break;
    case MESSAGE_PEER:
    case MESSAGE_SIGNAL:
    case MESSAGE_UPDATED:
    case MESSAGE_MEDIA:
        /* The accept's own step tells the callee of a caller who is away before its record is seen
         * here. */
        is_right = message->record->status == CALL_ACCEPTED &&
                   (is_calling_device(tracked, user_id, message->to_device) ||
                    g_strcmp0(message->record->answered_by, message->to_device) == 0);
        break;
    case MESSAGE_ENDED:
        is_right = is_caller(tracked, user_id) || strcmp(tracked->facts->callee_id, user_id) == 0;
        break;
    case MESSAGE_REPLACED:
    case MESSAGE_UNREGISTERED:
        break;
    }
    if (!is_right)
        sim_fail(sim, "rule: %s of %s is not for %s/%s", message_name(message->kind),
                 tracked->facts->call_id, user_id, message->to_device);
}

static void check_expiry(Sim *sim, const Event *event, const Message *message)
{
    const CallFacts *facts = message->record->facts;
    gint64 left_ms = facts->created_ms + facts->ring_ms - sim_wall_ms(sim);

    if (message->kind != MESSAGE_INCOMING && message->kind != MESSAGE_OUTGOING)
        return;
    if (message->expires_in_ms != left_ms)
        sim_fail(sim,
                 "rule: %s says that %s rings for another %" G_GINT64_FORMAT
                 " ms, not %" G_GINT64_FORMAT,
                 message_name(message->kind), facts->call_id, message->expires_in_ms, left_ms);
    if (event->kind == EVENT_REGISTER && left_ms < RING_WORTH_ANNOUNCING_US / MILLISECOND)
        sim_fail(sim, "rule: %s was announced with only %" G_GINT64_FORMAT " ms left",
                 facts->call_id, left_ms);
}

/* Its own request's reply tells the device; but that the server said busy is told to the caller
 * both ways. */
static void check_not_by_itself(Sim *sim, const Event *event, const Effect *effect)
{
    const Message *message = &effect->message;

    if (event->from != effect->to || !event->from)
        return;
    if (event->kind == EVENT_INITIATE && message->kind == MESSAGE_REJECTED &&
        message->cause == CAUSE_BUSY)
        return;
    sim_fail(sim, "rule: %s got %s of %s, which its own request closed", effect->to->name,
             message_name(message->kind), message->record->facts->call_id);
}

static void check_call_message(Sim *sim, const Event *event, const Effect *effect)
{
    const Message *message = &effect->message;
    Tracked *tracked = track(sim, message->record);
    Listener *listener = listener_of(tracked, message->to_user, message->to_device);

    check_concerned(sim, tracked, message);
    check_expiry(sim, event, message);
    if (message->kind == MESSAGE_INCOMING &&
        (listener->hearing == HEARD_NOTHING || listener->hearing == HEARD_DROPPED))
        listener->hearing = HEARD_OPEN;
    /* A device that answers without having been rung may be told of the caller's absence first. */
    if (message->kind == MESSAGE_PEER && listener->hearing != HEARD_CLOSED)
        listener->hearing = HEARD_OPEN;
    if (listener->hearing != HEARD_OPEN)
        sim_fail(sim, "rule: %s/%s got %s of %s, which %s", message->to_user, message->to_device,
                 message_name(message->kind), tracked->facts->call_id,
                 listener->hearing == HEARD_CLOSED ? "had closed for it" : "does not concern it");
    if (message->kind == MESSAGE_RINGING && ++tracked->ringing_events > 1)
        sim_fail(sim, "rule: call:ringing of %s came twice", tracked->facts->call_id);
    if (effect->kind == EFFECT_SEND)
        hear_rev(sim, listener, message->record, message->view);
    if (!is_closing(message->kind))
        return;
    check_not_by_itself(sim, event, effect);
    listener->hearing = HEARD_CLOSED;
    if (++listener->closing_events > 1)
        sim_fail(sim, "rule: %s/%s got two closing events of %s", message->to_user,
                 message->to_device, tracked->facts->call_id);
}

static void set_registration(Address *address, const char *user_id, const char *device_id)
{
    g_free(address->user_id);
    g_free(address->device_id);
    address->user_id = g_strdup(user_id);
    address->device_id = g_strdup(device_id);
}

/* A device goes: what rings at it drops out, without a word. */
static void drop_ringing(Sim *sim, const char *user_id, const char *device_id)
{
    GHashTableIter iter;
    gpointer tracked_pointer;

    g_hash_table_iter_init(&iter, sim->checker->open);
    while (g_hash_table_iter_next(&iter, &tracked_pointer, NULL)) {
        Tracked *tracked = tracked_pointer;
        Listener *listener;

        if (tracked->record->status != CALL_RINGING ||
            strcmp(tracked->facts->callee_id, user_id) != 0)
            continue;
        listener = listener_of(tracked, user_id, device_id);
        if (listener->hearing == HEARD_OPEN)
            listener->hearing = HEARD_DROPPED;
    }
}

static void check_message(Sim *sim, const Event *event, const Effect *effect)
{
    const Message *message = &effect->message;

    if (message->kind == MESSAGE_MEDIA)
        check_media_address(sim, effect);
    else if (effect->kind == EFFECT_SEND)
        check_address(sim, effect);
    if (message->timestamp_ms != sim_wall_ms(sim))
        sim_fail(sim, "rule: the timestamp of %s is not that of its step",
                 message_name(message->kind));
    if (message->record) {
        check_call_message(sim, event, effect);
        return;
    }
    if (message->kind != MESSAGE_REPLACED && message->kind != MESSAGE_UNREGISTERED)
        sim_fail(sim, "rule: %s is about no call", message_name(message->kind));
    if (message->kind == MESSAGE_UNREGISTERED)
        drop_ringing(sim, message->to_user, message->to_device);
    /* With its token over it hears of the call that it is in. */
    if (effect->to && message->cause != CAUSE_TOKEN_EXPIRED)
        set_registration(effect->to, NULL, NULL);
}

/* --- replies --- */

static gboolean is_request(EventKind kind)
{
    return kind < EVENT_GONE;
}

static void check_accept(Sim *sim, Tracked *tracked, const char *user_id, const char *device_id)
{
    if (tracked->accepted_by && strcmp(tracked->accepted_by, device_id) != 0)
        sim_fail(sim, "rule: %s and %s both accepted %s", tracked->accepted_by, device_id,
                 tracked->facts->call_id);
    if (!tracked->accepted_by)
        tracked->accepted_by = g_strdup(device_id);
    listener_of(tracked, user_id, device_id)->hearing = HEARD_OPEN;
}

static void check_reply_about(Sim *sim, const Event *event, const char *user_id,
                              const char *device_id)
{
    const Reply *reply = &sim->effects.reply;
    Tracked *tracked = tracked_or_stored(sim, event, reply->record);

    /* An operator may name a call by its id alone. */
    if (!tracked || !user_id)
        return;
    if (!is_caller(tracked, user_id) && strcmp(tracked->facts->callee_id, user_id) != 0)
        sim_fail(sim, "rule: %s was answered about %s, which is not theirs", user_id,
                 tracked->facts->call_id);
    if (!device_id)
        return;
    hear_rev(sim, listener_of(tracked, user_id, device_id), reply->record, reply->view);
    if (event->kind == EVENT_ACCEPT && reply->refusal == REFUSAL_NONE)
        check_accept(sim, tracked, user_id, device_id);
}

static void check_snapshots(Sim *sim, const Event *event, const Reply *reply)
{
    guint ended = 0;

    for (guint i = 0; i < reply->calls->len; i++) {
        const Snapshot *snapshot = g_ptr_array_index(reply->calls, i);
        Tracked *tracked = tracked_or_stored(sim, event, snapshot->record);
        CallState status = record_view(snapshot->record, snapshot->view).status;

        ended += !snapshot->is_live;
        if (!tracked)
            continue;
        if (!is_caller(tracked, reply->user_id) &&
            strcmp(tracked->facts->callee_id, reply->user_id) != 0)
            sim_fail(sim, "rule: %s was shown %s, which is not theirs", reply->user_id,
                     tracked->facts->call_id);
        if (snapshot->is_live == call_state_is_final(status))
            sim_fail(sim, "rule: a snapshot says that %s lives, but it is %s",
                     tracked->facts->call_id, call_state_name(status));
        hear_rev(sim, listener_of(tracked, reply->user_id, reply->device_id), snapshot->record,
                 snapshot->view);
    }
    if (ended > sim->settings.limits.max_ended_per_user)
        sim_fail(sim, "rule: %u ended calls in one snapshot", ended);
}

static void check_reply(Sim *sim, const Event *event, const char *user_id, const char *device_id)
{
    const Reply *reply = &sim->effects.reply;

    if (sim->effects.has_reply != is_request(event->kind))
        sim_fail(sim, "rule: one reply to each request, and none to anything else");
    if (!sim->effects.has_reply)
        return;
    if (reply->request != event->kind || reply->wall_ms != sim_wall_ms(sim))
        sim_fail(sim, "rule: the reply is not of this step");
    if (reply->refusal != REFUSAL_NONE && sim->effects.count)
        sim_fail(sim, "rule: a request that is refused changes nothing");
    if (reply->refusal != REFUSAL_NONE && !reply->text)
        sim_fail(sim, "rule: a refusal has a text");
    if (reply->record)
        check_reply_about(sim, event, event->from ? user_id : event->as_user,
                          event->from ? device_id : NULL);
    if (event->kind == EVENT_REGISTER && reply->refusal == REFUSAL_NONE)
        check_snapshots(sim, event, reply);
}

/* Calls may be announced before the reply that confirms the registration. */
static void note_arrival(Sim *sim, const Event *event)
{
    const Reply *reply = &sim->effects.reply;

    if (event->kind == EVENT_REGISTER && sim->effects.has_reply && reply->refusal == REFUSAL_NONE)
        set_registration(event->from, reply->user_id, reply->device_id);
}

/* The last that joins for a side has its seat. */
static void note_join(Sim *sim, const Event *event)
{
    const Reply *reply = &sim->effects.reply;

    if (event->kind == EVENT_JOIN && reply->refusal == REFUSAL_NONE)
        event->from->joined = reply->record->facts;
}

/* --- orders --- */

static gboolean closes(const Effects *effects, const CallFacts *facts)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_RECORD && effect->change == CHANGE_CLOSED &&
            effect->record->facts == facts)
            return TRUE;
    }
    return FALSE;
}

static void check_order(Sim *sim, const MediaOrder *order)
{
    const CallFacts *facts = order->record->facts;
    const Tracked *tracked = track(sim, order->record);
    gboolean is_end = order->kind == MEDIA_ORDER_END;

    if (facts->mode != MODE_RELAY &&
        (facts->mode != MODE_ROOM || (order->kind != MEDIA_ORDER_ROOM && !is_end)))
        sim_fail(sim, "rule: %s is %s and is given the order %s", facts->call_id,
                 mode_name(facts->mode), media_order_name(order->kind));
    if (is_end != closes(&sim->effects, facts))
        sim_fail(sim, "rule: the order to end comes with the end of the call, and no other does");
    if (!is_end && tracked->record->status != CALL_ACCEPTED && order->kind != MEDIA_ORDER_ROOM)
        sim_fail(sim, "rule: nothing of media before the accept of %s", facts->call_id);
    if (order->kind == MEDIA_ORDER_LINK &&
        (!order->joined[SIDE_CALLER] || !order->joined[SIDE_CALLEE]))
        sim_fail(sim, "rule: %s is linked before both have joined", facts->call_id);
    if (order->kind == MEDIA_ORDER_LEAVE)
        order->at->joined = NULL;
}

/* --- after the step --- */

static void note_absence(Sim *sim, const Event *event, const char *user_id, const char *device_id)
{
    gboolean is_off = event->kind == EVENT_GONE || (event->kind == EVENT_UNREGISTER &&
                                                    sim->effects.reply.refusal == REFUSAL_NONE);

    if (!is_off || !user_id)
        return;
    drop_ringing(sim, user_id, device_id);
    set_registration(event->from, NULL, NULL);
}

/* Is it still this device's business? */
static gboolean concerns(const Tracked *tracked, const Listener *listener)
{
    CallState status = status_for(tracked, listener->user_id);

    if (call_state_is_final(status))
        return FALSE;
    return status == CALL_RINGING || is_in_call(tracked, listener->user_id, listener->device_id);
}

static void check_closed(Sim *sim, Tracked *tracked, const Event *event, const char *user_id,
                         const char *device_id)
{
    gboolean is_over = call_state_is_final(status_for(tracked, tracked->facts->caller_id));

    for (guint i = 0; i < tracked->listeners->len; i++) {
        Listener *listener = g_ptr_array_index(tracked->listeners, i);

        if (listener->hearing != HEARD_OPEN || concerns(tracked, listener))
            continue;
        if (!is_request(event->kind) || g_strcmp0(listener->user_id, user_id) != 0 ||
            g_strcmp0(listener->device_id, device_id) != 0)
            sim_fail(sim, "rule: %s/%s got no closing event of %s", listener->user_id,
                     listener->device_id, tracked->facts->call_id);
        listener->hearing = HEARD_CLOSED;
    }
    if (is_over)
        g_hash_table_remove(sim->checker->open, tracked);
}

static void check_all_closed(Sim *sim, const Event *event, const char *user_id,
                             const char *device_id)
{
    g_autoptr(GList) open = g_hash_table_get_keys(sim->checker->open);

    for (GList *link = open; link; link = link->next)
        check_closed(sim, link->data, event, user_id, device_id);
}

/* --- the hub's inside --- */

static void check_heap(Sim *sim, const Deadlines *deadlines)
{
    for (guint i = 0; i < deadlines->heap->len; i++) {
        const Deadline *deadline = g_ptr_array_index(deadlines->heap, i);
        const Deadline *parent = g_ptr_array_index(deadlines->heap, i ? (i - 1) / 2 : 0);

        if (deadline->place != i + 1 || parent->at_us > deadline->at_us)
            sim_fail(sim, "rule: the heap of deadlines is out of order");
    }
}

static void check_deadline(Sim *sim, const Call *call)
{
    const Timers *timers = &sim->settings.timers;
    const Device *calling = call_leg(call, 0)->device;
    gint64 latest_us = DEADLINE_NEVER;

    if (call->state == CALL_RINGING) {
        latest_us = call->ring_end_us;
        if (!calling->address)
            latest_us = MIN(latest_us, calling->away_since_us + timers->caller_grace_us);
    }
    for (guint i = 0; call->state == CALL_ACCEPTED && i < call->legs->len; i++) {
        const Device *device = call_leg(call, i)->device;
        const Seat *seat = &call->seats[i];

        if (seat->was_up && !seat->is_up)
            latest_us = MIN(latest_us, seat->down_since_us + timers->in_call_grace_us);
        else if (!device->address && !seat->is_up)
            latest_us = MIN(latest_us, device->away_since_us + timers->in_call_grace_us);
    }
    if (call->state == CALL_ACCEPTED && timers->max_duration_us)
        latest_us = MIN(latest_us, call->accepted_us + timers->max_duration_us);
    if (latest_us != DEADLINE_NEVER && !call->deadline.place)
        sim_fail(sim, "rule: %s is %s and has no deadline", call_id(call),
                 call_state_name(call->state));
    if (call->deadline.place && call->deadline.at_us > latest_us)
        sim_fail(sim, "rule: the deadline of %s is too late", call_id(call));
}

static void check_legs(Sim *sim, const Call *call)
{
    const Leg *calling = call_leg(call, 0);

    if (calling->device->user != call->caller ||
        calling->state != (call->state == CALL_RINGING ? LEG_CALLING : LEG_IN_CALL))
        sim_fail(sim, "rule: the first leg of %s is not its caller's", call_id(call));
    if (call->state == CALL_ACCEPTED &&
        (call->legs->len != 2 || call_leg(call, 1)->state != LEG_IN_CALL))
        sim_fail(sim, "rule: %s is accepted and has not two legs", call_id(call));
    if (call->is_veiled && call->legs->len != 1)
        sim_fail(sim, "rule: %s is veiled and rings somebody", call_id(call));
    for (guint i = 1; i < call->legs->len; i++) {
        const Leg *leg = call_leg(call, i);

        if (leg->device->user != call->callee || call_leg_of(call, leg->device) != leg)
            sim_fail(sim, "rule: a leg of %s is of nobody, or there twice", call_id(call));
        if (leg->state == LEG_RINGING && !leg->device->address)
            sim_fail(sim, "rule: %s rings at a device that is away", call_id(call));
    }
}

static void check_seats(Sim *sim, Call *call)
{
    gboolean is_relayed = call->state == CALL_ACCEPTED && call->record->facts->mode == MODE_RELAY;

    for (guint i = 0; i < SIDES; i++) {
        Seat *seat = &call->seats[i];

        if (is_relayed !=
            (seat->token && g_hash_table_lookup(sim->hub->by_token, seat->token) == seat))
            sim_fail(sim, "rule: the tokens of %s", call_id(call));
        if ((seat->address != NULL) !=
            (seat->address && g_hash_table_lookup(sim->hub->by_seat, seat->address) == seat))
            sim_fail(sim, "rule: who joined %s is not found", call_id(call));
        if (seat->address && (seat->address->is_gone || seat->address->user_id))
            sim_fail(sim, "rule: who joined %s is gone, or registered", call_id(call));
        if (!seat->address && seat->is_up)
            sim_fail(sim, "rule: %s has the media of nobody", call_id(call));
    }
}

static void check_live_call(Sim *sim, const User *user, Call *call)
{
    const CallKey key = {.user = user, .call_id = call_id(call)};
    CallState believed = call->is_veiled ? call->record->veil.status : call->record->status;

    if (g_hash_table_lookup(sim->hub->live, &key) != call ||
        g_hash_table_contains(sim->hub->ended, &key))
        sim_fail(sim, "rule: %s of %s is not found, or found twice", call_id(call), user->id);
    if (call_state_is_final(call->state) || call->state != believed)
        sim_fail(sim, "rule: %s lives, but it is %s", call_id(call),
                 call_state_name(call->record->status));
    if (user == call->caller)
        check_legs(sim, call);
    if (user == call->caller)
        check_deadline(sim, call);
    if (user == call->caller)
        check_seats(sim, call);
}

static void check_device(Sim *sim, const User *user, Device *device)
{
    if (device->user != user || user_device(user, device->id) != device)
        sim_fail(sim, "rule: %s/%s is there twice", user->id, device->id);
    if ((device->address == NULL) != device->is_away ||
        (device->is_away && !device->deadline.place))
        sim_fail(sim, "rule: %s/%s is neither here nor away", user->id, device->id);
    if (device->address && !device->is_expired &&
        (device->expires_us != DEADLINE_NEVER) != (device->deadline.place != 0))
        sim_fail(sim, "rule: the token of %s/%s is not watched", user->id, device->id);
    if (device->address && g_hash_table_lookup(sim->hub->by_address, device->address) != device)
        sim_fail(sim, "rule: %s/%s is not found at its address", user->id, device->id);
}

typedef struct {
    guint devices, away, calls, ended, tokens, joined;
} Counts;

static void count_seats(const User *user, Counts *counts)
{
    for (guint i = 0; i < user->calls->len; i++) {
        const Call *call = g_ptr_array_index(user->calls, i);

        if (user != call->caller)
            continue;
        counts->tokens +=
            call->state == CALL_ACCEPTED && call->record->facts->mode == MODE_RELAY ? SIDES : 0;
        counts->joined +=
            (call->seats[SIDE_CALLER].address != NULL) + (call->seats[SIDE_CALLEE].address != NULL);
    }
}

static void check_user(Sim *sim, User *user, Counts *counts)
{
    const Limits *limits = &sim->settings.limits;

    if ((user_is_idle(user) && !user->kept.place) || user->is_to_tidy)
        sim_fail(sim, "rule: %s is remembered for nothing", user->id);
    if (user_present_devices(user) > limits->max_devices ||
        user->calls->len > limits->max_live_calls ||
        user->ended.length > limits->max_ended_per_user ||
        user->early_ends.length > limits->max_early_ends)
        sim_fail(sim, "rule: %s has more than the limits allow", user->id);
    for (guint i = 0; i < user->devices->len; i++)
        check_device(sim, user, g_ptr_array_index(user->devices, i));
    for (guint i = 0; i < user->calls->len; i++)
        check_live_call(sim, user, g_ptr_array_index(user->calls, i));
    counts->devices += user->devices->len;
    for (guint i = 0; i < user->devices->len; i++)
        counts->away += ((const Device *)g_ptr_array_index(user->devices, i))->is_away;
    counts->calls += user->calls->len;
    count_seats(user, counts);
    counts->ended += user->ended.length;
}

static void check_hub(Sim *sim)
{
    const Hub *hub = sim->hub;
    Counts counts = {0};
    HubStats stats;
    GHashTableIter iter;
    gpointer user;

    hub_stats(hub, &stats);
    g_hash_table_iter_init(&iter, hub->users);
    while (g_hash_table_iter_next(&iter, NULL, &user))
        check_user(sim, user, &counts);
    check_heap(sim, &hub->deadlines);
    if (counts.devices != stats.devices || counts.away != stats.away ||
        counts.devices - counts.away != g_hash_table_size(hub->by_address))
        sim_fail(sim, "rule: devices are counted wrong");
    if (counts.tokens != g_hash_table_size(hub->by_token) ||
        counts.joined != g_hash_table_size(hub->by_seat))
        sim_fail(sim, "rule: who may join, or has, is remembered beyond the call");
    if (counts.calls != g_hash_table_size(hub->live) || counts.ended != stats.ended_calls ||
        counts.ended != g_hash_table_size(hub->ended))
        sim_fail(sim, "rule: calls are counted wrong");
}

static void open_created(Sim *sim)
{
    for (guint i = 0; i < sim->effects.count; i++) {
        const Effect *effect = effects_at(&sim->effects, i);

        if (effect->kind == EFFECT_RECORD && effect->change == CHANGE_CREATED)
            check_created(sim, effect);
    }
}

void check_step(Sim *sim, const Event *event, const char *was_user, const char *was_device)
{
    note_arrival(sim, event);
    note_join(sim, event);
    open_created(sim);
    for (guint i = 0; i < sim->effects.count; i++) {
        const Effect *effect = effects_at(&sim->effects, i);

        if (effect->kind == EFFECT_RECORD)
            check_record(sim, effect);
        else if (effect->kind == EFFECT_MEDIA)
            check_order(sim, &effect->order);
        else if (effect->kind != EFFECT_PUSH)
            check_message(sim, event, effect);
    }
    check_reply(sim, event, was_user, was_device);
    check_all_closed(sim, event, was_user, was_device);
    note_absence(sim, event, was_user, was_device);
    check_hub(sim);
}
