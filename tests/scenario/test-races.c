/* Two things at once. The first that is applied wins; the other is told what the winner made. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    /* accept against cancel */
    {"/races/accept-before-cancel-the-end-hangs-up",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > accept C1 | bob < ok accepted rev=2 | alice < accepted C1 rev=2\n"
     "[ 5000] alice > end C1 | alice < ok ended hangup rev=3\n"
     "        bob < ended C1 ended hangup endedBy=alice durationMs=0 rev=3\n"},
    {"/races/cancel-before-accept-the-accept-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice > end C1 | alice < ok cancelled rev=2\n"
     "        bob < ended C1 cancelled cancelled rev=2\n"
     "[ 5000] bob > accept C1 | bob < 410 call_over C1 cancelled cancelled rev=2\n"},

    /* accept against the ring's end */
    {"/races/accept-before-timeout-the-call-is-accepted",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[<45000] bob > accept C1 | bob < ok accepted rev=2 | alice < accepted C1\n"
     "[ 45000] alice < nothing\n"
     "[ 99000] alice > get C1 | alice < ok accepted rev=2\n"},
    {"/races/timeout-before-accept-the-accept-is-refused",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 45000] alice < timeout C1 no_answer rev=2 | bob < ended C1 timeout no_answer rev=2\n"
     "        bob > accept C1 | bob < 410 call_over C1 timeout no_answer rev=2\n"},

    /* reject against cancel and the ring's end */
    {"/races/reject-before-cancel-the-end-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > reject C1 | alice < rejected C1\n"
     "        alice > end C1 | alice < 410 call_over C1 rejected declined rev=2\n"},
    {"/races/cancel-before-reject-the-reject-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice > end C1 | bob < ended C1 cancelled\n"
     "        bob > reject C1 'User declined'\n"
     "        bob < 410 call_over C1 cancelled cancelled rev=2\n"},
    {"/races/timeout-before-reject-the-reject-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[45000] alice < timeout C1 no_answer | bob < ended C1 timeout no_answer\n"
     "        bob > reject C1 | bob < 410 call_over C1 timeout no_answer rev=2\n"},
    {"/races/reject-before-timeout-nothing-follows",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[<45000] bob > reject C1 | alice < rejected C1\n"
     "[ 45000] alice < nothing | bob < nothing\n"},

    /* several devices of the callee */
    {"/races/accept-on-two-devices-the-second-is-answered-elsewhere",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/phone > accept C1 | bob/phone < ok accepted rev=2\n"
     "        alice < accepted C1 deviceId=phone\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere rev=2\n"
     "[ 5000] bob/tablet > accept C1 | bob/tablet < 409 wrong_state C1 accepted rev=2\n"},
    {"/races/reject-before-a-siblings-accept-the-accept-is-refused",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/phone > reject C1 | alice < rejected C1 deviceId=phone\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere\n"
     "[ 5000] bob/tablet > accept C1 | bob/tablet < 410 call_over C1 rejected declined rev=2\n"},
    {"/races/accept-before-a-siblings-reject-the-reject-is-refused",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/tablet > accept C1 | alice < accepted C1 deviceId=tablet\n"
     "        bob/phone < ended C1 accepted answered_elsewhere\n"
     "[ 5000] bob/phone > reject C1 'User declined'\n"
     "        bob/phone < 409 wrong_state C1 accepted rev=2\n"},
    {"/races/reject-on-two-devices-both-succeed-and-the-caller-hears-it-once",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/phone > reject C1 'First' | alice < rejected C1 'First'\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere\n"
     "[ 5000] bob/tablet > reject C1 'Second' | bob/tablet < ok rejected declined rev=2\n"
     "        alice > get C1 | alice < ok record.reason=First\n"},
    {"/races/both-hang-up-at-once-the-second-is-too-late",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob > end C1 | bob < ok ended | alice < ended C1 ended hangup endedBy=bob\n"
     "[ 5000] alice > end C1 | alice < 410 call_over C1 ended hangup rev=3\n"},

    /* an end that overtakes its initiate */
    {"/races/end-overtakes-initiate-the-call-is-cancelled-and-rings-nobody",
     "here: alice bob\n"
     "[    0] alice > end C1 | alice < 404 call_not_found\n"
     "[   10] alice > initiate bob C1\n"
     "        alice < ok C1 cancelled cancelled rev=2 !reachable !expiresAt\n"
     "        bob < nothing\n"
     "        store < created C1 ringing | store < closed C1 cancelled cancelled !ringingAt\n"
     "        bob > get C1 | bob < ok cancelled\n"},
    {"/races/end-overtakes-initiate-from-another-device-of-the-caller",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/watch > end C1 | alice/watch < 404 call_not_found\n"
     "[   10] alice/phone > initiate bob C1 | alice/phone < ok C1 cancelled cancelled\n"},
    {"/races/an-early-end-holds-for-one-initiate-and-its-repeats",
     "here: alice bob\n"
     "[    0] alice > end C1 | alice < 404 call_not_found\n"
     "[   10] alice > initiate bob C1 | alice < ok C1 cancelled\n"
     "[   20] alice > initiate bob C1 | alice < ok C1 cancelled\n"
     "        alice > end C1 | alice < ok C1 cancelled\n"
     "        alice > initiate bob C2 | alice < ok ringing | bob < incoming C2\n"},
    {"/races/an-early-end-counts-up-to-ten-seconds",
     "here: alice bob\n"
     "[    0] alice > end C1 | alice < 404 call_not_found\n"
     "[ 9999] alice > initiate bob C1 | alice < ok C1 cancelled\n"},
    {"/races/an-early-end-is-forgotten-after-ten-seconds",
     "here: alice bob\n"
     "[    0] alice > end C1 | alice < 404 call_not_found\n"
     "[10000] alice > initiate bob C1 | alice < ok C1 ringing | bob < incoming C1\n"},
    {"/races/an-early-end-that-is-repeated-counts-from-the-last-one",
     "here: alice bob\n"
     "[    0] alice > end C1 | alice < 404 call_not_found\n"
     "[ 8000] alice > end C1 | alice < 404 call_not_found\n"
     "[17000] alice > initiate bob C1 | alice < ok C1 cancelled\n"},
    {"/races/an-early-end-of-somebody-else-means-nothing",
     "here: alice bob\n"
     "[    0] bob > end C1 | bob < 404 call_not_found\n"
     "        alice > initiate bob C1 | alice < ok C1 ringing | bob < incoming C1\n"},
    {"/races/an-early-end-does-not-touch-a-call-whose-id-the-server-makes",
     "here: alice bob\n"
     "[    0] alice > end CALL_F1 | alice < 404 call_not_found\n"
     "        alice > initiate bob | alice < ok CALL_F1 ringing | bob < incoming CALL_F1\n"},

    /* messages of one client that overtake each other */
    {"/races/accept-overtakes-ringing",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > ringing C1 | bob < 409 wrong_state C1 accepted rev=2\n"},
    {"/races/reject-overtakes-ringing",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > reject C1 | alice < rejected C1\n"
     "        bob > ringing C1 | bob < 410 call_over C1 rejected declined\n"},
    {"/races/signal-overtakes-accept",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > signal C1 {\"sdp\":\"x\"} | bob < 409 wrong_state C1 ringing rev=1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > signal C1 {\"sdp\":\"x\"}\n"
     "        alice < signal C1 bob data={\"sdp\":\"x\"} rev=2\n"},
    {"/races/initiate-overtakes-register",
     "here: bob\n"
     "[    0] alice > initiate bob C1 | alice < 401 not_registered\n"
     "        alice > register\n"
     "        alice > initiate bob C1 | bob < incoming C1\n"},
    {"/races/end-overtakes-accept-and-the-callee-rejects-by-it",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > end C1 | bob < ok rejected | alice < rejected C1\n"
     "        bob > accept C1 | bob < 410 call_over C1 rejected declined\n"},
    {"/races/register-overtakes-the-end-of-its-own-handle",
     "here: alice\n"
     "        bob/phone > register | bob/phone > drop\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false devices=0\n"
     "        alice > end C1\n"},
    {"/races/the-end-of-a-handle-that-never-registered-changes-nothing",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        eve > drop | bob#2 > drop\n"
     "        bob > accept C1 | alice < accepted C1\n"},
};

static void test_early_ends_limit(Sim *sim)
{
    sim_play(sim, "here: alice bob");
    for (guint i = 1; i <= 17; i++)
        sim_play(sim, "alice > end C%u | alice < 404 call_not_found", i);
    sim_play(sim, "alice > initiate bob C1 | alice < ok ringing | bob < incoming C1\n"
                  "alice > end C1 | bob < ended C1\n"
                  "alice > initiate bob C2 | alice < ok cancelled\n"
                  "alice > initiate bob C17 | alice < ok cancelled\n");
}

/* A repeat takes no second place. */
static void test_early_ends_repeated(Sim *sim)
{
    sim_play(sim, "here: alice bob");
    for (guint i = 1; i <= 16; i++)
        sim_play(sim,
                 "alice > end C%u | alice < 404 call_not_found\n"
                 "alice > end C%u | alice < 404 call_not_found",
                 i, i);
    sim_play(sim, "alice > initiate bob C1 | alice < ok cancelled\n"
                  "alice > initiate bob C16 | alice < ok cancelled\n");
}

/* Whoever only ever sent an end of a call that never was does not stay in memory. */
static void test_early_ends_are_let_go(Sim *sim)
{
    sim_play(sim, "here: alice | alice > end C1 | alice < 404 call_not_found | alice > unregister");
    sim_advance(sim, 10 * SECOND);
    g_assert_cmpuint(sim_stats(sim).users, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/races/sixteen-early-ends-of-a-user-are-remembered", test_early_ends_limit);
    sim_add_test("/races/a-repeated-early-end-takes-one-place", test_early_ends_repeated);
    sim_add_test("/races/early-ends-keep-no-user-in-memory", test_early_ends_are_let_go);
    return g_test_run();
}
