/* base64url as a token has it (RFC 7515, section 2): one text for one value, and no other. */
#pragma once

#include <glib.h>

/* Decodes `length` characters. NULL for what is not canonical: a character that is not of the
 * alphabet, padding, a length that no value has, bits left over that are not 0. The empty text
 * gives empty bytes. */
GBytes *base64url_decode(const char *text, gsize length);
