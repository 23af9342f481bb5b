/* Numbers of one stream in one direction: how many packets, how many never came, how long the way
 * is. Not locked: who counts and who reads see to that. */
#pragma once

#include <glib.h>

/* Simulcast sends three at a time; an SSRC that is new takes the place of the oldest. */
#define COUNTER_SOURCES 3

/* The sequence numbers of one SSRC (RFC 3550, appendix A.1, without its probation). */
typedef struct {
    gboolean is_set;
    guint32 ssrc;
    guint16 highest;
    gint64 expected; /* first to highest */
    gint64 received;
} SequenceCount;

typedef struct {
    guint64 packets;
    guint64 bytes;
    gint64 lost_before; /* by SSRCs that are gone */
    SequenceCount sources[COUNTER_SOURCES];
    guint next; /* whose place a new SSRC takes */
} StreamCount;

void stream_count_packet(StreamCount *count, guint32 ssrc, guint16 sequence, gsize bytes);
/* A message: it has no sequence number. */
void stream_count_message(StreamCount *count, gsize bytes);
/* How many never came; what came twice does not make it less than nothing. */
gint64 stream_count_lost(const StreamCount *count);
