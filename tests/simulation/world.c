#include "world.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC
#define MS 1000

static const char *const device_names[] = {"phone", "tablet", "desk", "watch"};
static const gint64 token_lives[] = {0, 1, 100 * MS, 1 * SECOND, 10 * SECOND, 60 * SECOND};
static const char *const reasons[] = {NULL, NULL, "User declined", "in a meeting"};

const char *world_device_name(guint number)
{
    return device_names[number % G_N_ELEMENTS(device_names)];
}

Address *world_handle(World *world, guint user, guint number)
{
    return &world->handles[user * HANDLES_OF_A_USER + number % HANDLES_OF_A_USER];
}

/* --- what a seed decides beforehand --- */

static void choose_timers(Random *random, Timers *timers)
{
    static const gint64 rings[] = {100 * MS, 1500 * MS, 5 * SECOND, 45 * SECOND, 45 * SECOND};
    static const gint64 unreachables[] = {100 * MS, 1 * SECOND, 20 * SECOND, 60 * SECOND};
    static const gint64 graces[] = {100 * MS, 1 * SECOND, 12 * SECOND, 30 * SECOND};
    static const gint64 pushes[] = {0, 100 * MS, 1500 * MS, 10 * SECOND};
    static const gint64 media[] = {100 * MS, 1 * SECOND, 20 * SECOND, 60 * SECOND};
    static const gint64 durations[] = {0, 0, 0, 100 * MS, 10 * SECOND, 60 * SECOND};

    timers->ring_us = random_pick(random, rings);
    timers->unreachable_us = random_pick(random, unreachables);
    timers->caller_grace_us = random_pick(random, graces);
    timers->in_call_grace_us = random_pick(random, graces);
    timers->max_duration_us = random_pick(random, durations);
    timers->push_after_us = random_pick(random, pushes);
    timers->media_us = random_pick(random, media);
}

static void choose_rates(Random *random, Rates *rates)
{
    static const Rate requests[] = {{0},
                                    {0},
                                    {.tokens = 1, .period_us = SECOND, .size = 2},
                                    {.tokens = 5, .period_us = SECOND, .size = 10}};
    static const Rate relayed[] = {{0},
                                   {.tokens = 10, .period_us = SECOND, .size = 20},
                                   {.tokens = 50, .period_us = SECOND, .size = 100}};
    static const Rate calls[] = {{0},
                                 {.tokens = 1, .period_us = 10 * SECOND, .size = 1},
                                 {.tokens = 2, .period_us = 60 * SECOND, .size = 2}};

    rates->requests = random_pick(random, requests);
    rates->relayed = random_pick(random, relayed);
    rates->calls = random_pick(random, calls);
}

static void choose_limits(Random *random, Limits *limits)
{
    static const guint devices[] = {1, 2, 3, 10};
    static const guint live_calls[] = {1, 2, 2, 3};
    static const guint ended_of_a_user[] = {1, 3, 100, 100};
    static const guint ended[] = {1, 6, 100000, 100000};
    static const guint early_ends[] = {1, 2, 16, 16};
    static const guint users[] = {1, 2, 100000, 100000};
    static const guint calls[] = {1, 3, 100000, 100000};

    limits->max_devices = random_pick(random, devices);
    limits->max_live_calls = random_pick(random, live_calls);
    limits->max_ended_per_user = random_pick(random, ended_of_a_user);
    limits->max_ended = random_pick(random, ended);
    limits->max_early_ends = random_pick(random, early_ends);
    limits->max_users = random_pick(random, users);
    limits->max_calls = random_pick(random, calls);
}

