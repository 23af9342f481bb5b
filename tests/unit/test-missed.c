/* listener/absence and listener/missed: what a device that was away is told, and what it is not. */
#include "listener/missed.h"

#include <string.h>

/* --- absences --- */

static Absence *put(Absences *absences, const char *device_id, gboolean is_nameless,
                    gint64 until_ms)
{
    Absence *absence = absence_new(device_id, until_ms - 10, until_ms);

    absences_put(absences, "alice", is_nameless, absence);
    return absence;
}

static void assert_taken(Absences *absences, const char *device_id, gboolean is_nameless,
                         gint64 now_ms, const char *expected)
{
    Absence *absence = absences_take(absences, "alice", device_id, is_nameless, now_ms);

    g_assert_cmpstr(absence ? absence->device_id : NULL, ==, expected);
    absence_free(absence);
}

static void test_take(void)
{
    Absences *absences = absences_new(10);

    put(absences, "phone", FALSE, 1000);
    put(absences, "tablet", FALSE, 1001);
    assert_taken(absences, "watch", FALSE, 2000, NULL);
    assert_taken(absences, "phone", FALSE, 2000, "phone");
    assert_taken(absences, "phone", FALSE, 2000, NULL);
    g_assert_cmpuint(absences_count(absences), ==, 1);
    absences_free(absences);
}

static void test_again(void)
{
    Absences *absences = absences_new(10);
    Absence *absence;

    put(absences, "phone", FALSE, 1000);
    put(absences, "phone", FALSE, 2000);
    g_assert_cmpuint(absences_count(absences), ==, 1);
    absence = absences_take(absences, "alice", "phone", FALSE, 2000);
    g_assert_cmpint(absence->until_ms, ==, 2000);
    absence_free(absence);
    absences_free(absences);
}

static void test_nameless(void)
{
    Absences *absences = absences_new(10);

    put(absences, "DEV_1", TRUE, 1000);
    put(absences, "DEV_2", TRUE, 1001);
    assert_taken(absences, "DEV_3", FALSE, 2000, NULL);
    assert_taken(absences, "DEV_3", TRUE, 2000, "DEV_2");
    assert_taken(absences, "DEV_1", TRUE, 2000, NULL);
    absences_free(absences);
}

static void test_bounds(void)
{
    Absences *absences = absences_new(3);

    put(absences, "a", FALSE, 1);
    put(absences, "b", FALSE, 2);
    put(absences, "c", FALSE, 3);
    put(absences, "a", FALSE, 4);
    put(absences, "d", FALSE, 5);
    g_assert_cmpuint(absences_count(absences), ==, 3);
    assert_taken(absences, "b", FALSE, 5, NULL);
    assert_taken(absences, "c", FALSE, 3 + ABSENCE_KEPT_MS, "c");
    assert_taken(absences, "a", FALSE, 5 + ABSENCE_KEPT_MS, NULL);
    assert_taken(absences, "d", FALSE, 5 + ABSENCE_KEPT_MS, "d");
    absences_free(absences);
}

static void test_told(void)
{
    Absence *absence = absence_new("phone", 0, 0);

    g_assert_false(absence_has_told(absence, "A"));
    absence_told(absence, "A");
    g_assert_true(absence_has_told(absence, "A"));
    g_assert_false(absence_has_told(absence, "B"));
    for (guint i = 0; i < ABSENCE_TOLD; i++)
        absence_told(absence, "B");
    g_assert_false(absence_has_told(absence, "A"));
    g_assert_true(absence_has_told(absence, "B"));
    absence_free(absence);
}

/* --- what was missed --- */

/* A call of alice/web to bob, made at 1000, as one of the two is told of it when it is back. */
typedef struct {
    Reply reply;
    Record *record;
    gboolean is_caller;
} World;

