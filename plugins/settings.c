/* From the configuration file to what the core, the service and the store want. */
#include "door.h"

#include "auth/jwt.h"
#include "auth/open.h"
#include "base/log.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "wire/write.h"

Config *read_config(const char *folder, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/" PLUGIN_PACKAGE ".jcfg", folder);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Config) config = config_new();
    gboolean is_good = config_load(config, path, warnings, error);

    for (guint i = 0; i < warnings->len; i++)
        log_line(LOG_LEVEL_WARN, "%s", (const char *)g_ptr_array_index(warnings, i));
    return is_good ? g_steal_pointer(&config) : NULL;
}

/* For a moment `most` seconds' worth may come at once. */
static Rate per_second(guint tokens, guint most)
{
    return (Rate){.tokens = tokens, .period_us = G_USEC_PER_SEC, .size = (gint64)tokens * most};
}

static Rate per_minute(guint tokens)
{
    return (Rate){.tokens = tokens, .period_us = 60 * G_USEC_PER_SEC, .size = tokens};
}

ConnectionRates connection_rates(const Config *config)
{
    return (ConnectionRates){
        .registrations = per_second(config->limits.registrations_per_second, 10),
        .read = per_second(config->limits.read_bytes_per_second, 8),
    };
}

static const Mode modes[] = {
    [CONFIG_MODE_NONE] = MODE_NONE,
    [CONFIG_MODE_P2P] = MODE_P2P,
    [CONFIG_MODE_RELAY] = MODE_RELAY,
    [CONFIG_MODE_ROOM] = MODE_ROOM,
};

HubSettings hub_settings(const Config *config)
{
    return (HubSettings){
        .timers =
            {
                .ring_us = config->timers.ring_ms * 1000,
                .unreachable_us = config->timers.unreachable_ms * 1000,
                .caller_grace_us = config->timers.caller_grace_ms * 1000,
                .in_call_grace_us = config->timers.in_call_grace_ms * 1000,
                .media_us = config->timers.media_ms * 1000,
                .max_duration_us = config->timers.max_duration_ms * 1000,
            },
        .limits =
            {
                .max_devices = config->limits.max_devices,
                .max_live_calls = config->limits.max_live_calls,
                .max_ended_per_user = config->limits.max_ended_per_user,
                .max_ended = config->limits.max_ended,
                .max_early_ends = config->limits.max_early_ends,
                .max_users = config->limits.max_users,
                .max_calls = config->limits.max_calls,
            },
        .rates =
            {
                .requests = per_second(config->limits.requests_per_second, 2),
                .relayed = per_second(config->limits.relayed_bytes_per_second, 4),
                .calls = per_minute(config->limits.calls_per_minute),
            },
        .default_mode = modes[config->media.default_mode],
        .is_recorded = config->media.record,
        .can_record = *config->media.record_folder != '\0',
        .reveal_presence = config->general.reveal_presence,
    };
}

/* --- what devices are told of media --- */

