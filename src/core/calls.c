#include <string.h>

#include "core/hub-private.h"

/* --- what is said to devices --- */

static void tell(Effects *effects, const Device *to, Message *message)
{
    effects_send(effects, to->address, message);
}

gint64 call_expires_in_ms(const Hub *hub, const Call *call)
{
    return MAX(call->ring_end_us - hub->now_us, 0) / 1000;
}

static void tell_peer_state(const Hub *hub, const Call *call, const Device *about,
                            gboolean is_connected, Effects *effects)
{
    const Device *other = call_other_device(call, about);
    Message message;

    if (!other->address)
        return;
    message = message_about(hub, MESSAGE_PEER, call, other);
    message.is_connected = is_connected;
    tell(effects, other, &message);
}

gboolean call_is_absent(const Call *call, const Device *device)
{
    Side side = call_leg(call, 0)->device == device ? SIDE_CALLER : SIDE_CALLEE;

    return !device->address || seat_has_lost_media(&call->seats[side]);
}

void call_catch_up(const Hub *hub, const Call *call, const Device *device, Effects *effects)
{
    const Device *other = call_other_device(call, device);

    if (call_is_absent(call, other))
        tell_peer_state(hub, call, other, FALSE, effects);
}

/* --- the trace --- */

void call_note(const Hub *hub, Call *call, TraceKind what, const Device *device)
{
    call->trace = trace_add(call->trace, (hub->now_us - call->created_us) / 1000, what,
                            device ? g_ref_string_acquire(device->id) : NULL, 0);
}

static void replace_record(Call *call, Record *next)
{
    record_unref(call->record);
    call->record = next;
    /* The keys borrow the id from the facts, which every revision shares. */
}

static void take_trace(const Call *call, Record *next)
{
    trace_unref(next->trace);
    next->trace = trace_ref(call->trace);
}

void call_complete(Call *call)
{
    Record *next;

    if (call->record->trace == call->trace)
        return;
    next = record_next(call->record);
    take_trace(call, next);
    replace_record(call, next);
}

void call_keep(Call *call, Change change, Effects *effects)
{
    call_complete(call);
    effects_record(effects, change, call->record);
}

/* --- timers --- */

typedef struct {
    gint64 at_us;
    Happening what;
    Cause cause;
    Device *device;
} Due;

static void consider(Due *due, gint64 at_us, Happening what, Cause cause, Device *device)
{
    if (at_us < due->at_us)
        *due = (Due){.at_us = at_us, .what = what, .cause = cause, .device = device};
}

/* No device of the callee rings, or those that do are known to say so and are silent. */
static gboolean may_sleep(const Call *call)
{
    for (guint i = 1; i < call->legs->len; i++) {
        const Leg *leg = call_leg(call, i);

        if (leg->is_alerting || !leg->says_so)
            return FALSE;
    }
    return TRUE;
}

static void consider_push(const Hub *hub, const Call *call, Due *due)
{
    gint64 after_us = hub->settings.timers.push_after_us;

    if (!after_us || call->was_pushed || call->is_veiled || !may_sleep(call))
        return;
    consider(due, call->created_us + (call->legs->len == 1 ? 0 : after_us), HAPPENS_PUSH,
             CAUSE_NONE, NULL);
}

static void consider_ring(const Hub *hub, const Call *call, Due *due)
{
    const Timers *timers = &hub->settings.timers;
    gboolean was_rung = call->record->ringing_ms != 0;
    Device *calling = call_leg(call, 0)->device;

    consider(due, call->ring_end_us, HAPPENS_RING_END,
             was_rung || call->is_veiled ? CAUSE_NO_ANSWER : CAUSE_UNREACHABLE, NULL);
    if (!was_rung && hub->settings.reveal_presence)
        consider(due, call->created_us + timers->unreachable_us, HAPPENS_RING_END,
                 CAUSE_UNREACHABLE, NULL);
    if (!calling->address)
        consider(due, calling->away_since_us + timers->caller_grace_us, HAPPENS_CALLER_LOST,
                 CAUSE_NONE, calling);
    consider_push(hub, call, due);
}

/* Since when a side's grace runs; DEADLINE_NEVER while it does not. Media that flows shows that a
 * device is there, whatever its signalling does. */
static gint64 lost_since_us(const Call *call, guint i)
{
    const Seat *seat = &call->seats[i];
    const Device *device = call_leg(call, i)->device;

    if (seat->is_up)
        return DEADLINE_NEVER;
    if (seat->was_up)
        return seat->down_since_us;
    return device->address ? DEADLINE_NEVER : device->away_since_us;
}

