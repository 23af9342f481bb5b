/* A call from its beginning to its end: rejected, cancelled, answered and hung up; first of all the
 * users' own case, in which one device rejects and everybody knows at once. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/reject/the-caller-knows-at-once-and-the-sibling-stops",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 reachable=true devices=2 expiresInMs=45000\n"
     "        bob/phone < incoming C1 alice | bob/tablet < incoming C1 alice\n"
     "        store < created C1 ringing rev=1 ringingAt=0\n"
     "[ 3000] bob/phone > reject C1 'User declined' | bob/phone < ok rejected declined rev=2\n"
     "        alice < rejected C1 declined 'User declined' deviceId=phone calleeId=bob rev=2 "
     "timestamp=3000\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere 'User declined' endedBy=bob rev=2\n"
     "        store < closed C1 rejected declined endedBy=bob rev=2\n"},

    {"/reject/without-a-reason-the-caller-gets-the-default-one-and-the-record-none",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] bob > reject C1 | alice < rejected C1 declined 'User declined'\n"
     "        alice > get C1\n"
     "        alice < ok record.status=rejected record.cause=declined !record.reason\n"},

    {"/reject/busy-is-said-by-a-device",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 1000] bob/phone > reject C1 'In a meeting' cause=busy | bob/phone < ok rejected busy\n"
     "        alice < rejected C1 busy 'In a meeting' deviceId=phone\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere\n"},

    {"/reject/an-end-by-the-callee-is-a-reject",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 1000] bob/tablet > end C1 'Not now' | bob/tablet < ok rejected declined rev=2\n"
     "        alice < rejected C1 declined 'Not now' deviceId=tablet\n"
     "        bob/phone < ended C1 rejected declined_elsewhere\n"},

    {"/reject/a-device-that-was-not-rung-may-reject",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 timeoutMs=5000 | bob/phone < incoming C1\n"
     "[ 4500] bob/tablet > register\n"
     "        bob/tablet > reject C1 | alice < rejected C1 declined deviceId=tablet\n"
     "        bob/phone < ended C1 rejected declined_elsewhere\n"},

    {"/reject/the-caller-cannot-reject",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > reject C1 | alice < 403 forbidden C1 ringing rev=1\n"},

    {"/reject/strangers-find-no-call",
     "here: alice bob eve\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        eve > reject C1 | eve < 404 call_not_found !status\n"
     "        eve > end C1 | eve < 404 call_not_found !status\n"
     "        eve > accept C1 | eve < 404 call_not_found !status\n"
     "        eve > ringing C1 | eve < 404 call_not_found !status\n"
     "        eve > signal C1 {} | eve < 404 call_not_found !status\n"
     "        eve > get C1 | eve < 404 call_not_found !status\n"},

    {"/reject/nobody-who-is-not-registered-can",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob#2 > reject C1 | bob#2 < 401 not_registered\n"
     "        bob#2 > reject | bob#2 < 401 not_registered\n"
     "        bob#2 > unregister | bob#2 < 401 not_registered\n"
     "        bob#2 > initiate alice | bob#2 < 401 not_registered\n"},

    {"/cancel/every-device-of-the-callee-stops",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 2000] alice > end C1 'Changed my mind' | alice < ok cancelled rev=2\n"
     "        bob/phone < ended C1 cancelled cancelled 'Changed my mind' endedBy=alice rev=2\n"
     "        bob/tablet < ended C1 cancelled cancelled endedBy=alice !durationMs\n"},

    {"/cancel/another-device-of-the-caller-may",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "[ 2000] alice/watch > end C1 | alice/watch < ok cancelled rev=2\n"
     "        alice/phone < ended C1 cancelled cancelled endedBy=alice\n"
     "        bob < ended C1 cancelled\n"},

    {"/talk/accept-then-hang-up-by-the-caller",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 4000] bob/tablet > accept C1\n"
     "        bob/tablet < ok accepted rev=2 mode=none media.audio=true media.video=false !join\n"
     "        alice < accepted C1 deviceId=tablet calleeId=bob mode=none media.audio=true rev=2 "
     "timestamp=4000\n"
     "        bob/phone < ended C1 accepted answered_elsewhere rev=2 !endedBy !durationMs\n"
     "[64000] alice > end C1 'Bye' | alice < ok ended hangup rev=3\n"
     "        bob/tablet < ended C1 ended hangup 'Bye' endedBy=alice durationMs=60000 rev=3\n"},

    {"/talk/hang-up-by-the-callee",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 4000] bob > accept C1 | alice < accepted C1 deviceId=main\n"
     "[ 5500] bob > end C1 | bob < ok ended hangup rev=3\n"
     "        alice < ended C1 ended hangup endedBy=bob durationMs=1500\n"},

    {"/talk/another-device-of-a-party-may-hang-up",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere\n"
     "[ 9000] bob/tablet > end C1 | bob/tablet < ok ended hangup rev=3\n"
     "        alice < ended C1 ended hangup endedBy=bob\n"
     "        bob/phone < ended C1 ended hangup endedBy=bob\n"},

    {"/talk/another-device-of-the-caller-may-hang-up",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice/phone < accepted C1\n"
     "[ 9000] alice/watch > end C1 | alice/watch < ok ended hangup rev=3\n"
     "        alice/phone < ended C1 ended hangup | bob < ended C1 ended hangup\n"},

    {"/talk/a-reject-after-the-accept-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > reject C1 | bob < 409 wrong_state C1 accepted rev=2\n"},

    {"/talk/the-caller-cannot-accept-or-ring",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        alice/phone > accept C1 | alice/phone < 403 forbidden C1 ringing rev=1\n"
     "        alice/watch > accept C1 | alice/watch < 403 forbidden C1 ringing rev=1\n"
     "        alice/watch > ringing C1 | alice/watch < 403 forbidden C1 ringing rev=1\n"
     "        bob > accept C1 | alice/phone < accepted C1\n"
     "        alice/phone > accept C1 | alice/phone < 403 forbidden C1 accepted rev=2\n"},

    {"/talk/after-the-end-everything-is-over",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > end C1 | alice < ended C1\n"
     "        bob > accept C1 | bob < 410 call_over C1 ended hangup rev=3\n"
     "        bob > reject C1 | bob < 410 call_over C1 ended hangup rev=3\n"
     "        bob > ringing C1 | bob < 410 call_over C1 ended hangup rev=3\n"
     "        alice > end C1 | alice < 410 call_over C1 ended hangup rev=3\n"
     "        alice > signal C1 {} | alice < 410 call_over C1 ended hangup rev=3\n"
     "        bob > update C1 {} | bob < 410 call_over C1 ended hangup rev=3\n"},

    {"/initiate/what-the-caller-says-arrives",
     "alice > register displayName='Alice A.' | here: bob\n"
     "alice > initiate bob C1 media={\"audio\":true,\"video\":true} mode=p2p timeoutMs=60000 "
     "data={\"subject\":\"hi\"}\n"
     "alice < ok ringing expiresAt=60000 expiresInMs=60000\n"
     "bob < incoming C1 alice callerName='Alice A.' calleeId=bob media.video=true mode=p2p "
     "data={\"subject\":\"hi\"} expiresAt=60000 expiresInMs=60000 rev=1\n"
     "bob > accept C1 | bob < ok media.video=true mode=p2p\n"
     "alice < accepted C1 media.video=true mode=p2p\n"},

    {"/initiate/without-an-id-the-server-makes-one",
     "here: alice bob\n"
     "alice > initiate bob | alice < ok CALL_F1 ringing\n"
     "bob < incoming CALL_F1 alice !callerName !data\n"
     "bob > reject CALL_F1 | alice < rejected CALL_F1\n"
     "alice > initiate bob | alice < ok CALL_F2 ringing | bob < incoming CALL_F2\n"},

    {"/initiate/calling-oneself-is-refused",
     "here: alice/phone alice/watch\n"
     "alice/phone > initiate alice C1 | alice/phone < 409 calling_self\n"
     "alice/watch > get C1 | alice/watch < 404 call_not_found\n"},

    {"/initiate/a-callee-nobody-knows-is-unreachable-in-the-end",
     "here: alice\n"
     "[    0] alice > initiate nobody C1\n"
     "        alice < ok ringing reachable=false devices=0 expiresInMs=45000\n"
     "[20000] alice < timeout C1 unreachable 'User is unreachable' rev=2\n"},

    {"/initiate/two-calls-of-strangers-may-have-one-id",
     "here: alice bob carol dave\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 alice\n"
     "        carol > initiate dave C1 | carol < ok ringing | dave < incoming C1 carol\n"
     "[ 1000] bob > reject C1 | alice < rejected C1 calleeId=bob\n"
     "[ 2000] dave > accept C1 | carol < accepted C1 calleeId=dave\n"
     "        alice > get C1 | alice < ok rejected record.calleeId=bob\n"
     "        carol > get C1 | carol < ok accepted record.calleeId=dave\n"},

    {"/ringing/the-caller-is-told-once",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 rev=1\n"
     "        bob/tablet < incoming C1 rev=1\n"
     "[  200] bob/tablet > ringing C1 | bob/tablet < ok ringing rev=2\n"
     "        alice < ringing C1 deviceId=tablet calleeId=bob rev=2\n"
     "[  300] bob/phone > ringing C1 | bob/phone < ok ringing rev=2\n"
     "        bob/tablet > ringing C1 | bob/tablet < ok ringing rev=2\n"
     "[ 1000] bob/phone > accept C1 | bob/phone < ok rev=3\n"
     "        alice < accepted C1 rev=3\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere rev=3\n"},

    {"/ringing/after-the-accept-it-is-too-late",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        bob/tablet > ringing C1 | bob/tablet < 409 wrong_state C1 accepted rev=2\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
