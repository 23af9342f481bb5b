/* listener/engineio and listener/engineio_session: every packet, good and bad, and the life of a
 * session as traces. */
#include "listener/engineio_session.h"

#include <string.h>

#define MS G_GINT64_CONSTANT(1000)
#define SECOND (1000 * MS)

/* --- packets --- */

static const struct {
    const char *text;
    EngineIoType type;
    const char *data;
} packets[] = {
    {"0", ENGINEIO_OPEN, ""},
    {"1", ENGINEIO_CLOSE, ""},
    {"2", ENGINEIO_PING, ""},
    {"2probe", ENGINEIO_PING, "probe"},
    {"3", ENGINEIO_PONG, ""},
    {"3probe", ENGINEIO_PONG, "probe"},
    {"4", ENGINEIO_MESSAGE, ""},
    {"4hello", ENGINEIO_MESSAGE, "hello"},
    {"44", ENGINEIO_MESSAGE, "4"},
    {"4h\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", ENGINEIO_MESSAGE,
     "h\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"5", ENGINEIO_UPGRADE, ""},
    {"6", ENGINEIO_NOOP, ""},
    {"b", ENGINEIO_BINARY, ""},
    {"bAQIDBA==", ENGINEIO_BINARY, "AQIDBA=="},
    {"bAQID", ENGINEIO_BINARY, "AQID"},
};

static void test_packets(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(packets); i++) {
        EngineIoPacket packet;

        g_test_message("%s", packets[i].text);
        g_assert_true(engineio_decode(packets[i].text, strlen(packets[i].text), &packet));
        g_assert_cmpint(packet.type, ==, packets[i].type);
        g_assert_cmpmem(packet.data, packet.length, packets[i].data, strlen(packets[i].data));
    }
}

static const char *const no_packets[] = {
    "",       "7",     "9",       "a",           "abc",    " 4",     "-1",        "0{}",
    "1x",     "2prob", "2probes", "3x",          "5probe", "6 ",     "bA",        "bAQ=",
    "bAQID=", "bA=ID", "b====",   "b\xc3\xa4==", "4\xff",  "4a\xc3", "4\xc0\x80", "4\xed\xa0\x80",
    "\xf4",
};

static void test_no_packets(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(no_packets); i++) {
        EngineIoPacket packet = {.length = 77};

        g_test_message("%s", no_packets[i]);
        g_assert_false(engineio_decode(no_packets[i], strlen(no_packets[i]), &packet));
        g_assert_cmpuint(packet.length, ==, 77);
    }
}

/* A message may not hide a NUL: nothing behind it would be looked at. */
static void test_nul(void)
{
    EngineIoPacket packet;

    g_assert_false(engineio_decode("4a\0b", 4, &packet));
    g_assert_false(engineio_decode("\0", 1, &packet));
}

static char *list_payload(const char *text)
{
    EngineIoPayload payload = {.text = text, .length = strlen(text)};
    GString *list = g_string_new(NULL);
    EngineIoPacket packet;

    while (engineio_next(&payload, &packet))
        g_string_append_printf(list, "%d:%.*s ", packet.type, (int)packet.length, packet.data);
    g_assert_false(engineio_next(&payload, &packet));
    g_string_append(list, payload.is_broken ? "broken" : "whole");
    return g_string_free(list, FALSE);
}

