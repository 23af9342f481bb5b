#include "auth/jwt.h"

#include <string.h>

#include "auth/key_files.h"
#include "auth/token.h"

/* What is believed: never changed, only replaced. Threads that verify hold a reference. */
typedef struct {
    TokenRules rules;
    char *issuer;
    char *audience;
} Belief;

typedef struct {
    Auth base;
    GMutex lock; /* guards the pointer */
    Belief *belief;
} JwtAuth;

static void clear_belief(gpointer data)
{
    Belief *belief = data;

    key_ring_free(belief->rules.keys);
    g_free(belief->issuer);
    g_free(belief->audience);
}

static void release_belief(Belief *belief)
{
    g_atomic_rc_box_release_full(belief, clear_belief);
}

static Belief *new_belief(const AuthSettings *settings, GError **error)
{
    KeyRing *keys = key_files_read(settings, error);
    Belief *belief;

    if (!keys)
        return NULL;
    belief = g_atomic_rc_box_new0(Belief);
    belief->issuer = g_strdup(settings->issuer);
    belief->audience = g_strdup(settings->audience);
    belief->rules = (TokenRules){keys, belief->issuer, belief->audience, settings->leeway_ms};
    return belief;
}

static Belief *current_belief(JwtAuth *jwt)
{
    Belief *belief;

    g_mutex_lock(&jwt->lock);
    belief = g_atomic_rc_box_acquire(jwt->belief);
    g_mutex_unlock(&jwt->lock);
    return belief;
}

/* The token says who it is; what the device says besides may not differ. */
static const char *find_difference(const Credentials *said, const Identity *identity)
{
    if (said->user_id && strcmp(said->user_id, identity->user_id) != 0)
        return "userId: is not the user of the token";
    if (said->device_id && identity->device_id && strcmp(said->device_id, identity->device_id) != 0)
        return "deviceId: is not the device of the token";
    return NULL;
}

static Refusal jwt_verify(Auth *auth, const Credentials *said, gint64 now_ms, Identity *identity,
                          char **text)
{
    Belief *belief;
    Refusal refusal;
    const char *difference;

    if (!said->token) {
        *text = g_strdup("token: is required");
        return REFUSAL_UNAUTHORIZED;
    }
    belief = current_belief((JwtAuth *)auth);
    refusal = token_verify(&belief->rules, said->token, now_ms, identity, text);
    release_belief(belief);
    if (refusal != REFUSAL_NONE)
        return refusal;
    difference = find_difference(said, identity);
    if (!difference)
        return REFUSAL_NONE;
    identity_clear(identity);
    *text = g_strdup(difference);
    return REFUSAL_UNAUTHORIZED;
}

static gboolean jwt_reload(Auth *auth, const AuthSettings *settings, GError **error)
{
    JwtAuth *jwt = (JwtAuth *)auth;
    Belief *fresh, *old;

    if (settings->is_open) {
        g_set_error(error, AUTH_ERROR, AUTH_ERROR_RESTART,
                    "general.auth is not \"jwt\" any more, and tokens are still wanted: restart "
                    "Janus");
        return FALSE;
    }
    fresh = new_belief(settings, error);
    if (!fresh)
        return FALSE;
    g_mutex_lock(&jwt->lock);
    old = jwt->belief;
    jwt->belief = fresh;
    g_mutex_unlock(&jwt->lock);
    release_belief(old);
    return TRUE;
}

static void jwt_auth_free(Auth *auth)
{
    JwtAuth *jwt = (JwtAuth *)auth;

    release_belief(jwt->belief);
    g_mutex_clear(&jwt->lock);
    g_free(jwt);
}

static const AuthOps jwt_ops = {
    .name = "jwt",
    .free = jwt_auth_free,
    .verify = jwt_verify,
    .reload = jwt_reload,
};

Auth *jwt_auth_new(const AuthSettings *settings, GError **error)
{
    Belief *belief = new_belief(settings, error);
    JwtAuth *jwt;

    if (!belief)
        return NULL;
    jwt = g_new0(JwtAuth, 1);
    jwt->base.ops = &jwt_ops;
    g_mutex_init(&jwt->lock);
    jwt->belief = belief;
    return &jwt->base;
}
