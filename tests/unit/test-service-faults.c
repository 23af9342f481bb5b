/* The whole service on a disk that fails: the n-th operation of SQLite, for n = 1, 2, ... until none
 * is left to fail. No request hangs, every event is heard in order, whatever a reply confirmed is in
 * the database, and when the fault is over all records follow (docs/protocol.md, section 1). */
#include <glib/gstdio.h>
#include <string.h>

#include "base/log.h"
#include "fault-vfs.h"
#include "service/service.h"
#include "store-calls.h"
#include "store/sqlite.h"

#define CALLS 20
#define OLD_CALLS 3
/* Long, so that a busy machine is not taken for a slow store: a failing one is not waited for. */
#define STORE_WAIT_US (1000 * 1000)
#define PROBE_US 1000
/* No request takes longer, and no recovery; a hang is what this finds. */
#define PATIENCE_US (5 * G_USEC_PER_SEC)

typedef enum {
    THEN_HEALED, /* the fault is lifted while the service runs */
    THEN_ENDED,  /* the service ends before the fault does */
} Then;

typedef struct {
    const char *name;
    Fault fault;
    Then then;
    guint stride; /* tries every so many n */
} Disk;

static const Disk disks[] = {
    {"an-error-once", {.operations = FAULT_ANY_FILE}, THEN_HEALED, 1},
    {"errors-for-a-while", {.operations = FAULT_ANY_FILE, .lasts = TRUE}, THEN_HEALED, 11},
    {"errors-for-good", {.operations = FAULT_ANY_FILE, .lasts = TRUE}, THEN_ENDED, 11},
    {"no-memory-once", {.operations = FAULT_MEMORY}, THEN_HEALED, 37},
    {"no-memory-for-a-while", {.operations = FAULT_MEMORY, .lasts = TRUE}, THEN_HEALED, 97},
};

/* What the world was told of one call. */
typedef struct {
    char *call_id;
    CallState confirmed_status;
    guint confirmed_rev; /* 0: no reply said that it is durable */
    CallState last_status;
    guint last_rev;
} Known;

/* A user's device: a connection of a door that only listens. */
typedef struct {
    const char *user_id;
    GString *heard; /* of all who share it: "bob<incoming/1 " and so on */
    Peer *peer;
} Device;

typedef struct {
    char *folder;
    char *path;
    Service *service;
    GString *heard;
    Device alice, bob;
    Known calls[CALLS];
    guint not_durable;
} World;

/* --- the door --- */

static void hear(gpointer connection, const Message *message)
{
    Device *device = connection;

    g_string_append_printf(device->heard, "%s<%s/%u ", device->user_id, message_name(message->kind),
                           message->record->rev);
}

static void keep(gpointer connection G_GNUC_UNUSED)
{
}

static const Delivery listening = {.send = hear, .ref = keep, .unref = keep};

static void keep_quiet(LogLevel level G_GNUC_UNUSED, const char *line G_GNUC_UNUSED)
{
}

/* --- requests --- */

static void request(World *world, const Device *device, Event *event, Reply *reply)
{
    gint64 from_us = g_get_monotonic_time();

    service_request(world->service, device->peer, event, reply);
    g_assert_cmpint(g_get_monotonic_time() - from_us, <, PATIENCE_US);
}

static void connect_device(World *world, Device *device, const char *user_id)
{
    Event event = {.kind = EVENT_REGISTER, .reg = {.user_id = user_id, .device_id = "phone"}};
    Reply reply;

    *device = (Device){.user_id = user_id, .heard = world->heard};
    device->peer = peer_new(&listening, device);
    request(world, device, &event, &reply);
    g_assert_cmpint(reply.refusal, ==, REFUSAL_NONE);
    reply_clear(&reply);
}

static void note(World *world, Known *call, const Reply *reply)
{
    g_assert_cmpint(reply->refusal, ==, REFUSAL_NONE);
    call->last_status = reply->record->status;
    call->last_rev = reply->record->rev;
    if (reply->is_not_durable) {
        world->not_durable++;
        return;
    }
    call->confirmed_status = call->last_status;
    call->confirmed_rev = call->last_rev;
}

static void initiate(World *world, Known *call, const char *call_id)
{
    Event event = {.kind = EVENT_INITIATE,
                   .initiate = {.callee_id = "bob", .call_id = call_id, .media.audio = TRUE}};
    Reply reply;

    request(world, &world->alice, &event, &reply);
    note(world, call, &reply);
    call->call_id = g_strdup(reply.record->facts->call_id);
    reply_clear(&reply);
}

