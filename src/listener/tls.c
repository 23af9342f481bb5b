#include <openssl/err.h>

#include "listener/private.h"

static gboolean fail(GError **error, const char *what, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *why = ERR_reason_error_string(code);

    g_set_error(error, LISTENER_ERROR, LISTENER_ERROR_TLS, "%s %s cannot be used: %s", what, path,
                why ? why : "no reason was given");
    ERR_clear_error();
    return FALSE;
}

gboolean tls_use(SSL_CTX *tls, const char *certificate, const char *key, GError **error)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
        return fail(error, "the certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1)
        return fail(error, "the key", key);
    return TRUE;
}

gboolean tls_check(const char *certificate, const char *key, GError **error)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    gboolean is_good = tls_use(tls, certificate, key, error);

    SSL_CTX_free(tls);
    return is_good;
}
