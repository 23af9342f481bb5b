#include <openssl/err.h>

#include "listener/private.h"

static gboolean fail(GError **error, const char *what, const char *path, const char *why)
{
    if (!why)
        why = ERR_reason_error_string(ERR_peek_last_error());
    g_set_error(error, LISTENER_ERROR, LISTENER_ERROR_TLS, "%s %s cannot be used: %s", what, path,
                why ? why : "no reason was given");
    ERR_clear_error();
    return FALSE;
}

/* OpenSSL would ask on the terminal, and wait. */
static int have_no_password(char *password G_GNUC_UNUSED, int size G_GNUC_UNUSED,
                            int is_for_writing G_GNUC_UNUSED, void *was_asked)
{
    *(gboolean *)was_asked = TRUE;
    return -1;
}

static gboolean read_files(SSL_CTX *tls, const char *certificate, const char *key, GError **error)
{
    gboolean is_encrypted = FALSE, has_key;

    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(tls, have_no_password);
    SSL_CTX_set_default_passwd_cb_userdata(tls, &is_encrypted);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
        return fail(error, "the certificate", certificate, NULL);
    has_key = SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) == 1 &&
              SSL_CTX_check_private_key(tls) == 1;
    if (!has_key)
        return fail(error, "the key", key,
                    is_encrypted ? "it is encrypted, and there is nobody to ask for its password"
                                 : NULL);
    return TRUE;
}

ListenerPair *tls_read(const char *certificate, const char *key, GError **error)
{
    ListenerPair *pair = g_new0(ListenerPair, 1);

    pair->tls = SSL_CTX_new(TLS_server_method());
    if (!read_files(pair->tls, certificate, key, error)) {
        listener_pair_free(pair);
        return NULL;
    }
    pair->kind = EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(pair->tls));
    return pair;
}

gboolean tls_use(SSL_CTX *tls, const ListenerPair *pair, GError **error)
{
    STACK_OF(X509) *chain = NULL;

    ERR_clear_error();
    SSL_CTX_get0_chain_certs(pair->tls, &chain);
    if (SSL_CTX_use_cert_and_key(tls, SSL_CTX_get0_certificate(pair->tls),
                                 SSL_CTX_get0_privatekey(pair->tls), chain, 1) == 1)
        return TRUE;
    return fail(error, "the certificate", "that was read", NULL);
}

void listener_pair_free(ListenerPair *pair)
{
    if (!pair)
        return;
    SSL_CTX_free(pair->tls);
    g_free(pair);
}
