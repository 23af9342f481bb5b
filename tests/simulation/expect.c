#include "expect.h"

#include <string.h>

/* One step under way. */
typedef struct {
    Model *model;
    const Event *event;
    Expectation *out;
    int user;           /* who asks, or -1 */
    SeenDevice *device; /* with which device, or NULL */
} Step;

/* Why a call closes, and by whom. */
typedef struct {
    CallState to;
    Cause cause;
    int by_user;              /* -1: nobody */
    const SeenDevice *by;     /* its own request: the reply tells it */
    const SeenDevice *device; /* the device that refused, for call:rejected */
    const char *reason;
} Closing;

/* --- what is said --- */

static Said *say(Step *step, MessageKind kind, const SeenDevice *to, SeenCall *call)
{
    Said *said = &step->out->said[step->out->said_count++];

    g_assert(step->out->said_count <= SAID_MOST);
    *said = (Said){.kind = kind, .to = to->address, .user = to->user, .call = call, .from = -1};
    g_strlcpy(said->device_id, to->id, sizeof said->device_id);
    if (call) {
        said->view = model_view(step->model, call, to->user);
        said->sight = model_sight(step->model, call, to->user);
    }
    return said;
}

static void say_about(Said *said, const SeenDevice *device)
{
    g_strlcpy(said->about, device->id, sizeof said->about);
}

static void keep(Step *step, Change change, SeenCall *call)
{
    Kept *kept = &step->out->kept[step->out->kept_count++];

    g_assert(step->out->kept_count <= KEPT_MOST);
    *kept = (Kept){.call = call, .change = change, .truth = call->truth, .belief = call->belief};
}

static gint64 time_left_ms(const Model *model, const SeenCall *call)
{
    return MAX(call->created_us + call->ring_ms * 1000 - model->now_us, 0) / 1000;
}

/* The device at the other end of an accepted call. */
static SeenDevice *other_device(const SeenCall *call, const SeenDevice *device)
{
    return call->legs[call->legs[0].device == device ? 1 : 0].device;
}

static void say_peer(Step *step, SeenCall *call, const SeenDevice *about, gboolean is_connected)
{
    const SeenDevice *other = other_device(call, about);

    if (other->address)
        say(step, MESSAGE_PEER, other, call)->is_connected = is_connected;
}

/* --- media --- */

static void order(Step *step, SeenCall *call, MediaOrderKind kind, Address *at)
{
    Ordered *ordered = &step->out->ordered[step->out->ordered_count++];

    g_assert(step->out->ordered_count <= ORDERED_MOST);
    *ordered =
        (Ordered){.kind = kind,
                  .call = call,
                  .joined = {call->seats[SIDE_CALLER].address, call->seats[SIDE_CALLEE].address},
                  .at = at,
                  .is_recorded = call->is_recorded,
                  .video = -1};
}

static void open_seats(Step *step, SeenCall *call)
{
    const MediaSecrets *secrets = &step->event->secrets;

    if (call->mode != MODE_RELAY && call->mode != MODE_ROOM)
        return;
    for (guint side = 0; side < SIDES; side++)
        g_strlcpy(call->seats[side].token, secrets->tokens[side], sizeof call->seats[side].token);
    if (call->mode != MODE_ROOM)
        return;
    g_strlcpy(call->room, secrets->room, sizeof call->room);
    order(step, call, MEDIA_ORDER_ROOM, NULL);
}

/* Who sat there joins nothing any more. */
static void empty_seat(Step *step, SeenSeat *seat)
{
    if (seat->address)
        g_hash_table_add(step->model->spent, seat->address);
    seat->address = NULL;
}

static void close_seats(Step *step, SeenCall *call)
{
    if (!*call->seats[SIDE_CALLER].token)
        return;
    order(step, call, MEDIA_ORDER_END, NULL);
    for (guint side = 0; side < SIDES; side++)
        empty_seat(step, &call->seats[side]);
}

/* The time in which media has to come goes on while nobody is away. */
static void hold_media_timer(const Step *step, SeenCall *call)
{
    if (call->is_media_held)
        return;
    call->is_media_held = TRUE;
    call->media_left_us -= step->model->now_us - call->media_at_us;
}

static void run_media_timer(const Step *step, SeenCall *call)
{
    if (!call->is_media_held || model_is_absent(call, call->legs[0].device) ||
        model_is_absent(call, call->legs[1].device))
        return;
    call->is_media_held = FALSE;
    call->media_at_us = step->model->now_us;
}

static void start_media_timer(const Step *step, SeenCall *call)
{
    call->awaits_media = call->mode == MODE_RELAY;
    call->is_media_held = FALSE;
    call->media_at_us = step->model->now_us;
    call->media_left_us = step->model->settings.timers.media_us;
    if (!call->legs[0].device->address)
        hold_media_timer(step, call);
}

/* --- pushes --- */

static void ask_backend(Step *step, SeenCall *call, gboolean is_stop)
{
    Pushed *pushed = &step->out->pushed[step->out->pushed_count++];

    g_assert(step->out->pushed_count <= PUSHED_MOST);
    *pushed = (Pushed){.call = call,
                       .is_stop = is_stop,
                       .expires_in_ms = is_stop ? 0 : time_left_ms(step->model, call)};
}

static void push(Step *step, SeenCall *call)
{
    call->was_pushed = call->is_pushed = TRUE;
    ask_backend(step, call, FALSE);
}

/* It rings no more. */
static void stop_push(Step *step, SeenCall *call)
{
    if (call->is_pushed)
        ask_backend(step, call, TRUE);
    call->is_pushed = FALSE;
}

/* --- replies --- */

static void answer(Step *step)
{
    step->out->is_answered = TRUE;
}

static void answer_about(Step *step, SeenCall *call)
{
    step->out->is_answered = TRUE;
    step->out->call = call;
    step->out->view =
        step->event->is_operator ? VIEW_FULL : model_view(step->model, call, (guint)step->user);
    step->out->sight =
        step->event->is_operator ? call->truth : model_sight(step->model, call, (guint)step->user);
}

static void refuse(Step *step, Refusal refusal)
{
    step->out->is_answered = TRUE;
    step->out->refusal = refusal;
}

static void refuse_for_now(Step *step, Refusal refusal, gint64 retry_after_us)
{
    refuse(step, refusal);
    step->out->retry_after_ms = (retry_after_us + 999) / 1000;
}

/* One request more of this user's. */
static gint64 count_request(Step *step, guint user)
{
    Model *model = step->model;

    return model_take(model, &model->users[user].requests, &model->settings.rates.requests, 1);
}

