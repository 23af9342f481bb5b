#include "media/held.h"

#include <string.h>

static gboolean put(Held *held, const char *label, const char *text, gsize length)
{
    HeldMessage message = {
        .label = (char *)label, .length = (guint16)length, .bytes = (char *)text};

    return held_put(held, &message);
}

static void test_order(void)
{
    Held held;

    held_init(&held);
    g_assert_true(put(&held, "chat", "one", 3));
    g_assert_true(put(&held, NULL, "\0two", 4));
    for (guint i = 0; i < 2; i++) {
        g_autoptr(HeldMessage) message = held_take(&held);

        g_assert_cmpstr(message->label, ==, i ? NULL : "chat");
        g_assert_cmpmem(message->bytes, message->length, i ? "\0two" : "one", i ? 4 : 3);
    }
    g_assert_null(held_take(&held));
    g_assert_cmpuint(held.bytes, ==, 0);
    held_clear(&held);
}

static void test_bounds(void)
{
    g_autofree char *much = g_strnfill(60000, 'x');
    Held held;
    guint count;

    held_init(&held);
    for (count = 0; put(&held, "a", "x", 1); count++)
        ;
    g_assert_cmpuint(count, ==, HELD_MESSAGES);
    held_clear(&held);
    for (count = 0; put(&held, "a", much, 60000); count++)
        ;
    g_assert_cmpuint(count, ==, HELD_BYTES / 60001);
    held_message_free(held_take(&held));
    g_assert_true(put(&held, "a", much, 60000));
    held_clear(&held);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/held/in-order-with-every-byte", test_order);
    g_test_add_func("/held/within-its-bounds", test_bounds);
    return g_test_run();
}
