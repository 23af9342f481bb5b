#include "listener/missed.h"

#include <string.h>

/* One call of a register's reply, and who looks at it. */
typedef struct {
    const Reply *reply;
    const Absence *absence; /* or NULL */
    gboolean is_nameless;
    const Snapshot *snapshot;
    Record *record;
    RecordView seen;
} Look;

/* --- what the device has to do with the call --- */

/* A device that the hub named may have had another name before. */
static gboolean is_own_id(const Look *look, const char *device_id)
{
    return g_strcmp0(device_id, look->reply->device_id) == 0 ||
           (look->absence && g_strcmp0(device_id, look->absence->device_id) == 0);
}

static gboolean is_own(const Look *look, const Trace *entry)
{
    return entry->what != TRACE_PUSH_ANSWERED && is_own_id(look, entry->who);
}

/* The last thing that the time line says of the device; NULL when it says nothing. */
static const Trace *last_of_device(const Look *look)
{
    for (const Trace *entry = look->record->trace; entry; entry = entry->before) {
        if (is_own(look, entry))
            return entry;
    }
    return NULL;
}

/* Nobody remembers who was there before the server was started anew. */
static gboolean is_lost_with_server(const Look *look)
{
    return look->is_nameless && !look->absence && look->seen.cause == CAUSE_SERVER_RESTART;
}

/* It made the call, or was rung by it. */
static gboolean has_known(const Look *look)
{
    if (is_lost_with_server(look))
        return TRUE;
    if (look->snapshot->is_caller)
        return is_own_id(look, look->record->facts->caller_device);
    return last_of_device(look) != NULL;
}

static gboolean was_away_at_last(const Look *look)
{
    const Trace *last = last_of_device(look);

    return last && (last->what == TRACE_DROPPED || last->what == TRACE_AWAY);
}

/* What happened then was said when the device was not there to hear it. */
static gboolean has_missed(const Look *look, gint64 at_ms)
{
    const char *call_id = look->record->facts->call_id;

    if (look->seen.cause == CAUSE_SERVER_RESTART)
        return !look->absence || at_ms >= look->absence->since_ms;
    if (!look->absence)
        return was_away_at_last(look);
    return at_ms >= look->absence->since_ms && !absence_has_told(look->absence, call_id);
}

/* --- the events --- */

static Message *make(const Look *look, MessageKind kind, gint64 at_ms)
{
    Message *message = g_new0(Message, 1);

    message->kind = kind;
    message->view = look->snapshot->view;
    message->record = record_ref(look->record);
    message->timestamp_ms = at_ms;
    message->to_user = g_ref_string_acquire(look->reply->user_id);
    message->to_device = g_ref_string_acquire(look->reply->device_id);
    return message;
}

static gboolean was_answered_here(const Look *look)
{
    return look->seen.answered_by && is_own_id(look, look->seen.answered_by);
}

static MessageKind closing_kind(const Look *look)
{
    if (look->snapshot->is_caller && look->seen.status == CALL_REJECTED)
        return MESSAGE_REJECTED;
    if (look->snapshot->is_caller && look->seen.status == CALL_TIMEOUT)
        return MESSAGE_TIMEOUT;
    return MESSAGE_ENDED;
}

static Message *make_closing(const Look *look)
{
    Message *message = make(look, closing_kind(look), look->seen.ended_ms);

    message->status = look->seen.status;
    message->cause = look->seen.cause;
    if (!look->snapshot->is_caller && look->seen.status == CALL_REJECTED)
        message->cause = CAUSE_DECLINED_ELSEWHERE;
    return message;
}

static Message *make_answered_elsewhere(const Look *look)
{
    Message *message = make(look, MESSAGE_ENDED, look->seen.accepted_ms);

    message->status = CALL_ACCEPTED;
    message->cause = CAUSE_ANSWERED_ELSEWHERE;
    return message;
}

static Message *make_accepted(const Look *look)
{
    Message *message = make(look, MESSAGE_ACCEPTED, look->seen.accepted_ms);

    if (look->seen.answered_by)
        message->device_id = g_ref_string_new(look->seen.answered_by);
    message->join = join_copy(&look->snapshot->join);
    return message;
}

/* The last thing that its leg would have been told; NULL when it has been, or nothing was. */
static Message *missed_event(const Look *look)
{
    gboolean is_final = call_state_is_final(look->seen.status);

    if (!has_known(look))
        return NULL;
    if (!look->snapshot->is_caller && look->seen.accepted_ms && !was_answered_here(look))
        return has_missed(look, look->seen.accepted_ms) ? make_answered_elsewhere(look) : NULL;
    if (is_final)
        return has_missed(look, look->seen.ended_ms) ? make_closing(look) : NULL;
    if (look->snapshot->is_caller && look->seen.accepted_ms)
        return has_missed(look, look->seen.accepted_ms) ? make_accepted(look) : NULL;
    return NULL;
}

static Message *ring(const Look *look)
{
    Message *message;

    if (!look->snapshot->is_live || look->snapshot->is_caller || look->snapshot->expires_in_ms < 0)
        return NULL;
    message = make(look, MESSAGE_INCOMING, look->reply->wall_ms);
    message->expires_in_ms = look->snapshot->expires_in_ms;
    return message;
}

/* --- all of them --- */

static void free_message(gpointer message)
{
    message_free(message);
}

static GPtrArray *collect(const Reply *reply, const Absence *absence, gboolean is_nameless,
                          Message *(*find)(const Look *look))
{
    GPtrArray *messages = g_ptr_array_new_with_free_func(free_message);

    for (guint i = reply->calls ? reply->calls->len : 0; i > 0; i--) {
        const Snapshot *snapshot = g_ptr_array_index(reply->calls, i - 1);
        Look look = {
            .reply = reply,
            .absence = absence,
            .is_nameless = is_nameless,
            .snapshot = snapshot,
            .record = snapshot->record,
            .seen = record_view(snapshot->record, snapshot->view),
        };
        Message *message = find(&look);

        if (message)
            g_ptr_array_add(messages, message);
    }
    return messages;
}

GPtrArray *missed_events(const Reply *reply, const Absence *absence, gboolean is_nameless)
{
    return collect(reply, absence, is_nameless, missed_event);
}

GPtrArray *missed_rings(const Reply *reply)
{
    return collect(reply, NULL, FALSE, ring);
}
