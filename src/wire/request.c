#include "wire/request.h"

#include <string.h>

/* --- faults: the first one counts --- */

static gboolean is_faulty(const Request *request)
{
    return request->event.fault.refusal != REFUSAL_NONE;
}

static void G_GNUC_PRINTF(3, 4) fault(Request *request, Refusal refusal, const char *format, ...)
{
    va_list args;

    if (is_faulty(request))
        return;
    va_start(args, format);
    request->fault = g_strdup_vprintf(format, args);
    va_end(args);
    request->event.fault.refusal = refusal;
    request->event.fault.text = request->fault;
}

/* --- one field each: NULL or a default when it is absent (or null), a fault when it is bad --- */

static gboolean is_given(const Value *value)
{
    return value->kind != VALUE_ABSENT && value->kind != VALUE_NULL;
}

static const char *string_of(Request *request, const Value *value, const char *name)
{
    if (!is_given(value))
        return NULL;
    if (value->kind != VALUE_STRING) {
        fault(request, REFUSAL_INVALID_REQUEST, "%s: must be a string", name);
        return NULL;
    }
    if (strlen(value->string) != value->length) {
        fault(request, REFUSAL_INVALID_REQUEST, "%s: must not contain NUL", name);
        return NULL;
    }
    return value->string;
}

static const char *take_string(Request *request, const Object *body, const char *name)
{
    Value value = object_get(body, name);

    return string_of(request, &value, name);
}

static const char *integer_as_text(Request *request, gint64 value)
{
    char *text = request->numbers[request->numbers_used++];

    g_assert(request->numbers_used <= G_N_ELEMENTS(request->numbers));
    g_snprintf(text, sizeof request->numbers[0], "%" G_GINT64_FORMAT, value);
    return text;
}

static const char *take_id(Request *request, const Object *body, const char *name)
{
    Value value = object_get(body, name);
    const char *id;

    if (value.kind == VALUE_INTEGER)
        return integer_as_text(request, value.integer);
    if (is_given(&value) && value.kind != VALUE_STRING) {
        fault(request, REFUSAL_INVALID_REQUEST, "%s: must be a string or an integer", name);
        return NULL;
    }
    id = string_of(request, &value, name);
    if (!id)
        return NULL;
    if (!*id || value.length > ID_BYTES)
        fault(request, REFUSAL_INVALID_REQUEST, "%s: must have 1 to %d bytes", name, ID_BYTES);
    else if (has_control_characters(id))
        fault(request, REFUSAL_INVALID_REQUEST, "%s: must not contain control characters", name);
    return id;
}

static gboolean is_call_id(const char *id)
{
    gsize length = 0;

    while (g_ascii_isalnum(id[length]) || (id[length] && strchr("_.:-", id[length])))
        length++;
    return length >= 1 && length <= CALL_ID_BYTES && id[length] == '\0';
}

static const char *take_call_id(Request *request, const Object *body)
{
    const char *id = take_string(request, body, "callId");

    if (id && !is_call_id(id))
        fault(request, REFUSAL_INVALID_REQUEST,
              "callId: must be 1 to %d characters of A-Z a-z 0-9 _ . : -", CALL_ID_BYTES);
    return id;
}

static void require(Request *request, const void *value, const char *name)
{
    if (!value)
        fault(request, REFUSAL_INVALID_REQUEST, "%s: is required", name);
}

static gint64 take_integer(Request *request, const Object *body, const char *name, gint64 least,
                           gint64 most, gint64 absent)
{
    Value value = object_get(body, name);

    if (!is_given(&value))
        return absent;
    if (value.kind != VALUE_INTEGER || value.integer < least || value.integer > most) {
        fault(request, REFUSAL_INVALID_REQUEST,
              "%s: must be an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name, least,
              most);
        return absent;
    }
    return value.integer;
}

static gboolean take_boolean(Request *request, const Object *body, const char *in, const char *name,
                             gboolean absent)
{
    Value value = object_get(body, name);

    if (!is_given(&value))
        return absent;
    if (value.kind != VALUE_BOOLEAN)
        fault(request, REFUSAL_INVALID_REQUEST, "%s%s: must be true or false", in, name);
    return value.kind == VALUE_BOOLEAN && value.integer;
}

