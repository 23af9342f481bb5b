#include "core/user.h"

#include <string.h>

#include "core/settings.h"

typedef struct {
    gint64 at_us;
    char *call_id;
} EarlyEnd;

static void early_end_free(gpointer memory)
{
    EarlyEnd *end = memory;

    g_free(end->call_id);
    g_free(end);
}

static void device_free(gpointer memory)
{
    Device *device = memory;

    g_assert(!device->deadline.place);
    g_ref_string_release(device->id);
    g_clear_pointer(&device->name, g_ref_string_release);
    g_free(device);
}

User *user_new(const char *id)
{
    User *user = g_new0(User, 1);

    user->kept.kind = DEADLINE_USER;
    user->id = g_ref_string_new(id);
    user->devices = g_ptr_array_new_with_free_func(device_free);
    user->calls = g_ptr_array_new();
    g_queue_init(&user->ended);
    g_queue_init(&user->early_ends);
    return user;
}

void user_free(User *user)
{
    if (!user)
        return;
    g_assert(user->calls->len == 0 && !user->veiled_calls && g_queue_is_empty(&user->ended) &&
             !user->kept.place);
    g_queue_clear_full(&user->early_ends, early_end_free);
    pace_clear(&user->pace);
    g_ptr_array_unref(user->calls);
    g_ptr_array_unref(user->devices);
    g_ref_string_release(user->id);
    g_free(user);
}

gboolean user_is_idle(const User *user)
{
    return user->devices->len == 0 && user->calls->len == 0 && !user->veiled_calls &&
           user->ended.length == 0;
}

gint64 user_settled_us(const User *user)
{
    const EarlyEnd *newest = g_queue_peek_tail((GQueue *)&user->early_ends);

    return MAX(user->pace.settled_us, newest ? newest->at_us + EARLY_END_KEPT_US : 0);
}

gboolean device_is_present(const Device *device)
{
    return device->address && !device->is_expired;
}

Device *user_device(const User *user, const char *device_id)
{
    for (guint i = 0; i < user->devices->len; i++) {
        Device *device = g_ptr_array_index(user->devices, i);

        if (strcmp(device->id, device_id) == 0)
            return device;
    }
    return NULL;
}

Device *user_nameless_away(const User *user)
{
    Device *found = NULL;

    for (guint i = 0; i < user->devices->len; i++) {
        Device *device = g_ptr_array_index(user->devices, i);

        if (device->address || !device->is_nameless)
            continue;
        if (found)
            return NULL;
        found = device;
    }
    return found;
}

guint user_present_devices(const User *user)
{
    guint present = 0;

    for (guint i = 0; i < user->devices->len; i++) {
        const Device *device = g_ptr_array_index(user->devices, i);

        present += device_is_present(device);
    }
    return present;
}

Device *user_add_device(User *user, const char *device_id)
{
    Device *device = g_new0(Device, 1);

    device->deadline.kind = DEADLINE_DEVICE;
    device->user = user;
    device->id = g_ref_string_new(device_id);
    g_ptr_array_add(user->devices, device);
    return device;
}

void user_remove_device(User *user, Device *device)
{
    g_assert(!device->address);
    g_ptr_array_remove(user->devices, device);
}

void user_forget_early_ends(User *user, gint64 now_us)
{
    EarlyEnd *oldest;

    while ((oldest = g_queue_peek_head(&user->early_ends)) &&
           oldest->at_us + EARLY_END_KEPT_US <= now_us)
        early_end_free(g_queue_pop_head(&user->early_ends));
}

void user_remember_early_end(User *user, const char *call_id, gint64 now_us, guint most)
{
    EarlyEnd *end;

    user_forget_early_ends(user, now_us);
    user_take_early_end(user, call_id, now_us);
    while (user->early_ends.length && user->early_ends.length >= most)
        early_end_free(g_queue_pop_head(&user->early_ends));
    if (!most)
        return;
    end = g_new(EarlyEnd, 1);
    *end = (EarlyEnd){.at_us = now_us, .call_id = g_strdup(call_id)};
    g_queue_push_tail(&user->early_ends, end);
}

gboolean user_take_early_end(User *user, const char *call_id, gint64 now_us)
{
    user_forget_early_ends(user, now_us);
    for (GList *link = user->early_ends.head; link; link = link->next) {
        EarlyEnd *end = link->data;

        if (strcmp(end->call_id, call_id) == 0) {
            early_end_free(end);
            g_queue_delete_link(&user->early_ends, link);
            return TRUE;
        }
    }
    return FALSE;
}
