#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOW_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SLOW_BUILD 1
#endif
#endif

static const char *program_name;
static char seed_text[160];

static void print_usage(FILE *file)
{
    fprintf(file,
            "usage: %s [--from SEED] [--count N] [--seconds S] [--verbose]\n"
            "  --from SEED   the first seed (default 1)\n"
            "  --count N     how many schedules, one a seed\n"
            "  --seconds S   stop after this time\n"
            "  --verbose     with one schedule: print its steps\n",
            program_name);
}

static guint64 number_of(const char *text)
{
    char *end = NULL;
    guint64 number;

    errno = 0;
    number = text ? g_ascii_strtoull(text, &end, 10) : 0;
    if (!text || errno || *end || end == text) {
        print_usage(stderr);
        exit(2);
    }
    return number;
}

static void read_option(Options *options, const char *name, const char *value)
{
    if (strcmp(name, "--from") == 0) {
        options->from = number_of(value);
    } else if (strcmp(name, "--count") == 0) {
        options->count = number_of(value);
    } else if (strcmp(name, "--seconds") == 0) {
        options->seconds = (double)number_of(value);
    } else {
        gboolean is_help = strcmp(name, "--help") == 0;

        print_usage(is_help ? stdout : stderr);
        exit(is_help ? 0 : 2);
    }
}

/* Only what is safe in a signal handler. */
static void say_seed(int signal_number)
{
    if (write(STDERR_FILENO, seed_text, strlen(seed_text)) < 0)
        _exit(1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

Options options_read(int argc, char **argv, const char *program, guint64 count)
{
    Options options = {.from = 1, .count = count};

    program_name = program;
#ifdef IS_SLOW_BUILD
    options.count /= 5;
#endif
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            options.is_verbose = TRUE;
            continue;
        }
        read_option(&options, argv[i], argv[i + 1]);
        i++;
    }
    signal(SIGABRT, say_seed);
    signal(SIGSEGV, say_seed);
    return options;
}

double options_seconds_since(gint64 start_us)
{
    return (double)(g_get_monotonic_time() - start_us) / G_USEC_PER_SEC;
}

gboolean options_time_is_up(const Options *options, gint64 start_us)
{
    return options->seconds > 0 && options_seconds_since(start_us) >= options->seconds;
}

void options_name_seed(guint64 seed)
{
    g_snprintf(seed_text, sizeof seed_text,
               "\n%s: seed %" G_GUINT64_FORMAT " crashed; replay: %s --from %" G_GUINT64_FORMAT
               " --count 1 --verbose\n",
               program_name, seed, program_name, seed);
}
