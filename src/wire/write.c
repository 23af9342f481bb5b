#include "wire/write.h"

#include "wire/request.h"

/* Texts of our own are UTF-8 by construction, texts of others were checked when they were read. */
static void put_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new_nocheck(object, key, json_string_nocheck(text));
}

static void put_text_or_null(json_t *object, const char *key, const char *text)
{
    json_object_set_new_nocheck(object, key, text ? json_string_nocheck(text) : json_null());
}

static void put_integer(json_t *object, const char *key, gint64 value)
{
    json_object_set_new_nocheck(object, key, json_integer(value));
}

static void put_time(json_t *object, const char *key, gint64 ms)
{
    if (ms)
        put_integer(object, key, ms);
}

static void put_boolean(json_t *object, const char *key, gboolean value)
{
    json_object_set_new_nocheck(object, key, json_boolean(value));
}

static void put_json(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new_nocheck(object, key, json_loads(text, JSON_DECODE_ANY, NULL));
}

static void put_media(json_t *object, const CallFacts *facts)
{
    json_t *media = json_object();

    put_boolean(media, "audio", facts->media.audio);
    put_boolean(media, "video", facts->media.video);
    json_object_set_new_nocheck(object, "media", media);
    put_text(object, "mode", mode_name(facts->mode));
}

json_t *write_record(const Record *record, View view)
{
    const CallFacts *facts = record->facts;
    RecordView seen = record_view(record, view);
    json_t *object = json_object();

    put_text(object, "callId", facts->call_id);
    put_text(object, "callerId", facts->caller_id);
    put_text(object, "calleeId", facts->callee_id);
    put_text(object, "status", call_state_name(seen.status));
    put_text_or_null(object, "cause", cause_name(seen.cause));
    put_text(object, "reason", seen.reason);
    put_media(object, facts);
    put_json(object, "data", facts->data);
    put_integer(object, "createdAt", facts->created_ms);
    put_time(object, "ringingAt", seen.ringing_ms);
    put_time(object, "acceptedAt", seen.accepted_ms);
    put_time(object, "endedAt", seen.ended_ms);
    if (seen.duration_ms >= 0)
        put_integer(object, "durationMs", seen.duration_ms);
    put_text(object, "answeredBy", seen.answered_by);
    put_text(object, "endedBy", seen.ended_by);
    put_integer(object, "rev", seen.rev);
    return object;
}

/* What the caller of a call that was busy believes, while presence is hidden. */
static void put_veil(json_t *object, const Veil *veil)
{
    json_t *value;

    if (!veil->is_set)
        return;
    value = json_object();
    put_text(value, "status", call_state_name(veil->status));
    put_text(value, "cause", cause_name(veil->cause));
    put_time(value, "endedAt", veil->ended_ms);
    put_integer(value, "rev", veil->rev);
    json_object_set_new_nocheck(object, "callerSees", value);
}

/* When the backend was asked to wake the callee, and how it answered. */
static void put_push(json_t *object, const Record *record)
{
    const Trace *asked = trace_last(record->trace, TRACE_PUSHED);
    const Trace *answered = trace_last(record->trace, TRACE_PUSH_ANSWERED);
    json_t *value;

    if (!asked)
        return;
    value = json_object();
    put_integer(value, "askedAt", record->facts->created_ms + asked->at_ms);
    if (answered) {
        put_integer(value, "answeredAt", record->facts->created_ms + answered->at_ms);
        put_integer(value, "httpStatus", answered->how);
    }
    json_object_set_new_nocheck(object, "push", value);
}

json_t *write_backend_record(const Record *record)
{
    const CallFacts *facts = record->facts;
    json_t *object = write_record(record, VIEW_FULL);

    put_text(object, "callerDevice", facts->caller_device);
    put_text(object, "callerName", facts->caller_name);
    put_integer(object, "expiresAt", facts->created_ms + facts->ring_ms);
    put_veil(object, &record->veil);
    put_push(object, record);
    put_json(object, "mediaReport", record->media_report);
    return object;
}

