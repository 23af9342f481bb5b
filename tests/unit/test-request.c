/* wire/request: every field of every request, good and bad. */
#include "wire/request.h"

#include <string.h>

static const MessageLimits limits = {.bytes = 128 * 1024, .depth = 32};

/* --- what is refused, and what the text says --- */

typedef struct {
    const char *body;
    Refusal refusal;
    const char *text;
} Bad;

#define INVALID REFUSAL_INVALID_REQUEST

#define ID_TYPE "must be a string or an integer"
#define ID_SIZE "must have 1 to 128 bytes"
#define ID_CONTROL "must not contain control characters"
#define CALL_ID_TEXT "callId: must be 1 to 64 characters of A-Z a-z 0-9 _ . : -"

static const Bad not_requests[] = {
    {"{}", INVALID, "request: is required"},
    {"{\"request\":null}", INVALID, "request: is required"},
    {"{\"request\":7}", INVALID, "request: must be a string"},
    {"{\"request\":\"\"}", REFUSAL_UNKNOWN_REQUEST, "request: there is no such request"},
    {"{\"request\":\"call:Register\"}", REFUSAL_UNKNOWN_REQUEST,
     "request: there is no such request"},
    {"{\"request\":\"register\"}", REFUSAL_UNKNOWN_REQUEST, "request: there is no such request"},
    {"{\"request\":\"call:register \"}", REFUSAL_UNKNOWN_REQUEST,
     "request: there is no such request"},
    {"{\"request\":\"disconnect\"}", REFUSAL_UNKNOWN_REQUEST, "request: there is no such request"},
    {"{\"request\":\"timeout\"}", REFUSAL_UNKNOWN_REQUEST, "request: there is no such request"},
    {"{\"request\":\"gone\"}", REFUSAL_UNKNOWN_REQUEST, "request: there is no such request"},
    {"[]", INVALID, "request: is required"},
    {"\"call:register\"", INVALID, "request: is required"},
};

