#include "wire/body.h"

#include <string.h>

/* What is plain: an object, with objects in it but not in these, of strings without escapes, integers and words. */
#define FIELDS_MOST 12
/* So many always fit into 64 bits. */
#define DIGITS_MOST 18
/* It may be anything, and is passed on as JSON text. */
#define NOT_PLAIN "data"

/* The body itself is object 0, another one the number of its field, counted from 1. */
typedef struct {
    const char *name; /* without NUL */
    gsize name_length;
    guint of; /* which object it is in */
    ValueKind kind;
    gint64 integer;
    char *string; /* in the text, as the name */
    gsize length;
} Field;

struct Body {
    json_t *json; /* NULL: it is plain */
    guint count;
    guint depth;
    Field fields[FIELDS_MOST];
    char text[]; /* a copy, for the strings to end with NUL */
};

/* --- reading plain text --- */

typedef struct {
    char *at, *end;
    Body *body;
} Reader;

static void skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

/* Blanks, and then this. */
static gboolean take(Reader *reader, char byte)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != byte)
        return FALSE;
    reader->at++;
    return TRUE;
}

/* What is between quotes; the first of them was taken. */
static char *take_string(Reader *reader, gsize *length)
{
    char *start = reader->at;

    for (; reader->at < reader->end; reader->at++) {
        guchar byte = (guchar)*reader->at;

        if (byte == '"') {
            *length = (gsize)(reader->at++ - start);
            return start;
        }
        if (byte == '\\' || byte < ' ')
            return NULL;
    }
    return NULL;
}

static gboolean read_string(Reader *reader, Field *field)
{
    field->kind = VALUE_STRING;
    field->string = take_string(reader, &field->length);
    return field->string != NULL;
}

static gboolean read_word(Reader *reader, Field *field)
{
    static const struct {
        const char *text;
        ValueKind kind;
        gint64 integer;
    } words[] = {{"true", VALUE_BOOLEAN, 1}, {"false", VALUE_BOOLEAN, 0}, {"null", VALUE_NULL, 0}};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize length = strlen(words[i].text);

        if ((gsize)(reader->end - reader->at) >= length &&
            memcmp(reader->at, words[i].text, length) == 0) {
            reader->at += length;
            field->kind = words[i].kind;
            field->integer = words[i].integer;
            return TRUE;
        }
    }
    return FALSE;
}

/* Without a sign, and not of several digits with a 0 before them. What makes a number of another kind is not
 * taken, and whoever comes next does not know what to do with it. */
static gboolean read_integer(Reader *reader, Field *field)
{
    const char *start = reader->at;
    gint64 value = 0;

    for (; reader->at < reader->end && g_ascii_isdigit(*reader->at); reader->at++) {
        if (reader->at - start == DIGITS_MOST)
            return FALSE;
        value = 10 * value + (*reader->at - '0');
    }
    field->kind = VALUE_INTEGER;
    field->integer = value;
    return *start != '0' || reader->at - start == 1;
}

static gboolean read_fields(Reader *reader, guint of);

static gboolean read_value(Reader *reader, Field *field)
{
    if (take(reader, '"'))
        return read_string(reader, field);
    if (reader->at == reader->end)
        return FALSE;
    if (g_ascii_isdigit(*reader->at))
        return read_integer(reader, field);
    if (field->of != 0 || !take(reader, '{'))
        return read_word(reader, field);
    field->kind = VALUE_OBJECT;
    reader->body->depth = 2;
    return read_fields(reader, reader->body->count);
}

static gboolean has_name(const Field *field, guint of, const char *name, gsize length)
{
    return field->of == of && field->name_length == length &&
           memcmp(field->name, name, length) == 0;
}

static const Field *find_field(const Body *body, guint of, const char *name, gsize length)
{
    for (guint i = 0; i < body->count; i++) {
        if (has_name(&body->fields[i], of, name, length))
            return &body->fields[i];
    }
    return NULL;
}

static gboolean read_field(Reader *reader, guint of)
{
    Body *body = reader->body;
    gsize length;
    const char *name = take(reader, '"') ? take_string(reader, &length) : NULL;
    Field *field;

    if (!name || body->count == FIELDS_MOST || find_field(body, of, name, length))
        return FALSE;
    field = &body->fields[body->count++];
    *field = (Field){.name = name, .name_length = length, .of = of};
    return !has_name(field, 0, NOT_PLAIN, strlen(NOT_PLAIN)) && take(reader, ':') &&
           read_value(reader, field);
}

