/* The real plugin under a fake Janus that calls it from many threads at once, as the core's pool
 * does. */
#include <string.h>

#include <glib.h>
#include <jansson.h>

#include "fake-janus.h"

#define THREADS 8
#define BURSTS 1000
#define BURST_MESSAGES 20
#define CALLS_PER_PAIR 100

static FakeHandle *register_device(const char *user, const char *device)
{
    FakeHandle *handle = fake_attach();
    json_t *reply = fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                                   "userId", user, "deviceId", device));

    g_assert_cmpstr(json_string_value(json_object_get(reply, "call")), ==, "success");
    json_decref(reply);
    return handle;
}

static void leave(FakeHandle *handle)
{
    fake_detach(handle);
    fake_release(handle);
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_int_t stat_of(const char *name)
{
    json_t *stats = fake_admin(json_pack("{s:s}", "request", "stats"));
    json_int_t value = json_integer_value(json_object_get(stats, name));

    json_decref(stats);
    return value;
}

/* --- bursts: 20 messages about one call, in any order --- */

typedef struct {
    FakeHandle *handle;
    json_t *body;
} Shot;

typedef struct {
    Shot shots[BURST_MESSAGES];
    gint next;
} Burst;

static gpointer fire(gpointer data)
{
    Burst *burst = data;
    gint i;

    while ((i = g_atomic_int_add(&burst->next, 1)) < BURST_MESSAGES)
        json_decref(fake_request(burst->shots[i].handle, burst->shots[i].body));
    return NULL;
}

/* The first one is only the caller's: the id would name another call. */
static const char *const burst_requests[] = {
    "call:initiate", "call:ringing", "call:accept", "call:reject",
    "call:end",      "call:get",     "call:signal",
};

static json_t *burst_body(GRand *random, gboolean from_caller, const char *call_id)
{
    const char *request =
        burst_requests[g_rand_int_range(random, !from_caller, G_N_ELEMENTS(burst_requests))];

    return json_pack("{s:s, s:s, s:s, s:{}}", "request", request, "callId", call_id, "calleeId",
                     "bob", "data");
}

static gboolean is_closing(const json_t *event)
{
    const char *name = text_of(event, "event");

    return strcmp(name, "call:ended") == 0 || strcmp(name, "call:rejected") == 0 ||
           strcmp(name, "call:timeout") == 0;
}

/* Nothing after the closing event, never two of them, and revisions that never fall. */
static guint check_events(FakeHandle *handle, const char *call_id)
{
    g_autoptr(GPtrArray) all = fake_all(handle);
    json_int_t rev = 0;
    guint closing = 0;

    for (guint i = 0; i < all->len; i++) {
        const json_t *event = g_ptr_array_index(all, i);

        if (g_strcmp0(text_of(event, "callId"), call_id) != 0)
            continue;
        g_assert_cmpuint(closing, ==, 0);
        g_assert_cmpint(json_integer_value(json_object_get(event, "rev")), >=, rev);
        rev = json_integer_value(json_object_get(event, "rev"));
        closing += is_closing(event);
    }
    return closing;
}

typedef struct {
    FakeHandle *alice, *phone, *tablet;
    char *call_id;
} Trio;

static json_t *end_state(const Trio *trio)
{
    json_t *reply = fake_request(
        trio->alice, json_pack("{s:s, s:s}", "request", "call:get", "callId", trio->call_id));
    json_t *record = json_incref(json_object_get(reply, "record"));

    json_decref(reply);
    return record;
}

/* Some order of the messages explains what everybody was told. */
static void check_burst(const Trio *trio)
{
    guint at_alice = check_events(trio->alice, trio->call_id);
    guint at_phone = check_events(trio->phone, trio->call_id);
    guint at_tablet = check_events(trio->tablet, trio->call_id);
    json_t *record = end_state(trio);
    const char *status = text_of(record, "status");

    if (!status) {
        g_assert_cmpuint(at_alice + at_phone + at_tablet, ==, 0);
        return;
    }
    if (strcmp(status, "ringing") == 0) {
        g_assert_cmpuint(at_alice + at_phone + at_tablet, ==, 0);
    } else if (strcmp(status, "accepted") == 0) {
        /* The phone answered: it is the only one that sends. */
        g_assert_cmpuint(at_alice + at_phone, ==, 0);
        g_assert_cmpuint(at_tablet, ==, 1);
    } else if (strcmp(status, "rejected") == 0) {
        g_assert_cmpuint(at_alice, ==, 1);
        g_assert_cmpuint(at_phone, ==, 0);
        g_assert_cmpuint(at_tablet, ==, 1);
    } else {
        gboolean by_alice = strcmp(text_of(record, "endedBy"), "alice") == 0;
        gboolean was_rung = json_object_get(record, "ringingAt") != NULL;

        g_assert_true(strcmp(status, "cancelled") == 0 || strcmp(status, "ended") == 0);
        g_assert_cmpuint(at_alice, ==, by_alice ? 0 : 1);
        g_assert_cmpuint(at_phone, ==, by_alice && was_rung ? 1 : 0);
        g_assert_cmpuint(at_tablet, ==, was_rung ? 1 : 0);
    }
    json_decref(record);
}

static void load_burst(Burst *burst, const Trio *trio, GRand *random)
{
    burst->next = 0;
    for (guint i = 0; i < BURST_MESSAGES; i++) {
        gboolean from_alice = i == 0 || g_rand_boolean(random);

        burst->shots[i].handle = from_alice ? trio->alice : trio->phone;
        burst->shots[i].body = burst_body(random, from_alice, trio->call_id);
    }
    json_object_set_new(burst->shots[0].body, "request", json_string("call:initiate"));
}

static void fire_burst(const Trio *trio, guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    GThread *threads[THREADS];
    Burst burst;

    load_burst(&burst, trio, random);
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("fire", fire, &burst);
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_rand_free(random);
}

static void test_bursts(void)
{
    guint bursts = g_getenv("CALL_BURSTS") ? (guint)atoi(g_getenv("CALL_BURSTS")) : BURSTS;

    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    for (guint32 seed = 1; seed <= bursts; seed++) {
        Trio trio = {
            .alice = register_device("alice", "web"),
            .phone = register_device("bob", "phone"),
            .tablet = register_device("bob", "tablet"),
            .call_id = g_strdup_printf("CALL_%u", seed),
        };

        if (g_test_verbose())
            g_test_message("seed %u", seed);
        fire_burst(&trio, seed);
        check_burst(&trio);
        json_decref(fake_request(trio.alice, json_pack("{s:s}", "request", "call:unregister")));
        leave(trio.alice);
        leave(trio.phone);
        leave(trio.tablet);
        g_free(trio.call_id);
    }
    fake_janus_stop();
}

/* --- load: pairs that call while others come and go --- */

static void call_once(FakeHandle *caller, FakeHandle *callee, const char *callee_id, guint i)
{
    json_t *reply = fake_request(
        caller, json_pack("{s:s, s:s}", "request", "call:initiate", "calleeId", callee_id));
    json_t *event;
    const char *call_id;

    g_assert_cmpstr(text_of(reply, "status"), ==, "ringing");
    event = fake_expect(callee, "call:incoming");
    call_id = text_of(event, "callId");

    g_assert_cmpstr(text_of(reply, "callId"), ==, call_id);
    json_decref(reply);
    if (i % 2) {
        json_decref(fake_request(
            callee, json_pack("{s:s, s:s}", "request", "call:reject", "callId", call_id)));
        json_decref(fake_expect(caller, "call:rejected"));
    } else {
        json_decref(fake_request(
            callee, json_pack("{s:s, s:s}", "request", "call:accept", "callId", call_id)));
        json_decref(fake_expect(caller, "call:accepted"));
        json_decref(fake_request(
            caller, json_pack("{s:s, s:s}", "request", "call:end", "callId", call_id)));
        json_decref(fake_expect(callee, "call:ended"));
    }
    json_decref(event);
}

static gpointer run_pair(gpointer data)
{
    guint pair = GPOINTER_TO_UINT(data);
    g_autofree char *caller_id = g_strdup_printf("caller%u", pair);
    g_autofree char *callee_id = g_strdup_printf("callee%u", pair);
    FakeHandle *callee = register_device(callee_id, "phone");

    for (guint i = 0; i < CALLS_PER_PAIR; i++) {
        FakeHandle *caller = register_device(caller_id, "web");

        call_once(caller, callee, callee_id, i);
        leave(caller);
    }
    leave(callee);
    return NULL;
}

static void test_pairs_at_once(void)
{
    GThread *threads[THREADS];

    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("pair", run_pair, GUINT_TO_POINTER(i));
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(stat_of("devices"), ==, 0);
    g_assert_cmpint(stat_of("liveCalls"), ==, 0);
    g_assert_cmpint(stat_of("initiated"), ==, THREADS * CALLS_PER_PAIR);
    fake_janus_stop();
}

/* --- a register that is under way while its handle is destroyed --- */

static gpointer register_late(gpointer data)
{
    json_decref(fake_request(data, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                             "userId", "alice", "deviceId", "web")));
    return NULL;
}

