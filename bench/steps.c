/* What one step of the hub costs, in a small world and in a large one: the same mixed script in both.
 *
 *   steps run USERS CALLS   plays the script once, for callgrind (bench/steps.sh)
 *   steps time              nanoseconds a step, in both worlds
 *   steps memory            bytes of an idle registered user */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/hub.h"

#define PAIRS 40       /* who plays the script: as many in every world, spread over it */
#define ROUNDS 10      /* how often each pair does */
#define REPETITIONS 30 /* of the whole, when time is measured */
#define IDLE_USERS 10000

struct Address {
    guint number;
};

typedef enum {
    STEP_REFRESH,
    STEP_INITIATE,
    STEP_RINGING,
    STEP_ACCEPT,
    STEP_SIGNAL,
    STEP_GET,
    STEP_END,
    STEP_REJECT,
} StepKind;

#define STEP_KINDS (STEP_REJECT + 1)

typedef struct {
    char id[16];
    Address phone;
    Address tablet; /* of callees only */
} Person;

typedef struct {
    Hub *hub;
    Effects effects;
    gint64 now_us;
    guint64 fresh;
    guint people_count;
    guint calls;
    Person *people; /* the first 2 * calls are in the live calls; even numbers call odd ones */
    char call_id[64];
    gboolean is_timed;
    guint64 ns[STEP_KINDS];
    guint count[STEP_KINDS];
} World;

static void fill_in(World *world, Event *event, char *fresh_id, gsize size)
{
    world->now_us += 1000;
    event->now_us = world->now_us;
    event->wall_ms = G_GINT64_CONSTANT(1700000000000) + world->now_us / 1000;
    g_snprintf(fresh_id, size, "%016" G_GINT64_MODIFIER "x", world->fresh++);
    event->fresh_id = fresh_id;
}

static void keep_call_id(World *world)
{
    const Reply *reply = &world->effects.reply;

    if (reply->request == EVENT_INITIATE && reply->record)
        g_strlcpy(world->call_id, reply->record->facts->call_id, sizeof world->call_id);
    if (reply->refusal != REFUSAL_NONE) {
        fprintf(stderr, "steps: %s was refused: %s\n", event_name(reply->request), reply->text);
        exit(1);
    }
}

static guint64 now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (guint64)now.tv_sec * 1000000000 + (guint64)now.tv_nsec;
}

/* One function for each kind, so that callgrind can tell the callers of hub_step() apart. The assembler's comment keeps the
 * compiler from folding equal functions into one, and from leaving them by a jump. */
