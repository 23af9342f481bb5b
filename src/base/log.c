#include "base/log.h"

#include <stdio.h>
#include <string.h>

static void write_to_stderr(LogLevel level, const char *line)
{
    fprintf(stderr, "%s: %s\n", log_level_name(level), line);
}

static LogSink current_sink = write_to_stderr;

const char *log_level_name(LogLevel level)
{
    switch (level) {
    case LOG_LEVEL_FATAL:
        return "fatal";
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARN:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_VERBOSE:
        return "verbose";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    g_assert_not_reached();
}

void log_set_sink(LogSink sink)
{
    current_sink = sink ? sink : write_to_stderr;
}

void log_line(LogLevel level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    current_sink(level, line);
}

static gboolean turns_direction(gunichar character)
{
    return character == 0x061C || character == 0x200E || character == 0x200F ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

static gboolean is_safe(gunichar character)
{
    return character != '\\' && !g_unichar_iscntrl(character) && character != 0x2028 &&
           character != 0x2029 && !turns_direction(character);
}

/* The character at the front of text as it may be shown, in at most 4 * 4 bytes and a terminator;
 * returns its length in text. */
static gsize show_one(const char *text, char *shown)
{
    gunichar character = g_utf8_get_char_validated(text, -1);
    gboolean is_valid = character != (gunichar)-1 && character != (gunichar)-2;
    gsize length = is_valid ? (gsize)(g_utf8_next_char(text) - text) : 1;

    if (is_valid && is_safe(character)) {
        memcpy(shown, text, length);
        shown[length] = '\0';
        return length;
    }
    for (gsize i = 0; i < length; i++)
        g_snprintf(shown + 4 * i, 5, "\\x%02X", (guint)(guchar)text[i]);
    return length;
}

char *log_escape(const char *text)
{
    char shown[4 * 4 + 1];

    if (!text)
        return g_strdup("(none)");

    GString *escaped = g_string_new(NULL);
    while (*text) {
        text += show_one(text, shown);
        if (escaped->len + strlen(shown) > LOG_ESCAPED_MAX) {
            g_string_append(escaped, "...");
            break;
        }
        g_string_append(escaped, shown);
    }
    return g_string_free(escaped, FALSE);
}
