/* base/log: lines reach the sink, and text from outside cannot leave its line. */
#include "base/log.h"

#include <string.h>

static GPtrArray *lines;
static LogLevel last_level;

static void keep_line(LogLevel level, const char *line)
{
    last_level = level;
    g_ptr_array_add(lines, g_strdup(line));
}

static void assert_escaped(const char *text, const char *expected)
{
    g_autofree char *escaped = log_escape(text);

    g_assert_cmpstr(escaped, ==, expected);
}

static void test_line_reaches_sink(void)
{
    lines = g_ptr_array_new_with_free_func(g_free);

    log_set_sink(keep_line);
    log_line(LOG_LEVEL_WARN, "callId %s, %d ms", "CALL_1", 45);
    log_set_sink(NULL);

    g_assert_cmpuint(lines->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(lines, 0), ==, "callId CALL_1, 45 ms");
    g_assert_cmpint(last_level, ==, LOG_LEVEL_WARN);
    g_clear_pointer(&lines, g_ptr_array_unref);
}

static void test_stderr_without_sink(void)
{
    if (g_test_subprocess()) {
        log_line(LOG_LEVEL_ERROR, "no store");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("error: no store\n");
}

static void test_plain_text_stays(void)
{
    assert_escaped("User declined", "User declined");
    assert_escaped("", "");
    assert_escaped("abgelehnt: später, \"vielleicht\"", "abgelehnt: später, \"vielleicht\"");
    assert_escaped("می‌خواهم 👨‍👩‍👧", "می‌خواهم 👨‍👩‍👧");
    assert_escaped("%s%n", "%s%n");
}

static void test_null(void)
{
    assert_escaped(NULL, "(none)");
}

static void test_controls(void)
{
    assert_escaped("busy\nSent call:rejected", "busy\\x0ASent call:rejected");
    assert_escaped("a\r\tb\x7f", "a\\x0D\\x09b\\x7F");
    assert_escaped("\033[31mred", "\\x1B[31mred");
    assert_escaped("\xc2\x9b"
                   "31m",
                   "\\xC2\\x9B31m");
}

static void test_separators_and_direction(void)
{
    assert_escaped("a\u2028b", "a\\xE2\\x80\\xA8b");
    assert_escaped("a\u2029b", "a\\xE2\\x80\\xA9b");
    assert_escaped("\u061C\u200E\u200F", "\\xD8\\x9C\\xE2\\x80\\x8E\\xE2\\x80\\x8F");
    assert_escaped("a\u202Eb", "a\\xE2\\x80\\xAEb");
    assert_escaped("a\u2066b\u2069", "a\\xE2\\x81\\xA6b\\xE2\\x81\\xA9");
}

/* Else a text could pretend to have been escaped. */
static void test_backslash(void)
{
    assert_escaped("a\\x0Ab", "a\\x5Cx0Ab");
}

static void test_invalid_utf8(void)
{
    assert_escaped("\xff\xfe", "\\xFF\\xFE");
    assert_escaped("caf\xe9 au", "caf\\xE9 au");
    assert_escaped("cut \xe2\x82", "cut \\xE2\\x82");
    assert_escaped("\xed\xa0\x80", "\\xED\\xA0\\x80");
    assert_escaped("\xc0\xaf", "\\xC0\\xAF");
}

static void test_longest(void)
{
    g_autofree char *just_fits = g_strnfill(LOG_ESCAPED_MAX, 'a');
    g_autofree char *too_long = g_strnfill(LOG_ESCAPED_MAX + 1, 'a');
    g_autofree char *cut = g_strconcat(just_fits, "...", NULL);

    assert_escaped(just_fits, just_fits);
    assert_escaped(too_long, cut);
}

static void test_cut_between_characters(void)
{
    g_autofree char *start = g_strnfill(LOG_ESCAPED_MAX - 2, 'a');
    g_autofree char *with_euro = g_strconcat(start, "€", NULL);
    g_autofree char *with_newline = g_strconcat(start, "\n", NULL);
    g_autofree char *cut = g_strconcat(start, "...", NULL);

    assert_escaped(with_euro, cut);
    assert_escaped(with_newline, cut);
}

/* Every text of up to two bytes, and some thousand longer ones: one line, printable, bounded. */
static void assert_harmless(const char *text)
{
    g_autofree char *escaped = log_escape(text);

    g_assert_true(g_utf8_validate(escaped, -1, NULL));
    g_assert_cmpuint(strlen(escaped), <=, LOG_ESCAPED_MAX + 3);
    for (const char *at = escaped; *at; at = g_utf8_next_char(at))
        g_assert_false(g_unichar_iscntrl(g_utf8_get_char(at)));
}

static void test_any_bytes(void)
{
    for (guint pair = 0; pair < 0x10000; pair++) {
        const char text[] = {(char)(pair & 0xff), (char)(pair >> 8), '\0'};
        assert_harmless(text);
    }
    for (guint round = 0; round < 2000; round++) {
        char text[301];
        gsize length = (gsize)g_test_rand_int_range(3, 301);
        for (gsize i = 0; i < length; i++)
            text[i] = (char)g_test_rand_int_range(1, 256);
        text[length] = '\0';
        assert_harmless(text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/line/reaches-the-sink", test_line_reaches_sink);
    g_test_add_func("/log/line/goes-to-stderr-without-a-sink", test_stderr_without_sink);
    g_test_add_func("/log/escape/plain-text-stays", test_plain_text_stays);
    g_test_add_func("/log/escape/null-has-a-name", test_null);
    g_test_add_func("/log/escape/control-characters", test_controls);
    g_test_add_func("/log/escape/separators-and-direction", test_separators_and_direction);
    g_test_add_func("/log/escape/backslash", test_backslash);
    g_test_add_func("/log/escape/invalid-utf8", test_invalid_utf8);
    g_test_add_func("/log/escape/too-long-is-cut", test_longest);
    g_test_add_func("/log/escape/cut-between-characters", test_cut_between_characters);
    g_test_add_func("/log/escape/any-bytes-are-harmless", test_any_bytes);
    return g_test_run();
}
