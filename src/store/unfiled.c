#include "store/unfiled.h"

#include <string.h>

/* --- a batch --- */

static void free_call(gpointer data)
{
    UnfiledCall *call = data;

    record_unref(call->record);
    g_free(call);
}

static void free_user(gpointer data)
{
    UnfiledUser *user = data;

    g_ptr_array_unref(user->calls);
    g_free(user);
}

static void free_key(gpointer key)
{
    g_ref_string_release(key);
}

static UnfiledBatch *batch_new(void)
{
    UnfiledBatch *batch = g_new(UnfiledBatch, 1);

    batch->calls = g_ptr_array_new_with_free_func(free_call);
    batch->users = g_hash_table_new_full(g_str_hash, g_str_equal, free_key, free_user);
    return batch;
}

static void batch_free(UnfiledBatch *batch)
{
    if (!batch)
        return;
    g_hash_table_unref(batch->users);
    g_ptr_array_unref(batch->calls);
    g_free(batch);
}

static GPtrArray *calls_of(const UnfiledBatch *batch, const char *user_id)
{
    const UnfiledUser *user = batch ? g_hash_table_lookup(batch->users, user_id) : NULL;

    return user ? user->calls : NULL;
}

static void add_for(UnfiledBatch *batch, GRefString *user_id, UnfiledCall *call)
{
    UnfiledUser *user = g_hash_table_lookup(batch->users, user_id);

    if (!user) {
        user = g_new(UnfiledUser, 1);
        *user = (UnfiledUser){g_ref_string_acquire(user_id), g_ptr_array_new()};
        g_hash_table_insert(batch->users, (gpointer)user->user_id, user);
    }
    g_ptr_array_add(user->calls, call);
}

static gboolean is_self_call(const CallFacts *facts)
{
    return strcmp(facts->caller_id, facts->callee_id) == 0;
}

static void batch_add(UnfiledBatch *batch, UnfiledCall *call)
{
    const CallFacts *facts = call->record->facts;

    g_ptr_array_add(batch->calls, call);
    add_for(batch, facts->caller_id, call);
    if (!is_self_call(facts))
        add_for(batch, facts->callee_id, call);
}

static void take_last_of(UnfiledBatch *batch, const char *user_id)
{
    GPtrArray *calls = calls_of(batch, user_id);

    g_ptr_array_set_size(calls, (gint)calls->len - 1);
    if (calls->len == 0)
        g_hash_table_remove(batch->users, user_id);
}

static const UnfiledCall *batch_last(const UnfiledBatch *batch)
{
    return batch->calls->len ? g_ptr_array_index(batch->calls, batch->calls->len - 1) : NULL;
}

static void batch_take_last(UnfiledBatch *batch)
{
    const CallFacts *facts = batch_last(batch)->record->facts;

    take_last_of(batch, facts->caller_id);
    if (!is_self_call(facts))
        take_last_of(batch, facts->callee_id);
    g_ptr_array_set_size(batch->calls, (gint)batch->calls->len - 1);
}

/* --- the writer --- */

void unfiled_init(Unfiled *unfiled)
{
    *unfiled = (Unfiled){.coming = batch_new(), .dropped = g_ptr_array_new()};
    g_mutex_init(&unfiled->lock);
}

void unfiled_clear(Unfiled *unfiled)
{
    g_ptr_array_unref(unfiled->dropped);
    batch_free(unfiled->filing);
    batch_free(unfiled->coming);
    g_mutex_clear(&unfiled->lock);
}

void unfiled_add(Unfiled *unfiled, Record *record, gint64 id, gint64 row)
{
    UnfiledCall *call = g_new(UnfiledCall, 1);

    *call = (UnfiledCall){.id = id, .record = record_ref(record), .row = row};
    g_mutex_lock(&unfiled->lock);
    if (unfiled->coming->calls->len == 0)
        unfiled->first_coming_us = g_get_monotonic_time();
    batch_add(unfiled->coming, call);
    g_mutex_unlock(&unfiled->lock);
}

static void set_gone(Unfiled *unfiled, UnfiledCall *call, gint64 row)
{
    g_mutex_lock(&unfiled->lock);
    call->gone_row = row;
    g_mutex_unlock(&unfiled->lock);
}

void unfiled_drop(Unfiled *unfiled, UnfiledCall *call, gint64 row)
{
    set_gone(unfiled, call, row);
    g_ptr_array_add(unfiled->dropped, call);
}