/* --- events --- */

static void put_expiry(json_t *object, const CallFacts *facts, gint64 expires_in_ms)
{
    put_integer(object, "expiresAt", facts->created_ms + facts->ring_ms);
    put_integer(object, "expiresInMs", expires_in_ms);
}

static void write_incoming(json_t *object, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    const CallFacts *facts = message->record->facts;

    put_text(object, "callerId", facts->caller_id);
    put_text(object, "callerName", facts->caller_name);
    put_text(object, "calleeId", facts->callee_id);
    put_media(object, facts);
    put_json(object, "data", facts->data);
    put_expiry(object, facts, message->expires_in_ms);
}

static void write_outgoing(json_t *object, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    const CallFacts *facts = message->record->facts;

    put_text(object, "calleeId", facts->callee_id);
    put_media(object, facts);
    put_json(object, "data", facts->data);
    put_expiry(object, facts, message->expires_in_ms);
}

static void write_ringing(json_t *object, const Message *message,
                          const RecordView *seen G_GNUC_UNUSED)
{
    put_text(object, "calleeId", message->record->facts->callee_id);
    put_text(object, "deviceId", message->device_id);
}

static void write_accepted(json_t *object, const Message *message,
                           const RecordView *seen G_GNUC_UNUSED)
{
    put_text(object, "calleeId", message->record->facts->callee_id);
    put_text(object, "deviceId", message->device_id);
    put_media(object, message->record->facts);
}

static void write_rejected(json_t *object, const Message *message, const RecordView *seen)
{
    put_text(object, "reason", seen->reason ? seen->reason : "User declined");
    put_text(object, "cause", cause_name(seen->cause));
    put_text(object, "calleeId", message->record->facts->callee_id);
    put_text(object, "deviceId", message->device_id);
}

static void write_timeout(json_t *object, const Message *message G_GNUC_UNUSED,
                          const RecordView *seen)
{
    put_text(object, "reason",
             seen->cause == CAUSE_UNREACHABLE ? "User is unreachable" : "No answer");
    put_text(object, "cause", cause_name(seen->cause));
}

static void write_ended(json_t *object, const Message *message, const RecordView *seen)
{
    put_text(object, "reason", seen->reason);
    put_text(object, "cause", cause_name(message->cause));
    put_text(object, "status", call_state_name(message->status));
    put_text(object, "endedBy", seen->ended_by);
    if (seen->duration_ms >= 0)
        put_integer(object, "durationMs", seen->duration_ms);
}

static void write_peer(json_t *object, const Message *message, const RecordView *seen G_GNUC_UNUSED)
{
    put_text(object, "state", message->is_connected ? "connected" : "reconnecting");
}

static void write_passed_on(json_t *object, const Message *message,
                            const RecordView *seen G_GNUC_UNUSED)
{
    put_text(object, "from", message->from);
    put_json(object, "data", message->data);
}

static void (*const writers[MESSAGES])(json_t *object, const Message *message,
                                       const RecordView *seen) = {
    [MESSAGE_INCOMING] = write_incoming, [MESSAGE_OUTGOING] = write_outgoing,
    [MESSAGE_RINGING] = write_ringing,   [MESSAGE_ACCEPTED] = write_accepted,
    [MESSAGE_REJECTED] = write_rejected, [MESSAGE_TIMEOUT] = write_timeout,
    [MESSAGE_ENDED] = write_ended,       [MESSAGE_PEER] = write_peer,
    [MESSAGE_SIGNAL] = write_passed_on,  [MESSAGE_UPDATED] = write_passed_on,
};

