#include "shape.h"

#include "core/refusal.h"
#include "fake-janus.h"
#include "fuzz.h"

/* A list of fields: `name:type`, with a `?` behind it when it may be absent. Types: s string, i integer,
 * b boolean, o object, a array, n string or null, x anything. */
#define ABOUT_CALL "callId:s status:s rev:i cause:s? "
#define OFFER "media:o mode:s data:o? expiresAt:i expiresInMs:i "
#define RECORD                                                                                     \
    "callId:s callerId:s calleeId:s status:s cause:n reason:s? media:o mode:s data:o? "            \
    "createdAt:i ringingAt:i? acceptedAt:i? endedAt:i? durationMs:i? answeredBy:s? endedBy:s? "    \
    "rev:i "

/* What only an operator sees of a call (section 8). */
#define BACKENDS_RECORD                                                                            \
    "callerDevice:s callerName:s? expiresAt:i callerSees:o? push:o? expiresInMs:i? "               \
    "mediaReport:o? "

typedef struct {
    const char *name;
    const char *fields;
} Shape;

static const Shape events[] = {
    {"call:incoming", "callId:s rev:i callerId:s callerName:s? calleeId:s " OFFER},
    {"call:outgoing", "callId:s rev:i calleeId:s " OFFER},
    {"call:ringing", "callId:s rev:i calleeId:s deviceId:s"},
    {"call:accepted", "callId:s rev:i calleeId:s deviceId:s mode:s media:o join:o?"},
    {"call:rejected", "callId:s rev:i reason:s cause:s calleeId:s deviceId:s?"},
    {"call:timeout", "callId:s rev:i reason:s cause:s"},
    {"call:ended", "callId:s rev:i reason:s? cause:s status:s endedBy:s? durationMs:i?"},
    {"call:peer", "callId:s rev:i state:s"},
    {"call:signal", "callId:s rev:i from:s data:x"},
    {"call:updated", "callId:s rev:i from:s data:o"},
    {"call:media", "callId:s rev:i"},
    {"call:replaced", ""},
    {"call:unregistered", "cause:s?"},
    {NULL, NULL},
};

static const Shape replies[] = {
    {"call:register", "userId:s deviceId:s protocol:i serverTime:i timers:o limits:o calls:a "
                      "complete:b registrationExpiresInMs:i?"},
    {"call:unregister", ""},
    {"call:initiate",
     ABOUT_CALL "replacedCallId:s? reachable:b? devices:i? expiresAt:i? expiresInMs:i?"},
    {"call:ringing", ABOUT_CALL},
    {"call:accept", ABOUT_CALL "media:o mode:s join:o?"},
    {"call:reject", ABOUT_CALL},
    {"call:end", ABOUT_CALL},
    {"call:signal", ABOUT_CALL "delivered:b?"},
    {"call:update", ABOUT_CALL "delivered:b?"},
    {"call:get", ABOUT_CALL "record:o"},
    {"call:join", ABOUT_CALL},
    {"call:media", ABOUT_CALL},
    {"call:configure", ABOUT_CALL},
    {"call:record", ABOUT_CALL "recording:b"},
    {"call:history", "calls:a next:s?"},
    {"disconnect", "devices:i"},
    {"stats", "users:i devices:i away:i liveCalls:i endedCalls:i steps:i initiated:i accepted:i "
              "refused:i closed:o store:o?"},
    {"reload", ""},
    {"users", "users:a next:s?"},
    {"calls", "calls:a next:s?"},
    {"user", "userId:s devices:a calls:a"},
    {"call:trace", ABOUT_CALL "callerId:s calleeId:s trace:a"},
    {NULL, NULL},
};

/* --- fields --- */

static gboolean is_of_type(const json_t *value, char type)
{
    switch (type) {
    case 's':
        return json_is_string(value);
    case 'i':
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case 'b':
        return json_is_boolean(value);
    case 'o':
        return json_is_object(value);
    case 'a':
        return json_is_array(value);
    case 'n':
        return json_is_string(value) || json_is_null(value);
    default:
        return value != NULL;
    }
}

/* How many of the object's fields the list accounts for. */
static gsize check_listed(const json_t *object, const char *fields)
{
    gsize found = 0;

    for (const char *word = fields; *word; word += strspn(word, " ")) {
        gsize length = strcspn(word, " ");
        gsize name = strcspn(word, ":");
        const json_t *value = json_object_getn(object, word, name);

        if (value || word[length - 1] != '?')
            fuzz_check(is_of_type(value, word[name + 1]), "%.*s is missing or wrong in %s",
                       (int)name, word, json_dumps(object, 0));
        found += value != NULL;
        word += length;
    }
    return found;
}

static void check_fields(const json_t *object, const char *base, const char *fields)
{
    gsize found = check_listed(object, base) + check_listed(object, fields);

    fuzz_check(found == json_object_size(object), "a field too many in %s", json_dumps(object, 0));
}

static const char *fields_of(const Shape *shapes, const char *name)
{
    while (shapes->name && g_strcmp0(shapes->name, name) != 0)
        shapes++;
    fuzz_check(shapes->name != NULL, "\"%s\" should not have come", name);
    return shapes->fields;
}

const char *shape_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

gint64 shape_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

CallState shape_status(const json_t *object)
{
    const char *name = shape_text(object, "status");
    CallState status = CALL_RINGING;

    fuzz_check(name && call_state_parse(name, &status), "a status that does not exist: %s", name);
    return status;
}

Cause shape_cause(const json_t *object)
{
    const char *name = shape_text(object, "cause");
    Cause cause = CAUSE_NONE;

    fuzz_check(!name || cause_parse(name, &cause), "a cause that does not exist: %s", name);
    return cause;
}

/* --- which cause goes with which status (section 5) --- */

