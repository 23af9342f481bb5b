#include "listener/missed.h"
#include "listener/socketio_event.h"
#include "listener/socketio_private.h"

static gint64 wall_ms(void)
{
    return g_get_real_time() / 1000;
}

/* The Unix time at which it was heard last; should the clocks be read far from one another, rather a little
 * too early. */
static gint64 heard_ms(const SocketIoDevice *device)
{
    gint64 wall_us = g_get_real_time();
    gint64 ago_us = g_get_monotonic_time() - engineio_connection_heard_us(device->connection);

    return (wall_us - ago_us) / 1000;
}

static void clear_device(SocketIoDevice *device)
{
    if (device->key)
        g_hash_table_remove(device->door->present, device->key);
    g_clear_pointer(&device->key, g_free);
    g_clear_pointer(&device->user_id, g_free);
    g_clear_pointer(&device->device_id, g_free);
    g_clear_pointer(&device->absence, absence_free);
    g_clear_pointer(&device->told, absence_free);
    device->is_expired = FALSE;
}

void device_forget(SocketIoDevice *device)
{
    clear_device(device);
}

/* Whatever was sent since it was heard may not have come, also where it said farewell: that may have crossed. */
static Absence *absence_of(SocketIoDevice *device)
{
    Absence *absence = device->told ? g_steal_pointer(&device->told) : absence_new(NULL, 0, 0);

    absence->device_id = g_strdup(device->device_id);
    absence->since_ms = heard_ms(device);
    absence->until_ms = wall_ms();
    return absence;
}

/* It was at another connection until now, which nobody has found to be dead: what that one was told
 * since it said something itself is not known to have come. */
static Absence *take_over(const SocketIoDoor *door, const char *key)
{
    SocketIoDevice *old = g_hash_table_lookup(door->present, key);
    Absence *absence;

    if (!old)
        return NULL;
    absence = absence_of(old);
    clear_device(old);
    return absence;
}

static Absence *how_it_was(const SocketIoDevice *device, const char *key)
{
    Absence *known = take_over(device->door, key);

    if (known)
        return known;
    return absences_take(device->door->absences, device->user_id, device->device_id,
                         device->is_nameless, wall_ms());
}

void device_arrive(SocketIoDevice *device, const Reply *reply, gboolean names_device)
{
    g_autofree char *key = g_strconcat(reply->user_id, "\n", reply->device_id, NULL);

    if (g_strcmp0(key, device->key) == 0) {
        device->is_expired = FALSE;
        return;
    }
    clear_device(device);
    device->user_id = g_strdup(reply->user_id);
    device->device_id = g_strdup(reply->device_id);
    device->is_nameless = !names_device && g_str_has_prefix(reply->device_id, "DEV_");
    device->absence = how_it_was(device, key);
    device->key = g_steal_pointer(&key);
    g_hash_table_insert(device->door->present, device->key, device);
}

void device_go(SocketIoDevice *device)
{
    if (device->key)
        absences_put(device->door->absences, device->user_id, device->is_nameless,
                     absence_of(device));
    clear_device(device);
}

void device_told(SocketIoDevice *device, const char *call_id)
{
    if (!device->told)
        device->told = absence_new(NULL, 0, 0);
    absence_told(device->told, call_id);
}

static void add_events(GPtrArray *texts, GPtrArray *messages, const JoinSettings *join)
{
    for (guint i = 0; i < messages->len; i++)
        g_ptr_array_add(texts, socketio_event_json(g_ptr_array_index(messages, i), join));
    g_ptr_array_unref(messages);
}

GPtrArray *device_first_events(const SocketIoDevice *device, const Reply *reply,
                               gboolean is_second_namespace)
{
    const JoinSettings *join = listener_options(device->door->listener)->join;
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

    add_events(texts, missed_events(reply, device->absence, device->is_nameless), join);
    if (is_second_namespace)
        add_events(texts, missed_rings(reply), join);
    return texts;
}