static void refuse_about(Step *step, SeenCall *call, Refusal refusal)
{
    answer_about(step, call);
    step->out->refusal = refusal;
}

/* 410 when it is over as the asker sees it, else 409. */
static void refuse_state(Step *step, SeenCall *call)
{
    gboolean is_over =
        call_state_is_final(model_sight(step->model, call, (guint)step->user).status);

    refuse_about(step, call, is_over ? REFUSAL_CALL_OVER : REFUSAL_WRONG_STATE);
}

/* --- what happens to a call --- */

static void close_sight(const Step *step, RecordView *sight, const Closing *closing)
{
    sight->status = closing->to;
    sight->cause = closing->cause;
    sight->rev++;
    sight->ended_ms = step->model->wall_ms;
    sight->ended_by = closing->by_user >= 0 ? step->model->users[closing->by_user].id : NULL;
    sight->reason = closing->reason;
}

static MessageKind closing_kind(const SeenLeg *leg, const Closing *closing)
{
    if (leg->state == SEEN_CALLING && closing->to == CALL_REJECTED)
        return MESSAGE_REJECTED;
    if (leg->state == SEEN_CALLING && closing->to == CALL_TIMEOUT)
        return MESSAGE_TIMEOUT;
    return MESSAGE_ENDED;
}

static void close_leg(Step *step, SeenCall *call, const SeenLeg *leg, const Closing *closing)
{
    Said *said = say(step, closing_kind(leg, closing), leg->device, call);

    said->status = closing->to;
    said->cause = said->sight.cause;
    if (leg->state == SEEN_RINGING && closing->to == CALL_REJECTED)
        said->cause = CAUSE_DECLINED_ELSEWHERE;
    if (said->kind == MESSAGE_REJECTED && closing->device && step->model->settings.reveal_presence)
        say_about(said, closing->device);
}

/* Exactly one closing event for each open leg, but for the device whose own request it is. */
static void close_call(Step *step, SeenCall *call, const Closing *closing)
{
    if (!call->is_veiled && call->state == CALL_ACCEPTED)
        call->truth.duration_ms = (step->model->now_us - call->accepted_us) / 1000;
    close_sight(step, call->is_veiled ? &call->belief : &call->truth, closing);
    call->state = closing->to;
    for (guint i = 0; i < call->leg_count; i++) {
        if (call->legs[i].device != closing->by)
            close_leg(step, call, &call->legs[i], closing);
    }
    close_seats(step, call);
    stop_push(step, call);
    keep(step, call->is_veiled ? CHANGE_TOUCHED : CHANGE_CLOSED, call);
    model_retire_call(step->model, call);
}

static void announce(Step *step, SeenCall *call, SeenDevice *device)
{
    if (!call->truth.ringing_ms)
        call->truth.ringing_ms = step->model->wall_ms;
    if (!model_leg(call, device))
        model_add_leg(call, device, SEEN_RINGING);
    model_leg(call, device)->says_so = device->says_ringing;
    say(step, MESSAGE_INCOMING, device, call)->expires_in_ms = time_left_ms(step->model, call);
}

static void accept_call(Step *step, SeenCall *call, SeenDevice *answering)
{
    SeenDevice *calling = call->legs[0].device;

    call->state = call->truth.status = CALL_ACCEPTED;
    call->truth.rev++;
    call->truth.accepted_ms = step->model->wall_ms;
    g_strlcpy(call->answered_by, answering->id, sizeof call->answered_by);
    call->truth.answered_by = call->answered_by;
    call->accepted_us = step->model->now_us;
    open_seats(step, call);
    say_about(say(step, MESSAGE_ACCEPTED, calling, call), answering);
    for (guint i = 1; i < call->leg_count; i++) {
        Said *said;

        if (call->legs[i].device == answering)
            continue;
        said = say(step, MESSAGE_ENDED, call->legs[i].device, call);
        said->status = CALL_ACCEPTED;
        said->cause = CAUSE_ANSWERED_ELSEWHERE;
    }
    call->leg_count = 1;
    call->legs[0].state = SEEN_IN_CALL;
    model_add_leg(call, answering, SEEN_IN_CALL);
    start_media_timer(step, call);
    keep(step, CHANGE_ACCEPTED, call);
    stop_push(step, call);
    if (!calling->address)
        say_peer(step, call, calling, FALSE);
}

static void note_ring(Step *step, SeenCall *call, SeenDevice *device)
{
    SeenLeg *leg = model_leg(call, device);

    device->says_ringing = TRUE;
    if (leg)
        leg->is_alerting = TRUE;
    if (call->is_alerting || !step->model->settings.reveal_presence)
        return;
    call->is_alerting = TRUE;
    call->truth.rev++;
    say_about(say(step, MESSAGE_RINGING, call->legs[0].device, call), device);
}

/* --- presence --- */

static void drop_ringing_legs(const Model *model, const SeenDevice *device)
{
    for (guint i = 0; i < model->live_count; i++) {
        const SeenLeg *leg = model_leg(model->live[i], device);

        if (leg && leg->state == SEEN_RINGING)
            model_drop_leg(model->live[i], device);
    }
}

/* Who comes back learns that the other one is not there. */
static void catch_up(Step *step, SeenCall *call, const SeenDevice *device)
{
    if (model_is_absent(call, other_device(call, device)))
        say_peer(step, call, other_device(call, device), FALSE);
}

static void go_away(Step *step, SeenCall *call, const SeenDevice *device)
{
    call->truth.rev++;
    say_peer(step, call, device, FALSE);
    hold_media_timer(step, call);
}

static void come_back(Step *step, SeenCall *call, const SeenDevice *device)
{
    call->truth.rev++;
    say_peer(step, call, device, TRUE);
    run_media_timer(step, call);
    catch_up(step, call, device);
}

/* Signalling is only half of it: where media is lost as well, the other device was told before, and is told again when
 * both are back. */
static void note_presence(Step *step, const SeenDevice *device, gboolean is_back)
{
    for (guint i = 0; i < step->model->live_count; i++) {
        SeenCall *call = step->model->live[i];
        const SeenLeg *leg = model_leg(call, device);
        gboolean has_lost_media;

        if (!leg || leg->state != SEEN_IN_CALL)
            continue;
        has_lost_media = model_has_lost_media(&call->seats[call->legs[0].device != device]);
        if (has_lost_media && is_back)
            catch_up(step, call, device);
        else if (!has_lost_media && is_back)
            come_back(step, call, device);
        else if (!has_lost_media)
            go_away(step, call, device);
    }
}