/* Swarm testing: each seed has its own mix, so that what is rare in one is frequent in another. */
static void choose_weights(World *world)
{
    world->weight_sum = 0;
    for (guint i = 0; i < DEEDS; i++)
        world->weights[i] = random_below(&world->random, 9);
    world->weights[DOES_REGISTER] += 3;
    world->weights[DOES_INITIATE] += 4;
    world->weights[DOES_DISCONNECT] /= 4;
    world->weights[DOES_HISTORY] /= 4;
    world->weights[DOES_LOSE_MEDIA] /= 4;
    world->weights[DOES_RECORD] /= 4;
    for (guint i = 0; i < DEEDS; i++)
        world->weight_sum += world->weights[i];
}

/* Long talks need users who do not run into limits, and pauses that are short. */
static void choose_to_talk(World *world)
{
    HubSettings *settings = &world->settings;

    world->talks = random_chance(&world->random, 3);
    if (!world->talks)
        return;
    settings->default_mode = MODE_RELAY;
    settings->limits.max_devices = 10;
    settings->limits.max_users = settings->limits.max_calls = 100;
    if (!random_chance(&world->random, 3)) {
        settings->rates = (Rates){0};
        settings->timers.max_duration_us = 0;
        world->has_tokens = FALSE;
    }
    world->hurry = 1;
}

void world_init(World *world, guint64 seed)
{
    Random *random = &world->random;

    random_init(random, seed);
    hub_settings_init(&world->settings);
    if (random_chance(random, 3))
        world->settings.timers.max_duration_us = 0;
    else
        choose_timers(random, &world->settings.timers);
    if (!random_chance(random, 3))
        choose_limits(random, &world->settings.limits);
    if (random_chance(random, 3))
        choose_rates(random, &world->settings.rates);
    world->has_tokens = random_chance(random, 3);
    world->settings.reveal_presence = random_chance(random, 2);
    world->settings.default_mode = random_chance(random, 2) ? MODE_RELAY : MODE_NONE;
    world->settings.can_record = random_chance(random, 2);
    world->settings.is_recorded = world->settings.can_record && random_chance(random, 2);
    world->user_count = 3 + random_below(random, USERS_MOST - 2);
    world->device_names = 1 + random_below(random, G_N_ELEMENTS(device_names));
    world->call_ids = 1 + random_below(random, 12);
    world->has_store = random_chance(random, 3);
    world->steps = 20 + random_below(random, 100);
    world->hurry = random_chance(random, 2) ? 1 : 1 + random_below(random, 4);
    world->nameless = 1 + random_below(random, 6);
    choose_weights(world);
    choose_to_talk(world);
    world->now_us = 1 + random_below(random, 1000000);
    world->wall_ms = G_GINT64_CONSTANT(1700000000000);
    world->fresh = world->secrets = world->offers = 0;
    for (guint i = 0; i < HANDLES + MEDIA_HANDLES; i++)
        world->handles[i].number = i;
}

/* --- time --- */

static gint64 choose_pause_us(World *world, gint64 deadline_us)
{
    Random *random = &world->random;
    gint64 to_deadline_us = deadline_us == G_MAXINT64 ? 0 : MAX(deadline_us - world->now_us, 0);
    /* Just before it, or so that a grace which starts now ends with it. */
    gint64 lead_us = random_chance(random, 2) ? 1 : world->settings.timers.caller_grace_us;

    switch (random_below(random, 40) / world->hurry) {
    case 0:
        return random_below(random, 10 * SECOND);
    case 1:
        return to_deadline_us;
    case 2:
        return MAX(to_deadline_us - lead_us, 0);
    case 3:
        return random_chance(random, 8) ? (gint64)11 * 60 * SECOND
                                        : random_below(random, 60 * SECOND);
    case 4:
    case 5:
        return random_below(random, SECOND);
    case 6:
    case 7:
    case 8:
        return 0;
    default:
        return random_below(random, 50 * MS);
    }
}

static void let_time_pass(World *world, gint64 pause_us)
{
    world->now_us += pause_us;
    world->wall_ms += pause_us / 1000;
    /* Somebody sets the clock: no timer may care. */
    if (random_chance(&world->random, 64))
        world->wall_ms += (gint64)random_below(&world->random, 7200000) - 3600000;
}