static const char *take_reason(Request *request, const Object *body)
{
    const char *reason = take_string(request, body, "reason");

    if (reason && strlen(reason) > REASON_BYTES)
        fault(request, REFUSAL_TOO_LARGE, "reason: must have at most %d bytes", REASON_BYTES);
    return reason;
}

static const char *take_display_name(Request *request, const Object *body)
{
    const char *name = take_string(request, body, "displayName");

    if (!name || !*name)
        return NULL;
    if (strlen(name) > ID_BYTES)
        fault(request, REFUSAL_INVALID_REQUEST, "displayName: must have at most %d bytes",
              ID_BYTES);
    else if (has_control_characters(name))
        fault(request, REFUSAL_INVALID_REQUEST, "displayName: must not contain control characters");
    return name;
}

/* Any JSON, also null. A body that has it is not plain. */
static const char *take_data(Request *request, const Object *body, gsize most)
{
    json_t *value = json_object_get(body->json, "data");

    if (!value)
        return NULL;
    request->data = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!request->data)
        fault(request, REFUSAL_INVALID_REQUEST, "data: cannot be passed on");
    else if (strlen(request->data) > most)
        fault(request, REFUSAL_TOO_LARGE, "data: must have at most %" G_GSIZE_FORMAT " bytes",
              most);
    return request->data;
}

static const char *take_data_object(Request *request, const Object *body, gsize most)
{
    Value value = object_get(body, "data");

    if (!is_given(&value))
        return NULL;
    if (value.kind != VALUE_OBJECT) {
        fault(request, REFUSAL_INVALID_REQUEST, "data: must be an object");
        return NULL;
    }
    return take_data(request, body, most);
}

static Media take_media(Request *request, const Object *body)
{
    Value value = object_get(body, "media");
    Media media = {.audio = TRUE};

    if (!is_given(&value))
        return media;
    if (value.kind != VALUE_OBJECT) {
        fault(request, REFUSAL_INVALID_REQUEST, "media: must be an object");
        return media;
    }
    media.audio = take_boolean(request, &value.object, "media.", "audio", TRUE);
    media.video = take_boolean(request, &value.object, "media.", "video", FALSE);
    if (!media.audio && !media.video)
        fault(request, REFUSAL_INVALID_REQUEST, "media: audio or video must be true");
    return media;
}

static void take_mode(Request *request, const Object *body)
{
    InitiateEvent *initiate = &request->event.initiate;
    const char *name = take_string(request, body, "mode");

    initiate->has_mode = name != NULL;
    if (name && !mode_parse(name, &initiate->mode))
        fault(request, REFUSAL_INVALID_REQUEST, "mode: must be none, p2p, relay or room");
}

/* --- the body as a whole --- */

/* At most so many bytes does it have, written compactly: a character may become six, a number has fewer than 32. */
static gsize most_bytes(json_t *value)
{
    gsize bytes = 2;
    const char *name;
    json_t *inner;
    size_t i;

    if (json_is_string(value))
        return 6 * json_string_length(value) + 2;
    if (!json_is_object(value) && !json_is_array(value))
        return 32;
    json_object_foreach(value, name, inner) bytes += 6 * strlen(name) + 4 + most_bytes(inner);
    json_array_foreach(value, i, inner) bytes += 1 + most_bytes(inner);
    return bytes;
}

/* Writing it, to count, is the dearer part of reading a request: most are far from the limit. */
static gboolean is_larger(json_t *body, gsize bytes)
{
    return most_bytes(body) > bytes && json_dumpb(body, NULL, 0, JSON_COMPACT) > bytes;
}

/* Only `data` may be deep at all; a field that nobody knows is not worth naming. */
static void check_shape(Request *request, const Object *body, const MessageLimits *limits)
{
    Object data = object_of_json(json_object_get(body->json, "data"));

    if (object_is_deeper(&data, limits->depth - 1))
        fault(request, REFUSAL_INVALID_REQUEST, "data: must not be nested so deep");
    else if (object_is_deeper(body, limits->depth))
        fault(request, REFUSAL_INVALID_REQUEST, "body: must not be nested deeper than %u",
              limits->depth);
    else if (limits->bytes && body->json && is_larger(body->json, limits->bytes))
        fault(request, REFUSAL_TOO_LARGE, "body: must have at most %" G_GSIZE_FORMAT " bytes",
              limits->bytes);
}

