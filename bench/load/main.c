/* The load generator: plays one workload of thousands of users against one server, and prints what it measured as one line of
 * JSON. `load --help` says how; docs/benchmarks.md, why. */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "play.h"
#include "process.h"

typedef struct {
    PlayOptions play;
    char *dialect, *workload, *label, *prefix;
    gint port, users, pairs, devices, ramp, server, core;
    double settle_s;
    gboolean with_histograms;
} Options;

typedef struct {
    pid_t server;
    double settle_s;
    Usage at_start, registered, begin, end;
    double own_begin_s, own_end_s;
    double ramp_s;
} Watch;

static void registered(gpointer data, double took_s)
{
    Watch *watch = data;

    watch->ramp_s = took_s;
    g_usleep((gulong)(watch->settle_s * 1e6));
    watch->registered = process_usage(watch->server);
}

static void begins(gpointer data)
{
    Watch *watch = data;

    watch->begin = process_usage(watch->server);
    watch->own_begin_s = process_own_cpu_s();
}

static void ends(gpointer data)
{
    Watch *watch = data;

    watch->own_end_s = process_own_cpu_s();
    watch->end = process_usage(watch->server);
}

static gboolean parse(int argc, char **argv, Options *options, GError **error)
{
    PlayOptions *play = &options->play;
    const GOptionEntry entries[] = {
        {"dialect", 'd', 0, G_OPTION_ARG_STRING, &options->dialect, dialect_names(), "NAME"},
        {"workload", 'w', 0, G_OPTION_ARG_STRING, &options->workload, "idle, reject, accept",
         "NAME"},
        {"port", 'p', 0, G_OPTION_ARG_INT, &options->port, "the server's, of 127.0.0.1", "N"},
        {"server", 's', 0, G_OPTION_ARG_INT, &options->server, "its process, to look at", "PID"},
        {"users", 'u', 0, G_OPTION_ARG_INT, &options->users,
         "connections, at least those of the pairs", "N"},
        {"pairs", 'n', 0, G_OPTION_ARG_INT, &options->pairs, "that call each other", "N"},
        {"devices", 0, 0, G_OPTION_ARG_INT, &options->devices, "of each callee (1)", "N"},
        {"ramp", 0, 0, G_OPTION_ARG_INT, &options->ramp, "connections made at once (64)", "N"},
        {"rate", 'r', 0, G_OPTION_ARG_DOUBLE, &play->rate, "calls a second; 0: closed loop", "R"},
        {"ring", 0, 0, G_OPTION_ARG_DOUBLE, &play->ring_s, "from call to answer (0)", "S"},
        {"talk", 0, 0, G_OPTION_ARG_DOUBLE, &play->talk_s, "from accept to end (0)", "S"},
        {"warm", 0, 0, G_OPTION_ARG_DOUBLE, &play->warm_s, "before measuring (0.5)", "S"},
        {"seconds", 't', 0, G_OPTION_ARG_DOUBLE, &play->run_s, "that are measured (3)", "S"},
        {"drop", 0, 0, G_OPTION_ARG_DOUBLE, &play->drop_s,
         "cut all who do not call, so far into it", "S"},
        {"patience", 0, 0, G_OPTION_ARG_DOUBLE, &play->patience_s, "until a call is lost (5)", "S"},
        {"keep-alive", 0, 0, G_OPTION_ARG_DOUBLE, &play->keep_alive_s,
         "between two signs of life of a user (25)", "S"},
        {"client-ids", 0, 0, G_OPTION_ARG_NONE, &play->clients_choose_ids,
         "callers choose the calls' ids", NULL},
        {"prefix", 0, 0, G_OPTION_ARG_STRING, &options->prefix, "of all names", "TEXT"},
        {"settle", 0, 0, G_OPTION_ARG_DOUBLE, &options->settle_s,
         "after registering, before memory is read (0.3)", "S"},
        {"core", 0, 0, G_OPTION_ARG_INT, &options->core, "to run on", "N"},
        {"label", 'l', 0, G_OPTION_ARG_STRING, &options->label, "repeated in the result", "TEXT"},
        {"histograms", 0, 0, G_OPTION_ARG_NONE, &options->with_histograms, "print them too", NULL},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, &argc, &argv, error);
}

