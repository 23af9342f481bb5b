/* What an onlooker believes of the hub who knows the protocol, the events, the effects and the replies, and never looks
 * inside. Plain arrays, made for a few users and one short schedule. */
#pragma once

#include "core/hub.h"

/* The core compares addresses and never looks into one; to the simulation it is a handle with a number. */
struct Address {
    guint number;
};

#define USERS_MOST 5
#define DEVICES_MOST 32 /* of one user, those in grace included */
#define CALLS_MOST 512  /* of one schedule */
#define LIVE_MOST 64
#define ENDED_MOST (2 * CALLS_MOST)
#define EARLY_ENDS_MOST 16
#define NAME_BYTES 40

typedef struct {
    guint user;
    char id[NAME_BYTES];
    char name[NAME_BYTES]; /* displayName, or "" */
    gboolean is_nameless;
    Address *address; /* NULL while away */
    gint64 away_since_us;
    gint64 expires_us;    /* its token's end; G_MAXINT64 */
    gint64 kept_until_us; /* away, for a call or for nothing */
    gboolean is_expired;  /* present, for the call that it is in only */
    gboolean says_ringing;
} SeenDevice;

typedef struct {
    char call_id[NAME_BYTES];
    gint64 at_us;
} SeenEarlyEnd;

/* Tokens times the period's microseconds, so that nothing is rounded; it fills up as time goes by. */
typedef struct {
    gint64 level;
    gint64 at_us;
    gboolean is_used;
} SeenBucket;

typedef struct {
    char id[NAME_BYTES];
    SeenBucket requests;
    SeenBucket relayed;
    SeenBucket calls[USERS_MOST];      /* to each of the users */
    SeenDevice *devices[DEVICES_MOST]; /* in the order in which they came */
    guint device_count;
    SeenEarlyEnd early_ends[EARLY_ENDS_MOST]; /* oldest first */
    guint early_end_count;
} SeenUser;

typedef enum {
    SEEN_CALLING,
    SEEN_RINGING,
    SEEN_IN_CALL,
} SeenLegState;

typedef struct {
    SeenDevice *device;
    SeenLegState state;
    gboolean is_alerting;
    gboolean says_so;
} SeenLeg;

/* One side's part in the media of an accepted call. */
typedef struct {
    char token[NAME_BYTES];
    Address *address; /* of who showed it last, or NULL */
    gboolean is_up;
    gboolean was_up;
    gint64 down_since_us;
    guint stale_answers; /* to offers that were overtaken: they may come */
} SeenSeat;

/* Whose turn it is. */
typedef struct {
    gboolean is_pending;
    Side answering;
    gboolean is_silent;     /* the answer is for nobody */
    gboolean is_outdated;   /* nor is this one, and `offer` goes to who gave it */
    char offer[NAME_BYTES]; /* the callee's latest, or "" */
    gboolean is_wanted;     /* the callee waits for an answer to it */
} SeenTalk;

typedef struct {
    char id[NAME_BYTES];
    CallFacts *facts; /* from the first record on: tells calls apart whose ids are equal; owned */
    Record *record;   /* the last that was kept: what a store has; owned */
    guint caller;
    guint callee;
    CallState state; /* what its parties live through; of a veiled call, what its caller believes */
    gboolean is_live;
    gboolean is_veiled;
    gboolean is_alerting; /* the caller was told that it rings */
    gboolean was_pushed;  /* the backend was asked to wake the callee */
    gboolean is_pushed;   /* and not yet to stop */
    RecordView truth;
    RecordView belief; /* the caller's, when it is veiled */
    char answered_by[NAME_BYTES];
    gint64 created_us;
    gint64 ring_ms;
    gint64 accepted_us;
    Mode mode;
    SeenSeat seats[SIDES]; /* in the order of the legs */
    SeenTalk talk;
    char room[NAME_BYTES];
    gboolean is_recorded;
    gboolean awaits_media; /* not both sides' media was up yet */
    gint64 media_left_us;  /* until it has to be, */
    gint64 media_at_us;    /* counted from then on; while a device is away it stands still */
    gboolean is_media_held;
    SeenLeg legs
        [DEVICES_MOST]; /* open; [0] is the caller's, after the answer [1] the answering device's */
    guint leg_count;
} SeenCall;

