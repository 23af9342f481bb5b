/* The newest calls of several lists, merged into one page of a history. */
#pragma once

#include <glib.h>

#include "core/event.h"
#include "core/record.h"

/* A call's place in a list: newest first, and of those of one millisecond the one that was stored
 * last. */
typedef struct {
    gint64 at; /* Unix ms */
    gint64 id; /* the store's own; never the same for two calls */
    Record *record;
} Place;

/* The least id of a call that was created then. A store takes this one or, where it has an id that
 * is as large, the next after its largest: so ids grow, and tell nobody who sees some how many
 * calls the server has. */
gint64 place_least_id(gint64 created_ms);

/* `a` is to be shown before `b`. */
gboolean place_is_newer(const Place *a, const Place *b);

/* A new array that owns its Records. */
GPtrArray *records_new(void);

/* A new array of Place that owns their Records. */
GArray *places_new(void);

typedef struct {
    Place from;     /* only places that are older are on the page */
    guint limit;    /* calls on the page; one more shows that there is another page */
    GArray *places; /* newest first */
} Page;

/* An empty page after the query's cursor; STORE_ERROR_BAD_CURSOR. End with page_clear() in both
 * cases. */
gboolean page_init(Page *page, const HistoryEvent *query, GError **error);
void page_clear(Page *page);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_clear)

/* Offers a place, which must be older than page->from; takes a reference to the record, which may
 * be NULL for now. One that is there already is not added again. FALSE when the page has no room
 * for it, nor then for older ones of the same list. */
gboolean page_add(Page *page, Place place);
/* The records, and the cursor of the next page or NULL, both owned by the caller. Places without a
 * record are left out. */
GPtrArray *page_finish(const Page *page, char **next);
