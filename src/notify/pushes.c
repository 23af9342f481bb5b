#include "notify/webhooks_private.h"

/* A ring is short: who does not answer in this time is asked again, twice. */
#define CONNECT_TIMEOUT_MS 1000
#define TIMEOUT_MS 2500
#define ATTEMPTS_MOST 3
#define FIRST_US (250 * 1000)

typedef enum {
    JOB_WAITS, /* until at_us */
    JOB_FLIES,
    JOB_RESTS, /* the push was answered, or given up: now for the stop */
} JobState;

/* The push of one call to one endpoint, and its stop. */
typedef struct {
    Pushes *pushes;
    Target *target;
    char *key;
    Record *record; /* of what goes out now */
    char *id;
    Record *stop; /* the call left ringing: not sent yet */
    gboolean is_stop;
    JobState state;
    guint attempts;
    gint64 at_us;
    GSequenceIter *place; /* while it waits */
    gint64 expires_us;
} Job;

/* A push as it came from a call's step. */
typedef struct {
    Record *record;
    gboolean is_stop;
    gint64 expires_us;
} Order;

struct Pushes {
    Webhooks *webhooks;
    Http *http;
    GThread *thread;
    GHashTable *jobs;   /* key -> Job, owned; each is asked to stop one day: the core says so */
    GSequence *waiting; /* of Job, by at_us */
    gint is_stopping;   /* atomic */

    GMutex lock;
    GQueue orders; /* of Order */
};

/* --- jobs --- */

static void free_job(gpointer memory)
{
    Job *job = memory;

    record_unref(job->record);
    record_unref(job->stop);
    g_free(job->key);
    g_free(job->id);
    g_free(job);
}

static void free_order(gpointer memory)
{
    Order *order = memory;

    record_unref(order->record);
    g_free(order);
}

static gint compare_times(gconstpointer a, gconstpointer b, gpointer unused G_GNUC_UNUSED)
{
    const Job *left = a;
    const Job *right = b;

    return (left->at_us > right->at_us) - (left->at_us < right->at_us);
}

static void wait_until(Job *job, gint64 at_us)
{
    job->state = JOB_WAITS;
    job->at_us = at_us;
    job->place = g_sequence_insert_sorted(job->pushes->waiting, job, compare_times, NULL);
}

static void leave(Job *job, JobState state)
{
    if (job->state == JOB_WAITS && job->place)
        g_sequence_remove(job->place);
    job->place = NULL;
    job->state = state;
}

static void forget(Job *job)
{
    leave(job, JOB_RESTS);
    g_hash_table_remove(job->pushes->jobs, job->key);
}

/* The same for a push and its stop. */
static char *key_of(const Target *target, const Record *record)
{
    g_autofree char *id = event_id(record, EVENT_TYPE_PUSH);

    return g_strdup_printf("%s %s", id, target->endpoint->name);
}

static void load(Job *job, Record *record, gboolean is_stop, gint64 now_us)
{
    record_unref(job->record);
    g_free(job->id);
    job->record = record;
    job->id = event_id(record, is_stop ? EVENT_TYPE_PUSH " stop" : EVENT_TYPE_PUSH);
    job->is_stop = is_stop;
    job->attempts = 0;
    leave(job, JOB_RESTS);
    wait_until(job, now_us);
}

static void start_stop(Job *job, gint64 now_us)
{
    load(job, g_steal_pointer(&job->stop), TRUE, now_us);
}

/* --- how it went --- */

static void report(const Job *job, const HttpAnswer *answer)
{
    const WebhooksListener *listener = &job->pushes->webhooks->listener;
    PushAnswer told = {
        .record = job->record, .endpoint = job->target->endpoint->name, .status = answer->status};

    listener->push_answered(listener->data, &told);
}

static void count(Job *job, gboolean is_well)
{
    Webhooks *webhooks = job->pushes->webhooks;

    g_mutex_lock(&webhooks->lock);
    job->target->stats.pushed += is_well;
    job->target->stats.push_failed += !is_well;
    g_mutex_unlock(&webhooks->lock);
}

static gboolean may_try_again(const Job *job, gint64 at_us)
{
    return job->attempts < ATTEMPTS_MOST && !job->stop && (job->is_stop || at_us < job->expires_us);
}

static void rest(Job *job, const HttpAnswer *answer, gint64 now_us)
{
    if (job->is_stop) {
        forget(job);
        return;
    }
    report(job, answer);
    job->state = JOB_RESTS;
    if (job->stop)
        start_stop(job, now_us);
}

static void landed(const HttpAnswer *answer, gpointer data)
{
    Job *job = data;
    gint64 now_us = g_get_monotonic_time();
    gint64 again_us =
        now_us + (FIRST_US << (job->attempts - 1)) - g_random_int_range(0, FIRST_US / 4);

    count(job, is_success(answer));
    if (!is_success(answer) && may_try_again(job, again_us))
        wait_until(job, again_us);
    else
        rest(job, answer, now_us);
}

/* --- orders --- */

