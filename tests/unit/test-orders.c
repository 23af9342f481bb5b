/* service/orders: what the media layer is told, and when devices are told of it. A port of the
 * test's own says what it was ordered, as slowly or as badly as the test wants. */
#include <string.h>

#include "service/service.h"
#include "store/memory.h"

/* No wait here is longer, and none is needed: a hang is what this finds. */
#define PATIENCE_US (10 * G_USEC_PER_SEC)

typedef struct {
    GMutex lock;
    GCond changed;
    GString *seen;       /* "room bob<accepted " and so on, in the order in which it happened */
    gboolean is_blocked; /* orders wait */
    guint waiting;       /* so many do */
    MediaOrderKind fails;
    gboolean has_failure;
    gboolean can;
    Service *service;
    Peer *alice, *bob;
} World;

static World world;

/* --- what happens --- */

static void G_GNUC_PRINTF(1, 2) note(const char *format, ...)
{
    va_list args;

    g_mutex_lock(&world.lock);
    va_start(args, format);
    g_string_append_vprintf(world.seen, format, args);
    va_end(args);
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

static void wait_until_open(void)
{
    g_mutex_lock(&world.lock);
    world.waiting++;
    g_cond_broadcast(&world.changed);
    while (world.is_blocked)
        g_cond_wait(&world.changed, &world.lock);
    world.waiting--;
    g_mutex_unlock(&world.lock);
}

static void wait_for_waiting(void)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;

    g_mutex_lock(&world.lock);
    while (!world.waiting)
        g_assert_true(g_cond_wait_until(&world.changed, &world.lock, until_us));
    g_mutex_unlock(&world.lock);
}

