/* JSON values as text, fast: what jansson's own writer makes, for values that are known to be good. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* The text without blanks, as json_dumps() with JSON_COMPACT and JSON_ENCODE_ANY makes it, owned by
 * the caller (g_free()), ended by NUL. The value must hold no circle and not be deeper than the stack
 * allows: what we made, or what was read within limits. `length` may be NULL. */
char *json_text(const json_t *value, gsize *length);

/* A text that is being written, piece by piece. Whoever writes sees to brackets. */
typedef struct {
    char *start, *at, *end;
} Text;

void text_init(Text *text);
/* As it is. */
void text_put(Text *text, const char *bytes, gsize length);
/* A key of an object, with its colon, and the comma before it where it is not the first. It has nothing to escape. */
void text_put_key(Text *text, const char *key);
/* As JSON strings, numbers and values. */
void text_put_string(Text *text, const char *string, gsize length);
void text_put_integer(Text *text, gint64 value);
void text_put_value(Text *text, const json_t *value);
/* The text, ended by NUL; owned by the caller (g_free()). `length` may be NULL. */
char *text_end(Text *text, gsize *length);