static void begin(Pushes *pushes, Target *target, const Order *order, gint64 now_us)
{
    g_autofree char *key = key_of(target, order->record);
    Job *job;

    if (g_hash_table_contains(pushes->jobs, key))
        return;
    job = g_new0(Job, 1);
    job->pushes = pushes;
    job->target = target;
    job->key = g_steal_pointer(&key);
    job->expires_us = order->expires_us;
    load(job, record_ref(order->record), FALSE, now_us);
    g_hash_table_insert(pushes->jobs, job->key, job);
}

/* Who was never asked to wake anybody need not be told to stop. */
static void end(Pushes *pushes, const Target *target, const Order *order, gint64 now_us)
{
    g_autofree char *key = key_of(target, order->record);
    Job *job = g_hash_table_lookup(pushes->jobs, key);

    if (!job || job->is_stop)
        return;
    if (!job->attempts) {
        forget(job);
        return;
    }
    g_clear_pointer(&job->stop, record_unref);
    job->stop = record_ref(order->record);
    if (job->state != JOB_FLIES)
        start_stop(job, now_us);
}

static void carry_out(Pushes *pushes, const Order *order, gint64 now_us)
{
    Webhooks *webhooks = pushes->webhooks;

    for (guint i = 0; i < webhooks->count; i++) {
        Target *target = &webhooks->targets[i];

        if (!target->endpoint->wants_push)
            continue;
        if (order->is_stop)
            end(pushes, target, order, now_us);
        else
            begin(pushes, target, order, now_us);
    }
}

static Order *take_order(Pushes *pushes)
{
    Order *order;

    g_mutex_lock(&pushes->lock);
    order = g_queue_pop_head(&pushes->orders);
    g_mutex_unlock(&pushes->lock);
    return order;
}

static void take_orders(Pushes *pushes)
{
    Order *order;

    while ((order = take_order(pushes))) {
        carry_out(pushes, order, g_get_monotonic_time());
        free_order(order);
    }
}

/* --- the thread --- */

/* Each attempt says how much of the ring is left by then. */
static void fly(Job *job, gint64 now_us)
{
    Push push = {.record = job->record,
                 .is_stop = job->is_stop,
                 .expires_in_ms = MAX(job->expires_us - now_us, 0) / 1000};
    g_autofree char *body =
        job->pushes->webhooks->options.write_event(EVENT_TYPE_PUSH, job->record, &push);

    leave(job, JOB_FLIES);
    job->attempts++;
    post_event(job->pushes->http, job->target->endpoint, job->id, body, landed, job, NULL);
}

/* Returns when the next one is due. */
static gint64 send_due(Pushes *pushes, gint64 now_us)
{
    GSequenceIter *first;

    while (!g_sequence_iter_is_end(first = g_sequence_get_begin_iter(pushes->waiting))) {
        Job *job = g_sequence_get(first);

        if (job->at_us > now_us)
            return job->at_us;
        fly(job, now_us);
    }
    return G_MAXINT64;
}

static gpointer run(gpointer data)
{
    Pushes *pushes = data;

    while (!g_atomic_int_get(&pushes->is_stopping)) {
        take_orders(pushes);
        http_run(pushes->http, send_due(pushes, g_get_monotonic_time()));
    }
    return NULL;
}

/* --- start and stop --- */

Pushes *pushes_start(Webhooks *webhooks)
{
    Pushes *pushes = g_new0(Pushes, 1);

    pushes->webhooks = webhooks;
    g_mutex_init(&pushes->lock);
    g_queue_init(&pushes->orders);
    pushes->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_job);
    pushes->waiting = g_sequence_new(NULL);
    pushes->http = http_new(&(HttpOptions){
        .connect_timeout_ms = MIN(CONNECT_TIMEOUT_MS, webhooks->options.connect_timeout_ms),
        .timeout_ms = MIN(TIMEOUT_MS, webhooks->options.timeout_ms),
        .proxy = webhooks->proxy,
        .ca_file = webhooks->ca_file,
    });
    pushes->thread = g_thread_new("call-push", run, pushes);
    return pushes;
}

void pushes_stop(Pushes *pushes)
{
    if (!pushes)
        return;
    g_atomic_int_set(&pushes->is_stopping, TRUE);
    http_wake(pushes->http);
    g_thread_join(pushes->thread);
}

void pushes_free(Pushes *pushes)
{
    if (!pushes)
        return;
    http_free(pushes->http);
    g_sequence_free(pushes->waiting);
    g_hash_table_unref(pushes->jobs);
    g_queue_clear_full(&pushes->orders, free_order);
    g_mutex_clear(&pushes->lock);
    g_free(pushes);
}

void pushes_put(Pushes *pushes, const Push *push)
{
    Order *order = g_new(Order, 1);

    *order = (Order){.record = record_ref(push->record),
                     .is_stop = push->is_stop,
                     .expires_us = g_get_monotonic_time() + push->expires_in_ms * 1000};
    g_mutex_lock(&pushes->lock);
    g_queue_push_tail(&pushes->orders, order);
    g_mutex_unlock(&pushes->lock);
    http_wake(pushes->http);
}
