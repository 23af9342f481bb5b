/* The way of packets while everything around it changes: calls end, devices join again and leave,
 * each handle's packets on a thread of their own, as Janus's loops bring them. What this looks for
 * is what a sanitizer sees, and that nothing goes where it may not. */
#include <string.h>

#include "fake-media.h"

#define PAIRS 4
#define CALLS 12
#define JOINS 4
#define PACKETS 300

static const char offer_sdp[] = "v=0\r\n"
                                "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"
                                "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
                                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

typedef struct {
    guint number; /* every packet says of which pair it is */
    FakeHandle *alice, *bob;
    char *tokens[2]; /* the caller's, the callee's */
    char call_id[32];
} Pair;

/* Atomic: so that a test in which nothing was relayed is none. */
static gint relayed;

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static gboolean succeeds(json_t *reply)
{
    gboolean is_success = g_strcmp0(text_of(reply, "call"), "success") == 0;

    json_decref(reply);
    return is_success;
}

static json_t *jsep(const char *type)
{
    json_t *said = json_pack("{s:s, s:s}", "type", type, "sdp", offer_sdp);

    json_object_set_new(said, "simulcast",
                        json_pack("[{s:i, s:[i, i, i]}]", "mindex", 1, "ssrcs", 1, 2, 3));
    return said;
}

static json_t *about(const Pair *pair, const char *request)
{
    return json_pack("{s:s, s:s}", "request", request, "callId", pair->call_id);
}

/* --- one media handle, on a thread of its own --- */

static gboolean join(const Pair *pair, FakeHandle *handle, gboolean is_caller)
{
    json_t *body = about(pair, "call:join");

    json_object_set_new(body, "token", json_string(pair->tokens[!is_caller]));
    return succeeds(is_caller ? fake_request(handle, body)
                              : fake_request_jsep(handle, body, jsep("offer")));
}

static void answer_offers(const Pair *pair, FakeHandle *handle)
{
    while (fake_waiting(handle, "call:media")) {
        json_t *event = fake_expect(handle, "call:media");

        if (g_strcmp0(text_of(fake_jsep_of(event), "type"), "offer") == 0)
            succeeds(fake_request_jsep(handle, about(pair, "call:media"), jsep("answer")));
        json_decref(event);
    }
}

static void configure(const Pair *pair, FakeHandle *handle, guint n)
{
    json_t *body = about(pair, "call:configure");

    json_object_set_new(body, "video", json_boolean(n % 2));
    json_object_set_new(body, "substream", json_integer(n % 3));
    json_object_set_new(body, "bitrate", json_integer(100000 * n));
    succeeds(fake_request(handle, body));
}

static const guint8 report[] = {0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 5,
                                0,    0,   0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 0, 9};

static void send_one_of_each(const Pair *pair, FakeHandle *handle, guint n)
{
    char payload[16];

    g_snprintf(payload, sizeof payload, "K%u", pair->number);
    fake_rtp(handle, 0, FALSE, 7, (guint16)n, payload);
    fake_rtp(handle, 1, TRUE, 1 + n % 3, (guint16)n, payload);
    fake_rtcp(handle, 1, report, sizeof report);
    fake_data(handle, "chat", n % 2, payload);
}

static gboolean is_mine(const Pair *pair, const FakePacket *packet)
{
    char payload[16];

    g_snprintf(payload, sizeof payload, "K%u", pair->number);
    return !packet->length || (packet->length == strlen(payload) &&
                               memcmp(packet->bytes, payload, packet->length) == 0);
}

static void pump(const Pair *pair, FakeHandle *handle, gboolean is_caller)
{
    fake_setup_media(handle);
    for (guint n = 0; n < PACKETS; n++) {
        FakePacket packet;

        if (is_caller)
            answer_offers(pair, handle);
        if (n == PACKETS / 3)
            fake_data_ready(handle);
        if (n % 50 == 0)
            configure(pair, handle, n / 50);
        if (n % 70 == 0)
            json_decref(fake_query(handle));
        send_one_of_each(pair, handle, n);
        packet = fake_last_packet(handle);
        g_assert_true(is_mine(pair, &packet));
    }
    g_atomic_int_add(&relayed, (gint)fake_packets(handle));
    fake_hangup_media(handle);
}

static void live(Pair *pair, gboolean is_caller)
{
    for (guint joins = 0; joins < JOINS; joins++) {
        FakeHandle *handle = fake_attach();
        gboolean is_joined = join(pair, handle, is_caller);

        if (is_joined)
            pump(pair, handle, is_caller);
        fake_detach(handle);
        fake_release(handle);
        if (!is_joined)
            break;
    }
}

static gpointer be_caller(gpointer pair)
{
    live(pair, TRUE);
    return NULL;
}

static gpointer be_callee(gpointer pair)
{
    live(pair, FALSE);
    return NULL;
}

/* --- the calls of one pair of users --- */

static FakeHandle *device(const char *name, guint number)
{
    FakeHandle *handle = fake_attach();
    g_autofree char *user = g_strdup_printf("%s-%u", name, number);

    g_assert_true(
        succeeds(fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                                "userId", user, "deviceId", "1"))));
    return handle;
}

