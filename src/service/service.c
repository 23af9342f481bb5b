#include "service/service_private.h"

/* --- the timer thread --- */

static void carry_out_timeout(Service *service)
{
    Event event = {.kind = EVENT_TIMEOUT};
    Work work;

    work_init(&work);
    service_step(service, &event, &work);
    g_mutex_unlock(&service->lock);
    service_deliver(service, &work);
    work_clear(&work);
    g_mutex_lock(&service->lock);
}

/* Replies that wait for a store which is slow. Called and returns with the lock held. */
static void let_replies_go(Service *service)
{
    g_mutex_unlock(&service->lock);
    journal_expire(service->journal);
    g_mutex_lock(&service->lock);
}

static gint64 replies_deadline(Service *service)
{
    return service->journal ? journal_deadline(service->journal) : G_MAXINT64;
}

static gpointer run_timer(gpointer data)
{
    Service *service = data;

    g_mutex_lock(&service->lock);
    while (!service->is_stopping) {
        gint64 hub_us = hub_deadline(service->hub);
        gint64 replies_us = replies_deadline(service);
        gint64 now_us = g_get_monotonic_time();

        service->timer_us = MIN(hub_us, replies_us);
        if (hub_us <= now_us)
            carry_out_timeout(service);
        else if (replies_us <= now_us)
            let_replies_go(service);
        else if (service->timer_us == G_MAXINT64)
            g_cond_wait(&service->timer_wanted, &service->lock);
        else
            g_cond_wait_until(&service->timer_wanted, &service->lock, service->timer_us);
    }
    g_mutex_unlock(&service->lock);
    return NULL;
}

/* --- start and stop --- */

Service *service_new(const ServiceOptions *options)
{
    Service *service = g_new0(Service, 1);

    service->options = *options;
    service->started_us = g_get_monotonic_time();
    service->hub = hub_new(&options->hub);
    if (options->store->ops->is_durable)
        service->journal = journal_new(
            options->store, &(JournalOptions){
                                .wait_us = options->store_wait_us,
                                .max_waiting = options->max_waiting_replies,
                                .keep_ms = options->keep_ms,
                                .probe_us = options->probe_us,
                                .outbox_ms = options->outbox_ms,
                                .outbox_rows = options->outbox_rows,
                                .committed = options->backend ? service_tell_committed : NULL,
                                .committed_data = service,
                            });
    service_queues_init(service);
    g_mutex_init(&service->lock);
    service->gate = (Gate){.lock = &service->lock, .auth = options->auth, .rates = options->rates};
    g_mutex_init(&service->reloading);
    g_cond_init(&service->timer_wanted);
    service->timer_us = G_MAXINT64;
    service->readers = readers_new(service_read_for_ask);
    service->timer = g_thread_new("call-timer", run_timer, service);
    return service;
}

void service_free(Service *service)
{
    if (!service)
        return;
    readers_free(service->readers);
    g_mutex_lock(&service->lock);
    service->is_stopping = TRUE;
    g_cond_signal(&service->timer_wanted);
    g_mutex_unlock(&service->lock);
    g_thread_join(service->timer);

    journal_free(service->journal);
    service_queues_clear(service);
    hub_free(service->hub);
    store_free(service->options.store);
    auth_free(service->options.auth);
    g_mutex_clear(&service->reloading);
    g_cond_clear(&service->timer_wanted);
    g_mutex_clear(&service->lock);
    g_free(service);
}

/* --- connections --- */

void service_disconnect(Service *service, Peer *peer)
{
    Event event = {.kind = EVENT_GONE, .from = peer};
    Work work;

    work_init(&work);
    g_mutex_lock(&service->lock);
    peer->is_gone = TRUE;
    service_step(service, &event, &work);
    service_wake_timer(service);
    g_mutex_unlock(&service->lock);
    service_deliver(service, &work);
    work_clear(&work);
    peer_unref(peer);
}

gboolean service_reload_auth(Service *service, const AuthSettings *settings, GError **error)
{
    Auth *auth = service->options.auth;
    gboolean is_done;

    g_mutex_lock(&service->reloading);
    is_done = auth->ops->reload(auth, settings, error);
    g_mutex_unlock(&service->reloading);
    return is_done;
}

