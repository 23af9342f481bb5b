#include "media/rtcp.h"

#include <string.h>

#define US G_USEC_PER_SEC

/* A receiver report with two blocks, after which comes a PLI. */
static const guint8 compound[] = {0x82, 201,  0,    13,   0,    0, 0, 1, /* two blocks */
                                  0,    0,    0,    7,    0x10, 0, 0, 5, 0, 1, 0, 2, 0, 0, 0,
                                  9,    0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0, 0, 0, 0, 8, 0, 0xff,
                                  0xff, 0xfe, 0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                  0,    0,    0,    0x81, 206,  0, 2, 0, 0, 0, 1, 0, 0, 0, 7};

static void test_blocks(void)
{
    ReportBlock blocks[4];

    g_assert_cmpuint(rtcp_read_reports(compound, sizeof compound, blocks, 4), ==, 2);
    g_assert_cmpuint(blocks[0].ssrc, ==, 7);
    g_assert_cmpint(blocks[0].lost, ==, 5);
    g_assert_cmphex(blocks[0].last, ==, 0x12345678);
    g_assert_cmphex(blocks[0].since, ==, 0x10000);
    g_assert_cmpint(blocks[1].lost, ==, -2);
    g_assert_cmpuint(rtcp_read_reports(compound, sizeof compound, blocks, 1), ==, 1);
}

static void test_sender_report(void)
{
    guint8 packet[52] = {0x81, 200, 0, 12};
    ReportBlock block;

    packet[31] = 42;
    packet[35] = 3;
    g_assert_cmpuint(rtcp_read_reports(packet, sizeof packet, &block, 1), ==, 1);
    g_assert_cmpuint(block.ssrc, ==, 42);
    g_assert_cmpint(block.lost, ==, 3);
}

/* Its own memory for each, so that a sanitizer sees a byte too much. */
static void test_any_bytes(void)
{
    for (gsize length = 0; length <= sizeof compound; length++) {
        for (guint changed = 0; changed <= MIN(length, 12); changed++) {
            g_autofree guint8 *copy = g_memdup2(compound, length ? length : 1);
            ReportBlock blocks[31];

            if (changed < length)
                copy[changed] = 0xff;
            g_assert_cmpuint(rtcp_read_reports(copy, length, blocks, 31), <=, 2);
        }
    }
}

static void test_round_trip(void)
{
    gint64 now = G_GINT64_CONSTANT(1700000000) * US;
    /* It saw the report 2 s after it was sent, and kept it for half a second. */
    guint32 sent = (guint32)((guint64)(1700000000 - 3 + G_GINT64_CONSTANT(2208988800)) << 16);
    ReportBlock block = {.last = sent, .since = 0x8000};

    g_assert_cmpint(rtcp_round_trip(&block, now), ==, 5 * US / 2);
    g_assert_cmpint(rtcp_round_trip(&(ReportBlock){.since = 1}, now), ==, -1);
    /* A step of the clock too early is none; what cannot be is not believed. */
    block.since = 3 * 0x10000 + 10;
    g_assert_cmpint(rtcp_round_trip(&block, now), ==, 0);
    block.since = 4 * 0x10000;
    g_assert_cmpint(rtcp_round_trip(&block, now), ==, -1);
    block.since = 0;
    g_assert_cmpint(rtcp_round_trip(&block, now + 100 * US), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtcp/report-blocks", test_blocks);
    g_test_add_func("/rtcp/of-a-sender-too", test_sender_report);
    g_test_add_func("/rtcp/any-bytes", test_any_bytes);
    g_test_add_func("/rtcp/round-trip", test_round_trip);
    return g_test_run();
}
