/* core/transition: every pair of a state and something that happens, applied to a call of a hub: a
 * pair of the table does what its row says, any other changes nothing. And every request in every
 * state, from everybody who may send it. */
#include "core/transition.h"

#include <string.h>

#include "../lib/sim-private.h"

/* --- the table itself --- */

static void test_final_states_are_left_by_nothing(void)
{
    for (guint state = 0; state < CALL_STATES; state++) {
        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            if (call_state_is_final((CallState)state))
                g_assert_null(transition_find((CallState)state, (Happening)happening));
        }
    }
}

static void test_closing_rows(void)
{
    for (guint state = 0; state < CALL_STATES; state++) {
        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            const Transition *row = transition_find((CallState)state, (Happening)happening);

            if (!row)
                continue;
            g_assert_cmpint(row->from, ==, state);
            g_assert_cmpint(row->on, ==, happening);
            g_assert_cmpint(row->action == ACTION_CLOSE, ==, call_state_is_final(row->to));
            g_assert_cmpint(row->action == ACTION_CLOSE, ==, row->cause != CAUSE_NONE);
            g_assert_nonnull(action_name(row->action));
        }
    }
}

static void test_every_state_can_be_reached(void)
{
    for (guint to = CALL_ACCEPTED; to < CALL_STATES; to++) {
        guint ways = 0;

        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            const Transition *ringing = transition_find(CALL_RINGING, (Happening)happening);
            const Transition *accepted = transition_find(CALL_ACCEPTED, (Happening)happening);

            ways += (ringing && ringing->to == to) + (accepted && accepted->to == to);
        }
        g_assert_cmpuint(ways, >, 0);
    }
}

/* --- every pair, on a call of a hub --- */

typedef struct {
    Sim *sim;
    Call *call;
    Device *calling, *phone;
    Effects effects;
} World;

/* A final call is no call of the hub any more: so that even one that were left over would change
 * nothing, its state is set by hand. */
static void world_init(World *world, CallState state)
{
    User *alice, *bob;

    world->sim = sim_new(NULL);
    sim_play(world->sim,
             "here: alice bob/phone bob/tablet\n"
             "alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n");
    if (state == CALL_ACCEPTED)
        sim_play(world->sim, "bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1");
    sim_advance(world->sim, SECOND);
    alice = hub_find_user(sim_hub(world->sim), "alice");
    bob = hub_find_user(sim_hub(world->sim), "bob");
    world->call = hub_find_call(sim_hub(world->sim), alice, "C1").call;
    world->calling = user_device(alice, "main");
    world->phone = user_device(bob, "phone");
    world->call->state = state;
    effects_init(&world->effects);
}

static void world_clear(World *world)
{
    effects_clear(&world->effects);
    sim_free(world->sim);
}

/* What a happening needs to know besides itself. */
static Occurrence occurrence_of(const World *world, Happening happening)
{
    return (Occurrence){.what = happening, .device = world->phone, .data = "{}", .by_user = "bob"};
}

static guint count_messages(const Effects *effects, MessageKind kind)
{
    guint count = 0;

    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        count += effect->kind == EFFECT_SEND && effect->message.kind == kind;
    }
    return count;
}

static const Effect *last_effect(const Effects *effects)
{
    return effects_at(effects, effects->count - 1);
}

static void assert_closed(const World *world, const Transition *row, const Record *made)
{
    const Hub *hub = sim_hub(world->sim);
    Found found = hub_find_call(hub, hub_find_user(hub, "alice"), "C1");
    guint closing = count_messages(&world->effects, MESSAGE_ENDED) +
                    count_messages(&world->effects, MESSAGE_REJECTED) +
                    count_messages(&world->effects, MESSAGE_TIMEOUT);

    g_assert_cmpint(made->cause, ==, row->cause);
    g_assert_cmpuint(made->ended_ms, >, 0);
    g_assert_cmpint(last_effect(&world->effects)->kind, ==, EFFECT_RECORD);
    g_assert_cmpint(last_effect(&world->effects)->change, ==, CHANGE_CLOSED);
    g_assert_cmpuint(closing, ==, row->from == CALL_RINGING ? 3 : 2);
    g_assert_null(found.call);
    g_assert_true(found.record == made);
    g_assert_cmpint(hub_deadline(hub), ==, G_MAXINT64);
}

static gboolean is_without_revision(Action action)
{
    return action == ACTION_PASS_ON || action == ACTION_PUSH;
}

