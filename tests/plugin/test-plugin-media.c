/* The real plugin under a fake Janus: relayed calls, packet by packet. */
#include <string.h>

#include <glib/gstdio.h>

#include "fake-media.h"

#define OFFER                                                                                      \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=" FAKE_SECRET "\r\nt=0 0\r\n"                            \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n"    \
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendrecv\r\na=rtpmap:96 VP8/90000\r\n"         \
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"

enum { AUDIO, VIDEO };

/* --- a call, and who is in it --- */

typedef struct {
    FakeHandle *alice, *bob;     /* their signalling */
    FakeHandle *caller, *callee; /* their media */
    char *caller_token, *callee_token, *call_id;
} Pair;

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void succeeds(json_t *reply)
{
    if (g_strcmp0(text_of(reply, "call"), "success") != 0)
        g_error("%s", json_dumps(reply, 0));
    json_decref(reply);
}

static void is_refused(json_t *reply, const char *code)
{
    g_assert_cmpstr(text_of(reply, "call"), ==, "error");
    g_assert_cmpstr(text_of(reply, "code"), ==, code);
    json_decref(reply);
}

static FakeHandle *device(const char *user)
{
    FakeHandle *handle = fake_attach();

    succeeds(fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register", "userId",
                                            user, "deviceId", "1")));
    return handle;
}

static void leave(FakeHandle *handle)
{
    fake_detach(handle);
    fake_release(handle);
}

static json_t *jsep(const char *type)
{
    return json_pack("{s:s, s:s}", "type", type, "sdp", OFFER);
}

static json_t *about(const char *request, const char *call_id)
{
    return json_pack("{s:s, s:s}", "request", request, "callId", call_id);
}

static json_t *joining(const char *call_id, const char *token)
{
    return json_pack("{s:s, s:s, s:s}", "request", "call:join", "callId", call_id, "token", token);
}

static char *token_in(const json_t *where)
{
    return g_strdup(text_of(json_object_get(where, "join"), "token"));
}

static Pair accepted(const char *call_id, const char *mode)
{
    Pair pair = {.call_id = g_strdup(call_id)};
    json_t *event, *reply;

    pair.alice = device("alice");
    pair.bob = device("bob");
    succeeds(
        fake_request(pair.alice, json_pack("{s:s, s:s, s:s, s:s}", "request", "call:initiate",
                                           "callId", call_id, "calleeId", "bob", "mode", mode)));
    json_decref(fake_expect(pair.bob, "call:incoming"));
    reply = fake_request(pair.bob, about("call:accept", call_id));
    pair.callee_token = token_in(reply);
    json_decref(reply);
    event = fake_expect(pair.alice, "call:accepted");
    pair.caller_token = token_in(event);
    json_decref(event);
    pair.caller = fake_attach();
    pair.callee = fake_attach();
    return pair;
}

static void join_callee(const Pair *pair, json_t *offer)
{
    succeeds(fake_request_jsep(pair->callee, joining(pair->call_id, pair->callee_token), offer));
}

static void join_caller(const Pair *pair)
{
    json_t *event;

    succeeds(fake_request(pair->caller, joining(pair->call_id, pair->caller_token)));
    event = fake_expect(pair->caller, "call:media");
    g_assert_cmpstr(text_of(fake_jsep_of(event), "type"), ==, "offer");
    json_decref(event);
    succeeds(fake_request_jsep(pair->caller, about("call:media", pair->call_id), jsep("answer")));
}

/* Both PeerConnections are there. */
static Pair talk_with(const char *call_id, json_t *offer)
{
    Pair pair = accepted(call_id, "relay");

    join_callee(&pair, offer);
    join_caller(&pair);
    json_decref(fake_expect(pair.callee, "call:media"));
    fake_setup_media(pair.caller);
    fake_setup_media(pair.callee);
    return pair;
}

static Pair talk(const char *call_id)
{
    return talk_with(call_id, jsep("offer"));
}

static void part(Pair *pair)
{
    leave(pair->caller);
    leave(pair->callee);
    leave(pair->alice);
    leave(pair->bob);
    g_free(pair->caller_token);
    g_free(pair->callee_token);
    g_free(pair->call_id);
}

