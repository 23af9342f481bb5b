#include "wire/write.h"

#include "wire/fields.h"
#include "wire/request.h"

static void put_time(Fields *fields, const char *key, gint64 ms)
{
    if (ms)
        put_integer(fields, key, ms);
}

static void put_json(Fields *fields, const char *key, const char *text)
{
    if (text)
        put_value(fields, key, json_loads(text, JSON_DECODE_ANY, NULL));
}

static void put_join_of(Fields *fields, Mode mode, const Join *join, const JoinSettings *settings,
                        gint64 now_ms)
{
    json_t *object;

    if (!join->is_set)
        return;
    object = json_object();
    put_join(object, mode, join, settings, now_ms);
    put_value(fields, "join", json_incref(json_object_get(object, "join")));
    json_decref(object);
}

static void put_media(Fields *fields, const CallFacts *facts)
{
    Fields media = put_object(fields, "media");

    put_boolean(&media, "audio", facts->media.audio);
    put_boolean(&media, "video", facts->media.video);
    fields_end(&media);
    put_text(fields, "mode", mode_name(facts->mode));
}

json_t *write_record(const Record *record, View view)
{
    const CallFacts *facts = record->facts;
    RecordView seen = record_view(record, view);
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_text(&fields, "callId", facts->call_id);
    put_text(&fields, "callerId", facts->caller_id);
    put_text(&fields, "calleeId", facts->callee_id);
    put_text(&fields, "status", call_state_name(seen.status));
    put_text_or_null(&fields, "cause", cause_name(seen.cause));
    put_text(&fields, "reason", seen.reason);
    put_media(&fields, facts);
    put_json(&fields, "data", facts->data);
    put_integer(&fields, "createdAt", facts->created_ms);
    put_time(&fields, "ringingAt", seen.ringing_ms);
    put_time(&fields, "acceptedAt", seen.accepted_ms);
    put_time(&fields, "endedAt", seen.ended_ms);
    if (seen.duration_ms >= 0)
        put_integer(&fields, "durationMs", seen.duration_ms);
    put_text(&fields, "answeredBy", seen.answered_by);
    put_text(&fields, "endedBy", seen.ended_by);
    put_integer(&fields, "rev", seen.rev);
    return object;
}

/* What the caller of a call that was busy believes, while presence is hidden. */
static void put_veil(Fields *fields, const Veil *veil)
{
    Fields value;

    if (!veil->is_set)
        return;
    value = put_object(fields, "callerSees");
    put_text(&value, "status", call_state_name(veil->status));
    put_text(&value, "cause", cause_name(veil->cause));
    put_time(&value, "endedAt", veil->ended_ms);
    put_integer(&value, "rev", veil->rev);
    fields_end(&value);
}

/* When the backend was asked to wake the callee, and how it answered. */
static void put_push(Fields *fields, const Record *record)
{
    const Trace *asked = trace_last(record->trace, TRACE_PUSHED);
    const Trace *answered = trace_last(record->trace, TRACE_PUSH_ANSWERED);
    Fields value;

    if (!asked)
        return;
    value = put_object(fields, "push");
    put_integer(&value, "askedAt", record->facts->created_ms + asked->at_ms);
    if (answered) {
        put_integer(&value, "answeredAt", record->facts->created_ms + answered->at_ms);
        put_integer(&value, "httpStatus", answered->how);
    }
    fields_end(&value);
}

json_t *write_backend_record(const Record *record)
{
    const CallFacts *facts = record->facts;
    json_t *object = write_record(record, VIEW_FULL);
    Fields fields = fields_of_object(object);

    put_text(&fields, "callerDevice", facts->caller_device);
    put_text(&fields, "callerName", facts->caller_name);
    put_integer(&fields, "expiresAt", facts->created_ms + facts->ring_ms);
    put_veil(&fields, &record->veil);
    put_push(&fields, record);
    put_json(&fields, "mediaReport", record->media_report);
    return object;
}

/* --- events --- */

static void put_expiry(Fields *fields, const CallFacts *facts, gint64 expires_in_ms)
{
    put_integer(fields, "expiresAt", facts->created_ms + facts->ring_ms);
    put_integer(fields, "expiresInMs", expires_in_ms);
}

static void write_incoming(Fields *fields, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    const CallFacts *facts = message->record->facts;

    put_text(fields, "callerId", facts->caller_id);
    put_text(fields, "callerName", facts->caller_name);
    put_text(fields, "calleeId", facts->callee_id);
    put_media(fields, facts);
    put_json(fields, "data", facts->data);
    put_expiry(fields, facts, message->expires_in_ms);
}

