/* service_request_then(): the caller never waits, whatever the store does; each reply comes once. */
#include "service/service.h"

#include <string.h>

#include "base/log.h"
#include "blocking-store.h"
#include "store/memory.h"

#define PATIENCE_US (10 * G_USEC_PER_SEC)
#define STORE_WAIT_US (60 * 1000)

typedef struct {
    GMutex lock;
    GCond changed;
    GString *heard; /* of all devices, in order: "bob<incoming/1 " */
    GString *order; /* the names of what was replied to, in order: "initiate " */
    Service *service;
    Store *store;
} World;

typedef struct {
    World *world;
    const char *user_id;
    Peer *peer;
} Device;

/* A request with what its event borrows, and what came of it. */
typedef struct {
    World *world;
    const char *name;
    Event event;
    Reply reply;
    guint replies;
    GThread *thread; /* that brought the reply */
} Asked;

static void hear(gpointer connection, const Message *message)
{
    Device *device = connection;
    World *world = device->world;

    g_mutex_lock(&world->lock);
    g_string_append_printf(world->heard, "%s<%s ", device->user_id, message_name(message->kind));
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static void ignore(gpointer connection G_GNUC_UNUSED, const Message *message G_GNUC_UNUSED)
{
}

static const Delivery listening = {.send = hear, .ref = keep, .unref = keep};

static void keep_quiet(LogLevel level G_GNUC_UNUSED, const char *line G_GNUC_UNUSED)
{
}

/* --- asking --- */

static void take_reply(Reply *reply, gpointer data)
{
    Asked *asked = data;
    World *world = asked->world;

    g_mutex_lock(&world->lock);
    asked->reply = *reply;
    asked->replies++;
    asked->thread = g_thread_self();
    g_string_append_printf(world->order, "%s ", asked->name);
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static void ask(Device *device, Asked *asked)
{
    asked->world = device->world;
    service_request_then(device->world->service, device->peer, &asked->event, take_reply, asked);
}

static gboolean has_reply(Asked *asked)
{
    gboolean has;

    g_mutex_lock(&asked->world->lock);
    has = asked->replies > 0;
    g_mutex_unlock(&asked->world->lock);
    return has;
}

static void wait_for_reply(Asked *asked)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
    World *world = asked->world;

    g_mutex_lock(&world->lock);
    while (!asked->replies)
        g_assert_true(g_cond_wait_until(&world->changed, &world->lock, until_us));
    g_assert_cmpuint(asked->replies, ==, 1);
    g_mutex_unlock(&world->lock);
}

static void wait_for_word(World *world, const char *word)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

    g_mutex_lock(&world->lock);
    while (!strstr(world->heard->str, word))
        g_assert_true(g_cond_wait_until(&world->changed, &world->lock, until_us));
    g_mutex_unlock(&world->lock);
}

static void register_device(World *world, Device *device, const char *user_id)
{
    Asked asked = {
        .name = "register",
        .event = {.kind = EVENT_REGISTER, .reg = {.user_id = user_id, .device_id = "phone"}}};

    *device = (Device){.world = world, .user_id = user_id};
    device->peer = peer_new(&listening, device);
    ask(device, &asked);
    wait_for_reply(&asked);
    g_assert_cmpint(asked.reply.refusal, ==, REFUSAL_NONE);
    reply_clear(&asked.reply);
}

#define INITIATE(id)                                                                               \
    {                                                                                              \
        .name = "initiate", .event = {                                                             \
            .kind = EVENT_INITIATE,                                                                \
            .initiate = {.callee_id = "bob", .call_id = id, .media.audio = TRUE}                   \
        }                                                                                          \
    }
#define ABOUT(what, event_kind, id)                                                                \
    {                                                                                              \
        .name = what, .event = {                                                                   \
            .kind = event_kind,                                                                    \
            .about = {.call_id = id, .cause = CAUSE_DECLINED}                                      \
        }                                                                                          \
    }

/* --- the world --- */

