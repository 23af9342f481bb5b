/* listener/socketio, socketio_session, socketio_names and socketio_event: every packet, good and bad;
 * namespaces as traces; the words of apps. */
#include <string.h>

#include "listener/socketio_event.h"
#include "listener/socketio_names.h"
#include "listener/socketio_session.h"

#define SECOND G_GINT64_CONSTANT(1000000)

/* --- packets --- */

static const struct {
    const char *text;
    SocketIoType type;
    const char *nsp;
    gint64 id; /* -1: none */
    const char *data;
} packets[] = {
    {"0", SOCKETIO_CONNECT, "/", -1, NULL},
    {"0{\"token\":\"123\"}", SOCKETIO_CONNECT, "/", -1, "{\"token\":\"123\"}"},
    {"0/custom", SOCKETIO_CONNECT, "/custom", -1, NULL},
    {"0/custom,", SOCKETIO_CONNECT, "/custom", -1, NULL},
    {"0/custom,{\"a\":[]}", SOCKETIO_CONNECT, "/custom", -1, "{\"a\":[]}"},
    {"0/,{}", SOCKETIO_CONNECT, "/", -1, "{}"},
    {"1", SOCKETIO_DISCONNECT, "/", -1, NULL},
    {"1/custom", SOCKETIO_DISCONNECT, "/custom", -1, NULL},
    {"1/custom,", SOCKETIO_DISCONNECT, "/custom", -1, NULL},
    {"2[\"a\"]", SOCKETIO_EVENT, "/", -1, "[\"a\"]"},
    {"20[\"a\",1]", SOCKETIO_EVENT, "/", 0, "[\"a\",1]"},
    {"2/custom,[\"a\"]", SOCKETIO_EVENT, "/custom", -1, "[\"a\"]"},
    {"2/custom,456[\"a\",{\"b\":\"/,\"}]", SOCKETIO_EVENT, "/custom", 456,
     "[\"a\",{\"b\":\"/,\"}]"},
    {"29007199254740991[\"a\"]", SOCKETIO_EVENT, "/", 9007199254740991, "[\"a\"]"},
    {"2000012[\"a\"]", SOCKETIO_EVENT, "/", 12, "[\"a\"]"},
    {"2 [\"a\"]", SOCKETIO_EVENT, "/", -1, "[\"a\"]"},
    {"2[\"\xc3\xa4\xf0\x9f\x98\x80\"]", SOCKETIO_EVENT, "/", -1, "[\"\xc3\xa4\xf0\x9f\x98\x80\"]"},
    {"2[\"\"]", SOCKETIO_EVENT, "/", -1, "[\"\"]"},
    {"30[]", SOCKETIO_ACK, "/", 0, "[]"},
    {"3/custom,7[null,{}]", SOCKETIO_ACK, "/custom", 7, "[null,{}]"},
    {"4{\"message\":\"no\"}", SOCKETIO_CONNECT_ERROR, "/", -1, "{\"message\":\"no\"}"},
    {"4\"no\"", SOCKETIO_CONNECT_ERROR, "/", -1, "\"no\""},
    {"51-[\"a\",{\"_placeholder\":true,\"num\":0}]", SOCKETIO_BINARY_EVENT, "/", -1, NULL},
    {"52-/custom,12[\"a\"]", SOCKETIO_BINARY_EVENT, "/custom", 12, NULL},
    {"61-/custom,3[]", SOCKETIO_BINARY_ACK, "/custom", 3, NULL},
};

static void assert_data(json_t *data, const char *text)
{
    char *written = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    g_assert_cmpstr(written, ==, text);
    free(written);
}

