/* The gate: whether a token is good, and what it says (docs/tokens.md). It does no I/O and reads no
 * clock; any thread may use it. */
#pragma once

#include "auth/keys.h"
#include "ports/auth.h"

/* A longer token is not looked at. */
#define TOKEN_BYTES (8 * 1024)

typedef struct {
    KeyRing *keys;
    const char *issuer;   /* NULL or "": any */
    const char *audience; /* the same */
    gint64 leeway_ms;
} TokenRules;

/* As AuthOps.verify, without what the device said. A token in its leeway is good until the leeway's
 * end. */
Refusal token_verify(const TokenRules *rules, const char *token, gint64 now_ms, Identity *identity,
                     char **text);
