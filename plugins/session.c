#include "door.h"

#include <jansson.h>

#include "media.h"

/* Janus has not initialised the handle's reference count yet: no push, no reference, no blocking.
 * The reference that it takes for us right after this call is dropped when the session is freed. */
void session_create(janus_plugin_session *handle, int *error)
{
    Session *session;

    if (!door_enter()) {
        *error = -1;
        return;
    }
    session = g_new0(Session, 1);
    g_atomic_ref_count_init(&session->refs);
    session->handle = handle;
    session->peer = peer_new(&janus_delivery, session);

    g_mutex_lock(&door.lock);
    g_atomic_pointer_set(&handle->plugin_handle, session);
    g_hash_table_insert(door.sessions, handle, session);
    g_mutex_unlock(&door.lock);
    door_leave();
}

Session *session_ref(Session *session)
{
    g_atomic_ref_count_inc(&session->refs);
    return session;
}

void session_unref(Session *session)
{
    if (!g_atomic_ref_count_dec(&session->refs))
        return;
    media_handle_unref(session->media);
    janus_refcount_decrease(&session->handle->ref);
    g_free(session);
}

/* Janus's core looks whether a handle is alive and then calls, so a detach may come in between: by now the
 * pointer may be NULL or lead nowhere. */
Peer *peer_of(const janus_plugin_session *handle)
{
    const Session *session;
    Peer *peer;

    g_mutex_lock(&door.lock);
    session = g_hash_table_lookup(door.sessions, handle);
    peer = session ? peer_ref(session->peer) : NULL;
    g_mutex_unlock(&door.lock);
    return peer;
}

void session_close(Session *session)
{
    media_gone(session);
    service_disconnect(door.service, session->peer);
}

void session_destroy(janus_plugin_session *handle, int *error)
{
    Session *session;

    if (!door_enter()) {
        *error = -1;
        return;
    }
    g_mutex_lock(&door.lock);
    session = handle->plugin_handle;
    g_atomic_pointer_set(&handle->plugin_handle, NULL);
    if (session)
        g_hash_table_steal(door.sessions, handle);
    g_mutex_unlock(&door.lock);
    if (session) {
        session_close(session);
        session_unref(session);
    } else {
        *error = -2;
    }
    door_leave();
}

static json_t *query_peer(Peer *peer)
{
    PeerInfo info;
    json_t *answer;

    if (!service_peer_info(door.service, peer, &info))
        return json_pack("{s:b, s:o*}", "registered", FALSE, "media",
                         media_query(peer->connection));
    answer = json_pack("{s:b, s:s, s:s, s:i}", "registered", TRUE, "userId", info.user_id,
                       "deviceId", info.device_id, "liveCalls", (int)info.live_calls);
    peer_info_clear(&info);
    return answer;
}

json_t *session_query(janus_plugin_session *handle)
{
    json_t *answer = NULL;
    Peer *peer;

    if (!door_enter())
        return NULL;
    peer = peer_of(handle);
    if (peer)
        answer = query_peer(peer);
    g_clear_pointer(&peer, peer_unref);
    door_leave();
    return answer;
}