static void consider_talk(const Hub *hub, const Call *call, Due *due)
{
    const Timers *timers = &hub->settings.timers;

    for (guint i = 0; i < call->legs->len; i++) {
        gint64 since_us = lost_since_us(call, i);

        if (since_us != DEADLINE_NEVER)
            consider(due, since_us + timers->in_call_grace_us, HAPPENS_DEVICE_LOST, CAUSE_NONE,
                     call_leg(call, i)->device);
    }
    if (call->awaits_media && !call->is_media_held)
        consider(due, call->media_due_us, HAPPENS_MEDIA_FAILED, CAUSE_NONE, NULL);
    if (timers->max_duration_us)
        consider(due, call->accepted_us + timers->max_duration_us, HAPPENS_MAX_DURATION, CAUSE_NONE,
                 NULL);
}

static Due find_due(const Hub *hub, const Call *call)
{
    Due due = {.at_us = DEADLINE_NEVER};

    if (call->state == CALL_RINGING)
        consider_ring(hub, call, &due);
    else
        consider_talk(hub, call, &due);
    return due;
}

void call_reschedule(Hub *hub, Call *call)
{
    deadlines_set(&hub->deadlines, &call->deadline, find_due(hub, call).at_us);
}

void call_expire(Hub *hub, Call *call, Effects *effects)
{
    Due due = find_due(hub, call);

    g_assert(due.at_us <= hub->now_us);
    record_unref(call_apply(
        hub, call, &(Occurrence){.what = due.what, .cause = due.cause, .device = due.device},
        effects));
}

/* --- the media's timer: it goes on while nobody is away --- */

static void hold_media_timer(const Hub *hub, Call *call)
{
    if (call->is_media_held)
        return;
    call->is_media_held = TRUE;
    call->media_left_us = call->media_due_us - hub->now_us;
}

static void run_media_timer(const Hub *hub, Call *call)
{
    for (guint i = 0; i < call->legs->len; i++) {
        if (call_is_absent(call, call_leg(call, i)->device))
            return;
    }
    if (!call->is_media_held)
        return;
    call->is_media_held = FALSE;
    call->media_due_us = hub->now_us + call->media_left_us;
}

static void start_media_timer(const Hub *hub, Call *call)
{
    call->awaits_media = call->record->facts->mode == MODE_RELAY;
    call->media_due_us = hub->now_us + hub->settings.timers.media_us;
    if (!call_leg(call, 0)->device->address)
        hold_media_timer(hub, call);
}

void call_note_media(Call *call)
{
    if (call->seats[SIDE_CALLER].was_up && call->seats[SIDE_CALLEE].was_up)
        call->awaits_media = FALSE;
}

/* --- pushes --- */

/* Wakes the callee, and tells the backend for how long that is worth while. */
static void push(Hub *hub, Call *call, Effects *effects)
{
    call->was_pushed = TRUE;
    call_note(hub, call, TRACE_PUSHED, NULL);
    call_complete(call);
    effects_push(effects, call->record, FALSE, call_expires_in_ms(hub, call));
}

void call_push_at_once(Hub *hub, Call *call, Effects *effects)
{
    Due due = find_due(hub, call);

    if (due.what != HAPPENS_PUSH || due.at_us > hub->now_us)
        return;
    push(hub, call, effects);
    call_reschedule(hub, call);
}

/* Before it leaves ringing, however that comes: whether the backend is to be told then. */
static gboolean is_push_over(const Hub *hub, Call *call)
{
    if (!call->was_pushed || call->state != CALL_RINGING)
        return FALSE;
    call_note(hub, call, TRACE_PUSH_STOPPED, NULL);
    return TRUE;
}

static void stop_push(const Call *call, Effects *effects)
{
    effects_push(effects, call->record, TRUE, 0);
}

/* --- what can happen to a call: one function for each action of the table --- */

static void hear_alert(const Hub *hub, Call *call, Device *device)
{
    Leg *leg = call_leg_of(call, device);

    device->says_ringing = TRUE;
    if (!leg || leg->is_alerting)
        return;
    leg->is_alerting = TRUE;
    call_note(hub, call, TRACE_ALERTED, device);
}

