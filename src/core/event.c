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
    [EVENT_DISCONNECT] = "disconnect",
    [EVENT_GONE] = "gone",
    [EVENT_TIMEOUT] = "timeout",
    [EVENT_PUSH_ANSWERED] = "push answered",
};

const char *event_name(EventKind kind)
{
    g_assert(kind < EVENT_KINDS);
    return event_names[kind];
}
