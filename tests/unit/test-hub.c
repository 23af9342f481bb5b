/* core/hub: what holds for the hub as a whole. */
#include "core/hub.h"

#include "../lib/sim-private.h"

static void test_empty(Sim *sim)
{
    HubStats stats = sim_stats(sim);

    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
    g_assert_cmpuint(stats.users, ==, 0);
    g_assert_cmpuint(stats.steps, ==, 0);
    hub_free(NULL);
}

static void test_defaults(void)
{
    HubSettings settings;

    hub_settings_init(&settings);
    g_assert_cmpint(settings.timers.ring_us, ==, 45 * SECOND);
    g_assert_cmpint(settings.timers.unreachable_us, ==, 20 * SECOND);
    g_assert_cmpint(settings.timers.caller_grace_us, ==, 12 * SECOND);
    g_assert_cmpint(settings.timers.in_call_grace_us, ==, 30 * SECOND);
    g_assert_cmpint(settings.timers.media_us, ==, 20 * SECOND);
    g_assert_cmpint(settings.timers.max_duration_us, ==, 0);
    g_assert_cmpuint(settings.limits.max_live_calls, ==, 2);
    g_assert_cmpuint(settings.limits.max_ended_per_user, ==, 100);
    g_assert_cmpuint(settings.limits.max_ended, ==, 100000);
    g_assert_cmpuint(settings.limits.max_early_ends, ==, 16);
    g_assert_true(settings.reveal_presence);
}

static void test_stats(Sim *sim)
{
    HubStats stats;

    sim_play(sim, "here: alice bob/phone bob/tablet\n"
                  "alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
                  "bob/phone > reject C1 | alice < rejected C1 | bob/tablet < ended C1\n"
                  "alice > initiate bob C2 | bob/phone < incoming C2 | bob/tablet < incoming C2\n"
                  "bob/phone > accept C2 | alice < accepted C2 | bob/tablet < ended C2\n"
                  "alice > initiate alice C3 | alice < 409 calling_self\n"
                  "bob/phone > drop | alice < peer C2\n");
    stats = sim_stats(sim);
    g_assert_cmpuint(stats.users, ==, 2);
    g_assert_cmpuint(stats.devices, ==, 3);
    g_assert_cmpuint(stats.away, ==, 1);
    g_assert_cmpuint(stats.live_calls, ==, 1);
    g_assert_cmpuint(stats.ended_calls, ==, 2);
    g_assert_cmpuint(stats.steps, ==, 9);
    g_assert_cmpuint(stats.initiated, ==, 2);
    g_assert_cmpuint(stats.accepted, ==, 1);
    g_assert_cmpuint(stats.closed[CALL_REJECTED], ==, 1);
    g_assert_cmpuint(stats.refused, ==, 1);
}

/* --- a step in two parts --- */

/* Begins a step in which somebody asks for something, and that's all. */
static void begin(Sim *sim, const char *who, Event event, Effects *effects)
{
    event.from = sim_connection(sim, who);
    event.now_us = sim->now_us;
    event.wall_ms = sim_wall_ms(sim);
    effects_reset(effects);
    hub_step_begin(sim_hub(sim), &event, effects);
}

static void begin_call(Sim *sim, const char *call_id, Effects *effects)
{
    Event event = {.kind = EVENT_INITIATE};

    event.initiate =
        (InitiateEvent){.callee_id = "bob", .call_id = (char *)call_id, .media.audio = TRUE};
    begin(sim, "alice", event, effects);
    g_assert_cmpint(effects->reply.refusal, ==, REFUSAL_NONE);
    g_assert_cmpint(effects_at(effects, 0)->message.kind, ==, MESSAGE_INCOMING);
}

static void begin_reject(Sim *sim, const char *call_id, Effects *effects)
{
    Event event = {.kind = EVENT_REJECT, .about.call_id = (char *)call_id};

    begin(sim, "bob", event, effects);
    g_assert_cmpint(effects->reply.refusal, ==, REFUSAL_NONE);
    g_assert_cmpint(effects_at(effects, 0)->message.kind, ==, MESSAGE_REJECTED);
}

