/* Connections that drop, and devices that come back in time, or don't. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    /* the caller, while it rings */
    {"/caller-drops/it-comes-back-and-is-answered",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice > drop | bob < nothing\n"
     "[16999] alice > register | alice < knows C1 ringing role=caller expiresInMs=28001 rev=1\n"
     "[44000] bob > accept C1 | alice < accepted C1\n"},
    {"/caller-drops/it-does-not-come-back",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] alice > drop\n"
     "[17000] bob/phone < ended C1 cancelled caller_lost !endedBy rev=2\n"
     "        bob/tablet < ended C1 cancelled caller_lost\n"
     "        alice < missed ended C1 cancelled caller_lost\n"
     "[20000] alice > register | alice < knows C1 cancelled caller_lost !role rev=2\n"
     "        alice > end C1 | alice < 410 call_over C1 cancelled caller_lost\n"},
    {"/caller-drops/twice-each-drop-has-its-own-grace",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[12000] alice > register\n"
     "[13000] alice > drop\n"
     "[24999] alice > register\n"
     "[26000] alice > drop\n"
     "[38000] bob < ended C1 cancelled caller_lost\n"},
    {"/caller-drops/the-rings-end-comes-first",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[40000] alice > drop\n"
     "[45000] bob < ended C1 timeout no_answer | alice < missed timeout C1 no_answer\n"
     "[46000] alice > register | alice < knows C1 timeout no_answer rev=2\n"},
    {"/caller-drops/the-callee-rejects-meanwhile-and-the-snapshot-tells",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice > drop\n"
     "[ 8000] bob > reject C1 'User declined' | bob < ok rejected rev=2\n"
     "        alice < missed rejected C1 declined 'User declined' rev=2\n"
     "[10000] alice > register | alice < nothing\n"
     "        alice < knows C1 rejected declined 'User declined' endedAt=8000 endedBy=bob rev=2 "
     "!role !expiresInMs\n"
     "        alice > get C1\n"
     "        alice < ok rejected declined record.reason='User declined' record.endedAt=8000\n"},
    {"/caller-drops/the-snapshot-tells-minutes-later-too",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "[  5000] alice > drop\n"
     "[  8000] bob > reject C1\n"
     "[600000] alice > register | alice < knows C1 rejected declined rev=2\n"},
    {"/caller-drops/the-callee-accepts-meanwhile-and-the-grace-is-that-of-a-call",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] alice > drop\n"
     "[10000] bob/phone > accept C1 | bob/phone < ok accepted rev=2\n"
     "        bob/phone < peer C1 reconnecting rev=2\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere\n"
     "        alice < missed accepted C1 deviceId=phone\n"
     "[17000] bob/phone < nothing\n"
     "[34999] alice > register | alice < knows C1 accepted role=caller rev=3\n"
     "        bob/phone < peer C1 connected rev=3\n"
     "[99000] alice > end C1 | bob/phone < ended C1 ended hangup durationMs=89000 rev=4\n"},
    {"/caller-drops/the-callee-accepts-meanwhile-and-the-caller-never-comes-back",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice > drop\n"
     "[10000] bob > accept C1 | bob < peer C1 reconnecting\n"
     "[35000] bob < ended C1 ended connection_lost !endedBy durationMs=25000 rev=3\n"
     "[36000] alice > register | alice < knows C1 ended connection_lost\n"},
    {"/caller-drops/ringing-that-it-misses-is-in-the-snapshot",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[ 2000] bob > ringing C1 | bob < ok ringing rev=2 | alice < missed ringing C1\n"
     "[ 3000] alice > register | alice < knows C1 ringing rev=2 ringingAt=0\n"},
    {"/caller-drops/another-device-of-the-caller-cancels-meanwhile",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "[ 1000] alice/phone > drop\n"
     "[ 2000] alice/watch > end C1 | alice/watch < ok cancelled\n"
     "        bob < ended C1 cancelled cancelled\n"
     "        alice/phone < missed ended C1 cancelled\n"
     "[ 3000] alice/phone > register | alice/phone < knows C1 cancelled cancelled\n"},
    {"/caller-drops/a-new-handle-registers-before-the-old-one-is-gone",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice#2 > register | alice < replaced\n"
     "[ 6000] alice > drop\n"
     "[40000] bob > accept C1 | alice#2 < accepted C1\n"},

    /* the callee, while it rings */
    {"/callee-drops/its-leg-drops-out-and-the-others-ring-on",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] bob/phone > drop\n"
     "[ 9000] bob/tablet > reject C1 | alice < rejected C1\n"},
    {"/callee-drops/it-comes-back-and-rings-again",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > drop\n"
     "[ 9000] bob > register | bob < incoming C1 rev=1 expiresInMs=36000\n"
     "        bob < knows C1 ringing role=callee\n"
     "        bob > accept C1 | alice < accepted C1\n"},
    {"/callee-drops/and-stays-away-nobody-answered",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > drop\n"
     "[45000] alice < timeout C1 no_answer\n"
     "[50000] bob > register | bob < nothing | bob < knows C1 timeout no_answer\n"},
    {"/callee-drops/it-was-away-when-the-caller-cancelled",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob > drop\n"
     "[ 6000] alice > end C1\n"
     "[ 7000] bob > register | bob < nothing | bob < knows C1 cancelled cancelled endedBy=alice\n"},

    /* in the call */
    {"/in-call/the-callee-drops-and-comes-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1 rev=2\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting rev=3\n"
     "[ 39999] bob > register | bob < knows C1 accepted role=callee rev=4\n"
     "         alice < peer C1 connected rev=4\n"
     "[100000] bob > end C1 | alice < ended C1 ended hangup rev=5\n"},
    {"/in-call/the-callee-drops-and-does-not-come-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 40000] alice < ended C1 ended connection_lost !endedBy durationMs=40000 rev=4\n"
     "         bob < missed ended C1\n"
     "[ 41000] bob > register | bob < knows C1 ended connection_lost rev=4 durationMs=40000\n"},
    {"/in-call/the-caller-drops-and-does-not-come-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] alice > drop | bob < peer C1 reconnecting\n"
     "[ 40000] bob < ended C1 ended connection_lost\n"},
    {"/in-call/the-caller-drops-and-comes-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] alice > drop | bob < peer C1 reconnecting\n"
     "[ 10500] alice > register | alice < knows C1 accepted role=caller | bob < peer C1 connected\n"
     "         alice > signal C1 {\"ice\":\"restart\"} | bob < signal C1 alice\n"},
    {"/in-call/both-drop-and-neither-comes-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] alice > drop | bob < peer C1 reconnecting\n"
     "[ 15000] bob > drop\n"
     "[ 40000] alice < missed ended C1 connection_lost | bob < missed ended C1 connection_lost\n"
     "[ 50000] alice > register | alice < knows C1 ended connection_lost\n"
     "         bob > register | bob < knows C1 ended connection_lost\n"},
    {"/in-call/both-drop-and-both-come-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1 rev=2\n"
     "[ 10000] alice > drop | bob < peer C1 reconnecting rev=3\n"
     "[ 15000] bob > drop\n"
     "[ 20000] bob > register | bob < knows C1 accepted rev=5\n"
     "         bob < peer C1 reconnecting rev=5\n"
     "[ 25000] alice > register | alice < knows C1 accepted rev=6 | bob < peer C1 connected rev=6\n"
     "[100000] bob > end C1 | alice < ended C1 ended hangup rev=7\n"},
    {"/in-call/both-drop-and-one-comes-back",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] alice > drop | bob < peer C1 reconnecting\n"
     "[ 15000] bob > drop\n"
     "[ 20000] alice > register | alice < knows C1 accepted rev=5\n"
     "         alice < peer C1 reconnecting rev=5\n"
     "[ 45000] alice < ended C1 ended connection_lost\n"},
    {"/in-call/the-other-one-hangs-up-meanwhile",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 12000] alice > end C1 | alice < ok ended hangup | bob < missed ended C1 ended hangup\n"
     "[ 13000] bob > register | bob < nothing | bob < knows C1 ended hangup endedBy=alice\n"},
    {"/in-call/a-sibling-that-drops-is-nobodys-business",
     "here: alice bob/phone bob/tablet\n"
     "[     0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "         bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "[ 10000] bob/tablet > drop | alice < nothing\n"
     "[ 60000] alice > end C1 | bob/phone < ended C1 ended hangup\n"},
    {"/in-call/the-other-device-cannot-take-the-call-of-one-that-is-away",
     "here: alice bob/phone bob/tablet\n"
     "[     0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "         bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "[ 10000] bob/phone > drop | alice < peer C1 reconnecting\n"
     "         bob/tablet > accept C1 | bob/tablet < 409 wrong_state C1 accepted\n"
     "         bob/tablet > signal C1 {} | bob/tablet < 403 forbidden C1\n"
     "[ 40000] alice < ended C1 ended connection_lost\n"},
    {"/in-call/signals-to-a-device-that-is-away-are-not-delivered-and-the-reply-says-so",
     "here: alice bob\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "         alice > signal C1 {} | alice < ok accepted delivered=false\n"
     "         alice > update C1 {} | alice < ok accepted delivered=false\n"
     "[ 12000] bob > register | alice < peer C1 connected\n"
     "         alice > signal C1 {} | alice < ok !delivered | bob < signal C1\n"},
    {"/in-call/a-call-waits-while-the-device-is-away",
     "here: alice bob carol\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "         carol > initiate bob C2 | carol < ok reachable=false devices=0\n"
     "[ 12000] bob > register | alice < peer C1 connected\n"
     "         bob < incoming C2 carol expiresInMs=43000\n"
     "         bob < knows C1 accepted | bob < knows C2 ringing\n"},
    {"/in-call/a-device-in-two-calls-drops-and-both-are-told",
     "here: alice bob carol\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "         bob > initiate carol C2 | carol < incoming C2\n"
     "         carol > accept C2 | bob < accepted C2\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting | carol < peer C2 reconnecting\n"
     "[ 40000] alice < ended C1 connection_lost | carol < ended C2 connection_lost\n"},
    {"/in-call/a-device-that-talks-and-calls-drops",
     "here: alice bob carol\n"
     "[     0] alice > initiate bob C1 | bob < incoming C1\n"
     "         bob > accept C1 | alice < accepted C1\n"
     "         bob > initiate carol C2 | carol < incoming C2\n"
     "[ 10000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 22000] carol < ended C2 cancelled caller_lost\n"
     "[ 30000] bob > register | alice < peer C1 connected | bob < knows C1 accepted\n"
     "         bob < knows C2 cancelled caller_lost\n"
     "[ 90000] alice > end C1 | bob < ended C1 hangup\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
