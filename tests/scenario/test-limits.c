/* How much, and how fast: each limit at its edge. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    /* how much */
    {"/limits/devices-of-a-user",
     "set max_devices=2 | here: bob/phone bob/tablet\n"
     "bob/desk > register | bob/desk < 429 too_many_devices !retryAfterMs\n"
     "bob/phone > register | bob/phone < ok\n"
     "bob/phone#2 > register | bob/phone#2 < ok | bob/phone < replaced\n"
     "bob/tablet > unregister | bob/desk > register | bob/desk < ok\n"},
    {"/limits/live-calls-of-the-callee-make-it-busy",
     "set max_live_calls=1 | here: alice bob carol\n"
     "alice > initiate bob C1 | bob < incoming C1\n"
     "carol > initiate bob C2 | carol < ok rejected busy | carol < rejected C2 busy\n"
     "alice > end C1 | bob < ended C1\n"
     "carol > initiate bob C3 | bob < incoming C3\n"},
    {"/limits/live-calls-of-the-caller",
     "set max_live_calls=1 | here: alice bob carol\n"
     "alice > initiate bob C1 | bob < incoming C1\n"
     "alice > initiate carol C2 | alice < 429 too_many_calls !retryAfterMs\n"
     "alice > end C1 | bob < ended C1\n"
     "alice > initiate carol C2 | carol < incoming C2\n"},
    {"/limits/users-in-all",
     "set max_users=2 | here: alice/phone bob\n"
     "carol > register | carol < 429 too_many_devices retryAfterMs=5000\n"
     "alice/watch > register | alice/watch < ok\n"
     "alice/phone > unregister | carol > register | carol < 429 too_many_devices\n"
     "alice/watch > unregister | carol > register | carol < ok\n"},
    {"/limits/users-in-grace-keep-their-place",
     "set max_users=2 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "        alice > drop | bob < peer C1 reconnecting\n"
     "        carol > register | carol < 429 too_many_devices\n"
     "        alice#2 > register | bob < peer C1 connected\n"},
    {"/limits/calls-in-all",
     "set max_calls=1 | here: alice bob carol dave\n"
     "alice > initiate bob C1 | bob < incoming C1\n"
     "carol > initiate dave C2 | carol < 429 too_many_calls retryAfterMs=5000\n"
     "alice > initiate bob C1 | alice < ok ringing\n"
     "@carol/main > initiate dave C2 | @carol/main < 429 too_many_calls\n"
     "alice > end C1 | bob < ended C1\n"
     "carol > initiate dave C2 | dave < incoming C2\n"},

    /* how fast */
    {"/limits/requests-of-a-user",
     "set requests=2/1000/3\n"
     "[    0] alice > register\n"
     "        alice > get C1 | alice < 404 call_not_found !retryAfterMs\n"
     "        alice > get C1 | alice < 404 call_not_found\n"
     "        alice > get C1 | alice < 429 rate_limited retryAfterMs=500 !callId\n"
     "[  499] alice > get C1 | alice < 429 rate_limited retryAfterMs=1\n"
     "[  500] alice > get C1 | alice < 404 call_not_found\n"
     "        alice > get C1 | alice < 429 rate_limited retryAfterMs=500\n"
     "[60000] alice > get C1 | alice < 404 call_not_found\n"
     "        alice > get C1 | alice < 404 call_not_found\n"
     "        alice > get C1 | alice < 404 call_not_found\n"
     "        alice > get C1 | alice < 429 rate_limited\n"},
    {"/limits/requests-of-all-its-devices",
     "set requests=1/1000/2\n"
     "[    0] alice/phone > register | alice/watch > register\n"
     "        alice/phone > get C1 | alice/phone < 429 rate_limited\n"
     "        alice/desk > register | alice/desk < 429 rate_limited retryAfterMs=1000\n"
     "        bob > register | bob < ok\n"},
    {"/limits/bad-requests-count-and-say-what-is-bad",
     "set requests=1/1000/2\n"
     "[    0] alice > register | alice > get | alice < 400 invalid_request error='callId: is "
     "required'\n"
     "        alice > get | alice < 400 invalid_request\n"
     "        alice > get C1 | alice < 429 rate_limited retryAfterMs=1000\n"},
    {"/limits/who-leaves-and-returns-is-remembered",
     "set requests=1/1000/2\n"
     "[    0] alice > register | alice > unregister\n"
     "        alice > register | alice < 429 rate_limited retryAfterMs=1000\n"
     "[ 1000] alice > register | alice < ok | alice > drop\n"
     "        alice#2 > register | alice#2 < 429 rate_limited\n"},
    {"/limits/what-is-refused-changes-nothing",
     "set requests=1/60000/2 | here: bob\n"
     "[    0] alice > register | bob > initiate alice C1 | alice < incoming C1\n"
     "        alice > ringing C1 | bob < ringing C1\n"
     "        alice > accept C1 | alice < 429 rate_limited !callId\n"
     "[45000] alice < ended C1 timeout | bob < timeout C1 no_answer\n"},
    {"/limits/a-backend-is-not-counted",
     "set requests=1/60000/1 | set calls=1/60000/1 | here: alice bob\n"
     "@alice > get C1 | @alice < 404 call_not_found | @alice > get C1 | @alice < 404 "
     "call_not_found\n"
     "@alice/main > initiate bob C1 | alice < outgoing C1 | bob < incoming C1\n"
     "@alice > end C1 | alice < ended C1 | bob < ended C1\n"
     "@alice/main > initiate bob C2 | alice < outgoing C2 | bob < incoming C2\n"
     "@bob > reject C2 | alice < rejected C2 | bob < ended C2\n"},
    {"/limits/calls-to-one-callee",
     "set calls=2/60000/2 | here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | alice > end C1 | bob < ended C1\n"
     "        alice > initiate bob C2 | bob < incoming C2 | alice > end C2 | bob < ended C2\n"
     "        alice > initiate bob C3\n"
     "        alice < 429 rate_limited retryAfterMs=30000 error='calleeId: you call this user too "
     "often'\n"
     "        alice > initiate carol C4 | carol < incoming C4\n"
     "        bob > initiate alice C5 | alice < incoming C5 | bob > end C5 | alice < ended C5\n"
     "        carol > end C4 | alice < rejected C4\n"
     "[30000] alice > initiate bob C6 | bob < incoming C6 | alice > initiate bob C6\n"
     "        alice < ok ringing | alice > end C6 | bob < ended C6\n"
     "        alice > initiate bob C7 | alice < 429 rate_limited\n"},
    {"/limits/calls-to-one-callee-after-a-return",
     "set calls=1/60000/1 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | alice > unregister | bob < ended C1\n"
     "        alice > register | alice > initiate bob C2 | alice < 429 rate_limited\n"},
    {"/limits/bytes-that-are-passed-on",
     "set relayed=10/1000/20 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "        alice > signal C1 data='12345678' | bob < signal C1\n"
     "        alice > update C1 {\"a\":1234} | bob < updated C1\n"
     "        alice > signal C1 7\n"
     "        alice < 429 rate_limited C1 accepted rev=2 retryAfterMs=100 error='data: you send "
     "too much'\n"
     "        bob > signal C1 7 | alice < signal C1\n"
     "[  100] alice > signal C1 7 | bob < signal C1\n"
     "[  200] alice > signal C1 data='' | alice < 429 rate_limited retryAfterMs=100\n"
     "        alice > end C1 | bob < ended C1\n"},
    {"/limits/before-the-answer-nothing-is-counted",
     "set relayed=1/1000/2 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > signal C1 7 | alice < 409 wrong_state | alice > signal C1 7\n"
     "        alice < 409 wrong_state | alice > signal C1 7 | alice < 409 wrong_state\n"
     "        bob > accept C1 | alice < accepted C1 | alice > signal C1 7 | bob < signal C1\n"},
};

/* What was told of a user is forgotten when time has settled it. */
static void test_forgotten(Sim *sim)
{
    sim_play(sim, "set requests=1/1000/2 | set calls=1/60000/1 | here: bob\n"
                  "[    0] alice > register | alice > initiate bob C1 | bob < incoming C1\n"
                  "        alice > drop | alice#2 > register | alice#2 < 429 rate_limited\n");
    g_assert_cmpuint(sim_stats(sim).users, ==, 2);
    sim_play(sim, "[12000] bob < ended C1 caller_lost | bob > drop\n");
    g_assert_cmpuint(sim_stats(sim).users, ==, 2);
    sim_advance(sim, ENDED_KEPT_US + 60 * SECOND);
    sim_play(sim, "carol > register | carol > drop");
    sim_advance(sim, 2 * SECOND);
    g_assert_cmpuint(sim_stats(sim).users, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/limits/who-is-gone-is-forgotten-in-time", test_forgotten);
    return g_test_run();
}