/* For good and by will, or an operator's. */
static void remove_device(Step *step, SeenDevice *device, gboolean is_own_will)
{
    SeenCall *call;

    drop_ringing_legs(step->model, device);
    while ((call = model_own_call(step->model, device))) {
        gboolean rings = call->state == CALL_RINGING;
        Closing closing = {
            .to = rings ? CALL_CANCELLED : CALL_ENDED, .cause = CAUSE_ADMIN, .by_user = -1};

        if (is_own_will) {
            closing.cause = rings ? CAUSE_CANCELLED : CAUSE_HANGUP;
            closing.by = device;
            closing.by_user = (int)device->user;
        }
        close_call(step, call, &closing);
    }
    model_remove_device(step->model, device);
}

/* --- call:register, call:unregister, the end of an address --- */

static void announce_ringing_calls(Step *step, SeenDevice *device)
{
    for (guint i = 0; i < step->model->live_count; i++) {
        SeenCall *call = step->model->live[i];
        gboolean is_first = !call->truth.ringing_ms;

        if (call->callee != device->user || call->is_veiled || call->state != CALL_RINGING ||
            call->created_us + call->ring_ms * 1000 - step->model->now_us <
                RING_WORTH_ANNOUNCING_US)
            continue;
        announce(step, call, device);
        if (is_first)
            keep(step, CHANGE_TOUCHED, call);
    }
}

static void confirm_registration(Step *step, SeenDevice *device)
{
    answer(step);
    g_strlcpy(device->name, step->event->reg.display_name ? step->event->reg.display_name : "",
              sizeof device->name);
    step->out->user = (int)device->user;
    g_strlcpy(step->out->device_id, device->id, sizeof step->out->device_id);
    if (device->expires_us != G_MAXINT64)
        step->out->expires_in_ms = (device->expires_us - step->model->now_us) / 1000;
}

static void place_device(const Step *step, SeenDevice *device)
{
    gint64 left_us = step->event->reg.expires_in_us;

    device->address = step->event->from;
    device->expires_us = left_us ? step->model->now_us + left_us : G_MAXINT64;
    device->is_expired = FALSE;
}

static gboolean has_room(Step *step, guint user)
{
    const Limits *limits = &step->model->settings.limits;

    if (!step->model->users[user].device_count &&
        model_registered_users(step->model) >= limits->max_users)
        refuse_for_now(step, REFUSAL_TOO_MANY_DEVICES, RETRY_WHEN_FULL_US);
    else if (model_present_devices(step->model, user) >= limits->max_devices)
        refuse(step, REFUSAL_TOO_MANY_DEVICES);
    else
        return TRUE;
    return FALSE;
}

static gboolean is_in_time(Step *step, guint user)
{
    gint64 wait_us = count_request(step, user);

    if (wait_us)
        refuse_for_now(step, REFUSAL_RATE_LIMITED, wait_us);
    return !wait_us;
}

static SeenDevice *new_device(Step *step, guint user)
{
    char given[NAME_BYTES];

    if (step->event->reg.device_id)
        return model_add_device(step->model, user, step->event->reg.device_id, FALSE);
    g_snprintf(given, sizeof given, "DEV_%s", step->event->fresh_id);
    return model_add_device(step->model, user, given, TRUE);
}

static void arrive(Step *step, guint user)
{
    Model *model = step->model;
    const char *id = step->event->reg.device_id;
    SeenDevice *device = id ? model_device(model, user, id) : model_nameless_away(model, user);
    gboolean was_away = device && !device->address;

    if (!is_in_time(step, user) ||
        ((!device || !model_is_present(device)) && !has_room(step, user)))
        return;
    if (!device)
        device = new_device(step, user);
    else if (device->address)
        say(step, MESSAGE_REPLACED, device, NULL);
    place_device(step, device);
    if (was_away)
        note_presence(step, device, TRUE);
    announce_ringing_calls(step, device);
    confirm_registration(step, device);
}

/* The same device again on its handle. */
static void refresh(Step *step, SeenDevice *here)
{
    gboolean was_expired = here->is_expired;

    if (!is_in_time(step, here->user) || (was_expired && !has_room(step, here->user)))
        return;
    place_device(step, here);
    if (was_expired)
        announce_ringing_calls(step, here);
    confirm_registration(step, here);
}

static gboolean is_joined(const Step *step)
{
    SeenCall *call = NULL;

    return model_seat_at(step->model, step->event->from, &call) != NULL;
}

static void expect_register(Step *step)
{
    const RegisterEvent *reg = &step->event->reg;
    SeenDevice *here = model_device_at(step->model, step->event->from);

    if (step->event->fault.refusal != REFUSAL_NONE)
        refuse(step, step->event->fault.refusal);
    else if (is_joined(step))
        refuse(step, REFUSAL_WRONG_STATE);
    else if (!here)
        arrive(step, (guint)model_user(step->model, reg->user_id));
    else if (strcmp(step->model->users[here->user].id, reg->user_id) != 0 ||
             (reg->device_id && strcmp(reg->device_id, here->id) != 0))
        refuse(step, REFUSAL_WRONG_STATE);
    else
        refresh(step, here);
}

static void expect_unregister(Step *step)
{
    if (!step->device) {
        refuse(step, REFUSAL_FORBIDDEN);
        return;
    }
    remove_device(step, step->device, TRUE);
    answer(step);
}

/* Away, and no call waits for it: as many of these as devices, the longest away goes first. */
static void keep_away_devices_bounded(Model *model, guint user)
{
    SeenUser *owner = &model->users[user];
    SeenDevice *oldest = NULL;
    guint idle = 0;

    for (guint i = 0; i < owner->device_count; i++) {
        SeenDevice *device = owner->devices[i];

        if (device->address || model_own_call(model, device))
            continue;
        idle++;
        if (!oldest || device->away_since_us < oldest->away_since_us)
            oldest = device;
    }
    if (idle > model->settings.limits.max_devices)
        model_remove_device(model, oldest);
}

static gint64 longest_grace_us(const Model *model)
{
    return MAX(model->settings.timers.caller_grace_us, model->settings.timers.in_call_grace_us);
}

static void leave_media_handle(Step *step);

static void expect_gone(Step *step)
{
    SeenDevice *device = model_device_at(step->model, step->event->from);

    if (!device) {
        leave_media_handle(step);
        return;
    }
    /* It may have registered after it lost a seat. */
    g_hash_table_remove(step->model->spent, step->event->from);
    device->address = NULL;
    drop_ringing_legs(step->model, device);
    if (!model_own_call(step->model, device)) {
        model_remove_device(step->model, device);
        return;
    }
    device->away_since_us = step->model->now_us;
    device->kept_until_us = step->model->now_us + longest_grace_us(step->model);
    note_presence(step, device, FALSE);
    keep_away_devices_bounded(step->model, device->user);
}