/* The body's first field stands for {"request":"call:...", */
static const Bad bad[] = {
    {"register \"userId\":\"\"", INVALID, "userId: " ID_SIZE},
    {"register \"userId\":true", INVALID, "userId: " ID_TYPE},
    {"register \"userId\":1.5", INVALID, "userId: " ID_TYPE},
    {"register \"userId\":{}", INVALID, "userId: " ID_TYPE},
    {"register \"userId\":[]", INVALID, "userId: " ID_TYPE},
    {"register \"userId\":\"a\\nb\"", INVALID, "userId: " ID_CONTROL},
    {"register \"userId\":\"a\\u007f\"", INVALID, "userId: " ID_CONTROL},
    {"register \"userId\":\"a\\u0085\"", INVALID, "userId: " ID_CONTROL},
    {"register \"userId\":\"a\\u0000b\"", INVALID, "userId: must not contain NUL"},
    {"register \"userId\":\"a\",\"deviceId\":\"\"", INVALID, "deviceId: " ID_SIZE},
    {"register \"userId\":\"a\",\"deviceId\":false", INVALID, "deviceId: " ID_TYPE},
    {"register \"userId\":\"a\",\"deviceId\":\"a\\tb\"", INVALID, "deviceId: " ID_CONTROL},
    {"register \"userId\":\"a\",\"token\":7", INVALID, "token: must be a string"},
    {"register \"userId\":\"a\",\"displayName\":7", INVALID, "displayName: must be a string"},
    {"register \"userId\":\"a\",\"displayName\":\"a\\rb\"", INVALID, "displayName: " ID_CONTROL},

    {"initiate", INVALID, "calleeId: is required"},
    {"initiate \"calleeId\":\"\"", INVALID, "calleeId: " ID_SIZE},
    {"initiate \"calleeId\":{}", INVALID, "calleeId: " ID_TYPE},
    {"initiate \"calleeId\":\"b\",\"callId\":\"\"", INVALID, CALL_ID_TEXT},
    {"initiate \"calleeId\":\"b\",\"callId\":7", INVALID, "callId: must be a string"},
    {"initiate \"calleeId\":\"b\",\"callId\":\"a b\"", INVALID, CALL_ID_TEXT},
    {"initiate \"calleeId\":\"b\",\"callId\":\"a/b\"", INVALID, CALL_ID_TEXT},
    {"initiate \"calleeId\":\"b\",\"callId\":\"\xc3\xa4\"", INVALID, CALL_ID_TEXT},
    {"initiate \"calleeId\":\"b\",\"media\":[]", INVALID, "media: must be an object"},
    {"initiate \"calleeId\":\"b\",\"media\":\"audio\"", INVALID, "media: must be an object"},
    {"initiate \"calleeId\":\"b\",\"media\":{\"audio\":1}", INVALID,
     "media.audio: must be true or false"},
    {"initiate \"calleeId\":\"b\",\"media\":{\"video\":\"yes\"}", INVALID,
     "media.video: must be true or false"},
    {"initiate \"calleeId\":\"b\",\"media\":{\"audio\":false}", INVALID,
     "media: audio or video must be true"},
    {"initiate \"calleeId\":\"b\",\"mode\":7", INVALID, "mode: must be a string"},
    {"initiate \"calleeId\":\"b\",\"mode\":\"P2P\"", INVALID,
     "mode: must be none, p2p, relay or room"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":4999", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":180001", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":-1", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":0", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":45000.0", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"timeoutMs\":\"45000\"", INVALID,
     "timeoutMs: must be an integer from 5000 to 180000"},
    {"initiate \"calleeId\":\"b\",\"data\":7", INVALID, "data: must be an object"},
    {"initiate \"calleeId\":\"b\",\"data\":[]", INVALID, "data: must be an object"},
    {"initiate \"calleeId\":\"b\",\"data\":\"x\"", INVALID, "data: must be an object"},

    {"ringing", INVALID, "callId: is required"},
    {"ringing \"callId\":null", INVALID, "callId: is required"},
    {"ringing \"callId\":{}", INVALID, "callId: must be a string"},
    {"accept", INVALID, "callId: is required"},
    {"accept \"callId\":\"a\\u0000\"", INVALID, "callId: must not contain NUL"},
    {"reject", INVALID, "callId: is required"},
    {"reject \"callId\":17637599232099", INVALID, "callId: must be a string"},
    {"reject \"callId\":\"C\",\"reason\":7", INVALID, "reason: must be a string"},
    {"reject \"callId\":\"C\",\"reason\":\"a\\u0000b\"", INVALID, "reason: must not contain NUL"},
    {"reject \"callId\":\"C\",\"cause\":true", INVALID, "cause: must be a string"},
    {"reject \"callId\":\"C\",\"cause\":\"admin\"", INVALID, "cause: must be declined or busy"},
    {"reject \"callId\":\"C\",\"cause\":\"lazy\"", INVALID, "cause: must be declined or busy"},
    {"reject \"callId\":\"C\",\"cause\":\"\"", INVALID, "cause: must be declined or busy"},
    {"end", INVALID, "callId: is required"},
    {"end \"callId\":\"C\",\"reason\":[]", INVALID, "reason: must be a string"},
    {"signal \"data\":{}", INVALID, "callId: is required"},
    {"signal \"callId\":\"C\"", INVALID, "data: is required"},
    {"update \"data\":{}", INVALID, "callId: is required"},
    {"update \"callId\":\"C\"", INVALID, "data: is required"},
    {"update \"callId\":\"C\",\"data\":null", INVALID, "data: is required"},
    {"update \"callId\":\"C\",\"data\":false", INVALID, "data: must be an object"},
    {"get", INVALID, "callId: is required"},
    {"get \"callId\":\"\"", INVALID, CALL_ID_TEXT},

    {"history \"limit\":0", INVALID, "limit: must be an integer from 1 to 100"},
    {"history \"limit\":101", INVALID, "limit: must be an integer from 1 to 100"},
    {"history \"limit\":\"20\"", INVALID, "limit: must be an integer from 1 to 100"},
    {"history \"before\":7", INVALID, "before: must be a string"},
    {"history \"status\":7", INVALID, "status: must be a string"},
    {"history \"status\":\"over\"", INVALID, "status: is not a state of a call"},
    {"history \"peerId\":\"\"", INVALID, "peerId: " ID_SIZE},
    {"history \"peerId\":false", INVALID, "peerId: " ID_TYPE},
    {"history \"missed\":1", INVALID, "missed: must be true or false"},

    /* The first one counts. */
    {"initiate \"callId\":\"\",\"media\":7", INVALID, "calleeId: is required"},
    {"reject \"reason\":7", INVALID, "callId: is required"},
};

static const Bad bad_of_backends[] = {
    {"reject \"callId\":\"C\"", INVALID, "userId: is required"},
    {"reject \"callId\":\"C\",\"userId\":\"\"", INVALID, "userId: " ID_SIZE},
    {"reject \"userId\":\"bob\"", INVALID, "callId: is required"},
    {"history", INVALID, "userId: is required"},
    {"initiate \"userId\":\"a\",\"calleeId\":\"b\"", INVALID, "deviceId: is required"},
    {"initiate \"deviceId\":\"d\",\"calleeId\":\"b\"", INVALID, "userId: is required"},
    {"initiate \"userId\":\"a\",\"deviceId\":{},\"calleeId\":\"b\"", INVALID, "deviceId: " ID_TYPE},
    {"initiate \"userId\":\"a\",\"deviceId\":\"d\"", INVALID, "calleeId: is required"},
    {"end", INVALID, "callId: is required"},
    {"end \"callId\":\"C\",\"userId\":true,\"callerId\":\"a\"", INVALID, "userId: " ID_TYPE},
    {"end \"callId\":\"C\",\"callerId\":true", INVALID, "callerId: " ID_TYPE},
    {"get \"callId\":7", INVALID, "callId: must be a string"},
};

/* "reject \"a\":1" -> {"request":"call:reject","a":1} */
static json_t *body_of(const char *text)
{
    g_autofree char *verb = g_strndup(text, strcspn(text, " "));
    const char *fields = text + strlen(verb);
    g_autofree char *json =
        g_strdup_printf("{\"request\":\"call:%s\"%s%s}", verb, *fields ? "," : "", fields);
    json_error_t error;
    json_t *body = json_loads(json, JSON_ALLOW_NUL, &error);

    if (!body)
        g_error("%s: %s", json, error.text);
    return body;
}

