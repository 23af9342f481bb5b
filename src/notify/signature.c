#include "notify/signature.h"

#include <string.h>

#define PREFIX "whsec_"
#define KEY_LEAST 24
#define KEY_MOST 64
#define SHA256_BYTES 32

/* GLib decodes what is no base64 too, as far as it can. */
static gboolean is_base64(const char *text)
{
    gsize length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    gsize padding = strspn(text + length, "=");

    return text[length + padding] == '\0' && (length + padding) % 4 == 0 && padding <= 2;
}

gboolean secrets_add(Secrets *secrets, const char *text)
{
    g_autofree guchar *key = NULL;
    gsize length;

    if (secrets->count == SECRETS_MOST || !g_str_has_prefix(text, PREFIX) ||
        !is_base64(text + strlen(PREFIX)))
        return FALSE;
    key = g_base64_decode(text + strlen(PREFIX), &length);
    if (length < KEY_LEAST || length > KEY_MOST)
        return FALSE;
    secrets->keys[secrets->count++] = g_bytes_new(key, length);
    return TRUE;
}

void secrets_clear(Secrets *secrets)
{
    for (guint i = 0; i < secrets->count; i++)
        g_clear_pointer(&secrets->keys[i], g_bytes_unref);
    secrets->count = 0;
}

static char *sign_with(GBytes *key, const char *signed_text)
{
    gsize length;
    const guchar *bytes = g_bytes_get_data(key, &length);
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, bytes, length);
    guint8 digest[SHA256_BYTES];
    gsize digest_length = sizeof digest;

    g_hmac_update(hmac, (const guchar *)signed_text, -1);
    g_hmac_get_digest(hmac, digest, &digest_length);
    g_hmac_unref(hmac);
    return g_base64_encode(digest, digest_length);
}

char *sign(const Secrets *secrets, const char *id, gint64 timestamp_s, const char *body)
{
    g_autofree char *text = g_strdup_printf("%s.%" G_GINT64_FORMAT ".%s", id, timestamp_s, body);
    GString *header = g_string_new(NULL);

    for (guint i = 0; i < secrets->count; i++) {
        g_autofree char *signature = sign_with(secrets->keys[i], text);

        g_string_append_printf(header, "%sv1,%s", i ? " " : "", signature);
    }
    return g_string_free(header, FALSE);
}
