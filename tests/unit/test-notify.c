/* notify: signatures, pauses, what is good in a configuration, and the order in which events go. (The rest needs a
 * network: tests/e2e/webhooks.test.mjs.) */
#include <string.h>

#include "notify/backoff.h"
#include "notify/endpoint.h"
#include "notify/http.h"
#include "notify/lane.h"
#include "notify/signature.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

/* --- signatures --- */

/* The example of the specification's own libraries. */
static void test_known_signature(void)
{
    Secrets secrets = {0};
    g_autofree char *header = NULL;

    g_assert_true(secrets_add(&secrets, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    header = sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}");
    g_assert_cmpstr(header, ==, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    secrets_clear(&secrets);
}

static void test_two_secrets(void)
{
    Secrets secrets = {0};
    g_autofree char *header = NULL;
    g_auto(GStrv) parts = NULL;

    g_assert_true(secrets_add(&secrets, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    g_assert_true(secrets_add(&secrets, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    g_assert_false(secrets_add(&secrets, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    header = sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}");
    parts = g_strsplit(header, " ", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    g_assert_true(g_str_has_prefix(parts[0], "v1,"));
    g_assert_cmpstr(parts[1], ==, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    secrets_clear(&secrets);
}

static void test_bad_secrets(void)
{
    /* 65 bytes */
    static const char long_one[] =
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    static const char *const bad[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=",
        "whsec_MfKQ 9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_AAAA",
        long_one,
    };
    Secrets secrets = {0};

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(secrets_add(&secrets, bad[i]));
    g_assert_cmpuint(secrets.count, ==, 0);
}

/* --- pauses --- */

static void test_backoff(void)
{
    g_assert_cmpint(backoff_us(1, SECOND, 3600 * SECOND, 0), ==, SECOND);
    g_assert_cmpint(backoff_us(2, SECOND, 3600 * SECOND, 0), ==, 2 * SECOND);
    g_assert_cmpint(backoff_us(5, SECOND, 3600 * SECOND, 0), ==, 16 * SECOND);
    g_assert_cmpint(backoff_us(13, SECOND, 3600 * SECOND, 0), ==, 3600 * SECOND);
    g_assert_cmpint(backoff_us(4000000000U, SECOND, 3600 * SECOND, 0), ==, 3600 * SECOND);
    g_assert_cmpint(backoff_us(5, SECOND, 3600 * SECOND, 0.5), ==, 12 * SECOND);
    g_assert_cmpint(backoff_us(5, SECOND, 3600 * SECOND, 0.999), >=, 8 * SECOND);
    g_assert_cmpint(backoff_us(3, 5 * SECOND, SECOND, 0), ==, SECOND);
}

/* --- endpoints --- */

static void assert_endpoint(const EndpointOptions *options, const char *trouble)
{
    g_autoptr(GError) error = NULL;
    Endpoint *endpoint = endpoint_new(options, &error);

    if (!trouble) {
        g_assert_no_error(error);
        g_assert_nonnull(endpoint);
    } else {
        g_assert_null(endpoint);
        g_assert_nonnull(strstr(error->message, trouble));
        g_assert_null(strstr(error->message, "whsec_A"));
    }
    endpoint_free(endpoint);
}

#define SECRET "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ENDPOINT(...)                                                                              \
    (&(EndpointOptions){.name = "main",                                                            \
                        .url = "http://h/",                                                        \
                        .secret = SECRET,                                                          \
                        .previous_secret = "",                                                     \
                        .types = "",                                                               \
                        __VA_ARGS__})

static void test_endpoints(void)
{
    static const char *const urls[] = {
        "",          "h",        "//h/",        "ftp://h/",      "file:///etc/passwd", "http://",
        "http:///x", "gopher:h", "http://u@h/", "http://u:p@h/", "http://h/#part",
    };
    Endpoint *endpoint;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
    assert_endpoint(ENDPOINT(), NULL);
    assert_endpoint(ENDPOINT(.url = "https://[::1]:8443/a?b=c"), NULL);
    assert_endpoint(ENDPOINT(.name = ""), "name");
    assert_endpoint(ENDPOINT(.name = "two\nlines"), "name");
    assert_endpoint(ENDPOINT(.name = "b\xfcro"), "name");
    assert_endpoint(ENDPOINT(.secret = "whsec_AAAA"), "\"main\": secret");
    assert_endpoint(ENDPOINT(.previous_secret = "whsec_AAAA"), "\"main\": previous_secret");
    assert_endpoint(ENDPOINT(.types = "call.rejected call.gone"), "\"main\": types");
    for (guint i = 0; i < G_N_ELEMENTS(urls); i++)
        assert_endpoint(ENDPOINT(.url = urls[i]), "\"main\": url");
    endpoint = endpoint_new(ENDPOINT(.types = " call.push  call.ended"), NULL);
#pragma GCC diagnostic pop
    g_assert_true(endpoint->wants_push);
    g_assert_true(endpoint->wants[CALL_ENDED]);
    g_assert_false(endpoint->wants[CALL_RINGING]);
    endpoint_free(endpoint);
}

/* --- lanes --- */

typedef struct {
    Lane *lane;
    gint64 last_id;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    fixture->lane = lane_new(&(LaneOptions){.parallel = 3,
                                            .most = 100,
                                            .first_us = SECOND,
                                            .retry_most_us = 3600 * SECOND,
                                            .probe_most_us = 60 * SECOND});
    fixture->last_id = 0;
}

static void tear_down(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    lane_free(fixture->lane);
}

/* Rows of these calls, in this order: one for each digit. */
static void put(Fixture *fixture, const char *calls)
{
    for (; *calls; calls++) {
        OutboxRow *row = g_new0(OutboxRow, 1);

        row->id = ++fixture->last_id;
        row->call = *calls - '0';
        lane_put(fixture->lane, row);
    }
}

/* The next row must be this one of the call, or 0 for none. */
static const OutboxRow *expect(Fixture *fixture, gint64 id, gint64 now_us)
{
    const OutboxRow *row = lane_next(fixture->lane, now_us);

    g_assert_cmpint(row ? row->id : 0, ==, id);
    return row;
}

static gboolean done(Fixture *fixture, const OutboxRow *row, Sent sent, gint64 now_us)
{
    return lane_done(fixture->lane, row, sent, 0, 0, now_us);
}

static void test_order_of_a_call(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *one, *two, *three;

    put(fixture, "1121");
    one = expect(fixture, 1, 0);
    three = expect(fixture, 3, 0);
    expect(fixture, 0, 0);
    g_assert_true(done(fixture, one, SENT_WELL, 0));
    two = expect(fixture, 2, 0);
    g_assert_true(done(fixture, three, SENT_WELL, 0));
    g_assert_true(done(fixture, two, SENT_WELL, 0));
    done(fixture, expect(fixture, 4, 0), SENT_WELL, 0);
    expect(fixture, 0, 0);
    g_assert_cmpuint(lane_rows(fixture->lane), ==, 0);
    g_assert_cmpuint(lane_room(fixture->lane), ==, 100);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, G_MAXINT64);
}

static void test_parallel(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *first;

    put(fixture, "12345");
    first = expect(fixture, 1, 0);
    expect(fixture, 2, 0);
    expect(fixture, 3, 0);
    expect(fixture, 0, 0);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, G_MAXINT64);
    done(fixture, first, SENT_WELL, 0);
    expect(fixture, 4, 0);
    expect(fixture, 0, 0);
}

static void test_poison(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    put(fixture, "11232323");
    g_assert_false(done(fixture, expect(fixture, 1, 0), SENT_IN_VAIN, 0));
    for (gint64 id = 3; id <= 8; id++)
        done(fixture, expect(fixture, id, 0), SENT_WELL, 0);
    expect(fixture, 0, SECOND - 1);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, SECOND);
    g_assert_false(done(fixture, expect(fixture, 1, SECOND), SENT_IN_VAIN, SECOND));
    g_assert_cmpint(lane_deadline(fixture->lane), ==, 3 * SECOND);
    g_assert_cmpint(lane_health(fixture->lane), ==, LANE_WELL);
    done(fixture, expect(fixture, 1, 3 * SECOND), SENT_WELL, 3 * SECOND);
    done(fixture, expect(fixture, 2, 3 * SECOND), SENT_WELL, 3 * SECOND);
}

static void make_ill(Fixture *fixture)
{
    put(fixture, "1234567");
    for (gint64 id = 1; id <= 4; id++)
        done(fixture, expect(fixture, id, 0), SENT_IN_VAIN, 0);
    g_assert_cmpint(lane_health(fixture->lane), ==, LANE_ILL);
}

static void test_illness_and_recovery(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *probe;

    make_ill(fixture);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, SECOND);
    expect(fixture, 0, SECOND - 1);
    probe = lane_next(fixture->lane, SECOND);
    g_assert_nonnull(probe);
    expect(fixture, 0, SECOND);
    done(fixture, probe, SENT_IN_VAIN, SECOND);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, 3 * SECOND);
    probe = lane_next(fixture->lane, 3 * SECOND);
    done(fixture, probe, SENT_WELL, 3 * SECOND);
    g_assert_cmpint(lane_health(fixture->lane), ==, LANE_WELL);
    /* Nobody waits for its own pause then. */
    for (guint i = 0; i < 6; i++)
        done(fixture, lane_next(fixture->lane, 3 * SECOND), SENT_WELL, 3 * SECOND);
    g_assert_cmpuint(lane_rows(fixture->lane), ==, 0);
}

static void test_an_ill_one_is_asked_every_minute(Fixture *fixture,
                                                  gconstpointer unused G_GNUC_UNUSED)
{
    gint64 now_us = 0;

    make_ill(fixture);
    for (guint i = 0; i < 50; i++) {
        gint64 next_us = lane_deadline(fixture->lane);

        g_assert_cmpint(next_us, >, now_us);
        g_assert_cmpint(next_us, <=, now_us + 60 * SECOND);
        now_us = next_us;
        done(fixture, lane_next(fixture->lane, now_us), SENT_IN_VAIN, now_us);
    }
}

static void test_retry_after(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *row;

    put(fixture, "12");
    row = expect(fixture, 1, 0);
    lane_done(fixture->lane, row, SENT_IN_VAIN, 30 * SECOND, 0, 0);
    expect(fixture, 0, 29 * SECOND);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, 30 * SECOND);
    g_assert_nonnull(lane_next(fixture->lane, 30 * SECOND));
}

/* Of two at once, the other one's success does not hurry it. */
static void test_retry_after_is_for_all(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *one, *other;

    put(fixture, "123");
    one = expect(fixture, 1, 0);
    other = expect(fixture, 2, 0);
    lane_done(fixture->lane, one, SENT_IN_VAIN, 30 * SECOND, 0, 0);
    done(fixture, other, SENT_WELL, 0);
    expect(fixture, 0, 29 * SECOND);
    expect(fixture, 3, 30 * SECOND);
}

/* Those that were under way fail too. */
static void test_gone_among_failures(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    const OutboxRow *rows[3];

    put(fixture, "12345");
    for (guint i = 0; i < 2; i++)
        done(fixture, lane_next(fixture->lane, i * SECOND), SENT_IN_VAIN, i * SECOND);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        rows[i] = lane_next(fixture->lane, 2 * SECOND);
        g_assert_nonnull(rows[i]);
    }
    done(fixture, rows[0], SENT_TO_NONE, 2 * SECOND);
    done(fixture, rows[1], SENT_IN_VAIN, 2 * SECOND);
    done(fixture, rows[2], SENT_IN_VAIN, 2 * SECOND);
    g_assert_cmpint(lane_health(fixture->lane), ==, LANE_GONE);
    expect(fixture, 0, 3600 * SECOND);
}

static void test_gone(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    put(fixture, "12");
    g_assert_false(done(fixture, expect(fixture, 1, 0), SENT_TO_NONE, 0));
    expect(fixture, 0, 3600 * SECOND);
    g_assert_cmpuint(lane_room(fixture->lane), ==, 0);
    g_assert_cmpint(lane_deadline(fixture->lane), ==, G_MAXINT64);
    lane_revive(fixture->lane);
    g_assert_cmpint(lane_health(fixture->lane), ==, LANE_WELL);
    done(fixture, lane_next(fixture->lane, 0), SENT_WELL, 0);
    done(fixture, lane_next(fixture->lane, 0), SENT_WELL, 0);
}

static void test_too_late(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    put(fixture, "11");
    g_assert_true(done(fixture, expect(fixture, 1, 0), SENT_TOO_LATE, 0));
    expect(fixture, 2, 0);
}

/* Whatever fails and whenever: each row is settled once, those of a call in their order. */
static void test_random(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    gint64 last_of[10] = {0};
    GQueue flying = G_QUEUE_INIT;
    guint settled = 0;
    gint64 now_us = 0;

    for (guint step = 0; settled < 2000; step++) {
        const OutboxRow *row;
        char call[2] = {(char)('0' + g_test_rand_int_range(0, 10)), '\0'};

        g_assert_cmpuint(step, <, 1000000);
        if (lane_room(fixture->lane) && fixture->last_id < 2000)
            put(fixture, call);
        while ((row = lane_next(fixture->lane, now_us)))
            g_queue_push_tail(&flying, (gpointer)row);
        g_assert_cmpuint(flying.length, <=, 3);
        if (flying.length) {
            row = g_queue_pop_nth(&flying, (guint)g_test_rand_int_range(0, (gint32)flying.length));
            gint64 id = row->id, of = row->call;
            Sent sent = g_test_rand_int_range(0, 100) < 40 ? SENT_IN_VAIN : SENT_WELL;

            g_assert_cmpint(last_of[of], <, id);
            if (lane_done(fixture->lane, row, sent, 0, g_test_rand_double(), now_us)) {
                last_of[of] = id;
                settled++;
            }
        } else if (lane_rows(fixture->lane)) {
            g_assert_cmpint(lane_deadline(fixture->lane), <, G_MAXINT64);
            now_us = MAX(now_us, lane_deadline(fixture->lane));
        }
    }
    g_assert_cmpuint(lane_rows(fixture->lane), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notify/signature/known", test_known_signature);
    g_test_add_func("/notify/signature/two-secrets", test_two_secrets);
    g_test_add_func("/notify/signature/bad-secrets", test_bad_secrets);
    g_test_add_func("/notify/backoff", test_backoff);
    g_test_add_func("/notify/endpoints", test_endpoints);
#define ADD(path, test) g_test_add("/notify/lane/" path, Fixture, NULL, set_up, test, tear_down)
    ADD("a-call-is-told-in-order", test_order_of_a_call);
    ADD("parallel-is-bounded", test_parallel);
    ADD("what-fails-holds-up-its-call-only", test_poison);
    ADD("illness-and-recovery", test_illness_and_recovery);
    ADD("an-ill-one-is-asked-every-minute", test_an_ill_one_is_asked_every_minute);
    ADD("retry-after-silences-it", test_retry_after);
    ADD("retry-after-is-for-all", test_retry_after_is_for_all);
    ADD("gone-until-it-is-revived", test_gone);
    ADD("gone-among-failures", test_gone_among_failures);
    ADD("too-late-is-given-up", test_too_late);
    ADD("random", test_random);
    return g_test_run();
}
