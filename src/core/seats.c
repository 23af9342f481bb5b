/* The media of accepted calls: who may join, whose turn an offer is, what it means when a
 * PeerConnection comes or goes (docs/protocol.md, section 6). */
#include "core/hub-private.h"

/* --- seats: made at the accept, gone with the call --- */

static MediaOrder order_about(const Call *call, MediaOrderKind kind)
{
    return (MediaOrder){
        .kind = kind,
        .record = record_ref(call->record),
        .joined = {call->seats[SIDE_CALLER].address, call->seats[SIDE_CALLEE].address},
        .is_recorded = call->is_recorded,
    };
}

static void order_room(const Call *call, Effects *effects)
{
    MediaOrder order = order_about(call, MEDIA_ORDER_ROOM);

    order.room = ref_string_share(call->room);
    order.pin = ref_string_share(call->pin);
    for (Side side = SIDE_CALLER; side < SIDES; side++)
        order.tokens[side] = ref_string_share(call->seats[side].token);
    effects_media(effects, &order);
}

void seats_open(Hub *hub, Call *call, const MediaSecrets *secrets, Effects *effects)
{
    Mode mode = call->record->facts->mode;

    if (mode != MODE_RELAY && mode != MODE_ROOM)
        return;
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        Seat *seat = &call->seats[side];

        *seat =
            (Seat){.call = call, .side = side, .token = g_ref_string_new(secrets->tokens[side])};
        if (mode == MODE_RELAY)
            g_hash_table_insert(hub->by_token, seat->token, seat);
    }
    if (mode == MODE_RELAY)
        return;
    call->room = g_ref_string_new(secrets->room);
    call->pin = g_ref_string_new(secrets->pin);
    order_room(call, effects);
}

/* One handle has part in one call, and once: what its part leaves behind in the media layer is
 * tidied up later, and must not meet a new one. */
static void stand_up(Hub *hub, Seat *seat)
{
    g_hash_table_remove(hub->by_seat, seat->address);
    g_hash_table_add(hub->spent, seat->address);
    seat->address = NULL;
}

void seats_close(Hub *hub, Call *call, Effects *effects)
{
    MediaOrder order;

    if (!call->seats[SIDE_CALLER].token)
        return;
    order = order_about(call, MEDIA_ORDER_END);
    order.room = ref_string_share(call->room);
    effects_media(effects, &order);
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        Seat *seat = &call->seats[side];

        g_hash_table_remove(hub->by_token, seat->token);
        if (seat->address)
            stand_up(hub, seat);
    }
}

Join call_join(const Call *call, const Device *device)
{
    const CallFacts *facts = call->record->facts;
    const Leg *leg = call_leg_of(call, device);
    Side side;

    if (call->state != CALL_ACCEPTED || !leg || facts->mode == MODE_NONE)
        return (Join){0};
    side = leg == call_leg(call, 0) ? SIDE_CALLER : SIDE_CALLEE;
    return (Join){
        .is_set = TRUE,
        .user_id = g_ref_string_acquire(device->user->id),
        .token = ref_string_share(call->seats[side].token),
        .room = ref_string_share(call->room),
        .pin = ref_string_share(call->pin),
    };
}

Device *seat_device(const Seat *seat)
{
    return call_leg(seat->call, seat->side)->device;
}

static Seat *other_seat(const Seat *seat)
{
    return &seat->call->seats[other_side(seat->side)];
}

/* --- liveness --- */

gboolean seat_has_lost_media(const Seat *seat)
{
    return seat->was_up && !seat->is_up;
}

static void go_down(Hub *hub, Seat *seat, Effects *effects)
{
    Device *device = seat_device(seat);

    if (!seat->is_up)
        return;
    seat->is_up = FALSE;
    seat->down_since_us = hub->now_us;
    if (device->address)
        record_unref(call_apply(hub, seat->call,
                                &(Occurrence){.what = HAPPENS_AWAY, .device = device}, effects));
    else
        call_reschedule(hub, seat->call);
}

static void go_up(Hub *hub, Seat *seat, Effects *effects)
{
    Device *device = seat_device(seat);
    gboolean was_lost = seat_has_lost_media(seat);

    if (seat->is_up)
        return;
    seat->is_up = TRUE;
    seat->was_up = TRUE;
    call_note_media(seat->call);
    if (was_lost && device->address)
        record_unref(call_apply(hub, seat->call,
                                &(Occurrence){.what = HAPPENS_BACK, .device = device}, effects));
    else
        call_reschedule(hub, seat->call);
}

void on_media_state(Hub *hub, const Event *event, Effects *effects)
{
    Seat *seat = g_hash_table_lookup(hub->by_seat, event->from);

    if (!seat)
        return;
    if (event->kind == EVENT_MEDIA_UP)
        go_up(hub, seat, effects);
    else
        go_down(hub, seat, effects);
}

/* --- whose turn an offer is --- */

static void send_jsep(Hub *hub, const Seat *to, JsepKind kind, GRefString *jsep, Effects *effects)
{
    Message message = message_about(hub, MESSAGE_MEDIA, to->call, seat_device(to));

    message.jsep_kind = kind;
    message.jsep = g_ref_string_acquire(jsep);
    effects_send(effects, to->address, &message);
}

/* Nobody waits for the answer that is due any more; it may come all the same. */
static void supersede(Call *call)
{
    Negotiation *talk = &call->talk;

    if (!talk->is_pending)
        return;
    talk->is_pending = FALSE;
    call->seats[talk->answering].stale_answers++;
}

