#include "core/event.h"

static const char *const event_names[EVENT_KINDS] = {
    [EVENT_REGISTER] = "call:register",
    [EVENT_UNREGISTER] = "call:unregister",
    [EVENT_INITIATE] = "call:initiate",
    [EVENT_RINGING] = "call:ringing",
    [EVENT_ACCEPT] = "call:accept",
    [EVENT_REJECT] = "call:reject",
    [EVENT_END] = "call:end",
    [EVENT_SIGNAL] = "call:signal",
    [EVENT_UPDATE] = "call:update",
    [EVENT_GET] = "call:get",
    [EVENT_HISTORY] = "call:history",
    [EVENT_JOIN] = "call:join",
    [EVENT_MEDIA] = "call:media",
    [EVENT_CONFIGURE] = "call:configure",
    [EVENT_DISCONNECT] = "disconnect",
    [EVENT_RECORD] = "call:record",
    [EVENT_GONE] = "gone",
    [EVENT_TIMEOUT] = "timeout",
    [EVENT_PUSH_ANSWERED] = "push answered",
    [EVENT_MEDIA_UP] = "media up",
    [EVENT_MEDIA_DOWN] = "media down",
    [EVENT_MEDIA_FAILED] = "media failed",
    [EVENT_MEDIA_REPORT] = "media report",
};

const char *event_name(EventKind kind)
{
    g_assert(kind < EVENT_KINDS);
    return event_names[kind];
}

const char *event_call_id(const Event *event)
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
    case EVENT_JOIN:
    case EVENT_MEDIA:
        return event->join.call_id;
    case EVENT_RECORD:
        return event->record.call_id;
    case EVENT_REGISTER:
    case EVENT_UNREGISTER:
    case EVENT_HISTORY:
    case EVENT_DISCONNECT:
    case EVENT_GONE:
    case EVENT_TIMEOUT:
    case EVENT_PUSH_ANSWERED:
    case EVENT_CONFIGURE:
    case EVENT_MEDIA_UP:
    case EVENT_MEDIA_DOWN:
    case EVENT_MEDIA_FAILED:
    case EVENT_MEDIA_REPORT:
        return NULL;
    }
    g_assert_not_reached();
}
