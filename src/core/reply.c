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
    call->same_id = g_hash_table_lookup(hub->by_id, call_id(call));
    put_first(hub, call);
    if (!call->is_veiled)
        call->place = roster_add(&hub->calls, call);
}

void hub_unlist_call(Hub *hub, Call *call)
{
    Call *first = g_hash_table_lookup(hub->by_id, call_id(call));
    Call **link = &first;

    while (*link != call)
        link = &(*link)->same_id;
    *link = call->same_id;
    if (first)
        put_first(hub, first);
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
    gboolean is_initiate = event->kind == EVENT_INITIATE;
    Found found = {0};

    if (!sender->user)
        return found;
    found = hub_find_call(hub, sender->user,
                          is_initiate ? event->initiate.call_id : event->about.call_id);
    if (found.record || !event->stored || !is_party(event->stored->facts, sender->user))
        return found;
    found.record = event->stored;
    found.view = hub_view(hub, found.record, sender->user);
    found.is_caller = found.view != VIEW_FULL;
    return found;
}

Reply *reply_about(Hub *hub, Effects *effects, const Event *event, const User *user, Record *record)
{
    Reply *reply = effects_reply(effects, event);

    reply->record = record_ref(record);
    reply->view = event->is_operator ? VIEW_FULL : hub_view(hub, record, user);
    return reply;
}

Reply *refuse_about(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, Refusal refusal, const char *text)
{
    Reply *reply = reply_about(hub, effects, event, user, record);

    reply->refusal = refusal;
    reply->text = g_strdup(text);
    return reply;
}

Reply *refuse_state(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, const char *text)
{
    RecordView seen = record_view(record, hub_view(hub, record, user));

    if (call_state_is_final(seen.status))
        return refuse_about(hub, effects, event, user, record, REFUSAL_CALL_OVER,
                            "the call is over");
    return refuse_about(hub, effects, event, user, record, REFUSAL_WRONG_STATE, text);
}

Reply *refuse_not_found(Effects *effects, const Event *event, const Sender *sender)
{
    Reply *reply = effects_refuse(effects, event, REFUSAL_CALL_NOT_FOUND, "no such call of yours");

    reply->is_elsewhere = !event->stored;
    if (sender->user || event->as_user)
        reply->user_id = g_ref_string_new(sender->user ? sender->user->id : event->as_user);
    return reply;
}

gboolean is_repeat_of_close(const Found *found, const User *user, CallState made)
{
    RecordView seen = record_view(found->record, found->view);

    return seen.status == made && seen.ended_by && strcmp(seen.ended_by, user->id) == 0;
}
