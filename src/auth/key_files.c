#include "auth/key_files.h"

#include <string.h>

/* What a key's file may have, at most. */
#define FILE_BYTES_MOST (16 * 1024)

static gboolean refuse(GError **error, const char *text)
{
    g_set_error_literal(error, AUTH_ERROR, AUTH_ERROR_KEY, text);
    return FALSE;
}

/* Editors end a file with a newline; a secret rarely ends with one. */
static gsize without_newline(const char *text, gsize length)
{
    if (length && text[length - 1] == '\n')
        length--;
    if (length && text[length - 1] == '\r')
        length--;
    return length;
}

static gboolean add_file(KeyRing *ring, const char *kid, AuthAlgorithm algorithm, const char *path,
                         GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_autofree char *place = g_filename_display_name(path);
    g_autoptr(GError) failure = NULL;

    if (!g_file_get_contents(path, &text, &length, &failure)) {
        g_set_error(error, AUTH_ERROR, AUTH_ERROR_KEY, "%s", failure->message);
        return FALSE;
    }
    if (length > FILE_BYTES_MOST) {
        g_set_error(error, AUTH_ERROR, AUTH_ERROR_KEY, "%s: is too large for a key", place);
        return FALSE;
    }
    return key_ring_add(ring, kid, algorithm, text, without_newline(text, length), place, error);
}

/* --- the one key that the settings name --- */

static gboolean add_secret(KeyRing *ring, const AuthSettings *settings, GError **error)
{
    if (*settings->secret && *settings->secret_file)
        return refuse(error, "auth.secret and auth.secret_file are both set: leave one out");
    if (*settings->secret_file)
        return add_file(ring, settings->kid, AUTH_HS256, settings->secret_file, error);
    if (!*settings->secret)
        return TRUE;
    return key_ring_add(ring, settings->kid, AUTH_HS256, settings->secret, strlen(settings->secret),
                        "auth.secret", error);
}

static gboolean add_configured(KeyRing *ring, const AuthSettings *settings, GError **error)
{
    gboolean is_secret = settings->algorithm == AUTH_HS256;

    if (is_secret && *settings->public_key)
        return refuse(error, "auth.public_key is set, but auth.algorithm is \"HS256\", which has "
                             "a secret: set it to \"RS256\" or \"ES256\"");
    if (!is_secret && (*settings->secret || *settings->secret_file))
        return refuse(error, "a secret is set in auth, but auth.algorithm is not \"HS256\"");
    if (is_secret)
        return add_secret(ring, settings, error);
    if (!*settings->public_key)
        return TRUE;
    return add_file(ring, settings->kid, settings->algorithm, settings->public_key, error);
}

/* --- the folder --- */

static gboolean parse_extension(const char *extension, AuthAlgorithm *algorithm)
{
    g_autofree char *name = g_ascii_strup(extension, -1);

    return strcmp(name, extension) != 0 && algorithm_parse(name, algorithm);
}

/* KID.hs256; anything else was meant to be a key, and a key that is missing is found out too late. */
static gboolean add_named_file(KeyRing *ring, const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    const char *dot = strrchr(name, '.');
    g_autofree char *kid = dot ? g_strndup(name, (gsize)(dot - name)) : NULL;
    AuthAlgorithm algorithm;

    if (!dot || !parse_extension(dot + 1, &algorithm)) {
        g_autofree char *place = g_filename_display_name(path);

        g_set_error(error, AUTH_ERROR, AUTH_ERROR_KEY,
                    "%s: the name of a key's file must end in .hs256, .rs256 or .es256", place);
        return FALSE;
    }
    return add_file(ring, kid, algorithm, path, error);
}

static int compare_names(gconstpointer one, gconstpointer other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* In the order of their names, so that what is said of them does not depend on the disk. Hidden files
 * are an editor's. */
static GPtrArray *list_folder(const char *folder, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!dir) {
        g_set_error(error, AUTH_ERROR, AUTH_ERROR_KEY, "%s", failure->message);
        return NULL;
    }
    while ((name = g_dir_read_name(dir))) {
        if (*name != '.')
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

static gboolean add_folder(KeyRing *ring, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = NULL;

    if (!*folder)
        return TRUE;
    names = list_folder(folder, error);
    for (guint i = 0; names && i < names->len; i++) {
        if (!add_named_file(ring, folder, g_ptr_array_index(names, i), error))
            return FALSE;
    }
    return names != NULL;
}

KeyRing *key_files_read(const AuthSettings *settings, GError **error)
{
    g_autoptr(KeyRing) ring = key_ring_new();

    if (!add_configured(ring, settings, error) || !add_folder(ring, settings->keys_folder, error))
        return NULL;
    if (key_ring_size(ring) == 0) {
        refuse(error, "no key is set: auth.secret or auth.secret_file for HS256, auth.public_key "
                      "for RS256 and ES256, or auth.keys_folder");
        return NULL;
    }
    return g_steal_pointer(&ring);
}
