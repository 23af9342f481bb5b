/* The media of accepted calls: who may join, whose turn an offer is, what a lost PeerConnection
 * means (docs/protocol.md, section 6). */
#include "../lib/sim.h"

/* Alice and Bob's phone in a relayed call since 1000, nobody has joined. */
#define ACCEPTED                                                                                   \
    "here: alice bob | alice > initiate bob C1 mode=relay | bob < incoming C1 mode=relay\n"        \
    "[ 1000] bob > accept C1 | bob < ok accepted mode=relay join.token=T1b !join.iceServers\n"     \
    "        alice < accepted C1 mode=relay join.token=T1a\n"
/* Both have joined, and talk. */
#define TALKING                                                                                    \
    ACCEPTED                                                                                       \
    "[ 1010] bm > join C1 T1b jsep=offer/v1 | bm < ok C1 accepted rev=2 | media < nothing\n"       \
    "[ 1020] am > join C1 T1a | am < ok C1 accepted rev=2\n"                                       \
    "        media < link C1 caller=am callee=bm | am < media C1 jsep=offer/v1 rev=2\n"            \
    "[ 1030] am > media C1 jsep=answer/v1 | am < ok C1 | bm < media C1 jsep=answer/v1\n"           \
    "[ 1040] am > up | bm > up\n"