/* Others are told when a step has begun; the next step, or hub_step_end(), puts in order what it left. */
static void test_step_in_two_parts(Sim *sim)
{
    Effects effects;
    HubStats stats;

    sim_play(sim, "here: alice bob");
    effects_init(&effects);
    begin_call(sim, "C1", &effects);
    begin_reject(sim, "C1", &effects);
    /* Were C1 alive yet, this one would end it. */
    begin_call(sim, "C2", &effects);
    g_assert_null(effects.reply.replaced);
    begin_reject(sim, "C2", &effects);
    /* Again: it is over by now, and by bob. */
    begin(sim, "bob", (Event){.kind = EVENT_REJECT, .about.call_id = "C2"}, &effects);
    g_assert_cmpint(effects.reply.refusal, ==, REFUSAL_NONE);
    hub_step_end(sim_hub(sim));
    hub_step_end(sim_hub(sim));
    hub_stats(sim_hub(sim), &stats);
    g_assert_cmpuint(stats.live_calls, ==, 0);
    g_assert_cmpuint(stats.ended_calls, ==, 4);
    g_assert_cmpuint(stats.closed[CALL_REJECTED], ==, 2);
    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
    begin_call(sim, "C3", &effects);
    begin_reject(sim, "C3", &effects);
    effects_clear(&effects);
    /* The hub may go in mid-step. */
}

static void test_stats_of_a_veiled_call(Sim *sim)
{
    HubStats stats;

    sim_play(sim, "set reveal_presence=false max_live_calls=1\nhere: alice bob carol\n"
                  "carol > initiate bob C0 | bob < incoming C0 | alice > initiate bob C1\n");
    stats = sim_stats(sim);
    g_assert_cmpuint(stats.live_calls, ==, 2);
    g_assert_cmpuint(stats.ended_calls, ==, 1);
    sim_play(sim, "alice > end C1");
    stats = sim_stats(sim);
    g_assert_cmpuint(stats.live_calls, ==, 1);
    g_assert_cmpuint(stats.ended_calls, ==, 2);
    g_assert_cmpuint(stats.closed[CALL_REJECTED], ==, 1);
}

static void test_device_info(Sim *sim)
{
    Address *address = sim_connection(sim, "bob/phone");
    DeviceInfo info;

    g_assert_false(hub_device_info(sim_hub(sim), address, &info));
    sim_play(sim, "here: alice bob/phone | alice > initiate bob C1 | bob/phone < incoming C1");
    g_assert_true(hub_device_info(sim_hub(sim), address, &info));
    g_assert_cmpstr(info.user_id, ==, "bob");
    g_assert_cmpstr(info.device_id, ==, "phone");
    g_assert_cmpuint(info.live_calls, ==, 1);
    sim_play(sim, "bob/phone > unregister");
    g_assert_false(hub_device_info(sim_hub(sim), address, &info));
}

static void test_gone_and_timeout_have_no_reply(Sim *sim)
{
    Event gone = {.kind = EVENT_GONE, .from = sim_connection(sim, "nobody")};
    Event timeout = {.kind = EVENT_TIMEOUT};

    g_assert_false(sim_step(sim, &gone, "nobody", "drop")->has_reply);
    g_assert_false(sim_step(sim, &timeout, "timer", "fires")->has_reply);
    g_assert_cmpuint(sim_stats(sim).users, ==, 0);
}

/* The hub's order: registered first, then the fields. */
static void test_faults_come_after_registration(Sim *sim)
{
    Event event = {
        .kind = EVENT_INITIATE,
        .from = sim_connection(sim, "alice"),
        .fault = {.refusal = REFUSAL_TOO_LARGE, .text = "data: must have at most 4096 bytes"}};

    g_assert_cmpint(sim_step(sim, &event, "alice", "a bad initiate")->reply.refusal, ==,
                    REFUSAL_NOT_REGISTERED);
    sim_play(sim, "alice < 401 not_registered | here: alice");
    g_assert_cmpint(sim_step(sim, &event, "alice", "a bad initiate")->reply.refusal, ==,
                    REFUSAL_TOO_LARGE);
    sim_play(sim, "alice < 413 too_large error='data: must have at most 4096 bytes'");
}

static void test_bad_fields_of_a_register(Sim *sim)
{
    Event event = {.kind = EVENT_REGISTER,
                   .from = sim_connection(sim, "alice"),
                   .fault = {.refusal = REFUSAL_INVALID_REQUEST, .text = "userId: is required"}};

    sim_step(sim, &event, "alice", "a bad register");
    sim_play(sim, "alice < 400 invalid_request");
    g_assert_cmpuint(sim_stats(sim).users, ==, 0);
}

