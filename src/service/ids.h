/* Ids that nobody can guess and that sort by the time at which they were made. */
#pragma once

#include <glib.h>

/* 48 bits of Unix ms and 80 random bits in Crockford's base 32, as a ULID has them. */
#define FRESH_ID_LENGTH 26

/* Fills `id`, NUL-terminated. */
void fresh_id(gint64 wall_ms, char id[FRESH_ID_LENGTH + 1]);