static void assert_refused(const Request *request, const Bad *row)
{
    g_test_message("%s", row->body);
    g_assert_cmpstr(request->event.fault.text, ==, row->text);
    g_assert_cmpint(request->event.fault.refusal, ==, row->refusal);
}

static void assert_all_refused(const Bad *rows, guint count, RequestDoor door)
{
    for (guint i = 0; i < count; i++) {
        json_auto_t *body = body_of(rows[i].body);
        Request request;

        g_assert_true(request_parse(&request, body, NULL, door, &limits));
        assert_refused(&request, &rows[i]);
        request_clear(&request);
    }
}

static void test_not_requests(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(not_requests); i++) {
        json_auto_t *body = json_loads(not_requests[i].body, JSON_DECODE_ANY, NULL);
        Request request;

        g_assert_false(request_parse(&request, body, NULL, DOOR_APP, &limits));
        assert_refused(&request, &not_requests[i]);
        request_clear(&request);
    }
}

static void test_bad_fields(void)
{
    assert_all_refused(bad, G_N_ELEMENTS(bad), DOOR_APP);
}

static void test_bad_fields_of_backends(void)
{
    assert_all_refused(bad_of_backends, G_N_ELEMENTS(bad_of_backends), DOOR_BACKEND);
}

static void test_each_door_has_its_requests(void)
{
    static const char *const of_apps[] = {"register", "unregister", "ringing",
                                          "accept",   "signal",     "update"};
    json_auto_t *disconnect = json_pack("{s:s, s:s}", "request", "disconnect", "userId", "bob");
    Request request;

    for (guint i = 0; i < G_N_ELEMENTS(of_apps); i++) {
        json_auto_t *body = body_of(of_apps[i]);

        g_assert_false(request_parse(&request, body, NULL, DOOR_BACKEND, &limits));
        g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_UNKNOWN_REQUEST);
        request_clear(&request);
        g_assert_true(request_parse(&request, body, NULL, DOOR_APP, &limits));
        request_clear(&request);
    }
    g_assert_false(request_parse(&request, disconnect, NULL, DOOR_APP, &limits));
    request_clear(&request);
    g_assert_true(request_parse(&request, disconnect, NULL, DOOR_BACKEND, &limits));
    request_clear(&request);
}

/* A socket has no PeerConnection that could be in a call's seat. */
static void test_sockets_carry_no_media(void)
{
    static const char *const of_media[] = {"join", "media", "configure"};
    json_auto_t *accept = body_of("accept");
    Request request;

    for (guint i = 0; i < G_N_ELEMENTS(of_media); i++) {
        json_auto_t *body = body_of(of_media[i]);

        g_assert_false(request_parse(&request, body, NULL, DOOR_SOCKET, &limits));
        g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_UNKNOWN_REQUEST);
        request_clear(&request);
        g_assert_true(request_parse(&request, body, NULL, DOOR_APP, &limits));
        request_clear(&request);
    }
    g_assert_true(request_parse(&request, accept, NULL, DOOR_SOCKET, &limits));
    request_clear(&request);
}

/* --- sizes, at their edge --- */

typedef struct {
    const char *format; /* with one %s, for so many bytes */
    gsize most;
    Refusal refusal;
    const char *field;
} Size;

static const Size sizes[] = {
    {"register \"userId\":\"%s\"", 128, INVALID, "userId: " ID_SIZE},
    {"register \"userId\":\"a\",\"deviceId\":\"%s\"", 128, INVALID, "deviceId: " ID_SIZE},
    {"register \"userId\":\"a\",\"displayName\":\"%s\"", 128, INVALID,
     "displayName: must have at most 128 bytes"},
    {"initiate \"calleeId\":\"%s\"", 128, INVALID, "calleeId: " ID_SIZE},
    {"initiate \"calleeId\":\"b\",\"callId\":\"%s\"", 64, INVALID, CALL_ID_TEXT},
    {"initiate \"calleeId\":\"b\",\"data\":{\"a\":\"%s\"}", 4096 - 8, REFUSAL_TOO_LARGE,
     "data: must have at most 4096 bytes"},
    {"ringing \"callId\":\"%s\"", 64, INVALID, CALL_ID_TEXT},
    {"accept \"callId\":\"%s\"", 64, INVALID, CALL_ID_TEXT},
    {"reject \"callId\":\"C\",\"reason\":\"%s\"", 256, REFUSAL_TOO_LARGE,
     "reason: must have at most 256 bytes"},
    {"end \"callId\":\"C\",\"reason\":\"%s\"", 256, REFUSAL_TOO_LARGE,
     "reason: must have at most 256 bytes"},
    {"join \"callId\":\"C\",\"token\":\"%s\"", 128, INVALID, "token: must have at most 128 bytes"},
    {"signal \"callId\":\"C\",\"data\":\"%s\"", 65536 - 2, REFUSAL_TOO_LARGE,
     "data: must have at most 65536 bytes"},
    {"update \"callId\":\"C\",\"data\":{\"a\":\"%s\"}", 4096 - 8, REFUSAL_TOO_LARGE,
     "data: must have at most 4096 bytes"},
    {"get \"callId\":\"%s\"", 64, INVALID, CALL_ID_TEXT},
    {"history \"peerId\":\"%s\"", 128, INVALID, "peerId: " ID_SIZE},
};

