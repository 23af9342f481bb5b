/* wire/request against hostile values: every field of every request x every value of the list below. What a kind of field takes
 * is written down here from docs/protocol.md, section 2; all else must be refused with a code of section 7 and a text that names
 * the field. tests/unit/test-request.c has the texts. */
#include <string.h>

#include "wire/request.h"

static const MessageLimits limits = {.bytes = 128 * 1024, .depth = 32};

/* --- the values --- */

/* What a value is, as far as it matters to any field. */
typedef enum {
    IS_NULL = 1 << 0,
    IS_BOOLEAN = 1 << 1,
    IS_INTEGER = 1 << 2,
    IS_SMALL_INTEGER = 1 << 3, /* 1 to 100 */
    IS_RING_TIME = 1 << 4,     /* 5000 to 180000 */
    IS_REAL = 1 << 5,
    IS_LIST = 1 << 6,
    IS_OBJECT = 1 << 7,
    IS_WORD = 1 << 8,  /* 1 to 64 characters of a callId */
    IS_PLAIN = 1 << 9, /* other text, 1 to 64 bytes, without control characters */
    IS_EMPTY = 1 << 10,
    IS_CONTROL = 1 << 11, /* text with a control character */
    IS_NUL = 1 << 12,     /* text with a NUL in it */
    IS_65 = 1 << 13,      /* text of 65 to 128 bytes */
    IS_129 = 1 << 14,     /* 129 to 256 */
    IS_257 = 1 << 15,     /* 257 to 4096 */
    IS_LONG = 1 << 16,    /* over 64 KiB */
    IS_DEEP = 1 << 17,    /* lists in lists, 40 of them */
    IS_BITRATE = 1 << 18, /* 0 to a thousand million */
    IS_LAYER = 1 << 19,   /* 0 to 2 */
} Nature;

#define IS_SHORT_TEXT (IS_WORD | IS_PLAIN | IS_65)
#define IS_TEXT (IS_SHORT_TEXT | IS_EMPTY | IS_CONTROL | IS_129)
#define IS_ANYTHING ((IS_LAYER << 1) - 1)

typedef struct {
    const char *name;
    Nature nature;
    const char *json; /* or NULL: so many x */
    gsize bytes;
} Sample;

#define LISTS_10 "[[[[[[[[[["
#define LISTS_10_END "]]]]]]]]]]"
#define LISTS_40 LISTS_10 LISTS_10 LISTS_10 LISTS_10
#define LISTS_40_END LISTS_10_END LISTS_10_END LISTS_10_END LISTS_10_END

