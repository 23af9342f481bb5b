#include "core/text.h"

#include <string.h>

/* Odd, without a pattern in its bits. */
#define FACTOR G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

guint text_hash(gconstpointer text)
{
    const char *at = text;
    gsize left = strlen(at);
    guint64 hash = left, word;

    for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * FACTOR;
        hash ^= hash >> 32;
    }
    for (word = 0; left > 0; left--)
        word = word << 8 | (guchar)*at++;
    hash = (hash ^ word) * FACTOR;
    return (guint)(hash >> 32);
}

gboolean has_control_characters(const char *text)
{
    for (const char *c = text; *c; c = g_utf8_next_char(c)) {
        if (g_unichar_iscntrl(g_utf8_get_char(c)))
            return TRUE;
    }
    return FALSE;
}