static void note_ring(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    Device *calling = call_leg(call, 0)->device;
    Record *next;
    Message message;

    hear_alert(hub, call, occurrence->device);
    /* A hidden callee's devices say nothing to the caller, and a revision that grew would tell. */
    if (call->is_alerting || !hub->settings.reveal_presence)
        return;
    call->is_alerting = TRUE;
    next = record_next(call->record);
    next->rev++;
    replace_record(call, next);
    message = message_about(hub, MESSAGE_RINGING, call, calling);
    message.device_id = g_ref_string_acquire(occurrence->device->id);
    tell(effects, calling, &message);
}

static void stop_siblings(Hub *hub, Call *call, const Device *answering, Effects *effects)
{
    for (guint i = 1; i < call->legs->len; i++) {
        const Device *sibling = call_leg(call, i)->device;
        Message message;

        if (sibling == answering)
            continue;
        message = message_about(hub, MESSAGE_ENDED, call, sibling);
        message.status = CALL_ACCEPTED;
        message.cause = CAUSE_ANSWERED_ELSEWHERE;
        tell(effects, sibling, &message);
    }
    g_array_set_size(call->legs, 1);
}

static void answer(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    Device *answering = occurrence->device;
    Device *calling = call_leg(call, 0)->device;
    Record *next = record_next(call->record);
    gboolean stops_push;
    Message message;

    next->status = CALL_ACCEPTED;
    next->rev++;
    next->accepted_ms = hub->wall_ms;
    ref_string_set(&next->answered_by, answering->id);
    stops_push = is_push_over(hub, call);
    call_note(hub, call, TRACE_ANSWERED, answering);
    take_trace(call, next);
    replace_record(call, next);
    call->state = CALL_ACCEPTED;
    call->accepted_us = hub->now_us;

    seats_open(hub, call, occurrence->secrets, effects);
    message = message_about(hub, MESSAGE_ACCEPTED, call, calling);
    message.device_id = g_ref_string_acquire(answering->id);
    message.join = call_join(call, calling);
    tell(effects, calling, &message);
    stop_siblings(hub, call, answering, effects);
    call_leg(call, 0)->state = LEG_IN_CALL;
    call_add_leg(call, answering, LEG_IN_CALL);
    start_media_timer(hub, call);
    effects_record(effects, CHANGE_ACCEPTED, call->record);
    if (stops_push)
        stop_push(call, effects);
    if (!calling->address)
        tell_peer_state(hub, call, calling, FALSE, effects);
    hub->stats.accepted++;
}

static void pass_on(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    const Device *other = call_other_device(call, occurrence->device);
    Message message;

    if (!other->address)
        return;
    message = message_about(
        hub, occurrence->what == HAPPENS_SIGNAL ? MESSAGE_SIGNAL : MESSAGE_UPDATED, call, other);
    message.from = g_ref_string_acquire(occurrence->device->user->id);
    message.data = g_ref_string_new(occurrence->data);
    tell(effects, other, &message);
}

static void note_presence(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    gboolean is_back = occurrence->what == HAPPENS_BACK;
    Record *next = record_next(call->record);

    next->rev++;
    call_note(hub, call, is_back ? TRACE_BACK : TRACE_AWAY, occurrence->device);
    replace_record(call, next);
    tell_peer_state(hub, call, occurrence->device, is_back, effects);
    if (!is_back) {
        hold_media_timer(hub, call);
        return;
    }
    run_media_timer(hub, call);
    /* Who comes back to find the other one away learns it now: it missed the event. */
    call_catch_up(hub, call, occurrence->device, effects);
}

static Record *closed_record(const Hub *hub, const Call *call, const Transition *row,
                             const Occurrence *occurrence)
{
    Record *next = record_next(call->record);
    Cause cause = occurrence->cause != CAUSE_NONE ? occurrence->cause : row->cause;

    if (call->is_veiled) {
        next->veil.status = row->to;
        next->veil.cause = cause;
        next->veil.rev++;
        next->veil.ended_ms = hub->wall_ms;
        ref_string_set(&next->veil.ended_by, occurrence->by_user);
        ref_string_set(&next->veil.reason, occurrence->reason);
        return next;
    }
    next->status = row->to;
    next->cause = cause;
    next->rev++;
    next->ended_ms = hub->wall_ms;
    if (call->state == CALL_ACCEPTED)
        next->duration_ms = (hub->now_us - call->accepted_us) / 1000;
    ref_string_set(&next->ended_by, occurrence->by_user);
    ref_string_set(&next->reason, occurrence->reason);
    return next;
}

