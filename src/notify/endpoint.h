/* One backend that is told of calls, and what it wants to know. */
#pragma once

#include "core/state.h"
#include "notify/signature.h"

#define ENDPOINTS_MOST 16

/* As configured. */
typedef struct {
    const char *name;
    const char *url;
    const char *secret;
    const char *previous_secret; /* "" when there is none */
    const char *types;           /* with spaces between them; "" is all */
} EndpointOptions;

typedef struct {
    char *name;
    char *url;
    Secrets secrets;
    gboolean wants[CALL_STATES];
    gboolean wants_push;
} Endpoint;

/* The wire's word for what is told when a call gets this status; static. */
const char *event_type(CallState status);
#define EVENT_TYPE_PUSH "call.push"

#define ENDPOINT_ERROR (endpoint_error_quark())
GQuark endpoint_error_quark(void);

/* NULL, and an error that names the endpoint and the key but never a secret, when something of it is
 * no good. */
Endpoint *endpoint_new(const EndpointOptions *options, GError **error);
void endpoint_free(Endpoint *endpoint); /* NULL is fine */
