/* wire/read: it makes of every text what jansson makes of it, whichever of the two reads it. */
#include "wire/read.h"

#include <string.h>

static void check(const char *text, gsize length)
{
    json_error_t error;
    json_auto_t *expected = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    json_auto_t *value = json_read(text, length, &error);
    g_autofree char *seen = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    g_autofree char *wanted =
        expected ? json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (g_strcmp0(seen, wanted) != 0 || !value != !expected)
        g_error("%.*s is read as %s, not as %s", (int)length, text, seen, wanted);
}

static const char *const texts[] = {
    "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"id\":2}",
    "{\"request\":\"call:reject\",\"callId\":\"01J\",\"reason\":\"User declined\",\"id\":\"a-3\"}",
    " { \"a\" : { \"audio\" : true ,\t\"video\":false, \"x\":null } ,\r\n\"b\" : 0 } \n",
    "{}",
    "{\"\":\"\"}",
    "{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"b\":1,\"b\":1}}",
    "{\"a\":01}",
    "{\"a\":-0}",
    "{\"a\":-17}",
    "{\"a\":1.5}",
    "{\"a\":1e3}",
    "{\"a\":123456789012345678}",
    "{\"a\":1234567890123456789}",
    "{\"a\":9223372036854775807}",
    "{\"a\":9223372036854775808}",
    "{\"a\":12345678901234567890123}",
    "{\"a\":[1,2,{\"b\":[]}]}",
    "{\"a\":\"\\u00e4\\n\\\"\"}",
    "{\"\\u0061\":1,\"a\":2}",
    "{\"a\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\",\"\xc3\xa4\":1}",
    "{\"a\":\"\x7f\"}",
    "{\"a\":\"\x01\"}",
    "{\"a\":\"\n\"}",
    "{\"0123456789012345678901234567890\":1}",
    "{\"01234567890123456789012345678901\":1}",
    "{\"a\":1}x",
    "{\"a\":1}{}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":truex}",
    "{\"a\":nul",
    "{\"a\":\"",
    "{\"a\":1",
    "{\"a\"",
    "{",
    "",
    " ",
    "[]",
    "\"a\"",
    "null",
    "1",
    "{'a':1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1\v}",
};

static void test_texts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        check(texts[i], strlen(texts[i]));
}

static void test_beginnings(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (gsize length = 0; length < strlen(texts[i]); length++) {
            if (g_utf8_validate(texts[i], (gssize)length, NULL))
                check(texts[i], length);
        }
    }
}

/* Bytes that mean something, put over, before or instead of others. */
static void test_changes(void)
{
    static const char bytes[] = "{}[]\",:\\ 01-.eEtfna\n\t\x7f";

    for (guint i = 0; i < 100000; i++) {
        const char *text = texts[g_test_rand_int_range(0, G_N_ELEMENTS(texts))];
        g_autoptr(GString) changed = g_string_new(text);

        for (gint j = g_test_rand_int_range(1, 4); j > 0; j--) {
            gssize at = g_test_rand_int_range(0, (gint)changed->len + 1);
            char byte = bytes[g_test_rand_int_range(0, sizeof bytes - 1)];

            if (g_test_rand_bit() && (gsize)at < changed->len)
                g_string_erase(changed, at, 1);
            if (g_test_rand_bit())
                g_string_insert_c(changed, at, byte);
        }
        if (g_utf8_validate(changed->str, (gssize)changed->len, NULL))
            check(changed->str, changed->len);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/read/texts", test_texts);
    g_test_add_func("/wire/read/beginnings", test_beginnings);
    g_test_add_func("/wire/read/changes", test_changes);
    return g_test_run();
}
