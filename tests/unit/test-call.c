/* core/call: keys and legs. */
#include "core/call.h"

typedef struct {
    User *alice, *bob;
    Device *calling, *phone, *tablet;
    Call *call;
} Fixture;

static Record *make_record(void)
{
    g_autoptr(CallFacts) facts = call_facts_new();

    ref_string_set(&facts->call_id, "C1");
    ref_string_set(&facts->caller_id, "alice");
    ref_string_set(&facts->callee_id, "bob");
    facts->ring_ms = 45000;
    return record_new(facts);
}

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->alice = user_new("alice");
    fixture->bob = user_new("bob");
    fixture->calling = user_add_device(fixture->alice, "main");
    fixture->phone = user_add_device(fixture->bob, "phone");
    fixture->tablet = user_add_device(fixture->bob, "tablet");
    fixture->call = call_new(fixture->alice, fixture->bob, fixture->calling, make_record(), 7000);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    call_free(fixture->call);
    user_free(fixture->alice);
    user_free(fixture->bob);
}

static void test_new(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const Call *call = fixture->call;

    g_assert_cmpint(call->state, ==, CALL_RINGING);
    g_assert_cmpint(call->created_us, ==, 7000);
    g_assert_cmpint(call->ring_end_us, ==, 7000 + 45 * G_USEC_PER_SEC);
    g_assert_cmpuint(call->legs->len, ==, 1);
    g_assert_true(call_leg(call, 0)->device == fixture->calling);
    g_assert_cmpint(call_leg(call, 0)->state, ==, LEG_CALLING);
    g_assert_cmpint(call->deadline.kind, ==, DEADLINE_CALL);
    g_assert_cmpstr(call_id(call), ==, "C1");
}

static void test_keys(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    CallKey same = {.user = fixture->alice, .call_id = "C1"};
    CallKey other_id = {.user = fixture->alice, .call_id = "C2"};
    const Call *call = fixture->call;

    g_assert_true(call_key_equal(&call->caller_key, &same));
    g_assert_cmpuint(call_key_hash(&call->caller_key), ==, call_key_hash(&same));
    g_assert_false(call_key_equal(&call->caller_key, &other_id));
    g_assert_false(call_key_equal(&call->caller_key, &call->callee_key));
}

static void test_legs(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Call *call = fixture->call;

    call_add_leg(call, fixture->phone, LEG_RINGING);
    call_add_leg(call, fixture->tablet, LEG_RINGING);
    g_assert_true(call_leg_of(call, fixture->phone)->device == fixture->phone);
    call_drop_leg(call, fixture->phone);
    g_assert_null(call_leg_of(call, fixture->phone));
    g_assert_true(call_leg_of(call, fixture->tablet)->device == fixture->tablet);
    call_drop_leg(call, fixture->phone);
    g_assert_cmpuint(call->legs->len, ==, 2);
}

static void test_the_callers_leg_stays(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    call_drop_leg(fixture->call, fixture->calling);
    g_assert_nonnull(call_leg_of(fixture->call, fixture->calling));
}

static void test_other_device(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    Call *call = fixture->call;

    call->state = CALL_ACCEPTED;
    call_leg(call, 0)->state = LEG_IN_CALL;
    call_add_leg(call, fixture->tablet, LEG_IN_CALL);
    g_assert_true(call_other_device(call, fixture->calling) == fixture->tablet);
    g_assert_true(call_other_device(call, fixture->tablet) == fixture->calling);
}

static void test_free(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_ptr_array_add(fixture->alice->calls, fixture->call);
    g_ptr_array_add(fixture->bob->calls, fixture->call);
    g_clear_pointer(&fixture->call, call_free);
    g_assert_cmpuint(fixture->alice->calls->len, ==, 0);
    g_assert_cmpuint(fixture->bob->calls->len, ==, 0);
}

static void add(const char *path, void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/call/a-new-call-rings-out-from-one-device", test_new);
    add("/call/is-found-by-each-party-and-the-id", test_keys);
    add("/call/legs-come-and-go", test_legs);
    add("/call/the-callers-leg-stays", test_the_callers_leg_stays);
    add("/call/the-two-devices-in-it-are-each-others-other", test_other_device);
    add("/call/takes-itself-out-of-its-parties-lists", test_free);
    return g_test_run();
}
