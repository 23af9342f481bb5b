#include "archive.h"

static int asker(const Model *model, const Event *event)
{
    const SeenDevice *device = event->from ? model_device_at(model, event->from) : NULL;

    if (device)
        return (int)device->user;
    return event->as_user ? model_user(model, event->as_user) : -1;
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
    const char *call_id = event_call_id(event);
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