static void test_packets(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(packets); i++) {
        SocketIoPacket packet;

        g_test_message("%s", packets[i].text);
        g_assert_true(socketio_decode(packets[i].text, strlen(packets[i].text), &packet));
        g_assert_cmpint(packet.type, ==, packets[i].type);
        g_assert_cmpstr(packet.nsp, ==, packets[i].nsp);
        g_assert_cmpint(packet.has_id, ==, packets[i].id >= 0);
        if (packet.has_id)
            g_assert_cmpuint(packet.id, ==, (guint64)packets[i].id);
        g_assert_false(packet.is_unreadable);
        assert_data(packet.data, packets[i].data);
        socketio_packet_clear(&packet);
    }
}

static const char *const no_packets[] = {
    "",
    "a",
    "abc",
    "7[\"a\"]",
    "9",
    "-1",
    " 2[\"a\"]",
    "0[]",
    "0\"token\"",
    "0null",
    "0true",
    "012",
    "0/custom,12{}",
    "1{}",
    "1[]",
    "112",
    "2",
    "2/custom",
    "2/custom,",
    "212",
    "2{}",
    "2\"a\"",
    "2null",
    "2[]",
    "2[1]",
    "2[null,1]",
    "2[[\"a\"]]",
    "2[\"connect\"]",
    "2[\"connect_error\"]",
    "2[\"disconnect\"]",
    "2[\"disconnecting\"]",
    "2[\"newListener\"]",
    "2[\"removeListener\"]",
    "2abc[\"a\"]",
    "2-1[\"a\"]",
    "21.5[\"a\"]",
    "29007199254740992[\"a\"]",
    "299999999999999999999999999999[\"a\"]",
    "3[]",
    "30",
    "30{}",
    "30[",
    "4",
    "4[]",
    "47{}",
    "5[\"a\"]",
    "5-[\"a\"]",
    "51[\"a\"]",
    "5",
    "51",
    "61-[]",
    "2/0123456789012345678901234567890123456789012345678901234567890123456789,[\"a\"]",
};

static void test_no_packets(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(no_packets); i++) {
        SocketIoPacket packet;

        g_test_message("%s", no_packets[i]);
        g_assert_false(socketio_decode(no_packets[i], strlen(no_packets[i]), &packet));
    }
}

/* It has the form of an event, but something in it that cannot be read: the sender learns of it. */
static void test_unreadable(void)
{
    static const char *const texts[] = {
        "25[\"a\"",
        "25[\"a\",]",
        "25[\"a\",\"\\ud83d\"]",
        "25[\"a\",\"\\u0000\"]",
        "25[\"a\",1e999]",
        "25[\"a\",123456789012345678901234567890]",
        "25[\"a\",\"\xff\"]",
        "25[\"a\"]x",
        "25[\"a\",{\"b\":1,\"b\":2}]",
        "25[\"a\"\n",
        "25[",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        SocketIoPacket packet;

        g_assert_true(socketio_decode(texts[i], strlen(texts[i]), &packet));
        g_assert_true(packet.is_unreadable);
        g_assert_null(packet.data);
        g_assert_cmpuint(packet.id, ==, 5);
        socketio_packet_clear(&packet);
    }
}

/* Deeper than anybody needs: refused before it costs a stack. */
static void test_deep(void)
{
    g_autoptr(GString) text = g_string_new("2[\"a\",");
    SocketIoPacket packet;

    for (guint i = 0; i < 500000; i++)
        g_string_append_c(text, '[');
    for (guint i = 0; i < 500000; i++)
        g_string_append_c(text, ']');
    g_string_append_c(text, ']');
    g_assert_true(socketio_decode(text->str, text->len, &packet));
    g_assert_true(packet.is_unreadable);
    socketio_packet_clear(&packet);
}

/* The text is not terminated: nothing behind its length is looked at. */
static void test_length(void)
{
    SocketIoPacket packet;

    g_assert_true(socketio_decode("0{}{}", 3, &packet));
    assert_data(packet.data, "{}");
    socketio_packet_clear(&packet);
    g_assert_false(socketio_decode("2\0[\"a\"]", 7, &packet));
    g_assert_false(socketio_decode("0/a\0b,{}", 8, &packet));
}