static const Sample values[] = {
    {"null", IS_NULL, "null", 0},
    {"true", IS_BOOLEAN, "true", 0},
    {"false", IS_BOOLEAN, "false", 0},
    {"zero", IS_INTEGER | IS_BITRATE | IS_LAYER, "0", 0},
    {"minus zero", IS_INTEGER | IS_BITRATE | IS_LAYER, "-0", 0},
    {"one less than nothing", IS_INTEGER, "-1", 0},
    {"two", IS_INTEGER | IS_SMALL_INTEGER | IS_BITRATE | IS_LAYER, "2", 0},
    {"three", IS_INTEGER | IS_SMALL_INTEGER | IS_BITRATE, "3", 0},
    {"seven", IS_INTEGER | IS_SMALL_INTEGER | IS_BITRATE, "7", 0},
    {"101", IS_INTEGER | IS_BITRATE, "101", 0},
    {"4999", IS_INTEGER | IS_BITRATE, "4999", 0},
    {"5000", IS_INTEGER | IS_RING_TIME | IS_BITRATE, "5000", 0},
    {"180001", IS_INTEGER | IS_BITRATE, "180001", 0},
    {"a thousand million", IS_INTEGER | IS_BITRATE, "1000000000", 0},
    {"one more than that", IS_INTEGER, "1000000001", 0},
    {"two to the 31", IS_INTEGER, "2147483648", 0},
    {"two to the 32 and seven", IS_INTEGER, "4294967303", 0},
    {"the largest integer", IS_INTEGER, "9223372036854775807", 0},
    {"the smallest integer", IS_INTEGER, "-9223372036854775808", 0},
    {"a fraction", IS_REAL, "1.5", 0},
    {"a whole real", IS_REAL, "7.0", 0},
    {"a huge number", IS_REAL, "1e308", 0},
    {"a tiny number", IS_REAL, "5e-324", 0},
    {"an empty list", IS_LIST, "[]", 0},
    {"a list", IS_LIST, "[\"a\", 1, null]", 0},
    {"lists in lists", IS_LIST, LISTS_10 LISTS_10_END, 0},
    {"lists in lists without end", IS_DEEP, LISTS_40 LISTS_40_END, 0},
    {"an empty object", IS_OBJECT, "{}", 0},
    {"an object", IS_OBJECT, "{\"request\":\"call:end\",\"callId\":\"C\"}", 0},
    {"an object of lists", IS_OBJECT, "{\"a\":" LISTS_10 LISTS_10_END "}", 0},
    {"an object with an empty key", IS_OBJECT, "{\"\":1}", 0},
    {"an object with a key twice", IS_OBJECT, "{\"a\":1,\"a\":2}", 0},
    {"an empty text", IS_EMPTY, "\"\"", 0},
    {"a blank", IS_PLAIN, "\" \"", 0},
    {"a word", IS_WORD, "\"CALL_17.a:b-c\"", 0},
    {"a number as text", IS_WORD, "\"7\"", 0},
    {"true as text", IS_WORD, "\"true\"", 0},
    {"a path", IS_PLAIN, "\"../../etc/passwd\"", 0},
    {"SQL", IS_PLAIN, "\"'; DROP TABLE calls; --\"", 0},
    {"a format", IS_PLAIN, "\"%s%n%1000000d\"", 0},
    {"a tag", IS_PLAIN, "\"<script>alert(1)</script>\"", 0},
    {"a backslash and a quote", IS_PLAIN, "\"\\\\\\\"\"", 0},
    {"another alphabet", IS_PLAIN, "\"\\u0411\\u043e\\u0431\"", 0},
    {"a face", IS_PLAIN, "\"\\ud83d\\ude00\"", 0},
    {"no character", IS_PLAIN, "\"a\\uffff\"", 0},
    {"a turn of direction", IS_PLAIN, "\"a\\u202eb\"", 0},
    {"an invisible join", IS_PLAIN, "\"a\\u200db\"", 0},
    {"a line separator", IS_PLAIN, "\"a\\u2028b\"", 0},
    {"a newline", IS_CONTROL, "\"a\\nb\"", 0},
    {"a carriage return", IS_CONTROL, "\"a\\rb\"", 0},
    {"a tab", IS_CONTROL, "\"\\t\"", 0},
    {"an escape", IS_CONTROL, "\"\\u001b[31m\"", 0},
    {"DEL", IS_CONTROL, "\"a\\u007f\"", 0},
    {"a newline of C1", IS_CONTROL, "\"a\\u0085b\"", 0},
    {"an escape of C1", IS_CONTROL, "\"\\u009b31m\"", 0},
    {"NUL in front", IS_NUL, "\"\\u0000a\"", 0},
    {"NUL at the end", IS_NUL, "\"a\\u0000\"", 0},
    {"nothing but NUL", IS_NUL, "\"\\u0000\"", 0},
    {"64 bytes", IS_WORD, NULL, 64},
    {"65 bytes", IS_65, NULL, 65},
    {"128 bytes", IS_65, NULL, 128},
    {"129 bytes", IS_129, NULL, 129},
    {"256 bytes", IS_129, NULL, 256},
    {"257 bytes", IS_257, NULL, 257},
    {"65537 bytes", IS_LONG, NULL, 65537},
};

/* --- the fields --- */

