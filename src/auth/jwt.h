/* A device shows a token that the backend has signed (docs/tokens.md). */
#pragma once

#include "ports/auth.h"

/* NULL with AUTH_ERROR when there is no key that can be used. */
Auth *jwt_auth_new(const AuthSettings *settings, GError **error);