static void add_secrets(World *world, Event *event)
{
    world->secrets++;
    for (guint side = 0; side < SIDES; side++) {
        g_snprintf(world->tokens[side], sizeof world->tokens[side], "T%u%c", world->secrets,
                   side == SIDE_CALLER ? 'a' : 'b');
        event->secrets.tokens[side] = world->tokens[side];
    }
    g_snprintf(world->room, sizeof world->room, "%u", world->secrets);
    event->secrets.room = world->room;
    event->secrets.pin = "pin";
}

void world_stamp(World *world, Event *event)
{
    event->now_us = world->now_us;
    event->wall_ms = world->wall_ms;
    g_snprintf(world->fresh_id, sizeof world->fresh_id, "f%u", world->fresh++);
    event->fresh_id = world->fresh_id;
    if (event->kind == EVENT_ACCEPT)
        add_secrets(world, event);
}

/* --- who --- */

static SeenDevice *any_present_device_of(Random *random, const Model *model, guint user)
{
    const SeenUser *owner = &model->users[user];
    guint start = random_below(random, owner->device_count);

    for (guint i = 0; i < owner->device_count; i++) {
        SeenDevice *device = owner->devices[(start + i) % owner->device_count];

        if (device->address)
            return device;
    }
    return NULL;
}

static SeenDevice *any_present_device(Random *random, const Model *model)
{
    guint start = random_below(random, model->user_count);

    for (guint i = 0; i < model->user_count; i++) {
        SeenDevice *device = any_present_device_of(random, model, (start + i) % model->user_count);

        if (device)
            return device;
    }
    return NULL;
}

static void send_as_backend(World *world, const Model *model, Event *event, guint user)
{
    const SeenUser *owner = &model->users[user];

    event->as_user = owner->id;
    if (event->kind == EVENT_INITIATE && owner->device_count)
        event->as_device = owner->devices[random_below(&world->random, owner->device_count)]->id;
}

/* For nobody: the user is only the caller of the call that is meant. */
static void send_as_operator(Event *event, const Model *model, guint caller)
{
    event->as_user = model->users[caller].id;
    event->is_operator = TRUE;
}

/* By one of the user's devices, at times by the backend. */
static void send_as(World *world, const Model *model, Event *event, guint user)
{
    SeenDevice *device = any_present_device_of(&world->random, model, user);

    if (!device || random_chance(&world->random, 12))
        send_as_backend(world, model, event, user);
    else
        event->from = device->address;
}

/* By anybody; at times from a handle where nobody may be. */
static void send_as_anybody(World *world, const Model *model, Event *event)
{
    SeenDevice *device = any_present_device(&world->random, model);

    if (!device || random_chance(&world->random, 20))
        event->from = &world->handles[random_below(&world->random, HANDLES)];
    else if (random_chance(&world->random, 12))
        send_as_backend(world, model, event, random_below(&world->random, model->user_count));
    else
        event->from = device->address;
}

/* --- which call --- */

static const char *any_call_id(World *world, const Model *model)
{
    if (model->call_count && random_chance(&world->random, 2))
        return model->calls[random_below(&world->random, model->call_count)].id;
    g_snprintf(world->call_id, sizeof world->call_id, "call-%u",
               random_below(&world->random, world->call_ids));
    return world->call_id;
}

static SeenCall *any_live_call(World *world, const Model *model)
{
    return model->live_count ? model->live[random_below(&world->random, model->live_count)] : NULL;
}

static gboolean is_callees_to_do(EventKind kind)
{
    return kind == EVENT_RINGING || kind == EVENT_ACCEPT || kind == EVENT_REJECT;
}

