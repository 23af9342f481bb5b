#include "auth/base64url.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

GBytes *base64url_decode(const char *text, gsize length)
{
    g_autofree guint8 *bytes = g_malloc(length / 4 * 3 + 3);
    gsize count = 0;
    guint32 bits = 0; /* what was read and not written */
    guint held = 0;   /* how many of them */

    if (length % 4 == 1)
        return NULL;
    for (gsize i = 0; i < length; i++) {
        int value = value_of(text[i]);

        if (value < 0)
            return NULL;
        bits = (bits << 6 | (guint32)value) & 0xfff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[count++] = (guint8)(bits >> held);
        }
    }
    if (bits & ((1u << held) - 1))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&bytes), count);
}
