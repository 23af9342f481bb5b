#include "core/hub-private.h"

Message message_to(const Hub *hub, MessageKind kind, const Device *to)
{
    return (Message){
        .kind = kind,
        .timestamp_ms = hub->wall_ms,
        .to_user = g_ref_string_acquire(to->user->id),
        .to_device = g_ref_string_acquire(to->id),
    };
}

Message message_about(const Hub *hub, MessageKind kind, const Call *call, const Device *to)
{
    Message message = message_to(hub, kind, to);

    message.record = record_ref(call->record);
    message.view = hub_view(hub, call->record, to->user);
    return message;
}