static void assert_done(const World *world, const Transition *row, const Record *made,
                        guint rev_before)
{
    const Effects *effects = &world->effects;

    g_assert_cmpint(made->status, ==, row->to);
    g_assert_cmpuint(made->rev, ==, rev_before + !is_without_revision(row->action));
    switch (row->action) {
    case ACTION_NOTE_RING:
        g_assert_cmpuint(effects->count, ==, 1);
        g_assert_cmpuint(count_messages(effects, MESSAGE_RINGING), ==, 1);
        break;
    case ACTION_PUSH:
        g_assert_cmpuint(effects->count, ==, 2);
        g_assert_cmpint(effects_at(effects, 0)->kind, ==, EFFECT_PUSH);
        g_assert_cmpint(last_effect(effects)->change, ==, CHANGE_TOUCHED);
        break;
    case ACTION_ANSWER:
        g_assert_cmpuint(count_messages(effects, MESSAGE_ACCEPTED), ==, 1);
        g_assert_cmpuint(count_messages(effects, MESSAGE_ENDED), ==, 1);
        g_assert_cmpuint(world->call->legs->len, ==, 2);
        g_assert_cmpint(last_effect(effects)->change, ==, CHANGE_ACCEPTED);
        break;
    case ACTION_CLOSE:
        assert_closed(world, row, made);
        break;
    case ACTION_PASS_ON:
        g_assert_cmpuint(effects->count, ==, 1);
        g_assert_cmpuint(
            count_messages(effects, row->on == HAPPENS_SIGNAL ? MESSAGE_SIGNAL : MESSAGE_UPDATED),
            ==, 1);
        break;
    case ACTION_NOTE_AWAY:
    case ACTION_NOTE_BACK:
        g_assert_cmpuint(effects->count, ==, 1);
        g_assert_cmpint(last_effect(effects)->message.kind, ==, MESSAGE_PEER);
        g_assert_cmpint(last_effect(effects)->message.is_connected, ==,
                        row->action == ACTION_NOTE_BACK);
        g_assert_true(last_effect(effects)->to == world->calling->address);
        break;
    }
}

typedef struct {
    CallState state;
    Happening happening;
} Pair;

static void test_pair(gconstpointer data)
{
    const Pair *pair = data;
    const Transition *row = transition_find(pair->state, pair->happening);
    World world;
    Occurrence occurrence;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autoptr(Record) made = NULL;
    guint rev_before;

    world_init(&world, pair->state);
    occurrence = occurrence_of(&world, pair->happening);
    rev_before = world.call->record->rev;
    before = sim_dump(world.sim);
    made = call_apply(sim_hub(world.sim), world.call, &occurrence, &world.effects);
    g_assert_cmpint(made != NULL, ==, row != NULL);
    if (row) {
        assert_done(&world, row, made, rev_before);
    } else {
        after = sim_dump(world.sim);
        g_assert_cmpuint(world.effects.count, ==, 0);
        g_assert_cmpstr(before, ==, after);
    }
    world_clear(&world);
}

static void add_pairs(void)
{
    static Pair pairs[CALL_STATES * HAPPENINGS];

    for (guint state = 0; state < CALL_STATES; state++) {
        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            Pair *pair = &pairs[state * HAPPENINGS + happening];
            g_autofree char *name =
                g_strdelimit(g_strdup(happening_name((Happening)happening)), " ", '-');
            g_autofree char *path =
                g_strdup_printf("/transition/%s/%s", call_state_name((CallState)state), name);

            *pair = (Pair){(CallState)state, (Happening)happening};
            g_test_add_data_func(path, pair, test_pair);
        }
    }
}

/* --- every request in every state, from everybody --- */

static const char *const requests[] = {"ringing", "accept", "reject", "end",
                                       "signal",  "update", "get"};

#define REQUESTS G_N_ELEMENTS(requests)

typedef struct {
    const char *state;
    const char *made_by; /* the trace that leads there */
    const char *who;
    const char *replies; /* to each request */
} Row;

#define RING "alice/phone > initiate bob C1"
#define ACCEPT RING "\nbob/phone > accept C1"

