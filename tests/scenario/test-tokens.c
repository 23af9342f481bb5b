/* Registrations that end with their token. */
#include "../lib/sim.h"

static const Scenario scenarios[] = {
    {"/tokens/the-reply-says-how-long-it-lasts",
     "alice > register lasts=5000 | alice < ok registrationExpiresInMs=5000\n"
     "bob > register | bob < ok !registrationExpiresInMs\n"},
    {"/tokens/its-end-ends-the-registration",
     "[    0] alice > register lasts=5000\n"
     "[<5000]\n"
     "[ 5000] alice < unregistered token_expired timestamp=5000 !callId\n"
     "        alice > get C1 | alice < 401 not_registered\n"
     "        here: bob | bob > initiate alice C1 | bob < ok reachable=false devices=0\n"},
    {"/tokens/a-fresh-one-keeps-it",
     "[    0] alice > register lasts=5000\n"
     "[ 4999] alice > register lasts=10000 | alice < ok registrationExpiresInMs=10000\n"
     "[<14999]\n"
     "[14999] alice < unregistered token_expired\n"},
    {"/tokens/one-without-an-end-keeps-it-for-ever",
     "[    0] alice > register lasts=5000 | alice > register\n"
     "[60000]\n"
     "        alice > get C1 | alice < 404 call_not_found\n"},
    {"/tokens/a-shorter-one-counts-too",
     "[    0] alice > register lasts=50000 | alice > register lasts=1000\n"
     "[ 1000] alice < unregistered token_expired\n"},
    {"/tokens/what-rings-there-drops-out-without-a-closing-event",
     "here: alice bob/tablet | bob/phone > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob/tablet < incoming C1 | bob/phone < incoming C1\n"
     "[ 5000] bob/phone < unregistered token_expired\n"
     "        bob/phone > accept C1 | bob/phone < 401 not_registered\n"
     "[ 6000] bob/tablet > accept C1 | alice < accepted C1 deviceId=tablet\n"},
    {"/tokens/it-rings-again-at-a-fresh-one",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "[ 6000] bob > register lasts=60000 | bob < incoming C1 expiresInMs=39000\n"
     "        bob < knows C1 ringing role=callee\n"
     "        bob > accept C1 | alice < accepted C1\n"},
    {"/tokens/the-callers-ring-goes-on",
     "here: bob | alice > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice < unregistered token_expired\n"
     "[ 6000] bob > accept C1 | alice < accepted C1\n"
     "[ 7000] alice > signal C1 {} | bob < signal C1\n"
     "        bob > signal C1 {} | alice < signal C1\n"
     "        alice > end C1 | alice < ok ended | bob < ended C1 hangup endedBy=alice\n"
     "        alice > get C1 | alice < 401 not_registered\n"},
    {"/tokens/the-caller-still-hears-the-rejection",
     "here: bob | alice > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice < unregistered token_expired\n"
     "[ 6000] bob > reject C1 'User declined' | alice < rejected C1 declined 'User declined'\n"
     "        alice > get C1 | alice < 401 not_registered\n"},
    {"/tokens/the-caller-may-still-cancel",
     "here: bob | alice > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] alice < unregistered token_expired\n"
     "        alice > end C1 | alice < ok cancelled | bob < ended C1 cancelled\n"},
    {"/tokens/a-call-in-progress-is-not-cut",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "[60000] alice > signal C1 {} | bob < signal C1\n"
     "        bob > update C1 {} | alice < updated C1\n"
     "        bob > end C1 | bob < ok ended hangup | alice < ended C1 hangup\n"
     "        bob > end C1 | bob < 401 not_registered\n"},
    {"/tokens/all-else-wants-a-fresh-one",
     "here: alice carol | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "        carol > initiate bob C2 | bob < incoming C2\n"
     "[ 5000] bob < unregistered token_expired\n"
     "        bob > accept C2 | bob < 401 token_expired !callId\n"
     "        bob > reject C2 | bob < 401 token_expired\n"
     "        bob > end C2 | bob < 401 token_expired\n"
     "        bob > get C1 | bob < 401 token_expired\n"
     "        bob > history | bob < 401 token_expired\n"
     "        bob > initiate carol C3 | bob < 401 token_expired\n"
     "        bob > end C9 | bob < 401 token_expired\n"
     "        bob > ringing C2 | bob < 401 token_expired\n"
     "        bob > unregister | bob < 401 token_expired\n"
     "        bob > signal C2 {} | bob < 401 token_expired\n"
     "[ 6000] bob > register lasts=5000 | bob < incoming C2 | bob < knows C1 accepted\n"
     "        bob > reject C2 | carol < rejected C2\n"
     "        alice > end C1 | bob < ended C1\n"},
    {"/tokens/nothing-new-rings-in-a-call",
     "here: alice carol | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "[ 6000] carol > initiate bob C2 | carol < ok reachable=false devices=0\n"
     "[ 7000] alice > end C1 | bob < ended C1 hangup\n"
     "        bob > get C1 | bob < 401 not_registered\n"
     "        carol > end C2\n"},
    {"/tokens/in-a-call-it-has-its-grace-all-the-same",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "[ 6000] bob > drop | alice < peer C1 reconnecting\n"
     "[ 9000] bob#2 > register lasts=60000 | alice < peer C1 connected\n"
     "        alice > signal C1 {} | bob#2 < signal C1\n"},
    {"/tokens/it-is-not-watched-while-the-device-is-away",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 4000] bob > drop | alice < peer C1 reconnecting\n"
     "[34000] alice < ended C1 connection_lost\n"},
    {"/tokens/a-take-over-has-a-token-of-its-own",
     "[    0] bob/phone > register lasts=5000\n"
     "[ 1000] bob/phone#2 > register lasts=9000 | bob/phone < replaced\n"
     "[10000] bob/phone#2 < unregistered token_expired\n"},
    {"/tokens/an-expired-device-takes-no-place",
     "set max_devices=1 | here: alice | bob/phone > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/phone > accept C1\n"
     "        alice < accepted C1\n"
     "[ 5000] bob/phone < unregistered token_expired\n"
     "        bob/tablet > register | bob/tablet < ok\n"
     "        bob/phone > register lasts=5000 | bob/phone < 429 too_many_devices\n"
     "        bob/phone#2 > register lasts=5000 | bob/phone#2 < 429 too_many_devices\n"
     "        bob/tablet > unregister\n"
     "        bob/phone > register lasts=5000 | bob/phone < ok\n"},
    {"/tokens/a-call-that-ends-with-it-closes-first",
     "set ring=5000 | here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1\n"
     "[ 5000] bob < ended C1 timeout no_answer | bob < unregistered token_expired\n"
     "        alice < timeout C1 no_answer\n"},
    {"/tokens/a-backend-cannot-call-from-it",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "        @bob/main > initiate carol C2 | @bob/main < 401 not_registered\n"},
    {"/tokens/an-operator-can-take-it-off",
     "here: alice | bob > register lasts=5000\n"
     "[    0] alice > initiate bob C1 | bob < incoming C1 | bob > accept C1 | alice < accepted C1\n"
     "[ 5000] bob < unregistered token_expired\n"
     "        operator > disconnect bob | alice < ended C1 ended admin\n"
     "        bob < ended C1 ended admin | bob < unregistered admin\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    return g_test_run();
}