static gboolean workload_find(const char *name, Workload *workload)
{
    static const char *const names[] = {"idle", "reject", "accept"};

    for (guint i = 0; name && i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *workload = (Workload)i;
            return TRUE;
        }
    }
    return FALSE;
}

/* NULL, or what is wrong. */
static const char *settle(Options *options)
{
    PlayOptions *play = &options->play;

    play->dialect = dialect_find(options->dialect);
    if (!play->dialect)
        return "there is no such dialect";
    if (!workload_find(options->workload, &play->workload))
        return "there is no such workload";
    if (play->workload == WORKLOAD_ACCEPT && (!play->dialect->accept || !play->dialect->end))
        return "this dialect cannot accept";
    if (options->port <= 0 || options->port > 65535)
        return "which port?";
    if (options->devices < 1 || options->pairs < 0 || options->ramp < 1)
        return "too few devices, pairs or connections";
    play->port = (guint16)options->port;
    play->devices = (guint)options->devices;
    play->pairs = (guint)options->pairs;
    play->users = (guint)MAX(options->users, options->pairs * (1 + options->devices));
    play->ramp = (guint)options->ramp;
    play->prefix = options->prefix ? options->prefix : "";
    if (strlen(play->prefix) > 8)
        return "the prefix is too long";
    return NULL;
}

/* Each user is an open file. */
static void raise_open_files(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void stay_on(gint core)
{
    cpu_set_t cores;

    if (core < 0)
        return;
    CPU_ZERO(&cores);
    CPU_SET((gsize)core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) != 0)
        g_printerr("load: cannot run on core %d: %s\n", core, g_strerror(errno));
}

static void put_histogram(GString *json, const char *name, const Histogram *histogram,
                          gboolean in_full)
{
    if (histogram_count(histogram) == 0)
        return;
    g_string_append_printf(json, ",\"%s\":{\"count\":%" G_GUINT64_FORMAT, name,
                           histogram_count(histogram));
    g_string_append_printf(
        json,
        ",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f"
        ",\"max_us\":%.1f,\"mean_us\":%.1f",
        (double)histogram_at(histogram, 0.5) / 1e3, (double)histogram_at(histogram, 0.9) / 1e3,
        (double)histogram_at(histogram, 0.99) / 1e3, (double)histogram_at(histogram, 0.999) / 1e3,
        (double)histogram_max(histogram) / 1e3, histogram_mean(histogram) / 1e3);
    if (in_full) {
        g_string_append(json, ",\"buckets_ns\":");
        histogram_write(histogram, json);
    }
    g_string_append_c(json, '}');
}

static void put_text(GString *json, const char *name, const char *text)
{
    g_autofree char *escaped = text ? g_strescape(text, NULL) : NULL;
    /* An octal escape is none of JSON's. */
    char *octal = escaped;

    if (!escaped)
        return;
    while ((octal = strstr(octal, "\\")) != NULL) {
        if (g_ascii_isdigit(octal[1]) || octal[1] == 'v')
            octal[0] = '/';
        octal += 2;
    }
    g_string_append_printf(json, ",\"%s\":\"%s\"", name, escaped);
}

static double per_user(const Watch *watch, guint users)
{
    return users == 0 ? 0
                      : ((double)watch->registered.rss_kb - (double)watch->at_start.rss_kb) / users;
}

static void put_server(GString *json, const Watch *watch, const PlayOptions *options,
                       const PlayResults *results)
{
    double cpu = watch->end.cpu_s - watch->begin.cpu_s;

    g_string_append_printf(json,
                           ",\"server\":{\"cpu_s\":%.4f,\"user_s\":%.2f,\"system_s\":%.2f"
                           ",\"cpu_share\":%.3f,\"threads\":%u,\"fds\":%u",
                           cpu, watch->end.user_s - watch->begin.user_s,
                           watch->end.system_s - watch->begin.system_s, cpu / options->run_s,
                           watch->end.threads, watch->end.fds);
    g_string_append_printf(json,
                           ",\"rss_start_kb\":%" G_GUINT64_FORMAT
                           ",\"rss_registered_kb\":%" G_GUINT64_FORMAT
                           ",\"rss_end_kb\":%" G_GUINT64_FORMAT ",\"kb_per_user\":%.3f",
                           watch->at_start.rss_kb, watch->registered.rss_kb, watch->end.rss_kb,
                           per_user(watch, options->users));
    if (results->calls > 0)
        g_string_append_printf(json, ",\"cpu_s_per_1000_calls\":%.4f",
                               cpu * 1000 / (double)results->calls);
    g_string_append_c(json, '}');
}

