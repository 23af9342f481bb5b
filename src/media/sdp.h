/* What the media layer must know of a session description: its m-lines, in their order, which is
 * how Janus counts streams. A reader, not a checker: Janus has parsed the text before. */
#pragma once

#include <glib.h>

/* How many m-lines of a description are looked at; media of later ones is not relayed. */
#define SDP_LINES 32

typedef enum {
    LINE_AUDIO,
    LINE_VIDEO,
    LINE_DATA, /* a data channel's */
    LINE_OTHER,
} LineKind;

#define LINE_KINDS (LINE_OTHER + 1)

/* "audio", "video", "data", "other"; static. */
const char *line_kind_name(LineKind kind);

typedef struct {
    LineKind kind;
    gboolean is_on;        /* not rejected: its port is not 0 */
    gboolean is_sent;      /* who wrote the description sends here */
    gboolean is_received;  /* and receives */
    gboolean is_simulcast; /* sends more than one quality */
    guint rid_id;          /* of the RTP header extension that says which quality; 0: none */
    guint repaired_rid_id; /* the same of what is sent again */
    gint payload_type;     /* of the codec that is preferred; -1: none */
    char codec[16];        /* its name in lower case; "" when there is none */
    char mid[33];          /* "" when it has none, or one that no browser makes */
    char *fmtp;            /* the codec's parameters, or NULL */
} SdpLine;

/* Immutable, counted by reference: threads share it. */
typedef struct {
    gatomicrefcount refs;
    guint count;
    SdpLine lines[SDP_LINES];
} SdpFacts;

/* NULL when the text has no m-line, or one that is none. What goes beyond SDP_LINES is left out. */
SdpFacts *sdp_facts_read(const char *sdp);
SdpFacts *sdp_facts_ref(SdpFacts *facts);
void sdp_facts_unref(SdpFacts *facts); /* NULL is fine */

/* An answer to `offer` without what the offer says of simulcast (Janus takes it out of what it passes
 * on): a new text with the extensions that say which quality a packet is of, where the answerer
 * receives a line whose offerer sends several. Owned by the caller. */
char *sdp_accept_simulcast(const char *answer, const SdpFacts *offer);

/* The line of that index; NULL where there is none. `facts` may be NULL. */
const SdpLine *sdp_facts_line(const SdpFacts *facts, gint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SdpFacts, sdp_facts_unref)
