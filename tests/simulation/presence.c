/* With presence hidden a caller cannot tell who is not there from who does not answer: the same caller does the same things
 * to callees of every kind, and what it sees must be equal to the last byte. */
#include <stdio.h>
#include <string.h>

#include "core/hub.h"
#include "options.h"
#include "random.h"
#include "wire/write.h"

#define SECOND G_USEC_PER_SEC
#define ACTS_MOST 48
#define OTHERS 4
#define START_US SECOND
#define TIMEOUTS_MOST 1000 /* at once: more would never end */

struct Address {
    guint number;
};

/* Who is called. */
typedef enum {
    CALLEE_SILENT,   /* its devices ring, and nobody comes */
    CALLEE_UNKNOWN,  /* nobody has ever heard of it */
    CALLEE_OFFLINE,  /* was here a while ago, and was called then */
    CALLEE_BUSY,     /* in as many calls as it may be */
    CALLEE_RESTLESS, /* its devices come, alert and go */
} Callee;

#define CALLEES (CALLEE_RESTLESS + 1)

static const char *const callee_names[CALLEES] = {"silent", "unknown", "offline", "busy",
                                                  "restless"};

/* One thing that the caller, or a backend for it, does: the same for all callees. */
typedef struct {
    gint64 at_us;
    EventKind kind;
    guint handle;
    gboolean is_backend;
    char device_id[8];
    char call_id[24]; /* "" is none */
    char fresh_id[16];
    gint64 timeout_ms;
} Act;

typedef struct {
    Act acts[ACTS_MOST];
    guint count;
    HubSettings settings;
} Script;

/* One callee's world. */
typedef struct {
    const Script *script;
    Callee callee;
    Hub *hub;
    Effects effects;
    Random random; /* for the restless; never shared with the script's */
    gint64 now_us;
    guint fresh;
    Address caller[4];
    Address device[4];
    Address other[OTHERS];
    char ringing[64]; /* the last call that the callee heard of */
    GString *seen;    /* what the caller sees */
} Stage;

/* --- the script --- */

static const EventKind kinds[] = {
    EVENT_REGISTER,   EVENT_REGISTER, EVENT_REGISTER,   EVENT_INITIATE, EVENT_INITIATE,
    EVENT_INITIATE,   EVENT_INITIATE, EVENT_END,        EVENT_END,      EVENT_GET,
    EVENT_ACCEPT,     EVENT_REJECT,   EVENT_RINGING,    EVENT_SIGNAL,   EVENT_GONE,
    EVENT_UNREGISTER, EVENT_GONE,     EVENT_DISCONNECT,
};

static gint64 choose_pause_us(Random *random)
{
    switch (random_below(random, 8)) {
    case 0:
        return random_below(random, 60 * SECOND);
    case 1:
    case 2:
        return random_below(random, 10 * SECOND);
    case 3:
        return 0;
    default:
        return random_below(random, SECOND);
    }
}

/* Two devices, each with a handle that it likes and one that it takes at times. */
static void choose_device(Random *random, Act *act)
{
    gboolean is_phone = !random_chance(random, 3);

    g_strlcpy(act->device_id, is_phone ? "phone" : "desk", sizeof act->device_id);
    act->handle = (is_phone ? 0 : 2) + random_chance(random, 4);
}

static void choose_call_id(Random *random, Act *act, guint i)
{
    if (act->kind == EVENT_INITIATE && random_chance(random, 3))
        return;
    if (i && random_chance(random, 2))
        g_snprintf(act->call_id, sizeof act->call_id, "CALL_a%u", random_below(random, i));
    else
        g_snprintf(act->call_id, sizeof act->call_id, "call-%u", random_below(random, 6));
}

static void write_act(Random *random, Act *act, guint i, gint64 at_us)
{
    static const gint64 timeouts[] = {0, 0, 0, 5000, 20000, 180000};

    *act = (Act){.at_us = at_us, .kind = i < 2 ? EVENT_REGISTER : random_pick(random, kinds)};
    act->is_backend =
        act->kind != EVENT_REGISTER && act->kind != EVENT_GONE && random_chance(random, 6);
    act->timeout_ms = random_pick(random, timeouts);
    choose_device(random, act);
    g_snprintf(act->fresh_id, sizeof act->fresh_id, "a%u", i);
    choose_call_id(random, act, i);
}

static void write_script(Script *script, guint64 seed)
{
    static const gint64 graces[] = {SECOND / 10, SECOND, 12 * SECOND, 30 * SECOND};
    Random random;
    gint64 at_us = 10 * SECOND;

    random_init(&random, seed);
    hub_settings_init(&script->settings);
    script->settings.reveal_presence = FALSE;
    script->settings.limits.max_live_calls = 1 + random_below(&random, 3);
    script->settings.limits.max_devices = random_chance(&random, 4) ? 1 : 3;
    script->settings.timers.caller_grace_us = random_pick(&random, graces);
    script->settings.timers.in_call_grace_us = random_pick(&random, graces);
    script->settings.timers.unreachable_us = random_pick(&random, graces);
    script->count = 8 + random_below(&random, ACTS_MOST - 8);
    for (guint i = 0; i < script->count; i++) {
        write_act(&random, &script->acts[i], i, at_us);
        at_us += choose_pause_us(&random);
    }
}