static void set_up(World *world, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(CallFacts) facts = call_facts_new();

    ref_string_set(&facts->call_id, "C");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->caller_device, "web");
    ref_string_set(&facts->caller_name, "Alice");
    ref_string_set(&facts->callee_id, "bob");
    facts->media.audio = TRUE;
    facts->created_ms = 1000;
    facts->ring_ms = 45000;
    world->record = record_new(facts);
    world->reply = (Reply){.request = EVENT_REGISTER, .wall_ms = 9000, .calls = snapshots_new()};
}

static void tear_down(World *world, gconstpointer data G_GNUC_UNUSED)
{
    record_unref(world->record);
    reply_clear(&world->reply);
}

static void note(World *world, TraceKind what, const char *who)
{
    world->record->trace = trace_add(world->record->trace, 10, what, g_ref_string_new(who), 0);
}

static void finish(World *world, CallState status, Cause cause, gint64 ended_ms)
{
    world->record->status = status;
    world->record->cause = cause;
    world->record->ended_ms = ended_ms;
}

static void answer(World *world, const char *device_id)
{
    world->record->status = CALL_ACCEPTED;
    world->record->accepted_ms = 4000;
    ref_string_set(&world->record->answered_by, device_id);
}

/* The device is one of alice's or bob's. */
static void come_back(World *world, const char *device_id, gboolean is_caller)
{
    Snapshot *snapshot = snapshot_new(world->record, is_caller ? VIEW_CALLER : VIEW_FULL);

    snapshot->is_caller = is_caller;
    snapshot->is_live = !call_state_is_final(world->record->status);
    snapshot->expires_in_ms = world->record->status == CALL_RINGING ? 30000 : -1;
    g_ptr_array_add(world->reply.calls, snapshot);
    world->reply.user_id = g_ref_string_new(is_caller ? "alice" : "bob");
    world->reply.device_id = g_ref_string_new(device_id);
}

static char *show(GPtrArray *messages)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < messages->len; i++) {
        const Message *message = g_ptr_array_index(messages, i);

        g_string_append_printf(text, "%s%s", i ? " " : "", message_name(message->kind));
        if (message->kind == MESSAGE_ENDED)
            g_string_append_printf(text, "/%s", call_state_name(message->status));
        if (message->cause != CAUSE_NONE)
            g_string_append_printf(text, "/%s", cause_name(message->cause));
        if (message->device_id)
            g_string_append_printf(text, "@%s", message->device_id);
    }
    g_ptr_array_unref(messages);
    return g_string_free(text, FALSE);
}

static void expect_nameless(const World *world, const Absence *absence, gboolean is_nameless,
                            const char *what)
{
    g_autofree char *text = show(missed_events(&world->reply, absence, is_nameless));

    g_assert_cmpstr(text, ==, what);
}

static void expect(const World *world, const Absence *absence, const char *what)
{
    expect_nameless(world, absence, FALSE, what);
}

/* It was away from 3000 to 9000. */
static Absence *away(const char *device_id)
{
    return absence_new(device_id, 3000, 3000);
}

static void test_rejected(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");

    finish(world, CALL_REJECTED, CAUSE_DECLINED, 5000);
    come_back(world, "web", TRUE);
    expect(world, absence, "call:rejected/declined");
    absence_told(absence, "C");
    expect(world, absence, "");
    absence_free(absence);
}

static void test_ended_before(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");

    finish(world, CALL_REJECTED, CAUSE_DECLINED, 2999);
    come_back(world, "web", TRUE);
    expect(world, absence, "");
    absence_free(absence);
}

static void test_timeout(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");

    finish(world, CALL_TIMEOUT, CAUSE_NO_ANSWER, 3000);
    come_back(world, "web", TRUE);
    expect(world, absence, "call:timeout/no_answer");
    absence_free(absence);
}

static void test_lost_caller(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");

    finish(world, CALL_CANCELLED, CAUSE_CALLER_LOST, 8000);
    come_back(world, "web", TRUE);
    expect(world, absence, "call:ended/cancelled/caller_lost");
    absence_free(absence);
}

