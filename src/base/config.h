/* The plugin's configuration: one table of keys, the file that sets them, the struct that the rest
 * of the house reads. */
#pragma once

#include <glib.h>

typedef enum {
    CONFIG_AUTH_JWT,
    CONFIG_AUTH_OPEN,
} ConfigAuth;

typedef enum {
    CONFIG_ALGORITHM_HS256,
    CONFIG_ALGORITHM_RS256,
    CONFIG_ALGORITHM_ES256,
} ConfigAlgorithm;

typedef enum {
    CONFIG_STORE_MEMORY,
    CONFIG_STORE_SQLITE,
} ConfigStore;

typedef enum {
    CONFIG_SYNCHRONOUS_NORMAL,
    CONFIG_SYNCHRONOUS_FULL,
} ConfigSynchronous;

typedef enum {
    CONFIG_MODE_NONE,
    CONFIG_MODE_P2P,
    CONFIG_MODE_RELAY,
    CONFIG_MODE_ROOM,
} ConfigMode;

/* One of media.ice_servers. Nothing is NULL. */
typedef struct {
    char *urls; /* with spaces between them */
    char *username;
    char *credential;
    char *secret; /* instead of both */
    gint64 ttl_ms;
} ConfigIceServer;

/* One of webhooks.endpoints. Nothing is NULL. */
typedef struct {
    char *name;
    char *url;
    char *secret;
    char *previous_secret;
    char *types;
} ConfigEndpoint;

/* What each field means stands in the table in config.c, and from there in docs/configuration.md.
 */
typedef struct {
    struct {
        gboolean events;
        gboolean log_calls;
        gboolean reveal_presence;
        ConfigAuth auth;
    } general;
    struct {
        ConfigAlgorithm algorithm;
        char *secret; /* this and the other strings: "" when not set */
        char *secret_file;
        char *public_key;
        char *kid;
        char *keys_folder;
        char *issuer;
        char *audience;
        gint64 leeway_ms;
    } auth;
    struct {
        gint64 ring_ms;
        gint64 unreachable_ms;
        gint64 caller_grace_ms;
        gint64 in_call_grace_ms;
        gint64 push_after_ms;
        gint64 media_ms;
        gint64 max_duration_ms; /* 0 is off */
    } timers;
    struct {
        guint max_devices;
        guint max_live_calls;
        guint max_ended_per_user;
        guint max_ended;
        guint max_early_ends;
        guint max_users;
        guint max_calls;
        guint requests_per_second; /* these: 0 is off */
        guint calls_per_minute;
        guint relayed_bytes_per_second;
        guint registrations_per_second;
        guint read_bytes_per_second;
        guint max_message_bytes;
        guint max_depth;
    } limits;
    struct {
        ConfigStore type;
        char *path; /* never NULL */
        ConfigSynchronous synchronous;
        char *mode;           /* octal digits: checked */
        char *group;          /* "" when not set */
        guint retention_days; /* 0 is off */
        gint64 store_wait_ms;
        guint max_waiting_replies;
    } store;
    struct {
        ConfigMode default_mode;
        GPtrArray *ice_servers; /* of ConfigIceServer */
        gboolean record;
        char *record_folder;  /* "" when not set */
        guint max_bitrate;    /* bits a second; 0 is off */
        char *room_admin_key; /* "" when not set */
        gboolean room_string_ids;
        guint workers;
    } media;
    struct {
        GPtrArray *endpoints; /* of ConfigEndpoint */
        gint64 connect_timeout_ms;
        gint64 timeout_ms;
        gint64 retry_most_ms;
        guint parallel;
        guint keep_days;
        guint max_waiting;
        char *proxy;   /* "" when not set */
        char *ca_file; /* "" when not set */
    } webhooks;
    struct {
        gboolean enabled;
        char *address;
        guint port;
        char *certificate; /* these: "" when not set */
        char *key;
        char *origins;
        char *socketio_namespace; /* "" when not set */
        guint max_sockets;
        guint max_sockets_per_address; /* 0 is off */
        guint max_waiting_bytes;
        guint max_unanswered;
        gint64 register_timeout_ms;
        gint64 ping_interval_ms;
        gint64 ping_timeout_ms;
    } listener;
} Config;

typedef enum {
    CONFIG_BOOL,   /* gboolean */
    CONFIG_MS,     /* gint64, milliseconds */
    CONFIG_COUNT,  /* guint */
    CONFIG_CHOICE, /* an enum whose values are the places in `choices` */
    CONFIG_STRING, /* char *, owned */
    CONFIG_LIST,   /* GPtrArray of structs, owned: in the file a list of groups */
} ConfigType;

/* One key of the file. A new key is a row in config.c and a field in Config. */
typedef struct ConfigKey ConfigKey;

struct ConfigKey {
    const char *section;
    const char *name;
    ConfigType type;
    const char
        *default_text;    /* the default as it stands in the file, a string without its quotes */
    gint64 min, max;      /* of a number; of a string the greatest length in bytes */
    gboolean zero_is_off; /* 0 is allowed too, below the minimum */
    gboolean is_secret;   /* no message repeats what the file says */
    const char *const *choices; /* ends in NULL */
    gsize offset;               /* of the field in Config */
    const char *comment;        /* one sentence or more, in lines for the sample */
    const ConfigKey *elements;  /* of a list: the keys of one group, ends in a row without a name */
    gsize element_size;         /* of a list: of one struct */
};

typedef struct {
    const char *name;
    const char *comment;
} ConfigSection;

/* Both end in a row without a name. The keys of a section stand together, in the order of the
 * sections. */
extern const ConfigSection config_sections[];
extern const ConfigKey config_keys[];

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);

typedef enum {
    CONFIG_ERROR_SYNTAX, /* the file is not libconfig's language, or says a key twice */
    CONFIG_ERROR_VALUE,  /* a value that its key does not allow */
} ConfigError;

/* The defaults. Owned by the caller. */
Config *config_new(void);
void config_free(Config *config); /* NULL is fine */

/* Reads the file at path into config: what the file leaves out has its default, whatever config
 * said before. On FALSE config is as it was and error names the file, the line, the key, its value
 * and what is allowed (CONFIG_ERROR), or says why the file could not be read (G_FILE_ERROR). A file
 * that is not there leaves the defaults. Appends owned texts to warnings: that missing file, and
 * keys and sections that nobody knows. */
gboolean config_load(Config *config, const char *path, GPtrArray *warnings, GError **error);

/* The value of one key as it would stand in the file. Owned by the caller. */
char *config_show(const Config *config, const ConfigKey *key);
/* What a key allows, for people: `a duration of 100 to 180000 ms`. Owned by the caller. */
char *config_allowed(const ConfigKey *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)
