/* Every timer of docs/protocol.md, section 5: when it is armed, when it fires, what stops it. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/ring/ends-after-45-seconds-with-no-answer",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[44999] alice < nothing\n"
     "[45000] alice < timeout C1 no_answer 'No answer' rev=2 timestamp=45000\n"
     "        bob/phone < ended C1 timeout no_answer !endedBy !durationMs rev=2\n"
     "        bob/tablet < ended C1 timeout no_answer\n"
     "        store < closed C1 timeout no_answer endedAt=45000\n"},
    {"/ring/is-as-long-as-the-caller-says",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 timeoutMs=5000\n"
     "        alice < ok expiresAt=5000 expiresInMs=5000 | bob < incoming C1 expiresInMs=5000\n"
     "[ 5000] alice < timeout C1 no_answer | bob < ended C1 timeout no_answer\n"
     "[10000] alice > initiate bob C2 timeoutMs=180000 | alice < ok expiresAt=190000\n"
     "        bob < incoming C2 expiresInMs=180000\n"
     "[190000] alice < timeout C2 no_answer | bob < ended C2 timeout no_answer\n"},
    {"/ring/is-as-long-as-is-configured",
     "set ring=100 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | alice < ok expiresInMs=100 | bob < incoming C1\n"
     "[  100] alice < timeout C1 no_answer | bob < ended C1 timeout no_answer\n"},
    {"/ring/is-never-moved",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "[10000] bob/phone > ringing C1 | alice < ringing C1\n"
     "[20000] bob/tablet > register | bob/tablet < incoming C1 expiresAt=45000\n"
     "[30000] alice > initiate bob C1 | alice < ok expiresAt=45000 expiresInMs=15000\n"
     "[31000] alice > drop\n"
     "[32000] alice > register\n"
     "[45000] alice < timeout C1 no_answer | bob/phone < ended C1 timeout no_answer\n"
     "        bob/tablet < ended C1 timeout no_answer\n"},
    {"/ring/an-answer-stops-it", "here: alice bob\n"
                                 "[    0] alice > initiate bob C1 | bob < incoming C1\n"
                                 "[44999] bob > accept C1 | alice < accepted C1\n"
                                 "[99999] alice < nothing\n"},
    {"/ring/each-call-has-its-own",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > initiate carol C2 timeoutMs=10000 | carol < incoming C2\n"
     "[11000] alice < timeout C2 no_answer | carol < ended C2 timeout\n"
     "[45000] alice < timeout C1 no_answer | bob < ended C1 timeout\n"},

    {"/unreachable/after-20-seconds-if-nobody-was-rung",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false devices=0 expiresAt=45000\n"
     "[19999] alice < nothing\n"
     "[20000] alice < timeout C1 unreachable 'User is unreachable' rev=2\n"
     "        store < closed C1 timeout unreachable !ringingAt\n"},
    {"/unreachable/at-the-rings-end-if-that-is-earlier",
     "here: alice\n"
     "[    0] alice > initiate bob C1 timeoutMs=8000 | alice < ok reachable=false\n"
     "[ 8000] alice < timeout C1 unreachable\n"},
    {"/unreachable/is-not-armed-when-a-device-was-rung",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[  100] bob > drop\n"
     "[20000] alice < nothing\n"
     "[45000] alice < timeout C1 no_answer\n"},
    {"/unreachable/the-first-incoming-disarms-it",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[19999] bob > register | bob < incoming C1 expiresInMs=25001\n"
     "[20000] alice < nothing\n"
     "[45000] alice < timeout C1 no_answer | bob < ended C1 timeout no_answer\n"},
    {"/unreachable/is-never-armed-again",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[10000] bob > register | bob < incoming C1\n"
     "[11000] bob > unregister\n"
     "[20000] alice < nothing\n"
     "[45000] alice < timeout C1 no_answer\n"},
    {"/unreachable/a-device-that-came-too-late-to-ring-does-not-count",
     "here: alice\n"
     "[    0] alice > initiate bob C1 timeoutMs=8000 | alice < ok reachable=false\n"
     "[ 7500] bob > register | bob < nothing\n"
     "[ 8000] alice < timeout C1 unreachable\n"},
    {"/unreachable/a-longer-timer-than-the-ring-is-the-ring",
     "set unreachable=60000 | here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[45000] alice < timeout C1 unreachable\n"},
    {"/unreachable/while-the-caller-is-away",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[15000] alice > drop\n"
     "[20000] alice < missed timeout C1 unreachable\n"
     "[21000] alice > register | alice < knows C1 timeout unreachable\n"},

    {"/caller-grace/is-as-long-as-is-configured",
     "set caller_grace=100 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[ 1100] bob < ended C1 cancelled caller_lost\n"},
    {"/caller-grace/may-be-longer-than-that-of-a-call",
     "set caller_grace=40000 in_call_grace=5000 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[40000] alice > register | alice < knows C1 ringing\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[41000] alice > drop | bob < peer C1 reconnecting\n"
     "[46000] bob < ended C1 connection_lost\n"},
    {"/caller-grace/an-accept-after-the-shorter-grace-of-a-call-ends-it-at-once",
     "set caller_grace=40000 in_call_grace=5000 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[20000] bob > accept C1 | bob < peer C1 reconnecting\n"
     "[20000] bob < ended C1 ended connection_lost\n"},
    {"/caller-grace/that-ends-with-the-ring-leaves-it-to-the-ring",
     "set caller_grace=5000 in_call_grace=5000 | here: alice bob carol dave\n"
     "[    0] carol > initiate dave C0 timeoutMs=42000 | dave < incoming C0\n"
     "        alice > initiate bob C1 | bob < incoming C1\n"
     "[40000] alice > drop\n"
     "[42000] carol < timeout C0 | dave < ended C0\n"
     "[45000] bob < ended C1 timeout no_answer | alice < missed timeout C1 no_answer\n"},
    {"/in-call-grace/is-as-long-as-is-configured",
     "set in_call_grace=100 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 1000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 1100] alice < ended C1 ended connection_lost\n"},
    {"/in-call-grace/begins-anew-with-every-drop",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[  1000] bob > drop | alice < peer C1 reconnecting rev=3\n"
     "[ 30000] bob > register | alice < peer C1 connected rev=4\n"
     "[ 31000] bob > drop | alice < peer C1 reconnecting rev=5\n"
     "[ 61000] alice < ended C1 ended connection_lost rev=6\n"},
    {"/in-call-grace/a-device-whose-call-is-over-is-forgotten-after-it",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[  1000] bob > drop | alice < peer C1 reconnecting\n"
     "[  2000] alice > end C1\n"
     "[ 40000] operator > disconnect bob | operator < 401 not_registered\n"},

    {"/max-duration/is-off-unless-configured",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[99999999] alice > end C1 | bob < ended C1 ended hangup durationMs=99999999\n"},
    {"/max-duration/counts-from-the-accept",
     "set max_duration=60000 | here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 10000] bob > accept C1 | alice < accepted C1\n"
     "[ 70000] alice < ended C1 ended max_duration !endedBy durationMs=60000\n"
     "         bob < ended C1 ended max_duration\n"},
    {"/max-duration/goes-on-while-a-device-is-away",
     "set max_duration=20000 | here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 20000] alice < ended C1 ended max_duration | bob < missed ended C1 max_duration\n"},
    {"/max-duration/does-not-count-the-ringing",
     "set max_duration=1000 | here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 45000] alice < timeout C1 no_answer | bob < ended C1 timeout\n"},
};

/* However many are due at once, one step carries out a bounded number; the hub says at once that it
 * wants another. */