/* The cause is the record's as this device may see it. */
static Message closing_message(const Hub *hub, const Call *call, const Leg *leg,
                               const Transition *row)
{
    MessageKind kind = MESSAGE_ENDED;
    Message message;

    if (leg->state == LEG_CALLING && row->to == CALL_REJECTED)
        kind = MESSAGE_REJECTED;
    if (leg->state == LEG_CALLING && row->to == CALL_TIMEOUT)
        kind = MESSAGE_TIMEOUT;
    message = message_about(hub, kind, call, leg->device);
    message.status = row->to;
    message.cause = record_view(call->record, message.view).cause;
    if (leg->state == LEG_RINGING && row->to == CALL_REJECTED)
        message.cause = CAUSE_DECLINED_ELSEWHERE;
    return message;
}

static void tell_open_legs(Hub *hub, Call *call, const Transition *row,
                           const Occurrence *occurrence, Effects *effects)
{
    for (guint i = 0; i < call->legs->len; i++) {
        const Leg *leg = call_leg(call, i);
        Message message;

        if (leg->device == occurrence->by)
            continue;
        message = closing_message(hub, call, leg, row);
        if (message.kind == MESSAGE_REJECTED && occurrence->device && hub->settings.reveal_presence)
            message.device_id = g_ref_string_acquire(occurrence->device->id);
        tell(effects, leg->device, &message);
    }
}

void call_retire(Hub *hub, Call *call)
{
    g_hash_table_remove(hub->live, &call->caller_key);
    if (!call->is_veiled)
        g_hash_table_remove(hub->live, &call->callee_key);
    hub_unlist_call(hub, call);
    deadlines_set(&hub->deadlines, &call->deadline, DEADLINE_NEVER);
    hub->stats.live_calls--;
    hub->stats.closed[call->record->status]++;
    ended_keep(hub, call->caller, call->record);
    if (!call->is_veiled)
        ended_keep(hub, call->callee, call->record);
    hub_tidy_user(hub, call->caller);
    hub_tidy_user(hub, call->callee);
    call_free(call);
}

/* Its record is the last effect. */
static void close_call(Hub *hub, Call *call, const Transition *row, const Occurrence *occurrence,
                       Effects *effects)
{
    Record *closed = closed_record(hub, call, row, occurrence);
    gboolean stops_push = is_push_over(hub, call);

    take_trace(call, closed);
    replace_record(call, closed);
    tell_open_legs(hub, call, row, occurrence, effects);
    seats_close(hub, call, effects);
    if (stops_push)
        stop_push(call, effects);
    effects_record(effects, call->is_veiled ? CHANGE_TOUCHED : CHANGE_CLOSED, call->record);
    g_assert(!hub->closed);
    if (occurrence->is_last)
        hub->closed = call;
    else
        call_retire(hub, call);
}

Record *call_apply(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects)
{
    const Transition *row = transition_find(call->state, occurrence->what);
    Record *made;

    if (!row)
        return NULL;
    switch (row->action) {
    case ACTION_NOTE_RING:
        note_ring(hub, call, occurrence, effects);
        break;
    case ACTION_PUSH:
        push(hub, call, effects);
        effects_record(effects, CHANGE_TOUCHED, call->record);
        break;
    case ACTION_ANSWER:
        answer(hub, call, occurrence, effects);
        break;
    case ACTION_PASS_ON:
        pass_on(hub, call, occurrence, effects);
        break;
    case ACTION_NOTE_AWAY:
    case ACTION_NOTE_BACK:
        note_presence(hub, call, occurrence, effects);
        break;
    case ACTION_CLOSE:
        /* The record outlives the call. */
        close_call(hub, call, row, occurrence, effects);
        made = effects_at(effects, effects->count - 1)->record;
        return record_ref(made);
    }
    call_reschedule(hub, call);
    return record_ref(call->record);
}

void call_announce(Hub *hub, Call *call, Device *device, Effects *effects)
{
    Message message;

    if (!call->record->ringing_ms) {
        Record *next = record_next(call->record);

        next->ringing_ms = hub->wall_ms;
        replace_record(call, next);
    }
    if (!call_leg_of(call, device))
        call_add_leg(call, device, LEG_RINGING);
    call_leg_of(call, device)->says_so = device->says_ringing;
    call_note(hub, call, TRACE_RUNG, device);
    message = message_about(hub, MESSAGE_INCOMING, call, device);
    message.expires_in_ms = call_expires_in_ms(hub, call);
    tell(effects, device, &message);
    call_reschedule(hub, call);
}

void call_lose_ring(Hub *hub, Call *call, Device *device)
{
    call_note(hub, call, TRACE_DROPPED, device);
    call_drop_leg(call, device);
    call_reschedule(hub, call);
}