Store *service_store(const Service *service)
{
    return service->options.store;
}

/* Something that nobody asked for. One of a peer that is gone was overtaken by its end. */
static void tell_hub(Service *service, Event *event)
{
    Work work;

    work_init(&work);
    g_mutex_lock(&service->lock);
    if (!event->from || !event->from->is_gone) {
        service_step(service, event, &work);
        service_wake_timer(service);
    }
    g_mutex_unlock(&service->lock);
    service_deliver(service, &work);
    work_clear(&work);
}

void service_push_answered(Service *service, const PushEvent *push)
{
    tell_hub(service, &(Event){.kind = EVENT_PUSH_ANSWERED, .push = *push});
}

void service_media_up(Service *service, Peer *peer)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_UP, .from = peer});
}

void service_media_down(Service *service, Peer *peer)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_DOWN, .from = peer});
}

void service_media_failed(Service *service, const MediaReportEvent *which)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_FAILED, .media = *which});
}

void service_media_report(Service *service, const MediaReportEvent *report)
{
    tell_hub(service, &(Event){.kind = EVENT_MEDIA_REPORT, .media = *report});
}

void service_settle(Service *service, const gint64 *ids, guint count)
{
    Store *store = service->options.store;

    if (service->journal)
        journal_settle(service->journal, ids, count);
    else
        store->ops->settle(store, ids, count, NULL);
}

/* --- looking in --- */

void service_outbox_stats(Service *service, guint *waiting, guint64 *dropped)
{
    JournalStats stats = {0};

    *waiting = service->options.store->ops->waiting(service->options.store);
    if (service->journal)
        journal_stats(service->journal, &stats);
    *dropped = stats.dropped + (guint)g_atomic_int_get(&service->dropped);
}

void service_store_stats(Service *service, StoreStats *stats)
{
    JournalStats journal = {0};

    if (service->journal)
        journal_stats(service->journal, &journal);
    *stats = (StoreStats){
        .records = journal.committed,
        .commits = journal.commits,
        .waiting = (guint)(journal.appended - journal.committed),
        .is_ill = journal.is_ill,
    };
}

void service_stats(Service *service, HubStats *stats)
{
    service_lock_hub(service);
    hub_stats(service->hub, stats);
    g_mutex_unlock(&service->lock);
}

typedef guint (*Look)(const Hub *hub, guint from, guint most, gint64 now_us, GPtrArray *found);

static guint look(Service *service, Look at, guint from, guint limit, GPtrArray *found)
{
    do {
        service_lock_hub(service);
        from = at(service->hub, from, limit - found->len, g_get_monotonic_time(), found);
        g_mutex_unlock(&service->lock);
    } while (from && found->len < limit);
    return from;
}

guint service_look_at_users(Service *service, guint from, guint limit, GPtrArray *users)
{
    return look(service, hub_look_at_users, from, limit, users);
}

guint service_look_at_calls(Service *service, guint from, guint limit, GPtrArray *calls)
{
    return look(service, hub_look_at_calls, from, limit, calls);
}

void service_look_at_user(Service *service, const char *user_id, GPtrArray *users, GPtrArray *calls)
{
    service_lock_hub(service);
    hub_look_at_user(service->hub, user_id, g_get_monotonic_time(), users, calls);
    g_mutex_unlock(&service->lock);
}

gboolean service_peer_info(Service *service, const Peer *peer, PeerInfo *info)
{
    DeviceInfo device;
    gboolean is_registered;

    service_lock_hub(service);
    is_registered = hub_device_info(service->hub, peer, &device);
    if (is_registered)
        *info = (PeerInfo){
            .user_id = g_strdup(device.user_id),
            .device_id = g_strdup(device.device_id),
            .live_calls = device.live_calls,
        };
    g_mutex_unlock(&service->lock);
    return is_registered;
}

void peer_info_clear(PeerInfo *info)
{
    g_clear_pointer(&info->user_id, g_free);
    g_clear_pointer(&info->device_id, g_free);
}

const HubSettings *service_hub_settings(const Service *service)
{
    return &service->options.hub;
}
