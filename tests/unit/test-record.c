/* core/record: revisions, views, the veil. */
#include "core/record.h"

#include "core/effect.h"

static Record *make_record(void)
{
    g_autoptr(CallFacts) facts = call_facts_new();

    ref_string_set(&facts->call_id, "C1");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->caller_device, "phone");
    ref_string_set(&facts->callee_id, "bob");
    facts->created_ms = 1000;
    facts->ring_ms = 45000;
    return record_new(facts);
}

static Record *make_ended(void)
{
    Record *record = make_record();

    record->status = CALL_ENDED;
    record->cause = CAUSE_HANGUP;
    record->rev = 3;
    record->ringing_ms = 1000;
    record->accepted_ms = 2000;
    record->ended_ms = 5000;
    record->duration_ms = 3000;
    ref_string_set(&record->answered_by, "tablet");
    ref_string_set(&record->ended_by, "bob");
    ref_string_set(&record->reason, "Bye");
    return record;
}

static void test_first_revision(void)
{
    g_autoptr(Record) record = make_record();

    g_assert_cmpint(record->status, ==, CALL_RINGING);
    g_assert_cmpint(record->cause, ==, CAUSE_NONE);
    g_assert_cmpuint(record->rev, ==, 1);
    g_assert_cmpint(record_view(record, VIEW_FULL).duration_ms, ==, -1);
    g_assert_false(record->veil.is_set);
}

static void test_next_revision(void)
{
    g_autoptr(Record) record = make_ended();
    g_autoptr(Record) next = record_next(record);

    g_assert_true(next != record && next->facts == record->facts);
    g_assert_cmpuint(next->rev, ==, 3);
    ref_string_set(&next->reason, NULL);
    ref_string_set(&next->ended_by, "alice");
    g_assert_cmpstr(record->reason, ==, "Bye");
    g_assert_cmpstr(record->ended_by, ==, "bob");
    g_assert_cmpstr(next->answered_by, ==, "tablet");
    g_clear_pointer(&record, record_unref);
    g_assert_cmpstr(next->facts->caller_id, ==, "alice");
    g_assert_cmpstr(next->answered_by, ==, "tablet");
}

static void test_references(void)
{
    g_autoptr(Record) record = make_record();
    Record *same = record_ref(record);

    g_assert_true(same == record);
    record_unref(same);
    record_unref(NULL);
    call_facts_unref(NULL);
    g_assert_cmpstr(record->facts->call_id, ==, "C1");
}

static void test_ref_string(void)
{
    GRefString *text = NULL;

    ref_string_set(&text, NULL);
    g_assert_null(text);
    ref_string_set(&text, "a");
    ref_string_set(&text, text);
    g_assert_cmpstr(text, ==, "a");
    ref_string_set(&text, NULL);
    g_assert_null(text);
}

static void test_full_view(void)
{
    g_autoptr(Record) record = make_ended();
    RecordView seen = record_view(record, VIEW_FULL);

    g_assert_cmpint(seen.status, ==, CALL_ENDED);
    g_assert_cmpint(seen.cause, ==, CAUSE_HANGUP);
    g_assert_cmpuint(seen.rev, ==, 3);
    g_assert_cmpint(seen.ringing_ms, ==, 1000);
    g_assert_cmpint(seen.accepted_ms, ==, 2000);
    g_assert_cmpint(seen.ended_ms, ==, 5000);
    g_assert_cmpint(seen.duration_ms, ==, 3000);
    g_assert_cmpstr(seen.reason, ==, "Bye");
    g_assert_cmpstr(seen.answered_by, ==, "tablet");
    g_assert_cmpstr(seen.ended_by, ==, "bob");
}

static void test_masked_view(void)
{
    g_autoptr(Record) record = make_record();

    record->ringing_ms = 1000;
    record->ended_ms = 2000;
    record->status = CALL_TIMEOUT;
    record->cause = CAUSE_UNREACHABLE;
    g_assert_cmpint(record_view(record, VIEW_CALLER).ringing_ms, ==, 1000);
    g_assert_cmpint(record_view(record, VIEW_CALLER).cause, ==, CAUSE_UNREACHABLE);
    g_assert_cmpint(record_view(record, VIEW_CALLER_MASKED).ringing_ms, ==, 0);
    g_assert_cmpint(record_view(record, VIEW_CALLER_MASKED).cause, ==, CAUSE_NO_ANSWER);
    record->cause = CAUSE_DECLINED;
    g_assert_cmpint(record_view(record, VIEW_CALLER_MASKED).cause, ==, CAUSE_DECLINED);
}

static Record *make_veiled(void)
{
    Record *record = make_record();

    record->status = CALL_REJECTED;
    record->cause = CAUSE_BUSY;
    record->rev = 2;
    record->ended_ms = 1000;
    record->veil = (Veil){.is_set = TRUE, .status = CALL_RINGING, .rev = 1};
    return record;
}

