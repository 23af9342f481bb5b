/* The store of those who keep records in their backend, and of tests: calls are remembered until
 * the process ends. */
#pragma once

#include "ports/store.h"

/* Remembers at most `most` calls; the oldest ended ones go first. Free with store_free(). */
Store *memory_store_new(guint most);