static gboolean is_cause_of(CallState status, const char *cause)
{
    static const char *const causes[CALL_STATES] = {
        [CALL_RINGING] = "",
        [CALL_ACCEPTED] = "",
        [CALL_REJECTED] = " declined busy ",
        [CALL_CANCELLED] = " cancelled caller_lost replaced admin ",
        [CALL_TIMEOUT] = " no_answer unreachable ",
        [CALL_ENDED] = " hangup connection_lost replaced max_duration admin ",
        [CALL_FAILED] = " server_restart node_lost media_failed ",
    };
    g_autofree char *word = g_strdup_printf(" %s ", cause);

    return strstr(causes[status], word) != NULL;
}

static void check_cause(const json_t *object)
{
    CallState status = shape_status(object);
    const char *cause = shape_text(object, "cause");

    fuzz_check(call_state_is_final(status) == (cause != NULL), "status and cause disagree in %s",
               json_dumps(object, 0));
    fuzz_check(!cause || is_cause_of(status, cause), "status and cause disagree in %s",
               json_dumps(object, 0));
}

/* --- records --- */

static void check_times(const json_t *record)
{
    gboolean is_over = call_state_is_final(shape_status(record));
    gboolean was_accepted = json_object_get(record, "acceptedAt") != NULL;

    fuzz_check(is_over == (json_object_get(record, "endedAt") != NULL), "endedAt is wrong in %s",
               json_dumps(record, 0));
    fuzz_check(was_accepted == (json_object_get(record, "answeredBy") != NULL),
               "acceptedAt and answeredBy disagree in %s", json_dumps(record, 0));
    fuzz_check((is_over && was_accepted) == (json_object_get(record, "durationMs") != NULL),
               "durationMs is wrong in %s", json_dumps(record, 0));
}

static void check_record(const json_t *record, const char *more)
{
    check_fields(record, RECORD, more);
    check_cause(record);
    check_times(record);
}

static void check_records(const json_t *calls, const char *more)
{
    json_t *record;
    gsize i;

    json_array_foreach(calls, i, record) check_record(record, more);
}

/* --- replies and events --- */

static void check_refusal(const json_t *reply)
{
    const char *name = shape_text(reply, "code");
    gint64 number = shape_integer(reply, "error_code");

    for (guint i = REFUSAL_NONE + 1; i < REFUSALS; i++) {
        if (strcmp(refusal_name((Refusal)i), name) == 0 && refusal_number((Refusal)i) == number)
            return;
    }
    fuzz_fail("code %s and error_code %" G_GINT64_FORMAT " do not belong together", name, number);
}

static void check_error(const json_t *reply)
{
    gint64 number = shape_integer(reply, "error_code");
    const char *code = shape_text(reply, "code");

    check_fields(reply, "call:s error_code:i code:s error:s request:s? retryAfterMs:i? ",
                 json_object_get(reply, "callId") ? "callId:s status:s cause:n rev:i"
                                                  : "otherCallId:s? otherStatus:s?");
    check_refusal(reply);
    fuzz_check_text(shape_text(reply, "error"));
    if (number == 400 || number == 413)
        fuzz_check_names_field(shape_text(reply, "error"));
    fuzz_check((strcmp(code, "glare") == 0) == (json_object_get(reply, "otherCallId") != NULL),
               "a glare without the other call, or the other way round");
    if (json_object_get(reply, "callId"))
        check_cause(reply);
    fuzz_check(strcmp(code, "call_over") != 0 || call_state_is_final(shape_status(reply)),
               "call_over of a call that lives");
    fuzz_check(strcmp(code, "internal") != 0, "an internal error");
}

/* What a record in the reply has besides. */
static const char *more_of(const char *request, gboolean is_operators)
{
    if (strcmp(request, "call:register") == 0)
        return "expiresInMs:i? role:s? join:o?";
    return is_operators ? BACKENDS_RECORD : "";
}

void shape_check_reply(json_t *body, json_t *reply, gboolean is_operators)
{
    const char *call = shape_text(reply, "call");
    const char *request = shape_text(body, "request");

    fuzz_check(g_strcmp0(request, shape_text(reply, "request")) == 0,
               "a reply to %s says that it is to %s", request, shape_text(reply, "request"));
    if (g_strcmp0(call, "error") == 0) {
        check_error(reply);
        return;
    }
    fuzz_check(g_strcmp0(call, "success") == 0, "neither success nor error: %s", call);
    check_fields(reply, "call:s request:s durable:b? ", fields_of(replies, request));
    if (json_object_get(reply, "status"))
        check_cause(reply);
    if (json_object_get(reply, "record"))
        check_record(json_object_get(reply, "record"), more_of(request, is_operators));
    check_records(json_object_get(reply, "calls"), more_of(request, is_operators));
}

void shape_check_event(json_t *event)
{
    const char *name = shape_text(event, "event");

    fuzz_check(g_strcmp0(shape_text(event, "call"), "event") == 0, "an event that says it is none");
    check_fields(event, "call:s event:s timestamp:i ", fields_of(events, name));
    if (json_object_get(event, "cause"))
        shape_cause(event);
}

gboolean shape_has_secret(const json_t *value)
{
    const char *key;
    json_t *inner;
    gsize i;

    if (json_is_string(value))
        return strstr(json_string_value(value), FAKE_SECRET) != NULL;
    json_array_foreach(value, i, inner)
    {
        if (shape_has_secret(inner))
            return TRUE;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        if (strstr(key, FAKE_SECRET) || shape_has_secret(inner))
            return TRUE;
    }
    return FALSE;
}

void shape_check_no_secret(const json_t *value)
{
    fuzz_check(!shape_has_secret(value), "a secret in %s", json_dumps(value, 0));
}
