/* What the two devices in a call say to each other. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/signal/passes-between-the-two-devices-untouched",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "[ 1000] alice > signal C1 {\"sdp\":\"v=0\"} | alice < ok accepted rev=2 !delivered\n"
     "        bob < signal C1 alice data={\"sdp\":\"v=0\"} rev=2 timestamp=1000\n"
     "        bob > signal C1 data=[1,null] | alice < signal C1 bob data=2\n"
     "        bob > signal C1 data='just text' | alice < signal C1 bob data='just text'\n"
     "        bob > signal C1 data=false | alice < signal C1 bob data=false\n"},
    {"/signal/update-passes-too",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        bob > update C1 {\"audio\":false,\"hold\":true} | bob < ok accepted rev=2\n"
     "        alice < updated C1 bob data={\"audio\":false,\"hold\":true} rev=2\n"},
    {"/signal/keeps-its-order",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        bob > accept C1 | alice < accepted C1\n"
     "        alice > signal C1 {\"n\":1} | bob < signal C1 data={\"n\":1}\n"
     "        alice > update C1 {\"n\":2} | bob < updated C1 data={\"n\":2}\n"
     "        alice > signal C1 {\"n\":3} | bob < signal C1 data={\"n\":3}\n"},
    {"/signal/before-the-answer-it-is-refused",
     "here: alice bob\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "        alice > signal C1 {} | alice < 409 wrong_state C1 ringing rev=1\n"
     "        bob > signal C1 {} | bob < 409 wrong_state C1 ringing rev=1\n"
     "        alice > update C1 {} | alice < 409 wrong_state C1 ringing rev=1\n"},
    {"/signal/siblings-may-not",
     "here: alice/phone alice/watch bob/phone bob/tablet\n"
     "[    0] alice/phone > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice/phone < accepted C1 | bob/tablet < ended C1\n"
     "        bob/tablet > signal C1 {} | bob/tablet < 403 forbidden C1 accepted rev=2\n"
     "        bob/tablet > update C1 {} | bob/tablet < 403 forbidden C1 accepted rev=2\n"
     "        alice/watch > signal C1 {} | alice/watch < 403 forbidden C1 accepted rev=2\n"},
    {"/signal/after-the-end-it-is-refused",
     "here: alice bob/phone bob/tablet\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1 | bob/tablet < ended C1\n"
     "        bob/phone > end C1 | alice < ended C1\n"
     "        alice > signal C1 {} | alice < 410 call_over C1 ended hangup rev=3\n"
     "        bob/tablet > signal C1 {} | bob/tablet < 410 call_over C1 ended hangup rev=3\n"},
    {"/signal/a-replaced-handle-may-not",
     "here: alice bob/phone\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1\n"
     "        bob/phone > accept C1 | alice < accepted C1\n"
     "        bob/phone#2 > register | bob/phone < replaced\n"
     "        bob/phone > signal C1 {} | bob/phone < 401 not_registered\n"
     "        bob/phone#2 > signal C1 {} | alice < signal C1 bob\n"},
    {"/signal/the-fields-are-looked-at-before-the-call",
     "here: alice\n"
     "alice > signal C1 | alice < 400 invalid_request error='data: is required'\n"
     "alice > signal C1 {} | alice < 404 call_not_found\n"
     "alice > update C1 data=7 | alice < 400 invalid_request error='data: must be an object'\n"
     "alice > reject C1 reason=7 | alice < 400 invalid_request error='reason: must be a string'\n"
     "alice > frobnicate | alice < 404 unknown_request\n"
     "eve > frobnicate | eve < 404 unknown_request\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
