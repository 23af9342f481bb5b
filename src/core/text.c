#include "core/text.h"

#include <string.h>

/* Odd, without a pattern in its bits. */
#define FACTOR G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

/* What is left of it at the end; of a longer one its last eight bytes, some of them once more. */
static guint64 last_word(const char *text, const char *at, gsize left)
{
    guint64 word = 0;

    if (at - text >= (gssize)sizeof word) {
        memcpy(&word, at + left - sizeof word, sizeof word);
        return word;
    }
    for (; left > 0; left--)
        word = word << 8 | (guchar)*at++;
    return word;
}

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
    hash = (hash ^ last_word(text, at, left)) * FACTOR;
    return (guint)(hash >> 32);
}

/* Nearly all of it is ASCII, of which eight bytes are looked at together. NUL is no text. */
gboolean text_is_valid(const char *bytes, gsize length)
{
    const guint64 highs = G_GUINT64_CONSTANT(0x8080808080808080);
    const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101);
    gsize at = 0;
    guint64 word;

    for (; at + sizeof word <= length; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        /* No byte is above 0x7F, and none is 0, from which taking 1 leaves a high bit. */
        if ((word | (word - ones)) & highs)
            break;
    }
    return g_utf8_validate_len(bytes + at, length - at, NULL);
}

gboolean has_control_characters(const char *text)
{
    for (const guchar *c = (const guchar *)text; *c; c++) {
        /* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which are two bytes. */
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            return TRUE;
    }
    return FALSE;
}
