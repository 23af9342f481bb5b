/* What a backend is asked when a callee's devices do not ring. */
#pragma once

#include "core/record.h"

/* A callee is to be woken, or need not be any more. */
typedef struct {
    Record *record; /* borrowed */
    gboolean is_stop;
    gint64 expires_in_ms; /* of the ring */
} Push;