json_t *write_message(const Message *message, const JoinSettings *join)
{
    json_t *object = json_object();

    put_text(object, "call", "event");
    put_text(object, "event", message_name(message->kind));
    if (message->record) {
        RecordView seen = record_view(message->record, message->view);

        put_text(object, "callId", message->record->facts->call_id);
        put_integer(object, "rev", seen.rev);
        put_integer(object, "timestamp", message->timestamp_ms);
        if (writers[message->kind])
            writers[message->kind](object, message, &seen);
        put_join(object, message->record->facts->mode, &message->join, join, message->timestamp_ms);
        return object;
    }
    put_integer(object, "timestamp", message->timestamp_ms);
    if (message->cause != CAUSE_NONE)
        put_text(object, "cause", cause_name(message->cause));
    return object;
}

/* --- replies --- */

static void put_timers(json_t *object, const Timers *timers)
{
    json_t *value = json_object();

    put_integer(value, "ringMs", timers->ring_us / 1000);
    put_integer(value, "unreachableMs", timers->unreachable_us / 1000);
    put_integer(value, "callerGraceMs", timers->caller_grace_us / 1000);
    put_integer(value, "inCallGraceMs", timers->in_call_grace_us / 1000);
    put_integer(value, "mediaMs", timers->media_us / 1000);
    put_integer(value, "maxDurationMs", timers->max_duration_us / 1000);
    json_object_set_new_nocheck(object, "timers", value);
}

static void put_limits(json_t *object, const Limits *limits)
{
    json_t *value = json_object();

    put_integer(value, "maxDevices", limits->max_devices);
    put_integer(value, "maxLiveCalls", limits->max_live_calls);
    put_integer(value, "reasonBytes", REASON_BYTES);
    put_integer(value, "dataBytes", INITIATE_DATA_BYTES);
    put_integer(value, "updateBytes", UPDATE_DATA_BYTES);
    put_integer(value, "signalBytes", SIGNAL_DATA_BYTES);
    json_object_set_new_nocheck(object, "limits", value);
}

static json_t *write_snapshot(const Snapshot *snapshot, const JoinSettings *join, gint64 now_ms)
{
    json_t *object = write_record(snapshot->record, snapshot->view);

    if (!snapshot->is_live)
        return object;
    if (snapshot->expires_in_ms >= 0)
        put_integer(object, "expiresInMs", snapshot->expires_in_ms);
    put_text(object, "role", snapshot->is_caller ? "caller" : "callee");
    put_join(object, snapshot->record->facts->mode, &snapshot->join, join, now_ms);
    return object;
}

static void put_calls(json_t *object, const Reply *reply, const JoinSettings *join)
{
    json_t *list = json_array();

    for (guint i = 0; i < reply->calls->len; i++)
        json_array_append_new(
            list, write_snapshot(g_ptr_array_index(reply->calls, i), join, reply->wall_ms));
    json_object_set_new_nocheck(object, "calls", list);
}

static void put_registration(json_t *object, const Reply *reply, const HubSettings *settings,
                             const JoinSettings *join)
{
    put_text(object, "userId", reply->user_id);
    put_text(object, "deviceId", reply->device_id);
    put_integer(object, "protocol", 1);
    put_integer(object, "serverTime", reply->wall_ms);
    if (reply->expires_in_ms >= 0)
        put_integer(object, "registrationExpiresInMs", reply->expires_in_ms);
    put_timers(object, &settings->timers);
    put_limits(object, &settings->limits);
    put_calls(object, reply, join);
    put_boolean(object, "complete", reply->is_complete);
}

static void put_call(json_t *object, const Reply *reply, gboolean always_cause)
{
    RecordView seen = record_view(reply->record, reply->view);

    put_text(object, "callId", reply->record->facts->call_id);
    put_text(object, "status", call_state_name(seen.status));
    if (always_cause)
        put_text_or_null(object, "cause", cause_name(seen.cause));
    else
        put_text(object, "cause", cause_name(seen.cause));
    put_integer(object, "rev", seen.rev);
}

