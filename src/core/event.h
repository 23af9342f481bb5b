/* Everything that can happen to the hub. An event carries its own time and whatever randomness it
 * needs. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/media.h"
#include "core/record.h"
#include "core/refusal.h"

typedef enum {
    /* Requests of an app or a backend (docs/protocol.md, section 2). */
    EVENT_REGISTER,
    EVENT_UNREGISTER,
    EVENT_INITIATE,
    EVENT_RINGING,
    EVENT_ACCEPT,
    EVENT_REJECT,
    EVENT_END,
    EVENT_SIGNAL,
    EVENT_UPDATE,
    EVENT_GET,
    EVENT_HISTORY,
    /* The same on a media handle: an address that is not registered (section 6). */
    EVENT_JOIN,
    EVENT_MEDIA,
    EVENT_CONFIGURE,
    /* The backend only (section 8). */
    EVENT_DISCONNECT,
    EVENT_RECORD,
    /* What nobody asks for. */
    EVENT_GONE,          /* the address went away; never the end of a call by itself */
    EVENT_TIMEOUT,       /* hub_deadline() has come */
    EVENT_PUSH_ANSWERED, /* how a backend answered to EFFECT_PUSH */
    EVENT_MEDIA_UP,      /* the PeerConnection of a media handle is there */
    EVENT_MEDIA_DOWN,    /* and is not any more */
    EVENT_MEDIA_FAILED,  /* what the call needs could not be made: it ends */
    EVENT_MEDIA_REPORT,  /* after the end: what there is to say of the media */
} EventKind;

#define EVENT_KINDS (EVENT_MEDIA_REPORT + 1)

/* The wire's name of a request ("call:accept"); "timeout" and "gone" for the rest. Static. */
const char *event_name(EventKind kind);

/* Strings are borrowed from the event for the step; the hub copies what it keeps. */
typedef struct {
    const char *token;        /* or NULL; the hub does not look at it */
    const char *user_id;      /* for the hub never NULL: the service has found out who it is */
    const char *device_id;    /* or NULL: the hub gives one, made of fresh_id */
    const char *display_name; /* or NULL */
    gint64 expires_in_us;     /* how long the registration lasts from this step on; 0: for ever */
    GPtrArray *ended; /* of Record, newest first: the user's calls that the store says ended a while
                         ago; or NULL */
    gboolean is_incomplete; /* the store could not be read */
} RegisterEvent;

typedef struct {
    const char *callee_id;
    const char *call_id; /* or NULL: the hub gives one, made of fresh_id */
    const char *data;    /* JSON text, or NULL */
    Media media;
    gboolean has_mode;
    Mode mode; /* without has_mode the configured one */
    const char
        *why_no_mode;  /* there can be no new call of that mode: the text that says why; or NULL */
    gint64 timeout_ms; /* 0: the configured ring */
    gboolean is_store_full; /* no new call may begin: its record would have no room */
} InitiateEvent;

/* ringing, accept, reject, end, signal, update, get */
typedef struct {
    const char *call_id;
    const char *reason; /* or NULL */
    const char *data;   /* JSON text, for signal and update */
    Cause cause;        /* for reject: declined or busy */
} AboutCallEvent;

/* call:join, and call:media, whose token is NULL: the handle has joined. */
typedef struct {
    const char *call_id;
    const char *token;
    Jsep jsep;
} JoinEvent;

/* An operator wants it recorded from now on, or no more. */
typedef struct {
    const char *call_id;
    gboolean is_on;
} RecordEvent;

/* The hub says whose history it may be; the store finds it. */
typedef struct {
    guint limit;         /* 1 to 100 */
    const char *before;  /* opaque cursor, or NULL */
    const char *peer_id; /* or NULL */
    gboolean has_status;
    CallState status;
    gboolean missed; /* I was called, and it ended as timeout, cancelled, or rejected with busy */
} HistoryEvent;

typedef struct {
    const char *user_id;
    const char *device_id; /* or NULL: all of the user's */
} DisconnectEvent;

/* Which call's push, and who answered how. */
typedef struct {
    const char *caller_id;
    const char *call_id;
    gint64 created_ms;
    const char *endpoint;
    guint status; /* of HTTP; 0: no answer */
} PushEvent;

/* Which call's media, for EVENT_MEDIA_FAILED and EVENT_MEDIA_REPORT. */
typedef struct {
    const char *caller_id;
    const char *call_id;
    gint64 created_ms;
    const char *report; /* JSON text of an object: numbers and recordings */
} MediaReportEvent;

/* What nobody can guess, for an accept: needed for relay and room. */
typedef struct {
    const char *tokens[SIDES];
    const char *room; /* decimal digits, of at most 53 bits */
    const char *pin;
} MediaSecrets;

typedef struct {
    EventKind kind;
    gint64 now_us;  /* monotonic; never less than that of an earlier event */
    gint64 wall_ms; /* Unix time, for people and records */

    /* Who: an app's device is known by its address. A backend has none and names the user it acts
     * for. */
    Address *from;
    const char *as_user;
    const char
        *as_device; /* with as_user, for EVENT_INITIATE: the registered device that shall call */
    gboolean is_operator; /* for nobody: as_user is only the caller of the call that it means, or
                             NULL where the id says enough */

    /* A request whose fields were bad: refused with this once it is known that the sender may ask
     * at all. */
    struct {
        Refusal refusal;
        const char *text;
        gint64 retry_after_us; /* 0: waiting does not help */
    } fault;

    /* The same request once more, now with what the store had to say: it was counted. */
    gboolean is_counted;

    /* The call that an initiate, or a request about a call, names by its id, as the store has it;
     * NULL when it was not looked for or is not there. What memory knows counts more. */
    Record *stored;

    /* Unguessable and time-ordered, of callId characters; needed where an id has to be made. At
     * most 32 bytes. */
    const char *fresh_id;
    MediaSecrets secrets; /* of EVENT_ACCEPT */

    union {
        RegisterEvent reg;
        InitiateEvent initiate;
        AboutCallEvent about;
        HistoryEvent history;
        DisconnectEvent disconnect;
        PushEvent push;
        JoinEvent join; /* and of EVENT_MEDIA */
        MediaWish configure;
        RecordEvent record;
        MediaReportEvent media; /* of EVENT_MEDIA_FAILED and EVENT_MEDIA_REPORT */
    };
} Event;

/* The callId that the request of an app or a backend names; NULL when it names none. */
const char *event_call_id(const Event *event);
