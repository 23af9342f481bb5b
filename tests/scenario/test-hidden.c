/* reveal_presence = false: the caller's view tells nothing of the callee's devices; the callee and
 * the record see the truth. What the caller sees of a callee who is there, offline, or too busy is
 * the same, word for word. */
#include "../lib/sim.h"

#include <string.h>

static const Scenario scenarios[] = {
    {"/hidden/nothing-tells-of-devices",
     "set reveal_presence=false | here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 !reachable !devices expiresAt=45000 expiresInMs=45000\n"
     "        bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > ringing C1 | bob/phone < ok ringing rev=1 | alice < nothing\n"
     "        alice > get C1 | alice < ok ringing rev=1 record.status=ringing !record.ringingAt\n"
     "        bob/phone > get C1 | bob/phone < ok record.ringingAt=0\n"
     "        alice > register | alice < knows C1 ringing rev=1 role=caller !ringingAt\n"
     "        alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 !reachable !devices expiresInMs=45000\n"},
    {"/hidden/an-accept-is-told",
     "set reveal_presence=false | here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > ringing C1\n"
     "[ 3000] bob/phone > accept C1 | alice < accepted C1 deviceId=phone rev=2\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere\n"},
    {"/hidden/a-reject-is-told-but-not-from-which-device",
     "set reveal_presence=false | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 3000] bob > reject C1 'No' | alice < rejected C1 declined 'No' !deviceId rev=2\n"},
    {"/hidden/busy-by-a-device-is-told",
     "set reveal_presence=false | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 3000] bob > reject C1 cause=busy | alice < rejected C1 busy !deviceId\n"},

    /* offline */
    {"/hidden/an-offline-callee-rings-until-the-end-and-did-not-answer",
     "set reveal_presence=false | here: alice\n"
     "[    0] alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 !reachable !devices expiresInMs=45000\n"
     "[20000] alice < nothing\n"
     "[45000] alice < timeout C1 no_answer 'No answer' rev=2\n"
     "        store < closed C1 timeout unreachable\n"
     "        alice > get C1 | alice < ok timeout no_answer record.cause=no_answer\n"
     "        alice > end C1 | alice < 410 call_over timeout no_answer\n"
     "        bob > register | bob < knows C1 timeout unreachable\n"
     "        bob > get C1 | bob < ok timeout unreachable\n"
     "        alice > register | alice < knows C1 timeout no_answer\n"},
    {"/hidden/a-device-that-appears-mid-ring-rings-and-the-caller-does-not-know",
     "set reveal_presence=false | here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok ringing\n"
     "[30000] bob > register | bob < incoming C1 expiresInMs=15000 | alice < nothing\n"
     "        bob > ringing C1 | alice < nothing\n"
     "[45000] alice < timeout C1 no_answer rev=2 | bob < ended C1 timeout no_answer rev=2\n"},

    /* busy */
    {"/hidden/a-busy-callee-seems-to-ring-until-the-end",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "[ 1000] alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 !cause !reachable !devices expiresAt=46000 "
     "expiresInMs=45000\n"
     "        store < created C1 ringing rev=1 | store < closed C1 rejected busy rev=2\n"
     "        bob < nothing | alice < nothing\n"
     "[ 2000] alice > get C1\n"
     "        alice < ok ringing rev=1 record.status=ringing record.cause=null !record.endedAt\n"
     "        alice > initiate bob C1 | alice < ok ringing rev=1 expiresInMs=44000 !devices\n"
     "        alice > register\n"
     "        alice < knows C1 ringing role=caller expiresInMs=44000 rev=1 !endedAt\n"
     "        bob > get C1 | bob < ok rejected busy rev=2 record.endedAt=1000\n"
     "        bob > register | bob < knows C1 rejected busy rev=2\n"
     "[45000] carol < timeout C0 no_answer | bob < ended C0 timeout\n"
     "[46000] alice < timeout C1 no_answer 'No answer' rev=2\n"
     "        store < touched C1 rejected busy rev=2 | bob < nothing\n"
     "        alice > get C1\n"
     "        alice < ok timeout no_answer rev=2 record.endedAt=46000 !record.endedBy\n"
     "        alice > register | alice < knows C1 timeout no_answer rev=2 endedAt=46000\n"
     "        bob > get C1 | bob < ok rejected busy rev=2 record.endedAt=1000\n"},
    {"/hidden/a-busy-callee-cannot-touch-the-call",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "        bob > accept C1 | bob < 410 call_over C1 rejected busy\n"
     "        bob > ringing C1 | bob < 410 call_over C1 rejected busy\n"
     "        bob > reject C1 | bob < 410 call_over C1 rejected busy\n"
     "        bob > end C1 | bob < 410 call_over C1 rejected busy\n"},
    {"/hidden/a-call-to-a-busy-callee-can-be-cancelled",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "[ 5000] alice > end C1 'Bored' | alice < ok cancelled cancelled rev=2 | bob < nothing\n"
     "        alice > end C1 | alice < ok cancelled\n"
     "        alice > get C1\n"
     "        alice < ok cancelled record.endedBy=alice record.reason=Bored record.endedAt=5000\n"
     "        alice > initiate bob C1 | alice < ok cancelled\n"
     "        bob > get C1 | bob < ok rejected busy rev=2 !record.endedBy !record.reason\n"},
    {"/hidden/a-call-to-a-busy-callee-can-be-replaced",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "[ 5000] bob > reject C0 | carol < rejected C0\n"
     "        alice > initiate bob C2 | alice < ok ringing replacedCallId=C1 | bob < incoming C2\n"
     "        alice > get C1 | alice < ok cancelled replaced\n"},
    {"/hidden/the-caller-of-a-busy-callee-is-lost",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "[ 5000] alice > drop\n"
     "[17000] alice < missed ended C1 cancelled caller_lost | store < touched C1 rejected busy\n"
     "[18000] alice > register | alice < knows C1 cancelled caller_lost rev=2\n"},
    {"/hidden/the-caller-of-a-busy-callee-unregisters",
     "set reveal_presence=false max_live_calls=1 | here: alice/phone alice/watch bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice/phone > initiate bob C1 | alice/phone < ok ringing\n"
     "        alice/phone > unregister | alice/watch > get C1\n"
     "        alice/watch < ok cancelled cancelled\n"},
    {"/hidden/the-caller-cannot-tell-by-other-requests",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "        alice > signal C1 {} | alice < 409 wrong_state C1 ringing rev=1\n"
     "        alice > accept C1 | alice < 403 forbidden C1 ringing rev=1\n"
     "        alice > initiate dave C2 | alice < 429 too_many_calls\n"
     "        carol > initiate alice C3 | carol < 429 too_many_calls\n"},
    {"/hidden/a-call-to-a-busy-callee-takes-none-of-its-room",
     "set reveal_presence=false | here: alice bob carol dave\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate bob C2 | bob < incoming C2\n"
     "        dave > initiate bob C3 | dave < ok ringing | bob < nothing\n"
     "[ 1000] bob > reject C1 | alice < rejected C1\n"
     "        alice > initiate bob C4 | bob < incoming C4\n"},
    {"/hidden/a-busy-callee-calls-back-without-glare",
     "set reveal_presence=false | here: alice bob carol dave\n"
     "[    0] carol > initiate bob C1 | bob < incoming C1\n"
     "        dave > initiate bob C2 | bob < incoming C2\n"
     "        alice > initiate bob C3 | alice < ok ringing\n"
     "[ 1000] bob > reject C1 | carol < rejected C1\n"
     "        bob > initiate alice C4 | bob < ok ringing | alice < incoming C4\n"},
    {"/hidden/a-repeat-after-the-callee-is-free-again-changes-nothing",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "[ 1000] bob > reject C0 | carol < rejected C0\n"
     "        alice > initiate bob C1 | alice < ok ringing rev=1 | bob < nothing\n"
     "        bob > register | bob < nothing\n"},
    {"/hidden/an-early-end-of-a-call-to-a-busy-callee",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > end C1 | alice < 404 call_not_found\n"
     "        alice > initiate bob C1 | alice < ok cancelled cancelled rev=2 !devices\n"},
    {"/hidden/the-backend-starts-a-call-to-a-busy-callee",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "[    0] carol > initiate bob C0 | bob < incoming C0\n"
     "        @alice/main > initiate bob C1 | @alice/main < ok ringing !devices\n"
     "        alice < outgoing C1 calleeId=bob rev=1\n"
     "[45000] carol < timeout C0 | bob < ended C0 timeout | alice < timeout C1 no_answer\n"},
};

