/* core/trace: the time line of a call. */
#include "core/trace.h"

static void test_shares_what_was_before(void)
{
    Trace *one = trace_add(NULL, 0, TRACE_RUNG, g_ref_string_new("phone"), 0);
    Trace *two = trace_add(trace_ref(one), 5, TRACE_ALERTED, g_ref_string_new("phone"), 0);
    g_autoptr(GPtrArray) entries = trace_entries(two);

    g_assert_true(two->before == one);
    g_assert_cmpuint(entries->len, ==, 2);
    g_assert_true(g_ptr_array_index(entries, 0) == one);
    g_assert_true(trace_last(two, TRACE_RUNG) == one);
    g_assert_null(trace_last(two, TRACE_PUSHED));
    trace_unref(two);
    g_assert_cmpstr(one->who, ==, "phone");
    trace_unref(one);
    trace_unref(NULL);
}

static void test_is_bounded(void)
{
    g_autoptr(Trace) trace = NULL;

    for (guint i = 0; i < 3 * TRACE_MOST; i++)
        trace = trace_add(trace, i, TRACE_RUNG, g_ref_string_new("phone"), 0);
    g_assert_cmpuint(trace->count, ==, TRACE_MOST);
    g_assert_cmpint(trace->what, ==, TRACE_MORE);
    g_assert_null(trace->who);
    g_assert_cmpint(trace->before->what, ==, TRACE_RUNG);
}

static void test_text(void)
{
    static const char text[] = "0 rung 0 my phone\n5 push 0 \n80 pushAnswered 503 main\n";
    g_autoptr(Trace) trace = NULL;
    g_autoptr(Trace) read = NULL;
    g_autofree char *written = NULL;
    g_autofree char *again = NULL;

    trace = trace_add(trace, 0, TRACE_RUNG, g_ref_string_new("my phone"), 0);
    trace = trace_add(trace, 5, TRACE_PUSHED, NULL, 0);
    trace = trace_add(trace, 80, TRACE_PUSH_ANSWERED, g_ref_string_new("main"), 503);
    written = trace_to_text(trace);
    g_assert_cmpstr(written, ==, text);
    g_assert_true(trace_parse(written, &read));
    again = trace_to_text(read);
    g_assert_cmpstr(again, ==, text);
    g_assert_null(trace_to_text(NULL));
}

static void test_bad_text(void)
{
    static const char *const bad[] = {
        "rung",       "x rung 0 phone\n", "0 rang 0 phone\n", "0 rung -1 phone\n",
        "0 rung 0\n", "-5 rung 0 phone\n"};
    g_autoptr(Trace) trace = trace_add(NULL, 7, TRACE_RUNG, g_ref_string_new("phone"), 0);

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(trace_parse(bad[i], &trace));
    g_assert_cmpint(trace->at_ms, ==, 7);
    g_assert_true(trace_parse("", &trace));
    g_assert_null(trace);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/shares-what-was-before", test_shares_what_was_before);
    g_test_add_func("/trace/is-bounded", test_is_bounded);
    g_test_add_func("/trace/text-and-back", test_text);
    g_test_add_func("/trace/bad-text", test_bad_text);
    return g_test_run();
}