/* --- JSEP, which comes beside the body --- */

static JsepKind take_jsep_kind(Request *request, json_t *jsep)
{
    const char *type = json_string_value(json_object_get(jsep, "type"));

    if (g_strcmp0(type, "offer") == 0)
        return JSEP_OFFER;
    if (g_strcmp0(type, "answer") == 0)
        return JSEP_ANSWER;
    fault(request, REFUSAL_INVALID_REQUEST, "jsep: type must be offer or answer");
    return JSEP_NONE;
}

static void take_jsep(Request *request, json_t *jsep, const MessageLimits *limits)
{
    const Object object = object_of_json(jsep);
    JsepKind kind;

    if (!jsep || json_is_null(jsep))
        return;
    if (object_is_deeper(&object, limits->depth)) {
        fault(request, REFUSAL_INVALID_REQUEST, "jsep: must not be nested so deep");
        return;
    }
    kind = take_jsep_kind(request, jsep);
    if (!json_is_string(json_object_get(jsep, "sdp")))
        fault(request, REFUSAL_INVALID_REQUEST, "jsep: sdp must be a string");
    if (json_dumpb(jsep, NULL, 0, JSON_COMPACT) > JSEP_BYTES)
        fault(request, REFUSAL_TOO_LARGE, "jsep: must have at most %d bytes", JSEP_BYTES);
    if (is_faulty(request))
        return;
    request->jsep = json_dumps(jsep, JSON_COMPACT);
    if (!request->jsep)
        fault(request, REFUSAL_INVALID_REQUEST, "jsep: cannot be passed on");
    request->event.join.jsep = (Jsep){.kind = kind, .text = request->jsep};
}

/* --- one function a request --- */

static void parse_register(Request *request, const Object *body)
{
    RegisterEvent *reg = &request->event.reg;

    reg->user_id = take_id(request, body, "userId");
    reg->device_id = take_id(request, body, "deviceId");
    reg->token = take_string(request, body, "token");
    reg->display_name = take_display_name(request, body);
}

static void parse_nothing(Request *request G_GNUC_UNUSED, const Object *body G_GNUC_UNUSED)
{
}

static void parse_initiate(Request *request, const Object *body)
{
    InitiateEvent *initiate = &request->event.initiate;

    initiate->callee_id = take_id(request, body, "calleeId");
    require(request, initiate->callee_id, "calleeId");
    initiate->call_id = take_call_id(request, body);
    initiate->media = take_media(request, body);
    take_mode(request, body);
    initiate->timeout_ms = take_integer(request, body, "timeoutMs", RING_MS_LEAST, RING_MS_MOST, 0);
    initiate->data = take_data_object(request, body, INITIATE_DATA_BYTES);
}

static void parse_call(Request *request, const Object *body)
{
    request->event.about.call_id = take_call_id(request, body);
    require(request, request->event.about.call_id, "callId");
}

static void parse_end(Request *request, const Object *body)
{
    parse_call(request, body);
    request->event.about.reason = take_reason(request, body);
}

static void parse_reject(Request *request, const Object *body)
{
    const char *cause = take_string(request, body, "cause");

    parse_end(request, body);
    request->event.about.cause = CAUSE_DECLINED;
    if (!cause)
        return;
    if (!cause_parse(cause, &request->event.about.cause) ||
        (request->event.about.cause != CAUSE_DECLINED && request->event.about.cause != CAUSE_BUSY))
        fault(request, REFUSAL_INVALID_REQUEST, "cause: must be declined or busy");
}

static void parse_signal(Request *request, const Object *body)
{
    parse_call(request, body);
    request->event.about.data = take_data(request, body, SIGNAL_DATA_BYTES);
    require(request, request->event.about.data, "data");
}

static void parse_update(Request *request, const Object *body)
{
    parse_call(request, body);
    request->event.about.data = take_data_object(request, body, UPDATE_DATA_BYTES);
    require(request, request->event.about.data, "data");
}

