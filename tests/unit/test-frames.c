#include "media/frames.h"

static guint16 pass(FrameNumbers *numbers, guint32 ssrc, guint number)
{
    guint8 descriptor[] = {0xc1, (guint8)(number >> 8), (guint8)number, 0x55};

    frame_numbers_rewrite(numbers, ssrc, descriptor, sizeof descriptor);
    g_assert_cmphex(descriptor[0], ==, 0xc1);
    g_assert_cmphex(descriptor[3], ==, 0x55);
    return (guint16)(descriptor[1] << 8 | descriptor[2]);
}

static void test_one_sender(void)
{
    FrameNumbers numbers = {0};

    for (guint i = 65530; i < 65550; i++)
        g_assert_cmpuint(pass(&numbers, 7, i & 0xffff), ==, i & 0xffff);
    g_assert_cmpuint(pass(&numbers, 7, 3), ==, 3);
}

/* The packets of one frame have one number, and may come late. */
static void test_another_sender(void)
{
    FrameNumbers numbers = {0};

    pass(&numbers, 7, 568);
    pass(&numbers, 7, 566);
    g_assert_cmpuint(pass(&numbers, 8, 40000), ==, 569);
    g_assert_cmpuint(pass(&numbers, 8, 40000), ==, 569);
    g_assert_cmpuint(pass(&numbers, 8, 40002), ==, 571);
    g_assert_cmpuint(pass(&numbers, 8, 40001), ==, 570);
    g_assert_cmpuint(pass(&numbers, 7, 0), ==, 572);
}

static void test_over_the_wrap(void)
{
    FrameNumbers numbers = {0};

    pass(&numbers, 7, 65535);
    g_assert_cmpuint(pass(&numbers, 8, 9), ==, 0);
    g_assert_cmpuint(pass(&numbers, 8, 10), ==, 1);
    g_assert_cmpuint(pass(&numbers, 9, 9), ==, 2);
}

static void test_too_short(void)
{
    FrameNumbers numbers = {0};

    for (gsize length = 0; length < 3; length++) {
        g_autofree guint8 *descriptor = g_malloc0(MAX(length, 1));

        frame_numbers_rewrite(&numbers, 7, descriptor, length);
    }
    g_assert_false(numbers.is_set);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frames/of-one-sender-as-they-are", test_one_sender);
    g_test_add_func("/frames/of-another-sender-go-on", test_another_sender);
    g_test_add_func("/frames/over-the-wrap", test_over_the_wrap);
    g_test_add_func("/frames/what-is-too-short-is-left-alone", test_too_short);
    return g_test_run();
}
