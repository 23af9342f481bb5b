#include "wire/read.h"

#include <string.h>

/* What is read here: objects in objects, so deep, of strings without escapes, integers and words, with keys of our kind. All else is
 * jansson's, and what is no JSON as well: this says only that it is not plain. */
#define DEPTH_MOST 3
#define KEY_BYTES 32
/* So many always fit into 64 bits. */
#define DIGITS_MOST 18

typedef struct {
    const char *at, *end;
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
static const char *take_string(Reader *reader, gsize *length)
{
    const char *start = reader->at;

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

static json_t *read_string(Reader *reader)
{
    gsize length;
    const char *string = take_string(reader, &length);

    return string ? json_stringn_nocheck(string, length) : NULL;
}

static json_t *read_word(Reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    json_t *const values[] = {json_true(), json_false(), json_null()};

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize length = strlen(words[i]);

        if ((gsize)(reader->end - reader->at) >= length &&
            memcmp(reader->at, words[i], length) == 0) {
            reader->at += length;
            return values[i];
        }
    }
    return NULL;
}

/* Without a sign, and not of several digits with a 0 before them. What makes a number of another kind is not
 * taken, and whoever comes next does not know what to do with it. */
static json_t *read_integer(Reader *reader)
{
    const char *start = reader->at;
    json_int_t value = 0;

    for (; reader->at < reader->end && g_ascii_isdigit(*reader->at); reader->at++) {
        if (reader->at - start == DIGITS_MOST)
            return NULL;
        value = 10 * value + (*reader->at - '0');
    }
    if (reader->at == start || (*start == '0' && reader->at - start > 1))
        return NULL;
    return json_integer(value);
}

static json_t *read_object(Reader *reader, guint depth);

static json_t *read_value(Reader *reader, guint depth)
{
    if (take(reader, '"'))
        return read_string(reader);
    if (take(reader, '{'))
        return read_object(reader, depth + 1);
    if (reader->at < reader->end && g_ascii_isdigit(*reader->at))
        return read_integer(reader);
    return read_word(reader);
}

static gboolean read_field(Reader *reader, json_t *object, guint depth)
{
    char key[KEY_BYTES];
    const char *start;
    gsize length;
    json_t *value;

    if (!take(reader, '"') || !(start = take_string(reader, &length)) || length >= sizeof key)
        return FALSE;
    memcpy(key, start, length);
    key[length] = '\0';
    if (!take(reader, ':') || !(value = read_value(reader, depth)))
        return FALSE;
    json_object_set_new_nocheck(object, key, value);
    return TRUE;
}

/* Each field is another one, or there are fewer than were read. */
static gboolean read_fields(Reader *reader, json_t *object, guint depth)
{
    gsize count = 0;

    do {
        if (!read_field(reader, object, depth))
            return FALSE;
        count++;
    } while (take(reader, ','));
    return json_object_size(object) == count && take(reader, '}');
}

/* Its bracket was taken. */
static json_t *read_object(Reader *reader, guint depth)
{
    json_t *object;

    if (depth > DEPTH_MOST)
        return NULL;
    object = json_object();
    if (take(reader, '}') || read_fields(reader, object, depth))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *read_plain(const char *text, gsize length)
{
    Reader reader = {text, text + length};
    json_t *object = take(&reader, '{') ? read_object(&reader, 1) : NULL;

    skip_blanks(&reader);
    if (object && reader.at == reader.end)
        return object;
    json_decref(object);
    return NULL;
}

json_t *json_read(const char *text, gsize length, json_error_t *error)
{
    json_t *value = read_plain(text, length);

    return value ? value : json_loadb(text, length, JSON_REJECT_DUPLICATES, error);
}