static void parse_sized(Request *request, json_t **body, const Size *size, gsize bytes)
{
    const char *place = strstr(size->format, "%s");
    g_autofree char *before = g_strndup(size->format, (gsize)(place - size->format));
    g_autofree char *filling = g_strnfill(bytes, 'x');
    g_autofree char *text = g_strconcat(before, filling, place + 2, NULL);

    *body = body_of(text);
    g_assert_true(request_parse(request, *body, NULL, DOOR_APP, &limits));
}

static void test_sizes(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        json_t *fits = NULL, *over = NULL;
        Request request;

        g_test_message("%s", sizes[i].format);
        parse_sized(&request, &fits, &sizes[i], sizes[i].most);
        g_assert_cmpstr(request.event.fault.text, ==, NULL);
        g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_NONE);
        request_clear(&request);
        parse_sized(&request, &over, &sizes[i], sizes[i].most + 1);
        g_assert_cmpstr(request.event.fault.text, ==, sizes[i].field);
        g_assert_cmpint(request.event.fault.refusal, ==, sizes[i].refusal);
        request_clear(&request);
        json_decref(fits);
        json_decref(over);
    }
}

/* 64 characters of two bytes each. */
static void test_sizes_are_bytes(void)
{
    GString *name = g_string_new(NULL);
    json_auto_t *fits = NULL;
    json_auto_t *over = NULL;
    Request request;

    for (guint i = 0; i < 64; i++)
        g_string_append(name, "\xc3\xa4");
    fits = json_pack("{s:s, s:s}", "request", "call:register", "userId", name->str);
    g_assert_true(request_parse(&request, fits, NULL, DOOR_APP, &limits));
    g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_NONE);
    request_clear(&request);
    g_string_append_c(name, 'x');
    over = json_pack("{s:s, s:s}", "request", "call:register", "userId", name->str);
    g_assert_true(request_parse(&request, over, NULL, DOOR_APP, &limits));
    g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_INVALID_REQUEST);
    request_clear(&request);
    g_string_free(name, TRUE);
}

static Refusal refusal_of(json_t *body, const MessageLimits *most, const char *text)
{
    Request request;
    Refusal refusal;

    g_assert_true(request_parse(&request, body, NULL, DOOR_APP, most));
    refusal = request.event.fault.refusal;
    g_assert_cmpstr(request.event.fault.text, ==, refusal ? text : NULL);
    request_clear(&request);
    return refusal;
}

static json_t *loads(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);

    g_assert_nonnull(body);
    return body;
}

/* Fields that nobody knows count as well: Janus had to keep them all. */
static void test_bytes_of_all(void)
{
    json_auto_t *body = loads("{\"request\":\"call:get\",\"callId\":\"C\",\"more\":[1,{}]}");
    MessageLimits most = {.bytes =
                              strlen("{\"request\":\"call:get\",\"callId\":\"C\",\"more\":[1,{}]}"),
                          .depth = 32};

    g_assert_cmpint(refusal_of(body, &most, NULL), ==, REFUSAL_NONE);
    most.bytes--;
    g_assert_cmpint(refusal_of(body, &most, "body: must have at most 48 bytes"), ==,
                    REFUSAL_TOO_LARGE);
}

static json_t *nested(const char *field, guint depth)
{
    GString *text = g_string_new(NULL);
    json_t *body;

    g_string_printf(text,
                    "{\"request\":\"call:signal\",\"callId\":\"C\",\"data\":0,\"%s\":", field);
    for (guint i = 0; i < depth; i++)
        g_string_append(text, i % 2 ? "[" : "{\"a\":");
    g_string_append(text, "null");
    for (guint i = depth; i > 0; i--)
        g_string_append(text, (i - 1) % 2 ? "]" : "}");
    g_string_append_c(text, '}');
    /* The later of two `data` counts. */
    body = loads(text->str);
    g_string_free(text, TRUE);
    return body;
}

static void test_depth(void)
{
    json_auto_t *fits = nested("data", 31);
    json_auto_t *deep = nested("data", 32);
    json_auto_t *deep_elsewhere = nested("more", 32);

    g_assert_cmpint(refusal_of(fits, &limits, NULL), ==, REFUSAL_NONE);
    g_assert_cmpint(refusal_of(deep, &limits, "data: must not be nested so deep"), ==, INVALID);
    g_assert_cmpint(refusal_of(deep_elsewhere, &limits, "body: must not be nested deeper than 32"),
                    ==, INVALID);
}

/* --- what is good --- */

typedef struct {
    json_t *body;
    Request request;
} Good;