/* Its bracket was taken. */
static gboolean read_fields(Reader *reader, guint of)
{
    if (take(reader, '}'))
        return TRUE;
    do {
        if (!read_field(reader, of))
            return FALSE;
    } while (take(reader, ','));
    return take(reader, '}');
}

static void end_strings(Body *body)
{
    for (guint i = 0; i < body->count; i++) {
        if (body->fields[i].kind == VALUE_STRING)
            body->fields[i].string[body->fields[i].length] = '\0';
    }
}

static gboolean read_plain(Body *body, gsize length)
{
    Reader reader = {body->text, body->text + length, body};

    if (!take(&reader, '{') || !read_fields(&reader, 0))
        return FALSE;
    skip_blanks(&reader);
    if (reader.at != reader.end)
        return FALSE;
    end_strings(body);
    return TRUE;
}

/* --- its life --- */

static Body *new_body(json_t *json, gsize text_length)
{
    Body *body = g_malloc(sizeof *body + text_length);

    body->json = json;
    body->count = 0;
    body->depth = 1;
    return body;
}

Body *body_read(const char *text, gsize length, json_error_t *error)
{
    Body *body = new_body(NULL, length);
    json_t *json;

    memcpy(body->text, text, length);
    if (read_plain(body, length))
        return body;
    g_free(body);
    json = json_loadb(text, length, JSON_REJECT_DUPLICATES, error);
    return json ? new_body(json, 0) : NULL;
}

Body *body_of_json(json_t *json)
{
    return new_body(json, 0);
}

void body_free(Body *body)
{
    if (!body)
        return;
    json_decref(body->json);
    g_free(body);
}

/* --- what is in it --- */

gboolean body_is_object(const Body *body)
{
    return !body->json || json_is_object(body->json);
}

Object body_object(const Body *body)
{
    return (Object){.json = body->json, .plain = body};
}

Object object_of_json(json_t *json)
{
    return (Object){.json = json};
}

static ValueKind kind_of_json(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_NULL:
        return VALUE_NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return VALUE_BOOLEAN;
    case JSON_INTEGER:
        return VALUE_INTEGER;
    case JSON_STRING:
        return VALUE_STRING;
    case JSON_OBJECT:
        return VALUE_OBJECT;
    case JSON_ARRAY:
    case JSON_REAL:
        return VALUE_OTHER;
    }
    return VALUE_OTHER;
}

static Value value_of_json(json_t *json)
{
    if (!json)
        return (Value){.kind = VALUE_ABSENT};
    return (Value){.kind = kind_of_json(json),
                   .integer = json_is_true(json) ? 1 : json_integer_value(json),
                   .string = json_string_value(json),
                   .length = json_string_length(json),
                   .object = object_of_json(json)};
}

static Value value_of_field(const Body *body, const Field *field)
{
    if (!field)
        return (Value){.kind = VALUE_ABSENT};
    return (Value){.kind = field->kind,
                   .integer = field->integer,
                   .string = field->string,
                   .length = field->length,
                   .object = {.plain = body, .number = (guint)(field - body->fields) + 1}};
}

Value object_get(const Object *object, const char *name)
{
    const Body *body = object->plain;

    if (object->json || !body)
        return value_of_json(json_object_get(object->json, name));
    return value_of_field(body, find_field(body, object->number, name, strlen(name)));
}

static gboolean is_deeper(json_t *value, guint most)
{
    const char *name;
    json_t *inner;
    size_t i;

    if (!json_is_object(value) && !json_is_array(value))
        return FALSE;
    if (!most)
        return TRUE;
    json_object_foreach(value, name, inner)
    {
        if (is_deeper(inner, most - 1))
            return TRUE;
    }
    json_array_foreach(value, i, inner)
    {
        if (is_deeper(inner, most - 1))
            return TRUE;
    }
    return FALSE;
}

gboolean object_is_deeper(const Object *object, guint most)
{
    if (object->json || !object->plain)
        return is_deeper(object->json, most);
    return object->number == 0 ? object->plain->depth > most : !most;
}

json_t *value_json(const Value *value)
{
    if (value->kind == VALUE_STRING)
        return json_stringn_nocheck(value->string, value->length);
    return json_integer(value->integer);
}