/* Mostly what makes sense for a live call, from one who may do it. */
static void act_on_call(World *world, const Model *model, Event *event)
{
    SeenCall *call = random_chance(&world->random, 4) ? NULL : any_live_call(world, model);

    event->about.reason = random_pick(&world->random, reasons);
    event->about.cause = random_chance(&world->random, 3) ? CAUSE_BUSY : CAUSE_DECLINED;
    event->about.data = event->kind == EVENT_SIGNAL ? "{\"sdp\":1}" : "{\"hold\":true}";
    event->about.call_id = call ? call->id : any_call_id(world, model);
    if (!call)
        send_as_anybody(world, model, event);
    else if ((event->kind == EVENT_END || event->kind == EVENT_GET) &&
             random_chance(&world->random, 12))
        send_as_operator(event, model, call->caller);
    else if (is_callees_to_do(event->kind) || random_chance(&world->random, 2))
        send_as(world, model, event, call->callee);
    else
        send_as(world, model, event, call->caller);
}

/* --- the deeds --- */

static Address *any_media_handle(World *world)
{
    return &world
                ->handles[HANDLES + random_below(&world->random, world->talks ? 5 : MEDIA_HANDLES)];
}

/* Mostly anybody; at times one whose call is over before it was made. */
static guint choose_user_to_register(World *world, const Model *model)
{
    guint user = random_below(&world->random, world->user_count);

    if (!random_chance(&world->random, 3))
        return user;
    for (guint i = 0; i < world->user_count; i++) {
        if (model->users[i].early_end_count)
            return i;
    }
    return user;
}

static void do_register(World *world, const Model *model, Event *event)
{
    Random *random = &world->random;
    guint user = choose_user_to_register(world, model);
    gboolean is_nameless = random_chance(random, world->nameless);
    const char *id =
        is_nameless ? NULL : world_device_name(random_below(random, world->device_names));
    const SeenDevice *device = id ? model_device(model, user, id) : NULL;

    event->kind = EVENT_REGISTER;
    event->reg.user_id = model->users[user].id;
    event->reg.device_id = id;
    event->reg.display_name = random_chance(random, 2) ? "Ann" : NULL;
    if (world->has_tokens)
        event->reg.expires_in_us = random_pick(random, token_lives);
    if (device && device->address && random_chance(random, 2))
        event->from = device->address;
    else if (random_chance(random, 24))
        event->from = &world->handles[random_below(random, HANDLES)];
    else if (random_chance(random, 24))
        event->from = any_media_handle(world);
    else
        event->from = world_handle(world, user, random_below(random, HANDLES_OF_A_USER));
}

/* Mostly somebody else who is there. */
static guint choose_callee(World *world, const Model *model, const Event *event)
{
    const SeenDevice *caller = event->from ? model_device_at(model, event->from) : NULL;
    const SeenDevice *device =
        random_chance(&world->random, 4) ? NULL : any_present_device(&world->random, model);
    guint user = device ? device->user : random_below(&world->random, world->user_count);

    if (caller && caller->user == user && !random_chance(&world->random, 20))
        return (user + 1) % world->user_count;
    return user;
}

/* The oldest id whose end came too early, by whoever asks. */
static const char *early_end_id(World *world, const Model *model, const Event *event)
{
    const SeenDevice *device = event->from ? model_device_at(model, event->from) : NULL;
    const SeenUser *user = device ? &model->users[device->user] : NULL;

    if (!user || !user->early_end_count)
        return NULL;
    g_strlcpy(world->call_id, user->early_ends[0].call_id, sizeof world->call_id);
    return world->call_id;
}

static void choose_new_call_id(World *world, const Model *model, Event *event)
{
    if (random_chance(&world->random, 3))
        event->initiate.call_id = early_end_id(world, model, event);
    else if (!random_chance(&world->random, 4))
        event->initiate.call_id = any_call_id(world, model);
}