static void take(Sim *sim, GString *said)
{
    g_autofree char *words = sim_take(sim, "alice");

    g_string_append(said, words);
}

/* All that the caller is told of a call, from before it is made until after it is over, word for
 * word. */
static char *life_of_a_call(const char *how_the_callee_is)
{
    Sim *sim = sim_new(NULL);
    GString *said = g_string_new(NULL);

    sim_play(sim, "set reveal_presence=false max_live_calls=1\nhere: alice carol\n%s",
             how_the_callee_is);
    take(sim, said);
    sim_play(sim, "[1000] alice > initiate bob C1");
    for (guint ms = 2000; ms <= 48000; ms += 500) {
        take(sim, said);
        sim_play(sim, "[%u]", ms);
        take(sim, said);
        sim_play(sim, "alice > %s", ms % 1000 ? "get C1" : "register");
    }
    take(sim, said);
    sim_free(sim);
    return g_string_free(said, FALSE);
}

static void test_same_for_the_caller(void)
{
    g_autofree char *offline = life_of_a_call("");
    g_autofree char *busy = life_of_a_call("carol > initiate bob C0 timeoutMs=180000");
    g_autofree char *there = life_of_a_call("here: bob/phone bob/tablet");
    g_autofree char *late = life_of_a_call("[500] bob > register | bob > drop");

    g_assert_nonnull(strstr(offline, "timeout callId=C1"));
    g_assert_cmpstr(offline, ==, busy);
    g_assert_cmpstr(offline, ==, there);
    g_assert_cmpstr(offline, ==, late);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    g_test_add_func("/hidden/there-offline-and-busy-are-the-same-for-the-caller",
                    test_same_for_the_caller);
    return g_test_run();
}
