#include "media/counters.h"

static void send(StreamCount *count, guint32 ssrc, guint first, guint packets)
{
    for (guint i = 0; i < packets; i++)
        stream_count_packet(count, ssrc, (guint16)(first + i), 100);
}

static void test_in_order(void)
{
    StreamCount count = {0};

    send(&count, 7, 65530, 20);
    g_assert_cmpuint(count.packets, ==, 20);
    g_assert_cmpuint(count.bytes, ==, 2000);
    g_assert_cmpint(stream_count_lost(&count), ==, 0);
}

static void test_lost_and_late(void)
{
    StreamCount count = {0};

    send(&count, 7, 65533, 2);
    send(&count, 7, 2, 1);
    g_assert_cmpint(stream_count_lost(&count), ==, 3);
    send(&count, 7, 65535, 3);
    g_assert_cmpint(stream_count_lost(&count), ==, 0);
    send(&count, 7, 65535, 3);
    g_assert_cmpint(stream_count_lost(&count), ==, 0);
}

/* A page that was reloaded begins anew: what the old one lost stays, the jump is no loss. */
static void test_new_source(void)
{
    StreamCount count = {0};

    send(&count, 7, 10, 1);
    send(&count, 7, 13, 1);
    for (guint32 ssrc = 8; ssrc < 8 + COUNTER_SOURCES; ssrc++)
        send(&count, ssrc, 40000, 5);
    g_assert_cmpint(stream_count_lost(&count), ==, 2);
    send(&count, 8, 20000, 1);
    g_assert_cmpint(stream_count_lost(&count), ==, 2);
}

static void test_simulcast(void)
{
    StreamCount count = {0};

    for (guint i = 0; i < 100; i++) {
        for (guint32 ssrc = 1; ssrc <= COUNTER_SOURCES; ssrc++)
            send(&count, ssrc, 1000 * ssrc + i, 1);
    }
    g_assert_cmpuint(count.packets, ==, 300);
    g_assert_cmpint(stream_count_lost(&count), ==, 0);
}

static void test_messages(void)
{
    StreamCount count = {0};

    stream_count_message(&count, 5);
    stream_count_message(&count, 7);
    g_assert_cmpuint(count.packets, ==, 2);
    g_assert_cmpuint(count.bytes, ==, 12);
    g_assert_cmpint(stream_count_lost(&count), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/counters/in-order-over-the-wrap", test_in_order);
    g_test_add_func("/counters/lost-late-and-twice", test_lost_and_late);
    g_test_add_func("/counters/a-new-source-is-no-loss", test_new_source);
    g_test_add_func("/counters/three-at-a-time", test_simulcast);
    g_test_add_func("/counters/messages", test_messages);
    return g_test_run();
}