static void do_initiate(World *world, const Model *model, Event *event)
{
    static const gint64 timeouts[] = {0, 0, 0, 0, 100, 1000, 5000, 180000};
    static const Mode modes[] = {MODE_NONE, MODE_P2P, MODE_RELAY, MODE_RELAY, MODE_ROOM};
    Random *random = &world->random;

    event->kind = EVENT_INITIATE;
    send_as_anybody(world, model, event);
    event->initiate.callee_id = model->users[choose_callee(world, model, event)].id;
    choose_new_call_id(world, model, event);
    event->initiate.timeout_ms = random_pick(random, timeouts);
    event->initiate.media.audio = TRUE;
    event->initiate.has_mode = random_chance(random, world->talks ? 6 : 2);
    event->initiate.mode = random_pick(random, modes);
}

static void do_disconnect(World *world, const Model *model, Event *event)
{
    guint user = random_below(&world->random, world->user_count);

    event->kind = EVENT_DISCONNECT;
    event->disconnect.user_id = model->users[user].id;
    event->disconnect.device_id = random_chance(&world->random, 2)
                                      ? world_device_name(random_below(&world->random, 4))
                                      : NULL;
}

/* Mostly one that a call has: the others just vanish. */
static const SeenDevice *choose_device_to_drop(World *world, const Model *model)
{
    const SeenCall *call = any_live_call(world, model);
    const SeenDevice *device = NULL;

    if (call && !random_chance(&world->random, 3))
        device = call->legs[random_below(&world->random, call->leg_count)].device;
    return device && device->address ? device : any_present_device(&world->random, model);
}

/* --- media --- */

static SeenCall *any_relayed_call(World *world, const Model *model)
{
    guint start = random_below(&world->random, model->live_count);

    for (guint i = 0; i < model->live_count; i++) {
        SeenCall *call = model->live[(start + i) % model->live_count];

        if (call->state == CALL_ACCEPTED && call->mode == MODE_RELAY)
            return call;
    }
    return NULL;
}

static SeenSeat *any_seat(World *world, SeenCall *call)
{
    return call ? &call->seats[random_below(&world->random, SIDES)] : NULL;
}

/* Also one that is over, or was not answered. */
static SeenCall *any_call(World *world, const Model *model)
{
    return model->call_count ? &model->calls[random_below(&world->random, model->call_count)]
                             : NULL;
}

/* Mostly the kind that is asked for. */
static void bring_jsep(World *world, Event *event, JsepKind kind)
{
    if (random_chance(&world->random, 12))
        kind = (JsepKind)random_below(&world->random, JSEP_ANSWER + 1);
    event->join.jsep.kind = kind;
    if (kind == JSEP_NONE)
        return;
    g_snprintf(world->jsep, sizeof world->jsep, "%s%u", kind == JSEP_OFFER ? "offer" : "answer",
               world->offers++);
    event->join.jsep.text = world->jsep;
}

/* Mostly with a token of that call, from a handle where nobody is. */
static void do_join(World *world, const Model *model, Event *event)
{
    Random *random = &world->random;
    SeenCall *call = any_relayed_call(world, model);
    const SeenSeat *seat = any_seat(world, call);
    const SeenSeat *other =
        random_chance(random, 12) ? any_seat(world, any_call(world, model)) : seat;
    const SeenDevice *device = random_chance(random, 16) ? any_present_device(random, model) : NULL;

    event->kind = EVENT_JOIN;
    event->from = device ? device->address : any_media_handle(world);
    if (seat && seat->address && random_chance(random, 4))
        event->from = seat->address;
    event->join.call_id = call && !random_chance(random, 16) ? call->id : any_call_id(world, model);
    event->join.token = other && *other->token ? other->token : "T0a";
    /* Who had a seat can only go, and come as another. */
    if (g_hash_table_contains(model->spent, event->from) && !random_chance(random, 8)) {
        *event = (Event){.kind = EVENT_GONE, .from = event->from};
        return;
    }
    bring_jsep(world, event, seat && seat == &call->seats[SIDE_CALLEE] ? JSEP_OFFER : JSEP_NONE);
}

