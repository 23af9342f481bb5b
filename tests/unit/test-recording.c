#include "media/recording.h"

#include <string.h>

static char *name_of(const char *caller_id, const char *call_id, gint64 created_ms, gint line)
{
    return recording_name(&(RecordingName){
        .caller_id = caller_id,
        .call_id = call_id,
        .created_ms = created_ms,
        .side = "callee",
        .join = 2,
        .part = 1,
        .line = line,
        .kind = line < 0 ? LINE_DATA : LINE_VIDEO,
    });
}

static void test_words(void)
{
    g_autofree char *video = name_of("alice", "CALL_1", G_GINT64_CONSTANT(1700000000000), 3);
    g_autofree char *data = name_of("alice", "CALL_1", G_GINT64_CONSTANT(1700000000000), -1);

    g_assert_true(g_str_has_prefix(video, "20231114-221320-"));
    g_assert_true(g_str_has_suffix(video, "-callee-2-1-video3"));
    g_assert_true(g_str_has_suffix(data, "-callee-2-1-data"));
    g_assert_cmpint(strncmp(video, data, 32), ==, 0);
}

/* Whatever a client calls its call, and however much of it there is. */
static void test_hostile_ids(void)
{
    static const char *const ids[] = {"../../etc/passwd", "a/b", "", ".", "\x1b[31m", "%s%n",
                                      "CALL_1; rm -rf"};
    g_autofree char *ordinary = name_of("alice", "CALL_1", 1, 0);
    g_autofree char *many = g_strnfill(100000, '/');

    for (guint i = 0; i <= G_N_ELEMENTS(ids); i++) {
        const char *id = i < G_N_ELEMENTS(ids) ? ids[i] : many;
        g_autofree char *name = name_of(id, id, 1, 0);

        g_assert_cmpuint(strlen(name), ==, strlen(ordinary));
        g_assert_cmpuint(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), ==, strlen(name));
    }
}

static void test_calls_differ(void)
{
    g_autofree char *one = name_of("ab", "c", 1, 0);
    g_autofree char *shifted = name_of("a", "bc", 1, 0);
    g_autofree char *later = name_of("ab", "c", 2, 0);

    g_assert_cmpstr(one, !=, shifted);
    g_assert_cmpstr(one, !=, later);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recording/time-side-and-stream", test_words);
    g_test_add_func("/recording/nothing-of-a-client-is-in-it", test_hostile_ids);
    g_test_add_func("/recording/no-two-calls-have-the-same", test_calls_differ);
    return g_test_run();
}
