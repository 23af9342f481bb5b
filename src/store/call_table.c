#include "store/call_table.h"

#include "core/text.h"

/* Lists that a call can be in for one of its users: those of a party, the live ones, the incoming ones. */
#define PARTY_LISTINGS_MOST (LISTINGS_OF_PARTY + 2)

/* Calls that wait at a user to be listed, at most: whoever reads waits for no more than these. */
#define UNLISTED_MOST 4096

/* A list that is not empty. Its Places borrow their records from the calls. */
typedef struct {
    char *user_id;
    char *of; /* the peer, the callId, or "" */
    guint kind;
    PlaceList places;
} List;

/* --- the tables --- */

static guint hash_call(gconstpointer data)
{
    const Kept *kept = data;

    return text_hash(kept->caller_id) * 31 + text_hash(kept->call_id);
}

static gboolean equal_calls(gconstpointer a, gconstpointer b)
{
    const Kept *left = a;
    const Kept *right = b;

    return g_str_equal(left->call_id, right->call_id) &&
           g_str_equal(left->caller_id, right->caller_id);
}

static guint hash_id(gconstpointer data)
{
    return text_hash(((const Kept *)data)->call_id);
}

static gboolean equal_ids(gconstpointer a, gconstpointer b)
{
    return g_str_equal(((const Kept *)a)->call_id, ((const Kept *)b)->call_id);
}

static void free_kept(gpointer data)
{
    Kept *kept = data;

    record_unref(kept->record);
    g_free(kept);
}

static guint hash_user(gconstpointer data)
{
    return text_hash(((const CallUser *)data)->id);
}

static gboolean equal_users(gconstpointer a, gconstpointer b)
{
    return g_str_equal(((const CallUser *)a)->id, ((const CallUser *)b)->id);
}

static void free_user(gpointer data)
{
    CallUser *user = data;

    g_free(user->id);
    g_free(user);
}

static guint hash_list(gconstpointer data)
{
    const List *list = data;

    return (text_hash(list->user_id) * 31 + text_hash(list->of)) * 31 + list->kind;
}

static gboolean equal_lists(gconstpointer a, gconstpointer b)
{
    const List *left = a;
    const List *right = b;

    return left->kind == right->kind && g_str_equal(left->user_id, right->user_id) &&
           g_str_equal(left->of, right->of);
}

static void free_list(gpointer data)
{
    List *list = data;

    place_list_clear(&list->places);
    g_free(list->user_id);
    g_free(list->of);
    g_free(list);
}

void call_table_init(CallTable *table)
{
    *table = (CallTable){
        .calls = g_hash_table_new_full(hash_call, equal_calls, free_kept, NULL),
        .ids = g_hash_table_new(hash_id, equal_ids),
        .users = g_hash_table_new_full(hash_user, equal_users, free_user, NULL),
        .lists = g_hash_table_new_full(hash_list, equal_lists, free_list, NULL),
        .live_ids = g_hash_table_new(g_int64_hash, g_int64_equal),
        .live = G_QUEUE_INIT,
    };
}

void call_table_clear(CallTable *table)
{
    place_list_clear(&table->closed);
    g_hash_table_unref(table->live_ids);
    g_hash_table_unref(table->lists);
    g_hash_table_unref(table->users);
    g_hash_table_unref(table->ids);
    g_hash_table_unref(table->calls);
}

/* --- the lists of a user --- */

static List *find_list(const CallTable *table, const char *user_id, const char *of, guint kind)
{
    List key = {.user_id = (char *)user_id, .of = (char *)(of ? of : ""), .kind = kind};

    return g_hash_table_lookup(table->lists, &key);
}

static List *make_list(CallTable *table, const Listing *at)
{
    List *list = find_list(table, at->user_id, at->peer_id, at->kind);

    if (list)
        return list;
    list = g_new(List, 1);
    *list = (List){.user_id = g_strdup(at->user_id),
                   .of = g_strdup(at->peer_id ? at->peer_id : ""),
                   .kind = at->kind};
    g_hash_table_add(table->lists, list);
    return list;
}

static const char *party_id(const Record *record, Side side)
{
    return side == SIDE_CALLER ? record->facts->caller_id : record->facts->callee_id;
}