static void test_register_while_the_handle_goes(void)
{
    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    for (guint i = 0; i < 500; i++) {
        FakeHandle *handle = fake_attach();
        GThread *thread = g_thread_new("register", register_late, handle);

        if (i % 3 == 0)
            g_thread_yield();
        fake_detach(handle);
        g_thread_join(thread);
        g_assert_cmpint(stat_of("devices"), ==, 0);
        fake_release(handle);
    }
    fake_janus_stop();
}

/* --- two registers of one device at once --- */

static void test_two_registers_of_one_device(void)
{
    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    for (guint i = 0; i < 300; i++) {
        FakeHandle *a = fake_attach(), *b = fake_attach();
        GThread *first = g_thread_new("register", register_late, a);
        GThread *second = g_thread_new("register", register_late, b);

        g_thread_join(first);
        g_thread_join(second);
        g_assert_cmpint(stat_of("devices"), ==, 1);
        g_assert_cmpuint(fake_waiting(a, "call:replaced") + fake_waiting(b, "call:replaced"), ==,
                         1);
        leave(a);
        leave(b);
    }
    fake_janus_stop();
}

/* --- a slow push delays one device --- */

static gpointer reject_call(gpointer data)
{
    json_decref(
        fake_request(data, json_pack("{s:s, s:s}", "request", "call:reject", "callId", "CALL_1")));
    return NULL;
}