/* Its call is none of the caller's other devices' business. */
static void test_other_device_of_caller(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    finish(world, CALL_REJECTED, CAUSE_DECLINED, 5000);
    come_back(world, "phone", TRUE);
    expect(world, absence, "");
    absence_free(absence);
}

/* With what the device needs to join: it has missed that too. */
static void test_accepted_with_media(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");
    g_autoptr(GPtrArray) messages = NULL;
    Snapshot *snapshot;

    answer(world, "phone");
    come_back(world, "web", TRUE);
    snapshot = g_ptr_array_index(world->reply.calls, 0);
    snapshot->join = (Join){.is_set = TRUE, .token = g_ref_string_new("T")};
    messages = missed_events(&world->reply, absence, FALSE);
    g_assert_cmpuint(messages->len, ==, 1);
    g_assert_cmpstr(((const Message *)g_ptr_array_index(messages, 0))->join.token, ==, "T");
    absence_free(absence);
}

static void test_accepted(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("web");

    answer(world, "phone");
    come_back(world, "web", TRUE);
    expect(world, absence, "call:accepted@phone");
    absence->since_ms = 4001;
    expect(world, absence, "");
    absence_free(absence);
}

static void test_callee_missed(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    note(world, TRACE_RUNG, "phone");
    note(world, TRACE_DROPPED, "phone");
    finish(world, CALL_CANCELLED, CAUSE_CANCELLED, 5000);
    come_back(world, "phone", FALSE);
    expect(world, absence, "call:ended/cancelled/cancelled");
    absence_free(absence);
}

/* It never rang there: there is nothing to stop. */
static void test_never_rang(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    note(world, TRACE_RUNG, "tablet");
    finish(world, CALL_CANCELLED, CAUSE_CANCELLED, 5000);
    come_back(world, "phone", FALSE);
    expect(world, absence, "");
    absence_free(absence);
}

static void test_declined_elsewhere(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    note(world, TRACE_RUNG, "phone");
    finish(world, CALL_REJECTED, CAUSE_DECLINED, 5000);
    come_back(world, "phone", FALSE);
    expect(world, absence, "call:ended/rejected/declined_elsewhere");
    absence_free(absence);
}

/* Live or over by now: for the phone it was over when the tablet answered. */
static void test_answered_elsewhere(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    note(world, TRACE_RUNG, "phone");
    answer(world, "tablet");
    come_back(world, "phone", FALSE);
    expect(world, absence, "call:ended/accepted/answered_elsewhere");
    finish(world, CALL_ENDED, CAUSE_HANGUP, 8000);
    expect(world, absence, "call:ended/accepted/answered_elsewhere");
    absence->since_ms = 4500;
    expect(world, absence, "");
    absence_free(absence);
}

static void test_in_call(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");

    note(world, TRACE_RUNG, "phone");
    answer(world, "phone");
    come_back(world, "phone", FALSE);
    expect(world, absence, "");
    finish(world, CALL_ENDED, CAUSE_HANGUP, 8000);
    expect(world, absence, "call:ended/ended/hangup");
    absence_free(absence);
}

static void test_rings(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("phone");
    GPtrArray *rings;
    const Message *ring;

    note(world, TRACE_RUNG, "phone");
    come_back(world, "phone", FALSE);
    expect(world, absence, "");
    rings = missed_rings(&world->reply);
    g_assert_cmpuint(rings->len, ==, 1);
    ring = g_ptr_array_index(rings, 0);
    g_assert_cmpint(ring->kind, ==, MESSAGE_INCOMING);
    g_assert_cmpint(ring->expires_in_ms, ==, 30000);
    g_assert_cmpint(ring->timestamp_ms, ==, 9000);
    g_ptr_array_unref(rings);
    absence_free(absence);
}

static void test_own_ring(World *world, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *text = NULL;

    come_back(world, "web", TRUE);
    text = show(missed_rings(&world->reply));
    g_assert_cmpstr(text, ==, "");
}