static void write_outgoing(Fields *fields, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    const CallFacts *facts = message->record->facts;

    put_text(fields, "calleeId", facts->callee_id);
    put_media(fields, facts);
    put_json(fields, "data", facts->data);
    put_expiry(fields, facts, message->expires_in_ms);
}

static void write_ringing(Fields *fields, const Message *message,
                          const RecordView *seen G_GNUC_UNUSED)
{
    put_text(fields, "calleeId", message->record->facts->callee_id);
    put_text(fields, "deviceId", message->device_id);
}

static void write_accepted(Fields *fields, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    put_text(fields, "calleeId", message->record->facts->callee_id);
    put_text(fields, "deviceId", message->device_id);
    put_media(fields, message->record->facts);
}

static void write_rejected(Fields *fields, const Message *message, const RecordView *seen)
{
    put_text(fields, "reason", seen->reason ? seen->reason : "User declined");
    put_text(fields, "cause", cause_name(seen->cause));
    put_text(fields, "calleeId", message->record->facts->callee_id);
    put_text(fields, "deviceId", message->device_id);
}

static void write_timeout(Fields *fields, const Message *message G_GNUC_UNUSED,
                          const RecordView *seen)
{
    put_text(fields, "reason",
             seen->cause == CAUSE_UNREACHABLE ? "User is unreachable" : "No answer");
    put_text(fields, "cause", cause_name(seen->cause));
}

static void write_ended(Fields *fields, const Message *message, const RecordView *seen)
{
    put_text(fields, "reason", seen->reason);
    put_text(fields, "cause", cause_name(message->cause));
    put_text(fields, "status", call_state_name(message->status));
    put_text(fields, "endedBy", seen->ended_by);
    if (seen->duration_ms >= 0)
        put_integer(fields, "durationMs", seen->duration_ms);
}

static void write_peer(Fields *fields, const Message *message, const RecordView *seen G_GNUC_UNUSED)
{
    put_text(fields, "state", message->is_connected ? "connected" : "reconnecting");
}

static void write_passed_on(Fields *fields, const Message *message,
                            const RecordView *seen G_GNUC_UNUSED)
{
    put_text(fields, "from", message->from);
    put_json(fields, "data", message->data);
}

static void (*const writers[MESSAGES])(Fields *fields, const Message *message,
                                       const RecordView *seen) = {
    [MESSAGE_INCOMING] = write_incoming, [MESSAGE_OUTGOING] = write_outgoing,
    [MESSAGE_RINGING] = write_ringing,   [MESSAGE_ACCEPTED] = write_accepted,
    [MESSAGE_REJECTED] = write_rejected, [MESSAGE_TIMEOUT] = write_timeout,
    [MESSAGE_ENDED] = write_ended,       [MESSAGE_PEER] = write_peer,
    [MESSAGE_SIGNAL] = write_passed_on,  [MESSAGE_UPDATED] = write_passed_on,
};

static void put_message(Fields *fields, const Message *message, const JoinSettings *join)
{
    put_text(fields, "call", "event");
    put_text(fields, "event", message_name(message->kind));
    if (message->record) {
        RecordView seen = record_view(message->record, message->view);

        put_text(fields, "callId", message->record->facts->call_id);
        put_integer(fields, "rev", seen.rev);
        put_integer(fields, "timestamp", message->timestamp_ms);
        if (writers[message->kind])
            writers[message->kind](fields, message, &seen);
        put_join_of(fields, message->record->facts->mode, &message->join, join,
                    message->timestamp_ms);
        return;
    }
    put_integer(fields, "timestamp", message->timestamp_ms);
    if (message->cause != CAUSE_NONE)
        put_text(fields, "cause", cause_name(message->cause));
}

json_t *write_message(const Message *message, const JoinSettings *join)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_message(&fields, message, join);
    return object;
}

char *write_message_text(const Message *message, const JoinSettings *join, gsize *length)
{
    Text text;
    Fields fields;

    text_init(&text);
    fields = fields_of_text(&text);
    put_message(&fields, message, join);
    fields_end(&fields);
    return text_end(&text, length);
}

/* --- replies --- */

static void put_timers(Fields *fields, const Timers *timers)
{
    Fields value = put_object(fields, "timers");

    put_integer(&value, "ringMs", timers->ring_us / 1000);
    put_integer(&value, "unreachableMs", timers->unreachable_us / 1000);
    put_integer(&value, "callerGraceMs", timers->caller_grace_us / 1000);
    put_integer(&value, "inCallGraceMs", timers->in_call_grace_us / 1000);
    put_integer(&value, "mediaMs", timers->media_us / 1000);
    put_integer(&value, "maxDurationMs", timers->max_duration_us / 1000);
    fields_end(&value);
}