/* Mostly from one who has joined. */
static void send_joined(World *world, const Model *model, Event *event, const SeenCall *call,
                        Side side)
{
    const SeenDevice *device =
        random_chance(&world->random, 16) ? any_present_device(&world->random, model) : NULL;

    event->from = device ? device->address : any_media_handle(world);
    if (call && call->seats[side].address && !random_chance(&world->random, 12))
        event->from = call->seats[side].address;
}

static void do_media(World *world, const Model *model, Event *event)
{
    SeenCall *call = any_relayed_call(world, model);
    gboolean answers = call && call->talk.is_pending && !random_chance(&world->random, 3);
    Side side = answers ? call->talk.answering : (Side)random_below(&world->random, SIDES);

    event->kind = EVENT_MEDIA;
    send_joined(world, model, event, call, side);
    event->join.call_id = call && !random_chance(&world->random, 16) ? call->id : "call-0";
    bring_jsep(world, event,
               answers || random_chance(&world->random, 4) ? JSEP_ANSWER : JSEP_OFFER);
}

static void do_configure(World *world, const Model *model, Event *event)
{
    event->kind = EVENT_CONFIGURE;
    send_joined(world, model, event, any_relayed_call(world, model),
                (Side)random_below(&world->random, SIDES));
    event->configure.video = (gint)random_below(&world->random, 3) - 1;
}

static void turn_media(World *world, const Model *model, Event *event)
{
    const SeenCall *call = any_relayed_call(world, model);
    Side side = (Side)random_below(&world->random, SIDES);

    event->kind = random_chance(&world->random, 3) ? EVENT_MEDIA_DOWN : EVENT_MEDIA_UP;
    event->from = any_media_handle(world);
    if (call && call->seats[side].address && !random_chance(&world->random, 12))
        event->from = call->seats[side].address;
}

static void do_record(World *world, const Model *model, Event *event)
{
    SeenCall *call = any_live_call(world, model);

    event->kind = EVENT_RECORD;
    event->record.call_id = call ? call->id : any_call_id(world, model);
    event->record.is_on = random_chance(&world->random, 2);
    send_as_operator(event, model,
                     call ? call->caller : random_below(&world->random, model->user_count));
}

/* Only of a call that had media: the media layer knows of no other. */
static void lose_media(World *world, const Model *model, Event *event)
{
    const SeenCall *call = any_call(world, model);

    event->kind = random_chance(&world->random, 4) ? EVENT_MEDIA_FAILED : EVENT_MEDIA_REPORT;
    event->media = (MediaReportEvent){.caller_id = "nobody", .call_id = "none", .report = "{}"};
    if (!call || !call->truth.accepted_ms)
        return;
    event->media.caller_id = model->users[call->caller].id;
    event->media.call_id = call->id;
    event->media.created_ms = call->facts->created_ms;
}

static void do_drop(World *world, const Model *model, Event *event)
{
    const SeenDevice *device = choose_device_to_drop(world, model);

    event->kind = EVENT_GONE;
    event->from = device && !random_chance(&world->random, 12)
                      ? device->address
                      : &world->handles[random_below(&world->random, HANDLES)];
    if (random_chance(&world->random, 4))
        event->from = any_media_handle(world);
}

static void do_request(World *world, const Model *model, Event *event, EventKind kind)
{
    event->kind = kind;
    act_on_call(world, model, event);
}

static void do_unregister(World *world, const Model *model, Event *event)
{
    event->kind = EVENT_UNREGISTER;
    send_as_anybody(world, model, event);
}

static void let_timers_run(World *world, gint64 deadline_us, Event *event)
{
    event->kind = EVENT_TIMEOUT;
    if (deadline_us == G_MAXINT64)
        return;
    if (deadline_us > world->now_us)
        let_time_pass(world, deadline_us - world->now_us);
    if (random_chance(&world->random, 4))
        let_time_pass(world, random_below(&world->random, 300 * MS));
}

