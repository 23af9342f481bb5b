/* core/user: devices and early ends. */
#include "core/user.h"

#include "core/settings.h"

#define SOMEWHERE ((Address *)&somewhere)

static char somewhere;

typedef struct {
    User *user;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    fixture->user = user_new("alice");
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    user_free(fixture->user);
}

static Device *add_nameless(User *user, const char *id, Address *address)
{
    Device *device = user_add_device(user, id);

    device->is_nameless = TRUE;
    device->address = address;
    return device;
}

static void test_devices(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;
    Device *phone = user_add_device(user, "phone");
    Device *watch = user_add_device(user, "watch");

    g_assert_true(phone->user == user);
    g_assert_cmpint(phone->deadline.kind, ==, DEADLINE_DEVICE);
    g_assert_true(user_device(user, "phone") == phone);
    g_assert_true(user_device(user, "watch") == watch);
    g_assert_null(user_device(user, "Phone"));
    user_remove_device(user, phone);
    g_assert_null(user_device(user, "phone"));
    g_assert_true(user_device(user, "watch") == watch);
}

static void test_present_devices(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;
    Device *phone = user_add_device(user, "phone");

    user_add_device(user, "watch");
    g_assert_cmpuint(user_present_devices(user), ==, 0);
    phone->address = SOMEWHERE;
    g_assert_cmpuint(user_present_devices(user), ==, 1);
    phone->address = NULL;
}

static void test_nameless(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;
    Device *first, *second;

    user_add_device(user, "a named one");
    g_assert_null(user_nameless_away(user));
    first = add_nameless(user, "DEV_1", SOMEWHERE);
    g_assert_null(user_nameless_away(user));
    first->address = NULL;
    g_assert_true(user_nameless_away(user) == first);
    second = add_nameless(user, "DEV_2", SOMEWHERE);
    g_assert_true(user_nameless_away(user) == first);
    second->address = NULL;
    g_assert_null(user_nameless_away(user));
}

static void test_idle(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;
    Device *device;

    g_assert_true(user_is_idle(user));
    device = user_add_device(user, "phone");
    g_assert_false(user_is_idle(user));
    user_remove_device(user, device);
    g_assert_true(user_is_idle(user));
}

static void test_settled(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const Rates rates = {.requests = {.tokens = 1, .period_us = 1000, .size = 2}};
    User *user = fixture->user;

    g_assert_cmpint(user_settled_us(user), ==, 0);
    g_assert_cmpint(pace_request(&user->pace, &rates, 5000), ==, 0);
    g_assert_cmpint(user_settled_us(user), ==, 6000);
    user_remember_early_end(user, "C1", 100, 16);
    g_assert_cmpint(user_settled_us(user), ==, 100 + EARLY_END_KEPT_US);
}

static void test_early_end_is_taken_once(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    user_remember_early_end(fixture->user, "C1", 100, 16);
    g_assert_false(user_take_early_end(fixture->user, "C2", 100));
    g_assert_true(user_take_early_end(fixture->user, "C1", 100));
    g_assert_false(user_take_early_end(fixture->user, "C1", 100));
}

static void test_early_end_times_out(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;

    user_remember_early_end(user, "C1", 100, 16);
    user_remember_early_end(user, "C2", 101, 16);
    g_assert_false(user_take_early_end(user, "C1", 100 + EARLY_END_KEPT_US));
    g_assert_true(user_take_early_end(user, "C2", 100 + EARLY_END_KEPT_US));
    user_remember_early_end(user, "C3", 200, 16);
    user_forget_early_ends(user, 199 + EARLY_END_KEPT_US);
    g_assert_cmpuint(user->early_ends.length, ==, 1);
    user_forget_early_ends(user, 200 + EARLY_END_KEPT_US);
    g_assert_cmpuint(user->early_ends.length, ==, 0);
}

static void test_early_ends_are_bounded(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;

    user_remember_early_end(user, "C1", 1, 2);
    user_remember_early_end(user, "C2", 2, 2);
    user_remember_early_end(user, "C3", 3, 2);
    g_assert_cmpuint(user->early_ends.length, ==, 2);
    g_assert_false(user_take_early_end(user, "C1", 3));
    g_assert_true(user_take_early_end(user, "C2", 3));
    g_assert_true(user_take_early_end(user, "C3", 3));
    user_remember_early_end(user, "C4", 3, 0);
    g_assert_false(user_take_early_end(user, "C4", 3));
}

static void test_early_end_again_is_the_newest(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    User *user = fixture->user;

    user_remember_early_end(user, "C1", 1, 2);
    user_remember_early_end(user, "C2", 2, 2);
    user_remember_early_end(user, "C1", 3, 2);
    user_remember_early_end(user, "C3", 4, 2);
    g_assert_false(user_take_early_end(user, "C2", 4));
    g_assert_true(user_take_early_end(user, "C1", 4));
}

static void add(const char *path, void (*test)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/user/devices-are-found-by-their-id", test_devices);
    add("/user/devices-that-are-away-are-not-present", test_present_devices);
    add("/user/the-only-nameless-device-in-grace-is-found", test_nameless);
    add("/user/is-idle-with-nothing-to-remember", test_idle);
    add("/user/is-settled-when-time-has-passed", test_settled);
    add("/user/an-early-end-is-taken-once", test_early_end_is_taken_once);
    add("/user/an-early-end-is-forgotten-in-time", test_early_end_times_out);
    add("/user/early-ends-are-bounded-and-the-oldest-goes", test_early_ends_are_bounded);
    add("/user/an-early-end-again-is-the-newest", test_early_end_again_is_the_newest);
    return g_test_run();
}
