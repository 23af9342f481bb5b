#include "core/refusal.h"

static const struct {
    guint number;
    const char *name;
} refusals[REFUSALS] = {
    [REFUSAL_UNKNOWN_REQUEST] = {404, "unknown_request"},
    [REFUSAL_NOT_REGISTERED] = {401, "not_registered"},
    [REFUSAL_UNAUTHORIZED] = {401, "unauthorized"},
    [REFUSAL_TOKEN_EXPIRED] = {401, "token_expired"},
    [REFUSAL_INVALID_REQUEST] = {400, "invalid_request"},
    [REFUSAL_TOO_LARGE] = {413, "too_large"},
    [REFUSAL_CALL_NOT_FOUND] = {404, "call_not_found"},
    [REFUSAL_FORBIDDEN] = {403, "forbidden"},
    [REFUSAL_CALLING_SELF] = {409, "calling_self"},
    [REFUSAL_ID_IN_USE] = {409, "id_in_use"},
    [REFUSAL_GLARE] = {409, "glare"},
    [REFUSAL_WRONG_STATE] = {409, "wrong_state"},
    [REFUSAL_CALL_OVER] = {410, "call_over"},
    [REFUSAL_RATE_LIMITED] = {429, "rate_limited"},
    [REFUSAL_TOO_MANY_CALLS] = {429, "too_many_calls"},
    [REFUSAL_TOO_MANY_DEVICES] = {429, "too_many_devices"},
    [REFUSAL_INTERNAL] = {500, "internal"},
    [REFUSAL_STORE_UNAVAILABLE] = {503, "store_unavailable"},
};

const char *refusal_name(Refusal refusal)
{
    g_assert(refusal > REFUSAL_NONE && refusal < REFUSALS);
    return refusals[refusal].name;
}

guint refusal_number(Refusal refusal)
{
    g_assert(refusal > REFUSAL_NONE && refusal < REFUSALS);
    return refusals[refusal].number;
}
