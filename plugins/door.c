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

/* Janus tells us of no session that is open when it ends. */
static void close_sessions(void)
{
    GHashTableIter iter;
    gpointer session;

    g_hash_table_iter_init(&iter, door.sessions);
    while (g_hash_table_iter_next(&iter, NULL, &session)) {
        ((Session *)session)->handle->plugin_handle = NULL;
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
    close_sessions();
}
