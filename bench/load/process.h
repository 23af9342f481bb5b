#pragma once
/* What a process and its children take of the machine, read from outside. */
#include <glib.h>

typedef struct {
    double cpu_s;    /* of all of them, user and system */
    double user_s;   /* to a hundredth of a second */
    double system_s; /* to a hundredth of a second */
    guint64 rss_kb;
    guint threads;
    guint fds;
} Usage;

/* All 0 when there is no such process. A thread that ended is still in the times. */
Usage process_usage(pid_t pid);
/* CPU seconds of this process. */
double process_own_cpu_s(void);
