/* The shell around the core: one lock, ordered delivery, the timer thread, the store. Doors call
 * it; it knows none of them. Every function may be called by any thread. */
#pragma once

#include <glib.h>

#include "core/hub.h"
#include "core/look.h"
#include "ports/auth.h"
#include "ports/backend.h"
#include "ports/delivery.h"
#include "ports/media.h"
#include "ports/notifier.h"
#include "ports/store.h"
#include "service/gate.h"
#include "service/peer.h"

typedef struct Service Service;

typedef struct {
    HubSettings hub;
    ConnectionRates rates;
    Auth *auth;               /* taken over; NULL believes what the events say */
    Store *store;             /* taken over */
    const Notifier *notifier; /* or NULL */
    gpointer notifier_self;
    gint64 store_wait_us;      /* how long a reply waits for its commit */
    guint max_waiting_replies; /* and how many at a time */
    gint64 keep_ms;            /* how long the store keeps an ended call; 0 is for ever */
    const Backend *backend;    /* or NULL */
    gpointer backend_self;
    const MediaPort *media; /* or NULL: no call is relayed, none has a room */
    gpointer media_self;
    gint64 outbox_ms;  /* how long the outbox keeps what the backend does not take */
    guint outbox_rows; /* and how much of it; 0: there is no outbox */
    gint64 probe_us;   /* how often an ill store is asked whether it is well; 0 is 1 s */
} ServiceOptions;

/* Starts the threads. */
Service *service_new(const ServiceOptions *options);
/* The doors must be shut: no call under way, none to come, and every service_request_then() is
 * done. Stops the threads, writes what is left,
 * frees it. */
void service_free(Service *service);

/* A connection begins as a peer_new(), which the hub learns of by its call:register. It went away,
 * for good; repeats are fine. Whatever is under way for it changes nothing any more.
 * Takes the reference. */
void service_disconnect(Service *service, Peer *peer);

/* Carries out one request: steps the hub, delivers what others are told, and only then answers.
 * `peer` is NULL for a backend, whose event says for whom it acts. Fills in the event's time,
 * address and fresh id, and who a call:register comes from (no longer valid when it returns), and
 * `reply`, which the caller ends with reply_clear(). */
void service_request(Service *service, Peer *peer, Event *event, Reply *reply);

/* The same for a door that must not wait. The step is made and what others are told is handed over by
 * the calling thread, unless the store has to be read first or an order to the media layer waits, be it another's: then by
 * a thread of the service's. (One that is put at the very moment may be carried out by the calling thread all the same, as
 * by service_disconnect(): about a millisecond, for a room.)
 * Requests of one peer are stepped in the order in which they come; those that only read
 * (call:history, call:get of what memory does not have) let others pass once they are stepped.
 * `done` is called once, by any thread, maybe before this returns: when the record is in the store,
 * or after store_wait at the latest. It takes over the reply. Until then the event and what it borrows
 * must stay. */
typedef void (*ReplyDone)(Reply *reply, gpointer data);

void service_request_then(Service *service, Peer *peer, Event *event, ReplyDone done,
                          gpointer data);

/* From now on with these settings of auth. FALSE: everything is as before. */
gboolean service_reload_auth(Service *service, const AuthSettings *settings, GError **error);

/* Its store, to read from; borrowed. */
Store *service_store(const Service *service);
/* How the backend answered to a push. */
void service_push_answered(Service *service, const PushEvent *push);
/* The PeerConnection of a media handle is there (Janus's setup_media), or is not any more. None
 * of these four from within MediaPort.carry_out(). */
void service_media_up(Service *service, Peer *peer);
void service_media_down(Service *service, Peer *peer);
/* An order for this call could not be carried out, so that it cannot have media: it ends. */
void service_media_failed(Service *service, const MediaReportEvent *which);
/* After MEDIA_ORDER_END: what there is to say. Into the call's record, for backends. */
void service_media_report(Service *service, const MediaReportEvent *report);
/* The backend took these events of the outbox, or never will. */
void service_settle(Service *service, const gint64 *ids, guint count);

/* How many events wait in the outbox, and how many were dropped for its bounds. */
void service_outbox_stats(Service *service, guint *waiting, guint64 *dropped);
void service_stats(Service *service, HubStats *stats);

/* What a store that lasts was given; all 0 for one in memory. */
typedef struct {
    guint64 records;
    guint64 commits; /* in which they went */
    guint waiting;   /* not committed yet */
    gboolean is_ill;
} StoreStats;

void service_store_stats(Service *service, StoreStats *stats);

/* The next users with a device, or live calls (core/look.h), at most `limit`, from a place on: 0 at
 * first. Returns the place to go on from, 0 when all were listed. The lock is opened again and again
 * meanwhile, so however long the list is, no call waits for it. */
guint service_look_at_users(Service *service, guint from, guint limit, GPtrArray *users);
guint service_look_at_calls(Service *service, guint from, guint limit, GPtrArray *calls);
void service_look_at_user(Service *service, const char *user_id, GPtrArray *users,
                          GPtrArray *calls);

/* Copies what is known of the device at a peer; free the strings. FALSE when it is not registered.
 */
typedef struct {
    char *user_id;
    char *device_id;
    guint live_calls;
} PeerInfo;

gboolean service_peer_info(Service *service, const Peer *peer, PeerInfo *info);
void peer_info_clear(PeerInfo *info);

const HubSettings *service_hub_settings(const Service *service);
