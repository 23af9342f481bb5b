/* The command line of the simulation's programs, and a crash that names its seed. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 from;
    guint64 count;
    double seconds; /* 0: as long as it takes */
    gboolean is_verbose;
} Options;

/* Exits on --help and on what it does not know. `count` is the default; a build with a sanitizer does a fifth. */
Options options_read(int argc, char **argv, const char *program, guint64 count);

double options_seconds_since(gint64 start_us);
gboolean options_time_is_up(const Options *options, gint64 start_us);

/* From here on a crash or a failed assertion says that this seed did it. */
void options_name_seed(guint64 seed);
