/* Bytes to JSON as Janus reads them, and on through request_parse(): nothing may come out of it that
 * the rest of the house is not made for. */
#include <jansson.h>

#include "fuzz.h"
#include "wire/body.h"
#include "wire/request.h"
#include "wire/write.h"

/* --- what a fault is --- */

static void check_fault(const Request *request)
{
    const Refusal refusal = request->event.fault.refusal;

    fuzz_check(refusal == REFUSAL_INVALID_REQUEST || refusal == REFUSAL_TOO_LARGE ||
                   refusal == REFUSAL_UNKNOWN_REQUEST,
               "a fault of the parser is %u", refusal);
    fuzz_check(request->event.fault.text != NULL, "a fault without a text");
    fuzz_check_text(request->event.fault.text);
    fuzz_check_names_field(request->event.fault.text);
}

/* --- what may pass --- */

static void check_string(const char *text, gsize least, gsize most, const char *name)
{
    gsize length = text ? strlen(text) : 0;

    if (!text)
        return;
    fuzz_check(g_utf8_validate(text, -1, NULL), "%s is not UTF-8", name);
    fuzz_check(length >= least && length <= most, "%s has %zu bytes", name, length);
}

static void check_id(const char *id, const char *name)
{
    if (!id)
        return;
    check_string(id, 1, ID_BYTES, name);
    fuzz_check_text(id);
}

static void check_call_id(const char *id)
{
    check_string(id, 1, CALL_ID_BYTES, "callId");
    for (const char *c = id; c && *c; c++)
        fuzz_check(g_ascii_isalnum(*c) || strchr("_.:-", *c), "callId is \"%s\"", id);
}

static void check_data(const char *text, gsize most, gboolean is_object)
{
    json_t *data;

    check_string(text, 1, most, "data");
    if (!text)
        return;
    data = json_loads(text, JSON_DECODE_ANY, NULL);
    fuzz_check(data != NULL, "data cannot be read back: %s", text);
    fuzz_check(!is_object || json_is_object(data), "data is not an object: %s", text);
    json_decref(data);
}

static void check_register(const RegisterEvent *reg)
{
    check_string(reg->token, 0, G_MAXSIZE, "token");
    check_id(reg->user_id, "userId");
    check_id(reg->device_id, "deviceId");
    check_id(reg->display_name, "displayName");
}

/* As it goes into the record of a call, and from there to devices. */
static void check_written(const InitiateEvent *initiate)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    g_autoptr(Record) record = NULL;
    g_autofree char *text = NULL;
    json_t *written;

    ref_string_set(&facts->call_id, initiate->call_id ? initiate->call_id : "CALL_1");
    ref_string_set(&facts->caller_id, "caller");
    ref_string_set(&facts->callee_id, initiate->callee_id);
    ref_string_set(&facts->data, initiate->data);
    facts->media = initiate->media;
    facts->mode = initiate->mode;
    record = record_new(facts);
    written = write_record(record, VIEW_FULL);
    text = json_dumps(written, JSON_COMPACT);
    fuzz_check(text != NULL, "what was accepted cannot be written");
    fuzz_check(
        strcmp(json_string_value(json_object_get(written, "calleeId")), initiate->callee_id) == 0,
        "calleeId does not write back");
    fuzz_check((initiate->data != NULL) == (json_object_get(written, "data") != NULL),
               "data does not write back");
    json_decref(written);
}

static void check_initiate(const InitiateEvent *initiate)
{
    fuzz_check(initiate->callee_id != NULL, "a call to nobody");
    check_id(initiate->callee_id, "calleeId");
    check_call_id(initiate->call_id);
    check_data(initiate->data, INITIATE_DATA_BYTES, TRUE);
    fuzz_check(initiate->media.audio || initiate->media.video, "a call without media");
    fuzz_check(initiate->mode < MODES && (initiate->has_mode || initiate->mode == MODE_NONE),
               "mode is %u", initiate->mode);
    fuzz_check(initiate->timeout_ms == 0 ||
                   (initiate->timeout_ms >= RING_MS_LEAST && initiate->timeout_ms <= RING_MS_MOST),
               "it rings for %" G_GINT64_FORMAT " ms", initiate->timeout_ms);
    check_written(initiate);
}

