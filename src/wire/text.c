#include "wire/text.h"

#include <string.h>

/* Most messages have their room at once. */
#define USUAL_BYTES 1000
/* What one byte of a string may become: \u001F. */
#define ESCAPED_MOST 6

static const char hex[] = "0123456789ABCDEF";

/* Two digits at a time: half of the divisions. */
static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* What is to be written after a backslash; 0 where the byte stands for itself, 'u' for a number. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b',    ['\f'] = 'f', ['\n'] = 'n',      ['\r'] = 'r',
    ['\t'] = 't', [0] = 'u',     [1 ... 7] = 'u', [11] = 'u',   [14 ... 31] = 'u',
};

static void need(Text *text, gsize length)
{
    gsize used = (gsize)(text->at - text->start);
    gsize size = (gsize)(text->end - text->start);

    if (size - used >= length)
        return;
    size = MAX(2 * size, used + length);
    text->start = g_realloc(text->start, size);
    text->at = text->start + used;
    text->end = text->start + size;
}

void text_put(Text *text, const char *bytes, gsize length)
{
    need(text, length);
    memcpy(text->at, bytes, length);
    text->at += length;
}

static void put_byte(Text *text, char byte)
{
    need(text, 1);
    *text->at++ = byte;
}

void text_put_key(Text *text, const char *key)
{
    gsize length = strlen(key);
    char *at;

    need(text, length + 4);
    at = text->at;
    /* Behind the bracket there is no comma. */
    if (at[-1] != '{')
        *at++ = ',';
    *at++ = '"';
    memcpy(at, key, length);
    at += length;
    *at++ = '"';
    *at++ = ':';
    text->at = at;
}

static char *put_escaped(char *at, guchar byte)
{
    *at++ = '\\';
    *at++ = escapes[byte];
    if (escapes[byte] != 'u')
        return at;
    memcpy(at, "00", 2);
    at[2] = hex[byte >> 4];
    at[3] = hex[byte & 15];
    return at + 4;
}

/* How many bytes there are before the next that is to be escaped. */
static gsize plain_bytes(const char *string, gsize length)
{
    gsize count = 0;

    while (count < length && !escapes[(guchar)string[count]])
        count++;
    return count;
}

void text_put_string(Text *text, const char *string, gsize length)
{
    const char *end = string + length;
    char *at;

    need(text, ESCAPED_MOST * length + 2);
    at = text->at;
    *at++ = '"';
    for (;;) {
        gsize plain = plain_bytes(string, (gsize)(end - string));

        memcpy(at, string, plain);
        at += plain;
        string += plain;
        if (string == end)
            break;
        at = put_escaped(at, (guchar)*string++);
    }
    *at++ = '"';
    text->at = at;
}

void text_put_integer(Text *text, gint64 value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    guint64 rest = value < 0 ? 0 - (guint64)value : (guint64)value;

    for (; rest >= 100; rest /= 100) {
        at -= 2;
        memcpy(at, &pairs[2 * (rest % 100)], 2);
    }
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    text_put(text, at, (gsize)(digits + sizeof digits - at));
}

/* Rare, and a matter of its own. */
static void put_real(Text *text, const json_t *value)
{
    char digits[64];
    gsize length = json_dumpb(value, digits, sizeof digits, JSON_ENCODE_ANY);

    text_put(text, digits, MIN(length, sizeof digits));
}

static void put_object(Text *text, const json_t *value)
{
    json_t *object = (json_t *)value;
    void *first = json_object_iter(object);

    put_byte(text, '{');
    for (void *at = first; at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);

        if (at != first)
            put_byte(text, ',');
        text_put_string(text, key, strlen(key));
        put_byte(text, ':');
        text_put_value(text, json_object_iter_value(at));
    }
    put_byte(text, '}');
}

static void put_array(Text *text, const json_t *value)
{
    put_byte(text, '[');
    for (gsize i = 0; i < json_array_size(value); i++) {
        if (i)
            put_byte(text, ',');
        text_put_value(text, json_array_get(value, i));
    }
    put_byte(text, ']');
}

void text_put_value(Text *text, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(text, value);
        return;
    case JSON_ARRAY:
        put_array(text, value);
        return;
    case JSON_STRING:
        text_put_string(text, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        text_put_integer(text, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(text, value);
        return;
    case JSON_TRUE:
        text_put(text, "true", 4);
        return;
    case JSON_FALSE:
        text_put(text, "false", 5);
        return;
    case JSON_NULL:
        text_put(text, "null", 4);
        return;
    }
}

void text_init(Text *text)
{
    *text = (Text){0};
    need(text, USUAL_BYTES);
}

char *text_end(Text *text, gsize *length)
{
    if (length)
        *length = (gsize)(text->at - text->start);
    put_byte(text, '\0');
    return g_steal_pointer(&text->start);
}

char *json_text(const json_t *value, gsize *length)
{
    Text text;

    text_init(&text);
    text_put_value(&text, value);
    return text_end(&text, length);
}
