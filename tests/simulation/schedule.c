#include "schedule.h"

#include <stdio.h>

#include "archive.h"
#include "words.h"

/* More steps than any schedule needs for its timers to run out. */
#define TIMEOUTS_MOST 2000

struct Schedule {
    World world;
    Model *model;
    Checker *checker;
    Effects effects;
    Hub *hub;
    gboolean is_verbose;
    guint step;
    char error[320];
};

Schedule *schedule_new(void)
{
    Schedule *schedule = g_new0(Schedule, 1);

    schedule->model = model_new();
    schedule->checker = checker_new();
    effects_init(&schedule->effects);
    return schedule;
}

void schedule_free(Schedule *schedule)
{
    if (!schedule)
        return;
    checker_free(schedule->checker);
    model_free(schedule->model);
    effects_clear(&schedule->effects);
    g_free(schedule);
}

const char *schedule_error(const Schedule *schedule)
{
    return schedule->error;
}

guint schedule_step(const Schedule *schedule)
{
    return schedule->step;
}

const Coverage *schedule_coverage(const Schedule *schedule)
{
    return checker_coverage(schedule->checker);
}

static gboolean fail(Schedule *schedule, const char *error)
{
    g_strlcpy(schedule->error, error, sizeof schedule->error);
    return FALSE;
}

/* --- one step --- */

static gboolean step_once(Schedule *schedule, const Event *event)
{
    const char *wrong;

    schedule->step++;
    if (schedule->is_verbose)
        words_event(schedule->model, event);
    hub_step(schedule->hub, event, &schedule->effects);
    if (schedule->is_verbose)
        words_effects(&schedule->effects);
    wrong = checker_step(schedule->checker, event, &schedule->effects, schedule->hub);
    effects_reset(&schedule->effects);
    return wrong ? fail(schedule, wrong) : TRUE;
}

static guint ended_calls(const Hub *hub)
{
    HubStats stats;

    hub_stats(hub, &stats);
    return stats.ended_calls;
}

/* The hub forgets what is too old a few at a time. A request that changes nothing lets it, until it is done. */
static gboolean let_hub_forget(Schedule *schedule)
{
    for (guint i = 0; i < ENDED_MOST; i++) {
        Event event = {.kind = EVENT_GET, .as_user = "nobody", .about.call_id = "none"};

        world_stamp(&schedule->world, &event);
        if (!step_once(schedule, &event))
            return FALSE;
        if (ended_calls(schedule->hub) == schedule->model->ended_count)
            return TRUE;
    }
    return fail(schedule, "calls that ended are not forgotten");
}

static gboolean step(Schedule *schedule, Event *event)
{
    gboolean is_well;

    if (model_overdue(schedule->model, event->now_us) > 4 && !let_hub_forget(schedule))
        return FALSE;
    if (schedule->world.has_store)
        archive_bring(schedule->model, event);
    is_well = step_once(schedule, event);
    archive_clear(event);
    return is_well;
}

/* --- the end --- */

static gboolean everybody_returns(Schedule *schedule)
{
    World *world = &schedule->world;

    for (guint user = 0; user < world->user_count; user++) {
        for (guint i = 0; i < world->device_names; i++) {
            Event event = {.kind = EVENT_REGISTER, .from = world_handle(world, user, i)};

            event.reg.user_id = schedule->model->users[user].id;
            event.reg.device_id = world_device_name(i);
            world_stamp(world, &event);
            if (!step(schedule, &event))
                return FALSE;
        }
    }
    return TRUE;
}

static gboolean everybody_leaves(Schedule *schedule, EventKind how)
{
    World *world = &schedule->world;

    for (guint i = 0; i < HANDLES + MEDIA_HANDLES; i++) {
        Event event = {.kind = how, .from = &world->handles[i]};
        const SeenDevice *device = model_device_at(schedule->model, event.from);

        if (!device)
            continue;
        /* Who asks too often, or has no token any more, cannot leave by asking. */
        if (device->is_expired || world->settings.rates.requests.tokens)
            event.kind = EVENT_GONE;
        world_stamp(world, &event);
        if (!step(schedule, &event))
            return FALSE;
    }
    return TRUE;
}

