/* core/state, core/refusal, the names of core/event and core/effect: every word of the wire, there
 * and back. */
#include "core/state.h"

#include "core/effect.h"

static void test_states(void)
{
    static const char *const words[CALL_STATES] = {"ringing", "accepted", "rejected", "cancelled",
                                                   "timeout", "ended",    "failed"};

    for (guint i = 0; i < CALL_STATES; i++) {
        CallState state = CALL_STATES;

        g_assert_cmpstr(call_state_name((CallState)i), ==, words[i]);
        g_assert_true(call_state_parse(words[i], &state));
        g_assert_cmpint(state, ==, i);
        g_assert_cmpint(call_state_is_final((CallState)i), ==, i >= CALL_REJECTED);
    }
}

static void test_causes(void)
{
    static const char *const words[] = {
        "declined",           "busy",           "cancelled",   "caller_lost",
        "replaced",           "no_answer",      "unreachable", "hangup",
        "connection_lost",    "max_duration",   "admin",       "answered_elsewhere",
        "declined_elsewhere", "server_restart", "node_lost",   "media_failed",
        "token_expired"};

    g_assert_cmpuint(G_N_ELEMENTS(words), ==, CAUSES - 1);
    g_assert_null(cause_name(CAUSE_NONE));
    for (guint i = 1; i < CAUSES; i++) {
        Cause cause = CAUSE_NONE;

        g_assert_cmpstr(cause_name((Cause)i), ==, words[i - 1]);
        g_assert_true(cause_parse(words[i - 1], &cause));
        g_assert_cmpint(cause, ==, i);
    }
}

static void test_unknown_words(void)
{
    static const char *const unknown[] = {"", "Ringing", "ringing ", "over", "none", "declined\n"};

    for (guint i = 0; i < G_N_ELEMENTS(unknown); i++) {
        CallState state = CALL_FAILED;
        Cause cause = CAUSE_ADMIN;

        g_assert_false(call_state_parse(unknown[i], &state));
        g_assert_false(cause_parse(unknown[i], &cause));
        g_assert_cmpint(state, ==, CALL_FAILED);
        g_assert_cmpint(cause, ==, CAUSE_ADMIN);
    }
}

static void test_refusals(void)
{
    static const struct {
        Refusal refusal;
        guint number;
        const char *name;
    } all[] = {
        {REFUSAL_UNKNOWN_REQUEST, 404, "unknown_request"},
        {REFUSAL_NOT_REGISTERED, 401, "not_registered"},
        {REFUSAL_UNAUTHORIZED, 401, "unauthorized"},
        {REFUSAL_TOKEN_EXPIRED, 401, "token_expired"},
        {REFUSAL_INVALID_REQUEST, 400, "invalid_request"},
        {REFUSAL_TOO_LARGE, 413, "too_large"},
        {REFUSAL_CALL_NOT_FOUND, 404, "call_not_found"},
        {REFUSAL_FORBIDDEN, 403, "forbidden"},
        {REFUSAL_CALLING_SELF, 409, "calling_self"},
        {REFUSAL_ID_IN_USE, 409, "id_in_use"},
        {REFUSAL_GLARE, 409, "glare"},
        {REFUSAL_WRONG_STATE, 409, "wrong_state"},
        {REFUSAL_CALL_OVER, 410, "call_over"},
        {REFUSAL_RATE_LIMITED, 429, "rate_limited"},
        {REFUSAL_TOO_MANY_CALLS, 429, "too_many_calls"},
        {REFUSAL_TOO_MANY_DEVICES, 429, "too_many_devices"},
        {REFUSAL_INTERNAL, 500, "internal"},
        {REFUSAL_STORE_UNAVAILABLE, 503, "store_unavailable"},
    };

    g_assert_cmpuint(G_N_ELEMENTS(all), ==, REFUSALS - 1);
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_assert_cmpuint(refusal_number(all[i].refusal), ==, all[i].number);
        g_assert_cmpstr(refusal_name(all[i].refusal), ==, all[i].name);
    }
}

static void test_events(void)
{
    for (guint i = 0; i < EVENT_KINDS; i++)
        g_assert_nonnull(event_name((EventKind)i));
    g_assert_cmpstr(event_name(EVENT_REGISTER), ==, "call:register");
    g_assert_cmpstr(event_name(EVENT_HISTORY), ==, "call:history");
}

static void test_messages(void)
{
    static const char *const words[MESSAGES] = {
        "call:incoming", "call:outgoing", "call:ringing",     "call:accepted", "call:rejected",
        "call:timeout",  "call:ended",    "call:peer",        "call:signal",   "call:updated",
        "call:media",    "call:replaced", "call:unregistered"};

    for (guint i = 0; i < MESSAGES; i++)
        g_assert_cmpstr(message_name((MessageKind)i), ==, words[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/state/every-state-has-its-word", test_states);
    g_test_add_func("/state/every-cause-has-its-word", test_causes);
    g_test_add_func("/state/any-other-word-is-none", test_unknown_words);
    g_test_add_func("/state/every-refusal-has-its-number-and-word", test_refusals);
    g_test_add_func("/state/every-request-has-its-name", test_events);
    g_test_add_func("/state/every-event-to-an-app-has-its-name", test_messages);
    return g_test_run();
}
