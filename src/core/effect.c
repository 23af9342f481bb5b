#include "core/effect.h"

static const char *const message_names[MESSAGES] = {
    [MESSAGE_INCOMING] = "call:incoming",
    [MESSAGE_OUTGOING] = "call:outgoing",
    [MESSAGE_RINGING] = "call:ringing",
    [MESSAGE_ACCEPTED] = "call:accepted",
    [MESSAGE_REJECTED] = "call:rejected",
    [MESSAGE_TIMEOUT] = "call:timeout",
    [MESSAGE_ENDED] = "call:ended",
    [MESSAGE_PEER] = "call:peer",
    [MESSAGE_SIGNAL] = "call:signal",
    [MESSAGE_UPDATED] = "call:updated",
    [MESSAGE_MEDIA] = "call:media",
    [MESSAGE_REPLACED] = "call:replaced",
    [MESSAGE_UNREGISTERED] = "call:unregistered",
};

const char *message_name(MessageKind kind)
{
    g_assert(kind < MESSAGES);
    return message_names[kind];
}

void message_clear(Message *message)
{
    g_clear_pointer(&message->record, record_unref);
    g_clear_pointer(&message->device_id, g_ref_string_release);
    g_clear_pointer(&message->from, g_ref_string_release);
    g_clear_pointer(&message->data, g_ref_string_release);
    join_clear(&message->join);
    g_clear_pointer(&message->jsep, g_ref_string_release);
    g_clear_pointer(&message->to_user, g_ref_string_release);
    g_clear_pointer(&message->to_device, g_ref_string_release);
}

void message_free(Message *message)
{
    if (!message)
        return;
    message_clear(message);
    g_free(message);
}

Snapshot *snapshot_new(Record *record, View view)
{
    Snapshot *snapshot = g_new0(Snapshot, 1);

    snapshot->record = record_ref(record);
    snapshot->view = view;
    snapshot->expires_in_ms = -1;
    return snapshot;
}

static void snapshot_free(gpointer memory)
{
    Snapshot *snapshot = memory;

    record_unref(snapshot->record);
    join_clear(&snapshot->join);
    g_free(snapshot);
}

GPtrArray *snapshots_new(void)
{
    return g_ptr_array_new_with_free_func(snapshot_free);
}

void reply_clear(Reply *reply)
{
    g_clear_pointer(&reply->text, g_free);
    g_clear_pointer(&reply->record, record_unref);
    g_clear_pointer(&reply->user_id, g_ref_string_release);
    g_clear_pointer(&reply->device_id, g_ref_string_release);
    g_clear_pointer(&reply->calls, g_ptr_array_unref);
    g_clear_pointer(&reply->next, g_free);
    g_clear_pointer(&reply->replaced, g_ref_string_release);
    g_clear_pointer(&reply->other, record_unref);
    join_clear(&reply->join);
}

static void clear_effect(Effect *effect)
{
    g_clear_pointer(&effect->record, record_unref);
    if (effect->kind == EFFECT_MEDIA)
        media_order_clear(&effect->order);
    else
        message_clear(&effect->message);
}

void effects_init(Effects *effects)
{
    effects->count = 0;
    effects->more = NULL;
    effects->has_reply = FALSE;
    effects->reply = (Reply){0};
}

void effects_reset(Effects *effects)
{
    while (effects->count > 0) {
        clear_effect(effects_at(effects, effects->count - 1));
        effects->count--;
    }
    g_clear_pointer(&effects->more, g_array_unref);
    if (effects->has_reply)
        reply_clear(&effects->reply);
    effects->has_reply = FALSE;
    effects->reply = (Reply){0};
}

void effects_clear(Effects *effects)
{
    effects_reset(effects);
}

Effect *effects_at(const Effects *effects, guint i)
{
    g_assert(i < effects->count);
    if (i < USUAL_EFFECTS)
        return (Effect *)&effects->few[i];
    return &g_array_index(effects->more, Effect, i - USUAL_EFFECTS);
}

/* Room for one more. */
static Effect *next(Effects *effects)
{
    guint i = effects->count++;

    if (i < USUAL_EFFECTS)
        return &effects->few[i];
    if (!effects->more)
        effects->more = g_array_new(FALSE, FALSE, sizeof(Effect));
    g_array_set_size(effects->more, i - USUAL_EFFECTS + 1);
    return &g_array_index(effects->more, Effect, i - USUAL_EFFECTS);
}

void effects_send(Effects *effects, Address *to, Message *message)
{
    *next(effects) =
        (Effect){.kind = to ? EFFECT_SEND : EFFECT_MISSED, .to = to, .message = *message};
    *message = (Message){0};
}

void effects_record(Effects *effects, Change change, Record *record)
{
    *next(effects) =
        (Effect){.kind = EFFECT_RECORD, .change = change, .record = record_ref(record)};
}

void effects_push(Effects *effects, Record *record, gboolean is_stop, gint64 expires_in_ms)
{
    *next(effects) = (Effect){.kind = EFFECT_PUSH,
                              .record = record_ref(record),
                              .is_stop = is_stop,
                              .expires_in_ms = expires_in_ms};
}

void effects_media(Effects *effects, MediaOrder *order)
{
    *next(effects) = (Effect){.kind = EFFECT_MEDIA, .order = *order};
    *order = (MediaOrder){0};
}

Reply *effects_reply(Effects *effects, const Event *event)
{
    g_assert(!effects->has_reply);
    effects->has_reply = TRUE;
    effects->reply = (Reply){.request = event->kind,
                             .is_operators = event->is_operator,
                             .wall_ms = event->wall_ms,
                             .expires_in_ms = -1,
                             .is_complete = TRUE};
    return &effects->reply;
}

Reply *effects_refuse(Effects *effects, const Event *event, Refusal refusal, const char *text)
{
    Reply *reply = effects_reply(effects, event);

    reply->refusal = refusal;
    reply->text = g_strdup(text);
    return reply;
}

void effects_refuse_for_now(Effects *effects, const Event *event, Refusal refusal, const char *text,
                            gint64 retry_after_us)
{
    /* Who waits so long is not a moment too early. */
    effects_refuse(effects, event, refusal, text)->retry_after_ms = (retry_after_us + 999) / 1000;
}

void effects_refuse_fault(Effects *effects, const Event *event)
{
    effects_refuse_for_now(effects, event, event->fault.refusal, event->fault.text,
                           event->fault.retry_after_us);
}