/* What takes a call on, from the ring to the last renegotiation. */
static Deed choose_to_go_on(World *world, const Model *model)
{
    static const Deed talk[] = {DOES_JOIN,       DOES_JOIN,       DOES_JOIN,   DOES_MEDIA,
                                DOES_MEDIA,      DOES_MEDIA,      DOES_MEDIA,  DOES_CONFIGURE,
                                DOES_TURN_MEDIA, DOES_TURN_MEDIA, DOES_SIGNAL, DOES_DROP,
                                DOES_REGISTER};

    return any_relayed_call(world, model) ? random_pick(&world->random, talk) : DOES_ACCEPT;
}

static Deed choose_deed(World *world, const Model *model)
{
    guint at = random_below(&world->random, world->weight_sum);
    guint deed = 0;

    /* Where hardly anybody is, or nobody calls, hardly anything happens. */
    if (model_devices(model) < world->user_count && random_chance(&world->random, 2))
        return DOES_REGISTER;
    if (!model->live_count && random_chance(&world->random, 2))
        return DOES_INITIATE;
    if (world->talks && model->live_count && !random_chance(&world->random, 4))
        return choose_to_go_on(world, model);
    while (at >= world->weights[deed])
        at -= world->weights[deed++];
    return (Deed)deed;
}

static void do_deed(World *world, const Model *model, gint64 deadline_us, Event *event, Deed deed)
{
    switch (deed) {
    case DOES_REGISTER:
        do_register(world, model, event);
        return;
    case DOES_UNREGISTER:
        do_unregister(world, model, event);
        return;
    case DOES_INITIATE:
        do_initiate(world, model, event);
        return;
    case DOES_RINGING:
        do_request(world, model, event, EVENT_RINGING);
        return;
    case DOES_ACCEPT:
        do_request(world, model, event, EVENT_ACCEPT);
        return;
    case DOES_REJECT:
        do_request(world, model, event, EVENT_REJECT);
        return;
    case DOES_END:
        do_request(world, model, event, EVENT_END);
        return;
    case DOES_SIGNAL:
        do_request(world, model, event,
                   random_chance(&world->random, 2) ? EVENT_SIGNAL : EVENT_UPDATE);
        return;
    case DOES_GET:
        do_request(world, model, event, EVENT_GET);
        return;
    case DOES_HISTORY:
        event->kind = EVENT_HISTORY;
        send_as_anybody(world, model, event);
        return;
    case DOES_DISCONNECT:
        do_disconnect(world, model, event);
        return;
    case DOES_DROP:
        do_drop(world, model, event);
        return;
    case DOES_LET_TIMERS_RUN:
        let_timers_run(world, deadline_us, event);
        return;
    case DOES_JOIN:
        do_join(world, model, event);
        return;
    case DOES_MEDIA:
        do_media(world, model, event);
        return;
    case DOES_CONFIGURE:
        do_configure(world, model, event);
        return;
    case DOES_TURN_MEDIA:
        turn_media(world, model, event);
        return;
    case DOES_RECORD:
        do_record(world, model, event);
        return;
    case DOES_LOSE_MEDIA:
        lose_media(world, model, event);
        return;
    }
    g_assert_not_reached();
}

static void spoil(World *world, Event *event)
{
    if (event->kind >= EVENT_GONE || !random_chance(&world->random, 60))
        return;
    event->fault.refusal =
        random_chance(&world->random, 2) ? REFUSAL_INVALID_REQUEST : REFUSAL_TOO_LARGE;
    event->fault.text = "reason: it is bad";
}

void world_next(World *world, const Model *model, gint64 deadline_us, Event *event)
{
    *event = (Event){0};
    let_time_pass(world, choose_pause_us(world, deadline_us));
    /* Timers are mostly in time, and at times late. */
    if (deadline_us <= world->now_us && !random_chance(&world->random, 4))
        event->kind = EVENT_TIMEOUT;
    else
        do_deed(world, model, deadline_us, event, choose_deed(world, model));
    spoil(world, event);
    world_stamp(world, event);
}
