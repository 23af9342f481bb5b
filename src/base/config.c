#include "base/config.h"

#include <libconfig.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"

#define MIN_MS 100
#define DAY_MS (24 * 60 * 60 * 1000)
#define MAX_TEXT 4096
#define ID_MAX 128

static const char *const auth_choices[] = {
    [CONFIG_AUTH_JWT] = "jwt",
    [CONFIG_AUTH_OPEN] = "open",
    NULL,
};
static const char *const algorithm_choices[] = {
    [CONFIG_ALGORITHM_HS256] = "HS256",
    [CONFIG_ALGORITHM_RS256] = "RS256",
    [CONFIG_ALGORITHM_ES256] = "ES256",
    NULL,
};
static const char *const synchronous_choices[] = {
    [CONFIG_SYNCHRONOUS_NORMAL] = "normal",
    [CONFIG_SYNCHRONOUS_FULL] = "full",
    NULL,
};
static const char *const mode_choices[] = {
    [CONFIG_MODE_NONE] = "none",
    [CONFIG_MODE_P2P] = "p2p",
    [CONFIG_MODE_RELAY] = "relay",
    [CONFIG_MODE_ROOM] = "room",
    NULL,
};
static const char *const store_choices[] = {
    [CONFIG_STORE_MEMORY] = "memory",
    [CONFIG_STORE_SQLITE] = "sqlite",
    NULL,
};

const ConfigSection config_sections[] = {
    {"general", "The plugin as a whole."},
    {"auth", "Which tokens are believed, when general.auth is \"jwt\". See docs/tokens.md."},
    {"timers", "How long things may take, in milliseconds."},
    {"limits", "Bounds, so that nobody can fill the server's memory."},
    {"store", "Where the records of calls are kept."},
    {"media", "The media of accepted calls (docs/protocol.md, section 6)."},
    {"webhooks", "Telling a backend what happens to calls (docs/protocol.md, section 8)."},
    {"listener", "WebSockets of our own, beside Janus's transports (docs/listener.md)."},
    {NULL, NULL},
};

/* Where a key stands in the file and in Config, and its default. */
#define KEY(group, key, field, kind, text)                                                         \
    .section = #group, .name = #key, .type = kind, .default_text = text,                           \
    .offset = offsetof(Config, group.field)

#define ELEMENT_AS(struct, key, field, kind, text)                                                 \
    .section = "", .name = #key, .type = kind, .default_text = text,                               \
    .offset = offsetof(struct, field)
#define ELEMENT(struct, key, kind, text) ELEMENT_AS(struct, key, key, kind, text)

