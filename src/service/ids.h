/* Ids that nobody can guess and that sort by the time at which they were made. */
#pragma once

#include <glib.h>

/* 48 bits of Unix ms and 80 random bits in Crockford's base 32, as a ULID has them. */
#define FRESH_ID_LENGTH 26

/* So many characters have 160 random bits. */
#define SECRET_LENGTH 32

/* Fills `secret`, NUL-terminated. */
void fresh_secret(char secret[SECRET_LENGTH + 1]);
/* 52 random bits, as decimal digits: a number that JavaScript knows too. */
#define ROOM_LENGTH 16
void fresh_room(char room[ROOM_LENGTH + 1]);
/* Fills `id`, NUL-terminated. */
void fresh_id(gint64 wall_ms, char id[FRESH_ID_LENGTH + 1]);