/* The same events make the same effects: nothing comes from a clock, from chance, or from where
 * things lie in memory. */
static void test_same_again(void)
{
    static const char trace[] =
        "here: alice bob/phone bob/tablet carol eve/-1 eve/-2\n"
        "[ 1000] alice > initiate bob | bob/phone < incoming | bob/tablet < incoming\n"
        "carol > initiate bob C2 | bob/phone < incoming C2 | bob/tablet < incoming C2\n"
        "[ 2000] bob/phone > drop | alice > drop\n"
        "[ 3000] bob/phone > register | bob/phone < incoming CALL_F3 | bob/phone < incoming C2\n"
        "[ 4000] bob/tablet > accept C2 | carol < accepted C2 | bob/phone < ended C2\n"
        "[14000] bob/phone < ended CALL_F3 | bob/tablet < ended CALL_F3\n"
        "bob/tablet > drop | carol < peer C2\n"
        "[44000] carol < ended C2\n";
    Sim *one = sim_new(NULL), *two = sim_new(NULL);
    g_autofree char *dump_one = NULL;
    g_autofree char *dump_two = NULL;

    sim_play(one, "%s", trace);
    sim_play(two, "%s", trace);
    dump_one = sim_dump(one);
    dump_two = sim_dump(two);
    g_assert_cmpstr(one->trace->str, ==, two->trace->str);
    g_assert_cmpstr(dump_one, ==, dump_two);
    sim_free(one);
    sim_free(two);
}

/* --- calls that memory does not know, and the store does --- */

static Record *make_stored(const char *call_id, CallState status, Cause cause)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    Record *record;

    ref_string_set(&facts->call_id, call_id);
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->caller_device, "main");
    ref_string_set(&facts->callee_id, "bob");
    facts->created_ms = SIM_WALL_START_MS - 60000;
    facts->ring_ms = 45000;
    record = record_new(facts);
    record->status = status;
    record->cause = cause;
    record->rev = 1002;
    record->ended_ms = SIM_WALL_START_MS - 1000;
    return record;
}

static void step_about_stored(Sim *sim, const char *who, EventKind kind, Record *stored)
{
    Event event = {.kind = kind,
                   .from = sim_connection(sim, who),
                   .stored = stored,
                   .about = {.call_id = "C1"}};

    sim_step(sim, &event, who, event_name(kind));
}

static void test_stored_call(Sim *sim)
{
    g_autoptr(Record) stored = make_stored("C1", CALL_FAILED, CAUSE_SERVER_RESTART);

    sim_play(sim, "here: alice bob | alice > get C1 | alice < 404 call_not_found");
    step_about_stored(sim, "alice", EVENT_GET, stored);
    sim_play(sim, "alice < ok failed server_restart rev=1002 record.calleeId=bob");
    step_about_stored(sim, "bob", EVENT_ACCEPT, stored);
    sim_play(sim, "bob < 410 call_over C1 failed server_restart rev=1002");
    step_about_stored(sim, "bob", EVENT_SIGNAL, stored);
    sim_play(sim, "bob < 410 call_over C1 failed server_restart");
    step_about_stored(sim, "alice", EVENT_ACCEPT, stored);
    sim_play(sim, "alice < 403 forbidden C1 failed server_restart");
    step_about_stored(sim, "alice", EVENT_END, stored);
    sim_play(sim, "alice < 410 call_over C1 failed server_restart");
    g_assert_cmpuint(sim_stats(sim).ended_calls, ==, 0);
}

/* Nobody of the call is here, and a backend asks for one of them. */
static void test_stored_call_of_nobody_known(Sim *sim)
{
    g_autoptr(Record) stored = make_stored("C1", CALL_ENDED, CAUSE_HANGUP);
    Event event = {
        .kind = EVENT_GET, .as_user = "bob", .stored = stored, .about = {.call_id = "C1"}};

    sim_step(sim, &event, "@bob", "get C1");
    sim_play(sim, "@bob < ok ended hangup rev=1002");
    g_assert_cmpuint(sim_stats(sim).users, ==, 0);
}

