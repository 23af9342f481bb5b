/* One seeded schedule from the first step to the empty hub. */
#pragma once

#include "checker.h"
#include "world.h"

typedef struct Schedule Schedule;

Schedule *schedule_new(void);
void schedule_free(Schedule *schedule);

/* Runs the schedule of a seed; prints each step when `is_verbose`. FALSE when something is wrong. */
gboolean schedule_run(Schedule *schedule, guint64 seed, gboolean is_verbose);
/* After a failure: what is wrong, and in which step. Borrowed until the next run. */
const char *schedule_error(const Schedule *schedule);
guint schedule_step(const Schedule *schedule);
const Coverage *schedule_coverage(const Schedule *schedule);
