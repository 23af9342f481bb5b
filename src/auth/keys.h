/* The keys that tokens may be signed with. A ring is filled, then handed to what believes tokens,
 * which owns it, and never changes after that: threads verify by it without a lock. */
#pragma once

#include <glib.h>

#include "ports/auth.h"

typedef struct KeyRing KeyRing;

typedef struct {
    char *kid; /* NULL: it has none */
    AuthAlgorithm algorithm;
    GBytes *bytes; /* a secret, or a public key in PEM, ending in a NUL that is not counted */
    gsize signature_bytes; /* how long each of its signatures is */
} Key;

/* More are refused: a token without a kid is tried on all of its algorithm. */
#define KEYS_MOST 16
#define SECRET_BYTES_LEAST 32
#define RSA_BITS_LEAST 2048
#define KID_BYTES 128

/* "HS256". Static. */
const char *algorithm_name(AuthAlgorithm algorithm);
gboolean algorithm_parse(const char *name, AuthAlgorithm *algorithm);

KeyRing *key_ring_new(void);
void key_ring_free(KeyRing *ring); /* NULL is fine */

/* Adds a key; `kid` NULL or "" for none. `material` is a secret as it stands, or a public key in
 * PEM. FALSE with AUTH_ERROR_KEY when it is weak, of another kind than `algorithm`, or twice there;
 * the text begins with `place` (a file, or the name of a setting). */
gboolean key_ring_add(KeyRing *ring, const char *kid, AuthAlgorithm algorithm, const char *material,
                      gsize length, const char *place, GError **error);

guint key_ring_size(const KeyRing *ring);
const Key *key_ring_at(const KeyRing *ring, guint i);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyRing, key_ring_free)