static void test_initiate_of_stored_call(Sim *sim)
{
    g_autoptr(Record) stored = make_stored("C1", CALL_REJECTED, CAUSE_DECLINED);
    Event event = {.kind = EVENT_INITIATE,
                   .from = sim_connection(sim, "alice"),
                   .stored = stored,
                   .initiate = {.callee_id = "bob", .call_id = "C1", .media = {.audio = TRUE}}};

    sim_play(sim, "here: alice bob");
    sim_step(sim, &event, "alice", "initiate bob C1");
    sim_play(sim, "alice < ok C1 rejected declined rev=1002 | bob < nothing");
    event.initiate.callee_id = "carol";
    sim_step(sim, &event, "alice", "initiate carol C1");
    sim_play(sim, "alice < 409 id_in_use C1 rejected");
    g_assert_cmpuint(sim_stats(sim).live_calls, ==, 0);
}

static void test_memory_knows_better(Sim *sim)
{
    g_autoptr(Record) stored = make_stored("C1", CALL_FAILED, CAUSE_SERVER_RESTART);

    sim_play(sim, "here: alice bob | alice > initiate bob C1 | bob < incoming C1");
    step_about_stored(sim, "alice", EVENT_GET, stored);
    sim_play(sim, "alice < ok C1 ringing rev=1");
}

static void test_register_with_stored_calls(Sim *sim)
{
    g_autoptr(Record) stored = make_stored("C1", CALL_FAILED, CAUSE_SERVER_RESTART);
    g_autoptr(Record) known = make_stored("C2", CALL_FAILED, CAUSE_SERVER_RESTART);
    g_autoptr(GPtrArray) ended = g_ptr_array_new();
    Event event = {
        .kind = EVENT_REGISTER,
        .from = sim_connection(sim, "alice"),
        .reg = {.user_id = "alice", .device_id = "main", .ended = ended, .is_incomplete = TRUE}};

    sim_play(sim, "here: alice bob | alice > initiate bob C2 | bob < incoming C2");
    g_ptr_array_add(ended, known);
    g_ptr_array_add(ended, stored);
    sim_step(sim, &event, "alice", "register");
    sim_play(sim, "alice < ok calls=2 complete=false | alice < knows C2 ringing role=caller rev=1\n"
                  "alice < knows C1 failed server_restart rev=1002 !role !expiresInMs");
}

static void test_time_does_not_go_back(void)
{
    if (g_test_subprocess()) {
        Sim *sim = sim_new(NULL);

        sim_play(sim, "[1000] here: alice");
        sim->now_us -= 1;
        sim_play(sim, "here: bob");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*event->now_us >= hub->now_us*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_test("/hub/an-empty-hub-waits-for-nothing", test_empty);
    g_test_add_func("/hub/the-defaults-are-those-of-the-protocol", test_defaults);
    sim_add_test("/hub/counts", test_stats);
    sim_add_test("/hub/counts-a-call-that-is-over-for-all-but-its-caller",
                 test_stats_of_a_veiled_call);
    sim_add_test("/hub/a-step-in-two-parts", test_step_in_two_parts);
    sim_add_test("/hub/knows-who-is-where", test_device_info);
    sim_add_test("/hub/what-is-no-request-has-no-reply", test_gone_and_timeout_have_no_reply);
    sim_add_test("/hub/bad-fields-are-refused-to-whom-may-ask",
                 test_faults_come_after_registration);
    sim_add_test("/hub/bad-fields-of-a-register-are-refused", test_bad_fields_of_a_register);
    g_test_add_func("/hub/the-same-events-make-the-same-effects", test_same_again);
    sim_add_test("/hub/a-stored-call-is-answered-for", test_stored_call);
    sim_add_test("/hub/a-stored-call-is-answered-for-to-a-backend",
                 test_stored_call_of_nobody_known);
    sim_add_test("/hub/a-stored-call-is-not-made-again", test_initiate_of_stored_call);
    sim_add_test("/hub/what-memory-knows-counts-more-than-the-store", test_memory_knows_better);
    sim_add_test("/hub/stored-calls-are-in-the-snapshot", test_register_with_stored_calls);
    g_test_add_func("/hub/time-does-not-go-back", test_time_does_not_go_back);
    return g_test_run();
}