static void test_encode(void)
{
    static const struct {
        SocketIoType type;
        const char *nsp;
        gint64 id;
        const char *data;
        const char *text;
    } written[] = {
        {SOCKETIO_CONNECT, "/", -1, "{\"sid\":\"x\"}", "0{\"sid\":\"x\"}"},
        {SOCKETIO_CONNECT, "/a", -1, "{\"sid\":\"x\"}", "0/a,{\"sid\":\"x\"}"},
        {SOCKETIO_DISCONNECT, "/", -1, NULL, "1"},
        {SOCKETIO_DISCONNECT, "/a", -1, NULL, "1/a,"},
        {SOCKETIO_EVENT, "/", -1, "[\"e\",{}]", "2[\"e\",{}]"},
        {SOCKETIO_EVENT, "/a", 12, "[\"e\"]", "2/a,12[\"e\"]"},
        {SOCKETIO_ACK, "/", 0, "[1]", "30[1]"},
        {SOCKETIO_CONNECT_ERROR, "/a", -1, "{\"message\":\"m\"}", "4/a,{\"message\":\"m\"}"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(written); i++) {
        json_t *data = written[i].data ? json_loads(written[i].data, 0, NULL) : NULL;
        guint64 id = (guint64)written[i].id;
        g_autoptr(GString) text =
            socketio_encode(written[i].type, written[i].nsp, written[i].id >= 0 ? &id : NULL, data);

        g_assert_cmpstr(text->str, ==, written[i].text);
        json_decref(data);
    }
}

/* --- namespaces --- */

typedef struct {
    SocketIoSettings settings;
    SocketIoSession session;
    GArray *outputs;
    gint64 now_us;
    SocketIoAsk ask; /* of the last output that had one */
} World;

static void set_up(World *world, gconstpointer data G_GNUC_UNUSED)
{
    world->settings = (SocketIoSettings){.nsp = "/calls", .connect_us = 10 * SECOND};
    world->now_us = 1000 * SECOND;
    world->outputs = socketio_outputs_new();
    socketio_session_init(&world->session, &world->settings, world->now_us);
}

static void tear_down(World *world, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpuint(world->outputs->len, ==, 0);
    g_array_unref(world->outputs);
    socketio_session_clear(&world->session);
}

static void show_with_data(GString *text, const char *what, const SocketIoOutput *output)
{
    char *data = output->data ? json_dumps(output->data, JSON_COMPACT) : NULL;

    g_string_append_printf(text, "%s:%u", what, output->ask.place);
    if (output->ask.has_id)
        g_string_append_printf(text, "#%" G_GUINT64_FORMAT, output->ask.id);
    g_string_append_printf(text, ":%s ", data ? data : output->fault);
    free(data);
}

static void show(GString *text, const SocketIoOutput *output)
{
    switch (output->what) {
    case SOCKETIO_DO_SEND:
        g_string_append_printf(text, "<%s ", output->text->str);
        return;
    case SOCKETIO_DO_CLOSE:
        g_string_append(text, "close ");
        return;
    case SOCKETIO_DO_CONNECT:
        show_with_data(text, "connect", output);
        return;
    case SOCKETIO_DO_LEAVE:
        g_string_append_printf(text, "leave:%u ", output->ask.place);
        return;
    case SOCKETIO_DO_EVENT:
        show_with_data(text, "event", output);
        return;
    case SOCKETIO_DO_ACK:
        show_with_data(text, "ack", output);
        return;
    }
}

static void expect(World *world, const char *what)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < world->outputs->len; i++) {
        const SocketIoOutput *output = socketio_output(world->outputs, i);

        show(text, output);
        if (output->what != SOCKETIO_DO_SEND && output->what != SOCKETIO_DO_CLOSE)
            world->ask = output->ask;
    }
    g_string_truncate(text, text->len ? text->len - 1 : 0);
    g_assert_cmpstr(text->str, ==, what);
    g_array_set_size(world->outputs, 0);
}

static void take(World *world, const char *text)
{
    socketio_take(&world->session, text, strlen(text), world->now_us, world->outputs);
}

