#include "store/listing.h"

#include <string.h>

/* Far more than one step adds, so that a client that saw revisions which were never stored still
 * takes this one. */
#define RECOVERED_REVS 1000

static const ListKind plain_kinds[CALL_STATES] = {
    [CALL_REJECTED] = LIST_REJECTED, [CALL_CANCELLED] = LIST_CANCELLED,
    [CALL_TIMEOUT] = LIST_TIMEOUT,   [CALL_ENDED] = LIST_ENDED,
    [CALL_FAILED] = LIST_FAILED,
};

static const ListKind missed_kinds[CALL_STATES] = {
    [CALL_REJECTED] = LIST_MISSED_REJECTED,
    [CALL_CANCELLED] = LIST_MISSED_CANCELLED,
    [CALL_TIMEOUT] = LIST_MISSED_TIMEOUT,
};

static gboolean is_caller(const Record *record, const char *user_id)
{
    return strcmp(record->facts->caller_id, user_id) == 0;
}

/* Hiding presence changes no status, so it does not matter here. */
static RecordView seen_by(const Record *record, const char *user_id)
{
    return record_view(record, record_view_of_user(record, user_id, TRUE));
}

/* docs/protocol.md, section 2: I was called, and it ended like this. */
static gboolean is_missed(const RecordView *seen)
{
    return seen->status == CALL_TIMEOUT || seen->status == CALL_CANCELLED ||
           (seen->status == CALL_REJECTED && seen->cause == CAUSE_BUSY);
}

static guint list_for(const Record *record, const char *user_id, const char *peer_id,
                      Listing *listings)
{
    RecordView seen = seen_by(record, user_id);
    gboolean is_own_missed = !is_caller(record, user_id) && is_missed(&seen);
    ListKind kind = is_own_missed ? missed_kinds[seen.status] : plain_kinds[seen.status];
    gint64 created_ms = record->facts->created_ms;

    if (!call_state_is_final(seen.status))
        return 0;
    listings[0] = (Listing){user_id, NULL, kind, created_ms};
    listings[1] = (Listing){user_id, peer_id, kind, created_ms};
    listings[2] = (Listing){user_id, NULL, LIST_BY_END, seen.ended_ms};
    return 3;
}

guint listings_of_party(const Record *record, const char *user_id,
                        Listing listings[LISTINGS_OF_PARTY])
{
    const CallFacts *facts = record->facts;

    return list_for(record, user_id,
                    is_caller(record, user_id) ? facts->callee_id : facts->caller_id, listings);
}

guint listings_of_record(const Record *record, Listing listings[LISTINGS_MOST])
{
    const char *caller_id = record->facts->caller_id;
    const char *callee_id = record->facts->callee_id;
    guint count = list_for(record, caller_id, callee_id, listings);

    if (!is_caller(record, callee_id))
        count += list_for(record, callee_id, caller_id, listings + count);
    return count;
}

gboolean listings_are_same(const Record *one, const Record *other)
{
    Listing ones[LISTINGS_MOST], others[LISTINGS_MOST];
    guint count = listings_of_record(one, ones);

    if (listings_of_record(other, others) != count)
        return FALSE;
    for (guint i = 0; i < count; i++) {
        if (ones[i].kind != others[i].kind || ones[i].at != others[i].at ||
            strcmp(ones[i].user_id, others[i].user_id) != 0)
            return FALSE;
    }
    return TRUE;
}

guint kinds_of_query(const HistoryEvent *query, ListKind kinds[KINDS_MOST])
{
    guint count = 0;

    for (guint state = 0; state < CALL_STATES; state++) {
        if (query->has_status && query->status != state)
            continue;
        if (plain_kinds[state] && !query->missed)
            kinds[count++] = plain_kinds[state];
        if (missed_kinds[state])
            kinds[count++] = missed_kinds[state];
    }
    return count;
}

gboolean record_is_live_for(const Record *record, const char *user_id)
{
    return !call_state_is_final(seen_by(record, user_id).status);
}

gboolean query_asks_live(const HistoryEvent *query)
{
    return !query->missed && (!query->has_status || !call_state_is_final(query->status));
}

gboolean query_asks_for(const HistoryEvent *query, const Record *record, const char *user_id)
{
    const CallFacts *facts = record->facts;
    const char *peer_id = is_caller(record, user_id) ? facts->callee_id : facts->caller_id;

    if (query->peer_id && strcmp(query->peer_id, peer_id) != 0)
        return FALSE;
    return !query->has_status || query->status == seen_by(record, user_id).status;
}

static gboolean has_live_veil(const Record *record)
{
    return record->veil.is_set && !call_state_is_final(record->veil.status);
}

gboolean record_is_closed(const Record *record)
{
    return call_state_is_final(record->status) && !has_live_veil(record);
}

gint64 record_closed_ms(const Record *record)
{
    return MAX(record->ended_ms, record->veil.ended_ms);
}

static void fail_call(Record *record, gint64 now_ms)
{
    record->status = CALL_FAILED;
    record->cause = CAUSE_SERVER_RESTART;
    record->rev += RECOVERED_REVS;
    record->ended_ms = now_ms;
    if (record->accepted_ms)
        record->duration_ms = MAX(0, now_ms - record->accepted_ms);
}

static void fail_veil(Veil *veil, gint64 now_ms)
{
    veil->status = CALL_FAILED;
    veil->cause = CAUSE_SERVER_RESTART;
    veil->rev += RECOVERED_REVS;
    veil->ended_ms = now_ms;
}

Record *record_recovered(const Record *record, gint64 now_ms)
{
    Record *next;

    if (record_is_closed(record))
        return NULL;
    next = record_next(record);
    if (!call_state_is_final(record->status))
        fail_call(next, now_ms);
    if (has_live_veil(record))
        fail_veil(&next->veil, now_ms);
    return next;
}
