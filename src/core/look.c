#include "core/look.h"

#include "core/hub-private.h"

static void clear_device_look(gpointer memory)
{
    DeviceLook *look = memory;

    g_ref_string_release(look->id);
    g_clear_pointer(&look->name, g_ref_string_release);
}

static void free_user_look(gpointer memory)
{
    UserLook *look = memory;

    g_ref_string_release(look->user_id);
    g_array_unref(look->devices);
    g_free(look);
}

static void free_call_look(gpointer memory)
{
    CallLook *look = memory;

    record_unref(look->record);
    g_free(look);
}

GPtrArray *user_looks_new(void)
{
    return g_ptr_array_new_with_free_func(free_user_look);
}

GPtrArray *call_looks_new(void)
{
    return g_ptr_array_new_with_free_func(free_call_look);
}

static DeviceLook look_at_device(const Device *device, gint64 now_us)
{
    return (DeviceLook){
        .id = g_ref_string_acquire(device->id),
        .name = ref_string_share(device->name),
        .is_present = device->address != NULL,
        .is_expired = device->is_expired,
        .away_ms = device->address ? 0 : MAX(now_us - device->away_since_us, 0) / 1000,
    };
}

static UserLook *look_at_user(const User *user, gint64 now_us)
{
    UserLook *look = g_new0(UserLook, 1);

    look->user_id = g_ref_string_acquire(user->id);
    look->live_calls = user->calls->len;
    look->devices = g_array_sized_new(FALSE, FALSE, sizeof(DeviceLook), user->devices->len);
    g_array_set_clear_func(look->devices, clear_device_look);
    for (guint i = 0; i < user->devices->len; i++) {
        DeviceLook device = look_at_device(g_ptr_array_index(user->devices, i), now_us);

        g_array_append_val(look->devices, device);
    }
    return look;
}

static CallLook *look_at_call(const Call *call, gint64 now_us)
{
    CallLook *look = g_new0(CallLook, 1);

    look->record = record_ref(call->record);
    look->expires_in_ms =
        call->state == CALL_RINGING ? MAX(call->ring_end_us - now_us, 0) / 1000 : -1;
    return look;
}

guint hub_look_at_users(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *users)
{
    guint looks = LOOK_PLACES_MOST;
    const User *user;

    for (guint i = 0; i < MIN(most, LOOK_MOST); i++) {
        user = roster_next(&hub->registered, &from, &looks);
        if (!user)
            break;
        g_ptr_array_add(users, look_at_user(user, now_us));
    }
    return roster_is_at_end(&hub->registered, from) ? 0 : from;
}

guint hub_look_at_calls(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *calls)
{
    guint looks = LOOK_PLACES_MOST;
    const Call *call;

    for (guint i = 0; i < MIN(most, LOOK_MOST); i++) {
        call = roster_next(&hub->calls, &from, &looks);
        if (!call)
            break;
        g_ptr_array_add(calls, look_at_call(call, now_us));
    }
    return roster_is_at_end(&hub->calls, from) ? 0 : from;
}

void hub_look_at_user(const Hub *hub, const char *user_id, gint64 now_us, GPtrArray *users,
                      GPtrArray *calls)
{
    const User *user = hub_find_user(hub, user_id);

    if (!user || (user->devices->len == 0 && user->calls->len == 0))
        return;
    g_ptr_array_add(users, look_at_user(user, now_us));
    for (guint i = 0; i < user->calls->len; i++)
        g_ptr_array_add(calls, look_at_call(g_ptr_array_index(user->calls, i), now_us));
}