static const Scenario scenarios[] = {
    /* join */
    {"/media/join/both-and-the-offer-is-answered", TALKING},
    {"/media/join/the-caller-first-and-it-waits-for-the-offer",
     ACCEPTED "[ 1010] am > join C1 T1a | am < ok C1 | am < nothing\n"
              "[ 1020] bm > join C1 T1b jsep=offer/v1 | am < media C1 jsep=offer/v1\n"
              "[ 1030] am > media C1 jsep=answer/v1 | bm < media C1 jsep=answer/v1\n"},
    {"/media/join/none-for-calls-of-other-modes",
     "here: alice bob | alice > initiate bob C1 | bob < incoming C1 mode=none\n"
     "        bob > accept C1 | bob < ok accepted !join | alice < accepted C1 !join\n"
     "        bm > join C1 T1b jsep=offer/v1 | bm < 401 unauthorized\n"},
    {"/media/join/p2p-has-nothing-to-tell-without-servers",
     "here: alice bob | alice > initiate bob C1 mode=p2p | bob < incoming C1 mode=p2p\n"
     "        bob > accept C1 | bob < ok mode=p2p !join | alice < accepted C1 mode=p2p !join\n"
     "        bob > signal C1 {\"sdp\":1} | alice < signal C1 data={\"sdp\":1}\n"
     "        media < nothing\n"},
    {"/media/join/the-configured-mode-is-that-of-calls-without-one",
     "set default_mode=relay | here: alice bob | alice > initiate bob C1 | bob < incoming C1 "
     "mode=relay\n"
     "        alice > end C1 | bob < ended C1\n"
     "        alice > initiate bob C2 mode=none | bob < incoming C2 mode=none\n"},
    {"/media/join/in-the-reply-to-a-repeated-accept-too",
     ACCEPTED "[ 1500] bob > accept C1 | bob < ok accepted join.token=T1b\n"},
    {"/media/join/in-the-snapshots-of-the-two-and-of-no-other-device",
     ACCEPTED "[ 2000] bob > drop | alice < peer C1 reconnecting\n"
              "[ 3000] bob > register | bob < knows C1 accepted join.token=T1b\n"
              "        alice < peer C1 connected\n"
              "        bob/tablet > register | bob/tablet < knows C1 accepted !join\n"
              "        alice#2 > register | alice#2 < knows C1 accepted join.token=T1a\n"
              "        alice < replaced\n"
              "        alice/old > register | alice/old < knows C1 accepted !join\n"},
    {"/media/join/nobody-may-read-it-with-get",
     ACCEPTED "[ 2000] bob > get C1 | bob < ok accepted !join !record.join\n"},

    /* what is refused */
    {"/media/refused/before-the-accept",
     "here: alice bob | alice > initiate bob C1 mode=relay | bob < incoming C1\n"
     "        bm > join C1 T1b jsep=offer/v1 | bm < 401 unauthorized !callId !status\n"},
    {"/media/refused/after-the-end-and-nobody-stays",
     TALKING "[ 5000] alice > end C1 | bob < ended C1 | media < end C1 caller=am callee=bm\n"
             "        bm > media C1 jsep=offer/v2 | bm < 401 not_registered\n"
             "        xm > join C1 T1b jsep=offer/v2 | xm < 401 unauthorized\n"},
    {"/media/refused/another-calls-token",
     "here: alice bob carol dave\n"
     "        alice > initiate bob C1 mode=relay | bob < incoming C1\n"
     "        carol > initiate dave C2 mode=relay | dave < incoming C2\n"
     "        bob > accept C1 | alice < accepted C1 join.token=T1a\n"
     "        dave > accept C2 | carol < accepted C2 join.token=T2a\n"
     "        xm > join C1 T2b jsep=offer/v1 | xm < 401 unauthorized !callId\n"
     "        xm > join C2 T1b jsep=offer/v1 | xm < 401 unauthorized\n"
     "        xm > join C2 T2b jsep=offer/v1 | xm < ok C2\n"
     "        xm > join C1 T1b jsep=offer/v1 | xm < 409 wrong_state !callId\n"
     "        xm > media C1 jsep=offer/v2 | xm < 404 call_not_found\n"},
    {"/media/refused/a-second-time-on-the-same-handle",
     TALKING "[ 2000] bm2 > join C1 T1b jsep=offer/b2 | bm2 < ok | am < media C1\n"
             "        alice < peer C1 reconnecting\n"
             "        bm > join C1 T1b jsep=offer/b3 | bm < 409 wrong_state !callId\n"
             "        alice > end C1 | bob < ended C1\n"
             "        bm2 > join C1 T1b jsep=offer/b4 | bm2 < 401 unauthorized\n"
             "        alice > initiate bob C2 mode=relay | bob < incoming C2\n"
             "        bob > accept C2 | alice < accepted C2 | bob < ok join.token=T2b\n"
             "        bm > join C2 T2b jsep=offer/c1 | bm < 409 wrong_state !callId\n"
             "        bm2 > join C2 T2b jsep=offer/c1 | bm2 < 409 wrong_state !callId\n"
             "        bm > drop | bm > join C2 T2b jsep=offer/c1 | bm < ok C2\n"},
    {"/media/refused/a-token-that-nobody-made",
     ACCEPTED "[ 1010] bm > join C1 T9b jsep=offer/v1 | bm < 401 unauthorized !callId !status\n"},
    {"/media/refused/on-a-registered-handle-and-a-registration-on-a-joined-one",
     ACCEPTED "[ 1010] bob > join C1 T1b jsep=offer/v1 | bob < 409 wrong_state\n"
              "        bob > media C1 jsep=offer/v1 | bob < 409 wrong_state\n"
              "        bob > configure video=false | bob < 409 wrong_state\n"
              "        bm > join C1 T1b jsep=offer/v1 | bm < ok\n"
              "        bm > register | bm < 409 wrong_state\n"
              "        bm > initiate alice C2 | bm < 401 not_registered\n"},
    {"/media/refused/on-a-handle-that-has-not-joined",
     ACCEPTED "[ 1010] xm > media C1 jsep=offer/v1 | xm < 401 not_registered\n"
              "        xm > configure bitrate=1 | xm < 401 not_registered\n"},
    {"/media/refused/who-must-and-must-not-offer",
     ACCEPTED "[ 1010] bm > join C1 T1b | bm < 400 invalid_request C1 accepted\n"
              "        bm > join C1 T1b jsep=answer/v1 | bm < 400 invalid_request\n"
              "        am > join C1 T1a jsep=offer/v1 | am < 400 invalid_request\n"
              "        am > join C1 T1a | am < ok\n"
              "        am > media C1 | am < 400 invalid_request\n"
              "        am > media C1 jsep=offer/v1 | am < 409 wrong_state C1 accepted\n"
              "        am > media C1 jsep=answer/v1 | am < 409 wrong_state\n"},

    /* offers take turns */
    {"/media/offers/either-may-offer-later",
     TALKING "[ 2000] am > media C1 jsep=offer/a2 | am < ok | bm < media C1 jsep=offer/a2\n"
             "[ 2010] bm > media C1 jsep=answer/a2 | bm < ok | am < media C1 jsep=answer/a2\n"
             "[ 3000] bm > media C1 jsep=offer/b3 | am < media C1 jsep=offer/b3\n"
             "[ 3010] am > media C1 jsep=answer/b3 | bm < media C1 jsep=answer/b3\n"},
    {"/media/offers/the-later-of-two-is-refused-and-tries-again",
     TALKING "[ 2000] am > media C1 jsep=offer/a2 | bm < media C1 jsep=offer/a2\n"
             "        bm > media C1 jsep=offer/b2 | bm < 409 wrong_state C1 accepted\n"
             "        am > media C1 jsep=offer/a3 | am < 409 wrong_state\n"
             "        am > media C1 jsep=answer/a2 | am < 409 wrong_state\n"
             "[ 2010] bm > media C1 jsep=answer/a2 | am < media C1 jsep=answer/a2\n"
             "        bm > media C1 jsep=answer/a2 | bm < 409 wrong_state\n"
             "        bm > media C1 jsep=offer/b2 | am < media C1 jsep=offer/b2\n"},
    {"/media/offers/the-callee-joins-anew-and-the-caller-answers-anew", TALKING
     "[ 2000] bm2 > join C1 T1b jsep=offer/b2 | bm2 < ok rev=3\n"
     "        media < leave C1 at=bm caller=am !callee | media < link caller=am callee=bm2\n"
     "        alice < peer C1 reconnecting rev=3 | am < media C1 jsep=offer/b2 rev=3\n"
     "        bm > media C1 jsep=offer/b9 | bm < 401 not_registered\n"
     "        bm > down | alice < nothing\n"
     "[ 2010] am > media C1 jsep=answer/b2 | bm2 < media C1 jsep=answer/b2\n"
     "[ 2020] bm2 > up | alice < peer C1 connected rev=4\n"},
    {"/media/offers/the-caller-joins-anew-and-its-answer-is-for-nobody",
     TALKING "[ 2000] am2 > join C1 T1a | am2 < ok | media < leave at=am callee=bm\n"
             "        bob < peer C1 reconnecting | am2 < media C1 jsep=offer/v1\n"
             "        bm > media C1 jsep=offer/b2 | bm < 409 wrong_state\n"
             "[ 2010] am2 > media C1 jsep=answer/v1 | am2 < ok | bm < nothing\n"
             "[ 2020] am2 > up | bob < peer C1 connected\n"
             "        bm > media C1 jsep=offer/b2 | am2 < media C1 jsep=offer/b2\n"},
    {"/media/offers/the-caller-joins-anew-before-it-answered",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1 jsep=offer/v1\n"
              "        am2 > join C1 T1a | am2 < media C1 jsep=offer/v1\n"
              "        am > media C1 jsep=answer/v1 | am < 401 not_registered\n"
              "        am2 > media C1 jsep=answer/v1 | bm < media C1 jsep=answer/v1\n"},
    {"/media/offers/an-answer-that-came-too-late-is-taken-and-dropped",
     TALKING "[ 2000] am > media C1 jsep=offer/a2 | bm < media C1 jsep=offer/a2\n"
             "        am2 > join C1 T1a | bob < peer C1 reconnecting | am2 < media C1 "
             "jsep=offer/v1\n"
             "        bm > media C1 jsep=answer/a2 | bm < ok | am2 < nothing | am < nothing\n"
             "        bm > media C1 jsep=answer/a2 | bm < 409 wrong_state\n"
             "        am2 > media C1 jsep=answer/v1 | am2 < ok | bm < nothing\n"},
    {"/media/offers/the-callee-joins-anew-while-the-caller-has-offered",
     TALKING "[ 2000] am > media C1 jsep=offer/a2 | bm < media C1 jsep=offer/a2\n"
             "        bm2 > join C1 T1b jsep=offer/b3 | alice < peer C1 reconnecting\n"
             "        am < media C1 jsep=offer/b3\n"
             "        am > media C1 jsep=answer/b3 | bm2 < media C1 jsep=answer/b3\n"},
    {"/media/offers/the-callee-joins-anew-before-the-caller-answered",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1 jsep=offer/v1\n"
              "[ 2000] bm2 > join C1 T1b jsep=offer/v2 | bm2 < ok | am < nothing\n"
              "        bm3 > join C1 T1b jsep=offer/v3 | bm3 < ok | am < nothing\n"
              "        bm3 > media C1 jsep=offer/v4 | bm3 < 409 wrong_state\n"
              "[ 2010] am > media C1 jsep=answer/v1 | am < ok | bm3 < nothing\n"
              "        am < media C1 jsep=offer/v3\n"
              "[ 2020] am > media C1 jsep=answer/v3 | am < ok | bm3 < media C1 jsep=answer/v3\n"
              "        am > media C1 jsep=answer/v3 | am < 409 wrong_state\n"},
    {"/media/offers/then-the-caller-joins-anew-too-and-need-not-answer-twice",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1 jsep=offer/v1\n"
              "[ 2000] bm2 > join C1 T1b jsep=offer/v2 | bm2 < ok | am < nothing\n"
              "        am2 > join C1 T1a | am2 < media C1 jsep=offer/v2\n"
              "[ 2010] am2 > media C1 jsep=answer/v2 | bm2 < media C1 jsep=answer/v2\n"},
    {"/media/offers/or-the-callee-is-gone-when-the-answer-comes",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1 jsep=offer/v1\n"
              "[ 2000] bm2 > join C1 T1b jsep=offer/v2 | bm2 > drop | am < nothing\n"
              "[ 2010] am > media C1 jsep=answer/v1 | am < ok | am < nothing\n"
              "[ 2020] bm3 > join C1 T1b jsep=offer/v3 | am < media C1 jsep=offer/v3\n"
              "        am > media C1 jsep=answer/v3 | bm3 < media C1 jsep=answer/v3\n"},
    {"/media/offers/twice-the-same-join-is-one",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1 jsep=offer/v1\n"
              "        am > join C1 T1a | am < ok | am < nothing\n"
              "        am > media C1 jsep=answer/v1 | bm < media C1 jsep=answer/v1\n"
              "        am > join C1 T1a | am < ok | am < nothing\n"},
    {"/media/offers/the-callee-leaves-and-its-old-offer-goes-to-nobody",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1 | bm > drop\n"
              "        am > join C1 T1a | am < ok | am < nothing\n"
              "        bm2 > join C1 T1b jsep=offer/v2 | am < media C1 jsep=offer/v2\n"
              "        am > media C1 jsep=answer/v2 | bm2 < media C1 jsep=answer/v2\n"},

    /* liveness */
    {"/media/liveness/a-connection-that-never-comes-up-fails-the-call",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1\n"
              "        am > join C1 T1a | am < media C1\n"
              "[ 5000] am > up\n"
              "[<21000] alice < nothing\n"
              "[21000] alice < ended C1 failed media_failed durationMs=20000\n"
              "        bob < ended C1 failed media_failed | media < end C1 caller=am callee=bm\n"
              "        store < closed C1 failed media_failed\n"},
    {"/media/liveness/nobody-joins-and-the-call-fails", ACCEPTED
     "[21000] alice < ended C1 failed media_failed | bob < ended C1 failed media_failed\n"},
    {"/media/liveness/the-time-for-it-stands-still-while-a-device-is-away", ACCEPTED
     "[ 6000] bob > drop | alice < peer C1 reconnecting\n"
     "[30000] bob > register | bob < knows C1 join.token=T1b | alice < peer C1 connected\n"
     "[<45000] alice < nothing\n"
     "[45000] alice < ended C1 failed media_failed | bob < ended C1 failed media_failed\n"},
    {"/media/liveness/it-stands-still-from-the-accept-when-the-caller-is-away",
     "here: alice bob | alice > initiate bob C1 mode=relay | bob < incoming C1\n"
     "[ 1000] alice > drop\n"
     "[ 2000] bob > accept C1 | bob < peer C1 reconnecting | alice < missed accepted C1\n"
     "[25000] alice > register | alice < knows C1 join.token=T1a | bob < peer C1 connected\n"
     "[<45000] alice < nothing\n"
     "[45000] alice < ended C1 failed | bob < ended C1 failed media_failed\n"},
    {"/media/liveness/both-were-up-once-and-the-call-goes-on",
     TALKING "[60000] alice < nothing | bob < nothing | alice > end C1 | bob < ended C1 hangup\n"},
    {"/media/liveness/only-relayed-calls-are-watched",
     "here: alice bob | alice > initiate bob C1 mode=p2p | bob < incoming C1\n"
     "[ 1000] bob > accept C1 | alice < accepted C1\n"
     "[60000] alice < nothing | alice > end C1 | bob < ended C1 hangup\n"},
    {"/media/liveness/a-connection-that-is-lost-is-a-device-that-is-away",
     TALKING "[ 5000] bm > down | alice < peer C1 reconnecting rev=3 | bob < nothing\n"
             "[ 6000] bm > down | alice < nothing\n"
             "[<35000] alice < nothing\n"
             "[35000] alice < ended C1 ended connection_lost | bob < ended C1 connection_lost\n"
             "        media < end C1\n"},
    {"/media/liveness/and-it-comes-back-in-time",
     TALKING "[ 5000] bm > drop | alice < peer C1 reconnecting | media < leave at=bm\n"
             "[ 9000] bm2 > join C1 T1b jsep=offer/b2 | am < media C1 jsep=offer/b2\n"
             "        am > media C1 jsep=answer/b2 | bm2 < media C1 jsep=answer/b2\n"
             "[ 9100] bm2 > up | alice < peer C1 connected rev=4\n"
             "        bm2 > up | alice < nothing\n"
             "[60000] alice < nothing\n"},
    {"/media/liveness/a-page-is-loaded-anew-and-told-once",
     TALKING "[ 5000] bm > drop | alice < peer C1 reconnecting rev=3\n"
             "[ 5001] bob > drop | alice < nothing\n"
             "[ 7000] bob > register | bob < knows C1 accepted join.token=T1b rev=3\n"
             "        alice < nothing | bob < nothing\n"
             "[ 7500] bm2 > join C1 T1b jsep=offer/b2 | am < media C1\n"
             "        am > media C1 jsep=answer/b2 | bm2 < media C1\n"
             "[ 8000] bm2 > up | alice < peer C1 connected rev=4\n"},
    {"/media/liveness/in-the-other-order-too",
     TALKING "[ 5000] bob > drop | alice < peer C1 reconnecting rev=3\n"
             "[ 5001] bm > drop | alice < nothing\n"
             "[ 7000] bob > register | alice < nothing\n"
             "        bm2 > join C1 T1b jsep=offer/b2 | am < media C1\n"
             "[ 8000] bm2 > up | alice < peer C1 connected rev=4\n"},
    {"/media/liveness/media-keeps-a-call-while-signalling-is-away",
     TALKING "[ 5000] bob > drop | alice < peer C1 reconnecting\n"
             "[99000] alice < nothing\n"
             "        bob > register | bob < knows C1 accepted join.token=T1b\n"
             "        alice < peer C1 connected\n"},
    {"/media/liveness/and-then-it-goes-too-and-the-grace-begins",
     TALKING "[ 5000] bob > drop | alice < peer C1 reconnecting\n"
             "[99000] bm > down | alice < nothing\n"
             "[<129000] alice < nothing\n"
             "[129000] alice < ended C1 connection_lost | bob < missed ended C1\n"},
    {"/media/liveness/who-comes-back-learns-that-the-others-media-is-lost",
     TALKING "[ 5000] bob > drop | alice < peer C1 reconnecting\n"
             "[ 6000] am > down\n"
             "[ 7000] bob > register | alice < peer C1 connected | bob < peer C1 reconnecting\n"
             "[ 8000] am > up | bob < peer C1 connected\n"},
    {"/media/liveness/it-is-lost-before-the-other-sides-was-there",
     ACCEPTED "[ 1010] bm > join C1 T1b jsep=offer/v1 | bm > up\n"
              "[ 5000] bm > down | alice < peer C1 reconnecting\n"
              "[ 6000] bm > up | alice < peer C1 connected\n"
              "[<22000] alice < nothing\n"
              "[22000] alice < ended C1 failed media_failed | bob < ended C1 failed\n"},

    /* what a receiver wants */
    {"/media/configure/is-passed-on", TALKING
     "[ 2000] am > configure video=false audio=true data=false bitrate=64000 substream=1 "
     "temporal=2\n"
     "        am < ok C1 accepted\n"
     "        media < configure C1 at=am audio=1 video=0 dataChannel=0 bitrate=64000 substream=1 "
     "temporal=2\n"
     "        bm > configure substream=0 | media < configure at=bm substream=0 !video !bitrate\n"},

    /* rooms */
    {"/media/room/is-made-at-the-accept-and-gone-at-the-end",
     "here: alice bob | alice > initiate bob C1 mode=room | bob < incoming C1 mode=room\n"
     "        media < nothing\n"
     "[ 1000] bob > accept C1 | bob < ok mode=room join.plugin=janus.plugin.videoroom "
     "join.room=1001 join.pin=P1 join.token=T1b\n"
     "        alice < accepted C1 join.room=1001 join.pin=P1 join.token=T1a\n"
     "        media < room C1 room=1001 pin=P1 tokenA=T1a tokenB=T1b\n"
     "        bm > join C1 T1b jsep=offer/v1 | bm < 401 unauthorized\n"
     "[60000] alice < nothing | bob > end C1 | alice < ended C1\n"
     "        media < end C1 room=1001 !caller !callee\n"},

    /* recording */
    {"/media/record/as-configured-and-as-the-operator-says",
     "set can_record=true recorded=true\n" TALKING
     "[ 2000] operator > record C1 record=false | operator < ok C1 recording=false\n"
     "        media < record C1 recorded=false\n"
     "        operator > record C1 | operator < ok recording=true | media < record "
     "recorded=true\n"},
    {"/media/record/before-the-accept-it-counts-from-there-on",
     "set can_record=true\n"
     "here: alice bob | alice > initiate bob C1 mode=relay | bob < incoming C1\n"
     "        operator > record C1 | operator < ok ringing recording=true | media < nothing\n"
     "        bob > accept C1 | alice < accepted C1 | bm > join C1 T1b jsep=offer/v1\n"
     "        am > join C1 T1a | media < link C1 recorded=true | am < media C1\n"},
    {"/media/record/is-refused-where-there-is-nothing-to-record",
     "here: alice bob | operator > record C1 | operator < 404 call_not_found\n"
     "        alice > initiate bob C1 mode=p2p | bob < incoming C1\n"
     "        operator > record C1 | operator < 409 wrong_state C1 ringing\n"
     "        alice > end C1 | bob < ended C1\n"
     "        operator > record C1 callerId=alice | operator < 410 call_over C1\n"
     "        alice > initiate bob C2 mode=relay | bob < incoming C2\n"
     "        operator > record C2 | operator < 400 invalid_request\n"
     "        bob > record C2 | bob < 404 unknown_request\n"},

    /* too much */
    {"/media/rates/what-is-passed-on-counts-as-the-users",
     "set relayed=50/1000/100\n" TALKING
     "[ 5000] bm > media C1 jsep=offer/0123456789012345678901234567890123456789012345678901\n"
     "        am < media C1 | am > media C1 jsep=answer/v2 | bm < media C1\n"
     "        bm > media C1 jsep=offer/v3 | bm < 429 rate_limited C1 accepted\n"
     "[ 9000] bm > media C1 jsep=offer/v3 | am < media C1\n"},
    {"/media/rates/requests-of-a-media-handle-count-as-the-users",
     "set requests=1/1000/4\n" ACCEPTED
     "[ 1010] bm > join C1 T1b jsep=offer/v1 | bm > configure video=true\n"
     "        bm > configure video=true | bm > configure video=true | bm < 429 rate_limited C1 "
     "retryAfterMs=990\n"
     "        bob > get C1 | bob < 429 rate_limited\n"},
};