static const Event *parse_good(Good *good, const char *text, RequestDoor door)
{
    good->body = body_of(text);
    g_assert_true(request_parse(&good->request, good->body, NULL, door, &limits));
    g_assert_cmpstr(good->request.event.fault.text, ==, NULL);
    g_assert_cmpint(good->request.event.fault.refusal, ==, REFUSAL_NONE);
    return &good->request.event;
}

static void good_clear(Good *good)
{
    request_clear(&good->request);
    json_decref(good->body);
}

/* --- JSEP --- */

static void parse_jsep(Request *request, const char *body, const char *jsep)
{
    json_auto_t *parsed_body = body_of(body);
    json_auto_t *parsed_jsep = json_loads(jsep, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);

    g_assert_nonnull(parsed_jsep);
    g_assert_true(request_parse(request, parsed_body, parsed_jsep, DOOR_APP, &limits));
}

static void assert_jsep_fault(const char *jsep, Refusal refusal, const char *text)
{
    static const char *const bodies[] = {"join \"callId\":\"C\",\"token\":\"T\"",
                                         "media \"callId\":\"C\""};

    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        Request request;

        parse_jsep(&request, bodies[i], jsep);
        g_assert_cmpstr(request.event.fault.text, ==, text);
        g_assert_cmpint(request.event.fault.refusal, ==, refusal);
        g_assert_null(request.event.join.jsep.text);
        request_clear(&request);
    }
}

#define BAD_TYPE "jsep: type must be offer or answer"
#define BAD_SDP "jsep: sdp must be a string"

static void test_bad_jsep(void)
{
    g_autofree char *lists = g_strnfill(40, '[');
    g_autofree char *ends = g_strnfill(40, ']');
    g_autofree char *deep =
        g_strdup_printf("{\"type\":\"offer\",\"sdp\":\"\",\"a\":%s%s}", lists, ends);

    assert_jsep_fault("{}", INVALID, BAD_TYPE);
    assert_jsep_fault("7", INVALID, BAD_TYPE);
    assert_jsep_fault("[]", INVALID, BAD_TYPE);
    assert_jsep_fault("{\"type\":\"rollback\",\"sdp\":\"v=0\"}", INVALID, BAD_TYPE);
    assert_jsep_fault("{\"type\":7,\"sdp\":\"v=0\"}", INVALID, BAD_TYPE);
    assert_jsep_fault("{\"type\":\"OFFER\",\"sdp\":\"v=0\"}", INVALID, BAD_TYPE);
    assert_jsep_fault("{\"type\":\"offer\"}", INVALID, BAD_SDP);
    assert_jsep_fault("{\"type\":\"answer\",\"sdp\":{}}", INVALID, BAD_SDP);
    assert_jsep_fault(deep, INVALID, "jsep: must not be nested so deep");
}

static void test_jsep_size(void)
{
    /* {"type":"offer","sdp":""} */
    const gsize around = 25;
    g_autofree char *fits = g_strnfill(64 * 1024 - around, 'x');
    g_autofree char *jsep = g_strdup_printf("{\"type\":\"offer\",\"sdp\":\"%s\"}", fits);
    g_autofree char *over = g_strdup_printf("{\"type\":\"offer\",\"sdp\":\"%sx\"}", fits);
    Request request;

    parse_jsep(&request, "media \"callId\":\"C\"", jsep);
    g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_NONE);
    g_assert_cmpuint(strlen(request.event.join.jsep.text), ==, 64 * 1024);
    request_clear(&request);
    assert_jsep_fault(over, REFUSAL_TOO_LARGE, "jsep: must have at most 65536 bytes");
}

/* What else stands in it is passed on. */
static void test_jsep(void)
{
    Request request;

    parse_jsep(&request, "join \"callId\":\"C\",\"token\":\"T\"",
               "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\",\"e2ee\":true}");
    g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_NONE);
    g_assert_cmpint(request.event.join.jsep.kind, ==, JSEP_OFFER);
    g_assert_cmpstr(request.event.join.jsep.text, ==,
                    "{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\",\"e2ee\":true}");
    request_clear(&request);
    parse_jsep(&request, "media \"callId\":\"C\"", "{\"type\":\"answer\",\"sdp\":\"\"}");
    g_assert_cmpint(request.event.join.jsep.kind, ==, JSEP_ANSWER);
    g_assert_null(request.event.join.token);
    request_clear(&request);
    parse_jsep(&request, "media \"callId\":\"C\"", "null");
    g_assert_cmpint(request.event.join.jsep.kind, ==, JSEP_NONE);
    request_clear(&request);
}

/* JSEP where it has no business is the door's to drop: the request is read without. */
static void test_jsep_elsewhere(void)
{
    Request request;

    parse_jsep(&request, "accept \"callId\":\"C\"", "{\"type\":7}");
    g_assert_cmpint(request.event.fault.refusal, ==, REFUSAL_NONE);
    g_assert_null(request.jsep);
    request_clear(&request);
}

