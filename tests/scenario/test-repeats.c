/* The same request again, calling again, calling each other, and calling somebody who is busy. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    /* initiate */
    {"/repeats/initiate-answers-with-the-present-state-and-rings-nobody-twice",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 2000] alice > initiate bob C1\n"
     "        alice < ok ringing rev=1 reachable=true devices=2 expiresAt=45000 expiresInMs=43000\n"
     "[ 3000] bob/phone > ringing C1 | alice < ringing C1\n"
     "        alice > initiate bob C1 | alice < ok ringing rev=2\n"
     "[ 4000] bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        alice > initiate bob C1 | alice < ok accepted rev=3 !expiresAt !reachable\n"
     "[ 5000] alice > end C1 | bob/phone < ended C1\n"
     "        alice > initiate bob C1 | alice < ok ended hangup rev=4\n"
     "        alice > initiate bob C1 timeoutMs=9000 | alice < ok ended hangup rev=4\n"},
    {"/repeats/initiate-from-another-device-of-the-caller-finds-the-call",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        alice/watch > initiate bob C1 | alice/watch < ok ringing rev=1\n"
     "[ 1000] bob > reject C1 | alice/phone < rejected C1\n"
     "        alice/watch > initiate bob C1 | alice/watch < ok rejected declined rev=2\n"},
    {"/repeats/initiate-of-the-id-with-another-callee-is-refused",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > initiate carol C1 | alice < 409 id_in_use C1 ringing rev=1\n"
     "        alice > end C1 | bob < ended C1\n"
     "        alice > initiate carol C1 | alice < 409 id_in_use C1 cancelled rev=2\n"},
    {"/repeats/initiate-of-an-id-that-the-callee-has-is-refused",
     "here: alice bob carol dave\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate bob C1 | carol < 409 id_in_use !status !rev\n"
     "        carol > initiate alice C1 | carol < 409 id_in_use !status\n"
     "        bob > end C1 | alice < rejected C1\n"
     "        carol > initiate bob C1 | carol < 409 id_in_use !status\n"
     "        carol > initiate dave C1 | carol < ok ringing | dave < incoming C1\n"},
    {"/repeats/initiate-by-the-callee-of-that-id-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > initiate alice C1 | bob < 409 id_in_use C1 ringing\n"
     "        bob > initiate carol C1 | bob < 409 id_in_use C1 ringing\n"},

    /* accept, reject, end */
    {"/repeats/accept-succeeds-while-the-call-is-accepted",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | bob < ok accepted rev=2 | alice < accepted C1\n"
     "        bob > accept C1 | bob < ok accepted rev=2\n"
     "        alice > end C1 | bob < ended C1\n"
     "        bob > accept C1 | bob < 410 call_over C1 ended hangup rev=3\n"},
    {"/repeats/reject-succeeds-from-any-device-of-the-user",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > reject C1 | alice < rejected C1 | bob/tablet < ended C1\n"
     "        bob/phone > reject C1 'Other words' | bob/phone < ok rejected declined rev=2\n"
     "        bob/tablet > reject C1 cause=busy | bob/tablet < ok rejected declined rev=2\n"
     "        bob/tablet > end C1 | bob/tablet < ok rejected declined rev=2\n"
     "        @bob > reject C1 | @bob < ok rejected declined rev=2\n"
     "        alice > reject C1 | alice < 403 forbidden C1 rejected declined\n"},
    {"/repeats/cancel-succeeds-from-any-device-of-the-user",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        alice/phone > end C1 | alice/phone < ok cancelled rev=2 | bob < ended C1\n"
     "        alice/phone > end C1 | alice/phone < ok cancelled rev=2\n"
     "        alice/watch > end C1 'Again' | alice/watch < ok cancelled rev=2\n"
     "        @alice > end C1 | @alice < ok cancelled rev=2\n"
     "        bob > end C1 | bob < 410 call_over C1 cancelled cancelled rev=2\n"},
    {"/repeats/hang-up-succeeds-for-the-user-who-did-it",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        bob/phone > end C1 | alice < ended C1\n"
     "        bob/phone > end C1 | bob/phone < ok ended hangup rev=3\n"
     "        bob/tablet > end C1 | bob/tablet < ok ended hangup rev=3\n"
     "        @bob > end C1 | @bob < ok ended hangup rev=3\n"
     "        alice > end C1 | alice < 410 call_over C1 ended hangup rev=3\n"},
    {"/repeats/nobody-ended-a-call-that-timed-out",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[45000] alice < timeout C1 | bob < ended C1\n"
     "        alice > end C1 | alice < 410 call_over C1 timeout no_answer rev=2\n"
     "        bob > end C1 | bob < 410 call_over C1 timeout no_answer rev=2\n"
     "        bob > reject C1 | bob < 410 call_over C1 timeout no_answer rev=2\n"},

    /* the older call is a zombie */
    {"/again/while-the-older-call-rings-it-is-replaced",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[ 5000] alice > initiate bob C2 | alice < ok C2 ringing replacedCallId=C1 devices=2\n"
     "        bob/phone < ended C1 cancelled replaced endedBy=alice rev=2\n"
     "        bob/phone < incoming C2\n"
     "        bob/tablet < ended C1 cancelled replaced | bob/tablet < incoming C2\n"
     "        store < closed C1 cancelled replaced | store < created C2 ringing\n"
     "        alice > get C1 | alice < ok cancelled replaced\n"},
    {"/again/while-the-older-call-lives-it-is-replaced",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "[ 5000] alice > initiate bob C2 | alice < ok C2 ringing replacedCallId=C1\n"
     "        bob/phone < ended C1 ended replaced endedBy=alice durationMs=5000\n"
     "        bob/phone < incoming C2 | bob/tablet < incoming C2\n"},
    {"/again/after-the-caller-was-away-the-older-call-is-replaced",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 5000] alice > drop | bob < peer C1 reconnecting\n"
     "[ 8000] alice > register | bob < peer C1 connected\n"
     "        alice > initiate bob C2 | alice < ok replacedCallId=C1\n"
     "        bob < ended C1 ended replaced | bob < incoming C2\n"},
    {"/again/from-another-device-the-older-call-stays",
     "here: alice/phone alice/watch bob\n"
     "[    0] alice/phone > initiate bob C1 | bob < incoming C1\n"
     "        alice/watch > initiate bob C2 | alice/watch < ok ringing !replacedCallId\n"
     "        bob < incoming C2\n"
     "        alice/phone < nothing\n"},
    {"/again/to-another-callee-the-older-call-stays",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > initiate carol C2 | alice < ok ringing !replacedCallId\n"
     "        carol < incoming C2 | bob < nothing\n"},
    {"/again/replacing-needs-no-room-for-a-third-call",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > initiate carol C2 | carol < incoming C2\n"
     "        alice > initiate bob C3 | alice < ok ringing replacedCallId=C1\n"
     "        bob < ended C1 cancelled replaced | bob < incoming C3\n"},
    {"/again/a-replaced-call-that-was-cancelled-early-is-replaced-nonetheless",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > end C2 | alice < 404 call_not_found\n"
     "        alice > initiate bob C2 | alice < ok C2 cancelled cancelled replacedCallId=C1\n"
     "        bob < ended C1 cancelled replaced\n"},

    /* glare */
    {"/glare/the-second-is-refused-and-accepts-the-first",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "[    0] bob/phone > initiate alice C2\n"
     "        bob/phone < 409 glare otherCallId=C1 otherStatus=ringing\n"
     "        bob/phone > accept C1 | alice < accepted C1 deviceId=phone\n"
     "        bob/tablet < ended C1 accepted answered_elsewhere\n"},
    {"/glare/from-a-device-that-was-not-rung",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 timeoutMs=5000 | bob/phone < incoming C1\n"
     "[ 4500] bob/tablet > register\n"
     "        bob/tablet > initiate alice C2\n"
     "        bob/tablet < 409 glare otherCallId=C1 otherStatus=ringing\n"
     "        bob/tablet > accept C1 | alice < accepted C1 deviceId=tablet\n"
     "        bob/phone < ended C1 accepted answered_elsewhere\n"},
    {"/glare/while-the-two-talk",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > initiate alice C2 | bob < 409 glare otherCallId=C1 otherStatus=accepted\n"},
    {"/glare/after-the-first-is-over-the-way-is-free",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > initiate alice C2 | bob < 409 glare\n"
     "        alice > end C1 | bob < ended C1\n"
     "        bob > initiate alice C2 | bob < ok ringing | alice < incoming C2\n"},
    {"/glare/a-third-party-is-no-glare",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > initiate carol C2 | bob < ok ringing | carol < incoming C2\n"
     "        carol > initiate alice C3 | carol < ok ringing | alice < incoming C3\n"},
    {"/glare/an-end-that-overtook-its-initiate-wins-and-leaves-the-other",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > end C2 | bob < 404 call_not_found\n"
     "        bob > initiate alice C2 | bob < ok C2 cancelled cancelled\n"
     "        bob > accept C1 | alice < accepted C1\n"},

    /* busy */
    {"/busy/one-in-progress-one-waiting-the-third-is-busy",
     "here: alice bob carol dave\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 alice\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 1000] carol > initiate bob C2 | carol < ok ringing | bob < incoming C2 carol\n"
     "[ 2000] dave > initiate bob C3 | dave < ok C3 rejected busy rev=2 !reachable !expiresAt\n"
     "        dave < rejected C3 busy 'User declined' calleeId=bob !deviceId rev=2\n"
     "        store < created C3 ringing rev=1 !ringingAt\n"
     "        store < closed C3 rejected busy rev=2 !endedBy\n"
     "        bob < nothing\n"
     "[ 3000] bob > reject C2 cause=busy | carol < rejected C2 busy\n"
     "        dave > initiate bob C4 | dave < ok ringing | bob < incoming C4\n"},
    {"/busy/the-callee-sees-the-call-that-it-was-too-busy-for",
     "set max_live_calls=1 | here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate bob C2 | carol < ok rejected busy | carol < rejected C2 busy\n"
     "        bob > get C2 | bob < ok rejected busy record.cause=busy record.callerId=carol\n"
     "        bob > reject C2 | bob < 410 call_over C2 rejected busy\n"
     "        carol > end C2 | carol < 410 call_over C2 rejected busy\n"},
    {"/busy/a-repeated-initiate-is-told-busy-once-by-event",
     "set max_live_calls=1 | here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate bob C2 | carol < rejected C2 busy\n"
     "        carol > initiate bob C2 | carol < ok rejected busy\n"},
    {"/busy/both-waiting-calls-can-be-answered-one-after-the-other",
     "here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate bob C2 | bob < incoming C2\n"
     "[ 1000] bob > accept C1 | alice < accepted C1\n"
     "[ 2000] bob > accept C2 | carol < accepted C2\n"
     "[ 3000] bob > end C1 | alice < ended C1 ended hangup durationMs=2000\n"
     "[ 4000] carol > end C2 | bob < ended C2 ended hangup durationMs=2000\n"},
    {"/busy/another-device-may-take-the-waiting-call",
     "here: alice bob/phone bob/tablet carol\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        carol > initiate bob C2 | bob/phone < incoming C2 | bob/tablet < incoming C2\n"
     "        bob/tablet > accept C2 | carol < accepted C2 deviceId=tablet\n"
     "        bob/phone < ended C2 accepted answered_elsewhere\n"
     "        bob/phone > signal C1 {} | alice < signal C1\n"
     "        bob/phone > signal C2 {} | bob/phone < 403 forbidden C2 accepted\n"},
    {"/busy/the-callers-own-calls-count-too",
     "set max_live_calls=1 | here: alice bob carol\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        carol > initiate alice C2 | carol < ok rejected busy | carol < rejected C2 busy\n"
     "        alice > initiate carol C3 | alice < 429 too_many_calls !status\n"
     "        bob > reject C1 | alice < rejected C1\n"
     "        alice > initiate carol C3 | alice < ok ringing | carol < incoming C3\n"},
    {"/busy/an-offline-user-can-be-busy",
     "set max_live_calls=1 | here: alice carol\n"
     "[    0] alice > initiate bob C1 | alice < ok reachable=false\n"
     "        carol > initiate bob C2 | carol < ok rejected busy | carol < rejected C2 busy\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