static void check_about(EventKind kind, const AboutCallEvent *about)
{
    gboolean is_signal = kind == EVENT_SIGNAL;
    gboolean is_update = kind == EVENT_UPDATE;

    fuzz_check(about->call_id != NULL, "a request about no call");
    check_call_id(about->call_id);
    check_string(about->reason, 0, REASON_BYTES, "reason");
    check_data(about->data, is_signal ? SIGNAL_DATA_BYTES : UPDATE_DATA_BYTES, is_update);
    fuzz_check((is_signal || is_update) == (about->data != NULL),
               "data where none belongs, or none");
    fuzz_check(kind != EVENT_REJECT || about->cause == CAUSE_DECLINED || about->cause == CAUSE_BUSY,
               "a reject's cause is %u", about->cause);
}

/* What it is told by is what it says, and it is text that the door can read again. */
static void check_jsep(const Jsep *jsep)
{
    json_t *object = jsep->text ? json_loads(jsep->text, 0, NULL) : NULL;

    fuzz_check((jsep->kind != JSEP_NONE) == (jsep->text != NULL), "JSEP of no kind, or none");
    if (!jsep->text)
        return;
    fuzz_check(strlen(jsep->text) <= JSEP_BYTES, "the JSEP is too long");
    fuzz_check(object && json_is_string(json_object_get(object, "sdp")), "JSEP without SDP");
    fuzz_check(strcmp(json_string_value(json_object_get(object, "type")),
                      jsep->kind == JSEP_OFFER ? "offer" : "answer") == 0,
               "an offer is an answer");
    json_decref(object);
}

static void check_join(EventKind kind, const JoinEvent *join)
{
    fuzz_check(join->call_id != NULL, "a join of no call");
    check_call_id(join->call_id);
    fuzz_check((join->token != NULL) == (kind == EVENT_JOIN), "a token where none belongs");
    check_string(join->token, 0, TOKEN_BYTES, "token");
    check_jsep(&join->jsep);
}

static void check_wish(const MediaWish *wish)
{
    const gint switches[] = {wish->audio, wish->video, wish->data};

    for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
        fuzz_check(switches[i] >= -1 && switches[i] <= 1, "a switch is %d", switches[i]);
    fuzz_check(wish->bitrate >= -1 && wish->bitrate <= BITRATE_MOST, "bitrate is %" G_GINT64_FORMAT,
               wish->bitrate);
    fuzz_check(wish->substream >= -1 && wish->substream <= 2, "substream is %d", wish->substream);
    fuzz_check(wish->temporal >= -1 && wish->temporal <= 2, "temporal is %d", wish->temporal);
}

static void check_record(const RecordEvent *record)
{
    fuzz_check(record->call_id != NULL, "no call is recorded");
    check_call_id(record->call_id);
}

static void check_history(const HistoryEvent *history)
{
    fuzz_check(history->limit >= 1 && history->limit <= HISTORY_LIMIT_MOST, "limit is %u",
               history->limit);
    check_id(history->peer_id, "peerId");
    check_string(history->before, 0, G_MAXSIZE, "before");
    fuzz_check(!history->has_status || history->status < CALL_STATES, "status is %u",
               history->status);
}

static void check_sender(const Event *event, RequestDoor door)
{
    if (door != DOOR_BACKEND) {
        fuzz_check(!event->as_user && !event->as_device && !event->is_operator,
                   "an app acts for somebody");
        return;
    }
    /* An operator may name a call by its id alone. */
    fuzz_check(event->kind == EVENT_DISCONNECT || event->is_operator || event->as_user,
               "a backend acts for nobody");
    check_id(event->as_user, "userId");
    check_id(event->as_device, "deviceId");
    fuzz_check(event->kind != EVENT_INITIATE || event->as_device, "a call from no device");
}

