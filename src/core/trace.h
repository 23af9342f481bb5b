/* The time line of one call: what happened at which device, and when; why a phone did not ring.
 *
 * A chain of entries that never change, newest first, each holding the one before: the revisions of
 * a record share what they have in common. Threads may share it. */
#pragma once

#include <glib.h>

typedef enum {
    TRACE_RUNG,          /* call:incoming went out to the device */
    TRACE_ALERTED,       /* the device said call:ringing */
    TRACE_DROPPED,       /* it went while it rang */
    TRACE_ANSWERED,      /* it took the call */
    TRACE_AWAY,          /* a device of the call lost its connection */
    TRACE_BACK,          /* and has it again */
    TRACE_PUSHED,        /* the backend was asked to wake the callee */
    TRACE_PUSH_ANSWERED, /* `who` is the endpoint; how: a status of HTTP, 0 for no answer */
    TRACE_PUSH_STOPPED,  /* the backend was told that the call rings no more */
    TRACE_MORE,          /* the last: what came later had no room */
} TraceKind;

#define TRACE_KINDS (TRACE_MORE + 1)
/* So many entries a call has at most. */
#define TRACE_MOST 64

typedef struct Trace Trace;

struct Trace {
    Trace *before; /* or NULL; a reference */
    gint64 at_ms;  /* since the call was made */
    TraceKind what;
    guint how;       /* of PUSH_ANSWERED */
    GRefString *who; /* deviceId or endpoint; NULL for nobody's */
    guint count;     /* of entries up to this one */
};

const char *trace_name(TraceKind what);

/* The chain with one entry more. Takes over `before` and `who`; either may be NULL. */
Trace *trace_add(Trace *before, gint64 at_ms, TraceKind what, GRefString *who, guint how);
Trace *trace_ref(Trace *trace); /* NULL is fine */
void trace_unref(Trace *trace); /* NULL is fine */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trace, trace_unref)

/* The entries, oldest first, borrowed from the chain. Free the array. */
GPtrArray *trace_entries(const Trace *trace);
/* The newest entry of a kind, or NULL. */
const Trace *trace_last(const Trace *trace, TraceKind what);

/* As text, a line for each: "AT NAME HOW WHO", oldest first; NULL for none. And back: FALSE for what
 * is no such text, and `*trace` as it was. */
char *trace_to_text(const Trace *trace);
gboolean trace_parse(const char *text, Trace **trace);
