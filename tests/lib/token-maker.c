#include "token-maker.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define HALF_MOST 66 /* of a signature on the largest curve */

char *base64url(gconstpointer bytes, gsize length)
{
    char *text = g_base64_encode(bytes, length);

    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

char *token_unsigned(const char *header, const char *payload)
{
    g_autofree char *first = base64url(header, strlen(header));
    g_autofree char *second = base64url(payload, strlen(payload));

    return g_strconcat(first, ".", second, NULL);
}

static char *with_signature(const char *text, gconstpointer bytes, gsize length)
{
    g_autofree char *signature = base64url(bytes, length);

    return g_strconcat(text, ".", signature, NULL);
}

char *token_sign(const char *header, const char *payload, gconstpointer secret, gsize length)
{
    g_autofree char *text = token_unsigned(header, payload);
    guint8 mac[EVP_MAX_MD_SIZE];
    guint mac_length = 0;

    g_assert_nonnull(HMAC(EVP_sha256(), secret, (int)length, (const guint8 *)text, strlen(text),
                          mac, &mac_length));
    return with_signature(text, mac, mac_length);
}

/* OpenSSL gives ASN.1, a token has the two numbers. */
static char *with_raw_signature(const char *text, const guint8 *der, gsize length, int half)
{
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)length);
    guint8 raw[2 * HALF_MOST];

    g_assert_nonnull(parsed);
    g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), raw, half), ==, half);
    g_assert_cmpint(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), raw + half, half), ==, half);
    ECDSA_SIG_free(parsed);
    return with_signature(text, raw, 2 * (gsize)half);
}

char *token_sign_with(const char *header, const char *payload, EVP_PKEY *key)
{
    g_autofree char *text = token_unsigned(header, payload);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    guint8 signature[1024];
    gsize length = sizeof signature;

    g_assert_cmpint(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), ==, 1);
    g_assert_cmpint(EVP_DigestSign(context, signature, &length, (const guint8 *)text, strlen(text)),
                    ==, 1);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        return with_raw_signature(text, signature, length, (EVP_PKEY_get_bits(key) + 7) / 8);
    return with_signature(text, signature, length);
}

EVP_PKEY *make_rsa(guint bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);

    g_assert_nonnull(key);
    return key;
}

EVP_PKEY *make_ec(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);

    g_assert_nonnull(key);
    return key;
}

static char *take_text(BIO *pem)
{
    char *bytes = NULL;
    long length = BIO_get_mem_data(pem, &bytes);
    char *text = g_strndup(bytes, (gsize)length);

    BIO_free(pem);
    return text;
}

char *public_pem(EVP_PKEY *key)
{
    BIO *pem = BIO_new(BIO_s_mem());

    g_assert_cmpint(PEM_write_bio_PUBKEY(pem, key), ==, 1);
    return take_text(pem);
}

char *private_pem(EVP_PKEY *key)
{
    BIO *pem = BIO_new(BIO_s_mem());

    g_assert_cmpint(PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL), ==, 1);
    return take_text(pem);
}
