/* What a receiver says of the stream that it gets (RFC 3550, sections 6.4.1 and 6.4.2). Bytes from
 * outside: whatever they are, nothing beyond them is read. */
#pragma once

#include <glib.h>

typedef struct {
    guint32 ssrc;  /* of the stream that it is about */
    gint32 lost;   /* packets since the beginning; negative when some came twice */
    guint32 last;  /* the middle of the NTP time of the sender report that it saw last; 0: none */
    guint32 since; /* when it saw it, in 1/65536 s before it wrote this */
} ReportBlock;

/* Fills in up to `most` report blocks of a compound packet; returns how many there are. */
guint rtcp_read_reports(const guint8 *packet, gsize length, ReportBlock *blocks, guint most);

/* The round trip that a block tells of, at `now_us` of Unix time, in µs; -1 when it tells of none.
 */
gint64 rtcp_round_trip(const ReportBlock *block, gint64 now_us);