static void offer_to(Hub *hub, Seat *to, GRefString *offer, gboolean is_silent, Effects *effects)
{
    Negotiation *talk = &to->call->talk;

    talk->is_pending = TRUE;
    talk->answering = to->side;
    talk->is_silent = is_silent;
    send_jsep(hub, to, JSEP_OFFER, offer, effects);
}

static void keep_offer(Call *call, GRefString *offer)
{
    Negotiation *talk = &call->talk;

    g_clear_pointer(&talk->offer, g_ref_string_release);
    talk->offer = g_ref_string_acquire(offer);
    talk->is_wanted = TRUE;
}

/* The caller's device gets what the callee offers as soon as both are there; also one that joins
 * anew, and then the callee may have its answer already. A device that is about to answer is not
 * given another offer before it has: nobody could tell to which of the two its answer is. */
static void offer_kept(Hub *hub, Call *call, Effects *effects)
{
    Seat *caller = &call->seats[SIDE_CALLER];
    Negotiation *talk = &call->talk;

    if (!caller->address || !call->seats[SIDE_CALLEE].address || !talk->offer)
        return;
    if (talk->is_pending && talk->answering == SIDE_CALLER) {
        talk->is_outdated = TRUE;
        return;
    }
    supersede(call);
    offer_to(hub, caller, talk->offer, !talk->is_wanted, effects);
}

SeatTurn seat_offer(Hub *hub, Seat *seat, const char *jsep, Effects *effects)
{
    Call *call = seat->call;
    GRefString *offer;

    if (!other_seat(seat)->address)
        return TURN_ALONE;
    if (call->talk.is_pending)
        return TURN_TAKEN;
    offer = g_ref_string_new(jsep);
    if (seat->side == SIDE_CALLEE)
        keep_offer(call, offer);
    offer_to(hub, other_seat(seat), offer, FALSE, effects);
    g_ref_string_release(offer);
    return TURN_OK;
}

static void pass_answer_on(Hub *hub, const Seat *to, const char *jsep, Effects *effects)
{
    GRefString *answer = g_ref_string_new(jsep);

    if (to->address)
        send_jsep(hub, to, JSEP_ANSWER, answer, effects);
    g_ref_string_release(answer);
}

static void take_answer(Hub *hub, Seat *seat, const char *jsep, Effects *effects)
{
    Negotiation *talk = &seat->call->talk;

    talk->is_pending = FALSE;
    if (talk->is_outdated) {
        talk->is_outdated = FALSE;
        offer_kept(hub, seat->call, effects);
        return;
    }
    if (talk->is_silent)
        return;
    if (seat->side == SIDE_CALLER)
        talk->is_wanted = FALSE;
    pass_answer_on(hub, other_seat(seat), jsep, effects);
}

SeatTurn seat_answer(Hub *hub, Seat *seat, const char *jsep, Effects *effects)
{
    const Negotiation *talk = &seat->call->talk;

    if (talk->is_pending && talk->answering == seat->side) {
        take_answer(hub, seat, jsep, effects);
        return TURN_OK;
    }
    if (!seat->stale_answers)
        return TURN_NOTHING;
    seat->stale_answers--;
    return TURN_OK;
}

/* --- who sits there --- */

static void order_link(const Call *call, Effects *effects)
{
    MediaOrder order;

    if (!call->seats[SIDE_CALLER].address || !call->seats[SIDE_CALLEE].address)
        return;
    order = order_about(call, MEDIA_ORDER_LINK);
    effects_media(effects, &order);
}

void seat_leave(Hub *hub, Seat *seat, Effects *effects)
{
    Negotiation *talk = &seat->call->talk;
    MediaOrder order;

    if (!seat->address)
        return;
    order = order_about(seat->call, MEDIA_ORDER_LEAVE);
    order.at = seat->address;
    order.side = seat->side;
    order.joined[seat->side] = NULL;
    effects_media(effects, &order);
    stand_up(hub, seat);
    seat->stale_answers = 0;
    if (talk->is_pending && talk->answering == seat->side)
        talk->is_pending = talk->is_outdated = FALSE;
    go_down(hub, seat, effects);
}

static void sit_down(Hub *hub, Seat *seat, Address *address, Effects *effects)
{
    seat_leave(hub, seat, effects);
    seat->address = address;
    g_hash_table_insert(hub->by_seat, address, seat);
    order_link(seat->call, effects);
}

void seat_take(Hub *hub, Seat *seat, Address *address, const char *offer, Effects *effects)
{
    Call *call = seat->call;
    gboolean is_repeat = seat->address == address;
    GRefString *kept;

    if (!is_repeat)
        sit_down(hub, seat, address, effects);
    if (seat->side == SIDE_CALLEE) {
        kept = g_ref_string_new(offer);
        keep_offer(call, kept);
        g_ref_string_release(kept);
    }
    /* A caller's device that asks again has been given the offer. */
    if (seat->side == SIDE_CALLEE || !is_repeat)
        offer_kept(hub, call, effects);
}

void seat_configure(const Seat *seat, const MediaWish *wish, Effects *effects)
{
    MediaOrder order = order_about(seat->call, MEDIA_ORDER_CONFIGURE);

    order.at = seat->address;
    order.side = seat->side;
    order.wish = *wish;
    effects_media(effects, &order);
}

void call_record_media(Call *call, gboolean is_recorded, Effects *effects)
{
    MediaOrder order;

    call->is_recorded = is_recorded;
    if (call->state != CALL_ACCEPTED)
        return;
    order = order_about(call, MEDIA_ORDER_RECORD);
    effects_media(effects, &order);
}
