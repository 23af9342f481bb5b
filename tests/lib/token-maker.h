/* Makes keys and tokens for tests, good ones and others: header and payload are taken as they are.
 * Independent of src/auth and of libjwt. Everything is owned by the caller. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>

char *base64url(gconstpointer bytes, gsize length);

/* HEADER.PAYLOAD of two JSON texts (of any text). */
char *token_unsigned(const char *header, const char *payload);
/* The same with a signature: by HMAC-SHA256; by RSASSA-PKCS1-v1_5 or ECDSA with SHA-256, as the
 * key is of that kind. */
char *token_sign(const char *header, const char *payload, gconstpointer secret, gsize length);
char *token_sign_with(const char *header, const char *payload, EVP_PKEY *key);

EVP_PKEY *make_rsa(guint bits);
EVP_PKEY *make_ec(const char *curve);
char *public_pem(EVP_PKEY *key);
char *private_pem(EVP_PKEY *key);