static void put_initiated(json_t *object, const Reply *reply)
{
    put_text(object, "replacedCallId", reply->replaced);
    if (reply->expires_in_ms < 0)
        return;
    if (reply->view != VIEW_CALLER_MASKED) {
        put_boolean(object, "reachable", reply->devices > 0);
        put_integer(object, "devices", reply->devices);
    }
    put_expiry(object, reply->record->facts, reply->expires_in_ms);
}

static void put_extras(json_t *object, const Reply *reply, const HubSettings *settings,
                       const JoinSettings *join)
{
    switch (reply->request) {
    case EVENT_REGISTER:
        put_registration(object, reply, settings, join);
        return;
    case EVENT_INITIATE:
        put_initiated(object, reply);
        return;
    case EVENT_ACCEPT:
        put_media(object, reply->record->facts);
        put_join(object, reply->record->facts->mode, &reply->join, join, reply->wall_ms);
        return;
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
        if (reply->is_undelivered)
            put_boolean(object, "delivered", FALSE);
        return;
    case EVENT_GET:
        json_object_set_new_nocheck(object, "record",
                                    reply->is_operators ? write_backend_record(reply->record)
                                                        : write_record(reply->record, reply->view));
        return;
    case EVENT_HISTORY:
        put_calls(object, reply, join);
        put_text(object, "next", reply->next);
        return;
    case EVENT_DISCONNECT:
        put_integer(object, "devices", reply->devices);
        return;
    case EVENT_RECORD:
        put_boolean(object, "recording", reply->is_recorded);
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

json_t *write_refusal(Refusal refusal, const char *text, const char *request)
{
    json_t *object = json_object();

    put_text(object, "call", "error");
    put_text(object, "request", request);
    put_integer(object, "error_code", refusal_number(refusal));
    put_text(object, "code", refusal_name(refusal));
    put_text(object, "error", text);
    return object;
}

static json_t *write_refused(const Reply *reply)
{
    json_t *object = write_refusal(reply->refusal, reply->text, event_name(reply->request));

    if (reply->record)
        put_call(object, reply, TRUE);
    if (reply->other) {
        put_text(object, "otherCallId", reply->other->facts->call_id);
        put_text(object, "otherStatus", call_state_name(reply->other->status));
    }
    if (reply->retry_after_ms)
        put_integer(object, "retryAfterMs", reply->retry_after_ms);
    return object;
}

json_t *write_reply(const Reply *reply, const HubSettings *settings, const JoinSettings *join)
{
    json_t *object;

    if (reply->refusal != REFUSAL_NONE)
        return write_refused(reply);
    object = json_object();
    put_text(object, "call", "success");
    put_text(object, "request", event_name(reply->request));
    if (reply->record)
        put_call(object, reply, FALSE);
    put_extras(object, reply, settings, join);
    if (reply->is_not_durable)
        put_boolean(object, "durable", FALSE);
    return object;
}

/* --- a backend's lists --- */

static json_t *write_device_look(const DeviceLook *look)
{
    json_t *object = json_object();

    put_text(object, "deviceId", look->id);
    put_text(object, "displayName", look->name);
    put_text(object, "state",
             look->is_expired   ? "expired"
             : look->is_present ? "connected"
                                : "away");
    if (!look->is_present)
        put_integer(object, "awayMs", look->away_ms);
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

    put_text(object, "userId", look->user_id);
    put_integer(object, "liveCalls", look->live_calls);
    json_object_set_new_nocheck(object, "devices", write_devices(look));
    return object;
}

static json_t *write_call_look(const CallLook *look)
{
    json_t *object = write_backend_record(look->record);

    if (look->expires_in_ms >= 0)
        put_integer(object, "expiresInMs", look->expires_in_ms);
    return object;
}

static json_t *start_answer(const char *request)
{
    json_t *object = json_object();

    put_text(object, "call", "success");
    put_text(object, "request", request);
    return object;
}

static json_t *write_call_looks(const GPtrArray *calls)
{
    json_t *list = json_array();

    for (guint i = 0; i < calls->len; i++)
        json_array_append_new(list, write_call_look(g_ptr_array_index(calls, i)));
    return list;
}

static void put_next(json_t *object, guint next)
{
    char cursor[16];

    if (!next)
        return;
    g_snprintf(cursor, sizeof cursor, "%x", next);
    put_text(object, "next", cursor);
}

json_t *write_users(const GPtrArray *users, guint next)
{
    json_t *object = start_answer("users");
    json_t *list = json_array();

    for (guint i = 0; i < users->len; i++)
        json_array_append_new(list, write_user_look(g_ptr_array_index(users, i)));
    json_object_set_new_nocheck(object, "users", list);
    put_next(object, next);
    return object;
}

json_t *write_calls(const GPtrArray *calls, guint next)
{
    json_t *object = start_answer("calls");

    json_object_set_new_nocheck(object, "calls", write_call_looks(calls));
    put_next(object, next);
    return object;
}

json_t *write_user(const char *user_id, const GPtrArray *users, const GPtrArray *calls)
{
    json_t *object = start_answer("user");
    const UserLook *look = users->len ? g_ptr_array_index(users, 0) : NULL;

    put_text(object, "userId", user_id);
    json_object_set_new_nocheck(object, "devices", write_devices(look));
    json_object_set_new_nocheck(object, "calls", write_call_looks(calls));
    return object;
}

/* --- webhooks --- */

static void put_rfc3339(json_t *object, const char *key, gint64 unix_ms)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_ms / 1000);
    g_autofree char *seconds = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
    g_autofree char *text = g_strdup_printf("%s.%03dZ", seconds ? seconds : "1970-01-01T00:00:00",
                                            (int)(unix_ms % 1000));

    put_text(object, key, text);
}