static gpointer initiate_call(gpointer data)
{
    json_decref(fake_request(data, json_pack("{s:s, s:s, s:s}", "request", "call:initiate",
                                             "callId", "CALL_1", "calleeId", "bob")));
    return NULL;
}

static void test_slow_push_delays_one_device(void)
{
    FakeHandle *alice, *slow, *phone;
    GThread *caller, *callee;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    phone = register_device("bob", "a-phone");
    slow = register_device("bob", "slow");
    fake_stall(slow, TRUE);
    caller = g_thread_new("initiate", initiate_call, alice);
    json_decref(fake_expect(phone, "call:incoming"));
    callee = g_thread_new("reject", reject_call, phone);
    /* One of the two threads hangs in the push to the slow device; everybody else hears all the
     * same. */
    json_decref(fake_expect(alice, "call:rejected"));
    fake_stall(slow, FALSE);
    g_thread_join(caller);
    g_thread_join(callee);
    json_decref(fake_expect(slow, "call:incoming"));
    json_decref(fake_expect(slow, "call:ended"));
    leave(alice);
    leave(slow);
    leave(phone);
    fake_janus_stop();
}

/* --- the end, under load --- */

static gint is_over;

static gpointer keep_asking(gpointer data)
{
    while (!g_atomic_int_get(&is_over)) {
        FakeHandle *handle = fake_attach();
        json_t *reply = fake_request(
            handle, json_pack("{s:s, s:s}", "request", "call:register", "userId", data));

        json_decref(reply);
        leave(handle);
    }
    return NULL;
}

static gpointer keep_calling(gpointer data)
{
    FakeHandle *handle = data;

    while (!g_atomic_int_get(&is_over))
        json_decref(fake_request(
            handle, json_pack("{s:s, s:s}", "request", "call:initiate", "calleeId", "bob")));
    return NULL;
}

static void test_destroy_under_load(void)
{
    for (guint round = 0; round < 20; round++) {
        GThread *threads[4];
        FakeHandle *alice, *bob;

        g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
        alice = register_device("alice", "web");
        bob = register_device("bob", "phone");
        g_atomic_int_set(&is_over, 0);
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
            threads[i] = g_thread_new("load", keep_calling, i % 2 ? alice : bob);
        json_decref(fake_expect(bob, "call:incoming"));
        fake_janus_destroy_plugin();
        g_atomic_int_set(&is_over, 1);
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
            g_thread_join(threads[i]);
        fake_release(alice);
        fake_release(bob);
        fake_janus_stop();
    }
}

static void test_handles_come_and_go(void)
{
    GThread *threads[4];
    static char *names[] = {"a", "b", "a", "b"};

    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    g_atomic_int_set(&is_over, 0);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("load", keep_asking, names[i]);
    while (stat_of("steps") < 4000)
        g_thread_yield();
    g_atomic_int_set(&is_over, 1);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(stat_of("devices"), ==, 0);
    g_assert_cmpint(stat_of("users"), ==, 0);
    fake_janus_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/threads/bursts-leave-a-state-that-some-order-allows", test_bursts);
    g_test_add_func("/threads/pairs-call-at-once", test_pairs_at_once);
    g_test_add_func("/threads/register-while-the-handle-goes", test_register_while_the_handle_goes);
    g_test_add_func("/threads/two-registers-of-one-device", test_two_registers_of_one_device);
    g_test_add_func("/threads/slow-push-delays-one-device", test_slow_push_delays_one_device);
    g_test_add_func("/threads/destroy-under-load", test_destroy_under_load);
    g_test_add_func("/threads/handles-come-and-go", test_handles_come_and_go);
    return g_test_run();
}