static void disconnect(Step *step, SeenDevice *device)
{
    SeenDevice told = *device;

    remove_device(step, device, FALSE);
    say(step, MESSAGE_UNREGISTERED, &told, NULL)->cause = CAUSE_ADMIN;
}

static void expect_disconnect(Step *step)
{
    const DisconnectEvent *whom = &step->event->disconnect;
    int user = model_user(step->model, whom->user_id);

    if (step->event->fault.refusal != REFUSAL_NONE) {
        refuse(step, step->event->fault.refusal);
        return;
    }
    for (guint i = user >= 0 ? step->model->users[user].device_count : 0; i > 0; i--) {
        SeenDevice *device = step->model->users[user].devices[i - 1];

        if (whom->device_id && strcmp(whom->device_id, device->id) != 0)
            continue;
        disconnect(step, device);
        step->out->devices++;
    }
    if (step->out->devices)
        answer(step);
    else
        refuse(step, REFUSAL_NOT_REGISTERED);
}

/* --- call:initiate --- */

static guint ringing_devices(const SeenCall *call)
{
    guint devices = 0;

    for (guint i = 0; i < call->leg_count; i++)
        devices += call->legs[i].state == SEEN_RINGING;
    return devices;
}

static void answer_initiate(Step *step, SeenCall *call)
{
    answer_about(step, call);
    if (!call->is_live || call->state != CALL_RINGING)
        return;
    step->out->expires_in_ms = time_left_ms(step->model, call);
    step->out->devices = ringing_devices(call);
}

/* The call that is meant: what memory knows counts more than what the store says. */
static SeenCall *asked_call(const Step *step, const char *call_id)
{
    SeenCall *call = step->user >= 0 ? model_call(step->model, (guint)step->user, call_id) : NULL;

    if (!call && step->event->stored)
        call = model_stored_call(step->model, (guint)step->user, call_id);
    return call;
}

static gboolean answer_taken_id(Step *step, int callee)
{
    const char *id = step->event->initiate.call_id;
    SeenCall *mine = id ? asked_call(step, id) : NULL;

    if (mine && mine->caller == (guint)step->user && (int)mine->callee == callee)
        answer_initiate(step, mine);
    else if (mine)
        refuse_about(step, mine, REFUSAL_ID_IN_USE);
    else if (id && callee >= 0 && model_call(step->model, (guint)callee, id))
        refuse(step, REFUSAL_ID_IN_USE);
    else
        return FALSE;
    return TRUE;
}

/* A live call of the two, in this direction. */
static SeenCall *call_between(const Model *model, int caller, int callee)
{
    for (guint i = 0; i < model->live_count; i++) {
        SeenCall *call = model->live[i];

        if ((int)call->caller == caller && (int)call->callee == callee && !call->is_veiled)
            return call;
    }
    return NULL;
}

static gboolean refuse_glare(Step *step, int callee)
{
    SeenCall *other = callee >= 0 ? call_between(step->model, callee, step->user) : NULL;

    if (!other)
        return FALSE;
    refuse(step, REFUSAL_GLARE);
    step->out->other = other;
    return TRUE;
}

static void replace_older(Step *step, int callee)
{
    for (guint i = 0; i < step->model->live_count; i++) {
        SeenCall *call = step->model->live[i];

        if (call->legs[0].device != step->device || (int)call->callee != callee)
            continue;
        close_call(step, call,
                   &(Closing){.to = call->state == CALL_RINGING ? CALL_CANCELLED : CALL_ENDED,
                              .cause = CAUSE_REPLACED,
                              .by = step->event->from ? step->device : NULL,
                              .by_user = step->user});
        step->out->replaced = call;
        return;
    }
}

static SeenCall *make_call(Step *step, int callee)
{
    const InitiateEvent *initiate = &step->event->initiate;
    char given[NAME_BYTES];
    SeenCall *call;

    g_snprintf(given, sizeof given, "CALL_%s", step->event->fresh_id);
    call = model_add_call(step->model, initiate->call_id ? initiate->call_id : given,
                          (guint)step->user, (guint)callee);
    call->mode = initiate->has_mode ? initiate->mode : step->model->settings.default_mode;
    call->ring_ms =
        initiate->timeout_ms ? initiate->timeout_ms : step->model->settings.timers.ring_us / 1000;
    model_add_leg(call, step->device, SEEN_CALLING);
    return call;
}

static void ring_devices(Step *step, SeenCall *call)
{
    SeenUser *callee = &step->model->users[call->callee];

    for (guint i = 0; i < callee->device_count; i++) {
        if (model_is_present(callee->devices[i]))
            announce(step, call, callee->devices[i]);
    }
    if (model_due(step->model, call).is_push &&
        model_due(step->model, call).at_us <= step->model->now_us)
        push(step, call);
    keep(step, CHANGE_CREATED, call);
}

/* Busy, and its caller must not know. */
static void veil_call(Step *step, SeenCall *call)
{
    call->belief = call->truth;
    keep(step, CHANGE_CREATED, call);
    close_sight(step, &call->truth,
                &(Closing){.to = CALL_REJECTED, .cause = CAUSE_BUSY, .by_user = -1});
    call->is_veiled = TRUE;
    keep(step, CHANGE_CLOSED, call);
}

static void place_call(Step *step, SeenCall *call, gboolean is_busy)
{
    Closing busy = {.to = CALL_REJECTED, .cause = CAUSE_BUSY, .by_user = -1};

    if (!is_busy) {
        ring_devices(step, call);
    } else if (step->model->settings.reveal_presence) {
        keep(step, CHANGE_CREATED, call);
        close_call(step, call, &busy);
    } else {
        veil_call(step, call);
    }
}

static SeenCall *announce_call(Step *step, int callee)
{
    SeenCall *call = make_call(step, callee);

    if (!step->event->from)
        say(step, MESSAGE_OUTGOING, step->device, call)->expires_in_ms =
            time_left_ms(step->model, call);
    return call;
}

static gboolean cancel_overtaken(Step *step, int callee)
{
    const char *id = step->event->initiate.call_id;
    Closing cancelled = {.to = CALL_CANCELLED,
                         .cause = CAUSE_CANCELLED,
                         .by = step->event->from ? step->device : NULL,
                         .by_user = step->user};
    SeenCall *call;

    if (!id || !model_take_early_end(step->model, (guint)step->user, id))
        return FALSE;
    replace_older(step, callee);
    call = announce_call(step, callee);
    keep(step, CHANGE_CREATED, call);
    close_call(step, call, &cancelled);
    answer_initiate(step, call);
    return TRUE;
}