/* With those that only memory needs. */
static guint all_of_party(const Record *record, const char *user_id,
                          Listing listings[PARTY_LISTINGS_MOST])
{
    const CallFacts *facts = record->facts;
    guint count = listings_of_party(record, user_id, listings);

    if (record_is_live_for(record, user_id))
        listings[count++] = (Listing){user_id, NULL, LIST_LIVE, facts->created_ms};
    if (g_str_equal(facts->callee_id, user_id))
        listings[count++] = (Listing){user_id, facts->call_id, LIST_INCOMING, facts->created_ms};
    return count;
}

static void list_party(CallTable *table, Kept *kept, Side side)
{
    Listing listings[PARTY_LISTINGS_MOST];
    guint count = all_of_party(kept->record, party_id(kept->record, side), listings);

    for (guint i = 0; i < count; i++)
        place_list_add(&make_list(table, &listings[i])->places,
                       (Place){.at = listings[i].at, .id = kept->id, .record = kept->record});
    kept->parties[side].is_listed = TRUE;
}

static void unlist_party(CallTable *table, Kept *kept, Side side)
{
    Listing listings[PARTY_LISTINGS_MOST];
    guint count = all_of_party(kept->record, party_id(kept->record, side), listings);

    for (guint i = 0; i < count; i++) {
        const Listing *at = &listings[i];
        List *list = find_list(table, at->user_id, at->peer_id, at->kind);

        place_list_remove(&list->places, &(Place){.at = at->at, .id = kept->id});
        if (list->places.count == 0)
            g_hash_table_remove(table->lists, list);
    }
    kept->parties[side].is_listed = FALSE;
}

static void list_next(CallTable *table, CallUser *user)
{
    GList *node = g_queue_pop_head_link(&user->unlisted);
    Kept *kept = node->data;

    list_party(table, kept,
               node == &kept->parties[SIDE_CALLER].by_user ? SIDE_CALLER : SIDE_CALLEE);
}

const PlaceList *call_table_list(CallTable *table, const char *user_id, const char *of, guint kind)
{
    CallUser *user = g_hash_table_lookup(table->users, &(CallUser){.id = (char *)user_id});
    const List *list;

    while (user && user->unlisted.length > 0)
        list_next(table, user);
    list = user ? find_list(table, user_id, of, kind) : NULL;
    return list ? &list->places : NULL;
}

/* --- whose it is --- */

static CallUser *make_user(CallTable *table, const char *id)
{
    CallUser *user = g_hash_table_lookup(table->users, &(CallUser){.id = (char *)id});

    if (user)
        return user;
    user = g_new(CallUser, 1);
    *user = (CallUser){.id = g_strdup(id), .unlisted = G_QUEUE_INIT};
    g_hash_table_add(table->users, user);
    return user;
}

/* At its users, of whom each is told of a call to oneself once. */
static void enter_users(CallTable *table, Kept *kept)
{
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        CallUser *user = make_user(table, party_id(kept->record, side));

        if (side == SIDE_CALLEE && user == kept->parties[SIDE_CALLER].user)
            return;
        kept->parties[side].user = user;
        user->calls++;
    }
}

static void await_listing(CallTable *table, Kept *kept, Side side)
{
    CallUser *user = kept->parties[side].user;

    g_queue_push_tail_link(&user->unlisted, &kept->parties[side].by_user);
    if (user->unlisted.length > UNLISTED_MOST)
        list_next(table, user);
}

static void enter_lists(CallTable *table, Kept *kept)
{
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        if (kept->parties[side].user)
            await_listing(table, kept, side);
    }
}

/* Neither in a list nor waiting for it. */
static void leave_lists(CallTable *table, Kept *kept)
{
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        CallUser *user = kept->parties[side].user;

        if (user && kept->parties[side].is_listed)
            unlist_party(table, kept, side);
        else if (user)
            g_queue_unlink(&user->unlisted, &kept->parties[side].by_user);
    }
}

static void leave_users(CallTable *table, Kept *kept)
{
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        CallUser *user = kept->parties[side].user;

        if (user && --user->calls == 0)
            g_hash_table_remove(table->users, user);
    }
}

/* --- those of the same id, the newest by creation first --- */