typedef struct {
    guint user;
    SeenCall *call;
    gint64 ended_us;
    gboolean is_kept; /* in memory; a store has it for good */
} SeenEnded;

typedef struct {
    HubSettings settings;
    gint64 now_us;
    gint64 wall_ms;
    SeenUser users[USERS_MOST];
    guint user_count;
    SeenDevice devices[USERS_MOST * DEVICES_MOST];
    guint8 device_used[USERS_MOST * DEVICES_MOST];
    SeenCall *calls; /* CALLS_MOST of them */
    guint call_count;
    SeenCall *live[LIVE_MOST];
    guint live_count;
    SeenEnded ended[ENDED_MOST]; /* oldest first */
    guint ended_first;           /* of none before it is_kept */
    guint ended_end;
    guint ended_count; /* how many are kept */
    GHashTable *spent; /* of Address: who had a seat, and has not gone since */
} Model;

Model *model_new(void);
void model_free(Model *model);
/* Empty, with these settings. */
void model_reset(Model *model, const HubSettings *settings, guint user_count);
/* Time goes on: what memory keeps for a while becomes too old. */
void model_advance(Model *model, gint64 now_us, gint64 wall_ms);

/* How many of the remembered calls will be too old, or too many, at that time. */
guint model_overdue(const Model *model, gint64 now_us);

/* The index of a user, or -1. */
int model_user(const Model *model, const char *user_id);
SeenDevice *model_device(const Model *model, guint user, const char *device_id);
SeenDevice *model_device_at(const Model *model, const Address *address);
gboolean model_is_present(const SeenDevice *device);
guint model_registered_users(const Model *model);
guint model_present_devices(const Model *model, guint user);
SeenDevice *model_nameless_away(const Model *model, guint user);
SeenDevice *model_add_device(Model *model, guint user, const char *device_id, gboolean is_nameless);
void model_remove_device(Model *model, SeenDevice *device);
guint model_devices(const Model *model);
guint model_away(const Model *model);

/* A party's call, live for it or remembered; NULL when there is none. */
SeenCall *model_call(const Model *model, guint user, const char *call_id);
/* The same in a store that forgets nothing: what has ended for this user. */
SeenCall *model_stored_call(const Model *model, guint user, const char *call_id);
gboolean model_is_party(const SeenCall *call, guint user);
/* Whether it is live for this user: a veiled call is for its caller only. */
gboolean model_is_live_for(const SeenCall *call, guint user);
guint model_live_calls(const Model *model, guint user);
SeenCall *model_add_call(Model *model, const char *call_id, guint caller, guint callee);
void model_retire_call(Model *model, SeenCall *call);
View model_view(const Model *model, const SeenCall *call, guint user);
/* What this user may see of the call now. */
RecordView model_sight(const Model *model, const SeenCall *call, guint user);

/* The seat of a token, or of who joined there; NULL. `*of` is its call. */
SeenSeat *model_seat_of_token(const Model *model, const char *token, SeenCall **of);
SeenSeat *model_seat_at(const Model *model, const Address *address, SeenCall **of);
gboolean model_has_lost_media(const SeenSeat *seat);
/* The other device was told that it is not there. */
gboolean model_is_absent(SeenCall *call, const SeenDevice *device);

SeenLeg *model_leg(SeenCall *call, const SeenDevice *device);
void model_add_leg(SeenCall *call, SeenDevice *device, SeenLegState state);
void model_drop_leg(SeenCall *call, const SeenDevice *device);
/* A call that stands or falls with the device, or NULL. */
SeenCall *model_own_call(const Model *model, const SeenDevice *device);

void model_remember(Model *model, guint user, SeenCall *call);
void model_remember_early_end(Model *model, guint user, const char *call_id);
gboolean model_take_early_end(Model *model, guint user, const char *call_id);

/* Takes tokens out, or says for how long to wait. */
gint64 model_take(const Model *model, SeenBucket *bucket, const Rate *rate, gint64 tokens);

/* When a live call's next timer runs out, and which: the table of section 5. */
typedef struct {
    gint64 at_us;
    CallState to;
    Cause cause;
    gboolean is_push; /* nothing closes */
} SeenDue;

SeenDue model_due(const Model *model, const SeenCall *call);
gint64 model_device_due(const SeenDevice *device);
/* The earliest of all. */
gint64 model_deadline(const Model *model);
