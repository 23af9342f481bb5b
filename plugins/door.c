#include "door.h"

Door door;

gboolean door_enter(void)
{
    gboolean is_open;

    g_mutex_lock(&door.lock);
    is_open = door.is_open;
    door.calls += is_open ? 1 : 0;
    g_mutex_unlock(&door.lock);
    return is_open;
}

void door_leave(void)
{
    g_mutex_lock(&door.lock);
    if (--door.calls == 0 && !door.is_open)
        g_cond_signal(&door.idle);
    g_mutex_unlock(&door.lock);
}

/* --- packets --- */

/* So many that threads which bring packets hardly meet, each on a cache line of its own. */
#define GATES 16

static struct {
    gint inside; /* atomic */
    char room[60];
} gates[GATES];

/* Atomic: what door.is_open is for packets. */
static gint is_open_for_packets;

static gint *gate_of(const janus_plugin_session *handle)
{
    return &gates[(GPOINTER_TO_SIZE(handle) >> 6) % GATES].inside;
}

gboolean door_enter_packet(const janus_plugin_session *handle)
{
    g_atomic_int_inc(gate_of(handle));
    if (g_atomic_int_get(&is_open_for_packets))
        return TRUE;
    door_leave_packet(handle);
    return FALSE;
}

void door_leave_packet(const janus_plugin_session *handle)
{
    g_atomic_int_add(gate_of(handle), -1);
}

static void shut_out_packets(void)
{
    g_atomic_int_set(&is_open_for_packets, FALSE);
    for (guint i = 0; i < GATES; i++) {
        while (g_atomic_int_get(&gates[i].inside))
            g_thread_yield();
    }
}

/* --- open and shut --- */

void door_open(void)
{
    g_mutex_lock(&door.lock);
    door.is_open = TRUE;
    g_mutex_unlock(&door.lock);
    g_atomic_int_set(&is_open_for_packets, TRUE);
}

/* Janus tells us of no session that is open when it ends. */
static void close_sessions(void)
{
    GHashTableIter iter;
    gpointer session;

    g_hash_table_iter_init(&iter, door.sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session)) {
        g_atomic_pointer_set(&((Session *)session)->handle->plugin_handle, NULL);
        session_close(session);
    }
    g_hash_table_remove_all(door.sessions);
}

void door_shut(void)
{
    g_mutex_lock(&door.lock);
    door.is_open = FALSE;
    while (door.calls)
        g_cond_wait(&door.idle, &door.lock);
    g_mutex_unlock(&door.lock);
    shut_out_packets();
    close_sessions();
}