static void start_call(Step *step, int callee)
{
    guint most = step->model->settings.limits.max_live_calls;
    gboolean is_busy = model_live_calls(step->model, (guint)callee) >= most;
    SeenCall *call = announce_call(step, callee);

    place_call(step, call, is_busy);
    answer_initiate(step, call);
}

static gboolean may_ring(Step *step, int callee)
{
    const HubSettings *settings = &step->model->settings;
    gint64 wait_us = 0;

    if (step->model->live_count >= settings->limits.max_calls) {
        refuse_for_now(step, REFUSAL_TOO_MANY_CALLS, RETRY_WHEN_FULL_US);
        return FALSE;
    }
    if (step->event->from)
        wait_us = model_take(step->model, &step->model->users[step->user].calls[callee],
                             &settings->rates.calls, 1);
    if (wait_us)
        refuse_for_now(step, REFUSAL_RATE_LIMITED, wait_us);
    return !wait_us;
}

static void expect_initiate(Step *step)
{
    int callee = model_user(step->model, step->event->initiate.callee_id);

    if (!step->device || !model_is_present(step->device)) {
        refuse(step, REFUSAL_NOT_REGISTERED);
    } else if (callee == step->user) {
        refuse(step, REFUSAL_CALLING_SELF);
    } else if (!answer_taken_id(step, callee) && !cancel_overtaken(step, callee) &&
               !refuse_glare(step, callee) && may_ring(step, callee)) {
        replace_older(step, callee);
        if (model_live_calls(step->model, (guint)step->user) >=
            step->model->settings.limits.max_live_calls)
            refuse(step, REFUSAL_TOO_MANY_CALLS);
        else
            start_call(step, callee);
    }
}

/* --- the other requests about a call --- */

static void expect_ringing(Step *step, SeenCall *call)
{
    if (call->caller == (guint)step->user || !step->device) {
        refuse_about(step, call, REFUSAL_FORBIDDEN);
    } else if (!model_is_live_for(call, (guint)step->user) || call->state != CALL_RINGING) {
        refuse_state(step, call);
    } else {
        note_ring(step, call, step->device);
        answer_about(step, call);
    }
}

static gboolean is_in_call(SeenCall *call, const SeenDevice *device)
{
    const SeenLeg *leg = device ? model_leg(call, device) : NULL;

    return leg && leg->state == SEEN_IN_CALL;
}

static void expect_accept(Step *step, SeenCall *call)
{
    if (call->caller == (guint)step->user || !step->device) {
        refuse_about(step, call, REFUSAL_FORBIDDEN);
    } else if (is_in_call(call, step->device)) {
        answer_about(step, call);
    } else if (!model_is_live_for(call, (guint)step->user) || call->state != CALL_RINGING) {
        refuse_state(step, call);
    } else {
        accept_call(step, call, step->device);
        answer_about(step, call);
    }
}

/* The same user made the state that still holds. */
static gboolean is_repeat(const Step *step, const SeenCall *call, CallState made)
{
    RecordView sight = model_sight(step->model, call, (guint)step->user);

    return sight.status == made && sight.ended_by == step->model->users[step->user].id;
}

static void reject_call(Step *step, SeenCall *call, Cause cause)
{
    close_call(step, call,
               &(Closing){.to = CALL_REJECTED,
                          .cause = cause,
                          .by = step->device,
                          .by_user = step->user,
                          .device = step->device,
                          .reason = step->event->about.reason});
    answer_about(step, call);
}

static void expect_reject(Step *step, SeenCall *call)
{
    if (call->caller == (guint)step->user)
        refuse_about(step, call, REFUSAL_FORBIDDEN);
    else if (is_repeat(step, call, CALL_REJECTED))
        answer_about(step, call);
    else if (!model_is_live_for(call, (guint)step->user) || call->state != CALL_RINGING)
        refuse_state(step, call);
    else
        reject_call(step, call, step->event->about.cause);
}

static void expect_end_of_what_is_over(Step *step, SeenCall *call)
{
    CallState unanswered = call->caller == (guint)step->user ? CALL_CANCELLED : CALL_REJECTED;

    if (!step->event->is_operator &&
        (is_repeat(step, call, unanswered) || is_repeat(step, call, CALL_ENDED)))
        answer_about(step, call);
    else
        refuse_about(step, call, REFUSAL_CALL_OVER);
}

static void expect_end_by_operator(Step *step, SeenCall *call)
{
    close_call(step, call,
               &(Closing){.to = call->state == CALL_RINGING ? CALL_CANCELLED : CALL_ENDED,
                          .cause = CAUSE_ADMIN,
                          .by_user = -1,
                          .reason = step->event->about.reason});
    answer_about(step, call);
}

static void expect_end_by_user(Step *step, SeenCall *call)
{
    Closing closing = {
        .by = step->device, .by_user = step->user, .reason = step->event->about.reason};

    closing.to = call->state == CALL_RINGING ? CALL_CANCELLED : CALL_ENDED;
    closing.cause = call->state == CALL_RINGING ? CAUSE_CANCELLED : CAUSE_HANGUP;
    close_call(step, call, &closing);
    answer_about(step, call);
}

static void expect_end(Step *step, SeenCall *call)
{
    if (!model_is_live_for(call, (guint)step->user))
        expect_end_of_what_is_over(step, call);
    else if (step->event->is_operator)
        expect_end_by_operator(step, call);
    else if (call->state == CALL_RINGING && call->callee == (guint)step->user)
        reject_call(step, call, CAUSE_DECLINED);
    else
        expect_end_by_user(step, call);
}

static void pass_on(Step *step, SeenCall *call)
{
    const SeenDevice *other = other_device(call, step->device);

    if (other->address) {
        Said *said = say(step, step->event->kind == EVENT_SIGNAL ? MESSAGE_SIGNAL : MESSAGE_UPDATED,
                         other, call);

        said->from = step->user;
        said->data = step->event->about.data;
    }
    answer_about(step, call);
    step->out->is_undelivered = !other->address;
}

static gint64 count_relayed(Step *step)
{
    Model *model = step->model;

    return model_take(model, &model->users[step->user].relayed, &model->settings.rates.relayed,
                      (gint64)strlen(step->event->about.data));
}