static char **split_urls(const char *urls)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_auto(GStrv) each = g_strsplit(urls, " ", -1);

    for (guint i = 0; each[i]; i++) {
        if (*each[i])
            g_ptr_array_add(list, g_strdup(each[i]));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

JoinSettings join_settings(const Config *config)
{
    const GPtrArray *configured = config->media.ice_servers;
    IceServer *servers = g_new0(IceServer, configured->len);

    for (guint i = 0; i < configured->len; i++) {
        const ConfigIceServer *server = g_ptr_array_index(configured, i);

        servers[i] = (IceServer){
            .urls = split_urls(server->urls),
            .username = server->username,
            .credential = server->credential,
            .secret = server->secret,
            .ttl_ms = server->ttl_ms,
        };
    }
    return (JoinSettings){
        .ice_servers = servers,
        .ice_server_count = configured->len,
        .has_string_rooms = config->media.room_string_ids,
    };
}

void join_settings_clear(JoinSettings *join)
{
    for (guint i = 0; i < join->ice_server_count; i++)
        g_strfreev(join->ice_servers[i].urls);
    g_free(join->ice_servers);
    *join = (JoinSettings){0};
}

/* --- where calls are kept --- */

static Store *open_sqlite(const Config *config, GError **error)
{
    SqliteOptions options = {
        .path = config->store.path,
        .sync_full = config->store.synchronous == CONFIG_SYNCHRONOUS_FULL,
        .mode = (guint)g_ascii_strtoull(config->store.mode, NULL, 8),
        .group = *config->store.group ? config->store.group : NULL,
    };
    g_autofree char *folder = g_path_get_dirname(options.path);

    /* If that fails, opening the file says why. */
    g_mkdir_with_parents(folder, 0750);
    return sqlite_store_new(&options, error);
}

/* Calls that the last run left live are over now. */
static gboolean recover(Store *store, GError **error)
{
    guint closed = 0;

    if (!store->ops->recover(store, g_get_real_time() / 1000, &closed, error))
        return FALSE;
    if (closed)
        log_line(LOG_LEVEL_WARN,
                 "%u calls were live when the server went away: failed/server_restart", closed);
    return TRUE;
}

/* --- webhooks --- */

static Webhooks *make_webhooks(const Config *config, GError **error)
{
    const GPtrArray *configured = config->webhooks.endpoints;
    g_autofree EndpointOptions *endpoints = g_new0(EndpointOptions, configured->len);

    for (guint i = 0; i < configured->len; i++) {
        const ConfigEndpoint *endpoint = g_ptr_array_index(configured, i);

        endpoints[i] = (EndpointOptions){endpoint->name, endpoint->url, endpoint->secret,
                                         endpoint->previous_secret, endpoint->types};
    }
    return webhooks_new(
        &(WebhooksOptions){
            .endpoints = endpoints,
            .endpoint_count = configured->len,
            .connect_timeout_ms = config->webhooks.connect_timeout_ms,
            .timeout_ms = config->webhooks.timeout_ms,
            .retry_most_ms = config->webhooks.retry_most_ms,
            .parallel = config->webhooks.parallel,
            .keep_ms = config->webhooks.keep_days * DAY_MS,
            .proxy = config->webhooks.proxy,
            .ca_file = config->webhooks.ca_file,
            .write_event = write_webhook,
        },
        error);
}

gboolean open_webhooks(const Config *config, Webhooks **webhooks)
{
    g_autoptr(GError) error = NULL;

    *webhooks = NULL;
    if (!config->webhooks.endpoints->len)
        return TRUE;
    *webhooks = make_webhooks(config, &error);
    if (*webhooks)
        return TRUE;
    log_line(LOG_LEVEL_FATAL, "The configuration is wrong, so the plugin does not load: %s",
             error->message);
    return FALSE;
}

/* --- the store --- */

static Store *open_configured(const Config *config, GError **error)
{
    return config->store.type == CONFIG_STORE_MEMORY ? memory_store_new(config->limits.max_ended)
                                                     : open_sqlite(config, error);
}

Store *open_store(const Config *config, Webhooks *webhooks)
{
    g_autoptr(GError) error = NULL;
    Store *store = open_configured(config, &error);

    if (store && webhooks)
        store_announce_to(store, &webhooks_announcer, webhooks);
    if (store && recover(store, &error))
        return store;
    log_line(LOG_LEVEL_FATAL, "The store cannot be used, so the plugin does not load: %s",
             error->message);
    store_free(store);
    return NULL;
}

static const AuthAlgorithm algorithms[] = {
    [CONFIG_ALGORITHM_HS256] = AUTH_HS256,
    [CONFIG_ALGORITHM_RS256] = AUTH_RS256,
    [CONFIG_ALGORITHM_ES256] = AUTH_ES256,
};

AuthSettings auth_settings(const Config *config)
{
    return (AuthSettings){
        .is_open = config->general.auth == CONFIG_AUTH_OPEN,
        .algorithm = algorithms[config->auth.algorithm],
        .secret = config->auth.secret,
        .secret_file = config->auth.secret_file,
        .public_key = config->auth.public_key,
        .kid = config->auth.kid,
        .keys_folder = config->auth.keys_folder,
        .issuer = config->auth.issuer,
        .audience = config->auth.audience,
        .leeway_ms = config->auth.leeway_ms,
    };
}

static Auth *start_jwt(const AuthSettings *settings)
{
    g_autoptr(GError) error = NULL;
    Auth *auth = jwt_auth_new(settings, &error);

    if (!auth)
        log_line(
            LOG_LEVEL_FATAL,
            "Tokens cannot be checked, so the plugin does not load: %s. (To try the plugin out "
            "without tokens, write general.auth = \"open\": everybody is who they say then)",
            error->message);
    return auth;
}

Auth *start_auth(const Config *config)
{
    AuthSettings settings = auth_settings(config);

    if (!settings.is_open)
        return start_jwt(&settings);
    log_line(LOG_LEVEL_WARN, "general.auth is \"open\": everybody is who they say. That is for "
                             "trying out, not for a server that others can reach");
    return open_auth_new();
}

/* --- the listener --- */

static ListenerOptions listener_options_of(const Config *config)
{
    return (ListenerOptions){
        .address = config->listener.address,
        .port = config->listener.port,
        .certificate = config->listener.certificate,
        .key = config->listener.key,
        .origins = config->listener.origins,
        .socketio_namespace = config->listener.socketio_namespace,
        .join = &door.join,
        .message = {.bytes = config->limits.max_message_bytes, .depth = config->limits.max_depth},
        .max_sockets = config->listener.max_sockets,
        .max_sockets_per_address = config->listener.max_sockets_per_address,
        .max_waiting_bytes = config->listener.max_waiting_bytes,
        .max_unanswered = config->listener.max_unanswered,
        .register_timeout_us = config->listener.register_timeout_ms * 1000,
        .ping_interval_us = config->listener.ping_interval_ms * 1000,
        .ping_timeout_us = config->listener.ping_timeout_ms * 1000,
        .on_request = log_request,
        .on_sent = log_sent,
    };
}

gboolean open_listener(const Config *config, Service *service, Listener **listener)
{
    ListenerOptions options = listener_options_of(config);
    g_autoptr(GError) error = NULL;

    *listener = NULL;
    if (!config->listener.enabled)
        return TRUE;
    *listener = listener_new(&options, service, &error);
    if (!*listener) {
        log_line(LOG_LEVEL_FATAL, "The listener cannot be opened, so the plugin does not load: %s",
                 error->message);
        return FALSE;
    }
    log_line(LOG_LEVEL_INFO, "Listening on %s port %u (%s)",
             *options.address ? options.address : "*", listener_port(*listener),
             *options.certificate ? "wss" : "ws");
    return TRUE;
}