static void end(const Pair *pair)
{
    succeeds(fake_request(pair->alice, about("call:end", pair->call_id)));
}

static void start(const char *configuration)
{
    g_assert_true(fake_janus_start(configuration));
}

/* --- what is relayed --- */

static void test_relay(void)
{
    Pair pair;

    start("");
    pair = talk("CALL_1");
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 100, "hello");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 1);
    g_assert_cmpuint(fake_packets(pair.callee), ==, 0);
    g_assert_cmpmem(fake_last_packet(pair.caller).bytes, 5, "hello", 5);
    fake_rtp(pair.caller, VIDEO, TRUE, 9, 5, "there");
    g_assert_cmpint(fake_last_packet(pair.callee).line, ==, VIDEO);
    fake_rtp(pair.caller, 7, TRUE, 9, 5, "a line that was not agreed");
    fake_rtp(pair.caller, -1, TRUE, 9, 5, "no line");
    fake_rtp(pair.caller, 4000, TRUE, 9, 5, "no line");
    g_assert_cmpuint(fake_packets(pair.callee), ==, 2);
    part(&pair);
    fake_janus_stop();
}

/* With -m perf: what the plugin, and the fake beneath it, take for a packet. */
static void test_cost(void)
{
    double ns;
    Pair pair;

    if (!g_test_perf()) {
        g_test_skip("only with -m perf");
        return;
    }
    start("");
    pair = talk("CALL_1");
    g_test_timer_start();
    for (guint i = 0; i < 1000000; i++)
        fake_rtp(pair.callee, VIDEO, TRUE, 7, (guint16)i, "hello");
    ns = g_test_timer_elapsed() * 1000;
    g_test_minimized_result(ns, "%.0f ns a packet", ns);
    part(&pair);
    fake_janus_stop();
}

/* One that joined, one that did not, one that is of another call: nothing goes anywhere. */
static void test_before_both(void)
{
    Pair pair;

    start("");
    pair = accepted("CALL_1", "relay");
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 1, "early");
    join_callee(&pair, jsep("offer"));
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 2, "early");
    fake_rtp(pair.caller, AUDIO, FALSE, 7, 2, "not joined");
    fake_data(pair.caller, "chat", FALSE, "not joined");
    g_assert_cmpuint(fake_packets(pair.caller) + fake_packets(pair.callee), ==, 0);
    g_assert_cmpuint(fake_messages(pair.caller) + fake_messages(pair.callee), ==, 0);
    part(&pair);
    fake_janus_stop();
}

/* A refused or unwanted JSEP leaves no PeerConnection. */
static void test_refused_jsep(void)
{
    Pair pair;

    start("");
    pair = accepted("CALL_1", "relay");
    is_refused(fake_request_jsep(pair.callee, joining("CALL_1", "guess"), jsep("offer")),
               "unauthorized");
    fake_wait_closed(pair.callee);
    is_refused(fake_request_jsep(pair.callee, joining("CALL_2", pair.callee_token), jsep("offer")),
               "unauthorized");
    fake_wait_closed(pair.callee);
    is_refused(fake_request_jsep(pair.caller, joining("CALL_1", pair.caller_token), jsep("offer")),
               "invalid_request");
    fake_wait_closed(pair.caller);
    succeeds(fake_request_jsep(pair.alice, about("call:get", "CALL_1"), jsep("offer")));
    fake_wait_closed(pair.alice);
    join_callee(&pair, jsep("offer"));
    /* It only has to try again: what its join began goes on, though nothing is up yet. */
    is_refused(fake_request_jsep(pair.callee, about("call:media", "CALL_1"), jsep("answer")),
               "wrong_state");
    is_refused(fake_request_jsep(pair.callee, about("call:media", "CALL_1"), jsep("offer")),
               "wrong_state");
    g_assert_true(fake_has_pc(pair.callee));
    /* The same words to one that has no seat are for good. */
    is_refused(fake_request_jsep(pair.bob, about("call:media", "CALL_1"), jsep("offer")),
               "wrong_state");
    fake_wait_closed(pair.bob);
    is_refused(fake_request_jsep(pair.callee, about("call:media", "CALL_2"), jsep("offer")),
               "call_not_found");
    fake_wait_closed(pair.callee);
    part(&pair);
    fake_janus_stop();
}