/* --- what the media layer reports --- */

static MediaReportEvent about(const char *call_id, const char *report)
{
    return (MediaReportEvent){.caller_id = "alice",
                              .call_id = call_id,
                              .created_ms = SIM_WALL_START_MS,
                              .report = report};
}

static void report(Sim *sim, const char *call_id, const char *text)
{
    sim_step(sim, &(Event){.kind = EVENT_MEDIA_REPORT, .media = about(call_id, text)}, "media",
             "reports");
}

static void test_report(Sim *sim)
{
    sim_play(sim, TALKING "[ 5000] alice > end C1 | bob < ended C1\n"
                          "store < closed C1 ended rev=3");
    report(sim, "C1", "{\"packets\":7}");
    sim_play(sim, "store < touched C1 ended rev=3\n"
                  "operator > get C1 callerId=alice | operator < ok record.mediaReport.packets=7\n"
                  "bob > get C1 | bob < ok ended rev=3 !record.mediaReport\n"
                  "bob > history | bob > end C1 | bob < 410 call_over");
}

static void test_report_of_nothing(Sim *sim)
{
    sim_play(sim, ACCEPTED);
    report(sim, "C1", "{}");
    report(sim, "C2", "{}");
    sim_play(sim, "alice > end C1 | bob < ended C1 | store < closed C1 | alice > get C1\n"
                  "alice < ok ended !record.mediaReport");
}

static void test_room_cannot_be_made(Sim *sim)
{
    sim_play(sim, "here: alice bob | alice > initiate bob C1 mode=room | bob < incoming C1\n"
                  "bob > accept C1 | alice < accepted C1");
    sim_step(sim, &(Event){.kind = EVENT_MEDIA_FAILED, .media = about("C1", NULL)}, "media",
             "fails");
    sim_play(sim, "alice < ended C1 failed media_failed | bob < ended C1 failed media_failed\n"
                  "media < end C1 room=1001");
    sim_step(sim, &(Event){.kind = EVENT_MEDIA_FAILED, .media = about("C1", NULL)}, "media",
             "fails");
    sim_play(sim, "alice < nothing");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_add_scenarios(scenarios, G_N_ELEMENTS(scenarios));
    sim_add_test("/media/report/goes-into-the-record-and-to-backends-only", test_report);
    sim_add_test("/media/report/of-a-call-that-lives-or-is-not-there", test_report_of_nothing);
    sim_add_test("/media/room/that-cannot-be-made-ends-the-call", test_room_cannot_be_made);
    return g_test_run();
}