static void test_payloads(void)
{
    static const struct {
        const char *text;
        const char *list;
    } payloads[] = {
        {"4a", "4:a whole"},
        {"4a\x1e"
         "4b\x1e"
         "4c",
         "4:a 4:b 4:c whole"},
        {"4a\x1e"
         "bAQID\x1e"
         "1",
         "4:a 7:AQID 1: whole"},
        {"4\x1e"
         "4",
         "4: 4: whole"},
        {"", "broken"},
        {"\x1e", "broken"},
        {"4a\x1e", "4:a broken"},
        {"\x1e"
         "4a",
         "broken"},
        {"4a\x1e\x1e"
         "4b",
         "4:a broken"},
        {"4a\x1e"
         "xyz\x1e"
         "4b",
         "4:a broken"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_autofree char *list = list_payload(payloads[i].text);

        g_assert_cmpstr(list, ==, payloads[i].list);
    }
}

static void test_append(void)
{
    g_autoptr(GString) payload = g_string_new(NULL);

    engineio_append(payload, ENGINEIO_MESSAGE, "a", 1);
    engineio_append(payload, ENGINEIO_PING, NULL, 0);
    engineio_append(payload, ENGINEIO_MESSAGE, "bc", 2);
    g_assert_cmpstr(payload->str, ==,
                    "4a\x1e"
                    "2\x1e"
                    "4bc");
}

static void test_queries(void)
{
    static const struct {
        const char *version, *transport;
        int error; /* -1: none */
    } queries[] = {
        {"4", "polling", -1},
        {"4", "websocket", -1},
        {NULL, "polling", ENGINEIO_UNSUPPORTED_VERSION},
        {"3", "polling", ENGINEIO_UNSUPPORTED_VERSION},
        {"abc", "websocket", ENGINEIO_UNSUPPORTED_VERSION},
        {"", "polling", ENGINEIO_UNSUPPORTED_VERSION},
        {"44", "polling", ENGINEIO_UNSUPPORTED_VERSION},
        {"4", NULL, ENGINEIO_UNKNOWN_TRANSPORT},
        {"4", "abc", ENGINEIO_UNKNOWN_TRANSPORT},
        {"4", "webtransport", ENGINEIO_UNKNOWN_TRANSPORT},
        {"4", "Polling", ENGINEIO_UNKNOWN_TRANSPORT},
        {"3", "abc", ENGINEIO_UNKNOWN_TRANSPORT},
    };

    for (guint i = 0; i < G_N_ELEMENTS(queries); i++) {
        EngineIoQuery query = engineio_query(queries[i].version, queries[i].transport, "sid");
        EngineIoError error = ENGINEIO_FORBIDDEN;

        g_assert_cmpint(engineio_check_query(&query, &error), ==, queries[i].error == -1);
        if (queries[i].error != -1)
            g_assert_cmpint(error, ==, queries[i].error);
        g_assert_cmpstr(query.sid, ==, "sid");
    }
}

static void test_errors(void)
{
    static const char *const bodies[ENGINEIO_ERRORS] = {
        "{\"code\":0,\"message\":\"Transport unknown\"}",
        "{\"code\":1,\"message\":\"Session ID unknown\"}",
        "{\"code\":2,\"message\":\"Bad handshake method\"}",
        "{\"code\":3,\"message\":\"Bad request\"}",
        "{\"code\":4,\"message\":\"Forbidden\"}",
        "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
    };

    for (EngineIoError error = 0; error < ENGINEIO_ERRORS; error++) {
        g_assert_cmpstr(engineio_error_body(error), ==, bodies[error]);
        g_assert_cmpuint(engineio_error_status(error), ==, error == ENGINEIO_FORBIDDEN ? 403 : 400);
    }
}

/* --- sessions --- */

/* What happens is named by letters: P, Q are polls, X, Y posts, W, V WebSockets. */
typedef struct {
    EngineIoSettings settings;
    EngineIoSession *session;
    GArray *outputs;
    gint64 now_us;
} World;

static void set_up(World *world, gconstpointer data G_GNUC_UNUSED)
{
    world->settings = (EngineIoSettings){
        .ping_interval_us = 25 * SECOND,
        .ping_timeout_us = 20 * SECOND,
        .upgrade_us = 10 * SECOND,
        .max_payload = 1000000,
        .max_waiting = 100,
    };
    world->now_us = 1000 * SECOND;
    world->session = engineio_session_new(&world->settings, "SID", world->now_us);
    world->outputs = engineio_outputs_new();
}

static void tear_down(World *world, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpuint(world->outputs->len, ==, 0);
    g_array_unref(world->outputs);
    engineio_session_free(world->session);
}

static gpointer named(char letter)
{
    return GINT_TO_POINTER(letter);
}

static const char *const reasons[] = {
    [ENGINEIO_CLOSED_BY_CLIENT] = "client",
    [ENGINEIO_CLOSED_BY_SERVER] = "server",
    [ENGINEIO_TRANSPORT_CLOSED] = "transport",
    [ENGINEIO_PING_TIMEOUT] = "ping",
    [ENGINEIO_PARSE_ERROR] = "parse",
    [ENGINEIO_OVERLAP] = "overlap",
    [ENGINEIO_SLOW] = "slow",
};

static void show(GString *text, const EngineIoOutput *output)
{
    switch (output->what) {
    case ENGINEIO_DO_SEND:
        g_string_append_printf(text, "%c<%s ", GPOINTER_TO_INT(output->on), output->text);
        return;
    case ENGINEIO_DO_DROP:
        g_string_append_printf(text, "%c. ", GPOINTER_TO_INT(output->on));
        return;
    case ENGINEIO_DO_ANSWER:
        g_string_append_printf(text, "%c=%u:%s ", GPOINTER_TO_INT(output->on), output->status,
                               output->text);
        return;
    case ENGINEIO_DO_MESSAGE:
        g_string_append_printf(text, "\"%s\" ", output->text);
        return;
    case ENGINEIO_DO_BINARY:
        g_string_append(text, "binary ");
        return;
    case ENGINEIO_DO_END:
        g_string_append_printf(text, "end:%s ", reasons[output->reason]);
        return;
    }
}

/* What came out since the last look; a separator shows as a bar. */
static void expect(World *world, const char *what)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < world->outputs->len; i++)
        show(text, engineio_output(world->outputs, i));
    g_string_truncate(text, text->len ? text->len - 1 : 0);
    for (char *c = text->str; *c; c++)
        *c = *c == ENGINEIO_SEPARATOR ? '|' : *c;
    g_assert_cmpstr(text->str, ==, what);
    g_array_set_size(world->outputs, 0);
}

