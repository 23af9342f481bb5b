#include "archive.h"

static int asker(const Model *model, const Event *event)
{
    const SeenDevice *device = event->from ? model_device_at(model, event->from) : NULL;

    if (device)
        return (int)device->user;
    return event->as_user ? model_user(model, event->as_user) : -1;
}

static const char *named_call(const Event *event)
{
    switch (event->kind) {
    case EVENT_INITIATE:
        return event->initiate.call_id;
    case EVENT_RINGING:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_END:
    case EVENT_SIGNAL:
    case EVENT_UPDATE:
    case EVENT_GET:
        return event->about.call_id;
    case EVENT_REGISTER:
    case EVENT_UNREGISTER:
    case EVENT_HISTORY:
    case EVENT_DISCONNECT:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
        return NULL;
    }
    g_assert_not_reached();
}

static void bring_ended(const Model *model, Event *event)
{
    int user = model_user(model, event->reg.user_id);

    event->reg.ended = g_ptr_array_new();
    for (guint i = model->ended_end; i > 0; i--) {
        const SeenEnded *ended = &model->ended[i - 1];

        if ((int)ended->user == user && ended->ended_us + ENDED_KEPT_US > event->now_us)
            g_ptr_array_add(event->reg.ended, ended->call->record);
    }
}

void archive_bring(const Model *model, Event *event)
{
    const char *call_id = named_call(event);
    int user = asker(model, event);
    const SeenCall *call;

    if (event->kind == EVENT_REGISTER)
        bring_ended(model, event);
    if (!call_id || user < 0)
        return;
    call = model_stored_call(model, (guint)user, call_id);
    event->stored = call ? call->record : NULL;
}

void archive_clear(Event *event)
{
    event->stored = NULL;
    if (event->kind == EVENT_REGISTER)
        g_clear_pointer(&event->reg.ended, g_ptr_array_unref);
}