static void admit(World *world)
{
    socketio_admit(&world->session, &world->ask, "S", NULL, world->outputs);
}

static void emit(World *world, guint place, const char *text)
{
    socketio_emit(&world->session, place, text, strlen(text), NULL, world->outputs);
}

static void connect(World *world)
{
    take(world, "0");
    expect(world, "connect:0:{}");
    admit(world);
    expect(world, "<0{\"sid\":\"S\"}");
}

static void test_connect(World *world, gconstpointer data G_GNUC_UNUSED)
{
    take(world, "0{\"token\":\"t\"}");
    expect(world, "connect:0:{\"token\":\"t\"}");
    g_assert_false(socketio_is_alone(&world->session));
    admit(world);
    expect(world, "<0{\"sid\":\"S\"}");
    take(world, "0/calls,");
    expect(world, "connect:1:{}");
    admit(world);
    expect(world, "<0/calls,{\"sid\":\"S\"}");
}

static void test_unknown_namespace(World *world, gconstpointer data G_GNUC_UNUSED)
{
    take(world, "0/random");
    expect(world, "<4/random,{\"message\":\"Invalid namespace\"}");
    g_assert_true(socketio_is_alone(&world->session));
    take(world, "2/random,[\"a\"]");
    expect(world, "close");
}

static void test_no_second_namespace(World *world, gconstpointer data G_GNUC_UNUSED)
{
    world->settings.nsp = "";
    take(world, "0/calls");
    expect(world, "<4/calls,{\"message\":\"Invalid namespace\"}");
    connect(world);
}

static void test_turned_away(World *world, gconstpointer data G_GNUC_UNUSED)
{
    json_t *error = json_pack("{s:s}", "code", "unauthorized");

    take(world, "0/calls,");
    expect(world, "connect:1:{}");
    world->now_us += SECOND;
    socketio_turn_away(&world->session, &world->ask, "who are you?", error, world->now_us,
                       world->outputs);
    expect(world, "<4/calls,{\"message\":\"who are you?\",\"data\":{\"code\":\"unauthorized\"}}");
    g_assert_cmpint(world->session.alone_us, ==, world->now_us + 10 * SECOND);
    take(world, "0/calls,{\"token\":\"better\"}");
    expect(world, "connect:1:{\"token\":\"better\"}");
    admit(world);
    expect(world, "<0/calls,{\"sid\":\"S\"}");
    json_decref(error);
}

static void test_unreadable_auth(World *world, gconstpointer data G_GNUC_UNUSED)
{
    take(world, "0{\"token\":\"\\ud83d\"}");
    expect(world, "connect:0:auth: cannot be read");
}

static void test_before_connect(World *world, gconstpointer data G_GNUC_UNUSED)
{
    take(world, "2[\"a\"]");
    expect(world, "close");
    take(world, "0");
    expect(world, "connect:0:{}");
    take(world, "2[\"a\"]");
    expect(world, "close");
    take(world, "0");
    expect(world, "close");
}

static void test_never_connects(World *world, gconstpointer data G_GNUC_UNUSED)
{
    socketio_timeout(&world->session, world->now_us + 10 * SECOND - 1, world->outputs);
    expect(world, "");
    socketio_timeout(&world->session, world->now_us + 10 * SECOND, world->outputs);
    expect(world, "close");
    g_assert_cmpint(world->session.alone_us, ==, G_MAXINT64);
}

static void test_event(World *world, gconstpointer data G_GNUC_UNUSED)
{
    json_t *value = json_pack("{s:b}", "ok", TRUE);

    connect(world);
    take(world, "2[\"a\",{\"b\":1}]");
    expect(world, "event:0:[\"a\",{\"b\":1}]");
    socketio_answer(&world->session, &world->ask, value, world->outputs);
    expect(world, "");
    take(world, "217[\"a\"]");
    expect(world, "event:0#17:[\"a\"]");
    socketio_answer(&world->session, &world->ask, value, world->outputs);
    expect(world, "<317[{\"ok\":true}]");
    json_decref(value);
}

