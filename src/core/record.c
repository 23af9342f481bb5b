#include "core/record.h"

#include <string.h>

static const char *const mode_names[MODES] = {
    [MODE_NONE] = "none",
    [MODE_P2P] = "p2p",
    [MODE_RELAY] = "relay",
    [MODE_ROOM] = "room",
};

const char *mode_name(Mode mode)
{
    g_assert(mode < MODES);
    return mode_names[mode];
}

gboolean mode_parse(const char *name, Mode *mode)
{
    for (guint i = 0; i < MODES; i++) {
        if (strcmp(mode_names[i], name) == 0) {
            *mode = (Mode)i;
            return TRUE;
        }
    }
    return FALSE;
}

void ref_string_set(GRefString **field, const char *text)
{
    GRefString *old = *field;

    *field = text ? g_ref_string_new(text) : NULL;
    g_clear_pointer(&old, g_ref_string_release);
}

GRefString *ref_string_share(GRefString *text)
{
    return text ? g_ref_string_acquire(text) : NULL;
}

CallFacts *call_facts_new(void)
{
    CallFacts *facts = g_atomic_rc_box_new(CallFacts);

    *facts = (CallFacts){0};
    return facts;
}

CallFacts *call_facts_ref(CallFacts *facts)
{
    return g_atomic_rc_box_acquire(facts);
}

static void clear_facts(gpointer memory)
{
    CallFacts *facts = memory;

    g_clear_pointer(&facts->call_id, g_ref_string_release);
    g_clear_pointer(&facts->caller_id, g_ref_string_release);
    g_clear_pointer(&facts->caller_device, g_ref_string_release);
    g_clear_pointer(&facts->caller_name, g_ref_string_release);
    g_clear_pointer(&facts->callee_id, g_ref_string_release);
    g_clear_pointer(&facts->data, g_ref_string_release);
}

void call_facts_unref(CallFacts *facts)
{
    if (facts)
        g_atomic_rc_box_release_full(facts, clear_facts);
}

Record *record_new(CallFacts *facts)
{
    Record *record = g_atomic_rc_box_new(Record);

    *record = (Record){.facts = call_facts_ref(facts), .status = CALL_RINGING, .rev = 1};
    return record;
}

Record *record_next(const Record *record)
{
    Record *next = g_atomic_rc_box_new(Record);

    *next = *record;
    call_facts_ref(next->facts);
    ref_string_share(next->reason);
    ref_string_share(next->answered_by);
    ref_string_share(next->ended_by);
    ref_string_share(next->veil.ended_by);
    ref_string_share(next->veil.reason);
    trace_ref(next->trace);
    ref_string_share(next->media_report);
    return next;
}

gint64 record_status_ms(const Record *record)
{
    if (call_state_is_final(record->status))
        return record->ended_ms;
    return record->status == CALL_ACCEPTED ? record->accepted_ms : record->facts->created_ms;
}

Record *record_ref(Record *record)
{
    return g_atomic_rc_box_acquire(record);
}

static void clear_record(gpointer memory)
{
    Record *record = memory;

    call_facts_unref(record->facts);
    g_clear_pointer(&record->reason, g_ref_string_release);
    g_clear_pointer(&record->answered_by, g_ref_string_release);
    g_clear_pointer(&record->ended_by, g_ref_string_release);
    g_clear_pointer(&record->veil.ended_by, g_ref_string_release);
    g_clear_pointer(&record->veil.reason, g_ref_string_release);
    g_clear_pointer(&record->trace, trace_unref);
    g_clear_pointer(&record->media_report, g_ref_string_release);
}

void record_unref(Record *record)
{
    if (record)
        g_atomic_rc_box_release_full(record, clear_record);
}

static RecordView full_view(const Record *record)
{
    return (RecordView){
        .status = record->status,
        .cause = record->cause,
        .rev = record->rev,
        .ringing_ms = record->ringing_ms,
        .accepted_ms = record->accepted_ms,
        .ended_ms = record->ended_ms,
        .duration_ms = record->accepted_ms && record->ended_ms ? record->duration_ms : -1,
        .reason = record->reason,
        .answered_by = record->answered_by,
        .ended_by = record->ended_by,
    };
}

static RecordView veiled_view(const Veil *veil)
{
    return (RecordView){
        .status = veil->status,
        .cause = veil->cause,
        .rev = veil->rev,
        .ended_ms = veil->ended_ms,
        .duration_ms = -1,
        .reason = veil->reason,
        .ended_by = veil->ended_by,
    };
}

RecordView record_view(const Record *record, View view)
{
    RecordView seen;

    if (view == VIEW_FULL)
        return full_view(record);
    seen = record->veil.is_set ? veiled_view(&record->veil) : full_view(record);
    if (view == VIEW_CALLER_MASKED) {
        seen.ringing_ms = 0;
        if (seen.cause == CAUSE_UNREACHABLE)
            seen.cause = CAUSE_NO_ANSWER;
    }
    return seen;
}

View record_view_of_user(const Record *record, const char *user_id, gboolean reveal_presence)
{
    if (strcmp(record->facts->caller_id, user_id) != 0)
        return VIEW_FULL;
    return reveal_presence ? VIEW_CALLER : VIEW_CALLER_MASKED;
}