static void test_configure(void)
{
    Good good;
    const Event *event = parse_good(
        &good, "configure \"audio\":false,\"data\":true,\"bitrate\":0,\"temporal\":2", DOOR_APP);

    g_assert_cmpint(event->configure.audio, ==, FALSE);
    g_assert_cmpint(event->configure.video, ==, -1);
    g_assert_cmpint(event->configure.data, ==, TRUE);
    g_assert_cmpint(event->configure.bitrate, ==, 0);
    g_assert_cmpint(event->configure.substream, ==, -1);
    g_assert_cmpint(event->configure.temporal, ==, 2);
    good_clear(&good);
}

static void test_record(void)
{
    Good good;
    const Event *event = parse_good(&good, "record \"callId\":\"C\"", DOOR_BACKEND);

    g_assert_true(event->is_operator);
    g_assert_true(event->record.is_on);
    g_assert_null(event->as_user);
    good_clear(&good);
    event = parse_good(&good, "record \"callId\":\"C\",\"callerId\":\"alice\",\"record\":false",
                       DOOR_BACKEND);
    g_assert_false(event->record.is_on);
    g_assert_cmpstr(event->as_user, ==, "alice");
    good_clear(&good);
}

static void test_register(void)
{
    Good good;
    const Event *event =
        parse_good(&good,
                   "register \"userId\":\"alice\",\"deviceId\":\"phone\",\"token\":\"t\","
                   "\"displayName\":\"Alice \xc3\x84\"",
                   DOOR_APP);

    g_assert_cmpint(event->kind, ==, EVENT_REGISTER);
    g_assert_cmpstr(event->reg.user_id, ==, "alice");
    g_assert_cmpstr(event->reg.device_id, ==, "phone");
    g_assert_cmpstr(event->reg.display_name, ==, "Alice \xc3\x84");
    g_assert_cmpstr(event->reg.token, ==, "t");
    g_assert_null(event->as_user);
    good_clear(&good);
}

static void test_absent_and_null(void)
{
    static const char *const bodies[] = {
        "register \"userId\":\"alice\"",
        "register \"userId\":\"alice\",\"deviceId\":null,\"token\":null,\"displayName\":null",
        "register \"userId\":\"alice\",\"displayName\":\"\""};

    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        Good good;
        const Event *event = parse_good(&good, bodies[i], DOOR_APP);

        g_assert_null(event->reg.device_id);
        g_assert_null(event->reg.token);
        g_assert_null(event->reg.display_name);
        good_clear(&good);
    }
}

/* Who it is may stand in the token alone. */
static void test_token_alone(void)
{
    Good good;
    const Event *event = parse_good(&good, "register \"token\":\"t\"", DOOR_APP);

    g_assert_null(event->reg.user_id);
    good_clear(&good);
}

static void test_integers(void)
{
    Good good;
    const Event *event = parse_good(
        &good, "register \"userId\":9223372036854775807,\"deviceId\":-9223372036854775808",
        DOOR_APP);

    g_assert_cmpstr(event->reg.user_id, ==, "9223372036854775807");
    g_assert_cmpstr(event->reg.device_id, ==, "-9223372036854775808");
    good_clear(&good);
    event = parse_good(&good, "initiate \"userId\":1,\"deviceId\":2,\"calleeId\":0", DOOR_BACKEND);
    g_assert_cmpstr(event->as_user, ==, "1");
    g_assert_cmpstr(event->as_device, ==, "2");
    g_assert_cmpstr(event->initiate.callee_id, ==, "0");
    good_clear(&good);
    event = parse_good(&good, "history \"userId\":1,\"peerId\":2", DOOR_BACKEND);
    g_assert_cmpstr(event->as_user, ==, "1");
    g_assert_cmpstr(event->history.peer_id, ==, "2");
    good_clear(&good);
}

static void test_initiate_defaults(void)
{
    static const char *const bodies[] = {
        "initiate \"calleeId\":\"bob\"",
        "initiate "
        "\"calleeId\":\"bob\",\"callId\":null,\"media\":null,\"mode\":null,\"timeoutMs\":null,"
        "\"data\":null",
        "initiate \"calleeId\":\"bob\",\"media\":{},\"mode\":\"none\"",
        "initiate \"calleeId\":\"bob\",\"media\":{\"audio\":true,\"video\":null,\"smell\":true}"};

    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        Good good;
        const Event *event = parse_good(&good, bodies[i], DOOR_APP);

        g_assert_cmpint(event->kind, ==, EVENT_INITIATE);
        g_assert_cmpstr(event->initiate.callee_id, ==, "bob");
        g_assert_null(event->initiate.call_id);
        g_assert_null(event->initiate.data);
        g_assert_true(event->initiate.media.audio && !event->initiate.media.video);
        g_assert_cmpint(event->initiate.mode, ==, MODE_NONE);
        g_assert_cmpint(event->initiate.timeout_ms, ==, 0);
        good_clear(&good);
    }
}

