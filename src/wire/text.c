#include "wire/text.h"

#include <string.h>

/* Most messages have their room at once. */
#define USUAL_BYTES 512

static const char hex[] = "0123456789ABCDEF";

static void put_escaped(GString *out, guchar byte)
{
    switch (byte) {
    case '"':
        g_string_append_len(out, "\\\"", 2);
        return;
    case '\\':
        g_string_append_len(out, "\\\\", 2);
        return;
    case '\b':
        g_string_append_len(out, "\\b", 2);
        return;
    case '\f':
        g_string_append_len(out, "\\f", 2);
        return;
    case '\n':
        g_string_append_len(out, "\\n", 2);
        return;
    case '\r':
        g_string_append_len(out, "\\r", 2);
        return;
    case '\t':
        g_string_append_len(out, "\\t", 2);
        return;
    default:
        g_string_append_len(out, "\\u00", 4);
        g_string_append_c(out, hex[byte >> 4]);
        g_string_append_c(out, hex[byte & 15]);
        return;
    }
}

static gboolean is_plain(guchar byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

static void put_string(GString *out, const char *text, gsize length)
{
    gsize from = 0;

    g_string_append_c(out, '"');
    for (gsize i = 0; i < length; i++) {
        if (is_plain((guchar)text[i]))
            continue;
        g_string_append_len(out, text + from, (gssize)(i - from));
        put_escaped(out, (guchar)text[i]);
        from = i + 1;
    }
    g_string_append_len(out, text + from, (gssize)(length - from));
    g_string_append_c(out, '"');
}

static void put_integer(GString *out, gint64 value)
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
    g_string_append_len(out, at, digits + sizeof digits - at);
}

/* Rare, and a matter of its own. */
static void put_real(GString *out, const json_t *value)
{
    char text[64];
    gsize length = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY);

    g_string_append_len(out, text, (gssize)MIN(length, sizeof text));
}

static void put_value(GString *out, const json_t *value);

static void put_object(GString *out, const json_t *value)
{
    json_t *object = (json_t *)value;
    const char *separator = "";

    g_string_append_c(out, '{');
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);

        g_string_append(out, separator);
        put_string(out, key, strlen(key));
        g_string_append_c(out, ':');
        put_value(out, json_object_iter_value(at));
        separator = ",";
    }
    g_string_append_c(out, '}');
}

static void put_array(GString *out, const json_t *value)
{
    g_string_append_c(out, '[');
    for (gsize i = 0; i < json_array_size(value); i++) {
        if (i)
            g_string_append_c(out, ',');
        put_value(out, json_array_get(value, i));
    }
    g_string_append_c(out, ']');
}

static void put_value(GString *out, const json_t *value)
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
        g_string_append_len(out, "true", 4);
        return;
    case JSON_FALSE:
        g_string_append_len(out, "false", 5);
        return;
    case JSON_NULL:
        g_string_append_len(out, "null", 4);
        return;
    }
}

char *json_text(const json_t *value, gsize *length)
{
    GString *out = g_string_sized_new(USUAL_BYTES);

    put_value(out, value);
    if (length)
        *length = out->len;
    return g_string_free(out, FALSE);
}
