/* Calls in memory: found by caller and id, by the id alone, and in the lists of their users (listing.h). A call enters no list
 * when it is written: it waits at each of its users until that user's lists are asked for. Most never are, before the call is
 * forgotten. Not thread-safe. */
#pragma once

#include "core/call.h"
#include "store/listing.h"
#include "store/place_list.h"

/* Lists of a user that only memory needs, beside those of ListKind. */
enum {
    LIST_LIVE = 100, /* calls that are live to them, by creation */
    LIST_INCOMING,   /* of a callId in place of the peer: calls to them, by creation */
};

/* Who has calls. */
typedef struct {
    char *id;
    guint calls;
    GQueue unlisted; /* of Kept, in the order in which they were written */
} CallUser;

typedef struct Kept Kept;

/* One call. */
struct Kept {
    const char *caller_id; /* both borrowed from the record's facts */
    const char *call_id;
    Record *record; /* owned */
    gint64 id;      /* the store's own; grows */
    Kept *newer;    /* of those with the same callId, or NULL */
    Kept *older;
    GList by_life; /* in `live` */
    struct {
        CallUser *user; /* NULL: the other side of a call to oneself */
        GList by_user;  /* in its `unlisted` */
        gboolean is_listed;
    } parties[SIDES];
};

typedef struct {
    GHashTable *calls;    /* of Kept, owned */
    GHashTable *ids;      /* of Kept: the newest of each callId */
    GHashTable *users;    /* of CallUser, owned */
    GHashTable *lists;    /* of lists that are not empty */
    GHashTable *live_ids; /* Kept.id of what is in `live` */
    GQueue live;      /* of Kept: calls that are live to anybody, in the order in which they came */
    PlaceList closed; /* the rest, by their end for everybody */
} CallTable;

void call_table_init(CallTable *table);
void call_table_clear(CallTable *table);

guint call_table_count(const CallTable *table);
/* The one of that caller, or NULL. */
Kept *call_table_find(const CallTable *table, const char *caller_id, const char *call_id);
/* The newest of that id, whoever made it, or NULL. */
const Kept *call_table_newest(const CallTable *table, const char *call_id);
/* Whether there is a call of that Kept.id which is live to anybody. */
gboolean call_table_is_live(const CallTable *table, gint64 id);
/* What was live first, what was closed first; NULL: there is none. Borrowed. */
Record *call_table_oldest_live(const CallTable *table);
Record *call_table_oldest_closed(const CallTable *table);
/* One of the user's lists, NULL when it is empty. `of`: the peer or the callId, NULL: of all. Borrowed until the table changes. */
const PlaceList *call_table_list(CallTable *table, const char *user_id, const char *of, guint kind);

/* A call that is not there; takes a reference to the record. */
Kept *call_table_add(CallTable *table, Record *record, gint64 id);
/* Another revision of one that is; takes a reference to it. */
void call_table_change(CallTable *table, Kept *kept, Record *record);
void call_table_remove(CallTable *table, Kept *kept);
