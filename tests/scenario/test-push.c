/* A callee whose devices do not ring: the backend is asked to wake it, and to stop. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/push/at-once-when-no-device-is-there",
     "set push_after=1500 | here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "        backend < push C1 expiresInMs=45000 calleeId=bob push.askedAt=0 | store < created C1\n"
     "[ 3000] bob > register | bob < incoming C1 expiresInMs=42000\n"
     "        bob > accept C1 | alice < accepted C1 | backend < stop C1 accepted\n"
     "        store < accepted C1 | bob > end C1 | alice < ended C1\n"},
    {"/push/never-when-it-is-off",
     "here: alice | alice > initiate bob C1 | backend < nothing\n"
     "[20000] alice < timeout C1 unreachable | backend < nothing\n"},
    {"/push/a-caller-who-gives-up-stops-it-and-a-late-device-does-not-ring",
     "set push_after=1500 | here: alice\n"
     "[    0] alice > initiate bob C1 | backend < push C1\n"
     "[ 2000] alice > end C1 | backend < stop C1 cancelled\n"
     "[ 2500] bob > register | bob < knows C1 cancelled | bob < nothing\n"},
    {"/push/stops-when-nobody-comes",
     "set push_after=1500 | here: alice\n"
     "[    0] alice > initiate bob C1 | backend < push C1\n"
     "[20000] alice < timeout C1 unreachable | backend < stop C1 timeout\n"},
    {"/push/not-for-a-device-that-never-said-that-it-rings",
     "set push_after=1500 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | backend < nothing\n"
     "[44000] backend < nothing | bob > accept C1 | alice < accepted C1 | backend < nothing\n"
     "        bob > end C1 | alice < ended C1\n"},
    {"/push/for-a-device-that-says-so-and-is-silent",
     "set push_after=1500 | here: alice bob\n"
     "        alice > initiate bob C1 | bob < incoming C1 | bob > ringing C1 | alice < ringing C1\n"
     "        bob > reject C1 | alice < rejected C1\n"
     "[ 5000] alice > initiate bob C2 | bob < incoming C2 | backend < nothing\n"
     "[ 6499] backend < nothing\n"
     "[ 6500] backend < push C2 expiresInMs=43500 | store < touched C2\n"
     "[ 8000] bob > ringing C2 | alice < ringing C2\n"
     "        bob > reject C2 | alice < rejected C2 | backend < stop C2 rejected\n"},
    {"/push/not-when-it-says-so-in-time",
     "set push_after=1500 | here: alice bob\n"
     "        alice > initiate bob C1 | bob < incoming C1 | bob > ringing C1 | alice < ringing C1\n"
     "        bob > reject C1 | alice < rejected C1\n"
     "[ 5000] alice > initiate bob C2 | bob < incoming C2\n"
     "[ 6000] bob > ringing C2 | alice < ringing C2\n"
     "[20000] backend < nothing | bob > reject C2 | alice < rejected C2 | backend < nothing\n"},
    {"/push/not-while-another-device-may-ring",
     "set push_after=1500 | here: alice bob/phone bob/tv\n"
     "        alice > initiate bob C1 | bob/phone < incoming C1 | bob/tv < incoming C1\n"
     "        bob/phone > ringing C1 | alice < ringing C1\n"
     "        bob/phone > reject C1 | alice < rejected C1 | bob/tv < ended C1\n"
     "[ 5000] alice > initiate bob C2 | bob/phone < incoming C2 | bob/tv < incoming C2\n"
     "[10000] backend < nothing\n"
     "[10500] bob/tv > drop\n"
     "[10501] backend < push C2 expiresInMs=39500\n"
     "        alice > end C2 | bob/phone < ended C2 | backend < stop C2\n"},
    {"/push/when-the-last-device-that-rang-is-gone-and-only-once",
     "set push_after=1500 | here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > ringing C1 | alice < ringing C1\n"
     "[ 3000] bob > drop\n"
     "[ 3001] backend < push C1 expiresInMs=42000\n"
     "[ 5000] bob > register | bob < incoming C1 expiresInMs=40000 | bob > drop\n"
     "[ 9000] backend < nothing | alice > end C1 | backend < stop C1\n"},
    {"/push/not-for-a-call-that-is-busy",
     "set push_after=1500 max_live_calls=1 | here: alice carol\n"
     "        carol > initiate bob C0 | backend < push C0\n"
     "        alice > initiate bob C1 | alice < ok rejected busy | alice < rejected C1 busy\n"
     "        backend < nothing | carol > end C0 | backend < stop C0\n"},
    {"/push/also-where-presence-is-hidden-and-the-caller-cannot-tell",
     "set push_after=1500 reveal_presence=false | here: alice\n"
     "        alice > initiate bob C1 | alice < ok ringing !reachable | backend < push C1\n"
     "[45000] alice < timeout C1 no_answer | backend < stop C1\n"},
};

/* --- the answer, and the time line --- */

static void answer_push(Sim *sim, const char *call_id, guint status)
{
    Event event = {.kind = EVENT_PUSH_ANSWERED};

    event.push = (PushEvent){.caller_id = "alice",
                             .call_id = call_id,
                             .created_ms = SIM_WALL_START_MS,
                             .endpoint = "main",
                             .status = status};
    sim_step(sim, &event, "backend", "answers the push");
}

static void test_answer_is_kept(Sim *sim)
{
    sim_play(sim, "set push_after=1500 | here: alice | alice > initiate bob C1\n"
                  "backend < push C1 !push.answeredAt | store < created C1 | [ 80]");
    answer_push(sim, "C1", 200);
    sim_play(sim, "store < touched C1 rev=1\n"
                  "operator > get C1 | operator < ok record.push.askedAt=0 "
                  "record.push.answeredAt=80 record.push.httpStatus=200\n"
                  "[ 90] alice > end C1 | store < closed C1");
}

static void test_answer_after_the_end(Sim *sim)
{
    sim_play(sim, "set push_after=1500 | here: alice | alice > initiate bob C1\n"
                  "backend < push C1 | store < created C1\n"
                  "[ 80] alice > end C1 | store < closed C1 | [ 300]");
    answer_push(sim, "C1", 0);
    sim_play(sim, "store < touched C1 cancelled rev=2 | alice < nothing\n"
                  "alice > end C1 | alice < ok cancelled rev=2\n"
                  "bob > register | bob < knows C1 cancelled");
}

static void test_answer_for_nobody(Sim *sim)
{
    sim_play(sim, "set push_after=1500 | here: alice");
    answer_push(sim, "C1", 200);
    sim_play(sim, "alice > initiate bob C1 | store < created C1 | [ 5] store < nothing");
    sim_play(sim, "alice > end C1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/push/its-answer-is-kept", test_answer_is_kept);
    sim_add_test("/push/its-answer-is-kept-after-the-end", test_answer_after_the_end);
    sim_add_test("/push/an-answer-about-no-call-changes-nothing", test_answer_for_nobody);
    return g_test_run();
}
