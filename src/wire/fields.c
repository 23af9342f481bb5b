#include "wire/fields.h"

#include <string.h>

Fields fields_of_object(json_t *object)
{
    return (Fields){.object = object};
}

Fields fields_of_text(Text *text)
{
    text_put(text, "{", 1);
    return (Fields){.text = text};
}

void put_text(Fields *fields, const char *key, const char *text)
{
    if (!text)
        return;
    if (fields->object) {
        json_object_set_new_nocheck(fields->object, key, json_string_nocheck(text));
        return;
    }
    text_put_key(fields->text, key);
    text_put_string(fields->text, text, strlen(text));
}

void put_text_or_null(Fields *fields, const char *key, const char *text)
{
    if (text)
        put_text(fields, key, text);
    else
        put_value(fields, key, json_null());
}

void put_integer(Fields *fields, const char *key, gint64 value)
{
    if (fields->object) {
        json_object_set_new_nocheck(fields->object, key, json_integer(value));
        return;
    }
    text_put_key(fields->text, key);
    text_put_integer(fields->text, value);
}

void put_boolean(Fields *fields, const char *key, gboolean value)
{
    put_value(fields, key, json_boolean(value));
}

void put_value(Fields *fields, const char *key, json_t *value)
{
    if (!value)
        return;
    if (fields->object) {
        json_object_set_new_nocheck(fields->object, key, value);
        return;
    }
    text_put_key(fields->text, key);
    text_put_value(fields->text, value);
    json_decref(value);
}

Fields put_object(Fields *fields, const char *key)
{
    json_t *object;

    if (fields->text) {
        text_put_key(fields->text, key);
        return fields_of_text(fields->text);
    }
    object = json_object();
    json_object_set_new_nocheck(fields->object, key, object);
    return fields_of_object(object);
}

void fields_end(Fields *fields)
{
    if (fields->text)
        text_put(fields->text, "}", 1);
}
