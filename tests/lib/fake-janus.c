#include "fake-janus.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gmodule.h>

#include <janus/debug.h>
#include <janus/plugins/plugin.h>

#include "call-config.h"
#include "fake-janus-private.h"

#pragma GCC visibility push(default)
/* What the plugin finds in the process that loads it. */
int janus_log_level = LOG_HUGE;
gboolean janus_log_timestamps;
gboolean janus_log_colors;
char *janus_log_global_prefix;
int lock_debug;
int refcount_debug;
int janus_version = JANUS_BUILD_VERSION;
char *janus_version_string = "0.0.0 (fake)";
void janus_vprintf(const char *format, ...);
gint janus_is_stopping(void);
janus_plugin_result *janus_plugin_result_new(janus_plugin_result_type type, const char *text,
                                             json_t *content);
void janus_plugin_result_destroy(janus_plugin_result *result);
#pragma GCC visibility pop

/* The plugin's, in a program that links it. */
extern janus_plugin *create(void) __attribute__((weak));

static struct {
    GModule *module;
    janus_plugin *plugin;
    char *folder;
    GMutex lock;
    GString *log;
    json_t *last_fact;
    guint facts;
    guint closed_pcs;
    gint handles; /* not freed yet */
    gboolean is_up;
} fake;

/* --- what the plugin calls --- */

void janus_vprintf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_mutex_lock(&fake.lock);
    g_string_append_vprintf(fake.log, format, args);
    g_mutex_unlock(&fake.lock);
    va_end(args);
}

gint janus_is_stopping(void)
{
    return 0;
}

janus_plugin_result *janus_plugin_result_new(janus_plugin_result_type type, const char *text,
                                             json_t *content)
{
    janus_plugin_result *result = g_new0(janus_plugin_result, 1);

    result->type = type;
    result->text = text;
    result->content = content;
    return result;
}

void janus_plugin_result_destroy(janus_plugin_result *result)
{
    json_decref(result->content);
    g_free(result);
}

FakeHandle *fake_handle_of(janus_plugin_session *session)
{
    return (FakeHandle *)session;
}

const janus_plugin *fake_plugin(void)
{
    return fake.plugin;
}

/* Its JSEP, if there is one, is beside the event's own members; a PeerConnection is made for it. */
static json_t *keep_event(FakeHandle *handle, const char *text, const json_t *jsep)
{
    json_t *event = json_loads(text, 0, NULL);

    if (!jsep)
        return event;
    handle->media.has_pc = TRUE;
    json_object_set_new(event, "jsep", json_deep_copy(jsep));
    return event;
}

/* As the core does: the event is dumped, and what went out is what counts. */
static int push_event(janus_plugin_session *session, janus_plugin *plugin, const char *transaction,
                      json_t *message, json_t *jsep)
{
    FakeHandle *handle = fake_handle_of(session);
    g_autofree char *text = json_dumps(message, JSON_COMPACT);

    g_assert_nonnull(text);
    g_assert_null(transaction);
    g_assert_true(plugin == fake.plugin);
    g_mutex_lock(&handle->lock);
    while (handle->is_stalled)
        g_cond_wait(&handle->changed, &handle->lock);
    g_ptr_array_add(handle->all, keep_event(handle, text, jsep));
    g_cond_broadcast(&handle->changed);
    g_mutex_unlock(&handle->lock);
    return 0;
}

static void close_pc(janus_plugin_session *session)
{
    FakeHandle *handle = fake_handle_of(session);

    g_mutex_lock(&handle->lock);
    handle->media.has_pc = FALSE;
    g_cond_broadcast(&handle->changed);
    g_mutex_unlock(&handle->lock);
    g_mutex_lock(&fake.lock);
    fake.closed_pcs++;
    g_mutex_unlock(&fake.lock);
}

static gboolean events_is_enabled(void)
{
    return TRUE;
}

static void notify_event(janus_plugin *plugin G_GNUC_UNUSED, janus_plugin_session *session,
                         json_t *event)
{
    g_assert_null(session);
    g_mutex_lock(&fake.lock);
    json_decref(fake.last_fact);
    fake.last_fact = event;
    fake.facts++;
    g_mutex_unlock(&fake.lock);
}

static janus_callbacks callbacks = {
    .push_event = push_event,
    .relay_rtp = fake_relay_rtp,
    .relay_rtcp = fake_relay_rtcp,
    .relay_data = fake_relay_data,
    .send_pli = fake_send_pli,
    .send_pli_stream = fake_send_pli_stream,
    .send_remb = fake_send_remb,
    .close_pc = close_pc,
    .events_is_enabled = events_is_enabled,
    .notify_event = notify_event,
};

