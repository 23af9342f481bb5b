/* Why a request was not applied: a value, never a failure (docs/protocol.md, section 7). */
#pragma once

#include <glib.h>

typedef enum {
    REFUSAL_NONE,
    REFUSAL_UNKNOWN_REQUEST,
    REFUSAL_NOT_REGISTERED,
    REFUSAL_UNAUTHORIZED,
    REFUSAL_TOKEN_EXPIRED,
    REFUSAL_INVALID_REQUEST,
    REFUSAL_TOO_LARGE,
    REFUSAL_CALL_NOT_FOUND,
    REFUSAL_FORBIDDEN,
    REFUSAL_CALLING_SELF,
    REFUSAL_ID_IN_USE,
    REFUSAL_GLARE,
    REFUSAL_WRONG_STATE,
    REFUSAL_CALL_OVER,
    REFUSAL_RATE_LIMITED,
    REFUSAL_TOO_MANY_CALLS,
    REFUSAL_TOO_MANY_DEVICES,
    REFUSAL_INTERNAL,
    REFUSAL_STORE_UNAVAILABLE,
} Refusal;

#define REFUSALS (REFUSAL_STORE_UNAVAILABLE + 1)

/* `code` of the wire, and `error_code` beside it. Not for REFUSAL_NONE. */
const char *refusal_name(Refusal refusal);
guint refusal_number(Refusal refusal);
