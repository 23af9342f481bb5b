/* Signatures of the Standard Webhooks specification: HMAC-SHA256 over "ID.TIMESTAMP.BODY". */
#pragma once

#include <glib.h>

/* Few enough that a header stays small; a second one is for the time of a rotation. */
#define SECRETS_MOST 2

typedef struct {
    GBytes *keys[SECRETS_MOST];
    guint count;
} Secrets;

/* Adds "whsec_" and the base64 of 24 to 64 bytes. FALSE when it is not that, and nothing is added.
 */
gboolean secrets_add(Secrets *secrets, const char *text);
void secrets_clear(Secrets *secrets);

/* The value of the header `webhook-signature`: "v1,..." for each secret, with a space between.
 * Owned by the caller. */
char *sign(const Secrets *secrets, const char *id, gint64 timestamp_s, const char *body);