/* The answer comes when the client has left, and been there again. */
static void test_late_answer(World *world, gconstpointer data G_GNUC_UNUSED)
{
    json_t *value = json_object();
    SocketIoAsk asked;

    connect(world);
    take(world, "217[\"a\"]");
    expect(world, "event:0#17:[\"a\"]");
    asked = world->ask;
    take(world, "1");
    expect(world, "leave:0");
    socketio_answer(&world->session, &asked, value, world->outputs);
    expect(world, "");
    connect(world);
    socketio_answer(&world->session, &asked, value, world->outputs);
    expect(world, "");
    json_decref(value);
}

static void test_late_admission(World *world, gconstpointer data G_GNUC_UNUSED)
{
    SocketIoAsk first;

    take(world, "0");
    expect(world, "connect:0:{}");
    first = world->ask;
    take(world, "1");
    expect(world, "leave:0");
    socketio_admit(&world->session, &first, "S", NULL, world->outputs);
    expect(world, "");
    take(world, "0");
    expect(world, "connect:0:{}");
    socketio_admit(&world->session, &first, "S", NULL, world->outputs);
    socketio_turn_away(&world->session, &first, "no", NULL, world->now_us, world->outputs);
    expect(world, "");
    admit(world);
    expect(world, "<0{\"sid\":\"S\"}");
}

/* What is said while the client is being let in comes after that. */
static void test_held(World *world, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) first = g_ptr_array_new();

    emit(world, 0, "[\"nobody\"]");
    expect(world, "");
    take(world, "0");
    expect(world, "connect:0:{}");
    emit(world, 0, "[\"two\"]");
    emit(world, 1, "[\"nobody\"]");
    emit(world, 0, "[\"three\"]");
    expect(world, "");
    g_ptr_array_add(first, (gpointer) "[\"one\"]");
    socketio_admit(&world->session, &world->ask, "S", first, world->outputs);
    expect(world, "<0{\"sid\":\"S\"} <2[\"one\"] <2[\"two\"] <2[\"three\"]");
    emit(world, 0, "[\"four\"]");
    expect(world, "<2[\"four\"]");
}

static void test_held_and_left(World *world, gconstpointer data G_GNUC_UNUSED)
{
    take(world, "0");
    expect(world, "connect:0:{}");
    emit(world, 0, "[\"one\"]");
    take(world, "1");
    expect(world, "leave:0");
    connect(world);
}

static void test_acks(World *world, gconstpointer data G_GNUC_UNUSED)
{
    guint64 one = 99, two = 99;

    take(world, "0/calls");
    expect(world, "connect:1:{}");
    socketio_emit(&world->session, 1, "[\"a\"]", 5, &one, world->outputs);
    admit(world);
    socketio_emit(&world->session, 1, "[\"b\"]", 5, &two, world->outputs);
    expect(world, "<0/calls,{\"sid\":\"S\"} <2/calls,0[\"a\"] <2/calls,1[\"b\"]");
    g_assert_cmpuint(one, ==, 0);
    g_assert_cmpuint(two, ==, 1);
    take(world, "3/calls,1[{\"ringing\":true}]");
    expect(world, "ack:1#1:[{\"ringing\":true}]");
}

static void test_leave(World *world, gconstpointer data G_GNUC_UNUSED)
{
    connect(world);
    take(world, "0/calls");
    expect(world, "connect:1:{}");
    admit(world);
    expect(world, "<0/calls,{\"sid\":\"S\"}");
    take(world, "1/calls");
    expect(world, "leave:1");
    g_assert_false(socketio_is_alone(&world->session));
    take(world, "2[\"a\"]");
    expect(world, "event:0:[\"a\"]");
    take(world, "1");
    expect(world, "leave:0");
    g_assert_true(socketio_is_alone(&world->session));
    g_assert_cmpint(world->session.alone_us, ==, world->now_us + 10 * SECOND);
    take(world, "2[\"a\"]");
    expect(world, "close");
}