static const Row rows[] = {
    {"none", "", "alice/phone", "404 404 404 404 404 404 404"},
    {"none", "", "bob/phone", "404 404 404 404 404 404 404"},

    {"ringing", RING, "alice/phone", "403 403 403 ok  409 409 ok"},
    {"ringing", RING, "alice/watch", "403 403 403 ok  409 409 ok"},
    {"ringing", RING, "bob/phone", "ok  ok  ok  ok  409 409 ok"},
    {"ringing", RING, "bob/tablet", "ok  ok  ok  ok  409 409 ok"},
    {"ringing", RING, "eve", "404 404 404 404 404 404 404"},

    {"accepted", ACCEPT, "alice/phone", "403 403 403 ok  ok  ok  ok"},
    {"accepted", ACCEPT, "alice/watch", "403 403 403 ok  403 403 ok"},
    {"accepted", ACCEPT, "bob/phone", "409 ok  409 ok  ok  ok  ok"},
    {"accepted", ACCEPT, "bob/tablet", "409 409 409 ok  403 403 ok"},
    {"accepted", ACCEPT, "eve", "404 404 404 404 404 404 404"},

    {"rejected", RING "\nbob/phone > reject C1", "alice/phone", "403 403 403 410 410 410 ok"},
    {"rejected", RING "\nbob/phone > reject C1", "alice/watch", "403 403 403 410 410 410 ok"},
    {"rejected", RING "\nbob/phone > reject C1", "bob/phone", "410 410 ok  ok  410 410 ok"},
    {"rejected", RING "\nbob/phone > reject C1", "bob/tablet", "410 410 ok  ok  410 410 ok"},
    {"rejected", RING "\nbob/phone > reject C1", "eve", "404 404 404 404 404 404 404"},

    {"cancelled", RING "\nalice/phone > end C1", "alice/phone", "403 403 403 ok  410 410 ok"},
    {"cancelled", RING "\nalice/phone > end C1", "alice/watch", "403 403 403 ok  410 410 ok"},
    {"cancelled", RING "\nalice/phone > end C1", "bob/phone", "410 410 410 410 410 410 ok"},
    {"cancelled", RING "\nalice/phone > end C1", "bob/tablet", "410 410 410 410 410 410 ok"},

    {"timeout", RING "\n[45000]", "alice/phone", "403 403 403 410 410 410 ok"},
    {"timeout", RING "\n[45000]", "alice/watch", "403 403 403 410 410 410 ok"},
    {"timeout", RING "\n[45000]", "bob/phone", "410 410 410 410 410 410 ok"},
    {"timeout", RING "\n[45000]", "bob/tablet", "410 410 410 410 410 410 ok"},

    {"ended", ACCEPT "\nalice/phone > end C1", "alice/phone", "403 403 403 ok  410 410 ok"},
    {"ended", ACCEPT "\nalice/phone > end C1", "alice/watch", "403 403 403 ok  410 410 ok"},
    {"ended", ACCEPT "\nalice/phone > end C1", "bob/phone", "410 410 410 410 410 410 ok"},
    {"ended", ACCEPT "\nalice/phone > end C1", "bob/tablet", "410 410 410 410 410 410 ok"},
};

static void play_silently(Sim *sim, const char *trace)
{
    g_auto(GStrv) lines = g_strsplit(trace, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        sim_play(sim, "%s", lines[i]);
        g_free(sim_take(sim, "nobody"));
    }
}

static void try_request(const Row *row, const char *request, const char *reply)
{
    Sim *sim = sim_new(NULL);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    gboolean is_early_end = strcmp(reply, "404") == 0 && strcmp(request, "end") == 0;
    gboolean has_data = strcmp(request, "signal") == 0 || strcmp(request, "update") == 0;

    sim_play(sim, "here: alice/phone alice/watch bob/phone bob/tablet eve");
    play_silently(sim, row->made_by);
    before = sim_dump(sim);
    sim_play(sim, "%s > %s C1%s\n%s < %s", row->who, request, has_data ? " {}" : "", row->who,
             reply);
    after = sim_dump(sim);
    if (reply[0] == '4' && !is_early_end)
        g_assert_cmpstr(before, ==, after);
    g_free(sim_take(sim, "nobody"));
    sim_free(sim);
}

static void test_row(gconstpointer data)
{
    const Row *row = data;
    g_autofree char *replies = g_strdup(row->replies);
    char *reply = replies;

    for (guint i = 0; i < REQUESTS; i++) {
        char *end = reply + strcspn(reply, " ");
        char *next = end + strspn(end, " ");

        *end = '\0';
        try_request(row, requests[i], reply);
        reply = next;
    }
}

static void add_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *who = g_strdelimit(g_strdup(rows[i].who), "/", '-');
        g_autofree char *path = g_strdup_printf("/transition/requests/%s/%s", rows[i].state, who);

        g_test_add_data_func(path, &rows[i], test_row);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transition/a-final-state-is-left-by-nothing",
                    test_final_states_are_left_by_nothing);
    g_test_add_func("/transition/what-closes-a-call-has-a-cause-and-a-final-state",
                    test_closing_rows);
    g_test_add_func("/transition/every-state-can-be-reached", test_every_state_can_be_reached);
    add_pairs();
    add_rows();
    return g_test_run();
}
