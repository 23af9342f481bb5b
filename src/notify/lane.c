#include "notify/lane.h"

#include "notify/backoff.h"

/* Failures in a row, of whatever events, that make an endpoint ill. */
#define ILL_AFTER 4

typedef enum { CHAIN_READY, CHAIN_WAITS, CHAIN_FLIES } ChainState;

/* The events of one call, of which only the first may be under way. */
typedef struct {
    gint64 call;
    GQueue rows; /* of OutboxRow, owned */
    ChainState state;
    guint failures;
    gint64 at_us; /* while it waits */
    GSequenceIter *place;
} Chain;

struct Lane {
    LaneOptions options;
    GHashTable *chains; /* call -> Chain, owned */
    GQueue ready;       /* of Chain */
    GSequence *waiting; /* of Chain, by at_us */
    guint rows;
    guint flying;

    LaneHealth health;
    guint failures;   /* in a row */
    guint probes;     /* in vain, while it is ill */
    gint64 silent_us; /* until then nothing is sent */
};

static void free_row(gpointer row)
{
    outbox_row_free(row);
}

static void free_chain(gpointer memory)
{
    Chain *chain = memory;

    g_queue_clear_full(&chain->rows, free_row);
    g_free(chain);
}

Lane *lane_new(const LaneOptions *options)
{
    Lane *lane = g_new0(Lane, 1);

    lane->options = *options;
    lane->chains = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_chain);
    g_queue_init(&lane->ready);
    lane->waiting = g_sequence_new(NULL);
    return lane;
}

void lane_free(Lane *lane)
{
    if (!lane)
        return;
    g_sequence_free(lane->waiting);
    g_queue_clear(&lane->ready);
    g_hash_table_unref(lane->chains);
    g_free(lane);
}

guint lane_room(const Lane *lane)
{
    return lane->health == LANE_GONE || lane->rows >= lane->options.most
               ? 0
               : lane->options.most - lane->rows;
}

/* --- the states of a chain --- */

static void make_ready(Lane *lane, Chain *chain)
{
    chain->state = CHAIN_READY;
    g_queue_push_tail(&lane->ready, chain);
}