static void check_event(const Event *event, RequestDoor door)
{
    check_sender(event, door);
    switch (event->kind) {
    case EVENT_REGISTER:
        check_register(&event->reg);
        return;
    case EVENT_INITIATE:
        check_initiate(&event->initiate);
        return;
    case EVENT_RINGING:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
        check_about(event->kind, &event->about);
        return;
    case EVENT_HISTORY:
        check_history(&event->history);
        return;
    case EVENT_DISCONNECT:
        fuzz_check(event->disconnect.user_id != NULL, "nobody is disconnected");
        check_id(event->disconnect.user_id, "userId");
        check_id(event->disconnect.device_id, "deviceId");
        return;
    case EVENT_JOIN:
    case EVENT_MEDIA:
        check_join(event->kind, &event->join);
        return;
    case EVENT_CONFIGURE:
        check_wish(&event->configure);
        return;
    case EVENT_RECORD:
        check_record(&event->record);
        return;
    case EVENT_UNREGISTER:
        return;
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        break;
    }
    fuzz_fail("a request became event %u", event->kind);
}

static void check_refusal_writes(const Request *request, json_t *body)
{
    const char *name = json_string_value(json_object_get(body, "request"));
    json_t *refusal = write_refusal(request->event.fault.refusal, request->event.fault.text, name);
    g_autofree char *text = json_dumps(refusal, JSON_COMPACT);

    fuzz_check(text != NULL, "a refusal cannot be written");
    json_decref(refusal);
}

static void parse(json_t *body, RequestDoor door)
{
    /* The defaults are larger than what a fuzzer makes. */
    const MessageLimits limits = {.bytes = 1024, .depth = 8};
    Request request;
    /* Beside the body it would be; where it comes from is all the same. */
    json_t *jsep = json_object_get(body, "jsep");
    gboolean is_request = request_parse(&request, body, jsep, door, &limits);

    fuzz_check(is_request || request.event.fault.refusal != REFUSAL_NONE,
               "refused, and nobody knows why");
    if (request.event.fault.refusal != REFUSAL_NONE) {
        check_fault(&request);
        check_refusal_writes(&request, body);
    } else {
        check_event(&request.event, door);
    }
    request_clear(&request);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    json_object_seed(1);
    return 0;
}

static void check_same(const Object *seen, const Object *expected)
{
    const char *name;
    json_t *ignored;

    json_object_foreach(expected->json, name, ignored)
    {
        Value one = object_get(seen, name), other = object_get(expected, name);

        fuzz_check(one.kind == other.kind && one.integer == other.integer &&
                       one.length == other.length && g_strcmp0(one.string, other.string) == 0,
                   "the two readers read different things");
        if (one.kind == VALUE_OBJECT)
            check_same(&one.object, &other.object);
    }
}

/* The listener's reader says what jansson says, of whatever its sockets let through. */
static void check_reader(const char *text)
{
    json_error_t error;
    json_t *right;
    g_autoptr(Body) body = NULL;

    if (!g_utf8_validate(text, -1, NULL))
        return;
    body = body_read(text, strlen(text), &error);
    right = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    fuzz_check(!body == !right, "the two readers do not agree whether it is JSON");
    if (body) {
        const Object seen = body_object(body), expected = object_of_json(right);

        check_same(&seen, &expected);
        fuzz_check(object_is_deeper(&seen, 1) == object_is_deeper(&expected, 1) &&
                       object_is_deeper(&seen, 2) == object_is_deeper(&expected, 2),
                   "the two readers do not agree how deep it is");
    }
    json_decref(right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    /* Janus's transports read with these flags: none. */
    json_t *body = json_loads(text, 0, NULL);

    check_reader(text);
    if (!body)
        return 0;
    parse(body, DOOR_APP);
    parse(body, DOOR_BACKEND);
    parse(body, DOOR_SOCKET);
    json_decref(body);
    return 0;
}
