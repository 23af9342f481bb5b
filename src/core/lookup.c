#include <string.h>

#include "core/hub-private.h"

View hub_view(const Hub *hub, const Record *record, const User *user)
{
    return record_view_of_user(record, user->id, hub->settings.reveal_presence);
}

Found hub_find_call(const Hub *hub, const User *user, const char *call_id)
{
    CallKey key = {.user = user, .call_id = call_id};
    Found found = {0};
    Call *call = g_hash_table_lookup(hub->live, &key);
    Ended *ended = call ? NULL : g_hash_table_lookup(hub->ended, &key);

    if (!call && !ended)
        return found;
    found.call = call;
    found.record = call ? call->record : ended->record;
    found.view = hub_view(hub, found.record, user);
    found.is_caller = found.view != VIEW_FULL;
    return found;
}

static void put_first(Hub *hub, Call *call)
{
    /* The key borrows the id of the call that is the first. */
    g_hash_table_replace(hub->by_id, (gpointer)call_id(call), call);
}

void hub_list_call(Hub *hub, Call *call)
{
    Call *first = g_hash_table_lookup(hub->by_id, call_id(call));

    call->next_same = first;
    if (first)
        first->previous_same = call;
    put_first(hub, call);
    if (!call->is_veiled)
        call->place = roster_add(&hub->calls, call);
}

void hub_unlist_call(Hub *hub, Call *call)
{
    if (call->next_same)
        call->next_same->previous_same = call->previous_same;
    if (call->previous_same)
        call->previous_same->next_same = call->next_same;
    else if (call->next_same)
        put_first(hub, call->next_same);
    else
        g_hash_table_remove(hub->by_id, call_id(call));
    if (!call->is_veiled)
        roster_remove(&hub->calls, call->place);
}

/* The asker may have become somebody else since the store was read for it. */
static gboolean is_party(const CallFacts *facts, const User *user)
{
    return strcmp(facts->caller_id, user->id) == 0 || strcmp(facts->callee_id, user->id) == 0;
}

Found find_asked_call(const Hub *hub, const Event *event, const Sender *sender)
{
    Found found = {0};

    if (!sender->user)
        return found;
    found = hub_find_call(hub, sender->user, event_call_id(event));
    if (found.record || !event->stored || !is_party(event->stored->facts, sender->user))
        return found;
    found.record = event->stored;
    found.view = hub_view(hub, found.record, sender->user);
    found.is_caller = found.view != VIEW_FULL;
    return found;
}

static void bring_up_to_date(const Hub *hub, const User *user, Snapshot *snapshot)
{
    const CallFacts *stored = snapshot->record->facts;
    Found found = hub_find_call(hub, user, stored->call_id);

    /* Another call may have the id by now. */
    if (!found.record || found.record->rev <= snapshot->record->rev ||
        found.record->facts->created_ms != stored->created_ms)
        return;
    record_unref(snapshot->record);
    snapshot->record = record_ref(found.record);
}

void hub_bring_up_to_date(const Hub *hub, const char *user_id, GPtrArray *calls)
{
    const User *user = hub_find_user(hub, user_id);

    for (guint i = 0; user && i < calls->len; i++)
        bring_up_to_date(hub, user, g_ptr_array_index(calls, i));
}
