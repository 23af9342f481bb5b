/* What must come out of a step, said from docs/protocol.md and from the model alone. */
#pragma once

#include "model.h"

#define SAID_MOST 128
#define KEPT_MOST 64
#define PUSHED_MOST 64
#define ORDERED_MOST 64

/* One event to one device. */
typedef struct {
    MessageKind kind;
    Address *to; /* NULL: it is away and misses the event */
    guint user;
    char device_id[NAME_BYTES]; /* whom it is for */
    SeenCall *call;             /* or NULL */
    View view;
    RecordView sight; /* what the event's record shows to that device */
    gint64 expires_in_ms;
    CallState status;
    Cause cause;
    gboolean is_connected;
    char about[NAME_BYTES]; /* a deviceId in the event, or "" */
    int from;               /* a user, or -1 */
    const char *data;
    JsepKind jsep_kind;
    char jsep[NAME_BYTES]; /* of call:media */
    gboolean was_seen;
} Said;

/* A revision that the backend and the store are told of. */
typedef struct {
    SeenCall *call;
    Change change;
    RecordView truth;
    RecordView belief;
    gboolean was_seen;
} Kept;

/* What the backend is asked: to wake a callee, or to stop that. */
typedef struct {
    SeenCall *call;
    gboolean is_stop;
    gint64 expires_in_ms;
    gboolean was_seen;
} Pushed;

/* What the media layer is told; the order binds for each call. */
typedef struct {
    MediaOrderKind kind;
    SeenCall *call;
    Address *joined[SIDES];
    Address *at;
    gboolean is_recorded;
    gint video; /* of a configure */
    gboolean was_seen;
} Ordered;

typedef struct {
    Said said[SAID_MOST];
    guint said_count;
    Kept kept[KEPT_MOST];
    guint kept_count;
    Pushed pushed[PUSHED_MOST];
    guint pushed_count;
    Ordered ordered[ORDERED_MOST];
    guint ordered_count;

    gboolean is_answered; /* it is a request */
    Refusal refusal;
    SeenCall *call; /* that the reply is about, or NULL */
    View view;
    RecordView sight;
    gint64 expires_in_ms; /* of the ring, or of the registration */
    gint64 retry_after_ms;
    guint devices;
    SeenCall *replaced;
    SeenCall *other;
    gboolean is_undelivered;
    gboolean is_elsewhere;
    int user; /* register, get, history: who the asker is; -1 */
    char device_id[NAME_BYTES];
} Expectation;

/* Lets the event happen to the model and says what must come out. The order of `said` binds for each (call, device). */
void expect(Model *model, const Event *event, Expectation *expectation);