static void put_limits(Fields *fields, const Limits *limits)
{
    Fields value = put_object(fields, "limits");

    put_integer(&value, "maxDevices", limits->max_devices);
    put_integer(&value, "maxLiveCalls", limits->max_live_calls);
    put_integer(&value, "reasonBytes", REASON_BYTES);
    put_integer(&value, "dataBytes", INITIATE_DATA_BYTES);
    put_integer(&value, "updateBytes", UPDATE_DATA_BYTES);
    put_integer(&value, "signalBytes", SIGNAL_DATA_BYTES);
    fields_end(&value);
}

static json_t *write_snapshot(const Snapshot *snapshot, const JoinSettings *join, gint64 now_ms)
{
    json_t *object = write_record(snapshot->record, snapshot->view);
    Fields fields = fields_of_object(object);

    if (!snapshot->is_live)
        return object;
    if (snapshot->expires_in_ms >= 0)
        put_integer(&fields, "expiresInMs", snapshot->expires_in_ms);
    put_text(&fields, "role", snapshot->is_caller ? "caller" : "callee");
    put_join_of(&fields, snapshot->record->facts->mode, &snapshot->join, join, now_ms);
    return object;
}

static void put_calls(Fields *fields, const Reply *reply, const JoinSettings *join)
{
    json_t *list = json_array();

    for (guint i = 0; i < reply->calls->len; i++)
        json_array_append_new(
            list, write_snapshot(g_ptr_array_index(reply->calls, i), join, reply->wall_ms));
    put_value(fields, "calls", list);
}

static void put_registration(Fields *fields, const Reply *reply, const HubSettings *settings,
                             const JoinSettings *join)
{
    put_text(fields, "userId", reply->user_id);
    put_text(fields, "deviceId", reply->device_id);
    put_integer(fields, "protocol", 1);
    put_integer(fields, "serverTime", reply->wall_ms);
    if (reply->expires_in_ms >= 0)
        put_integer(fields, "registrationExpiresInMs", reply->expires_in_ms);
    put_timers(fields, &settings->timers);
    put_limits(fields, &settings->limits);
    put_calls(fields, reply, join);
    put_boolean(fields, "complete", reply->is_complete);
}

static void put_call(Fields *fields, const Reply *reply, gboolean always_cause)
{
    RecordView seen = record_view(reply->record, reply->view);

    put_text(fields, "callId", reply->record->facts->call_id);
    put_text(fields, "status", call_state_name(seen.status));
    if (always_cause)
        put_text_or_null(fields, "cause", cause_name(seen.cause));
    else
        put_text(fields, "cause", cause_name(seen.cause));
    put_integer(fields, "rev", seen.rev);
}

static void put_initiated(Fields *fields, const Reply *reply)
{
    put_text(fields, "replacedCallId", reply->replaced);
    if (reply->expires_in_ms < 0)
        return;
    if (reply->view != VIEW_CALLER_MASKED) {
        put_boolean(fields, "reachable", reply->devices > 0);
        put_integer(fields, "devices", reply->devices);
    }
    put_expiry(fields, reply->record->facts, reply->expires_in_ms);
}

static void put_extras(Fields *fields, const Reply *reply, const HubSettings *settings,
                       const JoinSettings *join)
{
    switch (reply->request) {
    case EVENT_REGISTER:
        put_registration(fields, reply, settings, join);
        return;
    case EVENT_INITIATE:
        put_initiated(fields, reply);
        return;
    case EVENT_ACCEPT:
        put_media(fields, reply->record->facts);
        put_join_of(fields, reply->record->facts->mode, &reply->join, join, reply->wall_ms);
        return;
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
        if (reply->is_undelivered)
            put_boolean(fields, "delivered", FALSE);
        return;
    case EVENT_GET:
        put_value(fields, "record",
                  reply->is_operators ? write_backend_record(reply->record)
                                      : write_record(reply->record, reply->view));
        return;
    case EVENT_HISTORY:
        put_calls(fields, reply, join);
        put_text(fields, "next", reply->next);
        return;
    case EVENT_DISCONNECT:
        put_integer(fields, "devices", reply->devices);
        return;
    case EVENT_RECORD:
        put_boolean(fields, "recording", reply->is_recorded);
        return;
    case EVENT_UNREGISTER:
    case EVENT_RINGING:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_JOIN:
    case EVENT_MEDIA:
    case EVENT_CONFIGURE:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        return;
    }
}