static void about(World *world, Known *call, const Device *device, EventKind kind)
{
    Event event = {.kind = kind, .about = {.call_id = call->call_id, .cause = CAUSE_DECLINED}};
    Reply reply;

    request(world, device, &event, &reply);
    note(world, call, &reply);
    reply_clear(&reply);
}

/* Reads may be refused, for they cannot do without the store; they may not lie. */
static void read_old_call(World *world, guint number)
{
    g_autofree char *call_id = g_strdup_printf("old%u", number);
    Event event = {.kind = EVENT_GET, .about = {.call_id = call_id}};
    Reply reply;

    request(world, &world->alice, &event, &reply);
    if (reply.refusal == REFUSAL_NONE)
        g_assert_cmpstr(reply.record->facts->call_id, ==, call_id);
    else
        g_assert_cmpint(reply.refusal, ==, REFUSAL_STORE_UNAVAILABLE);
    reply_clear(&reply);
}

static void read_history_page(World *world)
{
    Event event = {.kind = EVENT_HISTORY, .history = {.limit = 20}};
    Reply reply;

    request(world, &world->bob, &event, &reply);
    if (reply.refusal == REFUSAL_NONE)
        g_assert_cmpuint(reply.calls->len, >=, OLD_CALLS);
    else
        g_assert_cmpint(reply.refusal, ==, REFUSAL_STORE_UNAVAILABLE);
    reply_clear(&reply);
}

/* --- the scenario --- */

/* Each call ends in one of three ways; every other one has an id of the caller's own, which is looked
 * for in the store. */
static void make_a_call(World *world, guint number)
{
    g_autofree char *own_id = number % 2 ? g_strdup_printf("own%u", number) : NULL;
    Known *call = &world->calls[number];

    initiate(world, call, own_id);
    if (number % 3 == 0)
        about(world, call, &world->bob, EVENT_REJECT);
    if (number % 3 == 1)
        about(world, call, &world->alice, EVENT_END);
    if (number % 3 == 2) {
        about(world, call, &world->bob, EVENT_ACCEPT);
        about(world, call, &world->alice, EVENT_END);
    }
}

static void play(World *world)
{
    connect_device(world, &world->alice, "alice");
    connect_device(world, &world->bob, "bob");
    for (guint i = 0; i < CALLS; i++) {
        make_a_call(world, i);
        if (i % 7 == 0)
            read_old_call(world, i / 7);
        if (i % 9 == 0)
            read_history_page(world);
    }
}

static void disconnect(World *world)
{
    service_disconnect(world->service, world->alice.peer);
    service_disconnect(world->service, world->bob.peer);
}

/* --- the database --- */

static Store *open_database(World *world, const char *vfs)
{
    g_autoptr(GError) error = NULL;
    Store *store = sqlite_store_new(&(SqliteOptions){.path = world->path, .vfs = vfs}, &error);

    g_assert_no_error(error);
    return store;
}

/* As the last run of the service left it. With the other VFS, which syncs nothing: hundreds are made. */
static void make_database(World *world)
{
    Store *store = open_database(world, FAULT_VFS);

    for (guint i = 0; i < OLD_CALLS; i++) {
        g_autofree char *id = g_strdup_printf("old%u", i);

        PUT(store, .id = id, .status = CALL_ENDED, .cause = CAUSE_HANGUP, .rev = 3);
    }
    store_free(store);
}

/* The fault begins when the store is open: what happens before is another test's. */
static void start(World *world, const Fault *fault)
{
    ServiceOptions options = {
        .store = open_database(world, FAULT_VFS),
        .store_wait_us = STORE_WAIT_US,
        .max_waiting_replies = 8,
        .probe_us = PROBE_US,
    };

    hub_settings_init(&options.hub);
    fault_vfs_arm(fault);
    world->service = service_new(&options);
}

static void world_init(World *world)
{
    *world = (World){.folder = make_folder(), .heard = g_string_new(NULL)};
    world->path = g_build_filename(world->folder, "calls.sqlite", NULL);
    make_database(world);
}

static void world_clear(World *world)
{
    for (guint i = 0; i < CALLS; i++)
        g_free(world->calls[i].call_id);
    g_string_free(world->heard, TRUE);
    g_free(world->path);
    remove_folder(world->folder);
}

