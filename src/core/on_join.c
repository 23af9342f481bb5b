#include <string.h>

#include "core/hub-private.h"

static User *seat_user(const Seat *seat)
{
    return seat_device(seat)->user;
}

static Reply *refuse_seat(Hub *hub, const Event *event, const Seat *seat, Refusal refusal,
                          const char *text, Effects *effects)
{
    return refuse_about(hub, effects, event, seat_user(seat), seat->call->record, refusal, text);
}

static void confirm(Hub *hub, const Event *event, const Seat *seat, Effects *effects)
{
    reply_about(hub, effects, event, seat_user(seat), seat->call->record);
}

/* What comes on a media handle counts as its user's. */
static gboolean is_in_time(Hub *hub, const Event *event, const Seat *seat, const Jsep *jsep,
                           Effects *effects)
{
    Pace *pace = &seat_user(seat)->pace;
    const Rates *rates = &hub->settings.rates;
    gint64 wait_us = pace_request(pace, rates, hub->now_us);

    if (!wait_us && jsep && jsep->text)
        wait_us = pace_relay(pace, rates, strlen(jsep->text), hub->now_us);
    if (!wait_us)
        return TRUE;
    refuse_seat(hub, event, seat, REFUSAL_RATE_LIMITED, "you send too much", effects)
        ->retry_after_ms = (wait_us + 999) / 1000;
    return FALSE;
}

/* --- call:join --- */

/* Whoever holds the token, and nobody else: an unknown token, that of another call, of a call that
 * is over or was not answered yet are all the same. */
static Seat *find_seat(const Hub *hub, const Event *event)
{
    Seat *seat = g_hash_table_lookup(hub->by_token, event->join.token);

    return seat && strcmp(call_id(seat->call), event->join.call_id) == 0 ? seat : NULL;
}

/* Of the two the callee offers: its device is the first that knows of the accept. */
static const char *jsep_fault(const Seat *seat, const Jsep *jsep)
{
    if (seat->side == SIDE_CALLER)
        return jsep->kind == JSEP_NONE ? NULL : "jsep: the caller joins without, and gets an offer";
    return jsep->kind == JSEP_OFFER ? NULL : "jsep: an offer is required of the callee";
}

static void join(Hub *hub, const Event *event, Seat *seat, Effects *effects)
{
    const char *fault = jsep_fault(seat, &event->join.jsep);

    if (!is_in_time(hub, event, seat, &event->join.jsep, effects))
        return;
    if (fault) {
        refuse_seat(hub, event, seat, REFUSAL_INVALID_REQUEST, fault, effects);
        return;
    }
    seat_take(hub, seat, event->from, event->join.jsep.text, effects);
    confirm(hub, event, seat, effects);
}

void on_join(Hub *hub, const Event *event, Effects *effects)
{
    const Seat *here = g_hash_table_lookup(hub->by_seat, event->from);
    Seat *seat;

    if (event->fault.refusal != REFUSAL_NONE) {
        effects_refuse_fault(effects, event);
        return;
    }
    if (g_hash_table_contains(hub->by_address, event->from)) {
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "this handle is registered: join on another one");
        return;
    }
    seat = find_seat(hub, event);
    if (!seat)
        effects_refuse(effects, event, REFUSAL_UNAUTHORIZED, "token: is not good for this call");
    else if (g_hash_table_contains(hub->spent, event->from) || (here && here != seat))
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "this handle has joined already: join on another one");
    else
        join(hub, event, seat, effects);
}

/* --- what a handle says that has joined --- */

static Seat *find_joined(const Hub *hub, const Event *event, Effects *effects)
{
    Seat *seat = g_hash_table_lookup(hub->by_seat, event->from);

    if (seat)
        return seat;
    if (g_hash_table_contains(hub->by_address, event->from))
        effects_refuse(effects, event, REFUSAL_WRONG_STATE,
                       "this handle is registered: media has handles of its own");
    else
        effects_refuse(effects, event, REFUSAL_NOT_REGISTERED, "send call:join first");
    return NULL;
}

static SeatTurn take_turn(Hub *hub, const Event *event, Seat *seat, Effects *effects)
{
    const Jsep *jsep = &event->join.jsep;

    return jsep->kind == JSEP_OFFER ? seat_offer(hub, seat, jsep->text, effects)
                                    : seat_answer(hub, seat, jsep->text, effects);
}

static const char *turn_fault(SeatTurn turn)
{
    switch (turn) {
    case TURN_OK:
        return NULL;
    case TURN_ALONE:
        return "jsep: the other device has not joined yet";
    case TURN_TAKEN:
        return "jsep: another offer was first, and has no answer yet: try again";
    case TURN_NOTHING:
        return "jsep: there is no offer to answer";
    }
    g_assert_not_reached();
}

static void on_media(Hub *hub, const Event *event, Seat *seat, Effects *effects)
{
    const char *fault;

    if (strcmp(call_id(seat->call), event->join.call_id) != 0) {
        effects_refuse(effects, event, REFUSAL_CALL_NOT_FOUND, "this handle joined another call");
        return;
    }
    if (!is_in_time(hub, event, seat, &event->join.jsep, effects))
        return;
    if (event->join.jsep.kind == JSEP_NONE) {
        refuse_seat(hub, event, seat, REFUSAL_INVALID_REQUEST, "jsep: is required", effects);
        return;
    }
    fault = turn_fault(take_turn(hub, event, seat, effects));
    if (fault)
        refuse_seat(hub, event, seat, REFUSAL_WRONG_STATE, fault, effects);
    else
        confirm(hub, event, seat, effects);
}

static void on_configure(Hub *hub, const Event *event, Seat *seat, Effects *effects)
{
    if (!is_in_time(hub, event, seat, NULL, effects))
        return;
    seat_configure(seat, &event->configure, effects);
    confirm(hub, event, seat, effects);
}

void on_joined(Hub *hub, const Event *event, Effects *effects)
{
    Seat *seat = find_joined(hub, event, effects);

    if (!seat)
        return;
    if (event->fault.refusal != REFUSAL_NONE)
        effects_refuse_fault(effects, event);
    else if (event->kind == EVENT_MEDIA)
        on_media(hub, event, seat, effects);
    else
        on_configure(hub, event, seat, effects);
}
