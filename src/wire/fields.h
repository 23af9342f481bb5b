/* Where the fields of a JSON object go: into a json_t, or straight into text. One writer makes both, so they cannot
 * differ. What is NULL is left out. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "wire/text.h"

typedef struct {
    json_t *object; /* or NULL: into `text` */
    Text *text;     /* borrowed */
} Fields;

/* Those of an object. Keys are ours: without anything to escape, and each is put once. */
Fields fields_of_object(json_t *object);
/* A text begins; the object ends with fields_end(). */
Fields fields_of_text(Text *text);

/* Texts of our own are UTF-8 by construction, texts of others were checked when they were read. */
void put_text(Fields *fields, const char *key, const char *text);
void put_text_or_null(Fields *fields, const char *key, const char *text);
void put_integer(Fields *fields, const char *key, gint64 value);
void put_boolean(Fields *fields, const char *key, gboolean value);
/* Takes the reference. */
void put_value(Fields *fields, const char *key, json_t *value);
/* An object as a field: what is put into what this returns, until it is ended. */
Fields put_object(Fields *fields, const char *key);
void fields_end(Fields *fields);
