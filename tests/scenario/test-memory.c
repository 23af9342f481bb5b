/* What is remembered of calls that are over, how long, and that nothing stays for ever. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/memory/an-ended-call-is-in-the-snapshot-for-ten-minutes",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[  1000] bob > reject C1 | alice < rejected C1\n"
     "[600999] alice > register | alice < ok calls=1 | alice < knows C1 rejected\n"
     "[601000] alice > register | alice < knows nothing\n"
     "         alice > get C1 | alice < 404 call_not_found\n"
     "         bob > register | bob < knows nothing\n"},
    {"/memory/the-newest-come-first",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1 | bob > reject C1\n"
     "         alice < rejected C1\n"
     "[  1000] bob > initiate alice C2 | alice < incoming C2 | bob > end C2 | alice < ended C2\n"
     "[  2000] alice > initiate bob C3 | bob < incoming C3\n"
     "         alice > register | alice < ok calls=3 | alice < knows C1 rejected !role\n"
     "         alice < knows C2 cancelled\n"
     "         alice < knows C3 ringing role=caller\n"},
    {"/memory/the-callee-of-a-call-that-seems-to-ring-may-be-forgotten",
     "set reveal_presence=false max_live_calls=1 max_ended=1 | here: alice bob carol dave\n"
     "[     0] carol > initiate bob C0 | bob < incoming C0\n"
     "         alice > initiate bob C1 | alice < ok ringing\n"
     "         bob > unregister | carol > end C0\n"
     "         carol > initiate dave C2 | dave < incoming C2 | dave > reject C2 | carol < rejected "
     "C2\n"
     "         dave > register | bob > register | bob < knows nothing | bob > unregister\n"
     "[ 45000] alice < timeout C1 no_answer\n"},
    {"/memory/strangers-see-nothing-of-it", "here: alice bob\n"
                                            "[     0] alice > initiate bob C1\n"
                                            "         bob < incoming C1 | bob > reject C1\n"
                                            "         alice < rejected C1\n"
                                            "         carol > register | carol < knows nothing\n"},
    {"/memory/each-user-has-a-bound",
     "set max_ended_per_user=2 | here: alice bob carol\n"
     "alice > initiate bob C1 | bob < incoming C1 | alice > end C1 | bob < ended C1\n"
     "alice > initiate carol C2 | carol < incoming C2 | alice > end C2 | carol < ended C2\n"
     "alice > initiate carol C3 | carol < incoming C3 | alice > end C3 | carol < ended C3\n"
     "alice > register | alice < ok calls=2 | alice < knows C2 | alice < knows C3\n"
     "alice > get C1 | alice < 404 call_not_found\n"
     "bob > get C1 | bob < ok cancelled\n"
     "alice > initiate bob C1 | alice < 409 id_in_use\n"},
    {"/memory/all-users-together-have-a-bound",
     "set max_ended=3 | here: alice bob carol\n"
     "alice > initiate bob C1 | bob < incoming C1 | alice > end C1 | bob < ended C1\n"
     "alice > initiate carol C2 | carol < incoming C2 | alice > end C2 | carol < ended C2\n"
     "alice > register | alice < ok calls=1 | alice < knows C2\n"
     "bob > register | bob < knows C1\n"
     "carol > register | carol < knows C2\n"},
    {"/memory/an-early-end-leaves-a-record-too",
     "here: alice\n"
     "alice > end C1 | alice < 404 call_not_found\n"
     "alice > initiate bob C1 | alice < ok cancelled\n"
     "bob > register | bob < nothing | bob < knows C1 cancelled cancelled endedBy=alice\n"},
    {"/memory/nobody-is-remembered-without-a-call",
     "here: alice | alice > drop | alice > register | alice < ok calls=0\n"},
};

static void play_ended_calls(Sim *sim, guint from, guint to)
{
    for (guint i = from; i <= to; i++)
        sim_play(
            sim,
            "alice > initiate bob C%u | bob < incoming C%u | alice > end C%u | bob < ended C%u", i,
            i, i, i);
}

static void test_hundred_a_user(Sim *sim)
{
    sim_play(sim, "here: alice bob");
    play_ended_calls(sim, 1, 100);
    sim_play(sim, "alice > register | alice < ok calls=100 | alice < knows C1");
    play_ended_calls(sim, 101, 101);
    sim_play(sim,
             "alice > register | alice < ok calls=100 | alice < knows C2 | alice < knows C101\n"
             "alice > get C1 | alice < 404 call_not_found");
}

static void test_bound_of_all_is_reached_again(Sim *sim)
{
    sim_play(sim, "set max_ended=10\nhere: alice bob");
    play_ended_calls(sim, 1, 50);
    sim_play(sim, "alice > register");
    g_assert_cmpuint(sim_stats(sim).ended_calls, <=, 10);
}

/* Live ones first, the newest of each first, also when one in the middle has ended. */
static void test_order(Sim *sim)
{
    const Effects *effects;
    Event refresh = {
        .kind = EVENT_REGISTER, .from = sim_connection(sim, "alice"), .reg = {.user_id = "alice"}};
    static const char *const expected[] = {"C4", "C3", "C2", "C1"};

    sim_play(sim, "set max_live_calls=4\nhere: alice\nalice > initiate a C1 | alice > end C1\n"
                  "alice > initiate b C2 | alice > initiate c C3 | alice > initiate d C4\n"
                  "alice > end C2");
    effects = sim_step(sim, &refresh, "alice", "register");
    g_assert_cmpuint(effects->reply.calls->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        const Snapshot *snapshot = g_ptr_array_index(effects->reply.calls, i);

        g_assert_cmpstr(snapshot->record->facts->call_id, ==, expected[i]);
    }
}