/* What it had sent before it knew that it is out is no fault of its. */
static void test_expelled(World *world, gconstpointer data G_GNUC_UNUSED)
{
    connect(world);
    socketio_expel(&world->session, 0, world->now_us, world->outputs);
    socketio_expel(&world->session, 1, world->now_us, world->outputs);
    expect(world, "<1");
    take(world, "25[\"a\"]");
    take(world, "1");
    take(world, "30[]");
    expect(world, "");
    connect(world);
}

static void test_binary(World *world, gconstpointer data G_GNUC_UNUSED)
{
    connect(world);
    take(world, "51-12[\"a\",{\"_placeholder\":true,\"num\":0}]");
    expect(world, "event:0#12:binary attachments are not taken close");
    take(world, "61-12[]");
    expect(world, "close");
    socketio_take_binary(&world->session, world->outputs);
    expect(world, "close");
}

static void test_unreadable_event(World *world, gconstpointer data G_GNUC_UNUSED)
{
    connect(world);
    take(world, "212[\"a\",\"\\ud83d\"]");
    expect(world, "event:0#12:the arguments cannot be read");
}

static void test_wrong_packets(World *world, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const wrong[] = {"0",   "4{\"message\":\"m\"}", "abc",
                                        "2{}", "2abc[\"a\"]",          ""};

    connect(world);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        take(world, wrong[i]);
        expect(world, "close");
    }
}

/* --- the words of apps --- */

static const struct {
    const char *event;
    const char *body; /* NULL: refused */
    const char *fault;
} translations[] = {
    {"[\"call:reject\",{\"callId\":\"C\",\"reason\":\"no\"}]",
     "{\"callId\":\"C\",\"reason\":\"no\",\"request\":\"call:reject\"}", NULL},
    {"[\"call:decline\",{\"callId\":\"C\"}]", "{\"callId\":\"C\",\"request\":\"call:reject\"}",
     NULL},
    {"[\"call:cancel\",{\"callId\":\"C\"}]", "{\"callId\":\"C\",\"request\":\"call:end\"}", NULL},
    {"[\"call:hangup\",{\"callId\":\"C\"}]", "{\"callId\":\"C\",\"request\":\"call:end\"}", NULL},
    {"[\"call:unregister\"]", "{\"request\":\"call:unregister\"}", NULL},
    {"[\"call:unregister\",null]", "{\"request\":\"call:unregister\"}", NULL},
    {"[\"chat\",{\"request\":\"call:end\"}]", "{\"request\":\"chat\"}", NULL},
    {"[\"call:reject\",{\"callId\":\"C\"},2,3]", "{\"callId\":\"C\",\"request\":\"call:reject\"}",
     NULL},
    {"[\"call:initiate\",{\"receiverId\":\"bob\"}]",
     "{\"calleeId\":\"bob\",\"receiverId\":\"bob\",\"request\":\"call:initiate\"}", NULL},
    {"[\"call:initiate\",{\"targetUserId\":7}]",
     "{\"calleeId\":7,\"request\":\"call:initiate\",\"targetUserId\":7}", NULL},
    {"[\"call:initiate\",{\"to\":\"bob\",\"receiverId\":null}]",
     "{\"calleeId\":\"bob\",\"receiverId\":null,\"request\":\"call:initiate\",\"to\":\"bob\"}",
     NULL},
    {"[\"call:initiate\",{\"calleeId\":\"bob\",\"to\":\"eve\"}]",
     "{\"calleeId\":\"bob\",\"request\":\"call:initiate\",\"to\":\"eve\"}", NULL},
    {"[\"call:initiate\",{\"callType\":\"video\"}]",
     "{\"callType\":\"video\",\"media\":{\"audio\":true,\"video\":true},\"request\":\"call:"
     "initiate\"}",
     NULL},
    {"[\"call:initiate\",{\"type\":\"voice\"}]",
     "{\"media\":{\"audio\":true,\"video\":false},\"request\":\"call:initiate\",\"type\":"
     "\"voice\"}",
     NULL},
    {"[\"call:initiate\",{\"type\":\"audio\",\"media\":{\"video\":true}}]",
     "{\"media\":{\"video\":true},\"request\":\"call:initiate\",\"type\":\"audio\"}", NULL},
    {"[\"call:reject\",{\"to\":\"bob\",\"type\":\"spam\"}]",
     "{\"request\":\"call:reject\",\"to\":\"bob\",\"type\":\"spam\"}", NULL},
    {"[\"call:reject\",\"C\"]", NULL, "the argument must be an object"},
    {"[\"call:reject\",[]]", NULL, "the argument must be an object"},
    {"[\"call:initiate\",{\"callType\":\"hologram\"}]", NULL,
     "callType: must be audio, voice or video"},
    {"[\"call:initiate\",{\"type\":7}]", NULL, "callType: must be audio, voice or video"},
};