/* Over the whole way of a receiver: the sequence does not jump when the sender is another. */
static void test_rejoin(void)
{
    FakePacket before, after;
    FakeHandle *old;
    Pair pair;
    json_t *event;

    start("");
    pair = talk("CALL_1");
    for (guint16 i = 0; i < 5; i++)
        fake_rtp(pair.callee, VIDEO, TRUE, 7, (guint16)(65534 + i), "one");
    before = fake_last_packet(pair.caller);
    old = pair.callee;
    pair.callee = fake_attach();
    join_callee(&pair, jsep("offer"));
    event = fake_expect(pair.caller, "call:media");
    json_decref(event);
    fake_wait_closed(old);
    fake_rtp(old, VIDEO, TRUE, 7, 3, "from the one that lost its seat");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 5);
    fake_hangup_media(old);
    succeeds(fake_request_jsep(pair.caller, about("call:media", "CALL_1"), jsep("answer")));
    fake_setup_media(pair.callee);
    fake_rtp(pair.callee, VIDEO, TRUE, 8, 30000, "two");
    after = fake_last_packet(pair.caller);
    g_assert_cmpuint(fake_packets(pair.caller), ==, 6);
    g_assert_cmpuint(after.sequence, ==, (guint16)(before.sequence + 1));
    g_assert_cmpuint(after.timestamp - before.timestamp, <, 90000);
    leave(old);
    part(&pair);
    fake_janus_stop();
}

static void test_end(void)
{
    Pair pair;

    start("");
    pair = talk("CALL_1");
    end(&pair);
    fake_wait_closed(pair.caller);
    fake_wait_closed(pair.callee);
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 1, "late");
    fake_data(pair.callee, "chat", FALSE, "late");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 0);
    is_refused(fake_request_jsep(pair.callee, about("call:media", "CALL_1"), jsep("offer")),
               "not_registered");
    fake_wait_closed(pair.callee);
    is_refused(fake_request_jsep(pair.callee, joining("CALL_1", pair.callee_token), jsep("offer")),
               "unauthorized");
    fake_wait_closed(pair.callee);
    part(&pair);
    fake_janus_stop();
}

/* --- what a receiver wants --- */

static void configure(FakeHandle *handle, const char *call_id, const char *key, json_t *value)
{
    json_t *body = about("call:configure", call_id);

    json_object_set_new(body, key, value);
    succeeds(fake_request(handle, body));
}

static void test_configure(void)
{
    guint16 sequence;
    guint plis;
    Pair pair;

    start("");
    pair = talk("CALL_1");
    fake_rtp(pair.callee, VIDEO, TRUE, 7, 10, "seen");
    sequence = fake_last_packet(pair.caller).sequence;
    configure(pair.caller, "CALL_1", "video", json_false());
    fake_rtp(pair.callee, VIDEO, TRUE, 7, 11, "unwanted");
    fake_rtp(pair.callee, AUDIO, FALSE, 3, 1, "heard");
    fake_rtp(pair.caller, VIDEO, TRUE, 4, 1, "the other way");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 2);
    g_assert_cmpuint(fake_packets(pair.callee), ==, 1);
    plis = fake_plis(pair.callee);
    configure(pair.caller, "CALL_1", "video", json_true());
    g_assert_cmpuint(fake_plis(pair.callee), ==, plis + 1);
    fake_rtp(pair.callee, VIDEO, TRUE, 7, 500, "again");
    g_assert_cmpuint(fake_last_packet(pair.caller).sequence, ==, (guint16)(sequence + 1));
    configure(pair.caller, "CALL_1", "data", json_false());
    fake_data_ready(pair.caller);
    fake_data(pair.callee, "chat", FALSE, "unwanted");
    g_assert_cmpuint(fake_messages(pair.caller), ==, 0);
    part(&pair);
    fake_janus_stop();
}

/* "REMB", 1 Mbit/s: 250000 << 2. */
static const guint8 remb[] = {0x8f, 206, 0,   5,   0, 0,          0,    1,    0, 0, 0, 0,
                              'R',  'E', 'M', 'B', 1, 2 << 2 | 3, 0xd0, 0x90, 0, 0, 0, 7};