static void enter_ids(CallTable *table, Kept *kept)
{
    Kept *older = g_hash_table_lookup(table->ids, kept);

    while (older && older->record->facts->created_ms > kept->record->facts->created_ms) {
        kept->newer = older;
        older = older->older;
    }
    kept->older = older;
    if (older)
        older->newer = kept;
    if (kept->newer)
        kept->newer->older = kept;
    else
        g_hash_table_add(table->ids, kept);
}

static void leave_ids(CallTable *table, Kept *kept)
{
    if (kept->older)
        kept->older->newer = kept->newer;
    if (kept->newer)
        kept->newer->older = kept->older;
    else if (kept->older)
        g_hash_table_add(table->ids, kept->older);
    else
        g_hash_table_remove(table->ids, kept);
}

/* --- live or closed --- */

static void enter_life(CallTable *table, Kept *kept)
{
    Record *record = kept->record;

    if (record_is_closed(record)) {
        place_list_add(&table->closed,
                       (Place){.at = record_closed_ms(record), .id = kept->id, .record = record});
        return;
    }
    g_queue_push_tail_link(&table->live, &kept->by_life);
    g_hash_table_add(table->live_ids, &kept->id);
}

static void leave_life(CallTable *table, Kept *kept)
{
    if (record_is_closed(kept->record)) {
        place_list_remove(&table->closed,
                          &(Place){.at = record_closed_ms(kept->record), .id = kept->id});
        return;
    }
    g_queue_unlink(&table->live, &kept->by_life);
    g_hash_table_remove(table->live_ids, &kept->id);
}

/* --- all of it --- */

/* The tables' keys are what they were: another revision says the same of who calls, and of the id. */
static void set_record(Kept *kept, Record *record)
{
    Record *old = kept->record;

    kept->record = record_ref(record);
    kept->caller_id = record->facts->caller_id;
    kept->call_id = record->facts->call_id;
    record_unref(old);
}

Kept *call_table_add(CallTable *table, Record *record, gint64 id)
{
    Kept *kept = g_new(Kept, 1);

    *kept = (Kept){.id = id, .by_life.data = kept};
    for (Side side = SIDE_CALLER; side < SIDES; side++)
        kept->parties[side].by_user.data = kept;
    set_record(kept, record);
    g_hash_table_add(table->calls, kept);
    enter_ids(table, kept);
    enter_users(table, kept);
    enter_lists(table, kept);
    enter_life(table, kept);
    return kept;
}

/* What waits to be listed does so wherever it will be. */
void call_table_change(CallTable *table, Kept *kept, Record *record)
{
    gboolean stays_live = !record_is_closed(kept->record) && !record_is_closed(record);
    gboolean was_listed[SIDES];

    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        was_listed[side] = kept->parties[side].is_listed;
        if (was_listed[side])
            unlist_party(table, kept, side);
    }
    if (!stays_live)
        leave_life(table, kept);
    set_record(kept, record);
    if (!stays_live)
        enter_life(table, kept);
    for (Side side = SIDE_CALLER; side < SIDES; side++) {
        if (was_listed[side])
            await_listing(table, kept, side);
    }
}

void call_table_remove(CallTable *table, Kept *kept)
{
    leave_life(table, kept);
    leave_lists(table, kept);
    leave_users(table, kept);
    leave_ids(table, kept);
    g_hash_table_remove(table->calls, kept);
}

/* --- what there is --- */

guint call_table_count(const CallTable *table)
{
    return g_hash_table_size(table->calls);
}

Kept *call_table_find(const CallTable *table, const char *caller_id, const char *call_id)
{
    return g_hash_table_lookup(table->calls, &(Kept){.caller_id = caller_id, .call_id = call_id});
}

const Kept *call_table_newest(const CallTable *table, const char *call_id)
{
    return g_hash_table_lookup(table->ids, &(Kept){.call_id = call_id});
}

gboolean call_table_is_live(const CallTable *table, gint64 id)
{
    return g_hash_table_contains(table->live_ids, &id);
}

Record *call_table_oldest_live(const CallTable *table)
{
    const Kept *kept = table->live.head ? table->live.head->data : NULL;

    return kept ? kept->record : NULL;
}

Record *call_table_oldest_closed(const CallTable *table)
{
    return table->closed.count > 0 ? place_list_at(&table->closed, 0)->record : NULL;
}