static void test_names(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(translations); i++) {
        json_t *event = json_loads(translations[i].event, 0, NULL);
        const char *fault = NULL;
        json_t *body = socketio_request(event, &fault);
        char *text = body ? json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

        g_assert_cmpstr(text, ==, translations[i].body);
        g_assert_cmpstr(fault, ==, translations[i].fault);
        free(text);
        json_decref(body);
        json_decref(event);
    }
}

static void test_registration(void)
{
    json_t *auth =
        json_loads("{\"token\":\"t\",\"userId\":7,\"deviceId\":null,\"displayName\":\"A\","
                   "\"request\":\"call:end\",\"other\":[]}",
                   0, NULL);
    json_t *body = socketio_registration(auth);

    assert_data(body, "{\"request\":\"call:register\",\"token\":\"t\",\"userId\":7,"
                      "\"displayName\":\"A\"}");
    json_decref(body);
    json_decref(auth);
}

/* --- events --- */

static Record *make_record(void)
{
    g_autoptr(CallFacts) facts = call_facts_new();

    ref_string_set(&facts->call_id, "CALL_1");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->callee_id, "bob");
    facts->media.audio = TRUE;
    facts->created_ms = 1000;
    facts->ring_ms = 45000;
    return record_new(facts);
}

static void test_event_text(void)
{
    g_autoptr(Record) record = make_record();
    Message message = {
        .kind = MESSAGE_INCOMING, .record = record, .timestamp_ms = 1000, .expires_in_ms = 45000};
    gsize length;
    g_autofree char *text = socketio_event_write(&message, NULL, &length);
    g_autofree char *json = socketio_event_json(&message, NULL);
    SocketIoEvent event = socketio_event_read(text, length);

    g_assert_cmpint(event.effect, ==, SOCKETIO_RINGS);
    g_assert_cmpmem(event.call_id, event.call_id_length, "CALL_1", 6);
    g_assert_cmpmem(event.json, event.length, json, strlen(json));
    g_assert_cmpstr(
        json, ==,
        "[\"call:incoming\",{\"callId\":\"CALL_1\",\"rev\":1,\"timestamp\":1000,"
        "\"callerId\":\"alice\",\"calleeId\":\"bob\",\"media\":{\"audio\":true,"
        "\"video\":false},\"mode\":\"none\",\"expiresAt\":46000,\"expiresInMs\":45000}]");
}

