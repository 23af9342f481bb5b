/* Port: the backend that is told of calls by itself. */
#pragma once

#include "core/push.h"

/* Each function returns at once and may be called by any thread, with no lock of the service held.
 */
typedef struct {
    /* There may be more in the outbox. */
    void (*committed)(gpointer self);
    /* In the order of the steps of one call. */
    void (*push)(gpointer self, const Push *push);
} Backend;