static void expect_signal(Step *step, SeenCall *call)
{
    gboolean is_talk = call->is_live && call->state == CALL_ACCEPTED;
    gint64 wait_us;

    if (!step->device || (is_talk && !is_in_call(call, step->device)))
        refuse_about(step, call, REFUSAL_FORBIDDEN);
    else if (!is_talk)
        refuse_state(step, call);
    else if (!(wait_us = count_relayed(step)))
        pass_on(step, call);
    else {
        refuse_about(step, call, REFUSAL_RATE_LIMITED);
        step->out->retry_after_ms = (wait_us + 999) / 1000;
    }
}

static void expect_not_found(Step *step)
{
    refuse(step, REFUSAL_CALL_NOT_FOUND);
    step->out->is_elsewhere = TRUE;
    if (step->event->kind == EVENT_END && step->user >= 0 && !step->event->is_operator)
        model_remember_early_end(step->model, (guint)step->user, step->event->about.call_id);
}

static void expect_about_call(Step *step, void (*rule)(Step *step, SeenCall *call))
{
    SeenCall *call = asked_call(step, event_call_id(step->event));

    if (call)
        rule(step, call);
    else
        expect_not_found(step);
}

static void expect_record(Step *step, SeenCall *call)
{
    if (!call->is_live || call->is_veiled) {
        refuse_about(step, call, REFUSAL_CALL_OVER);
    } else if (call->mode != MODE_RELAY) {
        refuse_about(step, call, REFUSAL_WRONG_STATE);
    } else if (!step->model->settings.can_record) {
        refuse_about(step, call, REFUSAL_INVALID_REQUEST);
    } else {
        call->is_recorded = step->event->record.is_on;
        if (call->state == CALL_ACCEPTED)
            order(step, call, MEDIA_ORDER_RECORD, NULL);
        answer_about(step, call);
    }
}

/* --- on a media handle --- */

static Side side_of(const SeenCall *call, const SeenSeat *seat)
{
    return seat == &call->seats[SIDE_CALLER] ? SIDE_CALLER : SIDE_CALLEE;
}

static void say_media(Step *step, SeenCall *call, Side to, JsepKind kind, const char *jsep)
{
    Said *said = say(step, MESSAGE_MEDIA, call->legs[to].device, call);

    said->to = call->seats[to].address;
    said->jsep_kind = kind;
    g_strlcpy(said->jsep, jsep, sizeof said->jsep);
}

static void offer_to(Step *step, SeenCall *call, Side to, const char *offer, gboolean is_silent)
{
    call->talk.is_pending = TRUE;
    call->talk.answering = to;
    call->talk.is_silent = is_silent;
    say_media(step, call, to, JSEP_OFFER, offer);
}

static void keep_offer(SeenCall *call, const char *offer)
{
    g_strlcpy(call->talk.offer, offer, sizeof call->talk.offer);
    call->talk.is_wanted = TRUE;
}

static void go_down(Step *step, SeenCall *call, SeenSeat *seat)
{
    const SeenDevice *device = call->legs[side_of(call, seat)].device;

    if (!seat->is_up)
        return;
    seat->is_up = FALSE;
    seat->down_since_us = step->model->now_us;
    if (device->address)
        go_away(step, call, device);
}

static void go_up(Step *step, SeenCall *call, SeenSeat *seat)
{
    const SeenDevice *device = call->legs[side_of(call, seat)].device;
    gboolean was_lost = model_has_lost_media(seat);

    if (seat->is_up)
        return;
    seat->is_up = seat->was_up = TRUE;
    if (call->seats[SIDE_CALLER].was_up && call->seats[SIDE_CALLEE].was_up)
        call->awaits_media = FALSE;
    if (was_lost && device->address)
        come_back(step, call, device);
}

static void expect_media_state(Step *step)
{
    SeenCall *call = NULL;
    SeenSeat *seat = model_seat_at(step->model, step->event->from, &call);

    if (seat && step->event->kind == EVENT_MEDIA_UP)
        go_up(step, call, seat);
    else if (seat)
        go_down(step, call, seat);
}

static void leave_seat(Step *step, SeenCall *call, SeenSeat *seat)
{
    Address *at = seat->address;

    if (!at)
        return;
    empty_seat(step, seat);
    order(step, call, MEDIA_ORDER_LEAVE, at);
    seat->stale_answers = 0;
    if (call->talk.is_pending && call->talk.answering == side_of(call, seat))
        call->talk.is_pending = call->talk.is_outdated = FALSE;
    go_down(step, call, seat);
}

static void leave_media_handle(Step *step)
{
    SeenCall *call = NULL;
    SeenSeat *seat = model_seat_at(step->model, step->event->from, &call);

    if (seat)
        leave_seat(step, call, seat);
    g_hash_table_remove(step->model->spent, step->event->from);
}

/* The caller's offer that is under way is overtaken by the callee's latest; that waits for the
 * caller's answer to an earlier one. */
static void offer_kept(Step *step, SeenCall *call)
{
    SeenTalk *talk = &call->talk;

    if (!call->seats[SIDE_CALLER].address || !call->seats[SIDE_CALLEE].address || !*talk->offer)
        return;
    if (talk->is_pending && talk->answering == SIDE_CALLER) {
        talk->is_outdated = TRUE;
        return;
    }
    if (talk->is_pending)
        call->seats[SIDE_CALLEE].stale_answers++;
    offer_to(step, call, SIDE_CALLER, talk->offer, !talk->is_wanted);
}

static void sit_down(Step *step, SeenCall *call, SeenSeat *seat)
{
    leave_seat(step, call, seat);
    seat->address = step->event->from;
    if (call->seats[SIDE_CALLER].address && call->seats[SIDE_CALLEE].address)
        order(step, call, MEDIA_ORDER_LINK, NULL);
}

static void take_seat(Step *step, SeenCall *call, SeenSeat *seat)
{
    gboolean is_new = seat->address != step->event->from;

    if (is_new)
        sit_down(step, call, seat);
    if (side_of(call, seat) == SIDE_CALLEE)
        keep_offer(call, step->event->join.jsep.text);
    if (is_new || side_of(call, seat) == SIDE_CALLEE)
        offer_kept(step, call);
}

/* Requests, and the bytes of what is passed on, count as the user's. */
static gint64 count_on_seat(Step *step, SeenCall *call, const SeenSeat *seat, const char *jsep)
{
    Model *model = step->model;
    SeenUser *user = &model->users[call->legs[side_of(call, seat)].device->user];
    gint64 wait_us = model_take(model, &user->requests, &model->settings.rates.requests, 1);

    if (!wait_us && jsep)
        wait_us =
            model_take(model, &user->relayed, &model->settings.rates.relayed, (gint64)strlen(jsep));
    return wait_us;
}

