/* Everything the hub wants done after a step, in the order in which it must be carried out. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/event.h"
#include "core/media.h"
#include "core/record.h"
#include "core/refusal.h"

/* Events to an app (docs/protocol.md, section 3). */
typedef enum {
    MESSAGE_INCOMING,
    MESSAGE_OUTGOING,
    MESSAGE_RINGING,
    MESSAGE_ACCEPTED,
    MESSAGE_REJECTED,
    MESSAGE_TIMEOUT,
    MESSAGE_ENDED,
    MESSAGE_PEER,
    MESSAGE_SIGNAL,
    MESSAGE_UPDATED,
    MESSAGE_MEDIA,
    MESSAGE_REPLACED,
    MESSAGE_UNREGISTERED,
} MessageKind;

#define MESSAGES (MESSAGE_UNREGISTERED + 1)

const char *message_name(MessageKind kind);

/* One event to one device. Owns references to its record and strings, so it outlives the lock; it
 * is a plain value: who moves it leaves an empty one behind; end it with message_clear(). */
typedef struct {
    MessageKind kind;
    View view;             /* whose eyes: the record's words are chosen by it */
    Record *record;        /* NULL for REPLACED and UNREGISTERED */
    gint64 timestamp_ms;   /* Unix time of the step */
    gint64 expires_in_ms;  /* INCOMING, OUTGOING */
    CallState status;      /* ENDED: a sibling's leg may close while the call lives */
    Cause cause;           /* ENDED, REJECTED, TIMEOUT, UNREGISTERED */
    gboolean is_connected; /* PEER: connected or reconnecting */
    GRefString *device_id; /* RINGING, ACCEPTED, REJECTED: the callee's device, or NULL */
    GRefString *from;      /* SIGNAL, UPDATED: userId of the sender */
    GRefString *data;      /* SIGNAL, UPDATED: JSON text */
    Join join;             /* ACCEPTED */
    JsepKind jsep_kind;    /* MEDIA */
    GRefString *jsep;      /* MEDIA: JSON text, for the door: no part of the event's own JSON */
    GRefString *to_user;   /* whom it is for, for the log */
    GRefString *to_device;
} Message;

void message_clear(Message *message);
void message_free(Message *message);

/* What a record's new revision means to the backend and the store. */
typedef enum {
    CHANGE_CREATED,
    CHANGE_ACCEPTED,
    CHANGE_CLOSED,
    CHANGE_TOUCHED, /* nothing that the backend is told of: ringingAt, what the caller believes */
} Change;

/* One call of a reply's list: a snapshot of `call:register`, or a record of `call:history`. */
typedef struct {
    Record *record; /* owned */
    View view;
    gint64 expires_in_ms; /* -1 when it does not ring */
    Join join;            /* for the two devices in an accepted call */
    gboolean is_live;     /* for this user (a veiled call is, for its caller only) */
    gboolean is_caller;
} Snapshot;

/* A record of a list, owned; takes a reference to the record. For a snapshot fill in the rest. */
Snapshot *snapshot_new(Record *record, View view);
/* A new list that owns its Snapshots. */
GPtrArray *snapshots_new(void);

/* The answer to a request: the last effect of its step. Owns what it points to. */
typedef struct {
    EventKind request;
    Refusal refusal;
    char *text;     /* of a refusal, for people; owned */
    Record *record; /* of the call that it is about, or NULL */
    View view;
    gboolean is_operators; /* for a backend's own eyes, which see more than any user's */
    gint64 wall_ms;        /* of the step */

    GRefString *user_id; /* register: who the asker is now; history, not found: whose calls */
    GRefString *device_id;
    GPtrArray *calls;     /* register, history: of Snapshot, newest first */
    char *next;           /* history: cursor */
    gboolean is_complete; /* register: the list holds all */

    gint64 expires_in_ms;    /* initiate: of the ring; register: of the registration; -1 */
    guint devices;           /* initiate: how many were rung */
    GRefString *replaced;    /* initiate: the older call that it ended */
    Record *other;           /* glare: the callee's call */
    gint64 retry_after_ms;   /* rate limits: 0 when waiting does not help */
    Join join;               /* accept */
    gboolean is_recorded;    /* record: from now on */
    gboolean is_undelivered; /* signal, update: the other device is away */
    gboolean is_elsewhere;   /* not found in memory; the store may know */
    gboolean is_not_durable; /* the commit was not seen in time, or the store keeps nothing */
} Reply;

void reply_clear(Reply *reply);

typedef enum {
    EFFECT_SEND,   /* `message` to the address `to` */
    EFFECT_MISSED, /* `message` was for a device that is away */
    EFFECT_RECORD, /* keep `record`, tell the backend of `change` */
    EFFECT_PUSH,   /* ask the backend to wake the callee of `record`, or to stop that */
    EFFECT_MEDIA,  /* `order` to whoever carries the media */
} EffectKind;

typedef struct {
    EffectKind kind;
    Address *to; /* borrowed: valid for as long as the hub's lock is held after the step */
    Change change;
    Record *record;
    gboolean is_stop;     /* of a push */
    gint64 expires_in_ms; /* of a push: of the ring */
    union {
        Message message;  /* SEND, MISSED */
        MediaOrder order; /* MEDIA */
    };
} Effect;

/* As many as most steps have. */
#define USUAL_EFFECTS 4

typedef struct {
    guint count;
    Effect few[USUAL_EFFECTS]; /* the first of them */
    GArray *more;              /* of Effect: the others, or NULL */
    gboolean has_reply;        /* TRUE after every request */
    Reply reply;
} Effects;

void effects_init(Effects *effects);
/* Forgets all effects, so that the next step can use it. */
void effects_reset(Effects *effects);
void effects_clear(Effects *effects);

Effect *effects_at(const Effects *effects, guint i);

/* For the verbs. effects_send() takes over what `message` owns; `to` NULL makes it EFFECT_MISSED.
 */
void effects_send(Effects *effects, Address *to, Message *message);
void effects_record(Effects *effects, Change change, Record *record);
void effects_push(Effects *effects, Record *record, gboolean is_stop, gint64 expires_in_ms);
/* Takes over what `order` owns. */
void effects_media(Effects *effects, MediaOrder *order);
/* Starts the reply to `event`; fill in the rest. */
Reply *effects_reply(Effects *effects, const Event *event);
/* A refusal about no call. */
Reply *effects_refuse(Effects *effects, const Event *event, Refusal refusal, const char *text);
/* One that waiting helps against. */
void effects_refuse_for_now(Effects *effects, const Event *event, Refusal refusal, const char *text,
                            gint64 retry_after_us);
/* What the event says of itself. */
void effects_refuse_fault(Effects *effects, const Event *event);
