/* JSON values as text, fast: what jansson's own writer makes, for values that are known to be good. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* The text without blanks, as json_dumps() with JSON_COMPACT and JSON_ENCODE_ANY makes it, owned by
 * the caller (g_free()), ended by NUL. The value must hold no circle and not be deeper than the stack
 * allows: what we made, or what was read within limits. `length` may be NULL. */
char *json_text(const json_t *value, gsize *length);
