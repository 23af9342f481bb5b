#include "auth/keys.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define SHA256_BYTES 32
#define P256_SIGNATURE_BYTES 64

struct KeyRing {
    GPtrArray *keys; /* of Key */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)

static const char *const algorithm_names[AUTH_ALGORITHMS] = {
    [AUTH_HS256] = "HS256",
    [AUTH_RS256] = "RS256",
    [AUTH_ES256] = "ES256",
};

const char *algorithm_name(AuthAlgorithm algorithm)
{
    return algorithm_names[algorithm];
}

gboolean algorithm_parse(const char *name, AuthAlgorithm *algorithm)
{
    for (guint i = 0; i < AUTH_ALGORITHMS; i++) {
        if (strcmp(algorithm_names[i], name) == 0) {
            *algorithm = (AuthAlgorithm)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* --- a ring --- */

static void free_key(gpointer data)
{
    Key *key = data;

    g_free(key->kid);
    g_clear_pointer(&key->bytes, g_bytes_unref);
    g_free(key);
}

KeyRing *key_ring_new(void)
{
    KeyRing *ring = g_new0(KeyRing, 1);

    ring->keys = g_ptr_array_new_with_free_func(free_key);
    return ring;
}

void key_ring_free(KeyRing *ring)
{
    if (!ring)
        return;
    g_ptr_array_unref(ring->keys);
    g_free(ring);
}

guint key_ring_size(const KeyRing *ring)
{
    return ring->keys->len;
}

const Key *key_ring_at(const KeyRing *ring, guint i)
{
    return g_ptr_array_index(ring->keys, i);
}

/* --- what a key must be --- */

static gboolean G_GNUC_PRINTF(3, 4)
    refuse(GError **error, const char *place, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, AUTH_ERROR, AUTH_ERROR_KEY, "%s: %s", place, text);
    return FALSE;
}

/* With a NUL after it, which some of OpenSSL's and libjwt's readers like, and others hate. */
static GBytes *keep(const char *material, gsize length)
{
    char *copy = g_malloc(length + 1);
    g_autoptr(GBytes) whole = NULL;

    memcpy(copy, material, length);
    copy[length] = '\0';
    whole = g_bytes_new_take(copy, length + 1);
    return g_bytes_new_from_bytes(whole, 0, length);
}

static gboolean take_secret(Key *key, const char *material, gsize length, const char *place,
                            GError **error)
{
    if (length < SECRET_BYTES_LEAST)
        return refuse(error, place, "a secret for HS256 must have at least %d bytes",
                      SECRET_BYTES_LEAST);
    if (g_strstr_len(material, (gssize)length, "-----BEGIN "))
        return refuse(error, place, "this is a PEM file, no secret for HS256");
    key->bytes = keep(material, length);
    key->signature_bytes = SHA256_BYTES;
    return TRUE;
}

/* A PEM file may be encrypted; nobody is there to be asked. */
static int no_password(char *buffer G_GNUC_UNUSED, int size G_GNUC_UNUSED,
                       int is_write G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
    return -1;
}

static EVP_PKEY *parse_public_key(const char *material, gsize length)
{
    g_autoptr(BIO) pem = BIO_new_mem_buf(material, (int)length);
    EVP_PKEY *parsed = PEM_read_bio_PUBKEY(pem, NULL, no_password, NULL);

    /* Others of this process look at the thread's queue of errors. */
    ERR_clear_error();
    return parsed;
}

/* As OpenSSL writes it, so that a verify reads nothing that came from outside. */
static GBytes *canonical_pem(EVP_PKEY *parsed)
{
    g_autoptr(BIO) pem = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length;

    g_assert(PEM_write_bio_PUBKEY(pem, parsed) == 1);
    length = BIO_get_mem_data(pem, &text);
    return keep(text, (gsize)length);
}

static gboolean is_p256(EVP_PKEY *parsed)
{
    char curve[32] = "";

    return EVP_PKEY_get_utf8_string_param(parsed, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve,
                                          NULL) == 1 &&
           strcmp(curve, "prime256v1") == 0;
}

static gboolean take_rsa(Key *key, EVP_PKEY *parsed, const char *place, GError **error)
{
    if (EVP_PKEY_get_base_id(parsed) != EVP_PKEY_RSA)
        return refuse(error, place, "RS256 wants an RSA key, and this is another kind");
    if (EVP_PKEY_get_bits(parsed) < RSA_BITS_LEAST)
        return refuse(error, place, "an RSA key must have at least %d bits, and this has %d",
                      RSA_BITS_LEAST, EVP_PKEY_get_bits(parsed));
    key->signature_bytes = (gsize)EVP_PKEY_get_size(parsed);
    return TRUE;
}

static gboolean take_ec(Key *key, EVP_PKEY *parsed, const char *place, GError **error)
{
    if (EVP_PKEY_get_base_id(parsed) != EVP_PKEY_EC || !is_p256(parsed))
        return refuse(error, place, "ES256 wants a key on the curve P-256 (prime256v1)");
    key->signature_bytes = P256_SIGNATURE_BYTES;
    return TRUE;
}

static gboolean take_public_key(Key *key, const char *material, gsize length, const char *place,
                                GError **error)
{
    g_autoptr(EVP_PKEY) parsed = NULL;
    gboolean is_good;

    if (g_strstr_len(material, (gssize)length, "PRIVATE KEY-----"))
        return refuse(error, place,
                      "this is a private key, which only the maker of the tokens needs: give the "
                      "public one");
    parsed = parse_public_key(material, length);
    if (!parsed)
        return refuse(error, place, "must be a public key in PEM (-----BEGIN PUBLIC KEY-----)");
    is_good = key->algorithm == AUTH_RS256 ? take_rsa(key, parsed, place, error)
                                           : take_ec(key, parsed, place, error);
    if (is_good)
        key->bytes = canonical_pem(parsed);
    ERR_clear_error();
    return is_good;
}

static gboolean take_material(Key *key, const char *material, gsize length, const char *place,
                              GError **error)
{
    switch (key->algorithm) {
    case AUTH_HS256:
        return take_secret(key, material, length, place, error);
    case AUTH_RS256:
    case AUTH_ES256:
        return take_public_key(key, material, length, place, error);
    }
    g_assert_not_reached();
}

static gboolean has_kid(const KeyRing *ring, const char *kid)
{
    for (guint i = 0; kid && i < ring->keys->len; i++) {
        if (g_strcmp0(key_ring_at(ring, i)->kid, kid) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean key_ring_add(KeyRing *ring, const char *kid, AuthAlgorithm algorithm, const char *material,
                      gsize length, const char *place, GError **error)
{
    Key *key;

    if (ring->keys->len == KEYS_MOST)
        return refuse(error, place, "there are more than %d keys", KEYS_MOST);
    if (kid && strlen(kid) > KID_BYTES)
        return refuse(error, place, "a kid must have at most %d bytes", KID_BYTES);
    if (kid && *kid && has_kid(ring, kid))
        return refuse(error, place, "there is another key with this kid");
    key = g_new0(Key, 1);
    key->kid = kid && *kid ? g_strdup(kid) : NULL;
    key->algorithm = algorithm;
    if (!take_material(key, material, length, place, error)) {
        free_key(key);
        return FALSE;
    }
    g_ptr_array_add(ring->keys, key);
    return TRUE;
}
