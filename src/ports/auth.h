/* Port: who a device is. Asked once for each call:register, by any thread, several at a time. */
#pragma once

#include <glib.h>

#include "core/refusal.h"

#define AUTH_ERROR (auth_error_quark())
GQuark auth_error_quark(void);

typedef enum {
    AUTH_ERROR_KEY,    /* a key cannot be used, or there is none: the text says which, never what
                          is in it */
    AUTH_ERROR_RESTART /* what changed cannot be changed in a running server */
} AuthError;

/* What the device said of itself; each may be NULL. */
typedef struct {
    const char *token;
    const char *user_id;
    const char *device_id;
} Credentials;

/* Who it is. Owns its strings; end it with identity_clear(). */
typedef struct {
    char *user_id;
    char *device_id; /* or NULL: whatever the device said */
    char *name;      /* what others see instead of its displayName; or NULL */
    gint64
        expires_ms; /* Unix time at which it has to show itself anew, later than that of the verify;
                          G_MAXINT64 is never */
} Identity;

typedef enum {
    AUTH_HS256,
    AUTH_RS256,
    AUTH_ES256,
} AuthAlgorithm;

#define AUTH_ALGORITHMS (AUTH_ES256 + 1)

/* What is configured; "" where nothing is. Borrowed. */
typedef struct {
    gboolean is_open;        /* general.auth is "open" */
    AuthAlgorithm algorithm; /* of the one key that the next four name */
    const char *secret;
    const char *secret_file;
    const char *public_key;
    const char *kid;
    const char *keys_folder; /* more keys */
    const char *issuer;
    const char *audience;
    gint64 leeway_ms;
} AuthSettings;

typedef struct Auth Auth;

typedef struct {
    const char *name; /* "open", "jwt" */

    void (*free)(Auth *auth);

    /* Who is that, at `now_ms` of Unix time? REFUSAL_NONE fills in `identity`. Else `*text` says
     * for people what is wrong, owned by the caller; nothing of the token or of a key is in it.
     * Never blocks. */
    Refusal (*verify)(Auth *auth, const Credentials *said, gint64 now_ms, Identity *identity,
                      char **text);

    /* From now on with these settings, and with what their files hold now. FALSE changes nothing.
     * One thread at a time. */
    gboolean (*reload)(Auth *auth, const AuthSettings *settings, GError **error);
} AuthOps;

/* The first member of every auth. */
struct Auth {
    const AuthOps *ops;
};

static inline void auth_free(Auth *auth)
{
    if (auth)
        auth->ops->free(auth);
}

static inline void identity_clear(Identity *identity)
{
    g_clear_pointer(&identity->user_id, g_free);
    g_clear_pointer(&identity->device_id, g_free);
    g_clear_pointer(&identity->name, g_free);
}
