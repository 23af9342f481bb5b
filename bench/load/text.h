#pragma once
/* Finds fields in a server's JSON without parsing it: the generator must cost less than what it measures. */
#include <glib.h>

/* The first text field of this name at any depth, without escapes taken out, into `value`. FALSE when there is none, or it does
 * not fit. */
gboolean text_string(const char *json, const char *name, char *value, gsize size);
/* The same for a whole number; -1 when there is none. */
gint64 text_number(const char *json, const char *name);
/* Whether a field of this name is this text. */
gboolean text_is(const char *json, const char *name, const char *value);
