#include "notify/endpoint.h"
#include "core/text.h"

#include <string.h>

#include "notify/http.h"

G_DEFINE_QUARK(call - endpoint - error - quark, endpoint_error)

static const char *const types[CALL_STATES] = {
    [CALL_RINGING] = "call.ringing",   [CALL_ACCEPTED] = "call.accepted",
    [CALL_REJECTED] = "call.rejected", [CALL_CANCELLED] = "call.cancelled",
    [CALL_TIMEOUT] = "call.timeout",   [CALL_ENDED] = "call.ended",
    [CALL_FAILED] = "call.failed",
};

const char *event_type(CallState status)
{
    g_assert(status < CALL_STATES);
    return types[status];
}

static gboolean fail(const EndpointOptions *options, const char *key, const char *what,
                     GError **error)
{
    g_set_error(error, ENDPOINT_ERROR, 0, "webhooks.endpoints: \"%s\": %s: %s", options->name, key,
                what);
    return FALSE;
}

static gboolean want(Endpoint *endpoint, const char *type)
{
    if (strcmp(type, EVENT_TYPE_PUSH) == 0) {
        endpoint->wants_push = TRUE;
        return TRUE;
    }
    for (guint i = 0; i < CALL_STATES; i++) {
        if (strcmp(types[i], type) == 0) {
            endpoint->wants[i] = TRUE;
            return TRUE;
        }
    }
    return FALSE;
}

static void want_all(Endpoint *endpoint)
{
    endpoint->wants_push = TRUE;
    for (guint i = 0; i < CALL_STATES; i++)
        endpoint->wants[i] = TRUE;
}

static gboolean read_types(Endpoint *endpoint, const EndpointOptions *options, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(options->types, " ,\t\n", -1);
    guint count = 0;

    for (guint i = 0; words[i]; i++) {
        if (!*words[i])
            continue;
        count++;
        if (!want(endpoint, words[i]))
            return fail(options, "types", "is not made of the types of docs/protocol.md, section 8",
                        error);
    }
    if (!count)
        want_all(endpoint);
    return TRUE;
}

static gboolean read_secrets(Endpoint *endpoint, const EndpointOptions *options, GError **error)
{
    static const char rule[] = "must be \"whsec_\" and the base64 of 24 to 64 bytes";

    if (!secrets_add(&endpoint->secrets, options->secret))
        return fail(options, "secret", rule, error);
    if (*options->previous_secret && !secrets_add(&endpoint->secrets, options->previous_secret))
        return fail(options, "previous_secret", rule, error);
    return TRUE;
}

static gboolean read_url(const EndpointOptions *options, GError **error)
{
    return http_is_good_url(options->url) ||
           fail(options, "url",
                "must be http:// or https://, a host, and neither user nor fragment", error);
}

static gboolean read_name(const EndpointOptions *options, GError **error)
{
    const char *name = options->name;

    return (*name && g_utf8_validate(name, -1, NULL) && !has_control_characters(name)) ||
           fail(options, "name", "must be a text without control characters", error);
}

Endpoint *endpoint_new(const EndpointOptions *options, GError **error)
{
    Endpoint *endpoint = g_new0(Endpoint, 1);

    endpoint->name = g_strdup(options->name);
    endpoint->url = g_strdup(options->url);
    if (read_name(options, error) && read_url(options, error) &&
        read_secrets(endpoint, options, error) && read_types(endpoint, options, error))
        return endpoint;
    endpoint_free(endpoint);
    return NULL;
}

void endpoint_free(Endpoint *endpoint)
{
    if (!endpoint)
        return;
    secrets_clear(&endpoint->secrets);
    g_free(endpoint->name);
    g_free(endpoint->url);
    g_free(endpoint);
}