/* An hour later: no users, no calls, no deadlines. */
static void test_nothing_stays(Sim *sim)
{
    HubStats stats;

    sim_play(sim,
             "here: alice bob/phone bob/tablet carol\n"
             "alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
             "bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
             "carol > initiate nobody C2\n"
             "carol > end C3 | carol < 404 call_not_found\n"
             "bob/tablet > drop | carol > drop | bob/phone > drop | alice < peer C1 reconnecting\n"
             "alice > drop");
    sim_advance(sim, 60 * MINUTE);
    for (guint i = 0; i < 3; i++)
        sim_play(sim, "eve > drop");
    stats = sim_stats(sim);
    g_assert_cmpuint(stats.users, ==, 0);
    g_assert_cmpuint(stats.devices, ==, 0);
    g_assert_cmpuint(stats.away, ==, 0);
    g_assert_cmpuint(stats.live_calls, ==, 0);
    g_assert_cmpuint(stats.ended_calls, ==, 0);
    g_assert_cmpint(hub_deadline(sim_hub(sim)), ==, G_MAXINT64);
}

/* A hub may go at any time: with calls, with devices away, with early ends. */
static void test_hub_goes_in_the_middle(Sim *sim)
{
    sim_play(sim, "here: alice bob/phone bob/tablet carol\n"
                  "alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
                  "carol > initiate bob C2 | bob/phone < incoming C2 | bob/tablet < incoming C2\n"
                  "bob/phone > accept C2 | carol < accepted C2 | bob/tablet < ended C2\n"
                  "alice > end C9 | alice < 404 call_not_found\n"
                  "bob/phone > drop | carol < peer C2 reconnecting | alice > drop");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/memory/a-hundred-ended-calls-a-user", test_hundred_a_user);
    sim_add_test("/memory/the-bound-of-all-is-reached-again", test_bound_of_all_is_reached_again);
    sim_add_test("/memory/live-calls-come-first-and-the-newest-of-each", test_order);
    sim_add_test("/memory/nothing-stays-for-ever", test_nothing_stays);
    sim_add_test("/memory/a-hub-may-go-in-the-middle-of-everything", test_hub_goes_in_the_middle);
    return g_test_run();
}
