/* The Janus door: what the files of this folder share. It is the only code that knows Janus. */
#pragma once

#include <glib.h>
#include <janus/plugins/plugin.h>

#include "base/config.h"
#include "listener/listener.h"
#include "notify/webhooks.h"
#include "service/service.h"
#include "wire/join.h"

#define PLUGIN_PACKAGE "janus.plugin.call"
#define DAY_MS G_GINT64_CONSTANT(86400000)

/* One loaded plugin, from init() to destroy(). */
typedef struct {
    janus_callbacks *gateway;
    char *folder; /* of Janus's configuration files */
    Config *config;
    Service *service;
    JoinSettings join;  /* borrows from the configuration */
    Webhooks *webhooks; /* NULL when no endpoint is configured */
    Listener *listener; /* NULL when it is not enabled */

    GMutex lock;          /* guards each handle's plugin_handle and what is below */
    GCond idle;           /* no call is under way */
    GHashTable *sessions; /* handle -> Session, a reference each: the open ones */
    guint calls;          /* of Janus into us, under way */
    gboolean is_open;     /* between init() and destroy() */
} Door;

extern Door door;

/* The media of a handle that joined a call: media.h. */
typedef struct MediaHandle MediaHandle;

/* A Janus handle, ours as long as a queued event or the handle itself needs it. */
typedef struct {
    gatomicrefcount refs;
    janus_plugin_session *handle; /* a reference of Janus's, taken for us after create_session() */
    Peer
        *peer; /* the hub's address of it, which holds a reference to us; ours until it is closed */
    MediaHandle *media; /* atomic: NULL, or for the rest of its life; a reference */
} Session;

/* --- door.c: who is inside --- */

/* A call of Janus into us. FALSE when the door is shut: do nothing. Each TRUE needs a door_leave().
 */
gboolean door_enter(void);
void door_leave(void);
/* The same for a packet of a handle, with no lock: many come at the same time. */
gboolean door_enter_packet(const janus_plugin_session *handle);
void door_leave_packet(const janus_plugin_session *handle);
void door_open(void);
/* Shuts it, and returns when everybody has left and every session is closed. */
void door_shut(void);

/* --- session.c --- */

void session_create(janus_plugin_session *handle, int *error);
void session_destroy(janus_plugin_session *handle, int *error);
json_t *session_query(janus_plugin_session *handle);
/* The peer of a handle, with a reference, which also keeps the session; NULL when it was destroyed, be the pointer
 * what it may. */
Peer *peer_of(const janus_plugin_session *handle);
Session *session_ref(Session *session);
void session_unref(Session *session);
/* Its device went away. Once; repeats do nothing. */
void session_close(Session *session);

/* --- settings.c --- */

/* Reads the configuration from Janus's folder; NULL and an error when it is wrong. */
Config *read_config(const char *folder, GError **error);
HubSettings hub_settings(const Config *config);
/* Its strings are borrowed from the configuration. */
JoinSettings join_settings(const Config *config);
void join_settings_clear(JoinSettings *join);
ConnectionRates connection_rates(const Config *config);
/* Who is told of calls; `*webhooks` NULL when nobody is configured. FALSE, and a line in the log,
 * when that is wrong. */
gboolean open_webhooks(const Config *config, Webhooks **webhooks);
/* Opens the store, has it announce to the webhooks if there are any, and closes what a crash left
 * live; NULL, and a line in the log, when it cannot.
 */
Store *open_store(const Config *config, Webhooks *webhooks);
/* Borrows from the configuration. */
AuthSettings auth_settings(const Config *config);
/* The door beside Janus's, NULL in `*listener` when it is off. FALSE, and a line in the log, when it
 * cannot be opened. */
gboolean open_listener(const Config *config, Service *service, Listener **listener);
/* Who finds out who a device is; NULL, and a line in the log, when that cannot be. */
Auth *start_auth(const Config *config);

/* --- the rest: one file each --- */

struct janus_plugin_result *handle_message(janus_plugin_session *handle, char *transaction,
                                           json_t *message, json_t *jsep);
json_t *handle_admin_message(json_t *message);
/* Carries out one request of the protocol; `peer` is NULL for a backend. The answer is given away.
 */
json_t *answer_request(Peer *peer, json_t *body);

extern const Delivery janus_delivery; /* its connections are Sessions */
extern const Notifier janus_notifier;

/* The log lines that the users' guide looks for (docs/protocol.md, section 8). */
void log_request(const Event *event, const Reply *reply);
void log_sent(const Message *message);
void log_missed(const Message *message);

/* The plugin, as Janus gets it; push_event wants it. */
janus_plugin *create(void);