static gboolean may_send(Step *step, SeenCall *call, const SeenSeat *seat, const char *jsep)
{
    gint64 wait_us = count_on_seat(step, call, seat, jsep);

    if (!wait_us)
        return TRUE;
    refuse_about(step, call, REFUSAL_RATE_LIMITED);
    step->out->retry_after_ms = (wait_us + 999) / 1000;
    return FALSE;
}

static void expect_join_of(Step *step, SeenCall *call, SeenSeat *seat)
{
    JsepKind wanted = side_of(call, seat) == SIDE_CALLEE ? JSEP_OFFER : JSEP_NONE;

    step->user = (int)call->legs[side_of(call, seat)].device->user;
    if (!may_send(step, call, seat, step->event->join.jsep.text))
        return;
    if (step->event->join.jsep.kind != wanted) {
        refuse_about(step, call, REFUSAL_INVALID_REQUEST);
        return;
    }
    take_seat(step, call, seat);
    answer_about(step, call);
}

static void expect_join(Step *step)
{
    const Event *event = step->event;
    SeenCall *call = NULL, *joined = NULL;
    SeenSeat *seat = model_seat_of_token(step->model, event->join.token, &call);
    const SeenSeat *here = model_seat_at(step->model, event->from, &joined);

    if (event->fault.refusal != REFUSAL_NONE)
        refuse(step, event->fault.refusal);
    else if (step->device)
        refuse(step, REFUSAL_WRONG_STATE);
    else if (!seat || strcmp(call->id, event->join.call_id) != 0)
        refuse(step, REFUSAL_UNAUTHORIZED);
    else if ((here && here != seat) || g_hash_table_contains(step->model->spent, event->from))
        refuse(step, REFUSAL_WRONG_STATE);
    else
        expect_join_of(step, call, seat);
}

static gboolean take_turn_to_offer(Step *step, SeenCall *call, const SeenSeat *seat)
{
    Side to = other_side(side_of(call, seat));
    const char *jsep = step->event->join.jsep.text;

    if (call->talk.is_pending || !call->seats[to].address)
        return FALSE;
    if (to == SIDE_CALLER)
        keep_offer(call, jsep);
    offer_to(step, call, to, jsep, FALSE);
    return TRUE;
}

static gboolean take_turn_to_answer(Step *step, SeenCall *call, SeenSeat *seat)
{
    Side side = side_of(call, seat), to = other_side(side);
    SeenTalk *talk = &call->talk;

    if (!talk->is_pending || talk->answering != side)
        return seat->stale_answers ? seat->stale_answers-- : FALSE;
    talk->is_pending = FALSE;
    if (talk->is_outdated) {
        talk->is_outdated = FALSE;
        offer_kept(step, call);
        return TRUE;
    }
    if (talk->is_silent)
        return TRUE;
    if (side == SIDE_CALLER)
        talk->is_wanted = FALSE;
    if (call->seats[to].address)
        say_media(step, call, to, JSEP_ANSWER, step->event->join.jsep.text);
    return TRUE;
}

static void expect_media(Step *step, SeenCall *call, SeenSeat *seat)
{
    const JoinEvent *join = &step->event->join;
    gboolean is_done;

    if (strcmp(call->id, join->call_id) != 0) {
        refuse(step, REFUSAL_CALL_NOT_FOUND);
        return;
    }
    if (!may_send(step, call, seat, join->jsep.text))
        return;
    if (join->jsep.kind == JSEP_NONE) {
        refuse_about(step, call, REFUSAL_INVALID_REQUEST);
        return;
    }
    is_done = join->jsep.kind == JSEP_OFFER ? take_turn_to_offer(step, call, seat)
                                            : take_turn_to_answer(step, call, seat);
    if (is_done)
        answer_about(step, call);
    else
        refuse_about(step, call, REFUSAL_WRONG_STATE);
}

static void expect_configure(Step *step, SeenCall *call, const SeenSeat *seat)
{
    if (!may_send(step, call, seat, NULL))
        return;
    order(step, call, MEDIA_ORDER_CONFIGURE, seat->address);
    step->out->ordered[step->out->ordered_count - 1].video = step->event->configure.video;
    answer_about(step, call);
}

static void expect_joined(Step *step)
{
    SeenCall *call = NULL;
    SeenSeat *seat = model_seat_at(step->model, step->event->from, &call);

    if (!seat) {
        refuse(step, step->device ? REFUSAL_WRONG_STATE : REFUSAL_NOT_REGISTERED);
        return;
    }
    step->user = (int)call->legs[side_of(call, seat)].device->user;
    if (step->event->fault.refusal != REFUSAL_NONE)
        refuse(step, step->event->fault.refusal);
    else if (step->event->kind == EVENT_MEDIA)
        expect_media(step, call, seat);
    else
        expect_configure(step, call, seat);
}

/* --- what the media layer says by itself --- */

static SeenCall *reported_call(const Step *step)
{
    const MediaReportEvent *media = &step->event->media;
    int caller = model_user(step->model, media->caller_id);
    SeenCall *call = caller < 0 ? NULL : model_call(step->model, (guint)caller, media->call_id);

    return call && call->caller == (guint)caller && call->facts->created_ms == media->created_ms
               ? call
               : NULL;
}

static void expect_media_failed(Step *step)
{
    SeenCall *call = reported_call(step);

    if (call && call->is_live && call->state == CALL_ACCEPTED)
        close_call(step, call,
                   &(Closing){.to = CALL_FAILED, .cause = CAUSE_MEDIA_FAILED, .by_user = -1});
}

static void expect_media_report(Step *step)
{
    SeenCall *call = reported_call(step);

    if (call && !call->is_live)
        keep(step, CHANGE_TOUCHED, call);
}

/* --- time --- */

static SeenCall *next_due(const Model *model, gint64 *at_us)
{
    SeenCall *first = NULL;

    for (guint i = 0; i < model->live_count; i++) {
        SeenDue due = model_due(model, model->live[i]);

        if (due.at_us > *at_us)
            continue;
        *at_us = due.at_us;
        first = model->live[i];
    }
    return first;
}

/* A token that is over before that; at the same time a call comes first. */
static SeenDevice *next_expired(const Model *model, gint64 before_us)
{
    SeenDevice *first = NULL;

    for (guint i = 0; i < model->user_count; i++) {
        for (guint j = 0; j < model->users[i].device_count; j++) {
            SeenDevice *device = model->users[i].devices[j];

            if (!model_is_present(device) || device->expires_us >= before_us)
                continue;
            before_us = device->expires_us;
            first = device;
        }
    }
    return first;
}

