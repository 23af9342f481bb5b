/* wire/join: what a device is told of its media. Credentials are compared with what another
 * implementation of HMAC made. */
#include "wire/join.h"

#define AT G_GINT64_CONSTANT(1700000000000)

static void assert_join(Mode mode, Join join, const JoinSettings *settings, const char *expected)
{
    json_auto_t *object = json_object();
    json_auto_t *wanted = json_loads(expected, 0, NULL);

    g_assert_nonnull(wanted);
    join.is_set = TRUE;
    put_join(object, mode, &join, settings, AT);
    if (!json_equal(object, wanted))
        g_error("%s is not %s", json_dumps(object, JSON_COMPACT), expected);
    join_clear(&join);
}

static Join join_of(const char *user_id)
{
    return (Join){.user_id = g_ref_string_new(user_id)};
}

static Join with_token(Join join)
{
    join.token = g_ref_string_new("T");
    return join;
}

static char *stun[] = {(char *)"stun:a:3478", NULL};
static char *turn[] = {(char *)"turn:b:3478", (char *)"turns:b:5349?transport=tcp", NULL};

static void test_p2p(void)
{
    IceServer servers[] = {
        {.urls = stun, .username = "", .credential = "", .secret = ""},
        {.urls = turn, .username = "u", .credential = "c", .secret = ""},
    };
    JoinSettings settings = {.ice_servers = servers, .ice_server_count = 2};

    assert_join(MODE_P2P, join_of("alice"), NULL, "{}");
    assert_join(MODE_P2P, join_of("alice"), &settings,
                "{\"join\":{\"iceServers\":[{\"urls\":[\"stun:a:3478\"]},"
                "{\"urls\":[\"turn:b:3478\",\"turns:b:5349?transport=tcp\"],"
                "\"username\":\"u\",\"credential\":\"c\"}]}}");
}

/* As coturn computes it from the same secret. */
static void test_made_credentials(void)
{
    IceServer day = {.urls = turn, .secret = "north", .ttl_ms = 86400000};
    IceServer hour = {.urls = turn, .secret = "n\xc3\xb6rth", .ttl_ms = 3600000};
    JoinSettings settings = {.ice_servers = &day, .ice_server_count = 1};

    assert_join(MODE_P2P, join_of("alice"), &settings,
                "{\"join\":{\"iceServers\":[{\"urls\":[\"turn:b:3478\","
                "\"turns:b:5349?transport=tcp\"],\"username\":\"1700086400:alice\","
                "\"credential\":\"SXua5ne/+mDhiHTp0pQJzRO4ESg=\"}]}}");
    settings.ice_servers = &hour;
    assert_join(MODE_P2P,
                join_of("b\xc3\xb6"
                        "b:1"),
                &settings,
                "{\"join\":{\"iceServers\":[{\"urls\":[\"turn:b:3478\","
                "\"turns:b:5349?transport=tcp\"],\"username\":\"1700003600:b\xc3\xb6"
                "b:1\","
                "\"credential\":\"LkHEbBhAOsuBD2dYcJL7hjihqJI=\"}]}}");
}

static void test_relay(void)
{
    IceServer server = {.urls = stun};
    JoinSettings settings = {.ice_servers = &server, .ice_server_count = 1};

    assert_join(MODE_RELAY, with_token(join_of("alice")), NULL, "{\"join\":{\"token\":\"T\"}}");
    assert_join(MODE_RELAY, with_token(join_of("alice")), &settings,
                "{\"join\":{\"token\":\"T\",\"iceServers\":[{\"urls\":[\"stun:a:3478\"]}]}}");
}

static Join in_room(void)
{
    Join join = with_token(join_of("alice"));

    join.room = g_ref_string_new("4503599627370495");
    join.pin = g_ref_string_new("P");
    return join;
}

static void test_room(void)
{
    JoinSettings settings = {.has_string_rooms = TRUE};

    assert_join(MODE_ROOM, in_room(), NULL,
                "{\"join\":{\"plugin\":\"janus.plugin.videoroom\",\"room\":4503599627370495,"
                "\"pin\":\"P\",\"token\":\"T\"}}");
    assert_join(MODE_ROOM, in_room(), &settings,
                "{\"join\":{\"plugin\":\"janus.plugin.videoroom\",\"room\":\"4503599627370495\","
                "\"pin\":\"P\",\"token\":\"T\"}}");
}

static void test_nothing(void)
{
    json_auto_t *object = json_object();

    put_join(object, MODE_RELAY, &(Join){0}, NULL, AT);
    g_assert_cmpuint(json_object_size(object), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/join/p2p-has-servers-if-there-are-any", test_p2p);
    g_test_add_func("/join/credentials-are-made-as-turn-servers-check-them", test_made_credentials);
    g_test_add_func("/join/relay-has-a-token", test_relay);
    g_test_add_func("/join/room-is-a-number-or-a-text", test_room);
    g_test_add_func("/join/nothing-for-who-is-not-in-the-call", test_nothing);
    return g_test_run();
}
