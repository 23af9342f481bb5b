#include "service/recall.h"

#include "core/settings.h"

static void refuse(Reply *reply, Refusal refusal, const char *text)
{
    g_free(reply->text);
    reply->text = g_strdup(text);
    reply->refusal = refusal;
}

void recall_ended(Store *store, Event *event)
{
    gint64 since_ms = g_get_real_time() / 1000 - ENDED_KEPT_US / 1000;

    event->reg.ended =
        store->ops->ended_since(store, event->reg.user_id, since_ms, RECALL_ENDED_MOST, NULL);
    event->reg.is_incomplete = event->reg.ended == NULL;
}

void recall_initiated(Store *store, const char *user_id, Event *event)
{
    event->stored = store->ops->get(store, user_id, event->initiate.call_id, NULL);
}

/* An operator's, by its id alone. */
static Record *find_only(Store *store, Event *event, Reply *reply, GError **error)
{
    gboolean is_only = FALSE;
    Record *record = store->ops->find(store, event_call_id(event), &is_only, error);

    if (record && !is_only) {
        refuse(reply, REFUSAL_INVALID_REQUEST,
               "callerId: is required, for several callers used this callId");
        g_clear_pointer(&record, record_unref);
    }
    if (record)
        event->as_user = record->facts->caller_id;
    return record;
}

gboolean recall_missing(Store *store, Event *event, Reply *reply)
{
    g_autoptr(GError) error = NULL;

    if (!reply->is_elsewhere)
        return FALSE;
    if (reply->user_id)
        event->stored = store->ops->get(store, reply->user_id, event_call_id(event), &error);
    else
        event->stored = find_only(store, event, reply, &error);
    if (error)
        refuse(reply, REFUSAL_STORE_UNAVAILABLE, "the records cannot be read now");
    return event->stored != NULL;
}

static void refuse_history(Reply *reply, const GError *error)
{
    if (g_error_matches(error, STORE_ERROR, STORE_ERROR_BAD_CURSOR))
        refuse(reply, REFUSAL_INVALID_REQUEST, "before: is not a cursor that call:history gave");
    else
        refuse(reply, REFUSAL_STORE_UNAVAILABLE, "the records cannot be read now");
}

void recall_history(Store *store, const Event *event, gboolean reveal_presence, Reply *reply)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = NULL;

    if (reply->request != EVENT_HISTORY || reply->refusal != REFUSAL_NONE)
        return;
    records = store->ops->history(store, reply->user_id, &event->history, &reply->next, &error);
    if (!records) {
        refuse_history(reply, error);
        return;
    }
    reply->calls = snapshots_new();
    for (guint i = 0; i < records->len; i++) {
        Record *record = g_ptr_array_index(records, i);
        View view = record_view_of_user(record, reply->user_id, reveal_presence);

        g_ptr_array_add(reply->calls, snapshot_new(record, view));
    }
}

void recall_clear(Event *event)
{
    g_clear_pointer(&event->stored, record_unref);
    if (event->kind == EVENT_REGISTER)
        g_clear_pointer(&event->reg.ended, g_ptr_array_unref);
}