#define BAD "400:{\"code\":3,\"message\":\"Bad request\"}"
#define UNKNOWN "400:{\"code\":1,\"message\":\"Session ID unknown\"}"

static void poll(World *world, char on)
{
    engineio_poll(world->session, named(on), world->now_us, world->outputs);
}

static void post(World *world, char on, const char *body)
{
    engineio_post(world->session, named(on), body, strlen(body), world->now_us, world->outputs);
}

static void frame(World *world, char on, const char *text)
{
    engineio_frame(world->session, named(on), text, strlen(text), world->now_us, world->outputs);
}

static gboolean upgrade(World *world, char on)
{
    return engineio_upgrade(world->session, named(on), world->now_us, world->outputs);
}

static void say(World *world, const char *text)
{
    engineio_send(world->session, text, strlen(text), world->outputs);
}

static void gone(World *world, char what)
{
    engineio_gone(world->session, named(what), FALSE, world->now_us, world->outputs);
}

static void shut(World *world)
{
    engineio_close(world->session, world->now_us, world->outputs);
}

/* As the door does: no deadline is passed over. */
static void advance(World *world, gint64 by_us)
{
    gint64 end_us = world->now_us + by_us;

    while (engineio_deadline(world->session) <= end_us) {
        gint64 at_us = engineio_deadline(world->session);

        g_assert_cmpint(at_us, >=, world->now_us);
        world->now_us = at_us;
        engineio_timeout(world->session, at_us, world->outputs);
        g_assert_cmpint(engineio_deadline(world->session), >, at_us);
    }
    world->now_us = end_us;
}

static void open_polling(World *world)
{
    engineio_open_polling(world->session, named('P'), world->outputs);
    expect(world, "P=200:0{\"sid\":\"SID\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                  "\"pingTimeout\":20000,\"maxPayload\":1000000}");
}

static void open_websocket(World *world)
{
    engineio_open_websocket(world->session, named('W'), world->outputs);
    expect(world, "W<0{\"sid\":\"SID\",\"upgrades\":[],\"pingInterval\":25000,"
                  "\"pingTimeout\":20000,\"maxPayload\":1000000}");
}

static void open_upgraded(World *world)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    frame(world, 'W', "2probe");
    frame(world, 'W', "5");
    expect(world, "W<3probe");
}

static void assert_over(World *world)
{
    g_assert_true(engineio_is_over(world->session));
    g_assert_cmpint(engineio_deadline(world->session), ==, G_MAXINT64);
    poll(world, 'Z');
    post(world, 'Y', "4a");
    expect(world, "Z=" UNKNOWN " Y=" UNKNOWN);
    say(world, "nobody hears");
    shut(world);
    g_assert_false(upgrade(world, 'V'));
    expect(world, "");
}

static void test_poll_is_held(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    expect(world, "");
    say(world, "hello");
    expect(world, "P=200:4hello");
    say(world, "one");
    say(world, "two");
    expect(world, "");
    poll(world, 'P');
    expect(world, "P=200:4one|4two");
}

