/* A store in memory that says it is durable, and whose reads and writes block or fail as a test says. */
#pragma once

#include "ports/store.h"

Store *blocking_store_new(void);
/* For who still touches it when the service, which frees it, has ended. */
Store *blocking_store_ref(Store *store);
void blocking_store_unref(Store *store);

/* From any thread. Who is inside of a read or a write stays there. */
void blocking_store_hold_writes(Store *store, gboolean is_held);
void blocking_store_hold_reads(Store *store, gboolean is_held);
void blocking_store_fail(Store *store, gboolean is_failing);

/* Returns when somebody is inside of a read, held. */
void blocking_store_wait_for_reader(Store *store);
void blocking_store_wait_for_writer(Store *store);