static void parse_history(Request *request, const Object *body)
{
    HistoryEvent *history = &request->event.history;
    const char *status = take_string(request, body, "status");

    history->limit =
        (guint)take_integer(request, body, "limit", 1, HISTORY_LIMIT_MOST, HISTORY_LIMIT_DEFAULT);
    history->before = take_string(request, body, "before");
    history->peer_id = take_id(request, body, "peerId");
    history->missed = take_boolean(request, body, "", "missed", FALSE);
    history->has_status = status != NULL;
    if (status && !call_state_parse(status, &history->status))
        fault(request, REFUSAL_INVALID_REQUEST, "status: is not a state of a call");
}

static void parse_disconnect(Request *request, const Object *body)
{
    DisconnectEvent *disconnect = &request->event.disconnect;

    disconnect->user_id = take_id(request, body, "userId");
    require(request, disconnect->user_id, "userId");
    disconnect->device_id = take_id(request, body, "deviceId");
}

static void parse_media(Request *request, const Object *body)
{
    request->event.join.call_id = take_call_id(request, body);
    require(request, request->event.join.call_id, "callId");
}

static void parse_join(Request *request, const Object *body)
{
    const char *token = take_string(request, body, "token");

    parse_media(request, body);
    require(request, token, "token");
    if (token && strlen(token) > TOKEN_BYTES)
        fault(request, REFUSAL_INVALID_REQUEST, "token: must have at most %d bytes", TOKEN_BYTES);
    request->event.join.token = token;
}

/* -1 for what is not said. */
static gint take_wish(Request *request, const Object *body, const char *name)
{
    Value value = object_get(body, name);

    return is_given(&value) ? take_boolean(request, body, "", name, FALSE) : -1;
}

static void parse_configure(Request *request, const Object *body)
{
    request->event.configure = (MediaWish){
        .audio = take_wish(request, body, "audio"),
        .video = take_wish(request, body, "video"),
        .data = take_wish(request, body, "data"),
        .bitrate = take_integer(request, body, "bitrate", 0, BITRATE_MOST, -1),
        .substream = (gint)take_integer(request, body, "substream", 0, 2, -1),
        .temporal = (gint)take_integer(request, body, "temporal", 0, 2, -1),
    };
}

static void parse_record(Request *request, const Object *body)
{
    request->event.record.call_id = take_call_id(request, body);
    require(request, request->event.record.call_id, "callId");
    request->event.record.is_on = take_boolean(request, body, "", "record", TRUE);
}

#define ANY_APP (DOOR_APP | DOOR_SOCKET)

static const struct {
    EventKind kind;
    guint doors;
    gboolean wants_jsep;
    void (*parse)(Request *request, const Object *body);
} requests[] = {
    {EVENT_REGISTER, ANY_APP, FALSE, parse_register},
    {EVENT_UNREGISTER, ANY_APP, FALSE, parse_nothing},
    {EVENT_INITIATE, ANY_APP | DOOR_BACKEND, FALSE, parse_initiate},
    {EVENT_RINGING, ANY_APP, FALSE, parse_call},
    {EVENT_ACCEPT, ANY_APP, FALSE, parse_call},
    {EVENT_REJECT, ANY_APP | DOOR_BACKEND, FALSE, parse_reject},
    {EVENT_END, ANY_APP | DOOR_BACKEND, FALSE, parse_end},
    {EVENT_SIGNAL, ANY_APP, FALSE, parse_signal},
    {EVENT_UPDATE, ANY_APP, FALSE, parse_update},
    {EVENT_GET, ANY_APP | DOOR_BACKEND, FALSE, parse_call},
    {EVENT_HISTORY, ANY_APP | DOOR_BACKEND, FALSE, parse_history},
    {EVENT_JOIN, DOOR_APP, TRUE, parse_join},
    {EVENT_MEDIA, DOOR_APP, TRUE, parse_media},
    {EVENT_CONFIGURE, DOOR_APP, FALSE, parse_configure},
    {EVENT_RECORD, DOOR_BACKEND, FALSE, parse_record},
    {EVENT_DISCONNECT, DOOR_BACKEND, FALSE, parse_disconnect},
};

