#include "media/sdp.h"

#include <string.h>

/* As Chromium writes it, cut down: audio with RED first, video that sends three qualities, a data
 * channel, a line that was rejected. */
static const char chromium[] =
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE 0 1 2\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 9 0 8 13 110\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    "a=sendrecv\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 97 96 98\r\na=mid:1\r\na=sendonly\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rid:h send\r\na=rid:m send\r\n"
    "a=simulcast:send h;m\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\na=sctp-port:5000\r\n"
    "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\na=inactive\r\na=rtpmap:96 VP8/90000\r\n";

static void test_chromium(void)
{
    g_autoptr(SdpFacts) facts = sdp_facts_read(chromium);
    const SdpLine *line;

    g_assert_nonnull(facts);
    g_assert_cmpuint(facts->count, ==, 4);
    line = sdp_facts_line(facts, 0);
    g_assert_cmpint(line->kind, ==, LINE_AUDIO);
    g_assert_cmpstr(line->codec, ==, "opus");
    g_assert_cmpint(line->payload_type, ==, 111);
    g_assert_cmpstr(line->fmtp, ==, "minptime=10;useinbandfec=1");
    g_assert_cmpstr(line->mid, ==, "0");
    g_assert_true(line->is_on && line->is_sent && line->is_received && !line->is_simulcast);
    line = sdp_facts_line(facts, 1);
    g_assert_cmpint(line->kind, ==, LINE_VIDEO);
    g_assert_cmpstr(line->codec, ==, "vp8");
    g_assert_null(line->fmtp);
    g_assert_true(line->is_sent && !line->is_received && line->is_simulcast);
    line = sdp_facts_line(facts, 2);
    g_assert_cmpint(line->kind, ==, LINE_DATA);
    g_assert_cmpstr(line->codec, ==, "");
    line = sdp_facts_line(facts, 3);
    g_assert_true(!line->is_on && !line->is_sent && !line->is_received);
    g_assert_null(sdp_facts_line(facts, 4));
    g_assert_null(sdp_facts_line(facts, -1));
    g_assert_null(sdp_facts_line(NULL, 0));
}

/* What stands in a name or a value is no attribute. */
static void test_words_elsewhere(void)
{
    g_autoptr(SdpFacts) facts =
        sdp_facts_read("v=0\ns=m=video 9 X 96 a=simulcast:send h;m\ni=a=rtpmap:111 vp9/90000\n"
                       "a=mid:outside\na=sendonly\n"
                       "m=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:1111 vp8/90000\n"
                       "a=rtpmap:11 vp9/90000\na=xrtpmap:111 h264/90000\na=rtpmapx:111 h264/90000\n"
                       "a=fmtp:112 not=mine\na=label:a=recvonly\na=simulcast:recv h;m\n"
                       "a=ssrc-group:FID 1 2\na=rtpmap:111 OPUS/48000/2\n");
    const SdpLine *line = sdp_facts_line(facts, 0);

    g_assert_cmpuint(facts->count, ==, 1);
    g_assert_cmpint(line->kind, ==, LINE_AUDIO);
    g_assert_cmpstr(line->codec, ==, "opus");
    g_assert_cmpstr(line->mid, ==, "");
    g_assert_null(line->fmtp);
    g_assert_true(line->is_sent && line->is_received && !line->is_simulcast);
}

static void test_other_ways(void)
{
    g_autoptr(SdpFacts) facts = sdp_facts_read(
        "m=audio 40000/2 RTP/AVP 8 0\na=recvonly\n"
        "m=video 9 RTP/SAVPF 100\na=rtpmap:100 H264/90000\na=fmtp:100 a=1\n"
        "a=fmtp:100 b=2\na=ssrc-group:SIM 1 2 3\n"
        "m=application 9 DTLS/SCTP 5000\nm=text 9 RTP/AVP 98\n"
        "m=video 9 RTP/SAVPF 101\na=simulcast:recv 1;2 send 3;4\na=rtpmap:101 rtx/1\n"
        "m=audio 9 RTP/SAVPF 96\na=rtpmap:96 a-codec-of-more-than-15-letters/1\n");

    g_assert_cmpuint(facts->count, ==, 6);
    g_assert_cmpstr(facts->lines[0].codec, ==, "pcma");
    g_assert_true(!facts->lines[0].is_sent && facts->lines[0].is_received);
    g_assert_cmpstr(facts->lines[1].codec, ==, "h264");
    g_assert_cmpstr(facts->lines[1].fmtp, ==, "b=2");
    g_assert_true(facts->lines[1].is_simulcast);
    g_assert_cmpint(facts->lines[2].kind, ==, LINE_OTHER);
    g_assert_cmpint(facts->lines[3].kind, ==, LINE_OTHER);
    g_assert_true(facts->lines[4].is_simulcast);
    g_assert_cmpint(facts->lines[4].payload_type, ==, -1);
    g_assert_cmpstr(facts->lines[4].codec, ==, "");
    g_assert_cmpstr(facts->lines[5].codec, ==, "");
}