/* As long as media is up, a call is not given up. */
static gboolean all_media_goes(Schedule *schedule)
{
    World *world = &schedule->world;

    for (guint i = HANDLES; i < HANDLES + MEDIA_HANDLES; i++) {
        Event event = {.kind = EVENT_GONE, .from = &world->handles[i]};

        world_stamp(world, &event);
        if (!step(schedule, &event))
            return FALSE;
    }
    return TRUE;
}

static gboolean let_timers_run_out(Schedule *schedule)
{
    World *world = &schedule->world;

    for (guint i = 0; i < TIMEOUTS_MOST; i++) {
        Event event = {.kind = EVENT_TIMEOUT};
        gint64 deadline_us = hub_deadline(schedule->hub);

        if (deadline_us == G_MAXINT64)
            return TRUE;
        world->now_us = MAX(world->now_us, deadline_us);
        world_stamp(world, &event);
        if (!step(schedule, &event))
            return FALSE;
    }
    return fail(schedule, "the timers never run out");
}

static gboolean check_nothing_lives(Schedule *schedule)
{
    HubStats stats;
    guint64 closed = 0;

    hub_stats(schedule->hub, &stats);
    for (guint i = 0; i < CALL_STATES; i++)
        closed += stats.closed[i];
    if (stats.live_calls || stats.devices || stats.away)
        return fail(schedule, "everybody is gone, all timers have run out, and something lives");
    if (stats.initiated != schedule->model->call_count || closed != stats.initiated)
        return fail(schedule, "the hub has lost count of its calls");
    return TRUE;
}

/* Whoever was away when it happened sees it in the snapshot: the checker compares each one with what it knows. */
static gboolean everybody_looks(Schedule *schedule)
{
    return everybody_returns(schedule) && everybody_leaves(schedule, EVENT_UNREGISTER) &&
           let_timers_run_out(schedule);
}

static gboolean check_empty(Schedule *schedule)
{
    HubStats stats;

    schedule->world.now_us += ENDED_KEPT_US;
    if (!let_hub_forget(schedule) || !let_timers_run_out(schedule))
        return FALSE;
    hub_stats(schedule->hub, &stats);
    if (stats.users || stats.devices || stats.live_calls || stats.ended_calls)
        return fail(schedule, "long after the last call the hub remembers somebody");
    return TRUE;
}

static gboolean quiesce(Schedule *schedule)
{
    Random *random = &schedule->world.random;

    if (random_chance(random, 2) && !everybody_returns(schedule))
        return FALSE;
    if (!everybody_leaves(schedule, random_chance(random, 2) ? EVENT_GONE : EVENT_UNREGISTER))
        return FALSE;
    return all_media_goes(schedule) && let_timers_run_out(schedule) &&
           check_nothing_lives(schedule) && everybody_looks(schedule) && check_empty(schedule);
}

/* --- from the first step to the last --- */

static gboolean run_steps(Schedule *schedule)
{
    for (guint i = 0; i < schedule->world.steps; i++) {
        Event event;

        world_next(&schedule->world, schedule->model, hub_deadline(schedule->hub), &event);
        if (!step(schedule, &event))
            return FALSE;
    }
    return TRUE;
}

gboolean schedule_run(Schedule *schedule, guint64 seed, gboolean is_verbose)
{
    gboolean is_well;

    schedule->is_verbose = is_verbose;
    schedule->step = 0;
    schedule->error[0] = '\0';
    world_init(&schedule->world, seed);
    model_reset(schedule->model, &schedule->world.settings, schedule->world.user_count);
    checker_reset(schedule->checker, schedule->model);
    if (is_verbose)
        words_settings(&schedule->world.settings);

    schedule->hub = hub_new(&schedule->world.settings);
    is_well = run_steps(schedule);
    /* At times the hub is freed in the middle of everything. */
    if (is_well && !random_chance(&schedule->world.random, 16))
        is_well = quiesce(schedule);
    hub_free(schedule->hub);
    schedule->hub = NULL;
    effects_reset(&schedule->effects);
    return is_well;
}