static char *token_in(const json_t *where)
{
    return g_strdup(text_of(json_object_get(where, "join"), "token"));
}

static void begin(Pair *pair, guint call)
{
    g_autofree char *callee = g_strdup_printf("bob-%u", pair->number);
    json_t *reply, *event;

    g_snprintf(pair->call_id, sizeof pair->call_id, "CALL_%u_%u", pair->number, call);
    g_assert_true(succeeds(fake_request(
        pair->alice, json_pack("{s:s, s:s, s:s, s:s}", "request", "call:initiate", "callId",
                               pair->call_id, "calleeId", callee, "mode", "relay"))));
    reply = fake_request(pair->bob, about(pair, "call:accept"));
    pair->tokens[1] = token_in(reply);
    json_decref(reply);
    event = fake_expect(pair->alice, "call:accepted");
    pair->tokens[0] = token_in(event);
    json_decref(event);
}

static void end(Pair *pair)
{
    g_assert_true(succeeds(fake_request(pair->alice, about(pair, "call:end"))));
}

static void forget_tokens(Pair *pair)
{
    g_clear_pointer(&pair->tokens[0], g_free);
    g_clear_pointer(&pair->tokens[1], g_free);
}

static gpointer run_calls(gpointer data)
{
    Pair *pair = data;
    GRand *random = g_rand_new_with_seed(pair->number);

    pair->alice = device("alice", pair->number);
    pair->bob = device("bob", pair->number);
    for (guint call = 0; call < CALLS; call++) {
        GThread *caller, *callee;
        gulong rest_us = (gulong)g_rand_int_range(random, 0, 30000);

        begin(pair, call);
        caller = g_thread_new("caller", be_caller, pair);
        callee = g_thread_new("callee", be_callee, pair);
        g_usleep(rest_us);
        end(pair);
        g_thread_join(caller);
        g_thread_join(callee);
        forget_tokens(pair);
    }
    g_rand_free(random);
    return NULL;
}

static void leave(FakeHandle *handle)
{
    fake_detach(handle);
    fake_release(handle);
}

static void test_calls(void)
{
    Pair pairs[PAIRS] = {0};
    GThread *threads[PAIRS];
    g_autofree char *folder = g_dir_make_tmp("recordings-XXXXXX", NULL);
    g_autofree char *configuration =
        g_strdup_printf("general: { auth = \"open\"; log_calls = false }\n"
                        "media: { record = true; record_folder = \"%s\"; workers = 3 }",
                        folder);
    g_autofree char *clean = g_strdup_printf("rm -r %s", folder);

    g_assert_true(fake_janus_start(configuration));
    for (guint i = 0; i < PAIRS; i++) {
        pairs[i].number = i + 1;
        threads[i] = g_thread_new("calls", run_calls, &pairs[i]);
    }
    for (guint i = 0; i < PAIRS; i++)
        g_thread_join(threads[i]);
    for (guint i = 0; i < PAIRS; i++) {
        leave(pairs[i].alice);
        leave(pairs[i].bob);
    }
    fake_janus_stop();
    g_test_message("%d packets were relayed", relayed);
    g_assert_cmpint(relayed, >, PAIRS * CALLS);
    g_assert_true(g_spawn_command_line_sync(clean, NULL, NULL, NULL, NULL));
}

/* --- the plugin ends under packets --- */

typedef struct {
    FakeHandle *handle;
    const Pair *pair;
    gint is_over;
} Sender;

static gpointer keep_sending(gpointer data)
{
    Sender *sender = data;

    for (guint n = 0; !g_atomic_int_get(&sender->is_over); n++)
        send_one_of_each(sender->pair, sender->handle, n);
    return NULL;
}

static void test_stop(void)
{
    Pair pair = {.number = 1};
    Sender senders[2] = {{.pair = &pair}, {.pair = &pair}};
    GThread *threads[2];

    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    pair.alice = device("alice", 1);
    pair.bob = device("bob", 1);
    begin(&pair, 0);
    for (guint i = 0; i < 2; i++) {
        senders[i].handle = fake_attach();
        g_assert_true(join(&pair, senders[i].handle, i == 0));
    }
    json_decref(fake_expect(senders[0].handle, "call:media"));
    for (guint i = 0; i < 2; i++)
        threads[i] = g_thread_new("sender", keep_sending, &senders[i]);
    while (!fake_packets(senders[0].handle))
        g_thread_yield();
    fake_janus_destroy_plugin();
    for (guint i = 0; i < 2; i++) {
        g_atomic_int_set(&senders[i].is_over, TRUE);
        g_thread_join(threads[i]);
        leave(senders[i].handle);
    }
    leave(pair.alice);
    leave(pair.bob);
    forget_tokens(&pair);
    fake_janus_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media-threads/calls-end-and-devices-join-again", test_calls);
    g_test_add_func("/media-threads/the-plugin-ends-under-packets", test_stop);
    return g_test_run();
}
