/* The world around the hub: users with their devices and handles, and what they do next, all from one seed. */
#pragma once

#include "model.h"
#include "random.h"

#define HANDLES_OF_A_USER 6
#define HANDLES (USERS_MOST * HANDLES_OF_A_USER)
#define MEDIA_HANDLES 12 /* beside those, of nobody in particular */

typedef enum {
    DOES_REGISTER,
    DOES_UNREGISTER,
    DOES_INITIATE,
    DOES_RINGING,
    DOES_ACCEPT,
    DOES_REJECT,
    DOES_END,
    DOES_SIGNAL,
    DOES_GET,
    DOES_HISTORY,
    DOES_DISCONNECT,
    DOES_DROP,
    DOES_LET_TIMERS_RUN,
    DOES_JOIN,
    DOES_MEDIA,
    DOES_CONFIGURE,
    DOES_TURN_MEDIA,
    DOES_RECORD,
    DOES_LOSE_MEDIA, /* the media layer gives up, or says what there is to say */
} Deed;

#define DEEDS (DOES_LOSE_MEDIA + 1)

typedef struct {
    Random random;
    HubSettings settings;
    guint user_count;
    guint device_names;  /* how many named devices a user has */
    guint call_ids;      /* size of the pool that callers choose from */
    gboolean has_tokens; /* registrations end */
    gboolean has_store;  /* what memory has forgotten is brought from a store */
    guint steps;         /* length of the schedule */
    guint hurry;         /* 1 to 4: how much time goes by */
    gboolean
        talks; /* calls are taken and have media: what there is to see of it takes many steps */
    guint nameless; /* one register in so many says no deviceId */
    guint weights[DEEDS];
    guint weight_sum;
    gint64 now_us;
    gint64 wall_ms;
    guint fresh; /* ids given */
    char fresh_id[16];
    char call_id[NAME_BYTES];
    guint secrets; /* accepts */
    char tokens[SIDES][NAME_BYTES];
    char room[NAME_BYTES];
    guint offers;
    char jsep[NAME_BYTES];
    Address handles[HANDLES + MEDIA_HANDLES];
} World;

/* Everything that one seed decides beforehand. */
void world_init(World *world, guint64 seed);
/* What happens next. The event borrows from the world until the next call. */
void world_next(World *world, const Model *model, gint64 deadline_us, Event *event);

/* Pieces for schedules of one's own. */
void world_stamp(World *world, Event *event);
Address *world_handle(World *world, guint user, guint number);
/* The static name of the n-th device of any user. */
const char *world_device_name(guint number);
