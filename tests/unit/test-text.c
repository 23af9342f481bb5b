/* wire/text against jansson's own writer, core/text against GLib. */
#include "wire/text.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

static void check(const json_t *value)
{
    char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    g_autofree char *text = NULL;
    gsize length;

    text = json_text(value, &length);
    g_assert_cmpstr(text, ==, expected);
    g_assert_cmpuint(length, ==, strlen(expected));
    free(expected);
}

static void test_values(void)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "-0.0",
        "1e300",
        "\"\"",
        "\"a\\\"b\\\\c/d\"",
        "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"",
        "\"\\u00e4\\u20ac\\ud83d\\ude00\"",
        "[]",
        "{}",
        "[1,[2,[3]],{\"a\":[]}]",
        "{\"a\":1,\"b\":{\"c\":null},\"\":\"\",\"k\\\"\\n\":false}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, NULL);

        g_assert_nonnull(value);
        check(value);
        json_decref(value);
    }
}

static json_t *random_text(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gint length = g_test_rand_int_range(0, 40);

    for (gint i = 0; i < length; i++) {
        gunichar character = (gunichar)g_test_rand_int_range(1, i % 3 ? 0x80 : 0xd7ff);

        g_string_append_unichar(text, character);
    }
    return json_string(text->str);
}

static json_t *random_value(guint depth)
{
    json_t *value;

    switch (g_test_rand_int_range(0, depth ? 7 : 5)) {
    case 0:
        return json_integer((json_int_t)g_test_rand_int() * g_test_rand_int());
    case 1:
        return json_real(g_test_rand_double_range(-1e9, 1e9));
    case 2:
        return random_text();
    case 3:
        return json_boolean(g_test_rand_bit());
    case 4:
        return json_null();
    case 5:
        value = json_array();
        for (gint i = g_test_rand_int_range(0, 5); i > 0; i--)
            json_array_append_new(value, random_value(depth - 1));
        return value;
    default:
        value = json_object();
        for (gint i = g_test_rand_int_range(0, 5); i > 0; i--) {
            json_t *key = random_text();

            json_object_set_new(value, json_string_value(key), random_value(depth - 1));
            json_decref(key);
        }
        return value;
    }
}

static void test_random(void)
{
    for (guint i = 0; i < 2000; i++) {
        json_t *value = random_value(5);

        check(value);
        json_decref(value);
    }
}

static void test_integers(void)
{
    for (guint i = 0; i < 10000; i++) {
        gint64 number =
            (gint64)((guint64)(guint)g_test_rand_int() << 32 | (guint)g_test_rand_int());
        json_auto_t *value = json_integer(number >> g_test_rand_int_range(0, 64));

        check(value);
    }
    for (gint64 number = 1; number < G_MAXINT64 / 10; number *= 10) {
        json_auto_t *value = json_pack("[I, I, I, I]", number - 1, number, -number, 1 - number);

        check(value);
    }
}

/* Every character, alone and behind others. */
static void test_control_characters(void)
{
    for (gunichar character = 1; character <= 0x10ffff; character++) {
        char text[16] = "ab";

        if (!g_unichar_validate(character))
            continue;
        text[2 + g_unichar_to_utf8(character, text + 2)] = '\0';
        g_assert_cmpint(has_control_characters(text), ==, g_unichar_iscntrl(character));
        g_assert_cmpint(has_control_characters(text + 2), ==, g_unichar_iscntrl(character));
    }
}

/* Any byte at any place, among text of one byte a character and of several. */
static void test_valid_text(void)
{
    static const char *const texts[] = {"0123456789abcdefghijklmnopq",
                                        "01234567\xc3\xa4\xe2\x82\xac 12345",
                                        "\xf0\x9f\x98\x80\x7f\x01zyxwvutsrqp"};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        gsize length = strlen(texts[i]);

        for (gsize at = 0; at < length * 256; at++) {
            g_autofree char *changed = g_strdup(texts[i]);

            changed[at / 256] = (char)(at % 256);
            for (gsize end = length - 9; end <= length; end++)
                g_assert_cmpint(text_is_valid(changed, end), ==,
                                g_utf8_validate_len(changed, end, NULL));
        }
        for (gsize end = 0; end <= length; end++)
            g_assert_cmpint(text_is_valid(texts[i], end), ==,
                            g_utf8_validate_len(texts[i], end, NULL));
    }
}

/* It looks at every byte, and at the length. */
static void test_hash(void)
{
    for (gsize length = 1; length < 40; length++) {
        g_autofree char *text = g_strnfill(length, 'a');
        guint hash = text_hash(text);

        for (gsize at = 0; at < length; at++) {
            text[at] = 'b';
            g_assert_cmpuint(text_hash(text), !=, hash);
            text[at] = 'a';
        }
        text[length - 1] = '\0';
        g_assert_cmpuint(text_hash(text), !=, hash);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/text/values", test_values);
    g_test_add_func("/wire/text/random", test_random);
    g_test_add_func("/wire/text/integers", test_integers);
    g_test_add_func("/core/text/control-characters", test_control_characters);
    g_test_add_func("/core/text/valid", test_valid_text);
    g_test_add_func("/core/text/hash", test_hash);
    return g_test_run();
}
