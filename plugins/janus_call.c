/* The plugin table, and the life of the plugin in Janus. */
#include "door.h"

#include <janus/debug.h>

#include "base/log.h"
#include "call-config.h"
#include "media.h"

extern int janus_version;
extern char *janus_version_string;

#define DESCRIPTION                                                                                \
    "Call signalling: a call rings on every device, one accepts or rejects, the caller knows at "  \
    "once"

static janus_plugin plugin;

/* --- the log goes to Janus --- */

static void log_to_janus(LogLevel level, const char *line)
{
    switch (level) {
    case LOG_LEVEL_FATAL:
        JANUS_LOG(LOG_FATAL, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    case LOG_LEVEL_ERROR:
        JANUS_LOG(LOG_ERR, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    case LOG_LEVEL_WARN:
        JANUS_LOG(LOG_WARN, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    case LOG_LEVEL_INFO:
        JANUS_LOG(LOG_INFO, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    case LOG_LEVEL_VERBOSE:
        JANUS_LOG(LOG_VERB, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    case LOG_LEVEL_DEBUG:
        JANUS_LOG(LOG_HUGE, "[" PLUGIN_PACKAGE "] %s\n", line);
        return;
    }
}

/* --- init and destroy --- */

/* Structures and functions of Janus change between versions that announce the same plugin API. */
static gboolean is_our_janus(void)
{
    if (janus_version == JANUS_BUILD_VERSION)
        return TRUE;
    log_line(LOG_LEVEL_FATAL,
             "This plugin was built for Janus %s and does not run in Janus %s: build it again, "
             "with the headers of "
             "this Janus (./configure --with-janus=PREFIX)",
             JANUS_BUILD_VERSION_STRING, janus_version_string);
    return FALSE;
}

static void settle_events(gpointer service, const gint64 *ids, guint count)
{
    service_settle(service, ids, count);
}

static void note_push_answer(gpointer service, const PushAnswer *answer)
{
    const CallFacts *facts = answer->record->facts;
    PushEvent event = {facts->caller_id, facts->call_id, facts->created_ms, answer->endpoint,
                       answer->status};

    service_push_answered(service, &event);
}

/* The store announces to the webhooks, and they read from the store. */
static void start_webhooks(void)
{
    const WebhooksListener listener = {
        .settle = settle_events, .push_answered = note_push_answer, .data = door.service};

    if (door.webhooks)
        webhooks_start(door.webhooks, service_store(door.service), &listener);
}

static gboolean open_parts(const Config *config, ServiceOptions *options)
{
    if (!open_webhooks(config, &door.webhooks))
        return FALSE;
    if (door.webhooks) {
        options->backend = &webhooks_backend;
        options->backend_self = door.webhooks;
        options->outbox_ms = config->webhooks.keep_days * DAY_MS;
        options->outbox_rows = config->webhooks.max_waiting;
        if (webhooks_want_push(door.webhooks))
            options->hub.timers.push_after_us = config->timers.push_after_ms * 1000;
    }
    options->store = open_store(config, door.webhooks);
    return options->store != NULL;
}

static int start(const Config *config)
{
    ServiceOptions options = {
        .hub = hub_settings(config),
        .rates = connection_rates(config),
        .auth = start_auth(config),
        .notifier = &janus_notifier,
        .media = &janus_media_port,
        .store_wait_us = config->store.store_wait_ms * 1000,
        .max_waiting_replies = config->store.max_waiting_replies,
        .keep_ms = config->store.retention_days * DAY_MS,
    };

    if (!options.auth)
        return -1;
    if (!open_parts(config, &options)) {
        auth_free(options.auth);
        g_clear_pointer(&door.webhooks, webhooks_free);
        return -1;
    }
    media_start();
    door.service = service_new(&options);
    start_webhooks();
    return open_listener(config, door.service, &door.listener) ? 0 : -1;
}

/* Each before what it still needs: the webhooks read from the service's store, and the last records go
 * through them. */
static void stop(void)
{
    g_clear_pointer(&door.listener, listener_free);
    media_stop();
    if (door.webhooks)
        webhooks_stop(door.webhooks);
    g_clear_pointer(&door.service, service_free);
    g_clear_pointer(&door.webhooks, webhooks_free);
}

static void forget_session(gpointer session)
{
    session_unref(session);
}

static gboolean configure(const char *folder)
{
    g_autoptr(GError) error = NULL;

    door.config = read_config(folder, &error);
    if (!door.config) {
        log_line(LOG_LEVEL_FATAL, "The configuration is wrong, so the plugin does not load: %s",
                 error->message);
        return FALSE;
    }
    door.folder = g_strdup(folder);
    door.join = join_settings(door.config);
    return TRUE;
}

static void forget_configuration(void)
{
    join_settings_clear(&door.join);
    g_clear_pointer(&door.config, config_free);
    g_clear_pointer(&door.folder, g_free);
}

/* Before the listener brings anybody. */
static void init_door(void)
{
    g_mutex_init(&door.lock);
    g_cond_init(&door.idle);
    door.sessions = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, forget_session);
}

static int call_init(janus_callbacks *callback, const char *config_path)
{
    log_set_sink(log_to_janus);
    if (!is_our_janus())
        return -1;
    door.gateway = callback;
    if (!configure(config_path))
        return -1;
    init_door();
    if (start(door.config) != 0) {
        stop();
        g_clear_pointer(&door.sessions, g_hash_table_unref);
        forget_configuration();
        return -1;
    }
    door_open();
    log_line(LOG_LEVEL_INFO, PACKAGE_STRING " for Janus %s is ready", JANUS_BUILD_VERSION_STRING);
    return 0;
}

static void call_destroy(void)
{
    if (!door.service)
        return;
    door_shut();
    stop();
    g_clear_pointer(&door.sessions, g_hash_table_unref);
    forget_configuration();
    log_line(LOG_LEVEL_INFO, PACKAGE_STRING " is gone");
}

/* --- what it is --- */

static int get_api_compatibility(void)
{
    return JANUS_PLUGIN_API_VERSION;
}

static int get_version(void)
{
    return 1;
}

static const char *get_version_string(void)
{
    return PACKAGE_VERSION;
}

static const char *get_description(void)
{
    return DESCRIPTION;
}

static const char *get_name(void)
{
    return "Janus Call";
}

static const char *get_author(void)
{
    return "The Janus Call project";
}

static const char *get_package(void)
{
    return PLUGIN_PACKAGE;
}

static janus_plugin plugin = {
    .init = call_init,
    .destroy = call_destroy,
    .get_api_compatibility = get_api_compatibility,
    .get_version = get_version,
    .get_version_string = get_version_string,
    .get_description = get_description,
    .get_name = get_name,
    .get_author = get_author,
    .get_package = get_package,
    .create_session = session_create,
    .handle_message = handle_message,
    .handle_admin_message = handle_admin_message,
    .setup_media = media_setup,
    .incoming_rtp = media_incoming_rtp,
    .incoming_rtcp = media_incoming_rtcp,
    .incoming_data = media_incoming_data,
    .data_ready = media_data_ready,
    .slow_link = media_slow_link,
    .hangup_media = media_hangup,
    .destroy_session = session_destroy,
    .query_session = session_query,
};

__attribute__((visibility("default"))) janus_plugin *create(void)
{
    return &plugin;
}