/* What a kind of field takes; what it would take if it were smaller; all else is malformed. */
typedef struct {
    guint takes;
    guint too_large;
} Kind;

static const Kind an_id = {IS_INTEGER | IS_SHORT_TEXT, 0};
static const Kind a_call_id = {IS_WORD, 0};
static const Kind a_name = {IS_SHORT_TEXT | IS_EMPTY, 0};
static const Kind a_reason = {IS_TEXT, IS_257 | IS_LONG};
static const Kind a_cursor = {IS_TEXT | IS_257 | IS_LONG, 0}; /* the store knows its own */
static const Kind a_choice = {0, 0};                          /* none of the list is one */
static const Kind a_switch = {IS_BOOLEAN, 0};
static const Kind a_limit = {IS_SMALL_INTEGER, 0};
static const Kind a_ring_time = {IS_RING_TIME, 0};
static const Kind a_token = {IS_SHORT_TEXT | IS_EMPTY | IS_CONTROL, 0};
static const Kind a_bitrate = {IS_BITRATE, 0};
static const Kind a_layer = {IS_LAYER, 0};
static const Kind an_object = {IS_OBJECT, 0};
static const Kind any_json = {IS_ANYTHING & ~(IS_LONG | IS_DEEP), IS_LONG};

#define REQUIRED TRUE

typedef struct {
    RequestDoor door;
    const char *request;
    const char *others; /* the other fields that it needs */
    const char *field;
    const Kind *kind;
    gboolean is_required;
} Field;

#define C "\"callId\":\"C\""
#define BOB "\"userId\":\"bob\""

