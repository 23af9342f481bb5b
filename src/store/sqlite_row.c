#include "store/sqlite_private.h"

/* --- writing --- */

static void bind_facts(Statement *statement, const CallFacts *facts)
{
    bind_text(statement, COLUMN_CALL_ID + 1, facts->call_id);
    bind_text(statement, COLUMN_CALLER_ID + 1, facts->caller_id);
    bind_text(statement, COLUMN_CALLER_DEVICE + 1, facts->caller_device);
    bind_text(statement, COLUMN_CALLER_NAME + 1, facts->caller_name);
    bind_text(statement, COLUMN_CALLEE_ID + 1, facts->callee_id);
    bind_text(statement, COLUMN_MODE + 1, mode_name(facts->mode));
    bind_int(statement, COLUMN_AUDIO + 1, facts->media.audio != FALSE);
    bind_int(statement, COLUMN_VIDEO + 1, facts->media.video != FALSE);
    bind_text(statement, COLUMN_DATA + 1, facts->data);
    bind_int(statement, COLUMN_CREATED_AT + 1, facts->created_ms);
    bind_int(statement, COLUMN_RING_MS + 1, facts->ring_ms);
}

static void bind_progress(Statement *statement, const Record *record)
{
    bind_text(statement, COLUMN_STATUS + 1, call_state_name(record->status));
    bind_text(statement, COLUMN_CAUSE + 1, cause_name(record->cause));
    bind_text(statement, COLUMN_REASON + 1, record->reason);
    bind_time(statement, COLUMN_RINGING_AT + 1, record->ringing_ms);
    bind_time(statement, COLUMN_ACCEPTED_AT + 1, record->accepted_ms);
    bind_text(statement, COLUMN_ANSWERED_BY + 1, record->answered_by);
    bind_int(statement, COLUMN_REV + 1, record->rev);
}

/* Left NULL by a call that is live, whose statement may not even have these. */
static void bind_end(Statement *statement, const Record *record)
{
    if (!call_state_is_final(record->status))
        return;
    bind_int(statement, COLUMN_ENDED_AT + 1, record->ended_ms);
    if (record->accepted_ms)
        bind_int(statement, COLUMN_DURATION_MS + 1, record->duration_ms);
    bind_text(statement, COLUMN_ENDED_BY + 1, record->ended_by);
    if (record_is_closed(record))
        bind_int(statement, COLUMN_CLOSED_AT + 1, record_closed_ms(record));
}

static void bind_veil(Statement *statement, const Veil *veil)
{
    if (!veil->is_set)
        return;
    bind_text(statement, COLUMN_VEIL_STATUS + 1, call_state_name(veil->status));
    bind_text(statement, COLUMN_VEIL_CAUSE + 1, cause_name(veil->cause));
    bind_int(statement, COLUMN_VEIL_REV + 1, veil->rev);
    bind_time(statement, COLUMN_VEIL_ENDED_AT + 1, veil->ended_ms);
    bind_text(statement, COLUMN_VEIL_ENDED_BY + 1, veil->ended_by);
    bind_text(statement, COLUMN_VEIL_REASON + 1, veil->reason);
}

static void bind_trace(Statement *statement, const Trace *trace)
{
    char *text = trace_to_text(trace);

    if (text)
        bind_text_owned(statement, COLUMN_TRACE + 1, text);
}

void row_bind(Statement *statement, gint64 id, const Record *record)
{
    bind_int(statement, COLUMN_ID + 1, id);
    bind_facts(statement, record->facts);
    bind_progress(statement, record);
    bind_end(statement, record);
    bind_veil(statement, &record->veil);
    bind_trace(statement, record->trace);
    bind_text(statement, COLUMN_MEDIA_REPORT + 1, record->media_report);
}

/* --- reading --- */

static gint64 number_of(Statement *statement, Column column)
{
    return sqlite3_column_int64(statement, (int)column);
}

static const char *text_of(Statement *statement, Column column)
{
    return (const char *)sqlite3_column_text(statement, (int)column);
}

/* A text that is not UTF-8 could not be told to anybody. One that is there but is not given had no
 * memory. */
static gboolean is_whole(Statement *statement, Column column, const char *text)
{
    if (text)
        return g_utf8_validate(text, -1, NULL);
    return sqlite3_column_type(statement, (int)column) == SQLITE_NULL;
}

static gboolean take_text(Statement *statement, Column column, GRefString **field)
{
    const char *text = text_of(statement, column);

    if (!is_whole(statement, column, text))
        return FALSE;
    ref_string_set(field, text);
    return TRUE;
}

