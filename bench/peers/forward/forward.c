/* A Janus plugin that does the least that a signalling plugin can: it passes a message on to another handle. It is what ours is
 * measured against. {"request":"register","id"} names a handle, {"request":"forward","to","data"} sends `data` to one. */
#include <jansson.h>
#include <janus/plugins/plugin.h>

#include "debug.h"

typedef struct {
    janus_plugin_session *handle;
    char *id;
} Session;

static janus_callbacks *core;
static janus_plugin plugin;
static GHashTable *sessions; /* id -> Session */
static GMutex lock;

static int init(janus_callbacks *callbacks, const char *config_path)
{
    (void)config_path;
    core = callbacks;
    sessions = g_hash_table_new(g_str_hash, g_str_equal);
    return 0;
}

static void destroy(void)
{
    g_hash_table_destroy(sessions);
}

static void create_session(janus_plugin_session *handle, int *error)
{
    Session *session = g_new0(Session, 1);

    (void)error;
    session->handle = handle;
    handle->plugin_handle = session;
}

static void destroy_session(janus_plugin_session *handle, int *error)
{
    Session *session = handle->plugin_handle;

    (void)error;
    g_mutex_lock(&lock);
    if (session->id && g_hash_table_lookup(sessions, session->id) == session)
        g_hash_table_remove(sessions, session->id);
    g_mutex_unlock(&lock);
    handle->plugin_handle = NULL;
    g_free(session->id);
    g_free(session);
}

static json_t *query_session(janus_plugin_session *handle)
{
    (void)handle;
    return json_object();
}

/* Holds the handle until it was pushed to. */
static janus_plugin_session *find(const char *id)
{
    Session *session;

    g_mutex_lock(&lock);
    session = id ? g_hash_table_lookup(sessions, id) : NULL;
    if (session)
        janus_refcount_increase(&session->handle->ref);
    g_mutex_unlock(&lock);
    return session ? session->handle : NULL;
}

static const char *register_as(Session *session, const char *id)
{
    if (!id || session->id)
        return "error";
    session->id = g_strdup(id);
    g_mutex_lock(&lock);
    g_hash_table_replace(sessions, session->id, session);
    g_mutex_unlock(&lock);
    return "success";
}

static const char *forward(const Session *session, const char *to, json_t *data)
{
    janus_plugin_session *handle = find(to);
    json_t *event;

    if (!handle)
        return "error";
    event = json_pack("{s:s, s:s*, s:O*}", "forward", "event", "from", session->id, "data", data);
    core->push_event(handle, &plugin, NULL, event, NULL);
    json_decref(event);
    janus_refcount_decrease(&handle->ref);
    return "success";
}

static struct janus_plugin_result *handle_message(janus_plugin_session *handle, char *transaction,
                                                  json_t *message, json_t *jsep)
{
    const char *request = json_string_value(json_object_get(message, "request"));
    const char *result;

    if (g_strcmp0(request, "forward") == 0)
        result = forward(handle->plugin_handle, json_string_value(json_object_get(message, "to")),
                         json_object_get(message, "data"));
    else
        result =
            register_as(handle->plugin_handle, json_string_value(json_object_get(message, "id")));
    g_free(transaction);
    json_decref(message);
    if (jsep)
        json_decref(jsep);
    return janus_plugin_result_new(JANUS_PLUGIN_OK, NULL, json_pack("{s:s}", "forward", result));
}

static void no_media(janus_plugin_session *handle)
{
    (void)handle;
}

static int api(void)
{
    return JANUS_PLUGIN_API_VERSION;
}

static int version(void)
{
    return 1;
}

static const char *words(void)
{
    return "1";
}

static const char *name(void)
{
    return "forward";
}

static const char *package(void)
{
    return "janus.plugin.forward";
}

static janus_plugin plugin = {
    .init = init,
    .destroy = destroy,
    .get_api_compatibility = api,
    .get_version = version,
    .get_version_string = words,
    .get_description = name,
    .get_name = name,
    .get_author = name,
    .get_package = package,
    .create_session = create_session,
    .handle_message = handle_message,
    .setup_media = no_media,
    .hangup_media = no_media,
    .destroy_session = destroy_session,
    .query_session = query_session,
};

janus_plugin *create(void);
__attribute__((visibility("default"))) janus_plugin *create(void)
{
    return &plugin;
}
