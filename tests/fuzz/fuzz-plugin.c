/* The whole plugin in the fake Janus: a byte string becomes what clients, operators and the clock do
 * (play.h), and an onlooker checks all that comes out (watch.h). */
#include <jansson.h>

#include "fuzz.h"
#include "play.h"

/* GLib complains of a bug. */
static void fail_at_warning(const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED,
                            const char *message, gpointer data G_GNUC_UNUSED)
{
    fuzz_fail("%s", message);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    json_object_seed(1);
    /* Each input has a configuration file of its own, which no disk needs to keep. */
    if (g_file_test("/dev/shm", G_FILE_TEST_IS_DIR))
        g_setenv("TMPDIR", "/dev/shm", TRUE);
    g_log_set_default_handler(fail_at_warning, NULL);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size);
    return 0;
}