#define STEP_OF_KIND(name)                                                                         \
    __attribute__((noinline)) static void step_##name(Hub *hub, const Event *event,                \
                                                      Effects *effects)                            \
    {                                                                                              \
        hub_step(hub, event, effects);                                                             \
        __asm__ volatile("# " #name);                                                              \
    }

STEP_OF_KIND(refresh)
STEP_OF_KIND(initiate)
STEP_OF_KIND(ringing)
STEP_OF_KIND(accept)
STEP_OF_KIND(signal)
STEP_OF_KIND(get)
STEP_OF_KIND(end)
STEP_OF_KIND(reject)
STEP_OF_KIND(prepare)

static const struct {
    const char *name;
    void (*step)(Hub *hub, const Event *event, Effects *effects);
} kinds[STEP_KINDS] = {
    [STEP_REFRESH] = {"refresh", step_refresh},
    [STEP_INITIATE] = {"initiate", step_initiate},
    [STEP_RINGING] = {"ringing", step_ringing},
    [STEP_ACCEPT] = {"accept", step_accept},
    [STEP_SIGNAL] = {"signal", step_signal},
    [STEP_GET] = {"get", step_get},
    [STEP_END] = {"end", step_end},
    [STEP_REJECT] = {"reject", step_reject},
};

static void do_step(World *world, StepKind kind, Event event)
{
    char fresh_id[24];
    guint64 start_ns = 0;

    fill_in(world, &event, fresh_id, sizeof fresh_id);
    if (world->is_timed)
        start_ns = now_ns();
    kinds[kind].step(world->hub, &event, &world->effects);
    if (world->is_timed)
        world->ns[kind] += now_ns() - start_ns;
    world->count[kind]++;
    keep_call_id(world);
    effects_reset(&world->effects);
}

/* Outside of what is counted. */
static void prepare(World *world, Event event)
{
    char fresh_id[24];

    fill_in(world, &event, fresh_id, sizeof fresh_id);
    step_prepare(world->hub, &event, &world->effects);
    keep_call_id(world);
    effects_reset(&world->effects);
}

/* --- events --- */

static Event registration(Person *person, Address *at, const char *device_id)
{
    return (Event){
        .kind = EVENT_REGISTER,
        .from = at,
        .reg = {.user_id = person->id, .device_id = device_id, .display_name = person->id}};
}

static Event initiation(Person *caller, const Person *callee)
{
    return (Event){
        .kind = EVENT_INITIATE,
        .from = &caller->phone,
        .initiate = {.callee_id = callee->id, .media.audio = TRUE, .data = "{\"kind\":1}"}};
}

static Event about_call(const World *world, EventKind kind, Address *from)
{
    return (Event){.kind = kind,
                   .from = from,
                   .about = {.call_id = world->call_id,
                             .cause = CAUSE_DECLINED,
                             .reason = kind == EVENT_REJECT ? "User declined" : NULL,
                             .data = "{\"candidate\":1}"}};
}

/* --- the world --- */

static Person *people_new(guint count)
{
    Person *people = g_new0(Person, count);

    for (guint i = 0; i < count; i++)
        g_snprintf(people[i].id, sizeof people[i].id, "user-%06u", i);
    return people;
}

static void register_all(World *world)
{
    for (guint i = 0; i < world->people_count; i++) {
        Person *person = &world->people[i];

        prepare(world, registration(person, &person->phone, "phone"));
        if (i % 2)
            prepare(world, registration(person, &person->tablet, "tablet"));
    }
}

/* Half of them ring, half were answered. */
static void make_live_calls(World *world)
{
    for (guint i = 0; i < world->calls; i++) {
        prepare(world, initiation(&world->people[2 * i], &world->people[2 * i + 1]));
        if (i % 2)
            prepare(world, about_call(world, EVENT_ACCEPT, &world->people[2 * i + 1].phone));
    }
}

static World *world_new(guint users, guint calls)
{
    World *world = g_new0(World, 1);
    HubSettings settings;

    g_assert(users >= 2 * (calls + PAIRS));
    hub_settings_init(&settings);
    world->hub = hub_new(&settings);
    effects_init(&world->effects);
    world->people = people_new(users);
    world->people_count = users;
    world->calls = calls;
    register_all(world);
    make_live_calls(world);
    return world;
}

static void world_free(World *world)
{
    hub_free(world->hub);
    effects_clear(&world->effects);
    g_free(world->people);
    g_free(world);
}

/* --- the script --- */

static void play_pair(World *world, Person *caller, Person *callee)
{
    do_step(world, STEP_REFRESH, registration(caller, &caller->phone, "phone"));
    do_step(world, STEP_INITIATE, initiation(caller, callee));
    do_step(world, STEP_RINGING, about_call(world, EVENT_RINGING, &callee->phone));
    do_step(world, STEP_ACCEPT, about_call(world, EVENT_ACCEPT, &callee->phone));
    do_step(world, STEP_SIGNAL, about_call(world, EVENT_SIGNAL, &callee->phone));
    do_step(world, STEP_GET, about_call(world, EVENT_GET, &caller->phone));
    do_step(world, STEP_END, about_call(world, EVENT_END, &caller->phone));
    do_step(world, STEP_INITIATE, initiation(caller, callee));
    do_step(world, STEP_REJECT, about_call(world, EVENT_REJECT, &callee->tablet));
}

static void play(World *world)
{
    guint idle_pairs = world->people_count / 2 - world->calls;

    for (guint round = 0; round < ROUNDS; round++) {
        for (guint i = 0; i < PAIRS; i++) {
            guint pair = world->calls + i * (idle_pairs / PAIRS);

            play_pair(world, &world->people[2 * pair], &world->people[2 * pair + 1]);
        }
    }
}

static void run(guint users, guint calls)
{
    World *world = world_new(users, calls);

    play(world);
    for (guint i = 0; i < STEP_KINDS; i++)
        printf("%s %u\n", kinds[i].name, world->count[i]);
    world_free(world);
}

/* --- time --- */

static void add_times(guint users, guint calls, guint64 *ns, guint *count)
{
    World *world = world_new(users, calls);

    world->is_timed = TRUE;
    play(world);
    for (guint i = 0; i < STEP_KINDS; i++) {
        ns[i] += world->ns[i];
        count[i] += world->count[i];
    }
    world_free(world);
}

static void print_time(const char *name, guint64 small_ns, guint64 large_ns, guint count)
{
    double small = (double)small_ns / count, large = (double)large_ns / count;

    printf("%-10s %10.0f %14.0f %8.2f\n", name, small, large, large / small);
}

static void print_times(void)
{
    guint64 small[STEP_KINDS + 1] = {0}, large[STEP_KINDS + 1] = {0};
    guint count[STEP_KINDS + 1] = {0}, count_large[STEP_KINDS + 1] = {0};

    for (guint i = 0; i < REPETITIONS; i++) {
        add_times(100, 10, small, count);
        add_times(10000, 1000, large, count_large);
    }
    printf("%-10s %10s %14s %8s\n", "ns a step", "100 users", "10,000 users", "ratio");
    for (guint i = 0; i < STEP_KINDS; i++) {
        print_time(kinds[i].name, small[i], large[i], count[i]);
        small[STEP_KINDS] += small[i];
        large[STEP_KINDS] += large[i];
        count[STEP_KINDS] += count[i];
    }
    print_time("all", small[STEP_KINDS], large[STEP_KINDS], count[STEP_KINDS]);
}

/* --- memory --- */

static void print_memory(void)
{
    World *world = g_new0(World, 1);
    HubSettings settings;
    gsize before;

    hub_settings_init(&settings);
    world->hub = hub_new(&settings);
    effects_init(&world->effects);
    world->people = people_new(IDLE_USERS);
    before = mallinfo2().uordblks;
    for (guint i = 0; i < IDLE_USERS; i++)
        prepare(world, registration(&world->people[i], &world->people[i].phone, "phone"));
    printf("%.0f bytes of an idle registered user with one device\n",
           (double)(mallinfo2().uordblks - before) / IDLE_USERS);
    world_free(world);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "run") == 0)
        run((guint)atoi(argv[2]), (guint)atoi(argv[3]));
    else if (argc == 2 && strcmp(argv[1], "time") == 0)
        print_times();
    else if (argc == 2 && strcmp(argv[1], "memory") == 0)
        print_memory();
    else {
        fputs("usage: steps run USERS CALLS | steps time | steps memory\n", stderr);
        return 2;
    }
    return 0;
}
