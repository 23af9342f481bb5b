/* An outbox in memory: events in their order, for each endpoint, each found by its id. */
#pragma once

#include "ports/store.h"

typedef struct {
    GHashTable *endpoints; /* name -> GSequence of OutboxRow */
    GHashTable *by_id;     /* gint64 -> GSequenceIter; keys live in the rows */
    gint64 last_id;
} OutboxRows;

void outbox_rows_init(OutboxRows *rows);
void outbox_rows_clear(OutboxRows *rows);

/* A new array that owns its OutboxRows. */
GPtrArray *outbox_rows_new(void);

/* Puts a row in for each endpoint of the announcement. */
void outbox_rows_add(OutboxRows *rows, gint64 call, gint64 at_ms, const Announcement *announcement);
guint outbox_rows_count(const OutboxRows *rows);
/* As in StoreOps. */
GPtrArray *outbox_rows_pending(const OutboxRows *rows, const char *endpoint, gint64 after,
                               guint most);
void outbox_rows_settle(OutboxRows *rows, gint64 id);

/* The oldest row of any endpoint for which `may_go` says yes, or NULL. */
typedef gboolean (*OutboxRowTest)(const OutboxRow *row, gpointer data);
const OutboxRow *outbox_rows_oldest(const OutboxRows *rows, OutboxRowTest may_go, gpointer data);
