/* What is known of a call at one moment: the immutable snapshot that replies, events, the store and
 * the backend share. */
#pragma once

#include <glib.h>

#include "core/state.h"
#include "core/trace.h"

typedef struct {
    gboolean audio;
    gboolean video;
} Media;

typedef enum {
    MODE_NONE,
    MODE_P2P,
    MODE_RELAY,
    MODE_ROOM,
} Mode;

#define MODES (MODE_ROOM + 1)

const char *mode_name(Mode mode);
gboolean mode_parse(const char *name, Mode *mode);

/* What the initiate said, for good. Reference-counted (threads share it), never changed once it is
 * in a record. */
typedef struct {
    GRefString *call_id;
    GRefString *caller_id;
    GRefString *caller_device; /* NULL when not known */
    GRefString *caller_name;   /* the displayName, or NULL */
    GRefString *callee_id;
    GRefString *data; /* JSON text as it came, or NULL */
    Media media;
    Mode mode;
    gint64 created_ms; /* Unix time */
    gint64 ring_ms;    /* how long it may ring */
} CallFacts;

CallFacts *call_facts_new(void);
CallFacts *call_facts_ref(CallFacts *facts);
void call_facts_unref(CallFacts *facts);

/* What the caller believes of a call that was busy, while presence is hidden: it rings until the
 * ring's end. */
typedef struct {
    gboolean is_set;
    CallState status;
    Cause cause;
    guint rev;
    gint64 ended_ms; /* 0 while it rings */
    GRefString *ended_by;
    GRefString *reason;
} Veil;

/* One revision of a call. Reference-counted (threads share it) and immutable once it was handed
 * out: the next revision is a record_next(). Times are Unix ms, 0 for "not yet". */
typedef struct {
    CallFacts *facts;
    CallState status;
    Cause cause;
    guint rev;
    gint64 ringing_ms; /* the first call:incoming went out */
    gint64 accepted_ms;
    gint64 ended_ms;
    gint64 duration_ms; /* accept to end, monotonic; meaningful when both times are there */
    GRefString *reason;
    GRefString *answered_by; /* deviceId */
    GRefString *ended_by;    /* userId */
    Veil veil;
    Trace *trace;             /* or NULL */
    GRefString *media_report; /* JSON text of an object: what was relayed, and recorded; or NULL */
} Record;

/* A first revision: ringing, rev 1. Takes a reference to the facts. */
Record *record_new(CallFacts *facts);
/* A copy to change before it is handed out; its rev is the old one. */
Record *record_next(const Record *record);
/* When it got its present status, in Unix time. */
gint64 record_status_ms(const Record *record);
Record *record_ref(Record *record);
void record_unref(Record *record); /* NULL is fine */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CallFacts, call_facts_unref)

/* Puts a string into a record or facts that nobody shares yet. NULL is fine. */
void ref_string_set(GRefString **field, const char *text);
/* One more reference; NULL is fine. */
GRefString *ref_string_share(GRefString *text);

/* Whose eyes look at a record. */
typedef enum {
    VIEW_FULL,          /* the callee, the backend */
    VIEW_CALLER,        /* the caller, presence shown */
    VIEW_CALLER_MASKED, /* the caller, presence hidden (docs/protocol.md, section 5) */
} View;

/* What such eyes may see; strings are borrowed from the record. Facts are the same for all. */
typedef struct {
    CallState status;
    Cause cause;
    guint rev;
    gint64 ringing_ms;
    gint64 accepted_ms;
    gint64 ended_ms;
    gint64 duration_ms; /* -1 when there is none */
    const char *reason;
    const char *answered_by;
    const char *ended_by;
} RecordView;

RecordView record_view(const Record *record, View view);
/* The view of one party: full for everybody but the caller. */
View record_view_of_user(const Record *record, const char *user_id, gboolean reveal_presence);