static void test_post(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    post(world, 'X',
         "4a\x1e"
         "4b\x1e"
         "bAQID");
    expect(world, "\"a\" \"b\" binary X=200:ok");
    post(world, 'X',
         "6\x1e"
         "3\x1e"
         "5");
    expect(world, "X=200:ok");
}

static void test_bad_post(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    post(world, 'X',
         "4a\x1e"
         "abc");
    expect(world, "\"a\" P=200:1 end:parse X=" BAD);
    assert_over(world);
}

static void test_empty_post(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    post(world, 'X', "");
    expect(world, "end:parse X=" BAD);
    assert_over(world);
}

/* In this version the server pings; a client that does is not one. */
static void test_wrong_direction(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    frame(world, 'W', "2");
    expect(world, "W. end:parse");
    assert_over(world);
}

static void test_open_from_client(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    frame(world, 'W', "0");
    expect(world, "W. end:parse");
}

static void test_two_polls(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    poll(world, 'Q');
    expect(world, "P=200:1 end:overlap Q=" BAD);
    assert_over(world);
}

static void test_client_closes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    post(world, 'X',
         "4last\x1e"
         "1\x1e"
         "4after");
    expect(world, "\"last\" P=200:6 end:client X=200:ok");
    assert_over(world);
}

/* Its poll was sent before, and comes after. */
static void test_client_closes_first(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    post(world, 'X', "1");
    expect(world, "end:client X=200:ok");
    poll(world, 'P');
    expect(world, "P=200:6");
    assert_over(world);
}

static void test_websocket_closes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    frame(world, 'W', "1");
    expect(world, "W. end:client");
    assert_over(world);
}

static void test_websocket(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    g_assert_true(engineio_websocket(world->session) == named('W'));
    frame(world, 'W', "4a");
    say(world, "b");
    say(world, "c");
    expect(world, "\"a\" W<4b W<4c");
    engineio_frame(world->session, named('W'), NULL, 0, world->now_us, world->outputs);
    expect(world, "binary");
    frame(world, 'W', "bAQID");
    expect(world, "W. end:parse");
}

static void test_websocket_polls(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    poll(world, 'P');
    post(world, 'X', "4a");
    expect(world, "P=" BAD " X=" BAD);
    g_assert_false(upgrade(world, 'V'));
    g_assert_false(engineio_is_over(world->session));
}

static void test_pings(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    for (guint i = 0; i < 3; i++) {
        advance(world, 25 * SECOND - 1);
        expect(world, "");
        advance(world, 1);
        expect(world, "W<2");
        advance(world, 19 * SECOND);
        frame(world, 'W', "3");
        expect(world, "");
    }
    frame(world, 'W', "3"); /* one that nobody asked for changes nothing */
    advance(world, 25 * SECOND);
    expect(world, "W<2");
    frame(world, 'W', "4not a pong");
    expect(world, "\"not a pong\"");
    advance(world, 20 * SECOND);
    expect(world, "W. end:ping");
    assert_over(world);
}

static void test_polled_pings(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    advance(world, 25 * SECOND);
    expect(world, "");
    poll(world, 'P');
    expect(world, "P=200:2");
    post(world, 'X', "3");
    expect(world, "X=200:ok");
    poll(world, 'P');
    advance(world, 25 * SECOND);
    expect(world, "P=200:2");
    poll(world, 'P');
    advance(world, 20 * SECOND);
    expect(world, "P=200:1 end:ping");
    assert_over(world);
}

/* Nobody looked at the clock in time; what comes then is too late all the same. */
static void test_late_poll(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    engineio_timeout(world->session, world->now_us + 25 * SECOND + 100 * MS, world->outputs);
    expect(world, "");
    world->now_us += 45 * SECOND;
    poll(world, 'P');
    expect(world, "end:ping P=" UNKNOWN);
}

/* The machine slept: the client has time to answer. */
static void test_late_ping(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    world->now_us += 3600 * SECOND;
    engineio_timeout(world->session, world->now_us, world->outputs);
    expect(world, "W<2");
    advance(world, 10 * SECOND - 1);
    frame(world, 'W', "3");
    expect(world, "");
    advance(world, 25 * SECOND - 1);
    expect(world, "");
}

/* It came in time, but the server was too busy to look. */
static void test_late_pong(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    advance(world, 25 * SECOND);
    expect(world, "W<2");
    world->now_us += 21 * SECOND;
    frame(world, 'W', "3");
    expect(world, "");
    advance(world, 25 * SECOND);
    expect(world, "W<2");
}

