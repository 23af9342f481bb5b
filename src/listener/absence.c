#include "listener/absence.h"

#include <string.h>

/* --- one --- */

Absence *absence_new(const char *device_id, gint64 since_ms, gint64 until_ms)
{
    Absence *absence = g_new0(Absence, 1);

    absence->device_id = g_strdup(device_id);
    absence->since_ms = since_ms;
    absence->until_ms = until_ms;
    return absence;
}

void absence_told(Absence *absence, const char *call_id)
{
    g_free(absence->told[ABSENCE_TOLD - 1]);
    memmove(&absence->told[1], &absence->told[0], sizeof absence->told - sizeof absence->told[0]);
    absence->told[0] = g_strdup(call_id);
}

gboolean absence_has_told(const Absence *absence, const char *call_id)
{
    for (guint i = 0; i < ABSENCE_TOLD && absence->told[i]; i++) {
        if (strcmp(absence->told[i], call_id) == 0)
            return TRUE;
    }
    return FALSE;
}

void absence_free(Absence *absence)
{
    if (!absence)
        return;
    for (guint i = 0; i < ABSENCE_TOLD; i++)
        g_free(absence->told[i]);
    g_free(absence->device_id);
    g_free(absence);
}

/* --- many --- */

typedef struct {
    char *key; /* user and device, or user alone for a nameless device */
    Absence *absence;
    GList link; /* in `order` */
} Entry;

struct Absences {
    GHashTable *entries; /* of Entry by their keys, owned */
    GQueue order;        /* of Entry, the one that was put first at its head */
    guint most;
};

/* Neither may contain a control character. */
static char *make_key(const char *user_id, const char *device_id)
{
    return g_strconcat(user_id, "\n", device_id, NULL);
}

static void free_entry(gpointer data)
{
    Entry *entry = data;

    absence_free(entry->absence);
    g_free(entry->key);
    g_free(entry);
}

Absences *absences_new(guint most)
{
    Absences *absences = g_new0(Absences, 1);

    absences->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
    g_queue_init(&absences->order);
    absences->most = most;
    return absences;
}

void absences_free(Absences *absences)
{
    if (!absences)
        return;
    g_hash_table_unref(absences->entries);
    g_free(absences);
}

static void forget(Absences *absences, Entry *entry)
{
    g_queue_unlink(&absences->order, &entry->link);
    g_hash_table_remove(absences->entries, entry->key);
}

/* Those that are too old, and the oldest where there is no room. */
static void tidy(Absences *absences, gint64 now_ms)
{
    Entry *oldest;

    while ((oldest = g_queue_peek_head(&absences->order)) &&
           (absences->order.length > absences->most ||
            oldest->absence->until_ms + ABSENCE_KEPT_MS < now_ms))
        forget(absences, oldest);
}

void absences_put(Absences *absences, const char *user_id, gboolean is_nameless, Absence *absence)
{
    Entry *entry = g_new0(Entry, 1);
    Entry *before;

    entry->key = make_key(user_id, is_nameless ? "" : absence->device_id);
    entry->absence = absence;
    entry->link.data = entry;
    before = g_hash_table_lookup(absences->entries, entry->key);
    if (before)
        forget(absences, before);
    g_hash_table_replace(absences->entries, entry->key, entry);
    g_queue_push_tail_link(&absences->order, &entry->link);
    tidy(absences, absence->until_ms);
}

Absence *absences_take(Absences *absences, const char *user_id, const char *device_id,
                       gboolean is_nameless, gint64 now_ms)
{
    g_autofree char *key = make_key(user_id, is_nameless ? "" : device_id);
    Absence *absence;
    Entry *entry;

    tidy(absences, now_ms);
    entry = g_hash_table_lookup(absences->entries, key);
    if (!entry)
        return NULL;
    absence = g_steal_pointer(&entry->absence);
    forget(absences, entry);
    return absence;
}

guint absences_count(const Absences *absences)
{
    return absences->order.length;
}