static gboolean take_status(Statement *statement, Column column, CallState *status)
{
    const char *word = text_of(statement, column);

    return word && call_state_parse(word, status);
}

static gboolean take_cause(Statement *statement, Column column, Cause *cause)
{
    const char *word = text_of(statement, column);

    *cause = CAUSE_NONE;
    return word ? cause_parse(word, cause) : is_whole(statement, column, word);
}

static gboolean take_mode(Statement *statement, Column column, Mode *mode)
{
    const char *word = text_of(statement, column);

    return word && mode_parse(word, mode);
}

static gboolean read_facts(Statement *statement, CallFacts *facts)
{
    facts->media.audio = number_of(statement, COLUMN_AUDIO) != 0;
    facts->media.video = number_of(statement, COLUMN_VIDEO) != 0;
    facts->created_ms = number_of(statement, COLUMN_CREATED_AT);
    facts->ring_ms = number_of(statement, COLUMN_RING_MS);
    return take_text(statement, COLUMN_CALL_ID, &facts->call_id) &&
           take_text(statement, COLUMN_CALLER_ID, &facts->caller_id) &&
           take_text(statement, COLUMN_CALLER_DEVICE, &facts->caller_device) &&
           take_text(statement, COLUMN_CALLER_NAME, &facts->caller_name) &&
           take_text(statement, COLUMN_CALLEE_ID, &facts->callee_id) &&
           take_text(statement, COLUMN_DATA, &facts->data) &&
           take_mode(statement, COLUMN_MODE, &facts->mode) && facts->call_id && facts->caller_id &&
           facts->callee_id;
}

static gboolean read_state(Statement *statement, Record *record)
{
    record->rev = (guint)number_of(statement, COLUMN_REV);
    record->ringing_ms = number_of(statement, COLUMN_RINGING_AT);
    record->accepted_ms = number_of(statement, COLUMN_ACCEPTED_AT);
    record->ended_ms = number_of(statement, COLUMN_ENDED_AT);
    record->duration_ms = number_of(statement, COLUMN_DURATION_MS);
    return take_status(statement, COLUMN_STATUS, &record->status) &&
           take_cause(statement, COLUMN_CAUSE, &record->cause) &&
           take_text(statement, COLUMN_REASON, &record->reason) &&
           take_text(statement, COLUMN_ANSWERED_BY, &record->answered_by) &&
           take_text(statement, COLUMN_ENDED_BY, &record->ended_by);
}

static gboolean read_veil(Statement *statement, Veil *veil)
{
    veil->is_set = sqlite3_column_type(statement, COLUMN_VEIL_STATUS) != SQLITE_NULL;
    if (!veil->is_set)
        return TRUE;
    veil->rev = (guint)number_of(statement, COLUMN_VEIL_REV);
    veil->ended_ms = number_of(statement, COLUMN_VEIL_ENDED_AT);
    return take_status(statement, COLUMN_VEIL_STATUS, &veil->status) &&
           take_cause(statement, COLUMN_VEIL_CAUSE, &veil->cause) &&
           take_text(statement, COLUMN_VEIL_ENDED_BY, &veil->ended_by) &&
           take_text(statement, COLUMN_VEIL_REASON, &veil->reason);
}

/* A time line that is damaged is no reason to do without the call. */
static gboolean read_trace(Statement *statement, Trace **trace)
{
    const char *text = text_of(statement, COLUMN_TRACE);

    if (!is_whole(statement, COLUMN_TRACE, text))
        return FALSE;
    if (text)
        trace_parse(text, trace);
    return TRUE;
}

gint64 row_id(Statement *statement)
{
    return number_of(statement, COLUMN_ID);
}

Record *row_read(Statement *statement, GError **error)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    g_autoptr(Record) record = record_new(facts);

    if (read_facts(statement, facts) && read_state(statement, record) &&
        read_veil(statement, &record->veil) && read_trace(statement, &record->trace) &&
        take_text(statement, COLUMN_MEDIA_REPORT, &record->media_report))
        return g_steal_pointer(&record);
    g_set_error(error, STORE_ERROR, STORE_ERROR_FAILED,
                "the row of calls with id %" G_GINT64_FORMAT " is damaged", row_id(statement));
    return NULL;
}

gboolean row_read_old(const Connection *writer, Statement *statement, Record **record,
                      GError **error)
{
    *record = row_read(statement, NULL);
    return *record || sqlite3_errcode(writer->handle) != SQLITE_NOMEM ||
           connection_fail(writer, error);
}