/* --- what the caller sees --- */

static void note(Stage *stage, json_t *json)
{
    g_autofree char *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);

    g_string_append_printf(stage->seen, "[%12.6f] %s\n", (double)stage->now_us / SECOND, text);
    json_decref(json);
}

static gboolean is_callers(const Stage *stage, const Address *address)
{
    return address >= stage->caller && address < stage->caller + G_N_ELEMENTS(stage->caller);
}

static void note_effects(Stage *stage, gboolean is_callers_request)
{
    for (guint i = 0; i < stage->effects.count; i++) {
        const Effect *effect = effects_at(&stage->effects, i);

        if (effect->kind == EFFECT_SEND && is_callers(stage, effect->to))
            note(stage, write_message(&effect->message, NULL));
        else if (effect->kind == EFFECT_SEND && effect->message.kind == MESSAGE_INCOMING)
            g_strlcpy(stage->ringing, effect->message.record->facts->call_id,
                      sizeof stage->ringing);
    }
    if (is_callers_request && stage->effects.has_reply)
        note(stage, write_reply(&stage->effects.reply, &stage->script->settings, NULL));
}

/* --- steps --- */

static void step(Stage *stage, Event *event, gboolean is_callers_request)
{
    event->now_us = stage->now_us;
    event->wall_ms = G_GINT64_CONSTANT(1700000000000) + stage->now_us / 1000;
    hub_step(stage->hub, event, &stage->effects);
    note_effects(stage, is_callers_request);
    effects_reset(&stage->effects);
}

/* Each timer at its own time. */
static void advance(Stage *stage, gint64 to_us)
{
    gint64 deadline_us;

    for (guint i = 0; (deadline_us = hub_deadline(stage->hub)) <= to_us; i++) {
        g_assert(i < TIMEOUTS_MOST);
        stage->now_us = MAX(stage->now_us, deadline_us);
        step(stage, &(Event){.kind = EVENT_TIMEOUT}, FALSE);
    }
    stage->now_us = to_us;
}

static void do_for_others(Stage *stage, Event *event)
{
    char fresh_id[16];

    g_snprintf(fresh_id, sizeof fresh_id, "o%u", stage->fresh++);
    event->fresh_id = fresh_id;
    step(stage, event, FALSE);
}

static void register_callee(Stage *stage, guint number)
{
    static const char *const names[] = {"one", "two", "three", "four"};

    do_for_others(stage, &(Event){.kind = EVENT_REGISTER,
                                  .from = &stage->device[number],
                                  .reg = {.user_id = "bob", .device_id = names[number]}});
}

static void drop_callee(Stage *stage, guint number)
{
    do_for_others(stage, &(Event){.kind = EVENT_GONE, .from = &stage->device[number]});
}

static void call_callee(Stage *stage, guint number, gint64 timeout_ms)
{
    static const char *const names[OTHERS] = {"carol", "dave", "erin", "frank"};

    do_for_others(stage, &(Event){.kind = EVENT_REGISTER,
                                  .from = &stage->other[number],
                                  .reg = {.user_id = names[number], .device_id = "phone"}});
    do_for_others(stage, &(Event){.kind = EVENT_INITIATE,
                                  .from = &stage->other[number],
                                  .initiate = {.callee_id = "bob", .timeout_ms = timeout_ms}});
}

static void answer_callee(Stage *stage, EventKind how)
{
    Event event = {.kind = how, .from = &stage->device[0]};
    g_autofree char *call_id = g_strdup(stage->ringing);

    event.about.call_id = call_id;
    event.about.cause = CAUSE_DECLINED;
    do_for_others(stage, &event);
}

/* --- the callees --- */

static void make_offline(Stage *stage)
{
    register_callee(stage, 0);
    call_callee(stage, 0, 5000);
    answer_callee(stage, EVENT_REJECT);
    call_callee(stage, 1, 5000);
    drop_callee(stage, 0);
    advance(stage, stage->now_us + 6 * SECOND);
}

static void make_busy(Stage *stage)
{
    register_callee(stage, 0);
    for (guint i = 0; i < stage->script->settings.limits.max_live_calls; i++) {
        call_callee(stage, i, 180000);
        /* The last one may just wait: that is busy too, until it is over. */
        if (i == 0 || random_chance(&stage->random, 2))
            answer_callee(stage, EVENT_ACCEPT);
    }
}