char *write_webhook(const char *type, const Record *record, const Push *push)
{
    json_auto_t *object = json_object();
    json_t *data = write_backend_record(record);

    put_text(object, "type", type);
    put_rfc3339(object, "timestamp", record_status_ms(record));
    if (push) {
        put_text(data, "userId", record->facts->callee_id);
        put_integer(data, "expiresInMs", push->expires_in_ms);
        if (push->is_stop)
            put_boolean(data, "stop", TRUE);
    }
    json_object_set_new_nocheck(object, "data", data);
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

    put_integer(object, "atMs", at_ms);
    put_integer(object, "timestamp", record->facts->created_ms + at_ms);
    put_text(object, "what", what);
    return object;
}

static json_t *write_trace_entry(const Record *record, const Trace *entry)
{
    json_t *object = write_entry(record, entry->at_ms, trace_name(entry->what));

    put_text(object, place_of(entry->what), entry->who);
    if (entry->what == TRACE_PUSH_ANSWERED)
        put_integer(object, "httpStatus", entry->how);
    return object;
}

static json_t *write_beginning(const Record *record)
{
    json_t *object = write_entry(record, 0, "made");

    put_text(object, "deviceId", record->facts->caller_device);
    return object;
}

static json_t *write_end(const Record *record)
{
    json_t *object = write_entry(record, record->ended_ms - record->facts->created_ms, "over");

    put_text(object, "status", call_state_name(record->status));
    put_text(object, "cause", cause_name(record->cause));
    put_text(object, "endedBy", record->ended_by);
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
    json_t *object;

    if (reply->refusal != REFUSAL_NONE) {
        object = write_refused(reply);
        put_text(object, "request", "call:trace");
        return object;
    }
    object = start_answer("call:trace");
    put_call(object, reply, FALSE);
    put_text(object, "callerId", reply->record->facts->caller_id);
    put_text(object, "calleeId", reply->record->facts->callee_id);
    json_object_set_new_nocheck(object, "trace", write_time_line(reply->record));
    return object;
}
