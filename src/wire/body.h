/* The body of a request: an object whose fields are found by their names. Most come as plain text, which is read in one pass and into
 * one piece of memory; what is not as plain as most are is jansson's, and so is what comes as a json_t. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct Body Body;

/* One object of a body, or the body itself; borrowed. */
typedef struct {
    json_t *json;      /* NULL: it is plain */
    const Body *plain; /* where its fields are */
    guint number;      /* which of its objects it is */
} Object;

typedef enum {
    VALUE_ABSENT,
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_INTEGER,
    VALUE_STRING,
    VALUE_OBJECT,
    VALUE_OTHER, /* a list, a number that is no integer */
} ValueKind;

/* What a field holds; all of it is borrowed from the body. */
typedef struct {
    ValueKind kind;
    gint64 integer;     /* and of a boolean: 1 or 0 */
    const char *string; /* ends with NUL; of `length` bytes */
    gsize length;
    Object object;
} Value;

/* Reads text that is valid UTF-8 without NUL. NULL when json_loadb() with JSON_REJECT_DUPLICATES makes nothing of it: `error` says why. What
 * was read need not be an object. */
Body *body_read(const char *text, gsize length, json_error_t *error);
/* Takes over the reference. */
Body *body_of_json(json_t *json);
void body_free(Body *body); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Body, body_free)

gboolean body_is_object(const Body *body);
Object body_object(const Body *body);
Object object_of_json(json_t *json);

/* What is no object has no fields. */
Value object_get(const Object *object, const char *name);
/* Objects and lists in one another, itself included, are more than `most`. */
gboolean object_is_deeper(const Object *object, guint most);

/* A string or an integer, as a new reference. */
json_t *value_json(const Value *value);