static void test_veil_while_it_seems_to_ring(void)
{
    g_autoptr(Record) record = make_veiled();
    RecordView caller = record_view(record, VIEW_CALLER_MASKED);

    g_assert_cmpint(caller.status, ==, CALL_RINGING);
    g_assert_cmpint(caller.cause, ==, CAUSE_NONE);
    g_assert_cmpuint(caller.rev, ==, 1);
    g_assert_cmpint(caller.ended_ms, ==, 0);
    g_assert_cmpint(caller.duration_ms, ==, -1);
    g_assert_cmpint(record_view(record, VIEW_FULL).status, ==, CALL_REJECTED);
    g_assert_cmpint(record_view(record, VIEW_FULL).cause, ==, CAUSE_BUSY);
    g_assert_cmpuint(record_view(record, VIEW_FULL).rev, ==, 2);
}

static void test_veil_when_it_is_over(void)
{
    g_autoptr(Record) ringing = make_veiled();
    g_autoptr(Record) record = record_next(ringing);
    RecordView caller;

    record->veil.status = CALL_CANCELLED;
    record->veil.cause = CAUSE_CANCELLED;
    record->veil.rev = 2;
    record->veil.ended_ms = 7000;
    ref_string_set(&record->veil.ended_by, "alice");
    ref_string_set(&record->veil.reason, "Bored");
    caller = record_view(record, VIEW_CALLER_MASKED);
    g_assert_cmpint(caller.status, ==, CALL_CANCELLED);
    g_assert_cmpint(caller.ended_ms, ==, 7000);
    g_assert_cmpstr(caller.ended_by, ==, "alice");
    g_assert_cmpstr(caller.reason, ==, "Bored");
    g_assert_null(record_view(record, VIEW_FULL).ended_by);
    g_assert_null(record_view(record, VIEW_FULL).reason);
    g_assert_null(record_view(ringing, VIEW_CALLER_MASKED).ended_by);
}

static void test_view_of_user(void)
{
    g_autoptr(Record) record = make_record();

    g_assert_cmpint(record_view_of_user(record, "alice", TRUE), ==, VIEW_CALLER);
    g_assert_cmpint(record_view_of_user(record, "alice", FALSE), ==, VIEW_CALLER_MASKED);
    g_assert_cmpint(record_view_of_user(record, "bob", TRUE), ==, VIEW_FULL);
    g_assert_cmpint(record_view_of_user(record, "bob", FALSE), ==, VIEW_FULL);
}

static void test_modes(void)
{
    static const char *const words[MODES] = {"none", "p2p", "relay", "room"};
    Mode mode = MODE_ROOM;

    for (guint i = 0; i < MODES; i++) {
        g_assert_cmpstr(mode_name((Mode)i), ==, words[i]);
        g_assert_true(mode_parse(words[i], &mode));
        g_assert_cmpint(mode, ==, i);
    }
    g_assert_false(mode_parse("Relay", &mode));
    g_assert_false(mode_parse("", &mode));
    g_assert_cmpint(mode, ==, MODE_ROOM);
}

/* core/effect: a message that was taken outlives its effects. */
static void test_message_is_taken(void)
{
    Event event = {.kind = EVENT_ACCEPT, .wall_ms = 5};
    Effects effects;
    Message message = {.kind = MESSAGE_SIGNAL,
                       .record = make_record(),
                       .data = g_ref_string_new("{}"),
                       .from = g_ref_string_new("alice"),
                       .to_user = g_ref_string_new("bob"),
                       .to_device = g_ref_string_new("phone"),
                       .device_id = g_ref_string_new("x")};
    Message taken;

    effects_init(&effects);
    effects_send(&effects, NULL, &message);
    g_assert_null(message.record);
    g_assert_cmpint(effects_at(&effects, 0)->kind, ==, EFFECT_MISSED);
    taken = effects_at(&effects, 0)->message;
    effects_at(&effects, 0)->message = (Message){0};
    effects_reply(&effects, &event)->text = g_strdup("gone");
    effects_reset(&effects);
    g_assert_cmpuint(effects.count, ==, 0);
    g_assert_false(effects.has_reply);
    g_assert_cmpstr(taken.data, ==, "{}");
    g_assert_cmpstr(taken.record->facts->call_id, ==, "C1");
    message_clear(&taken);
    message_free(NULL);
    effects_clear(&effects);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/the-first-revision-rings", test_first_revision);
    g_test_add_func("/record/the-next-revision-leaves-the-last-one-alone", test_next_revision);
    g_test_add_func("/record/references-share-it", test_references);
    g_test_add_func("/record/a-string-can-be-set-to-itself", test_ref_string);
    g_test_add_func("/record/the-full-view-shows-all", test_full_view);
    g_test_add_func("/record/the-masked-view-tells-nothing-of-devices", test_masked_view);
    g_test_add_func("/record/the-veil-seems-to-ring", test_veil_while_it_seems_to_ring);
    g_test_add_func("/record/the-veil-ends-for-itself", test_veil_when_it_is_over);
    g_test_add_func("/record/the-caller-has-the-callers-view", test_view_of_user);
    g_test_add_func("/record/every-mode-has-its-word", test_modes);
    g_test_add_func("/record/a-taken-message-outlives-its-effects", test_message_is_taken);
    return g_test_run();
}