static void test_event_effects(void)
{
    static const struct {
        MessageKind kind;
        Cause cause;
        SocketIoEffect effect;
    } effects[] = {
        {MESSAGE_INCOMING, CAUSE_NONE, SOCKETIO_RINGS},
        {MESSAGE_OUTGOING, CAUSE_NONE, SOCKETIO_JUST_SEND},
        {MESSAGE_RINGING, CAUSE_NONE, SOCKETIO_JUST_SEND},
        {MESSAGE_ACCEPTED, CAUSE_NONE, SOCKETIO_ANSWERS},
        {MESSAGE_REJECTED, CAUSE_DECLINED, SOCKETIO_CLOSES},
        {MESSAGE_TIMEOUT, CAUSE_NO_ANSWER, SOCKETIO_CLOSES},
        {MESSAGE_ENDED, CAUSE_HANGUP, SOCKETIO_CLOSES},
        {MESSAGE_PEER, CAUSE_NONE, SOCKETIO_JUST_SEND},
    };
    g_autoptr(Record) record = make_record();

    for (guint i = 0; i < G_N_ELEMENTS(effects); i++) {
        Message message = {.kind = effects[i].kind, .cause = effects[i].cause, .record = record};
        gsize length;
        g_autofree char *text = socketio_event_write(&message, NULL, &length);

        g_assert_cmpint(socketio_event_read(text, length).effect, ==, effects[i].effect);
    }
}

static void test_lost_registration(void)
{
    static const struct {
        MessageKind kind;
        Cause cause;
        SocketIoEffect effect;
        const char *json;
    } effects[] = {
        {MESSAGE_REPLACED, CAUSE_NONE, SOCKETIO_REPLACES, "[\"call:replaced\",{\"timestamp\":5}]"},
        {MESSAGE_UNREGISTERED, CAUSE_ADMIN, SOCKETIO_EXPELS,
         "[\"call:unregistered\",{\"timestamp\":5,\"cause\":\"admin\"}]"},
        {MESSAGE_UNREGISTERED, CAUSE_TOKEN_EXPIRED, SOCKETIO_EXPIRES,
         "[\"call:unregistered\",{\"timestamp\":5,\"cause\":\"token_expired\"}]"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(effects); i++) {
        Message message = {.kind = effects[i].kind, .cause = effects[i].cause, .timestamp_ms = 5};
        gsize length;
        g_autofree char *text = socketio_event_write(&message, NULL, &length);
        SocketIoEvent event = socketio_event_read(text, length);

        g_assert_cmpint(event.effect, ==, effects[i].effect);
        g_assert_cmpuint(event.call_id_length, ==, 0);
        g_assert_cmpstr(event.json, ==, effects[i].json);
    }
}

#define SESSION(path, test)                                                                        \
    g_test_add("/socketio/session/" path, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socketio/packets", test_packets);
    g_test_add_func("/socketio/what-is-no-packet", test_no_packets);
    g_test_add_func("/socketio/what-cannot-be-read", test_unreadable);
    g_test_add_func("/socketio/deep", test_deep);
    g_test_add_func("/socketio/length", test_length);
    g_test_add_func("/socketio/encode", test_encode);
    SESSION("connect", test_connect);
    SESSION("an-unknown-namespace-is-refused", test_unknown_namespace);
    SESSION("no-second-namespace", test_no_second_namespace);
    SESSION("turned-away", test_turned_away);
    SESSION("unreadable-auth", test_unreadable_auth);
    SESSION("nothing-before-connect", test_before_connect);
    SESSION("who-never-connects-is-closed", test_never_connects);
    SESSION("event", test_event);
    SESSION("a-late-answer-is-dropped", test_late_answer);
    SESSION("a-late-admission-is-dropped", test_late_admission);
    SESSION("events-are-held-back", test_held);
    SESSION("held-back-and-left", test_held_and_left);
    SESSION("acks", test_acks);
    SESSION("leave", test_leave);
    SESSION("expelled", test_expelled);
    SESSION("binary-is-refused", test_binary);
    SESSION("an-unreadable-event-is-refused", test_unreadable_event);
    SESSION("wrong-packets-close", test_wrong_packets);
    g_test_add_func("/socketio/names", test_names);
    g_test_add_func("/socketio/registration", test_registration);
    g_test_add_func("/socketio/event/text", test_event_text);
    g_test_add_func("/socketio/event/effects", test_event_effects);
    g_test_add_func("/socketio/event/lost-registration", test_lost_registration);
    return g_test_run();
}
