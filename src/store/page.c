#include "store/page.h"

#include "ports/store.h"

/* Room for so many ids in one millisecond; they may flow over into the next. */
#define IDS_SHIFT 20
#define CREATED_MOST ((G_GINT64_CONSTANT(1) << 42) - 1)

/* The last place of the page before, as two hexadecimal numbers. */
#define CURSOR_FORMAT "%" G_GINT64_MODIFIER "x.%" G_GINT64_MODIFIER "x"

gint64 place_least_id(gint64 created_ms)
{
    return CLAMP(created_ms, 0, CREATED_MOST) << IDS_SHIFT;
}

static void free_record(gpointer record)
{
    record_unref(record);
}

GPtrArray *records_new(void)
{
    return g_ptr_array_new_with_free_func(free_record);
}

gboolean place_is_newer(const Place *a, const Place *b)
{
    return a->at != b->at ? a->at > b->at : a->id > b->id;
}

static gboolean parse_number(const char *text, gint64 *number)
{
    guint64 parsed;

    if (!g_ascii_string_to_unsigned(text, 16, 0, G_MAXINT64, &parsed, NULL))
        return FALSE;
    *number = (gint64)parsed;
    return TRUE;
}

static gboolean parse_cursor(const char *text, Place *from)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);

    return g_strv_length(parts) == 2 && parse_number(parts[0], &from->at) &&
           parse_number(parts[1], &from->id);
}

static void clear_place(gpointer place)
{
    record_unref(((Place *)place)->record);
}

GArray *places_new(void)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));

    g_array_set_clear_func(places, clear_place);
    return places;
}

gboolean page_init(Page *page, const HistoryEvent *query, GError **error)
{
    *page = (Page){.from = {.at = G_MAXINT64, .id = G_MAXINT64}, .limit = query->limit};
    page->places = places_new();
    if (!query->before || parse_cursor(query->before, &page->from))
        return TRUE;
    g_set_error_literal(error, STORE_ERROR, STORE_ERROR_BAD_CURSOR, "not a cursor of a history");
    return FALSE;
}

void page_clear(Page *page)
{
    g_clear_pointer(&page->places, g_array_unref);
}

static const Place *place_at(const Page *page, guint i)
{
    return &g_array_index(page->places, Place, i);
}

gboolean page_add(Page *page, Place place)
{
    guint i = page->places->len;

    while (i > 0 && place_is_newer(&place, place_at(page, i - 1)))
        i--;
    if (i > page->limit)
        return FALSE;
    if (i > 0 && place_at(page, i - 1)->id == place.id)
        return TRUE;
    if (place.record)
        record_ref(place.record);
    g_array_insert_val(page->places, i, place);
    if (page->places->len > page->limit + 1)
        g_array_set_size(page->places, page->limit + 1);
    return TRUE;
}

static char *cursor_after(const Place *last)
{
    return g_strdup_printf(CURSOR_FORMAT, last->at, last->id);
}

GPtrArray *page_finish(const Page *page, char **next)
{
    GPtrArray *records = records_new();
    guint count = MIN(page->places->len, page->limit);

    for (guint i = 0; i < count; i++) {
        const Place *place = place_at(page, i);

        if (place->record)
            g_ptr_array_add(records, record_ref(place->record));
    }
    *next = page->places->len > count ? cursor_after(place_at(page, count - 1)) : NULL;
    return records;
}
