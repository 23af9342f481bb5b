#include "words.h"

#include <stdio.h>

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void print_sender(const Model *model, const Event *event)
{
    const SeenDevice *device = event->from ? model_device_at(model, event->from) : NULL;

    if (event->from)
        printf("#%u", event->from->number);
    if (device)
        printf(" %s/%s", model->users[device->user].id, device->id);
    if (event->as_user)
        printf("%s as %s/%s", event->is_operator ? "operator" : "backend", event->as_user,
               or_dash(event->as_device));
    if (!event->from && !event->as_user)
        printf("hub");
}

static void print_initiate(const InitiateEvent *initiate)
{
    printf(" %s callId %s", initiate->callee_id, or_dash(initiate->call_id));
    if (initiate->timeout_ms)
        printf(" for %" G_GINT64_FORMAT " ms", initiate->timeout_ms);
}

static void print_about(const Event *event)
{
    printf(" %s", event->about.call_id);
    if (event->about.reason)
        printf(" \"%s\"", event->about.reason);
    if (event->kind == EVENT_REJECT)
        printf(" %s", cause_name(event->about.cause));
}

static void print_fields(const Event *event)
{
    switch (event->kind) {
    case EVENT_REGISTER:
        printf(" %s/%s", event->reg.user_id, or_dash(event->reg.device_id));
        if (event->reg.expires_in_us)
            printf(" for %" G_GINT64_FORMAT " us", event->reg.expires_in_us);
        return;
    case EVENT_INITIATE:
        print_initiate(&event->initiate);
        return;
    case EVENT_RINGING:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
        print_about(event);
        return;
    case EVENT_DISCONNECT:
        printf(" %s/%s", event->disconnect.user_id, or_dash(event->disconnect.device_id));
        return;
    case EVENT_JOIN:
    case EVENT_MEDIA:
        printf(" %s %s %s", event->join.call_id, or_dash(event->join.token),
               or_dash(event->join.jsep.text));
        return;
    case EVENT_UNREGISTER:
    case EVENT_HISTORY:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_CONFIGURE:
    case EVENT_RECORD:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        return;
    }
}

void words_event(const Model *model, const Event *event)
{
    printf("[%12.6f] ", (double)event->now_us / G_USEC_PER_SEC);
    print_sender(model, event);
    printf(" > %s", event_name(event->kind));
    if (event->fault.refusal != REFUSAL_NONE)
        printf(" (%s)", refusal_name(event->fault.refusal));
    else
        print_fields(event);
    printf("\n");
    fflush(stdout);
}

static void print_sight(const Record *record, View view)
{
    RecordView sight = record_view(record, view);

    printf(" %s rev %u %s/%s", record->facts->call_id, sight.rev, call_state_name(sight.status),
           or_dash(cause_name(sight.cause)));
}

static void print_message(const Effect *effect)
{
    const Message *message = &effect->message;

    if (effect->to)
        printf("    #%u", effect->to->number);
    else
        printf("    (away)");
    printf(" %s/%s < %s", message->to_user, message->to_device, message_name(message->kind));
    if (message->record)
        print_sight(message->record, message->view);
    if (message->cause != CAUSE_NONE)
        printf(", cause %s", cause_name(message->cause));
    if (message->kind == MESSAGE_ENDED)
        printf(", status %s", call_state_name(message->status));
    if (message->kind == MESSAGE_PEER)
        printf(", %s", message->is_connected ? "connected" : "reconnecting");
    if (message->device_id)
        printf(", deviceId %s", message->device_id);
    if (message->kind == MESSAGE_INCOMING || message->kind == MESSAGE_OUTGOING)
        printf(", %" G_GINT64_FORMAT " ms left", message->expires_in_ms);
    printf("\n");
}

static void print_record(const Effect *effect)
{
    static const char *const changes[] = {
        [CHANGE_CREATED] = "created",
        [CHANGE_ACCEPTED] = "accepted",
        [CHANGE_CLOSED] = "closed",
        [CHANGE_TOUCHED] = "touched",
    };

    printf("    record %s", changes[effect->change]);
    print_sight(effect->record, VIEW_FULL);
    if (effect->record->veil.is_set) {
        printf(", its caller believes");
        print_sight(effect->record, VIEW_CALLER);
    }
    printf("\n");
}

static void print_snapshots(const GPtrArray *calls)
{
    for (guint i = 0; i < calls->len; i++) {
        const Snapshot *snapshot = g_ptr_array_index(calls, i);

        printf("\n        %s", snapshot->is_live ? "live" : "over");
        print_sight(snapshot->record, snapshot->view);
    }
}

static void print_reply(const Reply *reply)
{
    printf("    reply %s", reply->refusal ? refusal_name(reply->refusal) : "success");
    if (reply->record)
        print_sight(reply->record, reply->view);
    if (reply->device_id)
        printf(" %s/%s", reply->user_id, reply->device_id);
    if (reply->replaced)
        printf(", replaced %s", reply->replaced);
    if (reply->other)
        printf(", other %s", reply->other->facts->call_id);
    if (reply->request == EVENT_INITIATE && !reply->refusal)
        printf(", %u devices", reply->devices);
    if (reply->calls)
        print_snapshots(reply->calls);
    printf("\n");
}

void words_effects(const Effects *effects)
{
    for (guint i = 0; i < effects->count; i++) {
        const Effect *effect = effects_at(effects, i);

        if (effect->kind == EFFECT_MEDIA)
            printf("    order to %s %s at #%d\n", media_order_name(effect->order.kind),
                   (const char *)effect->order.record->facts->call_id,
                   effect->order.at ? (int)effect->order.at->number : -1);
        else if (effect->kind == EFFECT_PUSH)
            printf("%16s%s %s\n", "", effect->is_stop ? "stop" : "push",
                   (const char *)effect->record->facts->call_id);
        else if (effect->kind == EFFECT_RECORD)
            print_record(effect);
        else
            print_message(effect);
    }
    if (effects->has_reply)
        print_reply(&effects->reply);
    fflush(stdout);
}

void words_settings(const HubSettings *settings)
{
    const Timers *t = &settings->timers;
    const Limits *l = &settings->limits;

    printf("timers in us: ring %" G_GINT64_FORMAT ", unreachable %" G_GINT64_FORMAT
           ", caller grace %" G_GINT64_FORMAT ", in-call grace %" G_GINT64_FORMAT
           ", max duration %" G_GINT64_FORMAT "\n",
           t->ring_us, t->unreachable_us, t->caller_grace_us, t->in_call_grace_us,
           t->max_duration_us);
    printf("limits: devices %u, live calls %u, ended of a user %u, ended %u, early ends %u; "
           "presence %s\n",
           l->max_devices, l->max_live_calls, l->max_ended_per_user, l->max_ended,
           l->max_early_ends, settings->reveal_presence ? "shown" : "hidden");
}
