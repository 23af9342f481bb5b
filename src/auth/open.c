#include "auth/open.h"

static void open_free(Auth *auth)
{
    g_free(auth);
}

/* A token is none of its business. */
static Refusal open_verify(Auth *auth G_GNUC_UNUSED, const Credentials *said,
                           gint64 now_ms G_GNUC_UNUSED, Identity *identity, char **text)
{
    if (!said->user_id) {
        *text = g_strdup("userId: is required");
        return REFUSAL_INVALID_REQUEST;
    }
    *identity = (Identity){.user_id = g_strdup(said->user_id), .expires_ms = G_MAXINT64};
    return REFUSAL_NONE;
}

static gboolean open_reload(Auth *auth G_GNUC_UNUSED, const AuthSettings *settings, GError **error)
{
    if (settings->is_open)
        return TRUE;
    g_set_error(error, AUTH_ERROR, AUTH_ERROR_RESTART,
                "general.auth is not \"open\" any more, and everybody is still believed: restart "
                "Janus");
    return FALSE;
}

static const AuthOps open_ops = {
    .name = "open",
    .free = open_free,
    .verify = open_verify,
    .reload = open_reload,
};

Auth *open_auth_new(void)
{
    Auth *auth = g_new0(Auth, 1);

    auth->ops = &open_ops;
    return auth;
}
