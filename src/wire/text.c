#include "wire/text.h"

#include <string.h>

/* Most messages have their room at once. */
#define USUAL_BYTES 512
/* What one byte of a string may become: \u001F. */
#define ESCAPED_MOST 6

static const char hex[] = "0123456789ABCDEF";

/* What is to be written after a backslash; 0 where the byte stands for itself, 'u' for a number. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b',    ['\f'] = 'f', ['\n'] = 'n',      ['\r'] = 'r',
    ['\t'] = 't', [0] = 'u',     [1 ... 7] = 'u', [11] = 'u',   [14 ... 31] = 'u',
};

typedef struct {
    char *start, *at, *end;
} Out;

static void need(Out *out, gsize length)
{
    gsize used = (gsize)(out->at - out->start);
    gsize size = (gsize)(out->end - out->start);

    if (size - used >= length)
        return;
    size = MAX(2 * size, used + length);
    out->start = g_realloc(out->start, size);
    out->at = out->start + used;
    out->end = out->start + size;
}

static void put(Out *out, const char *text, gsize length)
{
    need(out, length);
    memcpy(out->at, text, length);
    out->at += length;
}

static void put_byte(Out *out, char byte)
{
    need(out, 1);
    *out->at++ = byte;
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

static void put_string(Out *out, const char *text, gsize length)
{
    char *at;

    need(out, ESCAPED_MOST * length + 2);
    at = out->at;
    *at++ = '"';
    for (gsize i = 0; i < length; i++) {
        guchar byte = (guchar)text[i];

        if (escapes[byte])
            at = put_escaped(at, byte);
        else
            *at++ = (char)byte;
    }
    *at++ = '"';
    out->at = at;
}

static void put_integer(Out *out, gint64 value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    guint64 rest = value < 0 ? 0 - (guint64)value : (guint64)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    put(out, at, (gsize)(digits + sizeof digits - at));
}

/* Rare, and a matter of its own. */
static void put_real(Out *out, const json_t *value)
{
    char text[64];
    gsize length = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);

    put(out, text, MIN(length, sizeof text));
}

static void put_value(Out *out, const json_t *value);

static void put_object(Out *out, const json_t *value)
{
    json_t *object = (json_t *)value;
    void *first = json_object_iter(object);

    put_byte(out, '{');
    for (void *at = first; at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);

        if (at != first)
            put_byte(out, ',');
        put_string(out, key, strlen(key));
        put_byte(out, ':');
        put_value(out, json_object_iter_value(at));
    }
    put_byte(out, '}');
}

static void put_array(Out *out, const json_t *value)
{
    put_byte(out, '[');
    for (gsize i = 0; i < json_array_size(value); i++) {
        if (i)
            put_byte(out, ',');
        put_value(out, json_array_get(value, i));
    }
    put_byte(out, ']');
}

static void put_value(Out *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value);
        return;
    case JSON_ARRAY:
        put_array(out, value);
        return;
    case JSON_STRING:
        put_string(out, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        put_integer(out, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(out, value);
        return;
    case JSON_TRUE:
        put(out, "true", 4);
        return;
    case JSON_FALSE:
        put(out, "false", 5);
        return;
    case JSON_NULL:
        put(out, "null", 4);
        return;
    }
}

char *json_text(const json_t *value, gsize *length)
{
    Out out = {0};

    need(&out, USUAL_BYTES);
    put_value(&out, value);
    if (length)
        *length = (gsize)(out.at - out.start);
    put_byte(&out, '\0');
    return out.start;
}
