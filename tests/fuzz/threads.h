/* Threads, waiting and the clock of the plugin, made deterministic: the linker sends GLib's functions
 * (-Wl,--wrap) here. A thread is a coroutine that runs until it waits; time passes only when the fuzzer
 * says so, or when nobody can go on without it. */
#pragma once

#include <glib.h>

/* Everything as at the start, with a clock of its own: monotonic 1,000 s, 14 November 2023. No thread
 * may be left. */
void threads_reset(void);

/* Lets every thread run until all of them wait. */
void threads_settle(void);

/* Time passes. Threads whose time has come wake at that time; or, `is_late`, all of them only at the
 * end, as on a machine that was asleep. */
void threads_advance(gint64 us, gboolean is_late);
/* As threads_advance() up to when the next thread wakes; FALSE when none waits for a time. */
gboolean threads_advance_to_next(void);

/* Somebody sets the machine's clock: Unix time jumps, monotonic time does not. */
void threads_set_clock(gint64 jump_us);