static guint rev_in(Store *store, const Known *call, CallState *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Record) record = store->ops->get(store, "alice", call->call_id, &error);

    g_assert_no_error(error);
    if (!record)
        return 0;
    *status = record->status;
    return record->rev;
}

/* Nothing that was confirmed is lost; `is_all`: nor anything else. */
static void check_database(World *world, gboolean is_all)
{
    Store *store = open_database(world, NULL);

    for (guint i = 0; i < CALLS; i++) {
        const Known *call = &world->calls[i];
        CallState status = CALL_RINGING;
        guint rev = rev_in(store, call, &status);

        g_assert_cmpuint(rev, >=, call->confirmed_rev);
        if (call_state_is_final(call->confirmed_status))
            g_assert_cmpint(status, ==, call->confirmed_status);
        if (is_all) {
            g_assert_cmpuint(rev, ==, call->last_rev);
            g_assert_cmpint(status, ==, call->last_status);
        }
    }
    store_free(store);
}

/* --- the loop --- */

/* The store is well again, without being opened anew: a repeated end says so when all before it is in. */
static void wait_for_health(World *world)
{
    gint64 until_us = g_get_monotonic_time() + PATIENCE_US;
    Known *last = &world->calls[CALLS - 1];

    for (;;) {
        about(world, last, &world->alice, EVENT_END);
        if (last->confirmed_rev == last->last_rev)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, until_us);
        g_thread_yield();
    }
}

/* New calls are waited for and confirmed again; a busy machine may be late for one. */
static void expect_confirmations(World *world)
{
    for (guint tries = 0; tries < 50; tries++) {
        Known fresh = {0};

        initiate(world, &fresh, NULL);
        about(world, &fresh, &world->alice, EVENT_END);
        g_free(fresh.call_id);
        if (fresh.confirmed_rev == fresh.last_rev)
            return;
    }
    g_assert_not_reached();
}

/* Plays it once; returns how many operations there were until the fault was lifted. */
static guint run_with(const Disk *disk, guint at, const char *expected, guint *not_durable)
{
    Fault fault = disk->fault;
    guint operations = 0;
    World world;

    fault.at = at;
    world_init(&world);
    start(&world, &fault);
    play(&world);
    g_assert_cmpstr(world.heard->str, ==, expected);
    *not_durable = world.not_durable;
    if (disk->then == THEN_HEALED) {
        operations = fault_vfs_lift();
        wait_for_health(&world);
        expect_confirmations(&world);
    }
    disconnect(&world);
    service_free(world.service);
    if (disk->then == THEN_ENDED)
        operations = fault_vfs_lift();
    check_database(&world, disk->then == THEN_HEALED);
    world_clear(&world);
    return operations;
}

/* What is heard when nothing fails. */
static char *hear_undisturbed(void)
{
    char *heard;
    World world;

    world_init(&world);
    start(&world, &(Fault){0});
    play(&world);
    g_assert_cmpuint(world.not_durable, ==, 0);
    heard = g_strdup(world.heard->str);
    disconnect(&world);
    service_free(world.service);
    check_database(&world, TRUE);
    world_clear(&world);
    return heard;
}

static void test_loop(gconstpointer data)
{
    const Disk *disk = data;
    g_autofree char *expected = hear_undisturbed();
    guint at = 1, operations, not_durable, hits = 0, silent = 0;

    g_assert_nonnull(strstr(expected, "bob<call:incoming/1 alice<call:rejected/2 "));
    for (;; at += disk->stride) {
        operations = run_with(disk, at, expected, &not_durable);
        if (operations < at)
            break;
        hits++;
        silent += not_durable == 0;
    }
    g_test_message("%s: %u of %u operations failed in turn, %u of them unseen by any reply",
                   disk->name, hits, at - 1, silent);
    g_assert_cmpuint(hits, >, 20);
    /* Faults do reach those who ask, or this proves nothing. */
    g_assert_cmpuint(silent, <, hits);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_sink(keep_quiet);
    fault_vfs_register();
    for (guint i = 0; i < G_N_ELEMENTS(disks); i++) {
        g_autofree char *path = g_strdup_printf("/service/faults/%s", disks[i].name);

        g_test_add_data_func(path, &disks[i], test_loop);
    }
    return g_test_run();
}