/* It has another name now. */
static void test_new_name(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = away("DEV_1");

    note(world, TRACE_RUNG, "DEV_1");
    finish(world, CALL_CANCELLED, CAUSE_CANCELLED, 5000);
    come_back(world, "DEV_2", FALSE);
    expect_nameless(world, absence, TRUE, "call:ended/cancelled/cancelled");
    absence_free(absence);
}

/* Nothing is known but the time line: it had dropped, or it was there to the end. */
static void test_unknown(World *world, gconstpointer data G_GNUC_UNUSED)
{
    note(world, TRACE_RUNG, "phone");
    finish(world, CALL_CANCELLED, CAUSE_CANCELLED, 5000);
    come_back(world, "phone", FALSE);
    expect(world, NULL, "");
    note(world, TRACE_DROPPED, "phone");
    expect(world, NULL, "call:ended/cancelled/cancelled");
    note(world, TRACE_RUNG, "phone");
    expect(world, NULL, "");
    note(world, TRACE_RUNG, "tablet");
    expect(world, NULL, "");
}

static void test_unknown_caller(World *world, gconstpointer data G_GNUC_UNUSED)
{
    note(world, TRACE_AWAY, "web");
    finish(world, CALL_CANCELLED, CAUSE_CALLER_LOST, 5000);
    come_back(world, "web", TRUE);
    expect(world, NULL, "call:ended/cancelled/caller_lost");
    note(world, TRACE_BACK, "web");
    expect(world, NULL, "");
}

/* With the server went what was known of absences; and everybody was away then. */
static void test_restart(World *world, gconstpointer data G_GNUC_UNUSED)
{
    note(world, TRACE_RUNG, "phone");
    finish(world, CALL_FAILED, CAUSE_SERVER_RESTART, 5000);
    come_back(world, "phone", FALSE);
    expect(world, NULL, "call:ended/failed/server_restart");
}

static void test_restart_nameless(World *world, gconstpointer data G_GNUC_UNUSED)
{
    Absence *absence = absence_new("DEV_9", 6000, 6000);

    note(world, TRACE_RUNG, "DEV_1");
    finish(world, CALL_FAILED, CAUSE_SERVER_RESTART, 5000);
    come_back(world, "DEV_2", FALSE);
    expect(world, NULL, "");
    expect_nameless(world, NULL, TRUE, "call:ended/failed/server_restart");
    expect_nameless(world, absence, TRUE, "");
    absence_free(absence);
}

#define MISSED(path, test) g_test_add("/missed/" path, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/absence/take", test_take);
    g_test_add_func("/absence/again", test_again);
    g_test_add_func("/absence/nameless", test_nameless);
    g_test_add_func("/absence/bounds", test_bounds);
    g_test_add_func("/absence/told", test_told);
    MISSED("rejected", test_rejected);
    MISSED("what-ended-before-is-not-told", test_ended_before);
    MISSED("timeout", test_timeout);
    MISSED("a-lost-caller", test_lost_caller);
    MISSED("another-device-of-the-caller-is-told-nothing", test_other_device_of_caller);
    MISSED("accepted", test_accepted);
    MISSED("accepted/with-media", test_accepted_with_media);
    MISSED("a-ringing-call-was-cancelled", test_callee_missed);
    MISSED("what-never-rang-there-is-not-told", test_never_rang);
    MISSED("declined-elsewhere", test_declined_elsewhere);
    MISSED("answered-elsewhere", test_answered_elsewhere);
    MISSED("in-a-call", test_in_call);
    MISSED("what-rings-the-hub-says", test_rings);
    MISSED("what-it-rings-itself-is-no-ring", test_own_ring);
    MISSED("a-nameless-device-has-a-new-name", test_new_name);
    MISSED("only-the-time-line-is-known", test_unknown);
    MISSED("only-the-time-line-is-known-of-a-caller", test_unknown_caller);
    MISSED("the-server-was-started-anew", test_restart);
    MISSED("the-server-was-started-anew-for-a-nameless-device", test_restart_nameless);
    return g_test_run();
}