static void test_upgrade(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    g_assert_true(upgrade(world, 'W'));
    expect(world, "");
    say(world, "by poll");
    expect(world, "P=200:4by poll");
    poll(world, 'P');
    frame(world, 'W', "2probe");
    expect(world, "W<3probe P=200:6");
    g_assert_null(engineio_websocket(world->session));

    poll(world, 'P'); /* it had not seen the probe's answer */
    expect(world, "");
    advance(world, 100 * MS);
    expect(world, "P=200:6");
    say(world, "one");
    say(world, "two");
    expect(world, "");
    frame(world, 'W', "5");
    expect(world, "W<4one W<4two");
    g_assert_true(engineio_websocket(world->session) == named('W'));

    say(world, "three");
    frame(world, 'W', "4four");
    expect(world, "W<4three \"four\"");
    advance(world, 24 * SECOND);
    expect(world, "");
}

/* A poll that is open when the upgrade is complete is let go. */
static void test_upgrade_with_poll(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    frame(world, 'W', "2probe");
    poll(world, 'P');
    frame(world, 'W', "5");
    expect(world, "W<3probe P=200:6");
    poll(world, 'P');
    post(world, 'X', "4a");
    expect(world, "P=" BAD " X=" BAD);
    g_assert_false(upgrade(world, 'V'));
    frame(world, 'W', "4a");
    expect(world, "\"a\"");
}

static void test_second_probe(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    g_assert_false(upgrade(world, 'V'));
    gone(world, 'W');
    g_assert_true(upgrade(world, 'V'));
    frame(world, 'V', "2probe");
    frame(world, 'V', "5");
    expect(world, "V<3probe");
}

/* Whatever a probe does, the polling goes on. */
static void test_bad_probe(World *world, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const bad[] = {"5", "4hello", "2", "3probe", "1", "abc", ""};

    open_polling(world);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_true(upgrade(world, 'W'));
        frame(world, 'W', bad[i]);
        expect(world, "W.");
    }
    g_assert_true(upgrade(world, 'W'));
    frame(world, 'W', "2probe");
    frame(world, 'W', "2probe");
    expect(world, "W<3probe W.");
    poll(world, 'P');
    say(world, "still here");
    expect(world, "P=200:4still here");
}

static void test_slow_probe(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    frame(world, 'W', "2probe");
    expect(world, "W<3probe");
    advance(world, 10 * SECOND);
    expect(world, "W.");
    poll(world, 'P');
    advance(world, SECOND);
    expect(world, "");
    say(world, "a");
    expect(world, "P=200:4a");
}

static void test_poll_goes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    poll(world, 'P');
    gone(world, 'P');
    expect(world, "W. end:transport");
    assert_over(world);
}

static void test_farewell(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_upgraded(world);
    engineio_gone(world->session, named('W'), TRUE, world->now_us, world->outputs);
    expect(world, "end:client");
    assert_over(world);
}

static void test_websocket_goes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_upgraded(world);
    gone(world, 'W');
    expect(world, "end:transport");
    assert_over(world);
}

/* It goes at the moment at which its pong is late: nothing is said to it any more. */
static void test_goes_late(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    advance(world, 25 * SECOND);
    expect(world, "W<2");
    world->now_us += 20 * SECOND;
    gone(world, 'W');
    expect(world, "end:ping");
}

static void test_stranger_goes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_upgraded(world);
    gone(world, 'V');
    frame(world, 'V', "4hello");
    expect(world, "");
    g_assert_false(engineio_is_over(world->session));
}

static void test_server_closes(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    say(world, "last");
    shut(world);
    expect(world, "W<4last W. end:server");
    assert_over(world);
}

static void test_server_closes_poll(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    poll(world, 'P');
    shut(world);
    expect(world, "P=200:1 end:server");
    assert_over(world);
}

/* Nobody polls just now: the next one gets what was said, and the end. */
static void test_server_closes_later(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    g_assert_true(upgrade(world, 'W'));
    say(world, "last");
    shut(world);
    expect(world, "W. end:server");
    g_assert_false(engineio_is_over(world->session));
    post(world, 'X', "4a");
    expect(world, "X=" BAD);
    poll(world, 'P');
    expect(world, "P=200:4last|1");
    assert_over(world);
}

