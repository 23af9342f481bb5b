/* A backend that acts for a user, without a device of its own. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/backend/rejects-for-the-callee-and-every-device-stops",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 2000] @bob > reject C1 'From the notification' | @bob < ok rejected declined rev=2\n"
     "        alice < rejected C1 declined 'From the notification' !deviceId rev=2\n"
     "        bob/phone < ended C1 rejected declined_elsewhere endedBy=bob\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere\n"
     "        bob/phone > reject C1 | bob/phone < ok rejected declined rev=2\n"},
    {"/backend/rejects-for-a-callee-without-any-device",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[ 2000] @bob > reject C1 | @bob < ok rejected | alice < rejected C1 declined\n"},
    {"/backend/ends-for-the-caller-and-the-callers-device-is-told",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 2000] @alice > end C1 | @alice < ok cancelled rev=2\n"
     "        alice < ended C1 cancelled cancelled endedBy=alice\n"
     "        bob < ended C1 cancelled cancelled endedBy=alice\n"},
    {"/backend/ends-for-the-callee-before-the-answer",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 2000] @bob > end C1 | @bob < ok rejected rev=2 | alice < rejected C1 declined\n"
     "        bob < ended C1 rejected declined_elsewhere\n"},
    {"/backend/hangs-up-and-both-devices-are-told",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 2000] @alice > end C1 | @alice < ok ended hangup rev=3\n"
     "        alice < ended C1 ended hangup endedBy=alice\n"
     "        bob < ended C1 ended hangup endedBy=alice durationMs=2000\n"},
    {"/backend/cannot-reject-for-the-caller-or-what-is-over",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        @alice > reject C1 | @alice < 403 forbidden C1 ringing\n"
     "        @eve > reject C1 | @eve < 404 call_not_found\n"
     "        @eve > end C1 | @eve < 404 call_not_found\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        @bob > reject C1 | @bob < 409 wrong_state C1 accepted\n"
     "        bob > end C1 | alice < ended C1\n"
     "        @alice > end C1 | @alice < 410 call_over C1 ended hangup\n"},
    {"/backend/cannot-do-what-only-a-device-can",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        @bob > accept C1 | @bob < 404 unknown_request\n"
     "        @bob > ringing C1 | @bob < 404 unknown_request\n"
     "        @bob > signal C1 {} | @bob < 404 unknown_request\n"
     "        @bob > register | @bob < 404 unknown_request\n"
     "        @bob > unregister | @bob < 404 unknown_request\n"},
    {"/backend/gets-what-the-user-may-see",
     "here: alice bob eve\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        @bob > get C1 | @bob < ok ringing record.callerId=alice\n"
     "        @eve > get C1 | @eve < 404 call_not_found\n"
     "        @nobody > get C1 | @nobody < 404 call_not_found\n"
     "        @nobody > history | @nobody < ok userId=nobody\n"
     "        alice > history | alice < ok userId=alice\n"},
    {"/backend/starts-a-call-and-the-device-is-told",
     "here: alice/phone alice/watch bob\n"
     "[ 1000] @alice/phone > initiate bob C1 data={\"a\":1} media={\"video\":true}\n"
     "        @alice/phone < ok C1 ringing rev=1 reachable=true devices=1\n"
     "        alice/phone < outgoing C1 calleeId=bob data={\"a\":1} media.video=true mode=none "
     "expiresAt=46000 expiresInMs=45000 rev=1\n"
     "        alice/watch < nothing | bob < incoming C1 alice\n"
     "[ 2000] bob > accept C1 | alice/phone < accepted C1\n"
     "        alice/phone > end C1 | bob < ended C1\n"},
    {"/backend/starts-a-call-again-and-nobody-is-told-twice",
     "here: alice/phone bob\n"
     "        @alice/phone > initiate bob C1 | alice/phone < outgoing C1 | bob < incoming C1\n"
     "        @alice/phone > initiate bob C1 | @alice/phone < ok ringing\n"
     "        alice/phone > initiate bob C1 | alice/phone < ok ringing\n"},
    {"/backend/starts-a-call-to-somebody-busy",
     "set max_live_calls=1 | here: alice/phone bob carol\n"
     "        carol > initiate bob C0 | bob < incoming C0\n"
     "        @alice/phone > initiate bob C1 | @alice/phone < ok rejected busy\n"
     "        alice/phone < outgoing C1 rev=1 | alice/phone < rejected C1 busy rev=2\n"},
    {"/backend/starts-a-call-anew-and-the-device-is-told-of-both",
     "here: alice/phone bob\n"
     "        @alice/phone > initiate bob C1 | alice/phone < outgoing C1 | bob < incoming C1\n"
     "        @alice/phone > initiate bob C2 | @alice/phone < ok replacedCallId=C1\n"
     "        alice/phone < ended C1 cancelled replaced | alice/phone < outgoing C2\n"
     "        bob < ended C1 cancelled replaced | bob < incoming C2\n"},
    {"/backend/its-early-end-is-told-to-the-device-that-was-to-call",
     "here: alice/phone bob\n"
     "        @alice > end C1 | @alice < 404 call_not_found\n"
     "        @alice/phone > initiate bob C1 | @alice/phone < ok cancelled cancelled\n"
     "        alice/phone < outgoing C1 | alice/phone < ended C1 cancelled cancelled\n"},
    {"/backend/its-early-end-counts-for-a-user-whom-nobody-knew-yet",
     "here: bob\n"
     "[    0] @dora > end C1 | @dora < 404 call_not_found\n"
     "[ 9000] dora > register\n"
     "        dora > initiate bob C1 | dora < ok cancelled cancelled | bob < nothing\n"},
    {"/backend/needs-a-registered-device",
     "here: alice/phone bob\n"
     "        @alice/watch > initiate bob C1 | @alice/watch < 401 not_registered\n"
     "        @nobody/phone > initiate bob C1 | @nobody/phone < 401 not_registered\n"
     "        @alice/- > initiate bob C1\n"
     "        @alice/- < 400 invalid_request error='deviceId: is required'\n"
     "        alice/phone > initiate bob C2 | bob < incoming C2\n"
     "        alice/phone > drop\n"
     "        @alice/phone > initiate carol C3 | @alice/phone < 401 not_registered\n"},
    {"/backend/a-glare-is-refused-to-it-too",
     "here: alice/phone bob\n"
     "        bob > initiate alice C1 | alice/phone < incoming C1\n"
     "        @alice/phone > initiate bob C2\n"
     "        @alice/phone < 409 glare otherCallId=C1 otherStatus=ringing\n"
     "        alice/phone < nothing\n"},

    {"/operator/ends-a-call-that-rings",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 2000] operator > end C1 'Server goes down' callerId=alice\n"
     "        operator < ok cancelled admin rev=2\n"
     "        alice < ended C1 cancelled admin 'Server goes down' !endedBy\n"
     "        bob/phone < ended C1 cancelled admin !endedBy\n"
     "        bob/tablet < ended C1 cancelled admin\n"
     "        alice > end C1 | alice < 410 call_over C1 cancelled admin\n"},
    {"/operator/ends-a-call-in-progress",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 2000] operator > end C1 callerId=alice | operator < ok ended admin rev=3\n"
     "        alice < ended C1 ended admin durationMs=2000\n"
     "        bob < ended C1 ended admin durationMs=2000\n"
     "        operator > end C1 callerId=alice | operator < 410 call_over C1 ended admin\n"},
    {"/operator/means-the-call-of-that-caller",
     "here: alice bob carol dave\n"
     "        alice > initiate bob C1 | bob < incoming C1 | carol > initiate dave C1\n"
     "        dave < incoming C1\n"
     "        operator > end C1 callerId=carol | operator < ok cancelled admin\n"
     "        carol < ended C1 cancelled admin | dave < ended C1 cancelled admin\n"
     "        operator > get C1 callerId=alice | operator < ok ringing record.calleeId=bob\n"
     "        operator > get C1 callerId=eve | operator < 404 call_not_found\n"
     "        operator > end C9 callerId=alice | operator < 404 call_not_found\n"
     "        alice > end C1 | bob < ended C1 | alice > initiate bob C9 | bob < incoming C9\n"},
    {"/operator/needs-the-caller-only-where-the-id-is-not-unique",
     "here: alice bob carol dave\n"
     "        alice > initiate bob C1 | bob < incoming C1\n"
     "        operator > get C1 | operator < ok ringing record.callerId=alice\n"
     "        carol > initiate dave C1 | dave < incoming C1\n"
     "        operator > get C1 | operator < 400 invalid_request\n"
     "        operator > end C1 | operator < 400 invalid_request\n"
     "        operator > get C9 | operator < 404 call_not_found\n"
     "        operator > end C9 | operator < 404 call_not_found\n"
     "        alice > end C1 | bob < ended C1\n"
     "        operator > end C1 | operator < ok cancelled admin\n"
     "        carol < ended C1 cancelled admin | dave < ended C1 cancelled admin\n"},
    {"/operator/sees-more-than-any-user",
     "here: alice/laptop bob\n"
     "        alice/laptop > initiate bob C1 | bob < incoming C1\n"
     "        operator > get C1 | operator < ok record.callerDevice=laptop record.expiresAt=45000\n"
     "        @alice > get C1 | @alice < ok !record.callerDevice !record.expiresAt\n"},
    {"/operator/sees-the-truth-of-a-call-whose-caller-must-not-know",
     "set reveal_presence=false max_live_calls=1 | here: alice bob carol\n"
     "        carol > initiate bob C0 | bob < incoming C0\n"
     "        alice > initiate bob C1 | alice < ok ringing\n"
     "        operator > get C1 callerId=alice\n"
     "        operator < ok rejected busy record.status=rejected\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