static void test_many_at_once(Sim *sim)
{
    sim_play(sim, "here: bob");
    for (guint i = 0; i < 300; i++)
        sim_play(sim, "here: u%u | u%u > initiate v%u C1", i, i, i);
    sim_advance(sim, 20 * SECOND - 1);
    g_assert_cmpuint(sim_stats(sim).live_calls, ==, 300);
    for (guint i = 0; i < 300; i++)
        sim_play(sim, "[20000] u%u < timeout C1 unreachable", i);
    g_assert_cmpuint(sim_stats(sim).live_calls, ==, 0);
    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
}

/* The timer thread is late: what is due is carried out, with the time that it is. */
static void test_late_timer(Sim *sim)
{
    const Effects *effects;
    Event late = {.kind = EVENT_TIMEOUT};

    sim_play(sim, "here: alice bob | alice > initiate bob C1 | bob < incoming C1 | [44999]");
    effects = sim_step(sim, &late, "timer", "fires too early");
    g_assert_cmpuint(effects->count, ==, 0);
    sim_play(sim, "[45000] alice < timeout C1 no_answer | bob < ended C1 timeout");
    effects = sim_step(sim, &late, "timer", "fires once more");
    g_assert_cmpuint(effects->count, ==, 0);
}

static void test_nothing_to_wait_for(Sim *sim)
{
    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
    sim_play(sim, "here: alice bob | alice > initiate bob C1 | bob < incoming C1");
    g_assert_cmpint(hub_deadline(sim_hub(sim)), <, G_MAXINT64);
    sim_play(sim, "bob > accept C1 | alice < accepted C1");
    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/timers/many-at-once-are-all-carried-out", test_many_at_once);
    sim_add_test("/timers/one-that-fires-too-early-or-once-more-changes-nothing", test_late_timer);
    sim_add_test("/timers/nothing-to-wait-for-is-never", test_nothing_to_wait_for);
    return g_test_run();
}
