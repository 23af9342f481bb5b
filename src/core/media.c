#include "core/media.h"

Join join_copy(const Join *join)
{
    return (Join){
        .is_set = join->is_set,
        .user_id = ref_string_share(join->user_id),
        .token = ref_string_share(join->token),
        .room = ref_string_share(join->room),
        .pin = ref_string_share(join->pin),
    };
}

void join_clear(Join *join)
{
    g_clear_pointer(&join->user_id, g_ref_string_release);
    g_clear_pointer(&join->token, g_ref_string_release);
    g_clear_pointer(&join->room, g_ref_string_release);
    g_clear_pointer(&join->pin, g_ref_string_release);
}

const char *media_order_name(MediaOrderKind kind)
{
    switch (kind) {
    case MEDIA_ORDER_ROOM:
        return "room";
    case MEDIA_ORDER_LINK:
        return "link";
    case MEDIA_ORDER_CONFIGURE:
        return "configure";
    case MEDIA_ORDER_LEAVE:
        return "leave";
    case MEDIA_ORDER_RECORD:
        return "record";
    case MEDIA_ORDER_END:
        return "end";
    }
    g_assert_not_reached();
}

void media_order_clear(MediaOrder *order)
{
    g_clear_pointer(&order->record, record_unref);
    g_clear_pointer(&order->room, g_ref_string_release);
    g_clear_pointer(&order->pin, g_ref_string_release);
    g_clear_pointer(&order->tokens[SIDE_CALLER], g_ref_string_release);
    g_clear_pointer(&order->tokens[SIDE_CALLEE], g_ref_string_release);
}
