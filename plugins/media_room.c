/* Rooms in Janus's VideoRoom, made and destroyed in its own words, in the same process. */
#include "media.h"

#include <sys/random.h>

#include "base/log.h"

#define VIDEOROOM "janus.plugin.videoroom"
#define PUBLISHERS 2

static guchar secret_key[32];

/* Janus's own; no header has it. */
extern janus_plugin *janus_plugin_find(const gchar *package);
extern gint janus_is_stopping(void);

void room_start(void)
{
    for (gsize have = 0; have < sizeof secret_key;) {
        gssize more = getrandom(secret_key + have, sizeof secret_key - have, 0);

        have += more > 0 ? (gsize)more : 0;
    }
}

/* Looked for when it is needed: Janus loads its plugins in any order. */
static janus_plugin *videoroom(void)
{
    janus_plugin *plugin = janus_plugin_find(VIDEOROOM);

    return plugin && plugin->handle_admin_message ? plugin : NULL;
}

gboolean room_can(const char **why_not)
{
    if (videoroom())
        return TRUE;
    *why_not = "mode: room needs Janus's VideoRoom plugin, which this server does not have";
    return FALSE;
}

static json_t *room_id(const MediaOrder *order)
{
    return door.config->media.room_string_ids
               ? json_string(order->room)
               : json_integer((json_int_t)g_ascii_strtoull(order->room, NULL, 10));
}

static const char *admin_key(void)
{
    const char *key = door.config->media.room_admin_key;

    return *key ? key : NULL;
}

/* Whoever knows it may change the room: nobody but us does. Rooms live no longer than the process.
 */
static char *room_secret(const MediaOrder *order)
{
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, secret_key, sizeof secret_key, order->room,
                                     -1);
}

static json_t *create_request(const MediaOrder *order)
{
    g_autofree char *secret = room_secret(order);

    return json_pack("{s:s, s:o, s:b, s:b, s:s, s:s, s:i, s:[s, s], s:s*, s:s}", "request",
                     "create", "room", room_id(order), "is_private", TRUE, "permanent", FALSE,
                     "secret", secret, "pin", order->pin, "publishers", PUBLISHERS, "allowed",
                     order->tokens[SIDE_CALLER], order->tokens[SIDE_CALLEE], "admin_key",
                     admin_key(), "description", "call");
}

static json_t *destroy_request(const MediaOrder *order)
{
    g_autofree char *secret = room_secret(order);

    return json_pack("{s:s, s:o, s:s, s:b}", "request", "destroy", "room", room_id(order), "secret",
                     secret, "permanent", FALSE);
}

/* Takes the request over. While Janus stops, VideoRoom may be gone already, and its rooms with it. */
static gboolean ask(json_t *request, const char *expected, const char *call_id)
{
    janus_plugin *plugin = janus_is_stopping() ? NULL : videoroom();
    json_t *reply = plugin ? plugin->handle_admin_message(request) : NULL;
    const char *said = json_string_value(json_object_get(reply, "videoroom"));
    gboolean is_done = g_strcmp0(said, expected) == 0;

    if (!is_done) {
        const char *error = json_string_value(json_object_get(reply, "error"));
        g_autofree char *text = log_escape(error ? error : "no answer");

        log_line(LOG_LEVEL_ERROR, "VideoRoom: the room of call %s is not %s: %s", call_id, expected,
                 text);
    }
    json_decref(request);
    json_decref(reply);
    return is_done;
}

gboolean room_make(const MediaOrder *order)
{
    return ask(create_request(order), "created", order->record->facts->call_id);
}

void room_destroy(const MediaOrder *order)
{
    ask(destroy_request(order), "destroyed", order->record->facts->call_id);
}