static void test_initiate(void)
{
    Good good;
    const Event *event =
        parse_good(&good,
                   "initiate \"calleeId\":\"bob\",\"callId\":\"CALL_17637599232099\","
                   "\"media\":{\"audio\":false,\"video\":true},\"mode\":\"p2p\",\"timeoutMs\":5000,"
                   "\"data\":{\"b\":[1, 2.5, null, \"\xc3\xa4\"], \"a\":{}}",
                   DOOR_APP);

    g_assert_cmpstr(event->initiate.call_id, ==, "CALL_17637599232099");
    g_assert_true(!event->initiate.media.audio && event->initiate.media.video);
    g_assert_cmpint(event->initiate.mode, ==, MODE_P2P);
    g_assert_cmpint(event->initiate.timeout_ms, ==, 5000);
    g_assert_cmpstr(event->initiate.data, ==, "{\"b\":[1,2.5,null,\"\xc3\xa4\"],\"a\":{}}");
    good_clear(&good);
    event = parse_good(&good,
                       "initiate \"calleeId\":\"b\",\"callId\":\"aZ09_.:-\",\"timeoutMs\":180000",
                       DOOR_APP);
    g_assert_cmpstr(event->initiate.call_id, ==, "aZ09_.:-");
    g_assert_cmpint(event->initiate.timeout_ms, ==, 180000);
    good_clear(&good);
}

/* The users' own document. */
static void test_reject(void)
{
    Good good;
    const Event *event = parse_good(
        &good, "reject \"callId\":\"CALL_17637599232099\",\"reason\":\"User declined\"", DOOR_APP);

    g_assert_cmpint(event->kind, ==, EVENT_REJECT);
    g_assert_cmpstr(event->about.call_id, ==, "CALL_17637599232099");
    g_assert_cmpstr(event->about.reason, ==, "User declined");
    g_assert_cmpint(event->about.cause, ==, CAUSE_DECLINED);
    good_clear(&good);
    event =
        parse_good(&good, "reject \"callId\":\"C\",\"cause\":\"busy\",\"reason\":\"\"", DOOR_APP);
    g_assert_cmpint(event->about.cause, ==, CAUSE_BUSY);
    g_assert_cmpstr(event->about.reason, ==, "");
    good_clear(&good);
    event = parse_good(&good, "reject \"callId\":\"C\",\"cause\":\"declined\",\"reason\":null",
                       DOOR_APP);
    g_assert_cmpint(event->about.cause, ==, CAUSE_DECLINED);
    g_assert_null(event->about.reason);
    good_clear(&good);
}

static void test_other_requests_about_a_call(void)
{
    static const struct {
        const char *body;
        EventKind kind;
    } rows[] = {{"ringing \"callId\":\"C\"", EVENT_RINGING},
                {"accept \"callId\":\"C\"", EVENT_ACCEPT},
                {"end \"callId\":\"C\",\"reason\":\"Bye\"", EVENT_END},
                {"get \"callId\":\"C\"", EVENT_GET}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Good good;
        const Event *event = parse_good(&good, rows[i].body, DOOR_APP);

        g_assert_cmpint(event->kind, ==, rows[i].kind);
        g_assert_cmpstr(event->about.call_id, ==, "C");
        g_assert_cmpstr(event->about.reason, ==, rows[i].kind == EVENT_END ? "Bye" : NULL);
        good_clear(&good);
    }
}

static void test_data(void)
{
    static const struct {
        const char *body, *data;
    } rows[] = {
        {"signal \"callId\":\"C\",\"data\":{\"sdp\":\"v=0\\r\\n\"}", "{\"sdp\":\"v=0\\r\\n\"}"},
        {"signal \"callId\":\"C\",\"data\":\"text\"", "\"text\""},
        {"signal \"callId\":\"C\",\"data\":[]", "[]"},
        {"signal \"callId\":\"C\",\"data\":0", "0"},
        {"signal \"callId\":\"C\",\"data\":false", "false"},
        {"signal \"callId\":\"C\",\"data\":null", "null"},
        {"update \"callId\":\"C\",\"data\":{\"audio\":false}", "{\"audio\":false}"},
        {"update \"callId\":\"C\",\"data\":{}", "{}"}};

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Good good;

        g_assert_cmpstr(parse_good(&good, rows[i].body, DOOR_APP)->about.data, ==, rows[i].data);
        good_clear(&good);
    }
}

static void test_history(void)
{
    Good good;
    const Event *event = parse_good(&good, "history", DOOR_APP);

    g_assert_cmpuint(event->history.limit, ==, 20);
    g_assert_null(event->history.before);
    g_assert_null(event->history.peer_id);
    g_assert_false(event->history.has_status);
    g_assert_false(event->history.missed);
    good_clear(&good);
    event = parse_good(
        &good,
        "history \"limit\":100,\"before\":\"cursor\",\"status\":\"failed\",\"peerId\":\"bob\","
        "\"missed\":true",
        DOOR_APP);
    g_assert_cmpuint(event->history.limit, ==, 100);
    g_assert_cmpstr(event->history.before, ==, "cursor");
    g_assert_cmpstr(event->history.peer_id, ==, "bob");
    g_assert_true(event->history.has_status);
    g_assert_cmpint(event->history.status, ==, CALL_FAILED);
    g_assert_true(event->history.missed);
    good_clear(&good);
    g_assert_cmpuint(parse_good(&good, "history \"limit\":1", DOOR_APP)->history.limit, ==, 1);
    good_clear(&good);
}