/* What rang at it drops out without a word; the call that it is in goes on. */
static void end_registration(Step *step, SeenDevice *device)
{
    say(step, MESSAGE_UNREGISTERED, device, NULL)->cause = CAUSE_TOKEN_EXPIRED;
    drop_ringing_legs(step->model, device);
    device->is_expired = TRUE;
}

/* One that is away, and is looked at before that; at the same time a call comes first. */
static SeenDevice *next_away(const Model *model, gint64 before_us)
{
    SeenDevice *first = NULL;

    for (guint i = 0; i < model->user_count; i++) {
        for (guint j = 0; j < model->users[i].device_count; j++) {
            SeenDevice *device = model->users[i].devices[j];

            if (device->address || model_device_due(device) >= before_us)
                continue;
            before_us = model_device_due(device);
            first = device;
        }
    }
    return first;
}

/* Nothing waits for it any more; unless its media goes on. */
static void tidy_away(const Step *step, SeenDevice *device)
{
    if (model_own_call(step->model, device))
        device->kept_until_us = step->model->now_us + longest_grace_us(step->model);
    else
        model_remove_device(step->model, device);
}

static void expect_timeout(Step *step)
{
    Model *model = step->model;

    for (;;) {
        gint64 at_us = model->now_us;
        SeenCall *call = next_due(model, &at_us);
        SeenDevice *device = next_expired(model, call ? at_us : model->now_us + 1);
        SeenDevice *away = next_away(model, call ? at_us : model->now_us + 1);
        SeenDue due;

        if (device) {
            end_registration(step, device);
            continue;
        }
        if (away) {
            tidy_away(step, away);
            continue;
        }
        if (!call)
            break;
        due = model_due(model, call);
        if (due.is_push) {
            push(step, call);
            keep(step, CHANGE_TOUCHED, call);
            continue;
        }
        close_call(step, call, &(Closing){.to = due.to, .cause = due.cause, .by_user = -1});
    }
}

/* --- one step --- */

static void find_sender(Step *step)
{
    const Event *event = step->event;

    if (event->from) {
        step->device = model_device_at(step->model, event->from);
        step->user = step->device ? (int)step->device->user : -1;
    } else if (event->as_user) {
        step->user = model_user(step->model, event->as_user);
        if (step->user >= 0 && event->as_device)
            step->device = model_device(step->model, (guint)step->user, event->as_device);
    }
}

static void expect_by_kind(Step *step)
{
    switch (step->event->kind) {
    case EVENT_REGISTER:
        expect_register(step);
        return;
    case EVENT_UNREGISTER:
        expect_unregister(step);
        return;
    case EVENT_INITIATE:
        expect_initiate(step);
        return;
    case EVENT_RINGING:
        expect_about_call(step, expect_ringing);
        return;
    case EVENT_ACCEPT:
        expect_about_call(step, expect_accept);
        return;
    case EVENT_REJECT:
        expect_about_call(step, expect_reject);
        return;
    case EVENT_END:
        expect_about_call(step, expect_end);
        return;
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
        expect_about_call(step, expect_signal);
        return;
    case EVENT_GET:
        expect_about_call(step, answer_about);
        return;
    case EVENT_HISTORY:
        answer(step);
        return;
    case EVENT_DISCONNECT:
        expect_disconnect(step);
        return;
    case EVENT_GONE:
        expect_gone(step);
        return;
    case EVENT_TIMEOUT:
        expect_timeout(step);
        return;
    case EVENT_JOIN:
        expect_join(step);
        return;
    case EVENT_MEDIA:
    case EVENT_CONFIGURE:
        expect_joined(step);
        return;
    case EVENT_RECORD:
        expect_about_call(step, expect_record);
        return;
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
        expect_media_state(step);
        return;
    case EVENT_MEDIA_FAILED:
        expect_media_failed(step);
        return;
    case EVENT_MEDIA_REPORT:
        expect_media_report(step);
        return;
    case EVENT_PUSH_ANSWERED:
        return;
    }
    g_assert_not_reached();
}

static gboolean is_request_of_a_user(EventKind kind)
{
    return kind < EVENT_GONE && kind != EVENT_REGISTER && kind != EVENT_DISCONNECT &&
           kind != EVENT_JOIN && kind != EVENT_MEDIA && kind != EVENT_CONFIGURE;
}

/* It may go on with the call that it is in, and end it. */
static gboolean is_expired_for(const Step *step)
{
    const Event *event = step->event;
    SeenCall *call;

    if (!step->device->is_expired)
        return FALSE;
    if (event->kind != EVENT_SIGNAL && event->kind != EVENT_UPDATE && event->kind != EVENT_END)
        return TRUE;
    call = model_call(step->model, (guint)step->user, event->about.call_id);
    return !call || !call->is_live || !model_leg(call, step->device);
}

static void expect_request(Step *step)
{
    const Event *event = step->event;
    gint64 wait_us = 0;

    if (event->from && !step->device) {
        refuse(step, REFUSAL_NOT_REGISTERED);
        return;
    }
    if (event->from && is_expired_for(step)) {
        refuse(step, REFUSAL_TOKEN_EXPIRED);
        return;
    }
    if (event->from)
        wait_us = count_request(step, (guint)step->user);
    if (event->fault.refusal != REFUSAL_NONE)
        refuse(step, event->fault.refusal);
    else if (wait_us)
        refuse_for_now(step, REFUSAL_RATE_LIMITED, wait_us);
    else
        expect_by_kind(step);
}

/* What only its call kept goes when that is over. */
static void forget_expired(Model *model)
{
    for (guint i = 0; i < model->user_count; i++) {
        for (guint j = model->users[i].device_count; j > 0; j--) {
            SeenDevice *device = model->users[i].devices[j - 1];

            if (device->address && device->is_expired && !model_own_call(model, device))
                model_remove_device(model, device);
        }
    }
}

void expect(Model *model, const Event *event, Expectation *expectation)
{
    Step step = {.model = model, .event = event, .out = expectation, .user = -1};

    expectation->said_count = expectation->kept_count = expectation->pushed_count = 0;
    expectation->ordered_count = 0;
    expectation->is_answered = expectation->is_undelivered = expectation->is_elsewhere = FALSE;
    expectation->refusal = REFUSAL_NONE;
    expectation->call = expectation->replaced = expectation->other = NULL;
    expectation->expires_in_ms = -1;
    expectation->retry_after_ms = 0;
    expectation->devices = 0;
    expectation->user = -1;
    expectation->device_id[0] = '\0';

    model_advance(model, event->now_us, event->wall_ms);
    find_sender(&step);
    if (is_request_of_a_user(event->kind))
        expect_request(&step);
    else
        expect_by_kind(&step);
    forget_expired(model);
}