static void put_refusal(Fields *fields, Refusal refusal, const char *text, const char *request)
{
    put_text(fields, "call", "error");
    put_text(fields, "request", request);
    put_integer(fields, "error_code", refusal_number(refusal));
    put_text(fields, "code", refusal_name(refusal));
    put_text(fields, "error", text);
}

json_t *write_refusal(Refusal refusal, const char *text, const char *request)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_refusal(&fields, refusal, text, request);
    return object;
}

static void put_refused(Fields *fields, const Reply *reply, const char *request)
{
    put_refusal(fields, reply->refusal, reply->text, request);
    if (reply->record)
        put_call(fields, reply, TRUE);
    if (reply->other) {
        put_text(fields, "otherCallId", reply->other->facts->call_id);
        put_text(fields, "otherStatus", call_state_name(reply->other->status));
    }
    if (reply->retry_after_ms)
        put_integer(fields, "retryAfterMs", reply->retry_after_ms);
}

static void put_reply(Fields *fields, const Reply *reply, const HubSettings *settings,
                      const JoinSettings *join)
{
    if (reply->refusal != REFUSAL_NONE) {
        put_refused(fields, reply, event_name(reply->request));
        return;
    }
    put_text(fields, "call", "success");
    put_text(fields, "request", event_name(reply->request));
    if (reply->record)
        put_call(fields, reply, FALSE);
    put_extras(fields, reply, settings, join);
    if (reply->is_not_durable)
        put_boolean(fields, "durable", FALSE);
}

json_t *write_reply(const Reply *reply, const HubSettings *settings, const JoinSettings *join)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_reply(&fields, reply, settings, join);
    return object;
}

char *write_reply_text(const Reply *reply, const HubSettings *settings, const JoinSettings *join,
                       json_t *id, gsize *length)
{
    Text text;
    Fields fields;

    text_init(&text);
    fields = fields_of_text(&text);
    put_reply(&fields, reply, settings, join);
    put_value(&fields, "id", json_incref(id));
    fields_end(&fields);
    return text_end(&text, length);
}

/* --- a backend's lists --- */

static json_t *write_device_look(const DeviceLook *look)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_text(&fields, "deviceId", look->id);
    put_text(&fields, "displayName", look->name);
    put_text(&fields, "state",
             look->is_expired   ? "expired"
             : look->is_present ? "connected"
                                : "away");
    if (!look->is_present)
        put_integer(&fields, "awayMs", look->away_ms);
    return object;
}

static json_t *write_devices(const UserLook *look)
{
    json_t *list = json_array();

    for (guint i = 0; look && i < look->devices->len; i++)
        json_array_append_new(list,
                              write_device_look(&g_array_index(look->devices, DeviceLook, i)));
    return list;
}

static json_t *write_user_look(const UserLook *look)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_text(&fields, "userId", look->user_id);
    put_integer(&fields, "liveCalls", look->live_calls);
    put_value(&fields, "devices", write_devices(look));
    return object;
}

static json_t *write_call_look(const CallLook *look)
{
    json_t *object = write_backend_record(look->record);
    Fields fields = fields_of_object(object);

    if (look->expires_in_ms >= 0)
        put_integer(&fields, "expiresInMs", look->expires_in_ms);
    return object;
}

static json_t *start_answer(const char *request)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_text(&fields, "call", "success");
    put_text(&fields, "request", request);
    return object;
}

static json_t *write_call_looks(const GPtrArray *calls)
{
    json_t *list = json_array();

    for (guint i = 0; i < calls->len; i++)
        json_array_append_new(list, write_call_look(g_ptr_array_index(calls, i)));
    return list;
}

static void put_next(Fields *fields, guint next)
{
    char cursor[16];

    if (!next)
        return;
    g_snprintf(cursor, sizeof cursor, "%x", next);
    put_text(fields, "next", cursor);
}

json_t *write_users(const GPtrArray *users, guint next)
{
    json_t *object = start_answer("users");
    Fields fields = fields_of_object(object);
    json_t *list = json_array();

    for (guint i = 0; i < users->len; i++)
        json_array_append_new(list, write_user_look(g_ptr_array_index(users, i)));
    put_value(&fields, "users", list);
    put_next(&fields, next);
    return object;
}

json_t *write_calls(const GPtrArray *calls, guint next)
{
    json_t *object = start_answer("calls");
    Fields fields = fields_of_object(object);

    put_value(&fields, "calls", write_call_looks(calls));
    put_next(&fields, next);
    return object;
}

