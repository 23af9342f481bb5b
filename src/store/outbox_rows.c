#include "store/outbox_rows.h"

static void free_row(gpointer row)
{
    outbox_row_free(row);
}

static void free_sequence(gpointer sequence)
{
    g_sequence_free(sequence);
}

GPtrArray *outbox_rows_new(void)
{
    return g_ptr_array_new_with_free_func(free_row);
}

void outbox_rows_init(OutboxRows *rows)
{
    rows->endpoints = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_sequence);
    rows->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    rows->last_id = 0;
}

void outbox_rows_clear(OutboxRows *rows)
{
    g_clear_pointer(&rows->by_id, g_hash_table_unref);
    g_clear_pointer(&rows->endpoints, g_hash_table_unref);
}

static GSequence *sequence_of(OutboxRows *rows, const char *endpoint)
{
    GSequence *sequence = g_hash_table_lookup(rows->endpoints, endpoint);

    if (!sequence) {
        sequence = g_sequence_new(free_row);
        g_hash_table_insert(rows->endpoints, g_strdup(endpoint), sequence);
    }
    return sequence;
}

void outbox_rows_add(OutboxRows *rows, gint64 call, gint64 at_ms, const Announcement *announcement)
{
    for (guint i = 0; announcement->endpoints[i]; i++) {
        OutboxRow *row = g_new0(OutboxRow, 1);

        row->id = ++rows->last_id;
        row->call = call;
        row->at_ms = at_ms;
        row->message_id = g_strdup(announcement->id);
        row->body = g_strdup(announcement->body);
        g_hash_table_insert(
            rows->by_id, &row->id,
            g_sequence_append(sequence_of(rows, announcement->endpoints[i]), row));
    }
}

guint outbox_rows_count(const OutboxRows *rows)
{
    return g_hash_table_size(rows->by_id);
}

static gint compare_rows(gconstpointer a, gconstpointer b, gpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *left = a;
    const OutboxRow *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

static OutboxRow *copy_row(const OutboxRow *row)
{
    OutboxRow *copy = g_memdup2(row, sizeof *row);

    copy->message_id = g_strdup(row->message_id);
    copy->body = g_strdup(row->body);
    return copy;
}

GPtrArray *outbox_rows_pending(const OutboxRows *rows, const char *endpoint, gint64 after,
                               guint most)
{
    GSequence *sequence = g_hash_table_lookup(rows->endpoints, endpoint);
    OutboxRow last = {.id = after};
    GPtrArray *pending = outbox_rows_new();
    GSequenceIter *iter;

    if (!sequence)
        return pending;
    iter = g_sequence_search(sequence, &last, compare_rows, NULL);
    for (; pending->len < most && !g_sequence_iter_is_end(iter); iter = g_sequence_iter_next(iter))
        g_ptr_array_add(pending, copy_row(g_sequence_get(iter)));
    return pending;
}

void outbox_rows_settle(OutboxRows *rows, gint64 id)
{
    GSequenceIter *iter = g_hash_table_lookup(rows->by_id, &id);

    if (!iter)
        return;
    g_hash_table_remove(rows->by_id, &id);
    g_sequence_remove(iter);
}

static const OutboxRow *oldest_of(GSequence *sequence, OutboxRowTest may_go, gpointer data)
{
    GSequenceIter *iter = g_sequence_get_begin_iter(sequence);

    for (; !g_sequence_iter_is_end(iter); iter = g_sequence_iter_next(iter)) {
        const OutboxRow *row = g_sequence_get(iter);

        if (may_go(row, data))
            return row;
    }
    return NULL;
}

const OutboxRow *outbox_rows_oldest(const OutboxRows *rows, OutboxRowTest may_go, gpointer data)
{
    const OutboxRow *oldest = NULL;
    GHashTableIter iter;
    gpointer sequence;

    g_hash_table_iter_init(&iter, rows->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &sequence)) {
        const OutboxRow *row = oldest_of(sequence, may_go, data);

        if (row && (!oldest || row->id < oldest->id))
            oldest = row;
    }
    return oldest;
}
