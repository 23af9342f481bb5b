#include "service/lookup.h"

static void refuse(Reply *reply, Refusal refusal, const char *text)
{
    g_free(reply->text);
    reply->text = g_strdup(text);
    reply->refusal = refusal;
}

static void refuse_failure(Reply *reply, const GError *error)
{
    if (g_error_matches(error, STORE_ERROR, STORE_ERROR_BAD_CURSOR))
        refuse(reply, REFUSAL_INVALID_REQUEST, "before: is not a cursor that call:history gave");
    else
        refuse(reply, REFUSAL_STORE_UNAVAILABLE, "the records cannot be read now");
}

static void find_call(Store *store, const char *call_id, gboolean reveal_presence, Reply *reply)
{
    g_autoptr(GError) error = NULL;
    Record *record = store->ops->get(store, reply->user_id, call_id, &error);

    if (error) {
        refuse_failure(reply, error);
        return;
    }
    if (!record)
        return;
    refuse(reply, REFUSAL_NONE, NULL);
    reply->record = record;
    reply->view = record_view_of_user(record, reply->user_id, reveal_presence);
}

static void find_history(Store *store, const HistoryEvent *query, gboolean reveal_presence, Reply *reply)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = store->ops->history(store, reply->user_id, query, &reply->next, &error);

    if (!records) {
        refuse_failure(reply, error);
        return;
    }
    reply->calls = snapshots_new();
    for (guint i = 0; i < records->len; i++) {
        Record *record = g_ptr_array_index(records, i);

        g_ptr_array_add(reply->calls,
                        snapshot_new(record, record_view_of_user(record, reply->user_id, reveal_presence)));
    }
}

void lookup_elsewhere(Store *store, const Event *event, gboolean reveal_presence, Reply *reply)
{
    if (reply->request == EVENT_GET && reply->is_elsewhere)
        find_call(store, event->about.call_id, reveal_presence, reply);
    if (reply->request == EVENT_HISTORY && reply->refusal == REFUSAL_NONE)
        find_history(store, &event->history, reveal_presence, reply);
}