static void test_bitrate(void)
{
    Pair pair;

    start("media: { max_bitrate = 800000 }");
    pair = talk("CALL_1");
    g_assert_cmpuint(fake_remb(pair.callee), ==, 800000);
    fake_rtcp(pair.caller, VIDEO, remb, sizeof remb);
    g_assert_cmpuint(fake_rtcps(pair.callee), ==, 1);
    g_assert_cmpuint(fake_relayed_remb(pair.callee), ==, 800000);
    configure(pair.caller, "CALL_1", "bitrate", json_integer(100000));
    g_assert_cmpuint(fake_remb(pair.callee), ==, 100000);
    fake_rtcp(pair.caller, VIDEO, remb, sizeof remb);
    g_assert_cmpuint(fake_relayed_remb(pair.callee), ==, 100000);
    configure(pair.caller, "CALL_1", "bitrate", json_integer(5000000));
    g_assert_cmpuint(fake_remb(pair.callee), ==, 800000);
    fake_rtcp(pair.callee, VIDEO, remb, sizeof remb);
    g_assert_cmpuint(fake_relayed_remb(pair.caller), ==, 800000);
    fake_rtcp(pair.callee, 4000, remb, sizeof remb);
    part(&pair);
    fake_janus_stop();
}

static void test_simulcast(void)
{
    json_t *offer = jsep("offer");
    Pair pair;

    start("");
    json_object_set_new(offer, "simulcast",
                        json_pack("[{s:i, s:[i, i, i]}]", "mindex", VIDEO, "ssrcs", 1, 2, 3));
    pair = talk_with("CALL_1", offer);
    configure(pair.caller, "CALL_1", "substream", json_integer(1));
    fake_rtp(pair.callee, VIDEO, TRUE, 1, 1, "K small");
    fake_rtp(pair.callee, VIDEO, TRUE, 3, 1, "K big");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 0);
    fake_rtp(pair.callee, VIDEO, TRUE, 2, 1, "K middle");
    fake_rtp(pair.callee, VIDEO, TRUE, 2, 2, "middle");
    fake_rtp(pair.callee, VIDEO, TRUE, 3, 2, "big");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 2);
    configure(pair.caller, "CALL_1", "substream", json_integer(2));
    fake_rtp(pair.callee, VIDEO, TRUE, 3, 3, "big");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 2);
    fake_rtp(pair.callee, VIDEO, TRUE, 3, 4, "K big");
    g_assert_cmpuint(fake_packets(pair.caller), ==, 3);
    g_assert_cmpuint(fake_last_packet(pair.caller).sequence, ==, 3);
    /* The caller's own is not simulcast. */
    fake_rtp(pair.caller, VIDEO, TRUE, 3, 4, "plain");
    g_assert_cmpuint(fake_packets(pair.callee), ==, 1);
    part(&pair);
    fake_janus_stop();
}

/* --- messages --- */

static void test_messages(void)
{
    Pair pair;

    start("");
    pair = talk("CALL_1");
    fake_data(pair.callee, "chat", FALSE, "one");
    fake_data(pair.callee, "file", TRUE, "two");
    g_assert_cmpuint(fake_messages(pair.caller), ==, 0);
    fake_data_ready(pair.caller);
    g_assert_cmpuint(fake_messages(pair.caller), ==, 2);
    g_assert_cmpstr(fake_last_message(pair.caller).label, ==, "file");
    g_assert_true(fake_last_message(pair.caller).is_binary);
    fake_data(pair.callee, "chat", FALSE, "three");
    g_assert_cmpmem(fake_last_message(pair.caller).bytes, 5, "three", 5);
    g_assert_false(fake_last_message(pair.caller).is_binary);
    part(&pair);
    fake_janus_stop();
}

