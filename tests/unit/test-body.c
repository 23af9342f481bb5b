/* wire/body: it makes of every text what jansson makes of it, whichever of the two reads it. */
#include "wire/body.h"

#include <string.h>

static void compare_objects(const char *text, const Object *seen, json_t *expected);

/* A field as jansson has it, beside ours. */
static void compare_values(const char *text, const Value *seen, json_t *expected)
{
    g_assert_true((seen->kind == VALUE_NULL) == json_is_null(expected));
    g_assert_true((seen->kind == VALUE_BOOLEAN) == json_is_boolean(expected));
    g_assert_true((seen->kind == VALUE_INTEGER) == json_is_integer(expected));
    g_assert_true((seen->kind == VALUE_STRING) == json_is_string(expected));
    g_assert_true((seen->kind == VALUE_OBJECT) == json_is_object(expected));
    if (seen->kind == VALUE_INTEGER || seen->kind == VALUE_STRING) {
        json_auto_t *value = value_json(seen);

        if (!json_equal(value, expected))
            g_error("%s: a field is read as another", text);
    }
    if (seen->kind == VALUE_BOOLEAN)
        g_assert_cmpint(seen->integer, ==, json_is_true(expected));
    if (seen->kind == VALUE_STRING)
        g_assert_cmpstr(seen->string, ==, json_string_value(expected));
    if (seen->kind == VALUE_OBJECT)
        compare_objects(text, &seen->object, expected);
}

static void compare_objects(const char *text, const Object *seen, json_t *expected)
{
    const char *name;
    json_t *inner;

    json_object_foreach(expected, name, inner)
    {
        Value value = object_get(seen, name);

        if (value.kind == VALUE_ABSENT)
            g_error("%s: %s is lost", text, name);
        compare_values(text, &value, inner);
    }
    g_assert_cmpint(object_get(seen, "no such field").kind, ==, VALUE_ABSENT);
}

static guint depth_of(const Object *object)
{
    guint depth = 1;

    while (object_is_deeper(object, depth))
        depth++;
    return depth;
}

static void check(const char *text, gsize length)
{
    json_error_t error, own_error;
    json_auto_t *expected = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    g_autoptr(Body) body = body_read(text, length, &own_error);
    Object object;

    if (!body != !expected)
        g_error("%.*s is read by one of the two", (int)length, text);
    if (!body) {
        g_assert_cmpstr(own_error.text, ==, error.text);
        return;
    }
    g_assert_true(body_is_object(body) == json_is_object(expected));
    object = body_object(body);
    compare_objects(text, &object, expected);
    if (json_is_object(expected)) {
        const Object same = object_of_json(expected);

        g_assert_cmpuint(depth_of(&object), ==, depth_of(&same));
    }
}

static const char *const texts[] = {
    "{\"request\":\"call:initiate\",\"calleeId\":\"bob\",\"id\":2}",
    "{\"request\":\"call:reject\",\"callId\":\"01J\",\"reason\":\"User declined\",\"id\":\"a-3\"}",
    " { \"a\" : { \"audio\" : true ,\t\"video\":false, \"x\":null } ,\r\n\"b\" : 0 } \n",
    "{\"m\":{\"a\":1},\"n\":{\"a\":2,\"b\":{}},\"a\":3,\"b\":{}}",
    "{\"m\":{\"a\":1},\"n\":{\"a\":2},\"a\":3,\"o\":{}}",
    "{\"m\":{\"data\":1},\"request\":\"call:signal\"}",
    "{\"m\":{\"data\":1},\"data\":\"text\"}",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":1,\"k\":2,"
    "\"l\":3}",
    "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":1,\"k\":2,"
    "\"l\":3,\"m\":4}",
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
    g_test_add_func("/wire/body/texts", test_texts);
    g_test_add_func("/wire/body/beginnings", test_beginnings);
    g_test_add_func("/wire/body/changes", test_changes);
    return g_test_run();
}
