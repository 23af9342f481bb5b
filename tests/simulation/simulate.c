/* The seeded simulation of the core: random users do random things, and every step is checked against the protocol. */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "schedule.h"

static void explain(Schedule *schedule, guint64 seed)
{
    printf("seed %" G_GUINT64_FORMAT " fails; its trace:\n", seed);
    schedule_run(schedule, seed, TRUE);
    printf("seed %" G_GUINT64_FORMAT ", step %u: %s\n", seed, schedule_step(schedule),
           schedule_error(schedule));
    printf("replay: simulate --from %" G_GUINT64_FORMAT " --count 1 --verbose\n", seed);
}

static void print_coverage(const Coverage *coverage)
{
    for (guint i = 0; i < EVENT_KINDS; i++)
        printf("%12" G_GUINT64_FORMAT " x %s\n", coverage->requests[i], event_name(i));
    for (guint i = 0; i < MESSAGES; i++)
        printf("%12" G_GUINT64_FORMAT " x %s sent, %" G_GUINT64_FORMAT " missed\n",
               coverage->messages[i], message_name(i), coverage->missed[i]);
    printf("%12" G_GUINT64_FORMAT " x push, %" G_GUINT64_FORMAT " x stop\n", coverage->pushes[0],
           coverage->pushes[1]);
    for (guint i = 0; i < MEDIA_ORDERS; i++)
        printf("%12" G_GUINT64_FORMAT " x order to %s\n", coverage->orders[i],
               media_order_name((MediaOrderKind)i));
    for (guint i = 1; i < REFUSALS; i++)
        printf("%12" G_GUINT64_FORMAT " x refused as %s\n", coverage->refusals[i], refusal_name(i));
    for (guint i = 0; i < CALL_STATES * CAUSES; i++) {
        guint64 times = coverage->closed[i / CAUSES][i % CAUSES];

        if (times)
            printf("%12" G_GUINT64_FORMAT " x %s/%s\n", times, call_state_name(i / CAUSES),
                   cause_name(i % CAUSES));
    }
}

/* How many schedules it ran; exits at the first that fails. */
static guint64 run_all(Schedule *schedule, const Options *options, gint64 start_us)
{
    guint64 done = 0;

    for (; done < options->count && !options_time_is_up(options, start_us); done++) {
        guint64 seed = options->from + done;

        options_name_seed(seed);
        if (schedule_run(schedule, seed, options->is_verbose && options->count == 1))
            continue;
        explain(schedule, seed);
        exit(1);
    }
    return done;
}

int main(int argc, char **argv)
{
    Options options = options_read(argc, argv, "simulate", 100000);
    Schedule *schedule = schedule_new();
    gint64 start_us = g_get_monotonic_time();
    guint64 done = run_all(schedule, &options, start_us);
    double took = options_seconds_since(start_us);

    if (options.is_verbose)
        print_coverage(schedule_coverage(schedule));
    printf("ok 1 %" G_GUINT64_FORMAT " schedules, %" G_GUINT64_FORMAT
           " steps, %.1f s, %.0f schedules/s\n",
           done, schedule_coverage(schedule)->steps, took, (double)done / MAX(took, 1e-6));
    schedule_free(schedule);
    return 0;
}