static gint compare_times(gconstpointer a, gconstpointer b, gpointer unused G_GNUC_UNUSED)
{
    const Chain *left = a;
    const Chain *right = b;

    return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

static void make_wait(Lane *lane, Chain *chain, gint64 at_us)
{
    chain->state = CHAIN_WAITS;
    chain->at_us = at_us;
    chain->place = g_sequence_insert_sorted(lane->waiting, chain, compare_times, NULL);
}

static Chain *first_waiting(const Lane *lane)
{
    GSequenceIter *first = g_sequence_get_begin_iter(lane->waiting);

    return g_sequence_iter_is_end(first) ? NULL : g_sequence_get(first);
}

static void wake(Lane *lane, Chain *chain)
{
    g_sequence_remove(chain->place);
    make_ready(lane, chain);
}

static void wake_due(Lane *lane, gint64 now_us)
{
    Chain *chain;

    while ((chain = first_waiting(lane)) && chain->at_us <= now_us)
        wake(lane, chain);
}

/* --- in --- */

void lane_put(Lane *lane, OutboxRow *row)
{
    Chain *chain = g_hash_table_lookup(lane->chains, &row->call);

    lane->rows++;
    if (chain) {
        g_queue_push_tail(&chain->rows, row);
        return;
    }
    chain = g_new0(Chain, 1);
    chain->call = row->call;
    g_queue_init(&chain->rows);
    g_queue_push_tail(&chain->rows, row);
    g_hash_table_insert(lane->chains, &chain->call, chain);
    make_ready(lane, chain);
}

/* --- out --- */

static gboolean may_send(const Lane *lane, gint64 now_us)
{
    guint most = lane->health == LANE_ILL ? 1 : lane->options.parallel;

    return lane->health != LANE_GONE && lane->flying < most && now_us >= lane->silent_us;
}

const OutboxRow *lane_next(Lane *lane, gint64 now_us)
{
    Chain *chain;

    if (!may_send(lane, now_us))
        return NULL;
    wake_due(lane, now_us);
    /* Whichever asks whether an ill endpoint is well: it need not be its turn. */
    if (lane->health == LANE_ILL && !lane->ready.length && first_waiting(lane))
        wake(lane, first_waiting(lane));
    chain = g_queue_pop_head(&lane->ready);
    if (!chain)
        return NULL;
    chain->state = CHAIN_FLIES;
    lane->flying++;
    return g_queue_peek_head(&chain->rows);
}

/* --- how it went --- */

/* What failed while it was ill need not wait for its turn. */
static void recover(Lane *lane)
{
    Chain *chain;

    if (lane->health == LANE_ILL) {
        lane->health = LANE_WELL;
        lane->silent_us = 0;
        while ((chain = first_waiting(lane))) {
            chain->failures = 0;
            wake(lane, chain);
        }
    }
    lane->failures = 0;
    lane->probes = 0;
}

static void note_failure(Lane *lane, gint64 retry_us, double chance, gint64 now_us)
{
    const LaneOptions *options = &lane->options;

    lane->failures++;
    if (retry_us)
        lane->silent_us = MAX(lane->silent_us, now_us + retry_us);
    /* What was under way when it said that it is gone does not call it back. */
    if (lane->health == LANE_GONE || lane->failures < ILL_AFTER)
        return;
    /* Those that were under way with the one that made it ill are no probes. */
    if (lane->health == LANE_WELL || lane->flying == 0)
        lane->probes++;
    lane->health = LANE_ILL;
    lane->silent_us = MAX(lane->silent_us, now_us + backoff_us(lane->probes, options->first_us,
                                                               options->probe_most_us, chance));
}

static void drop_first(Lane *lane, Chain *chain)
{
    outbox_row_free(g_queue_pop_head(&chain->rows));
    lane->rows--;
    chain->failures = 0;
    if (chain->rows.length)
        make_ready(lane, chain);
    else
        g_hash_table_remove(lane->chains, &chain->call);
}

gboolean lane_done(Lane *lane, const OutboxRow *row, Sent sent, gint64 retry_us, double chance,
                   gint64 now_us)
{
    Chain *chain = g_hash_table_lookup(lane->chains, &row->call);

    g_assert(chain && chain->state == CHAIN_FLIES && g_queue_peek_head(&chain->rows) == row);
    lane->flying--;
    switch (sent) {
    case SENT_WELL:
        recover(lane);
        drop_first(lane, chain);
        return TRUE;
    case SENT_TOO_LATE:
        note_failure(lane, retry_us, chance, now_us);
        drop_first(lane, chain);
        return TRUE;
    case SENT_TO_NONE:
        lane->health = LANE_GONE;
        make_ready(lane, chain);
        return FALSE;
    case SENT_IN_VAIN:
        note_failure(lane, retry_us, chance, now_us);
        chain->failures++;
        make_wait(lane, chain,
                  now_us + MAX(retry_us, backoff_us(chain->failures, lane->options.first_us,
                                                    lane->options.retry_most_us, chance)));
        return FALSE;
    }
    g_assert_not_reached();
}

gint64 lane_deadline(const Lane *lane)
{
    const Chain *first = first_waiting(lane);
    gint64 at_us = first ? first->at_us : G_MAXINT64;

    if (lane->health == LANE_GONE)
        return G_MAXINT64;
    if (lane->ready.length || (lane->health == LANE_ILL && first))
        at_us = 0;
    at_us = MAX(at_us, lane->silent_us);
    /* Otherwise the next one goes when one of these is done. */
    return lane->flying < (lane->health == LANE_ILL ? 1 : lane->options.parallel) ? at_us
                                                                                  : G_MAXINT64;
}

void lane_revive(Lane *lane)
{
    if (lane->health != LANE_GONE)
        return;
    lane->health = LANE_ILL;
    recover(lane);
}

LaneHealth lane_health(const Lane *lane)
{
    return lane->health;
}

guint lane_rows(const Lane *lane)
{
    return lane->rows;
}
