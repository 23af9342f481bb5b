/* Work that may take long, on a few threads: in order within a strand, at the same time for
 * different strands. Each media handle has a strand: what it is told reaches it in the order in
 * which it was said, and one that is slow delays nobody else. */
#pragma once

#include <glib.h>

typedef struct Workers Workers;
typedef struct Strand Strand;
typedef void (*StrandTask)(gpointer data);

/* Starts so many threads. */
Workers *workers_new(guint threads);
/* Does what is left to do, then ends the threads. Nothing may be added meanwhile but by tasks. */
void workers_free(Workers *workers);

/* Counted by reference; the workers must live longer. */
Strand *strand_new(Workers *workers);
Strand *strand_ref(Strand *strand);
void strand_unref(Strand *strand);

/* Adds a task. Any thread; never blocks. `data` is the task's to free. */
void strand_add(Strand *strand, StrandTask task, gpointer data);