/* Janus would keep without an end what a slow device does not take. */
static void test_slow_channel(void)
{
    g_autofree char *big = g_strnfill(64 * 1000, 'x');
    const guint most = 8 * 1024 * 1024 / (64 * 1000);
    json_t *answer, *media;
    Pair pair;

    start("");
    pair = talk("CALL_1");
    fake_data_ready(pair.caller);
    for (guint i = 0; i < most + 10; i++)
        fake_data(pair.callee, "file", TRUE, big);
    g_assert_cmpuint(fake_messages(pair.caller), ==, most);
    answer = fake_query(pair.caller);
    media = json_object_get(json_object_get(answer, "media"), "messages");
    g_assert_cmpint(json_integer_value(json_object_get(media, "dropped")), ==, 10);
    json_decref(answer);
    /* Janus's buffers are dry. */
    fake_data_ready(pair.caller);
    fake_data(pair.callee, "file", TRUE, "more");
    g_assert_cmpuint(fake_messages(pair.caller), ==, most + 1);
    part(&pair);
    fake_janus_stop();
}

/* --- numbers and recordings --- */

static json_t *report_of(const char *call_id)
{
    for (guint i = 0; i < 1000; i++) {
        json_t *reply = fake_admin(about("call:get", call_id));
        json_t *media =
            json_incref(json_object_get(json_object_get(reply, "record"), "mediaReport"));

        json_decref(reply);
        if (json_object_get(media, "devices"))
            return media;
        json_decref(media);
        g_usleep(10000);
    }
    g_error("there is no report of %s", call_id);
}

static json_int_t number(const json_t *of, const char *direction, const char *what)
{
    return json_integer_value(json_object_get(json_object_get(of, direction), what));
}

static void test_query(void)
{
    json_t *answer, *media, *stream;
    Pair pair;

    start("");
    pair = talk("CALL_1");
    for (guint16 i = 0; i < 10; i++)
        fake_rtp(pair.callee, VIDEO, TRUE, 7, (guint16)(i * 2), "0123456789");
    fake_slow_link(pair.callee);
    answer = fake_query(pair.callee);
    media = json_object_get(answer, "media");
    stream = json_array_get(json_object_get(media, "streams"), 0);
    g_assert_cmpstr(text_of(media, "callId"), ==, "CALL_1");
    g_assert_cmpstr(text_of(media, "side"), ==, "callee");
    g_assert_cmpstr(text_of(stream, "codec"), ==, "vp8");
    g_assert_cmpint(number(stream, "received", "packets"), ==, 10);
    g_assert_cmpint(number(stream, "received", "bytes"), ==, 220);
    g_assert_cmpint(number(stream, "received", "lost"), ==, 9);
    g_assert_cmpint(number(stream, "sent", "packets"), ==, 0);
    g_assert_cmpint(json_integer_value(json_object_get(media, "slowLinks")), ==, 1);
    json_decref(answer);
    answer = fake_query(pair.caller);
    stream = json_array_get(json_object_get(json_object_get(answer, "media"), "streams"), 0);
    g_assert_cmpint(number(stream, "sent", "packets"), ==, 10);
    json_decref(answer);
    answer = fake_query(pair.alice);
    g_assert_null(json_object_get(answer, "media"));
    json_decref(answer);
    part(&pair);
    fake_janus_stop();
}

static char *recordings_folder(void)
{
    return g_dir_make_tmp("recordings-XXXXXX", NULL);
}