static const ConfigKey endpoint_keys[] = {
    {
        ELEMENT(ConfigEndpoint, name, CONFIG_STRING, "main"),
        .max = 64,
        .comment = "What it is called in the log, in `stats`, in the database; each has its own.",
    },
    {
        ELEMENT(ConfigEndpoint, url, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "Where events are posted to: http or https.",
    },
    {
        ELEMENT(ConfigEndpoint, secret, CONFIG_STRING, ""),
        .max = 256,
        .is_secret = TRUE,
        .comment = "\"whsec_\" and 24 to 64 random bytes in base64: what they are signed with.",
    },
    {
        ELEMENT(ConfigEndpoint, previous_secret, CONFIG_STRING, ""),
        .max = 256,
        .is_secret = TRUE,
        .comment = "The one before, while it is being replaced: events carry a signature of each.",
    },
    {
        ELEMENT(ConfigEndpoint, types, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "Which types go there, with spaces between them. Empty: all.",
    },
    {.name = NULL},
};

static const ConfigKey ice_server_keys[] = {
    {
        ELEMENT(ConfigIceServer, urls, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "\"stun:HOST:PORT\", \"turn:HOST:PORT\", \"turns:HOST:PORT?transport=tcp\"; "
                   "several with spaces between them.",
    },
    {
        ELEMENT(ConfigIceServer, username, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "For TURN servers: the same for all devices. Better is secret.",
    },
    {
        ELEMENT(ConfigIceServer, credential, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .is_secret = TRUE,
        .comment = "Its password.",
    },
    {
        ELEMENT(ConfigIceServer, secret, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .is_secret = TRUE,
        .comment = "Instead of both: what the TURN server was told too (coturn's "
                   "static-auth-secret). Each device is given a name and a password of its own, "
                   "for a while.",
    },
    {
        ELEMENT_AS(ConfigIceServer, ttl, ttl_ms, CONFIG_MS, "86400000"),
        .min = 60 * 1000,
        .max = 30 * (gint64)DAY_MS,
        .comment = "How long what was made with secret is good for. A call's connection may have "
                   "to be made anew at any time, so it should be longer than calls are.",
    },
    {.name = NULL},
};

const ConfigKey config_keys[] = {
    {
        KEY(general, events, events, CONFIG_BOOL, "true"),
        .comment = "Tell Janus's event handlers what happens to calls.",
    },
    {
        KEY(general, log_calls, log_calls, CONFIG_BOOL, "true"),
        .comment = "Write a line to the log for what is received and sent about a call.",
    },
    {
        KEY(general, reveal_presence, reveal_presence, CONFIG_BOOL, "true"),
        .comment =
            "Let the caller see whether the callee has devices, and whether they ring.\n"
            "When false, a call to somebody who is offline or busy just rings until its end.",
    },
    {
        KEY(general, auth, auth, CONFIG_CHOICE, "jwt"),
        .choices = auth_choices,
        .comment = "How a device shows who its user is. \"jwt\": by a token that your backend has\n"
                   "signed; it needs a key, in the section auth. \"open\": it says so, and is\n"
                   "believed: for trying out only.",
    },
    {
        KEY(auth, algorithm, algorithm, CONFIG_CHOICE, "HS256"),
        .choices = algorithm_choices,
        .comment = "How tokens are signed. \"HS256\": with a secret, as tymon/jwt-auth does.\n"
                   "\"RS256\", \"ES256\": with a private key, as Laravel Passport does with RS256.",
    },
    {
        KEY(auth, secret, secret, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .is_secret = TRUE,
        .comment =
            "The secret for HS256, of at least 32 bytes: JWT_SECRET of a Laravel .env, as it\n"
            "stands there. Let nobody but Janus read this file then.",
    },
    {
        KEY(auth, secret_file, secret_file, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment =
            "Instead of secret: a file that holds it. One newline at its end does not count.",
    },
    {
        KEY(auth, public_key, public_key, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment =
            "The public key for RS256 (2048 bits at least) or ES256, a PEM file: Passport's\n"
            "storage/oauth-public.key.",
    },
    {
        KEY(auth, kid, kid, CONFIG_STRING, ""),
        .max = ID_MAX,
        .comment = "The kid of that key. Empty: it has none, and a token with a kid is not signed\n"
                   "by it.",
    },
    {
        KEY(auth, keys_folder, keys_folder, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment =
            "A folder of more keys, for changing them without a break. The file KID.hs256 is a\n"
            "secret, KID.rs256 or KID.es256 a public key; KID is the token's kid.",
    },
    {
        KEY(auth, issuer, issuer, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "What iss of a token must be. Empty: it is not looked at.",
    },
    {
        KEY(auth, audience, audience, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "What aud of a token must be, or hold. Empty: it is not looked at.",
    },
    {
        KEY(auth, leeway, leeway_ms, CONFIG_MS, "0"),
        .min = 0,
        .max = 300000,
        .comment = "By how much the clock of who makes the tokens may be off.",
    },
    {
        KEY(timers, ring, ring_ms, CONFIG_MS, "45000"),
        .min = MIN_MS,
        .max = 180000,
        .comment = "How long a call rings, unless the caller asks for another time.",
    },
    {
        KEY(timers, unreachable, unreachable_ms, CONFIG_MS, "20000"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment = "When a call ends that could ring no device of the callee.",
    },
    {
        KEY(timers, caller_grace, caller_grace_ms, CONFIG_MS, "12000"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment = "How long the caller's device may be away while its call rings.",
    },
    {
        KEY(timers, in_call_grace, in_call_grace_ms, CONFIG_MS, "30000"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment = "How long either device may be away during an accepted call.",
    },
    {
        KEY(timers, push_after, push_after_ms, CONFIG_MS, "1500"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment =
            "When the backend is asked to wake a callee whose devices, of which it is known\n"
            "that they say call:ringing, have not. Without any device it is asked at once.",
    },
    {
        KEY(timers, media, media_ms, CONFIG_MS, "20000"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment = "How long media may take to connect after the accept, in calls of mode relay.\n"
                   "Does not go on while a device of the call is away.",
    },
    {
        KEY(timers, max_duration, max_duration_ms, CONFIG_MS, "0"),
        .min = MIN_MS,
        .max = DAY_MS,
        .zero_is_off = TRUE,
        .comment = "How long an accepted call may last.",
    },
    {
        KEY(limits, max_devices, max_devices, CONFIG_COUNT, "10"),
        .min = 1,
        .max = 1000,
        .comment = "Devices of one user that may be registered at once.",
    },
    {
        KEY(limits, max_live_calls, max_live_calls, CONFIG_COUNT, "2"),
        .min = 1,
        .max = 1000,
        .comment = "Calls of one user that may ring or be in progress at once.",
    },
    {
        KEY(limits, max_ended_per_user, max_ended_per_user, CONFIG_COUNT, "100"),
        .min = 1,
        .max = 10000,
        .comment = "Ended calls of one user that memory keeps, for devices that come back.",
    },
    {
        KEY(limits, max_ended, max_ended, CONFIG_COUNT, "100000"),
        .min = 1,
        .max = 10000000,
        .comment = "The same of all users. A call counts once for each of its two parties.",
    },
    {
        KEY(limits, max_early_ends, max_early_ends, CONFIG_COUNT, "16"),
        .min = 1,
        .max = 1000,
        .comment = "Ends of one user that are remembered because they came before their call.",
    },
    {
        KEY(limits, max_users, max_users, CONFIG_COUNT, "100000"),
        .min = 1,
        .max = 10000000,
        .comment = "Users that may be registered at once.",
    },
    {
        KEY(limits, max_calls, max_calls, CONFIG_COUNT, "100000"),
        .min = 1,
        .max = 10000000,
        .comment = "Calls that may ring or be in progress at once.",
    },
    {
        KEY(limits, requests_per_second, requests_per_second, CONFIG_COUNT, "50"),
        .min = 1,
        .max = 1000000,
        .zero_is_off = TRUE,
        .comment = "Requests of one user's devices; for a moment twice as many.",
    },
    {
        KEY(limits, calls_per_minute, calls_per_minute, CONFIG_COUNT, "20"),
        .min = 1,
        .max = 1000000,
        .zero_is_off = TRUE,
        .comment = "Calls from one user to one other; these may come all at once.",
    },
    {
        KEY(limits, relayed_bytes_per_second, relayed_bytes_per_second, CONFIG_COUNT, "65536"),
        .min = 65536,
        .max = 1000000000,
        .zero_is_off = TRUE,
        .comment =
            "Bytes of \"data\" that one user's devices may have passed on by call:signal and\n"
            "call:update, and of JSEP by call:join and call:media; for a moment four times as\n"
            "many. What a device that has stopped reading can make Janus keep for it is this\n"
            "times the time until ping/pong (in janus.transport.websockets.jcfg) finds it.",
    },
    {
        KEY(limits, registrations_per_second, registrations_per_second, CONFIG_COUNT, "2"),
        .min = 1,
        .max = 1000000,
        .zero_is_off = TRUE,
        .comment = "call:register and call:join on one connection; for a moment ten times as many.",
    },
    {
        KEY(limits, read_bytes_per_second, read_bytes_per_second, CONFIG_COUNT, "131072"),
        .min = 65536,
        .max = 1000000000,
        .zero_is_off = TRUE,
        .comment = "Bytes of calls that one connection may ask for by call:history, call:register\n"
                   "and call:get; for a moment eight times as many.",
    },
    {
        KEY(limits, max_message_bytes, max_message_bytes, CONFIG_COUNT, "131072"),
        .min = 1024,
        .max = 100000000,
        .comment = "A request's body, as JSON without blanks.",
    },
    {
        KEY(limits, max_depth, max_depth, CONFIG_COUNT, "32"),
        .min = 4,
        .max = 1000,
        .comment = "Objects and lists in one another in a request's body, which is the first.",
    },
    {
        KEY(store, type, type, CONFIG_CHOICE, "sqlite"),
        .choices = store_choices,
        .comment = "\"sqlite\": in a database file. \"memory\": until Janus stops.",
    },
    {
        KEY(store, path, path, CONFIG_STRING, "/var/lib/janus-call/calls.sqlite3"),
        .max = MAX_TEXT,
        .comment =
            "The database file. Its folder is made if it is not there; Janus must be allowed\n"
            "to write in it.",
    },
    {
        KEY(store, synchronous, synchronous, CONFIG_CHOICE, "normal"),
        .choices = synchronous_choices,
        .comment = "\"normal\": what was confirmed survives the end of Janus, however it comes.\n"
                   "\"full\": and a loss of power; each commit then waits for the disk.",
    },
    {
        KEY(store, mode, mode, CONFIG_STRING, "0600"),
        .max = 4,
        .comment =
            "The mode of the database file, octal: \"0660\" with a group lets a backend on the\n"
            "same machine read it.",
    },
    {
        KEY(store, group, group, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "The group of the database file. Empty: Janus's own.",
    },
    {
        KEY(store, retention_days, retention_days, CONFIG_COUNT, "90"),
        .min = 0,
        .max = 36500,
        .comment = "Calls that ended longer ago are forgotten. 0: never.",
    },
    {
        KEY(store, store_wait, store_wait_ms, CONFIG_MS, "100"),
        .min = MIN_MS,
        .max = 10000,
        .comment = "How long a reply may wait until its record is safe. After that it says\n"
                   "\"durable\": false.",
    },
    {
        KEY(store, max_waiting_replies, max_waiting_replies, CONFIG_COUNT, "8"),
        .min = 1,
        .max = 1000,
        .comment = "Replies that may wait at once. Half of task_pool_size in janus.jcfg is good.",
    },
    {
        KEY(media, default_mode, default_mode, CONFIG_CHOICE, "none"),
        .choices = mode_choices,
        .comment =
            "The mode of calls whose caller names none. \"none\": the apps do their own.\n"
            "\"p2p\": from device to device. \"relay\": through this server. \"room\": in a room\n"
            "of Janus's VideoRoom.",
    },
    {
        KEY(media, ice_servers, ice_servers, CONFIG_LIST, "()"),
        .elements = ice_server_keys,
        .element_size = sizeof(ConfigIceServer),
        .comment = "STUN and TURN servers that the devices in an accepted call are told of.",
    },
    {
        KEY(media, record, record, CONFIG_BOOL, "false"),
        .comment = "Record relayed calls, unless the backend says otherwise (call:record).",
    },
    {
        KEY(media, record_folder, record_folder, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment =
            "Where to. Janus must be allowed to write there. Empty: nothing can be recorded.",
    },
    {
        KEY(media, max_bitrate, max_bitrate, CONFIG_COUNT, "0"),
        .min = 10000,
        .max = 1000000000,
        .zero_is_off = TRUE,
        .comment = "Bits a second of video that a device in a relayed call may send.",
    },
    {
        KEY(media, room_admin_key, room_admin_key, CONFIG_STRING, ""),
        .max = 256,
        .is_secret = TRUE,
        .comment = "admin_key of janus.plugin.videoroom.jcfg, if there is one.",
    },
    {
        KEY(media, room_string_ids, room_string_ids, CONFIG_BOOL, "false"),
        .comment = "string_ids of janus.plugin.videoroom.jcfg.",
    },
    {
        KEY(media, workers, workers, CONFIG_COUNT, "2"),
        .min = 1,
        .max = 64,
        .comment = "Threads that pass session descriptions on.",
    },
    {
        KEY(webhooks, endpoints, endpoints, CONFIG_LIST, "()"),
        .elements = endpoint_keys,
        .element_size = sizeof(ConfigEndpoint),
        .comment = "Who is told of calls. Each has a name, a url and a secret.",
    },
    {
        KEY(webhooks, connect_timeout, connect_timeout_ms, CONFIG_MS, "3000"),
        .min = MIN_MS,
        .max = 60000,
        .comment = "How long connecting may take.",
    },
    {
        KEY(webhooks, timeout, timeout_ms, CONFIG_MS, "10000"),
        .min = MIN_MS,
        .max = 300000,
        .comment = "How long a whole delivery may take, with the answer.",
    },
    {
        KEY(webhooks, retry_most, retry_most_ms, CONFIG_MS, "3600000"),
        .min = MIN_MS,
        .max = DAY_MS,
        .comment =
            "The longest pause before an event is tried again. The first is about a second,\n"
            "and each is about twice the one before.",
    },
    {
        KEY(webhooks, parallel, parallel, CONFIG_COUNT, "8"),
        .min = 1,
        .max = 256,
        .comment = "Deliveries to one endpoint that may be under way at once.",
    },
    {
        KEY(webhooks, keep_days, keep_days, CONFIG_COUNT, "7"),
        .min = 1,
        .max = 365,
        .comment = "Events that an endpoint did not take for so long are dropped.",
    },
    {
        KEY(webhooks, max_waiting, max_waiting, CONFIG_COUNT, "200000"),
        .min = 1000,
        .max = 100000000,
        .comment = "Beyond so many waiting events the oldest of calls that are over are dropped.",
    },
    {
        KEY(webhooks, proxy, proxy, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "A proxy, as \"http://10.0.0.1:3128\". Empty: none, whatever the environment "
                   "says.",
    },
    {
        KEY(webhooks, ca_file, ca_file, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "Certificates of authorities to trust, as a PEM file. Empty: the system's.",
    },
    {
        KEY(listener, enabled, enabled, CONFIG_BOOL, "false"),
        .comment = "Listen at all.",
    },
    {
        KEY(listener, address, address, CONFIG_STRING, "127.0.0.1"),
        .max = 64,
        .comment = "The IP address to listen on. Empty: all of this machine, of IPv4.",
    },
    {
        KEY(listener, port, port, CONFIG_COUNT, "8192"),
        .min = 1,
        .max = 65535,
        .comment = "The port to listen on.",
    },
    {
        KEY(listener, certificate, certificate, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment =
            "A PEM file with the certificate and those above it: wss, not ws. The Admin request\n"
            "\"reload\" reads it and the key again. Empty: no TLS, for a proxy that does it.",
    },
    {
        KEY(listener, key, key, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "The certificate's key, a PEM file.",
    },
    {
        KEY(listener, origins, origins, CONFIG_STRING, ""),
        .max = MAX_TEXT,
        .comment = "Whose pages may connect, as \"https://app.example https://www.app.example\".\n"
                   "Empty: everybody's. Apps that are no pages always may.",
    },
    {
        KEY(listener, socketio_namespace, socketio_namespace, CONFIG_STRING, "/calls"),
        .max = 64,
        .comment =
            "A namespace that Socket.IO apps may connect to beside \"/\", which is the same. It\n"
            "begins with a slash. Empty: none.",
    },
    {
        KEY(listener, max_sockets, max_sockets, CONFIG_COUNT, "20000"),
        .min = 1,
        .max = 1000000,
        .comment = "Sockets at once. Janus must be allowed as many open files.",
    },
    {
        KEY(listener, max_sockets_per_address, max_sockets_per_address, CONFIG_COUNT, "0"),
        .min = 1,
        .max = 1000000,
        .zero_is_off = TRUE,
        .comment = "Sockets of one IP address at once. Not behind a proxy, which has one for all.",
    },
    {
        KEY(listener, max_waiting_bytes, max_waiting_bytes, CONFIG_COUNT, "262144"),
        .min = 65536,
        .max = 100000000,
        .comment =
            "Bytes that may wait for a socket which does not read. For whom more would wait is\n"
            "closed.",
    },
    {
        KEY(listener, max_unanswered, max_unanswered, CONFIG_COUNT, "64"),
        .min = 1,
        .max = 10000,
        .comment = "Requests of one socket that may be under way; it is not read from meanwhile.",
    },
    {
        KEY(listener, register_timeout, register_timeout_ms, CONFIG_MS, "15000"),
        .min = MIN_MS,
        .max = 600000,
        .comment = "A socket whose device has not registered by then is closed.",
    },
    {
        KEY(listener, ping_interval, ping_interval_ms, CONFIG_MS, "20000"),
        .min = MIN_MS,
        .max = 600000,
        .comment = "A socket that said nothing for so long is asked whether it is there.",
    },
    {
        KEY(listener, ping_timeout, ping_timeout_ms, CONFIG_MS, "10000"),
        .min = MIN_MS,
        .max = 600000,
        .comment = "A socket that does not answer by then is closed, and its device is away.",
    },
    {.section = NULL},
};

G_DEFINE_QUARK(call_config_error, config_error)

/* The field of a key. */
#define FIELD(type, config, key) (*(type *)((char *)(config) + (key)->offset))

G_STATIC_ASSERT(sizeof(ConfigAuth) == sizeof(guint));
G_STATIC_ASSERT(sizeof(ConfigStore) == sizeof(guint));

static gboolean find_choice(const ConfigKey *key, const char *text, guint *choice)
{
    for (guint i = 0; key->choices[i]; i++) {
        if (strcmp(key->choices[i], text) == 0) {
            *choice = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void set_string(gpointer config, const ConfigKey *key, const char *text)
{
    g_free(FIELD(char *, config, key));
    FIELD(char *, config, key) = g_strdup(text);
}

static void set_default(gpointer config, const ConfigKey *key)
{
    switch (key->type) {
    case CONFIG_BOOL:
        FIELD(gboolean, config, key) = strcmp(key->default_text, "true") == 0;
        break;
    case CONFIG_MS:
        FIELD(gint64, config, key) = g_ascii_strtoll(key->default_text, NULL, 10);
        break;
    case CONFIG_COUNT:
        FIELD(guint, config, key) = (guint)g_ascii_strtoull(key->default_text, NULL, 10);
        break;
    case CONFIG_CHOICE:
        if (!find_choice(key, key->default_text, &FIELD(guint, config, key)))
            g_assert_not_reached();
        break;
    case CONFIG_STRING:
        set_string(config, key, key->default_text);
        break;
    case CONFIG_LIST:
        FIELD(GPtrArray *, config, key) = g_ptr_array_new();
        break;
    }
}

static void free_values(gpointer config, const ConfigKey *keys);

static void free_list(GPtrArray *list, const ConfigKey *key)
{
    for (guint i = 0; i < list->len; i++) {
        free_values(g_ptr_array_index(list, i), key->elements);
        g_free(g_ptr_array_index(list, i));
    }
    g_ptr_array_unref(list);
}

static void free_values(gpointer config, const ConfigKey *keys)
{
    for (const ConfigKey *key = keys; key->name; key++) {
        if (key->type == CONFIG_STRING)
            g_free(FIELD(char *, config, key));
        if (key->type == CONFIG_LIST)
            free_list(FIELD(GPtrArray *, config, key), key);
    }
}

Config *config_new(void)
{
    Config *config = g_new0(Config, 1);

    for (const ConfigKey *key = config_keys; key->section; key++)
        set_default(config, key);
    return config;
}

void config_free(Config *config)
{
    if (!config)
        return;
    free_values(config, config_keys);
    g_free(config);
}

/* A string as libconfig reads it back. */
static char *quote(const char *text)
{
    GString *quoted = g_string_new("\"");

    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_printf(quoted, "\\%c", *text);
        else if (g_ascii_iscntrl(*text))
            g_string_append_printf(quoted, "\\x%02x", (guint)(guchar)*text);
        else
            g_string_append_c(quoted, *text);
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}

char *config_show(const Config *config, const ConfigKey *key)
{
    switch (key->type) {
    case CONFIG_BOOL:
        return g_strdup(FIELD(const gboolean, config, key) ? "true" : "false");
    case CONFIG_MS:
        return g_strdup_printf("%" G_GINT64_FORMAT, FIELD(const gint64, config, key));
    case CONFIG_COUNT:
        return g_strdup_printf("%u", FIELD(const guint, config, key));
    case CONFIG_CHOICE:
        return quote(key->choices[FIELD(const guint, config, key)]);
    case CONFIG_STRING:
        return quote(FIELD(char *const, config, key));
    case CONFIG_LIST:
        return g_strdup(key->default_text);
    }
    g_assert_not_reached();
}

static char *allowed_choices(const ConfigKey *key)
{
    GString *allowed = g_string_new(NULL);

    for (guint i = 0; key->choices[i]; i++)
        g_string_append_printf(allowed, "%s\"%s\"", i > 0 ? " or " : "", key->choices[i]);
    return g_string_free(allowed, FALSE);
}

char *config_allowed(const ConfigKey *key)
{
    switch (key->type) {
    case CONFIG_BOOL:
        return g_strdup("true or false");
    case CONFIG_MS:
        return g_strdup_printf("a duration of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " ms%s",
                               key->min, key->max, key->zero_is_off ? ", or 0 (off)" : "");
    case CONFIG_COUNT:
        return g_strdup_printf("a whole number of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s",
                               key->min, key->max, key->zero_is_off ? ", or 0 (off)" : "");
    case CONFIG_CHOICE:
        return allowed_choices(key);
    case CONFIG_STRING:
        return g_strdup_printf("a text in quotes of at most %" G_GINT64_FORMAT " bytes", key->max);
    case CONFIG_LIST:
        return g_strdup("a list of groups: ( { ... }, { ... } )");
    }
    g_assert_not_reached();
}

/* What the file said, as it goes into a message. */
static char *describe(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_BOOL:
        return g_strdup(config_setting_get_bool(setting) ? "true" : "false");
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return g_strdup_printf("%lld", config_setting_get_int64(setting));
    case CONFIG_TYPE_FLOAT:
        return g_strdup_printf("%g", config_setting_get_float(setting));
    case CONFIG_TYPE_STRING: {
        g_autofree char *text = log_escape(config_setting_get_string(setting));
        return g_strdup_printf("\"%s\"", text);
    }
    case CONFIG_TYPE_GROUP:
        return g_strdup("a group");
    case CONFIG_TYPE_ARRAY:
        return g_strdup("an array");
    default:
        return g_strdup("a list");
    }
}

/* `file:line`, also for what an @include brought in. */
static char *place_of(const config_setting_t *setting, const char *path)
{
    const char *file = config_setting_source_file(setting);

    return g_strdup_printf("%s:%u", file ? file : path, config_setting_source_line(setting));
}

static gboolean read_bool(const config_setting_t *setting, gpointer config, const ConfigKey *key)
{
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
        return FALSE;
    FIELD(gboolean, config, key) = config_setting_get_bool(setting) != CONFIG_FALSE;
    return TRUE;
}

static gboolean read_number(const config_setting_t *setting, const ConfigKey *key, gint64 *number)
{
    int type = config_setting_type(setting);

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return FALSE;
    gint64 value = config_setting_get_int64(setting);
    gboolean is_off = key->zero_is_off && value == 0;
    if (!is_off && (value < key->min || value > key->max))
        return FALSE;
    *number = value;
    return TRUE;
}

static gboolean read_count(const config_setting_t *setting, gpointer config, const ConfigKey *key)
{
    gint64 number;

    if (!read_number(setting, key, &number))
        return FALSE;
    FIELD(guint, config, key) = (guint)number;
    return TRUE;
}

static gboolean read_choice(const config_setting_t *setting, gpointer config, const ConfigKey *key)
{
    const char *text = config_setting_get_string(setting);

    return text && find_choice(key, text, &FIELD(guint, config, key));
}

static gboolean read_string(const config_setting_t *setting, gpointer config, const ConfigKey *key)
{
    const char *text = config_setting_get_string(setting);

    if (!text || strlen(text) > (gsize)key->max)
        return FALSE;
    set_string(config, key, text);
    return TRUE;
}

/* FALSE, and config as it was, when the key does not allow this value. */
static gboolean read_value(const config_setting_t *setting, gpointer config, const ConfigKey *key)
{
    switch (key->type) {
    case CONFIG_BOOL:
        return read_bool(setting, config, key);
    case CONFIG_MS:
        return read_number(setting, key, &FIELD(gint64, config, key));
    case CONFIG_COUNT:
        return read_count(setting, config, key);
    case CONFIG_CHOICE:
        return read_choice(setting, config, key);
    case CONFIG_STRING:
        return read_string(setting, config, key);
    case CONFIG_LIST:
        return config_setting_is_list(setting);
    }
    g_assert_not_reached();
}

/* One reading of one file. */
typedef struct {
    const char *path;
    Config *config;
    GPtrArray *warnings;
} Reading;

static void warn_ignored(Reading *reading, const config_setting_t *setting, const char *what)
{
    g_autofree char *place = place_of(setting, reading->path);

    g_ptr_array_add(reading->warnings, g_strdup_printf("%s: there is no %s: ignored", place, what));
}

static gboolean refuse_value(Reading *reading, const config_setting_t *setting, const char *name,
                             gboolean is_secret, const char *allowed, GError **error)
{
    g_autofree char *place = place_of(setting, reading->path);
    g_autofree char *value = is_secret ? g_strdup("something else") : describe(setting);

    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: %s is %s, but must be %s", place,
                name, value, allowed);
    return FALSE;
}

static const ConfigKey *find_key(const ConfigKey *keys, const char *section, const char *name)
{
    for (const ConfigKey *key = keys; key->name; key++) {
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
            return key;
    }
    return NULL;
}

static gboolean read_list(Reading *reading, const config_setting_t *setting, gpointer config,
                          const ConfigKey *key, const char *name, GError **error);

/* `full` is the key as people write it: section.key. */
static gboolean read_known_key(Reading *reading, const config_setting_t *setting, gpointer config,
                               const ConfigKey *key, const char *full, GError **error)
{
    g_autofree char *allowed = config_allowed(key);

    if (!read_value(setting, config, key))
        return refuse_value(reading, setting, full, key->is_secret, allowed, error);
    return key->type != CONFIG_LIST || read_list(reading, setting, config, key, full, error);
}

static gboolean read_key(Reading *reading, const ConfigKey *keys, const char *section,
                         const char *prefix, const config_setting_t *setting, gpointer config,
                         GError **error)
{
    const ConfigKey *key = find_key(keys, section, config_setting_name(setting));
    g_autofree char *full = g_strdup_printf("%s.%s", prefix, config_setting_name(setting));

    if (!key) {
        g_autofree char *what = g_strdup_printf("key %s", full);
        warn_ignored(reading, setting, what);
        return TRUE;
    }
    return read_known_key(reading, setting, config, key, full, error);
}

static gboolean read_element(Reading *reading, const config_setting_t *group, gpointer element,
                             const ConfigKey *list, const char *name, GError **error)
{
    for (const ConfigKey *key = list->elements; key->name; key++)
        set_default(element, key);
    if (!config_setting_is_group(group))
        return refuse_value(reading, group, name, FALSE, "a list of groups: { ... }", error);
    for (int i = 0; i < config_setting_length(group); i++) {
        if (!read_key(reading, list->elements, "", name, config_setting_get_elem(group, (guint)i),
                      element, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_list(Reading *reading, const config_setting_t *setting, gpointer config,
                          const ConfigKey *key, const char *name, GError **error)
{
    GPtrArray *list = FIELD(GPtrArray *, config, key);

    for (int i = 0; i < config_setting_length(setting); i++) {
        g_ptr_array_add(list, g_malloc0(key->element_size));
        if (!read_element(reading, config_setting_get_elem(setting, (guint)i),
                          g_ptr_array_index(list, list->len - 1), key, name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_known_section(const char *name)
{
    for (const ConfigSection *section = config_sections; section->name; section++) {
        if (strcmp(section->name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean read_section(Reading *reading, const config_setting_t *group, GError **error)
{
    const char *name = config_setting_name(group);

    if (!is_known_section(name)) {
        g_autofree char *what = g_strdup_printf("section %s", name);
        warn_ignored(reading, group, what);
        return TRUE;
    }
    if (!config_setting_is_group(group))
        return refuse_value(reading, group, name, FALSE, "a section: { ... }", error);
    for (int i = 0; i < config_setting_length(group); i++) {
        if (!read_key(reading, config_keys, name, name, config_setting_get_elem(group, (guint)i),
                      reading->config, error))
            return FALSE;
    }
    return TRUE;
}

/* What no single key can see. */
static gboolean is_octal_mode(const char *text)
{
    return strlen(text) >= 3 && strspn(text, "01234567") == strlen(text);
}

static gboolean is_ice_url(const char *url)
{
    static const char *const schemes[] = {"stun:", "stuns:", "turn:", "turns:"};

    for (guint i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (g_str_has_prefix(url, schemes[i]) && url[strlen(schemes[i])])
            return TRUE;
    }
    return FALSE;
}

static gboolean are_ice_urls(const char *urls)
{
    g_auto(GStrv) each = g_strsplit(urls, " ", -1);
    guint count = 0;

    for (guint i = 0; each[i]; i++) {
        if (!*each[i])
            continue;
        if (!is_ice_url(each[i]))
            return FALSE;
        count++;
    }
    return count > 0;
}

/* What is wrong with it, or NULL. */
static const char *ice_server_fault(const ConfigIceServer *server)
{
    if (!are_ice_urls(server->urls) || !g_utf8_validate(server->urls, -1, NULL))
        return "urls must be stun:, stuns:, turn: or turns: addresses";
    if (!g_utf8_validate(server->username, -1, NULL) ||
        !g_utf8_validate(server->credential, -1, NULL))
        return "username and credential must be UTF-8";
    if (*server->secret && (*server->username || *server->credential))
        return "secret stands instead of username and credential";
    if (!*server->username != !*server->credential)
        return "username and credential go together";
    return NULL;
}

static gboolean check_media(Reading *reading, GError **error)
{
    const GPtrArray *servers = reading->config->media.ice_servers;

    for (guint i = 0; i < servers->len; i++) {
        const char *fault = ice_server_fault(g_ptr_array_index(servers, i));

        if (!fault)
            continue;
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                    "%s: group %u of media.ice_servers: %s", reading->path, i + 1, fault);
        return FALSE;
    }
    if (!reading->config->media.record || *reading->config->media.record_folder)
        return TRUE;
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                "%s: media.record is true, but media.record_folder, where to, is not set",
                reading->path);
    return FALSE;
}

static gboolean check_together(Reading *reading, GError **error)
{
    if (!check_media(reading, error))
        return FALSE;
    if (!is_octal_mode(reading->config->store.mode)) {
        g_autofree char *mode = log_escape(reading->config->store.mode);

        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                    "%s: store.mode is \"%s\", but must be octal, as \"0600\" is", reading->path,
                    mode);
        return FALSE;
    }
    if (reading->config->store.type == CONFIG_STORE_SQLITE && !*reading->config->store.path) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                    "%s: store.type is \"sqlite\", but store.path, the database file, is not set",
                    reading->path);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_sections(Reading *reading, const config_setting_t *root, GError **error)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        if (!read_section(reading, config_setting_get_elem(root, (guint)i), error))
            return FALSE;
    }
    return check_together(reading, error);
}

static gboolean parse_file(config_t *file, const char *path, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    config_set_include_dir(file, folder);
    if (config_read_string(file, text))
        return TRUE;
    const char *included = config_error_file(file);
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s:%d: %s", included ? included : path,
                config_error_line(file), config_error_text(file));
    return FALSE;
}

static gboolean read_text(Reading *reading, const char *text, GError **error)
{
    config_t file;

    config_init(&file);
    gboolean is_read = parse_file(&file, reading->path, text, error) &&
                       read_sections(reading, config_root_setting(&file), error);
    config_destroy(&file);
    return is_read;
}

/* NULL, and no error, when there is no file. */
static char *get_text(const char *path, GPtrArray *warnings, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) failure = NULL;

    if (!g_file_get_contents(path, &text, &length, &failure)) {
        if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_ptr_array_add(warnings, g_strdup_printf("%s: there is no such file: defaults", path));
        else
            g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (strlen(text) != length) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s: holds a NUL byte", path);
        return NULL;
    }
    return g_steal_pointer(&text);
}

static void swap_configs(Config *one, Config *other)
{
    Config kept = *one;

    *one = *other;
    *other = kept;
}

gboolean config_load(Config *config, const char *path, GPtrArray *warnings, GError **error)
{
    g_autoptr(Config) fresh = config_new();
    g_autoptr(GError) failure = NULL;
    Reading reading = {path, fresh, warnings};

    g_autofree char *text = get_text(path, warnings, &failure);
    if (text)
        read_text(&reading, text, &failure);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    swap_configs(config, fresh);
    return TRUE;
}