static void test_closed_is_forgotten(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    shut(world);
    expect(world, "end:server");
    advance(world, 20 * SECOND);
    expect(world, "");
    assert_over(world);
}

static void test_slow_reader(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    for (guint i = 0; i < 8; i++)
        say(world, "0123456789");
    expect(world, "");
    say(world, "0123456789");
    expect(world, "end:slow");
    assert_over(world);
}

/* What it says by itself is proof enough. */
static void test_proof(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_websocket(world);
    say(world, "closing");
    engineio_prove(world->session, world->now_us);
    advance(world, 50 * MS);
    frame(world, 'W', "4something");
    advance(world, 2 * SECOND);
    expect(world, "W<4closing \"something\"");

    engineio_prove(world->session, world->now_us);
    advance(world, 100 * MS);
    expect(world, "W<2");
    advance(world, 10 * MS);
    frame(world, 'W', "3");
    g_assert_cmpint(engineio_heard_us(world->session), ==, world->now_us);
    advance(world, 25 * SECOND - 1);
    expect(world, "");
    advance(world, 1);
    expect(world, "W<2");
    engineio_prove(world->session, world->now_us);
    advance(world, SECOND); /* that pong is waited for already */
    expect(world, "");
    advance(world, 19 * SECOND);
    expect(world, "W. end:ping");
}

/* The next poll shows that the answer to the last has come. */
static void test_heard(World *world, gconstpointer data G_GNUC_UNUSED)
{
    open_polling(world);
    advance(world, SECOND);
    poll(world, 'P');
    g_assert_cmpint(engineio_heard_us(world->session), ==, world->now_us);
    advance(world, SECOND);
    say(world, "a");
    g_assert_cmpint(engineio_heard_us(world->session), ==, world->now_us - SECOND);
    expect(world, "P=200:4a");
}

#define SESSION(path, test)                                                                        \
    g_test_add("/engineio/session/" path, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engineio/packets", test_packets);
    g_test_add_func("/engineio/what-is-no-packet", test_no_packets);
    g_test_add_func("/engineio/nul", test_nul);
    g_test_add_func("/engineio/payloads", test_payloads);
    g_test_add_func("/engineio/append", test_append);
    g_test_add_func("/engineio/queries", test_queries);
    g_test_add_func("/engineio/errors", test_errors);
    SESSION("a-poll-is-held", test_poll_is_held);
    SESSION("post", test_post);
    SESSION("a-bad-post-closes", test_bad_post);
    SESSION("an-empty-post-closes", test_empty_post);
    SESSION("a-ping-of-the-client-closes", test_wrong_direction);
    SESSION("an-open-of-the-client-closes", test_open_from_client);
    SESSION("two-polls-close", test_two_polls);
    SESSION("the-client-closes", test_client_closes);
    SESSION("the-client-closes-before-its-poll", test_client_closes_first);
    SESSION("the-client-closes-its-websocket", test_websocket_closes);
    SESSION("websocket", test_websocket);
    SESSION("a-websocket-does-not-poll", test_websocket_polls);
    SESSION("pings", test_pings);
    SESSION("pings-by-poll", test_polled_pings);
    SESSION("a-late-poll", test_late_poll);
    SESSION("a-late-ping", test_late_ping);
    SESSION("a-pong-that-nobody-looked-at", test_late_pong);
    SESSION("upgrade", test_upgrade);
    SESSION("upgrade-with-an-open-poll", test_upgrade_with_poll);
    SESSION("a-second-probe-is-refused", test_second_probe);
    SESSION("a-bad-probe-is-dropped", test_bad_probe);
    SESSION("a-slow-probe-is-dropped", test_slow_probe);
    SESSION("the-poll-goes", test_poll_goes);
    SESSION("the-websocket-says-farewell", test_farewell);
    SESSION("the-websocket-goes", test_websocket_goes);
    SESSION("the-websocket-goes-when-its-pong-is-late", test_goes_late);
    SESSION("a-stranger-goes", test_stranger_goes);
    SESSION("the-server-closes-a-websocket", test_server_closes);
    SESSION("the-server-closes-a-poll", test_server_closes_poll);
    SESSION("the-server-closes-between-polls", test_server_closes_later);
    SESSION("what-is-closed-is-forgotten", test_closed_is_forgotten);
    SESSION("a-slow-reader-is-closed", test_slow_reader);
    SESSION("proof", test_proof);
    SESSION("heard", test_heard);
    return g_test_run();
}