static guint files_in(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

static void forget_folder(char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

static void record(const char *call_id, gboolean is_on)
{
    json_t *body = about("call:record", call_id);

    json_object_set_new(body, "record", json_boolean(is_on));
    succeeds(fake_admin(body));
}

/* The recorders are made by a worker. */
static void wait_recorders(FakeHandle *handle, const char *folder, guint count)
{
    for (guint i = 0; files_in(folder) < count; i++) {
        g_assert_cmpuint(i, <, 1000);
        g_usleep(10000);
    }
    /* One more request in order with them. */
    json_decref(fake_query(handle));
}

static const char *find_recording(const json_t *recordings, const char *ending)
{
    json_t *each;
    size_t i;

    json_array_foreach((json_t *)recordings, i, each)
    {
        if (g_str_has_suffix(json_string_value(each), ending))
            return json_string_value(each);
    }
    return NULL;
}

static gboolean is_in(const char *bytes, gsize length, const char *text)
{
    gsize size = strlen(text);

    for (gsize i = 0; i + size <= length; i++) {
        if (memcmp(bytes + i, text, size) == 0)
            return TRUE;
    }
    return FALSE;
}

static void holds(const char *folder, const json_t *recordings, const char *ending,
                  const char *expected)
{
    const char *name = find_recording(recordings, ending);
    g_autofree char *path = g_build_filename(folder, name ? name : "", NULL);
    g_autofree char *text = NULL;
    gsize length;

    if (!name)
        g_error("there is no recording %s", ending);
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_assert_true(is_in(text, length, expected));
}

static void test_recording(void)
{
    char *folder = recordings_folder();
    g_autofree char *configuration =
        g_strdup_printf("media: { record = true; record_folder = \"%s\" }", folder);
    json_t *report, *recordings;
    Pair pair;

    start(configuration);
    pair = talk("CALL_1");
    wait_recorders(pair.callee, folder, 6);
    for (guint i = 0; i < 50; i++) {
        fake_rtp(pair.callee, AUDIO, FALSE, 7, (guint16)i, "a-of-callee");
        fake_rtp(pair.caller, VIDEO, TRUE, 8, (guint16)i, "v-of-caller");
        fake_data(pair.caller, "chat", FALSE, "a message");
        g_usleep(1000);
    }
    end(&pair);
    report = report_of("CALL_1");
    recordings = json_object_get(report, "recordings");
    g_assert_cmpuint(json_array_size(recordings), ==, 3);
    holds(folder, recordings, "-callee-1-1-audio0.mjr", "a-of-callee");
    holds(folder, recordings, "-caller-1-2-video1.mjr", "v-of-caller");
    holds(folder, recordings, "-caller-1-3-data.mjr", "a message");
    g_assert_cmpuint(files_in(folder), ==, 3);
    json_decref(report);
    part(&pair);
    fake_janus_stop();
    forget_folder(folder);
}

static void test_record_request(void)
{
    char *folder = recordings_folder();
    g_autofree char *configuration = g_strdup_printf("media: { record_folder = \"%s\" }", folder);
    json_t *report;
    Pair pair;

    start(configuration);
    pair = talk("CALL_1");
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 1, "before");
    record("CALL_1", TRUE);
    wait_recorders(pair.callee, folder, 6);
    for (guint16 i = 2; i < 50; i++) {
        fake_rtp(pair.callee, AUDIO, FALSE, 7, i, "meanwhile");
        g_usleep(1000);
    }
    record("CALL_1", FALSE);
    end(&pair);
    report = report_of("CALL_1");
    g_assert_cmpuint(json_array_size(json_object_get(report, "recordings")), ==, 1);
    g_assert_cmpuint(files_in(folder), ==, 1);
    holds(folder, json_object_get(report, "recordings"), "audio0.mjr", "meanwhile");
    json_decref(report);
    part(&pair);
    fake_janus_stop();
    forget_folder(folder);
}

static void wait_open_recorders(guint count)
{
    for (guint i = 0; fake_recorders() != count; i++) {
        if (i == 1000)
            g_error("%u recorders are open, not %u", fake_recorders(), count);
        g_usleep(10000);
    }
}

/* An answer has the caller's recorders looked at as well as the callee's. */
static void renegotiate(const Pair *pair)
{
    json_t *event;

    succeeds(fake_request_jsep(pair->callee, about("call:media", pair->call_id), jsep("offer")));
    event = fake_expect(pair->caller, "call:media");
    json_decref(event);
    succeeds(fake_request_jsep(pair->caller, about("call:media", pair->call_id), jsep("answer")));
    event = fake_expect(pair->callee, "call:media");
    json_decref(event);
}

/* What is looked at again stays open once, and closes once. */
static void test_recorders_close(void)
{
    char *folder = recordings_folder();
    g_autofree char *configuration =
        g_strdup_printf("media: { record = true; record_folder = \"%s\" }", folder);
    FakeHandle *old;
    json_t *event;
    Pair pair;

    start(configuration);
    g_assert_cmpuint(fake_recorders(), ==, 0);
    pair = talk("CALL_1");
    wait_open_recorders(6);
    for (guint i = 0; i < 5; i++)
        renegotiate(&pair);
    wait_open_recorders(6);
    old = pair.callee;
    pair.callee = fake_attach();
    join_callee(&pair, jsep("offer"));
    event = fake_expect(pair.caller, "call:media");
    json_decref(event);
    wait_open_recorders(3);
    succeeds(fake_request_jsep(pair.caller, about("call:media", "CALL_1"), jsep("answer")));
    event = fake_expect(pair.callee, "call:media");
    json_decref(event);
    wait_open_recorders(6);
    record("CALL_1", FALSE);
    wait_open_recorders(0);
    record("CALL_1", TRUE);
    wait_open_recorders(6);
    fake_hangup_media(pair.caller);
    end(&pair);
    json_decref(report_of("CALL_1"));
    wait_open_recorders(0);
    leave(old);
    part(&pair);
    fake_janus_stop();
    forget_folder(folder);
}

/* --- rooms --- */

static void test_room(void)
{
    const json_t *asked;
    Pair pair;

    fake_videoroom(TRUE);
    start("media: { room_admin_key = \"the key\" }");
    pair = accepted("CALL_1", "room");
    asked = fake_room_request();
    g_assert_cmpuint(fake_rooms(), ==, 1);
    g_assert_cmpstr(text_of(asked, "request"), ==, "create");
    g_assert_cmpstr(text_of(asked, "admin_key"), ==, "the key");
    g_assert_true(json_is_true(json_object_get(asked, "is_private")));
    g_assert_cmpint(json_integer_value(json_object_get(asked, "publishers")), ==, 2);
    g_assert_true(json_is_integer(json_object_get(asked, "room")));
    g_assert_cmpuint(json_array_size(json_object_get(asked, "allowed")), ==, 2);
    g_assert_cmpstr(pair.caller_token, !=, pair.callee_token);
    g_assert_cmpstr(text_of(asked, "secret"), !=, text_of(asked, "pin"));
    end(&pair);
    g_assert_cmpuint(fake_rooms(), ==, 0);
    part(&pair);
    fake_janus_stop();
    fake_videoroom(FALSE);
}

static void test_no_videoroom(void)
{
    FakeHandle *alice;
    json_t *reply;

    start("");
    alice = device("alice");
    reply = fake_request(alice, json_pack("{s:s, s:s, s:s}", "request", "call:initiate", "calleeId",
                                          "bob", "mode", "room"));
    g_assert_nonnull(strstr(text_of(reply, "error"), "VideoRoom"));
    is_refused(reply, "invalid_request");
    leave(alice);
    fake_janus_stop();
}

/* --- the end of the server, in the middle of everything --- */

static void test_stop(void)
{
    Pair pair;

    start("");
    pair = talk("CALL_1");
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 1, "hello");
    fake_janus_destroy_plugin();
    fake_rtp(pair.callee, AUDIO, FALSE, 7, 2, "late");
    fake_data_ready(pair.callee);
    fake_hangup_media(pair.callee);
    g_assert_cmpuint(fake_packets(pair.caller), ==, 1);
    part(&pair);
    fake_janus_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media/relay/each-line-to-the-other", test_relay);
    g_test_add_func("/media/relay/cost", test_cost);
    g_test_add_func("/media/relay/nothing-before-both-joined", test_before_both);
    g_test_add_func("/media/jsep/refused-or-unwanted-is-closed", test_refused_jsep);
    g_test_add_func("/media/relay/who-joins-again-goes-on-in-the-sequence", test_rejoin);
    g_test_add_func("/media/relay/nothing-after-the-end", test_end);
    g_test_add_func("/media/configure/what-a-receiver-wants", test_configure);
    g_test_add_func("/media/configure/bitrate", test_bitrate);
    g_test_add_func("/media/configure/simulcast", test_simulcast);
    g_test_add_func("/media/data/kept-until-the-channel-is-there", test_messages);
    g_test_add_func("/media/data/a-slow-channel-is-bounded", test_slow_channel);
    g_test_add_func("/media/numbers/of-a-handle", test_query);
    g_test_add_func("/media/recording/a-file-each-device-and-stream", test_recording);
    g_test_add_func("/media/recording/asked-for-by-the-backend", test_record_request);
    g_test_add_func("/media/recording/every-recorder-is-closed-once", test_recorders_close);
    g_test_add_func("/media/room/made-and-destroyed", test_room);
    g_test_add_func("/media/room/without-videoroom", test_no_videoroom);
    g_test_add_func("/media/stop/in-the-middle", test_stop);
    return g_test_run();
}
