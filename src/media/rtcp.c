#include "media/rtcp.h"

#define SENDER_REPORT 200
#define RECEIVER_REPORT 201
#define HEADER 8       /* with the sender's SSRC */
#define SENDER_INFO 20 /* of a sender report */
#define BLOCK 24
/* From 1900 to 1970. */
#define NTP_EPOCH_S G_GINT64_CONSTANT(2208988800)
/* A round trip beyond that is a clock that was set, or a lie. */
#define ROUND_TRIP_MOST_US (60 * G_USEC_PER_SEC)

static guint32 read_32(const guint8 *at)
{
    return (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
}

static gint32 read_signed_24(const guint8 *at)
{
    guint32 value = read_32(at) & 0xffffff;

    return value & 0x800000 ? (gint32)value - 0x1000000 : (gint32)value;
}

static ReportBlock read_block(const guint8 *at)
{
    return (ReportBlock){
        .ssrc = read_32(at),
        .lost = read_signed_24(at + 4),
        .last = read_32(at + 16),
        .since = read_32(at + 20),
    };
}

/* Where the blocks of a report begin; 0 for any other packet. */
static gsize blocks_offset(const guint8 *packet)
{
    if (packet[1] == SENDER_REPORT)
        return HEADER + SENDER_INFO;
    return packet[1] == RECEIVER_REPORT ? HEADER : 0;
}

static guint read_report(const guint8 *packet, gsize length, ReportBlock *blocks, guint most)
{
    gsize offset = blocks_offset(packet);
    guint count = packet[0] & 0x1f;
    guint found = 0;

    while (offset && found < count && found < most && offset + BLOCK <= length) {
        blocks[found++] = read_block(packet + offset);
        offset += BLOCK;
    }
    return found;
}

guint rtcp_read_reports(const guint8 *packet, gsize length, ReportBlock *blocks, guint most)
{
    guint found = 0;

    while (length >= HEADER && packet[0] >> 6 == 2) {
        gsize size = ((gsize)packet[2] << 8 | packet[3]) * 4 + 4;

        if (size > length)
            break;
        found += read_report(packet, size, blocks + found, most - found);
        packet += size;
        length -= size;
    }
    return found;
}

/* The middle 32 bits of the NTP time: seconds, and 1/65536 of them. */
static guint32 ntp_middle(gint64 unix_us)
{
    guint64 seconds = (guint64)(unix_us / G_USEC_PER_SEC + NTP_EPOCH_S);
    guint64 fraction = (guint64)(unix_us % G_USEC_PER_SEC) * 65536 / G_USEC_PER_SEC;

    return (guint32)(seconds << 16 | fraction);
}

gint64 rtcp_round_trip(const ReportBlock *block, gint64 now_us)
{
    guint32 trip = ntp_middle(now_us) - block->last - block->since;
    gint64 trip_us = (gint64)trip * G_USEC_PER_SEC / 65536;

    if (!block->last)
        return -1;
    /* Both clocks count in steps: a short way may look a step shorter than nothing. */
    if ((gint32)trip < 0 && (gint32)trip > -655)
        return 0;
    return trip_us <= ROUND_TRIP_MOST_US ? trip_us : -1;
}
