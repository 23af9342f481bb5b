/* core/look and core/roster: the backend's lists of what is there now. */
#include "core/look.h"

#include "../lib/sim.h"
#include "core/roster.h"

/* --- the set --- */

static void test_places_are_used_again(void)
{
    int members[4];
    guint place = 0, looks = 10;
    Roster roster;

    roster_init(&roster);
    g_assert_cmpuint(roster_add(&roster, &members[0]), ==, 0);
    g_assert_cmpuint(roster_add(&roster, &members[1]), ==, 1);
    g_assert_cmpuint(roster_add(&roster, &members[2]), ==, 2);
    roster_remove(&roster, 1);
    g_assert_true(roster_next(&roster, &place, &looks) == &members[0]);
    g_assert_true(roster_next(&roster, &place, &looks) == &members[2]);
    g_assert_null(roster_next(&roster, &place, &looks));
    g_assert_true(roster_is_at_end(&roster, place));
    g_assert_cmpuint(roster_add(&roster, &members[3]), ==, 1);
    roster_clear(&roster);
}

static void test_looks_are_bounded(void)
{
    int member;
    guint place = 0, looks = 10;
    Roster roster;

    roster_init(&roster);
    for (guint i = 0; i < 100; i++)
        roster_add(&roster, &member);
    for (guint i = 0; i < 99; i++)
        roster_remove(&roster, i);
    g_assert_null(roster_next(&roster, &place, &looks));
    g_assert_cmpuint(place, ==, 10);
    g_assert_cmpuint(looks, ==, 0);
    looks = 90;
    g_assert_true(roster_next(&roster, &place, &looks) == &member);
    g_assert_cmpuint(looks, ==, 0);
    roster_clear(&roster);
}

/* --- the hub's lists --- */

#define USERS 10000

/* Past the simulation, which looks at everybody after each step. */
static void register_many(Sim *sim, guint count)
{
    Effects effects;

    effects_init(&effects);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("user%u", i);
        Event event = {.kind = EVENT_REGISTER, .from = sim_connection(sim, name)};

        event.now_us = G_MAXINT64 / 2;
        event.reg = (RegisterEvent){.user_id = name, .device_id = "main"};
        hub_step(sim_hub(sim), &event, &effects);
        g_assert_cmpint(effects.reply.refusal, ==, REFUSAL_NONE);
        effects_reset(&effects);
    }
    effects_clear(&effects);
}

/* Reads the whole list in pages; each is bounded, and nobody is on two. */
static guint count_users(Sim *sim, guint most, guint *largest)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint from = 0;

    *largest = 0;
    do {
        g_autoptr(GPtrArray) page = user_looks_new();

        from = hub_look_at_users(sim_hub(sim), from, most, 0, page);
        *largest = MAX(*largest, page->len);
        for (guint i = 0; i < page->len; i++) {
            const UserLook *look = g_ptr_array_index(page, i);

            g_assert_true(g_hash_table_add(seen, g_strdup(look->user_id)));
            g_assert_cmpuint(look->devices->len, ==, 1);
        }
    } while (from);
    return g_hash_table_size(seen);
}

static void test_ten_thousand_users(Sim *sim)
{
    guint largest;

    register_many(sim, USERS);
    g_assert_cmpuint(count_users(sim, 100000, &largest), ==, USERS);
    g_assert_cmpuint(largest, ==, LOOK_MOST);
    g_assert_cmpuint(count_users(sim, 7, &largest), ==, USERS);
    g_assert_cmpuint(largest, ==, 7);
}

static void test_who_leaves_is_not_listed(Sim *sim)
{
    g_autoptr(GPtrArray) users = user_looks_new();
    const DeviceLook *device;
    const UserLook *look;

    sim_play(sim, "here: alice/phone alice/tablet bob carol | alice/phone > unregister\n"
                  "carol > drop | alice/tablet > initiate bob C1 | bob < incoming C1\n"
                  "[ 3000] alice/tablet > drop\n[ 5000]");
    g_assert_cmpuint(hub_look_at_users(sim_hub(sim), 0, 100, 0, users), ==, 0);
    g_assert_cmpuint(users->len, ==, 2);
    look = g_ptr_array_index(users, 0);
    g_assert_cmpstr(look->user_id, ==, "alice");
    g_assert_cmpuint(look->live_calls, ==, 1);
    g_assert_cmpuint(look->devices->len, ==, 1);
    device = &g_array_index(look->devices, DeviceLook, 0);
    g_assert_cmpstr(device->id, ==, "tablet");
    g_assert_false(device->is_present);
    sim_play(sim, "alice/tablet > register | alice/tablet > end C1 | bob < ended C1");
}

static void test_calls(Sim *sim)
{
    g_autoptr(GPtrArray) calls = call_looks_new();
    const CallLook *look;

    sim_play(sim, "here: alice bob carol dave\n"
                  "alice > initiate bob C1 | bob < incoming C1 | carol > initiate dave C1\n"
                  "dave < incoming C1 | dave > accept C1 | carol < accepted C1\n"
                  "alice > initiate dave C2 | dave < incoming C2\n"
                  "alice > end C1 | bob < ended C1");
    g_assert_cmpuint(hub_look_at_calls(sim_hub(sim), 0, 100, 0, calls), ==, 0);
    g_assert_cmpuint(calls->len, ==, 2);
    look = g_ptr_array_index(calls, 0);
    g_assert_cmpstr(look->record->facts->caller_id, ==, "carol");
    g_assert_cmpint(look->expires_in_ms, ==, -1);
    look = g_ptr_array_index(calls, 1);
    g_assert_cmpstr(look->record->facts->call_id, ==, "C2");
    g_assert_cmpint(look->expires_in_ms, >=, 45000);
    sim_play(sim, "alice > end C2 | dave < ended C2 | dave > end C1 | carol < ended C1");
    g_ptr_array_set_size(calls, 0);
    g_assert_cmpuint(hub_look_at_calls(sim_hub(sim), 0, 100, 0, calls), ==, 0);
    g_assert_cmpuint(calls->len, ==, 0);
}

static void test_one_user(Sim *sim)
{
    g_autoptr(GPtrArray) users = user_looks_new();
    g_autoptr(GPtrArray) calls = call_looks_new();

    sim_play(sim, "here: alice | alice > initiate bob C1");
    hub_look_at_user(sim_hub(sim), "nobody", 0, users, calls);
    g_assert_cmpuint(users->len + calls->len, ==, 0);
    hub_look_at_user(sim_hub(sim), "bob", 0, users, calls);
    g_assert_cmpuint(users->len, ==, 1);
    g_assert_cmpuint(calls->len, ==, 1);
    g_assert_cmpuint(((UserLook *)g_ptr_array_index(users, 0))->devices->len, ==, 0);
    sim_play(sim, "alice > end C1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/roster/places-are-used-again", test_places_are_used_again);
    g_test_add_func("/roster/looks-are-bounded", test_looks_are_bounded);
    sim_add_test("/look/ten-thousand-users-come-in-pages", test_ten_thousand_users);
    sim_add_test("/look/who-leaves-is-not-listed", test_who_leaves_is_not_listed);
    sim_add_test("/look/calls-are-those-that-live", test_calls);
    sim_add_test("/look/one-user", test_one_user);
    return g_test_run();
}