static void put_counts(GString *json, const PlayOptions *options, const PlayResults *results)
{
    g_string_append_printf(json, ",\"calls\":%" G_GUINT64_FORMAT ",\"calls_per_s\":%.1f",
                           results->calls, (double)results->calls / options->run_s);
    g_string_append_printf(json,
                           ",\"lost\":%" G_GUINT64_FORMAT ",\"errors\":%" G_GUINT64_FORMAT
                           ",\"late\":%" G_GUINT64_FORMAT ",\"cut\":%" G_GUINT64_FORMAT,
                           results->lost, results->errors, results->late, results->cut);
    put_text(json, "first_error", results->first_error);
    if (results->dropped_wall_ms > 0)
        g_string_append_printf(json,
                               ",\"dropped_wall_ms\":%" G_GINT64_FORMAT
                               ",\"drop_took_us\":%.1f,\"worst_after_drop_us\":%.1f",
                               results->dropped_wall_ms, (double)results->drop_took_ns / 1e3,
                               (double)results->worst_after_drop_ns / 1e3);
}

static void print(const Options *options, const Watch *watch, const PlayResults *results)
{
    const PlayOptions *play = &options->play;
    g_autoptr(GString) json = g_string_new("{");

    g_string_append_printf(json, "\"dialect\":\"%s\",\"workload\":\"%s\"", play->dialect->name,
                           options->workload);
    put_text(json, "label", options->label);
    g_string_append_printf(json,
                           ",\"users\":%u,\"pairs\":%u,\"devices\":%u,\"rate\":%g,\"ring_s\":%g"
                           ",\"seconds\":%g,\"ramp_s\":%.3f",
                           play->users, play->pairs, play->devices, play->rate, play->ring_s,
                           play->run_s, watch->ramp_s);
    put_counts(json, play, results);
    put_histogram(json, "setup", results->setup, options->with_histograms);
    put_histogram(json, "answer", results->answer, options->with_histograms);
    put_histogram(json, "due", results->due, options->with_histograms);
    put_histogram(json, "end", results->end, FALSE);
    put_histogram(json, "siblings", results->siblings, FALSE);
    put_server(json, watch, play, results);
    g_string_append_printf(json, ",\"generator_cpu_share\":%.3f}",
                           (watch->own_end_s - watch->own_begin_s) / play->run_s);
    puts(json->str);
}

int main(int argc, char **argv)
{
    Options options = {
        .play = {.warm_s = 0.5, .run_s = 3, .drop_s = -1, .patience_s = 5, .keep_alive_s = 25},
        .devices = 1,
        .ramp = 64,
        .core = -1,
        .settle_s = 0.3,
    };
    Watch watch = {0};
    PlayWatch play_watch = {registered, begins, ends, &watch};
    PlayResults results;
    g_autoptr(GError) error = NULL;
    const char *wrong = NULL;

    setlocale(LC_NUMERIC, "C");
    if (!parse(argc, argv, &options, &error) || (wrong = settle(&options)) != NULL) {
        g_printerr("load: %s\n", wrong ? wrong : error->message);
        return 2;
    }
    raise_open_files();
    stay_on(options.core);
    watch.server = options.server;
    watch.settle_s = options.settle_s;
    watch.at_start = process_usage(watch.server);
    if (!play(&options.play, &play_watch, &results, &error)) {
        g_printerr("load: %s\n", error->message);
        return 1;
    }
    print(&options, &watch, &results);
    play_results_clear(&results);
    return 0;
}
