/* JSON text of requests, read fast where it is as plain as most of them are. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* What json_loadb() with JSON_REJECT_DUPLICATES makes of it: a new reference, or NULL with `error` filled in. The text is valid UTF-8
 * without NUL. */
json_t *json_read(const char *text, gsize length, json_error_t *error);