static void prepare(Stage *stage)
{
    switch (stage->callee) {
    case CALLEE_SILENT:
        for (guint i = 0; i < stage->script->settings.limits.max_devices; i++)
            register_callee(stage, i);
        return;
    case CALLEE_UNKNOWN:
        return;
    case CALLEE_OFFLINE:
        make_offline(stage);
        return;
    case CALLEE_BUSY:
        make_busy(stage);
        return;
    case CALLEE_RESTLESS:
        register_callee(stage, 0);
        return;
    }
}

/* Everything that a callee can do without answering. */
static void fidget(Stage *stage)
{
    guint number = random_below(&stage->random, 4);

    switch (random_below(&stage->random, 4)) {
    case 0:
        register_callee(stage, number);
        return;
    case 1:
        drop_callee(stage, number);
        return;
    default:
        if (stage->ringing[0])
            answer_callee(stage, EVENT_RINGING);
        return;
    }
}

/* --- the caller --- */

static void fill_in(const Act *act, Event *event)
{
    const char *call_id = act->call_id[0] ? act->call_id : NULL;

    switch (act->kind) {
    case EVENT_REGISTER:
        event->reg = (RegisterEvent){.user_id = "alice", .device_id = act->device_id};
        return;
    case EVENT_INITIATE:
        event->initiate = (InitiateEvent){.callee_id = "bob",
                                          .call_id = call_id,
                                          .timeout_ms = act->timeout_ms,
                                          .media.audio = TRUE};
        return;
    case EVENT_DISCONNECT:
        event->disconnect = (DisconnectEvent){.user_id = "alice", .device_id = act->device_id};
        return;
    case EVENT_RINGING:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
        event->about = (AboutCallEvent){.call_id = call_id, .data = "1", .cause = CAUSE_DECLINED};
        return;
    case EVENT_UNREGISTER:
    case EVENT_HISTORY:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_JOIN:
    case EVENT_MEDIA:
    case EVENT_CONFIGURE:
    case EVENT_RECORD:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        return;
    }
}

static void play(Stage *stage, const Act *act)
{
    Event event = {.kind = act->kind, .fresh_id = act->fresh_id};

    fill_in(act, &event);
    if (act->is_backend) {
        event.as_user = "alice";
        event.as_device = act->device_id;
    } else {
        event.from = &stage->caller[act->handle];
    }
    step(stage, &event, TRUE);
}

static void play_all(Stage *stage)
{
    const Script *script = stage->script;

    for (guint i = 0; i < script->count; i++) {
        advance(stage, script->acts[i].at_us);
        if (stage->callee == CALLEE_RESTLESS)
            fidget(stage);
        play(stage, &script->acts[i]);
    }
    advance(stage, stage->now_us + 200 * SECOND);
    play(stage, &script->acts[0]);
}

static GString *what_caller_sees(const Script *script, Callee callee, guint64 seed)
{
    Stage stage = {.script = script, .callee = callee, .now_us = START_US};

    random_init(&stage.random, ~seed);
    stage.hub = hub_new(&script->settings);
    effects_init(&stage.effects);
    stage.seen = g_string_new(NULL);
    prepare(&stage);
    play_all(&stage);
    effects_clear(&stage.effects);
    hub_free(stage.hub);
    return stage.seen;
}

/* --- the comparison --- */

static void explain(guint64 seed, Callee callee, const GString *expected, const GString *seen)
{
    printf("seed %" G_GUINT64_FORMAT
           ": the caller can tell a %s callee from a %s one\n--- %s\n%s--- %s\n%s",
           seed, callee_names[callee], callee_names[CALLEE_SILENT], callee_names[CALLEE_SILENT],
           expected->str, callee_names[callee], seen->str);
    printf("replay: presence --from %" G_GUINT64_FORMAT " --count 1 --verbose\n", seed);
}

static gboolean are_all_alike(guint64 seed, gboolean is_verbose)
{
    Script script;
    GString *expected;
    gboolean is_alike = TRUE;

    write_script(&script, seed);
    expected = what_caller_sees(&script, CALLEE_SILENT, seed);
    if (is_verbose)
        printf("%s", expected->str);
    for (Callee callee = CALLEE_UNKNOWN; callee < CALLEES && is_alike; callee++) {
        GString *seen = what_caller_sees(&script, callee, seed);

        is_alike = g_string_equal(expected, seen);
        if (!is_alike)
            explain(seed, callee, expected, seen);
        g_string_free(seen, TRUE);
    }
    g_string_free(expected, TRUE);
    return is_alike;
}

int main(int argc, char **argv)
{
    Options options = options_read(argc, argv, "presence", 5000);
    gint64 start_us = g_get_monotonic_time();
    guint64 done = 0;

    for (; done < options.count && !options_time_is_up(&options, start_us); done++) {
        options_name_seed(options.from + done);
        if (!are_all_alike(options.from + done, options.is_verbose && options.count == 1))
            return 1;
    }
    printf("ok 1 %" G_GUINT64_FORMAT " callers saw the same of %u kinds of callees, %.1f s\n", done,
           CALLEES, options_seconds_since(start_us));
    return 0;
}
