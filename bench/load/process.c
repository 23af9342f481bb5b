#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double clock_s(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0)
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double process_own_cpu_s(void)
{
    return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

/* Empty when there is no such file. */
static char *read_file(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, name);
    char *text;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

/* The kernel's clock of the process counts nanoseconds; /proc/PID/stat only ticks, but knows user from system. */
static void add_times(Usage *usage, pid_t pid)
{
    g_autofree char *stat = read_file(pid, "stat");
    const char *after_name = strrchr(stat, ')');
    unsigned long user, system;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) == 0)
        usage->cpu_s += clock_s(clock);
    if (after_name && sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                             &user, &system) == 2) {
        usage->user_s += (double)user / (double)sysconf(_SC_CLK_TCK);
        usage->system_s += (double)system / (double)sysconf(_SC_CLK_TCK);
    }
}

static guint64 status_field(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) : 0;
}

static void add_memory(Usage *usage, pid_t pid)
{
    g_autofree char *status = read_file(pid, "status");

    usage->rss_kb += status_field(status, "\nVmRSS:");
    usage->threads += (guint)status_field(status, "\nThreads:");
}

static void add_fds(Usage *usage, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
    GDir *folder = g_dir_open(path, 0, NULL);

    while (folder && g_dir_read_name(folder))
        usage->fds++;
    if (folder)
        g_dir_close(folder);
}

static void add_process(Usage *usage, pid_t pid)
{
    g_autofree char *name = g_strdup_printf("task/%d/children", pid);
    g_autofree char *children = read_file(pid, name);
    g_auto(GStrv) pids = g_strsplit(children, " ", -1);

    add_times(usage, pid);
    add_memory(usage, pid);
    add_fds(usage, pid);
    for (char **child = pids; *child; child++) {
        if (**child)
            add_process(usage, atoi(*child));
    }
}

Usage process_usage(pid_t pid)
{
    Usage usage = {0};

    if (pid > 0)
        add_process(&usage, pid);
    return usage;
}
