/* Who is a device, and where: registering, taking over, coming in the middle of a ring, leaving by
 * will. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    /* registering */
    {"/register/the-reply-says-who-one-is-and-what-to-expect",
     "alice/phone > register\n"
     "alice/phone < ok userId=alice deviceId=phone protocol=1 serverTime=0 calls=0 complete=true "
     "timers.ringMs=45000 timers.unreachableMs=20000 timers.callerGraceMs=12000 "
     "timers.inCallGraceMs=30000 limits.maxDevices=10 limits.maxLiveCalls=2\n"
     "alice/phone < knows nothing\n"},
    {"/register/integers-are-identifiers",
     "alice > register userId=42 deviceId=7 | alice < ok userId=42 deviceId=7\n"
     "bob > register userId=43\n"
     "alice > initiate 43 C1 | bob < incoming C1 42\n"},
    {"/register/refresh-rings-nothing-twice",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > register | bob < ok deviceId=main\n"
     "        bob < knows C1 ringing role=callee expiresInMs=40000 rev=1\n"
     "[ 6000] bob > register deviceId=null | bob < ok deviceId=main | bob < knows C1 ringing\n"
     "        alice > register | alice < knows C1 ringing role=caller expiresInMs=39000\n"},
    {"/register/refresh-may-change-the-name",
     "alice > register displayName=Alice | here: bob\n"
     "alice > initiate bob C1 | bob < incoming C1 callerName=Alice | alice > end C1\n"
     "bob < ended C1\n"
     "alice > register displayName='Alice B.'\n"
     "alice > initiate bob C2 | bob < incoming C2 callerName='Alice B.'\n"},
    {"/register/another-user-on-the-handle-is-refused",
     "here: alice\n"
     "alice > register userId=eve | alice < 409 wrong_state\n"
     "alice > register deviceId=other | alice < 409 wrong_state\n"
     "alice > register | alice < ok userId=alice deviceId=main\n"},
    {"/register/another-user-after-unregister-is-welcome",
     "here: alice\n"
     "alice > unregister | alice < ok\n"
     "alice > register userId=eve | alice < ok userId=eve\n"},

    /* taking over */
    {"/take-over/the-old-handle-is-told-and-is-out",
     "here: bob/phone\n"
     "[ 1000] bob/phone#2 > register | bob/phone#2 < ok deviceId=phone\n"
     "        bob/phone < replaced timestamp=1000 !callId\n"
     "        bob/phone > get C1 | bob/phone < 401 not_registered\n"
     "        bob/phone > drop\n"
     "        here: alice | alice > initiate bob C1 | alice < ok devices=1\n"
     "        bob/phone#2 < incoming C1\n"},
    {"/take-over/ringing-calls-are-announced-again",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/phone#2 > register | bob/phone < replaced\n"
     "        bob/phone#2 < incoming C1 alice rev=1 expiresInMs=40000 expiresAt=45000\n"
     "        bob/phone#2 < knows C1 ringing\n"
     "        bob/phone > reject C1 | bob/phone < 401 not_registered\n"
     "        bob/phone#2 > reject C1 | alice < rejected C1 deviceId=phone\n"
     "        bob/tablet < ended C1 rejected declined_elsewhere\n"},
    {"/take-over/a-call-in-progress-moves-without-a-word",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1\n"
     "[ 5000] bob/phone#2 > register | bob/phone < replaced\n"
     "        bob/phone#2 < knows C1 accepted role=callee rev=2\n"
     "        bob/phone > drop\n"
     "        alice > signal C1 {} | bob/phone#2 < signal C1 alice\n"
     "        bob/phone#2 > end C1 | alice < ended C1 ended hangup\n"},
    {"/take-over/the-callers-ring-moves",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice#2 > register | alice < replaced\n"
     "        alice#2 < knows C1 ringing role=caller expiresInMs=40000\n"
     "        alice > drop\n"
     "[30000] bob > accept C1 | alice#2 < accepted C1\n"},
    {"/take-over/two-registers-at-once-the-last-one-has-the-device",
     "bob/phone#1 > register\n"
     "bob/phone#2 > register | bob/phone#1 < replaced\n"
     "bob/phone#3 > register | bob/phone#2 < replaced\n"
     "bob/phone#1 > register | bob/phone#3 < replaced\n"
     "bob/phone#2 > drop | bob/phone#3 > drop\n"
     "here: alice | alice > initiate bob C1 | alice < ok devices=1 | bob/phone#1 < incoming C1\n"},
    {"/take-over/needs-no-room", "set max_devices=1 | here: bob/phone\n"
                                 "bob/tablet > register | bob/tablet < 429 too_many_devices\n"
                                 "bob/phone#2 > register | bob/phone < replaced\n"},
    {"/take-over/a-handle-whose-registration-is-under-way-and-goes-leaves-nobody",
     "here: bob/phone\n"
     "bob/phone#2 > register | bob/phone < replaced\n"
     "bob/phone#2 > drop\n"
     "here: alice | alice > initiate bob C1 | alice < ok reachable=false devices=0\n"},

    /* mid-ring */
    {"/mid-ring/a-device-that-appears-rings-with-the-time-that-is-left",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 data={\"a\":1} | bob/phone < incoming C1\n"
     "[30000] bob/tablet > register | bob/tablet < knows C1 ringing role=callee expiresInMs=15000\n"
     "        bob/tablet < incoming C1 alice data={\"a\":1} expiresInMs=15000 expiresAt=45000 "
     "timestamp=30000 rev=1\n"
     "[31000] bob/tablet > accept C1 | alice < accepted C1 deviceId=tablet\n"
     "        bob/phone < ended C1 accepted answered_elsewhere\n"},
    {"/mid-ring/with-a-second-left-it-rings",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "[44000] bob/tablet > register | bob/tablet < incoming C1 expiresInMs=1000\n"
     "[45000] alice < timeout C1 no_answer | bob/phone < ended C1 timeout no_answer\n"
     "        bob/tablet < ended C1 timeout no_answer\n"},
    {"/mid-ring/with-less-than-a-second-left-it-does-not-but-knows",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "[44001] bob/tablet > register | bob/tablet < nothing\n"
     "        bob/tablet < knows C1 ringing expiresInMs=999\n"
     "[45000] alice < timeout C1 no_answer | bob/phone < ended C1 timeout no_answer\n"
     "        bob/tablet < nothing\n"},
    {"/mid-ring/a-device-that-nobody-rang-may-still-answer",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "[44500] bob/tablet > register\n"
     "        bob/tablet > accept C1 | bob/tablet < ok accepted\n"
     "        alice < accepted C1 deviceId=tablet\n"
     "        bob/phone < ended C1 accepted answered_elsewhere\n"
     "[50000] bob/tablet > end C1 | alice < ended C1 ended hangup\n"},
    {"/mid-ring/every-waiting-call-is-announced",
     "here: alice carol\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "[ 1000] carol > initiate bob C2 | carol < ok reachable=false\n"
     "[ 2000] bob > register | bob < incoming C1 alice expiresInMs=43000\n"
     "        bob < incoming C2 carol expiresInMs=44000\n"},
    {"/mid-ring/a-device-that-comes-after-the-answer-does-not-ring",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1\n"
     "[ 1000] bob/tablet > register | bob/tablet < nothing\n"
     "        bob/tablet < knows C1 accepted role=callee !expiresInMs\n"},
    {"/mid-ring/a-new-device-of-the-caller-hears-nothing-but-knows",
     "here: alice/phone bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice/watch > register\n"
     "        alice/watch < knows C1 ringing role=caller expiresInMs=44000\n"
     "[ 2000] bob > reject C1 | alice/phone < rejected C1 | alice/watch < nothing\n"},
    {"/mid-ring/the-first-incoming-is-noted-in-the-record",
     "here: alice\n"
     "[    0] alice > initiate bob C1 | store < created C1 !ringingAt\n"
     "[ 7000] bob > register | bob < incoming C1 rev=1 | store < touched C1 ringingAt=7000 rev=1\n"
     "[ 8000] bob/tablet > register | bob/tablet < incoming C1\n"
     "        alice > get C1 | alice < ok record.ringingAt=7000\n"},

    /* leaving by will */
    {"/unregister/the-callers-ring-is-cancelled",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice/phone > unregister | alice/phone < ok\n"
     "        bob < ended C1 cancelled cancelled endedBy=alice\n"
     "        alice/watch > get C1 | alice/watch < ok cancelled cancelled\n"},
    {"/unregister/a-call-in-progress-hangs-up",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 1000] bob > unregister | bob < ok\n"
     "        alice < ended C1 ended hangup endedBy=bob durationMs=1000\n"},
    {"/unregister/a-ringing-leg-drops-out",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 1000] bob/phone > unregister | bob/phone < ok\n"
     "[45000] alice < timeout C1 no_answer | bob/tablet < ended C1 timeout no_answer\n"
     "        bob/phone < nothing\n"},
    {"/unregister/the-last-ringing-device-leaves-and-the-call-rings-on",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] bob > unregister\n"
     "[ 9000] bob/tablet > register | bob/tablet < incoming C1 expiresInMs=36000\n"
     "        bob/tablet > reject C1 | alice < rejected C1\n"},
    {"/unregister/a-waiting-call-rings-on-when-the-call-in-progress-hangs-up",
     "here: alice bob/phone bob/tablet carol\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        carol > initiate bob C2 | bob/phone < incoming C2 | bob/tablet < incoming C2\n"
     "        bob/phone > unregister | alice < ended C1 ended hangup\n"
     "        bob/tablet > reject C2 | carol < rejected C2\n"},
    {"/unregister/both-calls-of-a-device-end",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        alice > initiate carol C2 | carol < incoming C2\n"
     "        alice > unregister | bob < ended C1 ended hangup endedBy=alice\n"
     "        carol < ended C2 cancelled cancelled\n"},

    /* an operator */
    {"/disconnect/a-callers-call-is-cancelled-by-admin",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        operator > disconnect alice/phone | operator < ok devices=1\n"
     "        alice/phone < ended C1 cancelled admin !endedBy\n"
     "        alice/phone < unregistered admin !callId\n"
     "        bob < ended C1 cancelled admin !endedBy\n"
     "        alice/phone > get C1 | alice/phone < 401 not_registered\n"
     "        alice/watch > get C1 | alice/watch < ok cancelled admin\n"},
    {"/disconnect/a-call-in-progress-ends-by-admin",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 2000] operator > disconnect bob | operator < ok devices=1\n"
     "        alice < ended C1 ended admin durationMs=2000 | bob < ended C1 ended admin\n"
     "        bob < unregistered admin\n"},
    {"/disconnect/a-ringing-device-drops-out",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        operator > disconnect bob/phone | operator < ok devices=1\n"
     "        bob/phone < unregistered admin\n"
     "        bob/tablet > reject C1 | alice < rejected C1\n"},
    {"/disconnect/all-devices-of-a-user",
     "here: bob/phone bob/tablet bob/watch alice\n"
     "        operator > disconnect bob | operator < ok devices=3\n"
     "        bob/phone < unregistered admin | bob/tablet < unregistered admin\n"
     "        bob/watch < unregistered admin\n"
     "        alice > initiate bob C1 | alice < ok reachable=false\n"},
    {"/disconnect/a-device-that-is-away",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > drop | alice < peer C1 reconnecting\n"
     "        operator > disconnect bob | operator < ok devices=1\n"
     "        alice < ended C1 ended admin | bob < missed ended C1 ended admin\n"
     "[60000] bob > register | bob < knows C1 ended admin\n"},
    {"/disconnect/nobody-is-there",
     "here: bob/phone\n"
     "operator > disconnect alice | operator < 401 not_registered\n"
     "operator > disconnect bob/watch | operator < 401 not_registered\n"
     "operator > disconnect | operator < 400 invalid_request\n"},
    {"/disconnect/the-device-may-come-back",
     "here: bob\n"
     "operator > disconnect bob | bob < unregistered admin\n"
     "bob > register | bob < ok deviceId=main\n"},

    /* devices without a name */
    {"/nameless/gets-an-id-and-comes-back-as-itself-from-grace",
     "eve/- > register | eve/- < ok deviceId=DEV_F1 | here: bob\n"
     "[    0] eve/- > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | eve/- < accepted C1\n"
     "[ 1000] eve/- > drop | bob < peer C1 reconnecting\n"
     "[ 2000] eve/- > register | eve/- < ok deviceId=DEV_F1\n"
     "        eve/- < knows C1 accepted role=caller | bob < peer C1 connected\n"},
    {"/nameless/may-come-back-by-the-id-it-was-given",
     "eve/- > register | eve/- < ok deviceId=DEV_F1 | here: bob\n"
     "[    0] eve/- > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] eve/- > drop\n"
     "[ 2000] eve/- > register deviceId=DEV_F1 | eve/- < ok deviceId=DEV_F1\n"
     "        bob > reject C1 | eve/- < rejected C1\n"},
    {"/nameless/two-in-grace-nobody-can-tell-which-comes-back",
     "eve/-1 > register | eve/-1 < ok deviceId=DEV_F1\n"
     "eve/-2 > register | eve/-2 < ok deviceId=DEV_F2 | here: bob carol\n"
     "[    0] eve/-1 > initiate bob C1 | bob < incoming C1 | eve/-2 > initiate carol C2\n"
     "        carol < incoming C2\n"
     "[ 1000] eve/-1 > drop | eve/-2 > drop\n"
     "[ 2000] eve/-3 > register | eve/-3 < ok deviceId=DEV_F3\n"
     "[13000] bob < ended C1 cancelled caller_lost | carol < ended C2 cancelled caller_lost\n"},
    {"/nameless/a-second-one-is-another-device-while-the-first-is-here",
     "eve/-1 > register | eve/-1 < ok deviceId=DEV_F1\n"
     "eve/-2 > register | eve/-2 < ok deviceId=DEV_F2 | eve/-1 < nothing\n"
     "here: alice | alice > initiate eve C1 | alice < ok devices=2 | eve/-1 < incoming C1\n"
     "eve/-2 < incoming C1\n"},
    {"/nameless/does-not-take-a-named-devices-place",
     "here: eve/phone bob\n"
     "[    0] eve/phone > initiate bob C1 | bob < incoming C1\n"
     "        eve/phone > drop\n"
     "        eve/- > register | eve/- < ok deviceId=DEV_F1\n"},
    {"/nameless/without-a-call-there-is-nothing-to-come-back-to",
     "eve/- > register | eve/- < ok deviceId=DEV_F1 | eve/- > drop\n"
     "eve/- > register | eve/- < ok deviceId=DEV_F2\n"},
    {"/nameless/refreshes-itself", "eve/- > register | eve/- < ok deviceId=DEV_F1\n"
                                   "eve/- > register | eve/- < ok deviceId=DEV_F1\n"},

    /* bounds */
    {"/limits/devices-of-a-user", "set max_devices=2 | here: bob/1 bob/2\n"
                                  "bob/3 > register | bob/3 < 429 too_many_devices\n"
                                  "bob/3 > get C1 | bob/3 < 401 not_registered\n"
                                  "bob/1 > drop | bob/3 > register | bob/3 < ok deviceId=3\n"
                                  "here: alice/1 alice/2\n"},
    {"/limits/devices-in-grace-do-not-count",
     "set max_devices=1 | here: alice/phone bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        alice/phone > drop\n"
     "        alice/watch > register | alice/watch < ok deviceId=watch\n"
     "        alice/phone > register | alice/phone < 429 too_many_devices\n"
     "        alice/watch > unregister | alice/phone > register\n"
     "        alice/phone < ok deviceId=phone\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
