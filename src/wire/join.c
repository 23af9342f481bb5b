#include "wire/join.h"

#include <string.h>

static const JoinSettings nothing;

static void put_text(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new_nocheck(object, key, json_string_nocheck(text));
}

/* --- ICE servers --- */

static char *base64_hmac_sha1(const char *secret, const char *text)
{
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, (const guchar *)secret, strlen(secret));
    guint8 digest[20];
    gsize length = sizeof digest;

    g_hmac_update(hmac, (const guchar *)text, -1);
    g_hmac_get_digest(hmac, digest, &length);
    g_hmac_unref(hmac);
    return g_base64_encode(digest, length);
}

/* What coturn calls its REST API: it checks the time in the name, and computes the same. */
static void put_made_credentials(json_t *object, const IceServer *server, const char *user_id,
                                 gint64 now_ms)
{
    g_autofree char *username =
        g_strdup_printf("%" G_GINT64_FORMAT ":%s", (now_ms + server->ttl_ms) / 1000, user_id);
    g_autofree char *credential = base64_hmac_sha1(server->secret, username);

    put_text(object, "username", username);
    put_text(object, "credential", credential);
}

static json_t *write_ice_server(const IceServer *server, const char *user_id, gint64 now_ms)
{
    json_t *object = json_object();
    json_t *urls = json_array();

    for (guint i = 0; server->urls[i]; i++)
        json_array_append_new(urls, json_string_nocheck(server->urls[i]));
    json_object_set_new_nocheck(object, "urls", urls);
    if (server->secret && *server->secret) {
        put_made_credentials(object, server, user_id, now_ms);
        return object;
    }
    put_text(object, "username", server->username);
    put_text(object, "credential", server->credential);
    return object;
}

static void put_ice_servers(json_t *object, const Join *join, const JoinSettings *settings,
                            gint64 now_ms)
{
    json_t *list;

    if (!settings->ice_server_count)
        return;
    list = json_array();
    for (guint i = 0; i < settings->ice_server_count; i++)
        json_array_append_new(list,
                              write_ice_server(&settings->ice_servers[i], join->user_id, now_ms));
    json_object_set_new_nocheck(object, "iceServers", list);
}

/* --- rooms --- */

static void put_room(json_t *object, const Join *join, const JoinSettings *settings)
{
    put_text(object, "plugin", "janus.plugin.videoroom");
    if (settings->has_string_rooms)
        put_text(object, "room", join->room);
    else
        json_object_set_new_nocheck(object, "room",
                                    json_integer(g_ascii_strtoll(join->room, NULL, 10)));
    put_text(object, "pin", join->pin);
}

void put_join(json_t *object, Mode mode, const Join *join, const JoinSettings *settings,
              gint64 now_ms)
{
    json_t *value;

    if (!join->is_set)
        return;
    settings = settings ? settings : &nothing;
    if (mode == MODE_P2P && !settings->ice_server_count)
        return;
    value = json_object();
    if (mode == MODE_ROOM)
        put_room(value, join, settings);
    put_text(value, "token", join->token);
    put_ice_servers(value, join, settings, now_ms);
    json_object_set_new_nocheck(object, "join", value);
}