json_t *write_user(const char *user_id, const GPtrArray *users, const GPtrArray *calls)
{
    json_t *object = start_answer("user");
    Fields fields = fields_of_object(object);
    const UserLook *look = users->len ? g_ptr_array_index(users, 0) : NULL;

    put_text(&fields, "userId", user_id);
    put_value(&fields, "devices", write_devices(look));
    put_value(&fields, "calls", write_call_looks(calls));
    return object;
}

/* --- webhooks --- */

static void put_rfc3339(Fields *fields, const char *key, gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_ms / 1000);
    g_autofree char *seconds = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
    g_autofree char *text = g_strdup_printf("%s.%03dZ", seconds ? seconds : "1970-01-01T00:00:00",
                                            (int)(unix_ms % 1000));

    put_text(fields, key, text);
}

char *write_webhook(const char *type, const Record *record, const Push *push)
{
    json_auto_t *object = json_object();
    Fields fields = fields_of_object(object);
    json_t *data = write_backend_record(record);
    Fields of_data = fields_of_object(data);

    put_text(&fields, "type", type);
    put_rfc3339(&fields, "timestamp", record_status_ms(record));
    if (push) {
        put_text(&of_data, "userId", record->facts->callee_id);
        put_integer(&of_data, "expiresInMs", push->expires_in_ms);
        if (push->is_stop)
            put_boolean(&of_data, "stop", TRUE);
    }
    put_value(&fields, "data", data);
    return json_dumps(object, JSON_COMPACT);
}

/* --- the time line of a call --- */

/* Whose device it is, or what the entry is about. */
static const char *place_of(TraceKind what)
{
    return what == TRACE_PUSH_ANSWERED ? "endpoint" : "deviceId";
}

static json_t *write_entry(const Record *record, gint64 at_ms, const char *what)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    put_integer(&fields, "atMs", at_ms);
    put_integer(&fields, "timestamp", record->facts->created_ms + at_ms);
    put_text(&fields, "what", what);
    return object;
}

static json_t *write_trace_entry(const Record *record, const Trace *entry)
{
    json_t *object = write_entry(record, entry->at_ms, trace_name(entry->what));
    Fields fields = fields_of_object(object);

    put_text(&fields, place_of(entry->what), entry->who);
    if (entry->what == TRACE_PUSH_ANSWERED)
        put_integer(&fields, "httpStatus", entry->how);
    return object;
}

static json_t *write_beginning(const Record *record)
{
    json_t *object = write_entry(record, 0, "made");
    Fields fields = fields_of_object(object);

    put_text(&fields, "deviceId", record->facts->caller_device);
    return object;
}

static json_t *write_end(const Record *record)
{
    json_t *object = write_entry(record, record->ended_ms - record->facts->created_ms, "over");
    Fields fields = fields_of_object(object);

    put_text(&fields, "status", call_state_name(record->status));
    put_text(&fields, "cause", cause_name(record->cause));
    put_text(&fields, "endedBy", record->ended_by);
    return object;
}

/* By then a push may not have been answered: that comes after the end. */
static gboolean is_after_end(const Record *record, const Trace *entry)
{
    return record->ended_ms && entry->what == TRACE_PUSH_ANSWERED &&
           entry->at_ms > record->ended_ms - record->facts->created_ms;
}

static json_t *write_time_line(const Record *record)
{
    g_autoptr(GPtrArray) entries = trace_entries(record->trace);
    gboolean is_ended = FALSE;
    json_t *list = json_array();

    json_array_append_new(list, write_beginning(record));
    for (guint i = 0; i < entries->len; i++) {
        const Trace *entry = g_ptr_array_index(entries, i);

        if (!is_ended && is_after_end(record, entry)) {
            json_array_append_new(list, write_end(record));
            is_ended = TRUE;
        }
        json_array_append_new(list, write_trace_entry(record, entry));
    }
    if (record->ended_ms && !is_ended)
        json_array_append_new(list, write_end(record));
    return list;
}

json_t *write_trace(const Reply *reply)
{
    json_t *object = json_object();
    Fields fields = fields_of_object(object);

    if (reply->refusal != REFUSAL_NONE) {
        put_refused(&fields, reply, "call:trace");
        return object;
    }
    put_text(&fields, "call", "success");
    put_text(&fields, "request", "call:trace");
    put_call(&fields, reply, FALSE);
    put_text(&fields, "callerId", reply->record->facts->caller_id);
    put_text(&fields, "calleeId", reply->record->facts->callee_id);
    put_value(&fields, "trace", write_time_line(reply->record));
    return object;
}