static void open_port(void)
{
    g_mutex_lock(&world.lock);
    world.is_blocked = FALSE;
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

static void assert_seen(const char *expected)
{
    g_mutex_lock(&world.lock);
    g_assert_cmpstr(world.seen->str, ==, expected);
    g_string_truncate(world.seen, 0);
    g_mutex_unlock(&world.lock);
}

static gboolean carry_out(gpointer self G_GNUC_UNUSED, const MediaOrder *order)
{
    wait_until_open();
    note("%s ", media_order_name(order->kind));
    return !world.has_failure || order->kind != world.fails;
}

static gboolean can(gpointer self G_GNUC_UNUSED, Mode mode, const char **why_not)
{
    if (world.can)
        return TRUE;
    *why_not = mode == MODE_ROOM ? "mode: no room" : "mode: no relay";
    return FALSE;
}

static const MediaPort port = {.carry_out = carry_out, .can = can};

static void hear(gpointer connection, const Message *message)
{
    note("%s<%s ", (const char *)connection, message_name(message->kind) + strlen("call:"));
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static const Delivery listening = {.send = hear, .ref = keep, .unref = keep};

/* --- requests --- */

static Refusal ask(Peer *peer, Event event)
{
    Reply reply;
    Refusal refusal;

    service_request(world.service, peer, &event, &reply);
    refusal = reply.refusal;
    if (refusal != REFUSAL_NONE)
        note("(%s) ", reply.text);
    reply_clear(&reply);
    return refusal;
}

static Peer *connect_user(const char *user_id)
{
    Peer *peer = peer_new(&listening, (gpointer)user_id);
    Event event = {.kind = EVENT_REGISTER, .reg = {.user_id = user_id, .device_id = "phone"}};

    g_assert_cmpint(ask(peer, event), ==, REFUSAL_NONE);
    return peer;
}

static Refusal initiate(const char *call_id, Mode mode)
{
    return ask(world.alice, (Event){.kind = EVENT_INITIATE,
                                    .initiate = {.callee_id = "bob",
                                                 .call_id = call_id,
                                                 .media.audio = TRUE,
                                                 .has_mode = TRUE,
                                                 .mode = mode}});
}

static Refusal about(Peer *peer, EventKind kind, const char *call_id)
{
    return ask(peer, (Event){.kind = kind, .about.call_id = call_id});
}

static void set_up(gboolean has_port)
{
    ServiceOptions options = {
        .store = memory_store_new(100), .media = has_port ? &port : NULL, .probe_us = 1000};

    hub_settings_init(&options.hub);
    world = (World){.seen = g_string_new(NULL), .can = TRUE};
    g_mutex_init(&world.lock);
    g_cond_init(&world.changed);
    world.service = service_new(&options);
    world.alice = connect_user("alice");
    world.bob = connect_user("bob");
}

static void tear_down(void)
{
    service_disconnect(world.service, world.alice);
    service_disconnect(world.service, world.bob);
    service_free(world.service);
    g_string_free(world.seen, TRUE);
    g_cond_clear(&world.changed);
    g_mutex_clear(&world.lock);
}

/* --- tests --- */

static void test_room_comes_first(void)
{
    set_up(TRUE);
    g_assert_cmpint(initiate("C1", MODE_ROOM), ==, REFUSAL_NONE);
    assert_seen("bob<incoming ");
    g_assert_cmpint(about(world.bob, EVENT_ACCEPT, "C1"), ==, REFUSAL_NONE);
    assert_seen("room alice<accepted ");
    g_assert_cmpint(about(world.bob, EVENT_END, "C1"), ==, REFUSAL_NONE);
    assert_seen("end alice<ended ");
    tear_down();
}

static gpointer accept_it(gpointer call_id)
{
    g_assert_cmpint(about(world.bob, EVENT_ACCEPT, call_id), ==, REFUSAL_NONE);
    note("bob accepted ");
    return NULL;
}

static gpointer drain_alice(gpointer unused)
{
    peer_drain(world.alice);
    return unused;
}

static gboolean is_draining(Peer *peer)
{
    gboolean is_draining_now;

    g_mutex_lock(&peer->outbox.lock);
    is_draining_now = peer->outbox.drainer && peer->outbox.count == 0;
    g_mutex_unlock(&peer->outbox.lock);
    return is_draining_now;
}

/* Another thread hands over what waits for alice meanwhile; it must not run ahead of the room. */
static void test_nobody_hears_of_a_room_that_is_not_there(void)
{
    GThread *accepting, *draining;

    set_up(TRUE);
    initiate("C1", MODE_ROOM);
    assert_seen("bob<incoming ");
    world.is_blocked = TRUE;
    accepting = g_thread_new("accept", accept_it, (gpointer) "C1");
    wait_for_waiting();
    draining = g_thread_new("drain", drain_alice, NULL);
    while (!is_draining(world.alice))
        g_thread_yield();
    assert_seen("");
    open_port();
    g_thread_join(accepting);
    g_thread_join(draining);
    g_assert_true(g_str_has_prefix(world.seen->str, "room "));
    g_assert_nonnull(strstr(world.seen->str, "alice<accepted "));
    g_assert_nonnull(strstr(world.seen->str, "bob accepted "));
    tear_down();
}

static gpointer hang_up(gpointer call_id)
{
    about(world.bob, EVENT_END, call_id);
    return NULL;
}

static void test_order_of_messages_is_kept(void)
{
    GThread *accepting, *ending;

    set_up(TRUE);
    initiate("C1", MODE_ROOM);
    world.is_blocked = TRUE;
    accepting = g_thread_new("accept", accept_it, (gpointer) "C1");
    wait_for_waiting();
    ending = g_thread_new("end", hang_up, (gpointer) "C1");
    open_port();
    g_thread_join(accepting);
    g_thread_join(ending);
    g_mutex_lock(&world.lock);
    g_assert_nonnull(strstr(world.seen->str, "room "));
    g_assert_true(strstr(world.seen->str, "alice<accepted") > strstr(world.seen->str, "room "));
    g_assert_true(strstr(world.seen->str, "alice<ended") >
                  strstr(world.seen->str, "alice<accepted"));
    g_mutex_unlock(&world.lock);
    tear_down();
}

static void forget_failed(gpointer record, gpointer user_data G_GNUC_UNUSED)
{
    note("failed ");
    record_unref(record);
}

/* A thread that waits does not wait for one that may wait for it: it carries the order out, and
 * tells when it could not, since whoever put the order may have looked for that already. */
static void test_who_waits_carries_out(void)
{
    g_autoptr(CallFacts) facts = call_facts_new();
    MediaOrder order = {.kind = MEDIA_ORDER_LINK, .record = record_new(facts)};
    OrderTicket ticket;
    Orders orders;

    set_up(TRUE);
    world.has_failure = TRUE;
    world.fails = MEDIA_ORDER_LINK;
    orders_init(&orders, &port, NULL, forget_failed, NULL);
    ticket = orders_put(&orders, &order);
    orders_wait(&orders, 0);
    assert_seen("");
    orders_wait(&orders, ticket);
    assert_seen("link failed ");
    orders_wait(&orders, ticket);
    assert_seen("");
    orders_clear(&orders);
    tear_down();
}

static void test_room_cannot_be_made(void)
{
    set_up(TRUE);
    world.has_failure = TRUE;
    world.fails = MEDIA_ORDER_ROOM;
    initiate("C1", MODE_ROOM);
    g_assert_cmpint(about(world.bob, EVENT_ACCEPT, "C1"), ==, REFUSAL_NONE);
    g_assert_cmpint(about(world.bob, EVENT_SIGNAL, "C1"), ==, REFUSAL_CALL_OVER);
    /* Both were told: accepted, and then that it failed. */
    assert_seen("bob<incoming room end alice<accepted alice<ended bob<ended (the call is over) ");
    tear_down();
}

static void test_modes_that_cannot_be_had(void)
{
    set_up(TRUE);
    world.can = FALSE;
    g_assert_cmpint(initiate("C1", MODE_ROOM), ==, REFUSAL_INVALID_REQUEST);
    g_assert_cmpint(initiate("C2", MODE_RELAY), ==, REFUSAL_INVALID_REQUEST);
    assert_seen("(mode: no room) (mode: no relay) ");
    g_assert_cmpint(initiate("C3", MODE_P2P), ==, REFUSAL_NONE);
    /* One that was made before is answered as it is. */
    world.can = TRUE;
    about(world.alice, EVENT_END, "C3");
    g_assert_cmpint(initiate("C4", MODE_RELAY), ==, REFUSAL_NONE);
    world.can = FALSE;
    g_assert_cmpint(initiate("C4", MODE_RELAY), ==, REFUSAL_NONE);
    tear_down();
}

static void test_without_a_port(void)
{
    set_up(FALSE);
    g_assert_cmpint(initiate("C1", MODE_RELAY), ==, REFUSAL_INVALID_REQUEST);
    g_assert_cmpint(initiate("C1", MODE_ROOM), ==, REFUSAL_INVALID_REQUEST);
    assert_seen("(mode: relay is not available on this server) "
                "(mode: room is not available on this server) ");
    g_assert_cmpint(initiate("C1", MODE_NONE), ==, REFUSAL_NONE);
    tear_down();
}

/* --- joins --- */

static char *join_token(Peer *peer, const char *call_id)
{
    Event event = {.kind = EVENT_ACCEPT, .about.call_id = call_id};
    char *token;
    Reply reply;

    service_request(world.service, peer, &event, &reply);
    g_assert_cmpint(reply.refusal, ==, REFUSAL_NONE);
    token = g_strdup(reply.join.token);
    reply_clear(&reply);
    return token;
}

static Refusal join(Peer *peer, const char *call_id, const char *token)
{
    return ask(peer, (Event){.kind = EVENT_JOIN,
                             .join = {.call_id = call_id,
                                      .token = token,
                                      .jsep = {.kind = JSEP_OFFER, .text = "{}"}}});
}

static void test_secrets(void)
{
    g_autofree char *first = NULL;
    g_autofree char *again = NULL;
    g_autofree char *other = NULL;

    set_up(TRUE);
    initiate("C1", MODE_RELAY);
    first = join_token(world.bob, "C1");
    again = join_token(world.bob, "C1");
    g_assert_cmpuint(strlen(first), ==, 32);
    g_assert_cmpstr(first, ==, again);
    about(world.bob, EVENT_END, "C1");
    initiate("C2", MODE_RELAY);
    other = join_token(world.bob, "C2");
    g_assert_cmpstr(first, !=, other);
    tear_down();
}

static void test_media_handle_goes(void)
{
    g_autofree char *token = NULL;
    Peer *media;

    set_up(TRUE);
    initiate("C1", MODE_RELAY);
    token = join_token(world.bob, "C1");
    media = peer_new(&listening, (gpointer) "media");
    g_assert_cmpint(join(media, "C1", token), ==, REFUSAL_NONE);
    service_media_up(world.service, media);
    assert_seen("bob<incoming alice<accepted ");
    peer_ref(media);
    service_disconnect(world.service, media);
    assert_seen("leave alice<peer ");
    /* What was under way for it changes nothing any more. */
    service_media_up(world.service, media);
    g_assert_cmpint(join(media, "C1", token), ==, REFUSAL_NOT_REGISTERED);
    peer_unref(media);
    assert_seen("(the connection is closed) ");
    tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/orders/the-room-is-made-before-anybody-hears-of-it", test_room_comes_first);
    g_test_add_func("/orders/nobody-hears-of-a-room-that-is-not-there",
                    test_nobody_hears_of_a_room_that_is_not_there);
    g_test_add_func("/orders/what-waits-keeps-its-order", test_order_of_messages_is_kept);
    g_test_add_func("/orders/who-waits-carries-out", test_who_waits_carries_out);
    g_test_add_func("/orders/a-room-that-cannot-be-made-ends-the-call", test_room_cannot_be_made);
    g_test_add_func("/orders/modes-that-cannot-be-had-are-refused", test_modes_that_cannot_be_had);
    g_test_add_func("/orders/without-a-port-there-is-no-relay-and-no-room", test_without_a_port);
    g_test_add_func("/orders/nobody-guesses-a-token", test_secrets);
    g_test_add_func("/orders/a-media-handle-that-goes-has-left", test_media_handle_goes);
    return g_test_run();
}