/* --- simulcast --- */

static const char simulcast_offer[] =
    "v=0\r\nm=audio 9 RTP/SAVPF 111\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "m=video 9 RTP/SAVPF 96\r\na=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
    "a=extmap:11/sendonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
    "a=extmap:999 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=simulcast:send h;m\r\n"
    "m=video 9 RTP/SAVPF 96\r\na=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n";

static void test_simulcast_answer(void)
{
    g_autoptr(SdpFacts) offer = sdp_facts_read(simulcast_offer);
    g_autofree char *text = sdp_accept_simulcast(
        "v=0\r\nm=audio 9 RTP/SAVPF 111\r\na=x\r\nm=video 9 RTP/SAVPF 96\r\na=y\r\n"
        "m=video 9 RTP/SAVPF 96\r\na=z\r\n",
        offer);

    g_assert_cmpstr(text, ==,
                    "v=0\r\nm=audio 9 RTP/SAVPF 111\r\na=x\r\nm=video 9 RTP/SAVPF 96\r\n"
                    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
                    "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
                    "a=y\r\nm=video 9 RTP/SAVPF 96\r\na=z\r\n");
}

/* Nothing is added to what the answerer does not receive, or has taken itself. */
static void test_simulcast_not_taken(void)
{
    static const char *const answers[] = {
        "m=audio 9 X 0\r\nm=video 0 X 96\r\n",
        "m=audio 9 X 0\r\nm=video 9 X 96\r\na=sendonly\r\n",
        "m=audio 9 X 0\r\nm=video 9 X 96\r\na=inactive\r\n",
        ("m=audio 9 X 0\r\nm=video 9 X 96\r\n"
         "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"),
        "m=audio 9 X 0\r\n",
        "nothing\r\n",
        "",
    };
    g_autoptr(SdpFacts) offer = sdp_facts_read(simulcast_offer);

    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autofree char *text = sdp_accept_simulcast(answers[i], offer);

        g_assert_cmpstr(text, ==, answers[i]);
    }
}

static void test_broken(void)
{
    static const char *const broken[] = {
        "",
        "\r\n\r\n",
        "v=0\r\ns=-\r\n",
        "hello",
        "m=",
        "m=audio",
        "m=audio 9",
        "m=audio 9 UDP/TLS/RTP/SAVPF",
        "m=audio x UDP/TLS/RTP/SAVPF 0",
        "m=audio 9x UDP/TLS/RTP/SAVPF 0",
        "m=audio -9 UDP/TLS/RTP/SAVPF 0",
        "m=audio 999999 UDP/TLS/RTP/SAVPF 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\nm=video\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(broken); i++)
        g_assert_null(sdp_facts_read(broken[i]));
}

/* Every beginning of a description is read without harm, and so is one with a byte that is
 * something else. */
static void test_any_bytes(void)
{
    for (gsize length = 0; length < sizeof chromium - 1; length++) {
        g_autofree char *cut = g_strndup(chromium, length);
        g_autofree char *changed = g_strdup(chromium);
        g_autoptr(SdpFacts) of_cut = sdp_facts_read(cut);
        g_autoptr(SdpFacts) of_changed = NULL;

        changed[length] = (char)(length * 7 + 1);
        of_changed = sdp_facts_read(changed);
        g_assert_true(!of_cut || of_cut->count <= 4);
        g_assert_true(!of_changed || of_changed->count <= 5);
    }
}

static void test_many(void)
{
    g_autoptr(GString) text = g_string_new("v=0\r\n");
    g_autoptr(SdpFacts) facts = NULL;

    for (guint i = 0; i < SDP_LINES + 5; i++)
        g_string_append_printf(text,
                               "m=audio 9 RTP/SAVPF 111\r\na=mid:%u\r\na=rtpmap:111 opus/1\r\n", i);
    g_string_append(text, "m=audio 9 RTP/SAVPF");
    for (guint i = 0; i < 500; i++)
        g_string_append_printf(text, " %u", i % 140);
    facts = sdp_facts_read(text->str);
    g_assert_cmpuint(facts->count, ==, SDP_LINES);
    g_assert_cmpstr(facts->lines[SDP_LINES - 1].mid, ==, "31");
    g_assert_cmpstr(facts->lines[SDP_LINES - 1].codec, ==, "opus");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sdp/as-chromium-writes-it", test_chromium);
    g_test_add_func("/sdp/words-in-other-places-mean-nothing", test_words_elsewhere);
    g_test_add_func("/sdp/other-ways-to-say-it", test_other_ways);
    g_test_add_func("/sdp/simulcast/taken-where-it-is-received", test_simulcast_answer);
    g_test_add_func("/sdp/simulcast/not-taken", test_simulcast_not_taken);
    g_test_add_func("/sdp/what-is-no-description", test_broken);
    g_test_add_func("/sdp/any-bytes", test_any_bytes);
    g_test_add_func("/sdp/more-lines-and-types-than-fit", test_many);
    return g_test_run();
}
