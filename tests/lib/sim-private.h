/* What the simulated world's own files share. */
#pragma once

#include <jansson.h>

#include "core/hub-private.h"
#include "sim.h"

/* The world's connections are what the core calls addresses. */
struct Address {
    char *name;
    gboolean is_gone;
    char *user_id; /* whom it is registered for, as the world was told; NULL when nobody */
    char *device_id;
    CallFacts *joined; /* as a media handle: the call that it may hear of; borrowed */
};

/* One thing that was seen: an event, a reply, a record. */
typedef enum {
    SEEN_MESSAGE,
    SEEN_REPLY,
    SEEN_MISSED,
    SEEN_RECORD,
} SeenKind;

typedef struct {
    SeenKind kind;
    gint64 at_us;
    char *who;
    GStrv words;      /* [0] is the kind; then NAME=VALUE */
    GPtrArray *calls; /* of GStrv: the snapshots of a reply */
    gboolean is_refusal;
} Seen;

typedef struct Checker Checker;

struct Sim {
    Hub *hub;
    HubSettings settings;
    gint64 now_us;
    gint64 start_us;
    Effects effects;
    GPtrArray *connections; /* of Address, owned, those that are gone too */
    GHashTable *by_name;    /* name -> Address */
    guint fresh_ids;
    guint accepts;  /* requests: each has secrets of its own */
    Record *stored; /* see sim_store() */
    GQueue seen;    /* of Seen, what nobody expected yet */
    GString *trace;
    Checker *checker;
};

/* Time goes on; those due at the target itself may wait. */
void advance_to(Sim *sim, gint64 target_us, gboolean with_those_due);

/* The connection is gone; the next of that name is another one. */
void forget_connection(Sim *sim, Address *address);

gint64 sim_wall_ms(const Sim *sim);
gint64 sim_ms(const Sim *sim, gint64 us);

/* The world knows what a step changed about who is where, and the rules are checked. `was_user` and
 * `was_device` are those of the sender before the step. */
Checker *checker_new(void);
void checker_free(Checker *checker);
void check_step(Sim *sim, const Event *event, const char *was_user, const char *was_device);

/* JSON as words: NAME=VALUE each, in order, after `kind`; see sim.h. */
GStrv show_words(const json_t *object, const char *kind);
GStrv show_message(const Message *message);
GStrv show_reply(const Reply *reply, const HubSettings *settings, GPtrArray **calls);
GStrv show_push(const Effect *effect);
GStrv show_order(const MediaOrder *order);
GStrv show_record(const Record *record, Change change);
char *show_line(const Sim *sim, const Seen *seen);
/* Does a word of a trace hold for what was seen? */
gboolean word_holds(const GStrv words, const char *word);

void see(Sim *sim, SeenKind kind, const char *who, GStrv words);
void seen_free(gpointer seen);
/* Fails when an event or a refusal is left that no trace expected. */
void assert_all_expected(Sim *sim);