static void world_init_with(World *world, Store *store, const MediaPort *media, gpointer media_self)
{
    ServiceOptions options = {
        .store = store,
        .store_wait_us = STORE_WAIT_US,
        .max_waiting_replies = 8,
        .probe_us = 1000,
        .media = media,
        .media_self = media_self,
    };

    *world = (World){.heard = g_string_new(NULL), .order = g_string_new(NULL), .store = store};
    g_mutex_init(&world->lock);
    g_cond_init(&world->changed);
    hub_settings_init(&options.hub);
    world->service = service_new(&options);
}

static void world_init(World *world, Store *store)
{
    world_init_with(world, store, NULL, NULL);
}

static void world_clear(World *world)
{
    service_free(world->service);
    g_string_free(world->heard, TRUE);
    g_string_free(world->order, TRUE);
    g_cond_clear(&world->changed);
    g_mutex_clear(&world->lock);
}

static void leave(Device *device)
{
    service_disconnect(device->world->service, device->peer);
}

/* --- tests --- */

static void test_memory(void)
{
    Asked initiate = INITIATE("c1"), reject = ABOUT("reject", EVENT_REJECT, "c1");
    Device alice, bob;
    World world;

    world_init(&world, memory_store_new(100));
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    ask(&alice, &initiate);
    ask(&bob, &reject);
    /* There is nothing to wait for: both are answered by the asking thread. */
    g_assert_cmpuint(initiate.replies, ==, 1);
    g_assert_true(initiate.thread == g_thread_self());
    g_assert_cmpuint(reject.replies, ==, 1);
    g_assert_cmpint(reject.reply.record->status, ==, CALL_REJECTED);
    g_assert_cmpstr(world.heard->str, ==, "bob<call:incoming alice<call:rejected ");
    reply_clear(&initiate.reply);
    reply_clear(&reject.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

static void test_reply_when_committed(void)
{
    Store *store = blocking_store_new();
    Asked initiate = INITIATE(NULL);
    Device alice, bob;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    ask(&alice, &initiate);
    wait_for_reply(&initiate);
    g_assert_false(initiate.reply.is_not_durable);
    g_assert_cmpstr(world.heard->str, ==, "bob<call:incoming ");
    reply_clear(&initiate.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

static void test_locked_store(void)
{
    Store *store = blocking_store_new();
    Asked initiate = INITIATE(NULL), next = INITIATE(NULL), well = INITIATE(NULL);
    Device alice, bob;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    blocking_store_hold_writes(store, TRUE);
    ask(&alice, &initiate);
    g_assert_false(has_reply(&initiate));
    g_assert_cmpstr(world.heard->str, ==, "bob<call:incoming ");
    wait_for_reply(&initiate);
    g_assert_true(initiate.reply.is_not_durable);

    /* It is known to be slow now: at once. */
    ask(&bob, &next);
    g_assert_cmpint(next.reply.refusal, ==, REFUSAL_CALLING_SELF);
    reply_clear(&next.reply);
    next = (Asked)ABOUT("reject", EVENT_REJECT, initiate.reply.record->facts->call_id);
    ask(&bob, &next);
    g_assert_true(has_reply(&next));
    g_assert_true(next.reply.is_not_durable);

    blocking_store_hold_writes(store, FALSE);
    for (;;) {
        ask(&alice, &well);
        wait_for_reply(&well);
        g_assert_cmpint(well.reply.refusal, ==, REFUSAL_NONE);
        if (!well.reply.is_not_durable)
            break;
        reply_clear(&well.reply);
        well = (Asked)INITIATE(NULL);
    }
    reply_clear(&initiate.reply);
    reply_clear(&next.reply);
    reply_clear(&well.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

static void test_failing_store(void)
{
    Store *store = blocking_store_new();
    Asked initiate = INITIATE(NULL),
          history = {.name = "history", .event = {.kind = EVENT_HISTORY, .history = {.limit = 10}}};
    Device alice, bob;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    blocking_store_fail(store, TRUE);
    ask(&alice, &initiate);
    wait_for_reply(&initiate);
    g_assert_true(initiate.reply.is_not_durable);
    ask(&alice, &history);
    wait_for_reply(&history);
    g_assert_cmpint(history.reply.refusal, ==, REFUSAL_STORE_UNAVAILABLE);
    blocking_store_fail(store, FALSE);
    reply_clear(&initiate.reply);
    reply_clear(&history.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

/* The store has to be asked whether the id is taken: what comes after it waits its turn. */
static void test_order_of_one_peer(void)
{
    Store *store = blocking_store_new();
    Asked initiate = INITIATE("c1"), ringing = ABOUT("ringing", EVENT_RINGING, "c1"),
          end = ABOUT("end", EVENT_END, "c1");
    Device alice, bob;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    g_string_truncate(world.order, 0);
    blocking_store_hold_reads(store, TRUE);
    ask(&alice, &initiate);
    blocking_store_wait_for_reader(store);
    ask(&alice, &ringing);
    ask(&alice, &end);
    g_assert_false(has_reply(&initiate) || has_reply(&ringing) || has_reply(&end));
    g_assert_cmpstr(world.heard->str, ==, "");
    blocking_store_hold_reads(store, FALSE);
    wait_for_reply(&initiate);
    wait_for_reply(&ringing);
    wait_for_reply(&end);
    g_assert_cmpint(initiate.reply.refusal, ==, REFUSAL_NONE);
    g_assert_cmpint(ringing.reply.refusal, ==, REFUSAL_FORBIDDEN);
    g_assert_cmpint(end.reply.record->status, ==, CALL_CANCELLED);
    g_assert_cmpstr(world.heard->str, ==, "bob<call:incoming bob<call:ended ");
    reply_clear(&initiate.reply);
    reply_clear(&ringing.reply);
    reply_clear(&end.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

/* Whoever reads a long list may still reject; and another peer waits for nothing of that. */
static void test_reading_holds_nobody_up(void)
{
    Store *store = blocking_store_new();
    Asked history = {.name = "history", .event = {.kind = EVENT_HISTORY, .history = {.limit = 10}}};
    Asked initiate = INITIATE(NULL), reject;
    Device alice, bob;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    blocking_store_hold_reads(store, TRUE);
    ask(&bob, &history);
    blocking_store_wait_for_reader(store);
    ask(&alice, &initiate);
    wait_for_reply(&initiate);
    reject = (Asked)ABOUT("reject", EVENT_REJECT, initiate.reply.record->facts->call_id);
    ask(&bob, &reject);
    wait_for_reply(&reject);
    g_assert_false(has_reply(&history));
    g_assert_cmpint(reject.reply.record->status, ==, CALL_REJECTED);
    blocking_store_hold_reads(store, FALSE);
    wait_for_reply(&history);
    g_assert_cmpuint(history.reply.calls->len, ==, 1);
    reply_clear(&history.reply);
    reply_clear(&initiate.reply);
    reply_clear(&reject.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

/* A connection that ends while its call:register is being read leaves no device behind. */
static void test_gone_in_mid_read(void)
{
    Store *store = blocking_store_new();
    Asked again = {
        .name = "register",
        .event = {.kind = EVENT_REGISTER, .reg = {.user_id = "alice", .device_id = "tablet"}}};
    HubStats stats;
    Device alice;
    World world;

    world_init(&world, store);
    alice = (Device){.world = &world, .user_id = "alice"};
    alice.peer = peer_new(&listening, &alice);
    blocking_store_hold_reads(store, TRUE);
    ask(&alice, &again);
    blocking_store_wait_for_reader(store);
    leave(&alice);
    blocking_store_hold_reads(store, FALSE);
    wait_for_reply(&again);
    g_assert_cmpint(again.reply.refusal, ==, REFUSAL_NOT_REGISTERED);
    service_stats(world.service, &stats);
    g_assert_cmpuint(stats.devices + stats.away, ==, 0);
    reply_clear(&again.reply);
    world_clear(&world);
}

static gpointer let_writes_go(gpointer data)
{
    /* Not before the service is being ended: its reply has come without the commit by then. */
    g_usleep(2 * STORE_WAIT_US);
    blocking_store_hold_writes(data, FALSE);
    blocking_store_unref(data);
    return NULL;
}

/* Stopped while a reply waits for its commit and another for its read. */
static void test_stopped_in_mid_wait(void)
{
    Store *store = blocking_store_new();
    Asked initiate = INITIATE(NULL),
          history = {.name = "history", .event = {.kind = EVENT_HISTORY, .history = {.limit = 10}}};
    Device alice, bob;
    GThread *helper;
    World world;

    world_init(&world, store);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    blocking_store_hold_writes(store, TRUE);
    ask(&alice, &initiate);
    ask(&alice, &history);
    leave(&alice);
    leave(&bob);
    helper = g_thread_new("helper", let_writes_go, blocking_store_ref(store));
    service_free(world.service);
    g_thread_join(helper);
    g_assert_cmpuint(initiate.replies, ==, 1);
    g_assert_cmpuint(history.replies, ==, 1);
    reply_clear(&initiate.reply);
    reply_clear(&history.reply);
    g_string_free(world.heard, TRUE);
    g_string_free(world.order, TRUE);
    g_cond_clear(&world.changed);
    g_mutex_clear(&world.lock);
}

/* --- many threads --- */

#define PAIRS 8
#define CALLS 60

typedef struct {
    World *world;
    guint number;
} Player;

static gpointer play(gpointer data)
{
    const Player *player = data;
    g_autofree char *caller = g_strdup_printf("caller%u", player->number);
    g_autofree char *callee = g_strdup_printf("callee%u", player->number);
    Device from, to;

    register_device(player->world, &from, caller);
    register_device(player->world, &to, callee);
    for (guint i = 0; i < CALLS; i++) {
        g_autofree char *id = g_strdup_printf("c%u-%u", player->number, i);
        Asked initiate = INITIATE(i % 2 ? id : NULL), reject;

        initiate.event.initiate.callee_id = callee;
        ask(&from, &initiate);
        wait_for_reply(&initiate);
        g_assert_cmpint(initiate.reply.refusal, ==, REFUSAL_NONE);
        reject = (Asked)ABOUT("reject", EVENT_REJECT, initiate.reply.record->facts->call_id);
        ask(&to, &reject);
        wait_for_reply(&reject);
        g_assert_cmpint(reject.reply.refusal, ==, REFUSAL_NONE);
        reply_clear(&initiate.reply);
        reply_clear(&reject.reply);
    }
    leave(&from);
    leave(&to);
    return NULL;
}

static void test_threads(void)
{
    GThread *threads[PAIRS];
    Player players[PAIRS];
    HubStats stats;
    World world;

    world_init(&world, blocking_store_new());
    for (guint i = 0; i < PAIRS; i++) {
        players[i] = (Player){&world, i};
        threads[i] = g_thread_new("player", play, &players[i]);
    }
    for (guint i = 0; i < PAIRS; i++)
        g_thread_join(threads[i]);
    service_stats(world.service, &stats);
    g_assert_cmpuint(stats.closed[CALL_REJECTED], ==, PAIRS * CALLS);
    wait_for_word(&world, "call:rejected");
    world_clear(&world);
}

/* --- orders to the media layer --- */

typedef struct {
    GMutex lock;
    GThread *threads[MEDIA_ORDERS]; /* that carried out the last of each kind */
} MediaLayer;

static gboolean note_order(gpointer self, const MediaOrder *order)
{
    MediaLayer *media = self;

    g_mutex_lock(&media->lock);
    media->threads[order->kind] = g_thread_self();
    g_mutex_unlock(&media->lock);
    return TRUE;
}

static gboolean can_all(gpointer self G_GNUC_UNUSED, Mode mode G_GNUC_UNUSED,
                        const char **why_not G_GNUC_UNUSED)
{
    return TRUE;
}

static GThread *thread_of(MediaLayer *media, MediaOrderKind kind)
{
    GThread *thread;

    g_mutex_lock(&media->lock);
    thread = media->threads[kind];
    g_mutex_unlock(&media->lock);
    return thread;
}

/* They may take a while, so the asking thread carries out none, neither the one that others wait for nor the
 * last. */
static void test_orders_are_for_others(void)
{
    static const MediaPort port = {.carry_out = note_order, .can = can_all};
    Asked initiate = INITIATE("c1"), accept = ABOUT("accept", EVENT_ACCEPT, "c1"),
          end = ABOUT("end", EVENT_END, "c1");
    MediaLayer media = {0};
    Device alice, bob;
    World world;

    world_init_with(&world, memory_store_new(100), &port, &media);
    register_device(&world, &alice, "alice");
    register_device(&world, &bob, "bob");
    initiate.event.initiate.has_mode = TRUE;
    initiate.event.initiate.mode = MODE_ROOM;
    ask(&alice, &initiate);
    ask(&bob, &accept);
    wait_for_reply(&accept);
    g_assert_cmpint(accept.reply.refusal, ==, REFUSAL_NONE);
    ask(&alice, &end);
    wait_for_reply(&end);
    g_assert_nonnull(thread_of(&media, MEDIA_ORDER_ROOM));
    g_assert_true(thread_of(&media, MEDIA_ORDER_ROOM) != g_thread_self());
    g_assert_nonnull(thread_of(&media, MEDIA_ORDER_END));
    g_assert_true(thread_of(&media, MEDIA_ORDER_END) != g_thread_self());
    reply_clear(&initiate.reply);
    reply_clear(&accept.reply);
    reply_clear(&end.reply);
    leave(&alice);
    leave(&bob);
    world_clear(&world);
}

/* What is put in order after a step may have the next deadline: the timer learns of it, though nobody asks for anything more. */
static void test_who_left_is_forgotten_on_a_quiet_server(void)
{
    static const Delivery deaf = {.send = ignore, .ref = keep, .unref = keep};
    ServiceOptions options = {.store = memory_store_new(10)};
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
    Event event = {.kind = EVENT_REGISTER, .reg = {.user_id = "alice", .device_id = "phone"}};
    Peer *peer = peer_new(&deaf, NULL);
    Service *service;
    HubStats stats;
    Reply reply;

    hub_settings_init(&options.hub);
    options.hub.rates.requests = (Rate){.tokens = 1, .period_us = 50 * 1000, .size = 10};
    service = service_new(&options);
    g_usleep(20 * 1000); /* the timer's thread sleeps by then */
    service_request(service, peer, &event, &reply);
    g_assert_cmpint(reply.refusal, ==, REFUSAL_NONE);
    reply_clear(&reply);
    service_request(service, peer, &(Event){.kind = EVENT_GET, .about.call_id = "C"}, &reply);
    reply_clear(&reply);
    service_disconnect(service, peer);
    do {
        g_assert_cmpint(g_get_monotonic_time(), <, until_us);
        g_usleep(1000);
        service_stats(service, &stats);
    } while (stats.users);
    service_free(service);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_sink(keep_quiet);
    g_test_add_func("/service/then/memory-answers-at-once", test_memory);
    g_test_add_func("/service/then/reply-comes-with-the-commit", test_reply_when_committed);
    g_test_add_func("/service/then/locked-store-is-not-waited-for", test_locked_store);
    g_test_add_func("/service/then/failing-store", test_failing_store);
    g_test_add_func("/service/then/one-peer-is-in-order", test_order_of_one_peer);
    g_test_add_func("/service/then/reading-holds-nobody-up", test_reading_holds_nobody_up);
    g_test_add_func("/service/then/gone-in-mid-read", test_gone_in_mid_read);
    g_test_add_func("/service/then/stopped-in-mid-wait", test_stopped_in_mid_wait);
    g_test_add_func("/service/then/orders-are-for-others", test_orders_are_for_others);
    g_test_add_func("/service/then/many-threads", test_threads);
    g_test_add_func("/service/then/who-left-is-forgotten-on-a-quiet-server",
                    test_who_left_is_forgotten_on_a_quiet_server);
    return g_test_run();
}
