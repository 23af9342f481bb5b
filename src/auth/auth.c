#include "ports/auth.h"

G_DEFINE_QUARK(call_auth_error, auth_error)