/* --- start and stop --- */

/* Most tests ask as fast as they can. */
static const char no_rates[] = "\nlimits: { requests_per_second = 0; calls_per_minute = 0; "
                               "relayed_bytes_per_second = 0; registrations_per_second = 0; "
                               "read_bytes_per_second = 0 }\n";

static void write_configuration(const char *configuration)
{
    g_autofree char *path = g_build_filename(fake.folder, "janus.plugin.call.jcfg", NULL);
    g_autofree char *text = g_strconcat(
        configuration, strstr(configuration, "general:") ? "" : "\ngeneral: { auth = \"open\" }",
        strstr(configuration, "store:") ? "" : "\nstore: { type = \"memory\" }\n",
        strstr(configuration, "limits:") ? "" : no_rates, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

void fake_janus_rewrite(const char *configuration)
{
    write_configuration(configuration);
}

static void remove_folder(void)
{
    g_autoptr(GDir) dir = g_dir_open(fake.folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fake.folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(fake.folder);
    g_clear_pointer(&fake.folder, g_free);
}

static void load_plugin(void)
{
    janus_plugin *(*loaded)(void);
    g_autofree char *path = g_strdup(g_getenv("CALL_PLUGIN"));

    if (create) {
        fake.plugin = create();
        return;
    }
    if (!path)
        path = g_test_build_filename(G_TEST_BUILT, ".libs", "libjanus_call.so", NULL);
    fake.module = g_module_open(path, G_MODULE_BIND_LOCAL);
    if (!fake.module)
        g_error("%s", g_module_error());
    g_assert_true(g_module_symbol(fake.module, "create", (gpointer *)&loaded));
    fake.plugin = loaded();
}

static void unload_plugin(void)
{
    g_clear_pointer(&fake.last_fact, json_decref);
    g_string_free(fake.log, TRUE);
    fake.log = NULL;
    fake.plugin = NULL;
    if (fake.module)
        g_module_close(fake.module);
    fake.module = NULL;
    remove_folder();
}

gboolean fake_janus_start(const char *configuration)
{
    if (fake.log)
        unload_plugin();
    fake.log = g_string_new(NULL);
    fake.facts = 0;
    fake.closed_pcs = 0;
    fake.folder = g_dir_make_tmp("fake-janus-XXXXXX", NULL);
    write_configuration(configuration);
    load_plugin();
    fake.is_up = fake.plugin->init(&callbacks, fake.folder) == 0;
    return fake.is_up;
}

void fake_janus_destroy_plugin(void)
{
    fake.plugin->destroy();
    fake.is_up = FALSE;
}

void fake_janus_stop(void)
{
    if (fake.is_up)
        fake_janus_destroy_plugin();
    g_assert_cmpint(g_atomic_int_get(&fake.handles), ==, 0);
    unload_plugin();
}

char *fake_janus_log(void)
{
    char *log;

    g_mutex_lock(&fake.lock);
    log = g_strdup(fake.log->str);
    g_mutex_unlock(&fake.lock);
    return log;
}

void fake_janus_pretend_version(int version)
{
    janus_version = version ? version : JANUS_BUILD_VERSION;
}

guint fake_janus_closed_pcs(void)
{
    guint count;

    g_mutex_lock(&fake.lock);
    count = fake.closed_pcs;
    g_mutex_unlock(&fake.lock);
    return count;
}

guint fake_janus_facts(void)
{
    guint count;

    g_mutex_lock(&fake.lock);
    count = fake.facts;
    g_mutex_unlock(&fake.lock);
    return count;
}

const json_t *fake_janus_last_fact(void)
{
    return fake.last_fact;
}

/* --- handles --- */

static void free_event(gpointer event)
{
    json_decref(event);
}

static void free_handle(const janus_refcount *ref)
{
    FakeHandle *handle = (FakeHandle *)janus_refcount_containerof(ref, janus_plugin_session, ref);

    g_ptr_array_unref(handle->taken);
    g_ptr_array_unref(handle->all);
    g_cond_clear(&handle->changed);
    g_mutex_clear(&handle->lock);
    g_free(handle);
    g_atomic_int_add(&fake.handles, -1);
}

FakeHandle *fake_attach(void)
{
    FakeHandle *handle = g_new0(FakeHandle, 1);
    int error = 0;

    g_atomic_int_inc(&fake.handles);
    g_mutex_init(&handle->lock);
    g_cond_init(&handle->changed);
    handle->all = g_ptr_array_new_with_free_func(free_event);
    handle->taken = g_ptr_array_new();
    /* The core's order: the count is garbage while create_session() runs. */
    handle->session.ref.count = -1000;
    fake.plugin->create_session(&handle->session, &error);
    g_assert_cmpint(error, ==, 0);
    janus_refcount_init(&handle->session.ref, free_handle);
    janus_refcount_increase(&handle->session.ref);
    return handle;
}

void fake_detach(FakeHandle *handle)
{
    int error = 0;

    g_atomic_int_set(&handle->session.stopped, 1);
    fake.plugin->destroy_session(&handle->session, &error);
}

void fake_release(FakeHandle *handle)
{
    janus_refcount_decrease(&handle->session.ref);
}

/* --- requests --- */

static json_t *hand_over(janus_plugin_session *session, json_t *body, json_t *jsep)
{
    janus_plugin_result *result =
        fake.plugin->handle_message(session, g_strdup(FAKE_SECRET "-transaction"), body, jsep);
    json_t *data = NULL;

    g_assert_nonnull(result);
    if (result->type == JANUS_PLUGIN_OK)
        data = json_incref(result->content);
    else
        g_assert_cmpint(result->type, ==, JANUS_PLUGIN_ERROR);
    janus_plugin_result_destroy(result);
    return data;
}

json_t *fake_send_message(FakeHandle *handle, json_t *body, json_t *jsep)
{
    json_t *data;

    janus_refcount_increase(&handle->session.ref);
    data = hand_over(&handle->session, body, jsep);
    janus_refcount_decrease(&handle->session.ref);
    return data;
}

json_t *fake_request_too_late(const FakeHandle *gone, json_t *body)
{
    return hand_over((janus_plugin_session *)gone, body, NULL);
}

json_t *fake_request(FakeHandle *handle, json_t *body)
{
    return fake_send_message(handle, body, NULL);
}

json_t *fake_request_with_jsep(FakeHandle *handle, json_t *body)
{
    return fake_send_message(
        handle, body, json_pack("{s:s, s:s}", "type", "offer", "sdp", "v=0\r\ns=" FAKE_SECRET));
}

json_t *fake_admin(json_t *body)
{
    json_t *reply = fake.plugin->handle_admin_message(body);

    json_decref(body);
    return reply;
}

json_t *fake_query(FakeHandle *handle)
{
    return fake.plugin->query_session(&handle->session);
}

/* --- events --- */

static gboolean is_called(const json_t *event, const char *name)
{
    return !name || g_strcmp0(json_string_value(json_object_get(event, "event")), name) == 0;
}

static json_t *find_waiting(const FakeHandle *handle, const char *name, guint *count)
{
    json_t *first = NULL;

    *count = 0;
    for (guint i = 0; i < handle->all->len; i++) {
        json_t *event = g_ptr_array_index(handle->all, i);

        if (!is_called(event, name) || g_ptr_array_find(handle->taken, event, NULL))
            continue;
        if (!first)
            first = event;
        (*count)++;
    }
    return first;
}

json_t *fake_expect(FakeHandle *handle, const char *event)
{
    gint64 until_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    json_t *found;
    guint count;

    g_mutex_lock(&handle->lock);
    while (!(found = find_waiting(handle, event, &count))) {
        if (!g_cond_wait_until(&handle->changed, &handle->lock, until_us))
            g_error("no %s came", event);
    }
    g_ptr_array_add(handle->taken, found);
    json_incref(found);
    g_mutex_unlock(&handle->lock);
    return found;
}

guint fake_waiting(FakeHandle *handle, const char *event)
{
    guint count;

    g_mutex_lock(&handle->lock);
    find_waiting(handle, event, &count);
    g_mutex_unlock(&handle->lock);
    return count;
}

GPtrArray *fake_all(FakeHandle *handle)
{
    GPtrArray *all = g_ptr_array_new();

    g_mutex_lock(&handle->lock);
    for (guint i = 0; i < handle->all->len; i++)
        g_ptr_array_add(all, g_ptr_array_index(handle->all, i));
    g_mutex_unlock(&handle->lock);
    return all;
}

GPtrArray *fake_take_all(FakeHandle *handle)
{
    GPtrArray *all;

    g_mutex_lock(&handle->lock);
    all = handle->all;
    handle->all = g_ptr_array_new_with_free_func(free_event);
    g_ptr_array_set_size(handle->taken, 0);
    g_mutex_unlock(&handle->lock);
    return all;
}

void fake_stall(FakeHandle *handle, gboolean is_stalled)
{
    g_mutex_lock(&handle->lock);
    handle->is_stalled = is_stalled;
    g_cond_broadcast(&handle->changed);
    g_mutex_unlock(&handle->lock);
}