static void test_unregister(void)
{
    Good good;

    g_assert_cmpint(parse_good(&good, "unregister", DOOR_APP)->kind, ==, EVENT_UNREGISTER);
    good_clear(&good);
}

static void test_unknown_fields(void)
{
    Good good;
    const Event *event = parse_good(
        &good,
        "reject \"callId\":\"C\",\"userId\":7.5,\"fromUser\":{\"a\":[]},\"Reason\":7,\"data\":1",
        DOOR_APP);

    g_assert_null(event->as_user);
    g_assert_null(event->about.reason);
    good_clear(&good);
}

static void test_backend(void)
{
    Good good;
    const Event *event =
        parse_good(&good, "reject \"callId\":\"C\",\"userId\":\"bob\",\"reason\":\"User declined\"",
                   DOOR_BACKEND);

    g_assert_cmpstr(event->as_user, ==, "bob");
    g_assert_null(event->as_device);
    g_assert_false(event->is_operator);
    g_assert_cmpstr(event->about.reason, ==, "User declined");
    good_clear(&good);
    event = parse_good(&good,
                       "initiate \"userId\":\"alice\",\"deviceId\":\"phone\",\"calleeId\":\"bob\"",
                       DOOR_BACKEND);
    g_assert_cmpstr(event->as_user, ==, "alice");
    g_assert_cmpstr(event->as_device, ==, "phone");
    g_assert_cmpstr(event->initiate.callee_id, ==, "bob");
    good_clear(&good);
    event = parse_good(&good, "get \"userId\":\"bob\",\"callId\":\"C\"", DOOR_BACKEND);
    g_assert_cmpint(event->kind, ==, EVENT_GET);
    g_assert_cmpstr(event->as_user, ==, "bob");
    good_clear(&good);
}

static void test_operator(void)
{
    json_auto_t *all = json_pack("{s:s, s:s}", "request", "disconnect", "userId", "bob");
    json_auto_t *one =
        json_pack("{s:s, s:s, s:i}", "request", "disconnect", "userId", "bob", "deviceId", 7);
    Request request;
    Good good;
    const Event *event =
        parse_good(&good, "end \"callId\":\"C\",\"callerId\":\"alice\"", DOOR_BACKEND);

    g_assert_true(event->is_operator);
    g_assert_cmpstr(event->as_user, ==, "alice");
    good_clear(&good);
    g_assert_true(request_parse(&request, all, NULL, DOOR_BACKEND, &limits));
    g_assert_cmpint(request.event.kind, ==, EVENT_DISCONNECT);
    g_assert_cmpstr(request.event.disconnect.user_id, ==, "bob");
    g_assert_null(request.event.disconnect.device_id);
    request_clear(&request);
    g_assert_true(request_parse(&request, one, NULL, DOOR_BACKEND, &limits));
    g_assert_cmpstr(request.event.disconnect.device_id, ==, "7");
    request_clear(&request);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/request/jsep/bad-ones-are-named", test_bad_jsep);
    g_test_add_func("/request/jsep/has-a-size", test_jsep_size);
    g_test_add_func("/request/jsep/is-kept-whole", test_jsep);
    g_test_add_func("/request/jsep/is-looked-at-where-it-belongs-only", test_jsep_elsewhere);
    g_test_add_func("/request/configure/what-is-not-said", test_configure);
    g_test_add_func("/request/record/is-an-operators", test_record);
    g_test_add_func("/request/what-is-none-is-refused", test_not_requests);
    g_test_add_func("/request/bad-fields-are-named", test_bad_fields);
    g_test_add_func("/request/bad-fields-of-backends-are-named", test_bad_fields_of_backends);
    g_test_add_func("/request/each-door-has-its-own", test_each_door_has_its_requests);
    g_test_add_func("/request/each-door-has-its-own/sockets-carry-no-media",
                    test_sockets_carry_no_media);
    g_test_add_func("/request/sizes-fit-or-are-one-byte-too-large", test_sizes);
    g_test_add_func("/request/sizes-are-bytes", test_sizes_are_bytes);
    g_test_add_func("/request/bytes-of-all-fields-together", test_bytes_of_all);
    g_test_add_func("/request/depth", test_depth);
    g_test_add_func("/request/register", test_register);
    g_test_add_func("/request/null-is-absent", test_absent_and_null);
    g_test_add_func("/request/token-alone", test_token_alone);
    g_test_add_func("/request/integers-are-identifiers", test_integers);
    g_test_add_func("/request/initiate-by-default", test_initiate_defaults);
    g_test_add_func("/request/initiate", test_initiate);
    g_test_add_func("/request/reject", test_reject);
    g_test_add_func("/request/others-about-a-call", test_other_requests_about_a_call);
    g_test_add_func("/request/data-is-passed-on-as-text", test_data);
    g_test_add_func("/request/history", test_history);
    g_test_add_func("/request/unregister", test_unregister);
    g_test_add_func("/request/unknown-fields-are-ignored", test_unknown_fields);
    g_test_add_func("/request/a-backend-acts-for-a-user", test_backend);
    g_test_add_func("/request/an-operator-acts-for-nobody", test_operator);
    return g_test_run();
}
