/* A few threads that read from the store for those who must not wait for it. */
#pragma once

#include <glib.h>

typedef struct Readers Readers;

typedef void (*ReadersRun)(gpointer job);

/* The threads start with the first job. */
Readers *readers_new(ReadersRun run);
/* When all jobs are done. NULL is fine. */
void readers_free(Readers *readers);

/* Never blocks. `run` takes the job over. */
void readers_push(Readers *readers, gpointer job);