/* The last one is the likeliest. */
static UnfiledCall *find_in(const UnfiledBatch *batch, const char *user_id, gint64 id)
{
    const GPtrArray *calls = calls_of(batch, user_id);

    for (guint i = calls ? calls->len : 0; i-- > 0;) {
        UnfiledCall *call = g_ptr_array_index(calls, i);

        if (call->id == id && !call->gone_row)
            return call;
    }
    return NULL;
}

UnfiledCall *unfiled_find(const Unfiled *unfiled, const char *user_id, gint64 id)
{
    UnfiledCall *call = find_in(unfiled->coming, user_id, id);

    return call ? call : find_in(unfiled->filing, user_id, id);
}

gboolean unfiled_user_is_gone(const UnfiledUser *user)
{
    for (guint i = 0; i < user->calls->len; i++) {
        if (!((UnfiledCall *)g_ptr_array_index(user->calls, i))->gone_row)
            return FALSE;
    }
    return TRUE;
}

static gboolean stays_in(const UnfiledBatch *batch, const char *user_id)
{
    const UnfiledUser *user = batch ? g_hash_table_lookup(batch->users, user_id) : NULL;

    return user && !unfiled_user_is_gone(user);
}

gboolean unfiled_has_user(const Unfiled *unfiled, const char *user_id)
{
    return stays_in(unfiled->coming, user_id) || stays_in(unfiled->filing, user_id);
}

void unfiled_commit(Unfiled *unfiled)
{
    g_ptr_array_set_size(unfiled->dropped, 0);
}

void unfiled_roll_back(Unfiled *unfiled, gint64 row)
{
    for (guint i = 0; i < unfiled->dropped->len; i++)
        set_gone(unfiled, g_ptr_array_index(unfiled->dropped, i), 0);
    g_ptr_array_set_size(unfiled->dropped, 0);
    g_mutex_lock(&unfiled->lock);
    while (unfiled->coming->calls->len && batch_last(unfiled->coming)->row == row)
        batch_take_last(unfiled->coming);
    g_mutex_unlock(&unfiled->lock);
}

void unfiled_begin_filing(Unfiled *unfiled)
{
    g_assert(!unfiled->filing);
    g_mutex_lock(&unfiled->lock);
    unfiled->filing = unfiled->coming;
    unfiled->coming = batch_new();
    g_mutex_unlock(&unfiled->lock);
}

void unfiled_end_filing(Unfiled *unfiled, gint64 row)
{
    UnfiledBatch *filed;

    g_mutex_lock(&unfiled->lock);
    filed = g_steal_pointer(&unfiled->filing);
    unfiled->filed_row = row;
    g_mutex_unlock(&unfiled->lock);
    batch_free(filed);
}

/* --- readers --- */

static gboolean is_there(const UnfiledCall *call, gint64 last_row)
{
    return call->row <= last_row && (!call->gone_row || call->gone_row > last_row);
}

static gboolean is_wanted(const Listing *listing, const UnfiledSearch *search)
{
    if (listing->at < search->since || g_strcmp0(listing->peer_id, search->peer_id) != 0)
        return FALSE;
    for (guint i = 0; i < search->count; i++) {
        if (search->kinds[i] == listing->kind)
            return TRUE;
    }
    return FALSE;
}

static void add_wanted(const UnfiledSearch *search, const UnfiledCall *call)
{
    Listing listings[LISTINGS_OF_PARTY];
    guint count = listings_of_party(call->record, search->user_id, listings);

    for (guint i = 0; i < count; i++) {
        Place place = {listings[i].at, call->id, NULL};

        if (place_is_newer(&search->page->from, &place) && is_wanted(&listings[i], search))
            page_add(search->page, place);
    }
}

/* Newest first, more or less: then most find the page full. */
static void search_batch(const UnfiledBatch *batch, gint64 last_row, const UnfiledSearch *search)
{
    const GPtrArray *calls = calls_of(batch, search->user_id);

    for (guint i = calls ? calls->len : 0; i-- > 0;) {
        const UnfiledCall *call = g_ptr_array_index(calls, i);

        if (is_there(call, last_row))
            add_wanted(search, call);
    }
}

gboolean unfiled_search(Unfiled *unfiled, const UnfiledSpan *span, const UnfiledSearch *search)
{
    gboolean is_in_time;

    if (!span->first)
        return TRUE;
    g_mutex_lock(&unfiled->lock);
    is_in_time = span->first > unfiled->filed_row;
    if (is_in_time) {
        search_batch(unfiled->coming, span->last, search);
        search_batch(unfiled->filing, span->last, search);
    }
    g_mutex_unlock(&unfiled->lock);
    return is_in_time;
}