static const Field fields[] = {
    {DOOR_APP, "call:register", "", "userId", &an_id, FALSE},
    {DOOR_APP, "call:register", BOB, "deviceId", &an_id, FALSE},
    {DOOR_APP, "call:register", BOB, "displayName", &a_name, FALSE},
    {DOOR_APP, "call:initiate", "", "calleeId", &an_id, REQUIRED},
    {DOOR_APP, "call:initiate", "\"calleeId\":\"bob\"", "callId", &a_call_id, FALSE},
    {DOOR_APP, "call:initiate", "\"calleeId\":\"bob\"", "media", &an_object, FALSE},
    {DOOR_APP, "call:initiate", "\"calleeId\":\"bob\"", "mode", &a_choice, FALSE},
    {DOOR_APP, "call:initiate", "\"calleeId\":\"bob\"", "timeoutMs", &a_ring_time, FALSE},
    {DOOR_APP, "call:initiate", "\"calleeId\":\"bob\"", "data", &an_object, FALSE},
    {DOOR_APP, "call:ringing", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:accept", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:reject", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:reject", C, "reason", &a_reason, FALSE},
    {DOOR_APP, "call:reject", C, "cause", &a_choice, FALSE},
    {DOOR_APP, "call:end", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:end", C, "reason", &a_reason, FALSE},
    {DOOR_APP, "call:signal", "\"data\":{}", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:signal", C, "data", &any_json, FALSE},
    {DOOR_APP, "call:update", "\"data\":{}", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:update", C, "data", &an_object, REQUIRED},
    {DOOR_APP, "call:get", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:history", "", "limit", &a_limit, FALSE},
    {DOOR_APP, "call:history", "", "before", &a_cursor, FALSE},
    {DOOR_APP, "call:history", "", "status", &a_choice, FALSE},
    {DOOR_APP, "call:history", "", "peerId", &an_id, FALSE},
    {DOOR_APP, "call:history", "", "missed", &a_switch, FALSE},
    {DOOR_APP, "call:join", "\"token\":\"T\"", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:join", C, "token", &a_token, REQUIRED},
    {DOOR_APP, "call:media", "", "callId", &a_call_id, REQUIRED},
    {DOOR_APP, "call:configure", "", "audio", &a_switch, FALSE},
    {DOOR_APP, "call:configure", "", "video", &a_switch, FALSE},
    {DOOR_APP, "call:configure", "", "data", &a_switch, FALSE},
    {DOOR_APP, "call:configure", "", "bitrate", &a_bitrate, FALSE},
    {DOOR_APP, "call:configure", "", "substream", &a_layer, FALSE},
    {DOOR_APP, "call:configure", "", "temporal", &a_layer, FALSE},
    {DOOR_BACKEND, "call:record", "", "callId", &a_call_id, REQUIRED},
    {DOOR_BACKEND, "call:record", C, "record", &a_switch, FALSE},
    {DOOR_BACKEND, "call:record", C, "callerId", &an_id, FALSE},
    {DOOR_BACKEND, "call:reject", C, "userId", &an_id, REQUIRED},
    {DOOR_BACKEND, "call:reject", BOB, "callId", &a_call_id, REQUIRED},
    {DOOR_BACKEND, "call:reject", C "," BOB, "reason", &a_reason, FALSE},
    {DOOR_BACKEND, "call:end", C ",\"callerId\":\"alice\"", "userId", &an_id, FALSE},
    {DOOR_BACKEND, "call:end", C "," BOB, "reason", &a_reason, FALSE},
    {DOOR_BACKEND, "call:history", "", "userId", &an_id, REQUIRED},
    {DOOR_BACKEND, "call:initiate", "\"deviceId\":\"d\",\"calleeId\":\"a\"", "userId", &an_id,
     REQUIRED},
    {DOOR_BACKEND, "call:initiate", BOB ",\"calleeId\":\"a\"", "deviceId", &an_id, REQUIRED},
    {DOOR_BACKEND, "disconnect", "", "userId", &an_id, REQUIRED},
    {DOOR_BACKEND, "disconnect", BOB, "deviceId", &an_id, FALSE},
};

/* --- one of each --- */

typedef struct {
    const Field *field;
    const Sample *value;
} Cell;

static char *json_of(const Sample *value)
{
    g_autofree char *filling = NULL;

    if (value->json)
        return g_strdup(value->json);
    filling = g_strnfill(value->bytes, 'x');
    return g_strdup_printf("\"%s\"", filling);
}

static json_t *body_with(const Field *field, const char *json)
{
    g_autofree char *text =
        g_strdup_printf("{\"request\":\"%s\"%s%s,\"%s\":%s}", field->request,
                        *field->others ? "," : "", field->others, field->field, json);
    json_error_t error;
    json_t *body = json_loads(text, JSON_ALLOW_NUL, &error);

    if (!body)
        g_error("%s: %s", text, error.text);
    return body;
}

static Refusal expected_of(const Field *field, const Sample *value)
{
    if (field->kind->takes & value->nature)
        return REFUSAL_NONE;
    if (value->nature == IS_NULL)
        return field->is_required ? REFUSAL_INVALID_REQUEST : REFUSAL_NONE;
    return field->kind->too_large & value->nature ? REFUSAL_TOO_LARGE : REFUSAL_INVALID_REQUEST;
}

/* What is too deep may be refused before it is looked whose it is. */
static const char *named(const Field *field, const char *text)
{
    return text && g_str_has_prefix(text, "body: must not be nested") ? "body" : field->field;
}

static void assert_refused(const Request *request, const Field *field, Refusal expected)
{
    const char *text = request->event.fault.text;
    const char *name = named(field, text);
    gsize length = strlen(name);

    g_assert_cmpint(request->event.fault.refusal, ==, expected);
    if (expected == REFUSAL_NONE) {
        g_assert_null(text);
        return;
    }
    g_assert_cmpmem(text, MIN(length, strlen(text)), name, length);
    g_assert_cmpint(text[length], ==, ':');
    /* Nothing of the value is in it: the text may go into a log. */
    g_assert_true(g_str_is_ascii(text));
    g_assert_cmpuint(strlen(text), <, 128);
}

static void test_cell(gconstpointer data)
{
    const Cell *cell = data;
    g_autofree char *json = json_of(cell->value);
    json_auto_t *body = body_with(cell->field, json);
    Request request;

    g_assert_true(request_parse(&request, body, NULL, cell->field->door, &limits));
    assert_refused(&request, cell->field, expected_of(cell->field, cell->value));
    request_clear(&request);
}

/* A key that is there twice is as if only the last one were: whatever the first one is. */
static void test_twice(gconstpointer data)
{
    const Cell *cell = data;
    g_autofree char *json = json_of(cell->value);
    g_autofree char *twice =
        g_strdup_printf("{\"surely\":[\"bad\"]},\"%s\":%s", cell->field->field, json);
    json_auto_t *body = body_with(cell->field, twice);
    Request request;

    g_assert_true(request_parse(&request, body, NULL, cell->field->door, &limits));
    assert_refused(&request, cell->field, expected_of(cell->field, cell->value));
    request_clear(&request);
}

/* What no request knows is nobody's business. */
static void test_extra(gconstpointer data)
{
    const Sample *value = data;
    static const Field reject = {DOOR_APP, "call:reject", C, "unheard-of", &any_json, FALSE};
    g_autofree char *json = json_of(value);
    json_auto_t *body = body_with(&reject, json);
    Request request;

    g_assert_true(request_parse(&request, body, NULL, DOOR_APP, &limits));
    g_assert_cmpint(request.event.fault.refusal, ==,
                    value->nature == IS_DEEP ? REFUSAL_INVALID_REQUEST : REFUSAL_NONE);
    request_clear(&request);
}

/* The name of a request is a text, and one that there is. */
static void test_request_name(gconstpointer data)
{
    const Sample *value = data;
    g_autofree char *json = json_of(value);
    g_autofree char *text = g_strdup_printf("{\"request\":%s}", json);
    json_auto_t *body = json_loads(text, JSON_ALLOW_NUL, NULL);
    gboolean is_text = value->nature & (IS_TEXT | IS_257 | IS_LONG);

    for (RequestDoor door = DOOR_APP; door <= DOOR_BACKEND; door++) {
        Request request;

        g_assert_false(request_parse(&request, body, NULL, door, &limits));
        g_assert_cmpint(request.event.fault.refusal, ==,
                        is_text ? REFUSAL_UNKNOWN_REQUEST : REFUSAL_INVALID_REQUEST);
        g_assert_true(g_str_has_prefix(request.event.fault.text, "request: "));
        request_clear(&request);
    }
}

static char *path_of(const char *what, const Field *field, const Sample *value)
{
    return g_strdup_printf("/hostile/%s/%s%s/%s/%s", what,
                           field->door == DOOR_BACKEND ? "backend's " : "", field->request,
                           field->field, value->name);
}

static void add_cells(GArray *cells)
{
    for (guint f = 0; f < G_N_ELEMENTS(fields); f++) {
        for (guint v = 0; v < G_N_ELEMENTS(values); v++)
            g_array_append_val(cells, ((Cell){&fields[f], &values[v]}));
    }
    for (guint i = 0; i < cells->len; i++) {
        const Cell *cell = &g_array_index(cells, Cell, i);
        g_autofree char *once = path_of("once", cell->field, cell->value);
        g_autofree char *twice = path_of("twice", cell->field, cell->value);

        g_test_add_data_func(once, cell, test_cell);
        g_test_add_data_func(twice, cell, test_twice);
    }
}

int main(int argc, char **argv)
{
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    int status;

    g_test_init(&argc, &argv, NULL);
    add_cells(cells);
    for (guint v = 0; v < G_N_ELEMENTS(values); v++) {
        g_autofree char *extra = g_strdup_printf("/hostile/extra/%s", values[v].name);
        g_autofree char *name = g_strdup_printf("/hostile/request/%s", values[v].name);

        g_test_add_data_func(extra, &values[v], test_extra);
        g_test_add_data_func(name, &values[v], test_request_name);
    }
    status = g_test_run();
    g_array_unref(cells);
    return status;
}