static gboolean find_request(const char *name, RequestDoor door, guint *row)
{
    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        if ((requests[i].doors & door) && strcmp(event_name(requests[i].kind), name) == 0) {
            *row = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* For nobody in particular: the call is named by its id and, where that is not unique, its caller. */
static void parse_operator(Request *request, const Object *body)
{
    Event *event = &request->event;

    event->is_operator = TRUE;
    event->as_user = take_id(request, body, "callerId");
}

/* A backend acts for a user; for a call it also says from which of the user's devices. */
static void parse_acting_for(Request *request, const Object *body)
{
    Event *event = &request->event;

    if (event->kind == EVENT_DISCONNECT)
        return;
    if (event->kind == EVENT_RECORD) {
        parse_operator(request, body);
        return;
    }
    event->as_user = take_id(request, body, "userId");
    if (!event->as_user && (event->kind == EVENT_END || event->kind == EVENT_GET)) {
        parse_operator(request, body);
        return;
    }
    require(request, event->as_user, "userId");
    if (event->kind != EVENT_INITIATE)
        return;
    event->as_device = take_id(request, body, "deviceId");
    require(request, event->as_device, "deviceId");
}

static gboolean parse_object(Request *request, const Object *body, json_t *jsep, RequestDoor door,
                             const MessageLimits *limits)
{
    const char *name;
    guint row;

    *request = (Request){0};
    name = take_string(request, body, "request");
    require(request, name, "request");
    if (is_faulty(request))
        return FALSE;
    if (!find_request(name, door, &row)) {
        fault(request, REFUSAL_UNKNOWN_REQUEST, "request: there is no such request");
        return FALSE;
    }
    request->event.kind = requests[row].kind;
    check_shape(request, body, limits);
    if (is_faulty(request))
        return TRUE;
    if (door == DOOR_BACKEND)
        parse_acting_for(request, body);
    requests[row].parse(request, body);
    if (requests[row].wants_jsep)
        take_jsep(request, jsep, limits);
    return TRUE;
}

gboolean request_parse(Request *request, json_t *body, json_t *jsep, RequestDoor door,
                       const MessageLimits *limits)
{
    const Object object = object_of_json(body);

    return parse_object(request, &object, jsep, door, limits);
}

gboolean request_parse_body(Request *request, const Body *body, RequestDoor door,
                            const MessageLimits *limits)
{
    const Object object = body_object(body);

    return parse_object(request, &object, NULL, door, limits);
}

/* The cursor of a list is a place in it, as text. */
static guint take_place(Request *request, const Object *body)
{
    const char *after = take_string(request, body, "after");
    guint64 place = 0;

    if (after && !g_ascii_string_to_unsigned(after, 16, 1, G_MAXUINT, &place, NULL))
        fault(request, REFUSAL_INVALID_REQUEST, "after: is not a cursor that this list gave");
    return (guint)place;
}

gboolean request_parse_page(Request *request, Lookup *lookup, json_t *body)
{
    const Object object = object_of_json(body);

    *request = (Request){0};
    *lookup = (Lookup){
        .limit =
            (guint)take_integer(request, &object, "limit", 1, LIST_LIMIT_MOST, LIST_LIMIT_DEFAULT),
        .from = take_place(request, &object),
    };
    return !is_faulty(request);
}

gboolean request_parse_user(Request *request, Lookup *lookup, json_t *body)
{
    const Object object = object_of_json(body);

    *request = (Request){0};
    *lookup = (Lookup){.user_id = take_id(request, &object, "userId")};
    require(request, lookup->user_id, "userId");
    return !is_faulty(request);
}

gboolean request_parse_trace(Request *request, json_t *body)
{
    const Object object = object_of_json(body);

    *request = (Request){.event.kind = EVENT_GET};
    parse_operator(request, &object);
    parse_call(request, &object);
    return !is_faulty(request);
}

void request_clear(Request *request)
{
    g_clear_pointer(&request->data, free);
    g_clear_pointer(&request->jsep, free);
    g_clear_pointer(&request->fault, g_free);
}
