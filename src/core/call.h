/* A live call: its two parties, its open legs, its present record. */
#pragma once

#include <glib.h>

#include "core/deadline.h"
#include "core/media.h"
#include "core/record.h"
#include "core/transition.h"
#include "core/user.h"

/* How a call is looked up: by one of its parties and the id. */
typedef struct {
    const User *user;
    const char *call_id; /* borrowed from the record's facts */
} CallKey;

guint call_key_hash(gconstpointer key);
gboolean call_key_equal(gconstpointer a, gconstpointer b);

typedef enum {
    LEG_CALLING, /* the caller's device, before the answer */
    LEG_RINGING, /* a device of the callee that was told */
    LEG_IN_CALL, /* one of the two, after the answer */
} LegState;

/* An open leg. It closes with exactly one closing event, or silently when its device goes (section
 * 3). */
typedef struct {
    Device *device;
    LegState state;
    gboolean is_alerting; /* it said call:ringing */
    gboolean says_so;     /* it did in an earlier call: if it does not now, it may sleep */
} Leg;

typedef struct Call Call;

/* One side's part in the media of an accepted call: whoever showed its token last. */
typedef struct {
    Call *call;
    Side side;
    GRefString *token;    /* NULL: the call's mode has none, or it was not answered yet */
    Address *address;     /* of the media handle, or NULL */
    gboolean is_up;       /* its PeerConnection is there */
    gboolean was_up;      /* this handle's or an earlier one's was once */
    gint64 down_since_us; /* when it was there last, if it was and is not */
    guint stale_answers;  /* that may come and that nobody waits for any more */
} Seat;

/* Offers and answers take turns. */
typedef struct {
    gboolean is_pending; /* an offer went to `answering`, its answer has not come */
    Side answering;
    gboolean is_silent;   /* the answer is not passed on: who offered has one */
    gboolean is_outdated; /* nor is this one: the callee joined anew, its offer comes after it */
    GRefString *offer;    /* the callee's latest, or NULL: for a caller's device that joins late */
    gboolean is_wanted;   /* the callee waits for the answer to it */
} Negotiation;

struct Call {
    Deadline deadline; /* DEADLINE_CALL */
    CallKey caller_key;
    CallKey callee_key;
    User *caller;
    User *callee;
    /* What its parties live through. The record's status, but for a veiled call: that is rejected
     * for everybody except its caller, who believes that it rings. */
    CallState state;
    gboolean is_veiled;
    gboolean is_alerting; /* a device said that it rings: the caller was told */
    gboolean was_pushed;  /* the backend was asked to wake the callee: once is enough */
    Record *record;       /* the present revision */
    Trace *trace;         /* what happened so far: the record has it when it is kept */
    GArray *legs; /* of Leg, open; [0] is the caller's; after the answer [1] is the answering
                     device's */
    gint64 created_us;
    gint64 ring_end_us;
    gint64 accepted_us;
    Seat seats[SIDES]; /* relay and room, after the answer; in the order of the legs */
    Negotiation talk;
    GRefString *room; /* room, after the answer; or NULL */
    GRefString *pin;
    gboolean is_recorded;
    gboolean awaits_media;  /* not both sides' media was up yet */
    gboolean is_media_held; /* its timer stands still: a device is away */
    gint64 media_due_us;    /* when it is over, unless it stands still */
    gint64 media_left_us;   /* while it stands still: how long it would go on */
    Call *next_same;        /* live calls of this id, of other callers */
    Call *previous_same;
    guint place; /* in the hub's roster, unless it is veiled */
};

/* Takes over `record`. The legs are the caller's: one for `calling`. */
Call *call_new(User *caller, User *callee, Device *calling, Record *record, gint64 now_us);
/* Takes it out of its parties' lists and frees it; its deadline must have been taken out. */
void call_free(Call *call);

Leg *call_leg(const Call *call, guint i);
/* The open leg of a device, or NULL. */
Leg *call_leg_of(const Call *call, const Device *device);
/* A new leg of the callee; `state` LEG_RINGING, or LEG_IN_CALL for the device that answers. */
void call_add_leg(Call *call, Device *device, LegState state);
void call_drop_leg(Call *call, const Device *device);
/* The device at the other end of an accepted call. */
Device *call_other_device(const Call *call, const Device *device);

static inline const char *call_id(const Call *call)
{
    return call->record->facts->call_id;
}
