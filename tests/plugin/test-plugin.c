/* The real plugin, loaded into a fake Janus: what one thread sees. */
#include <string.h>

#include <glib.h>
#include <jansson.h>

#include "fake-janus.h"
#include "token-maker.h"

#define assert_text(object, key, expected)                                                         \
    g_assert_cmpstr(json_string_value(json_object_get(object, key)), ==, expected)

static FakeHandle *register_device(const char *user, const char *device)
{
    FakeHandle *handle = fake_attach();
    json_t *reply = fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                                   "userId", user, "deviceId", device));

    assert_text(reply, "call", "success");
    json_decref(reply);
    return handle;
}

static void leave(FakeHandle *handle)
{
    fake_detach(handle);
    fake_release(handle);
}

static json_t *ask(FakeHandle *handle, const char *request, const char *call_id)
{
    return fake_request(handle, json_pack("{s:s, s:s}", "request", request, "callId", call_id));
}

static void expect_ok(json_t *reply, const char *status)
{
    assert_text(reply, "call", "success");
    assert_text(reply, "status", status);
    json_decref(reply);
}

static json_t *initiate(FakeHandle *caller, const char *callee, const char *call_id)
{
    return fake_request(caller, json_pack("{s:s, s:s, s:s}", "request", "call:initiate", "calleeId",
                                          callee, "callId", call_id));
}

static json_int_t stat_of(const char *name)
{
    json_t *stats = fake_admin(json_pack("{s:s}", "request", "stats"));
    json_int_t value = json_integer_value(json_object_get(stats, name));

    json_decref(stats);
    return value;
}

static void expect_event(FakeHandle *handle, const char *name, const char *cause)
{
    json_t *event = fake_expect(handle, name);

    assert_text(event, "cause", cause);
    json_decref(event);
}

static void test_reject_is_heard(void)
{
    FakeHandle *alice, *phone, *tablet;
    json_t *event;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    phone = register_device("bob", "phone");
    tablet = register_device("bob", "tablet");
    expect_ok(initiate(alice, "bob", "CALL_1"), "ringing");
    json_decref(fake_expect(phone, "call:incoming"));
    json_decref(fake_expect(tablet, "call:incoming"));
    expect_ok(fake_request(phone, json_pack("{s:s, s:s, s:s}", "request", "call:reject", "callId",
                                            "CALL_1", "reason", "User declined")),
              "rejected");
    event = fake_expect(alice, "call:rejected");
    assert_text(event, "reason", "User declined");
    assert_text(event, "callId", "CALL_1");
    g_assert_true(json_is_integer(json_object_get(event, "timestamp")));
    json_decref(event);
    expect_event(tablet, "call:ended", "declined_elsewhere");
    g_assert_cmpuint(fake_waiting(phone, NULL), ==, 0);
    leave(alice);
    leave(phone);
    leave(tablet);
    fake_janus_stop();
}

static void test_log_says_what_the_guide_looks_for(void)
{
    FakeHandle *alice, *bob;
    g_autofree char *log = NULL;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    expect_ok(initiate(alice, "bob", "CALL_1"), "ringing");
    json_decref(fake_request(bob, json_pack("{s:s, s:s, s:s}", "request", "call:reject", "callId",
                                            "CALL_1", "reason", "no\n[ERR] forged \x1b[31m")));
    json_decref(fake_expect(alice, "call:rejected"));
    expect_ok(initiate(alice, "bob", "CALL_2"), "ringing");
    leave(alice);
    expect_ok(ask(bob, "call:reject", "CALL_2"), "rejected");
    log = fake_janus_log();
    g_assert_nonnull(strstr(
        log, "Received call:reject from receiver (callId CALL_1, reason no\\x0A[ERR] forged "));
    g_assert_null(strstr(log, "\x1b[31m"));
    g_assert_nonnull(strstr(log, "Sent call:rejected to caller (callId CALL_1"));
    g_assert_nonnull(strstr(log, "Caller alice is offline (callId CALL_2"));
    leave(bob);
    fake_janus_stop();
}

static void test_log_calls_can_be_off(void)
{
    FakeHandle *alice, *bob;
    g_autofree char *log = NULL;

    g_assert_true(fake_janus_start("general: { auth = \"open\"; log_calls = false }"));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    expect_ok(initiate(alice, "bob", "CALL_1"), "ringing");
    expect_ok(ask(bob, "call:reject", "CALL_1"), "rejected");
    log = fake_janus_log();
    g_assert_null(strstr(log, "CALL_1"));
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

static void test_event_handlers_are_told(void)
{
    FakeHandle *alice, *bob;
    const json_t *fact;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    expect_ok(initiate(alice, "bob", "CALL_1"), "ringing");
    g_assert_cmpuint(fake_janus_facts(), ==, 1);
    assert_text(fake_janus_last_fact(), "event", "call.ringing");
    expect_ok(ask(bob, "call:accept", "CALL_1"), "accepted");
    expect_ok(ask(bob, "call:end", "CALL_1"), "ended");
    g_assert_cmpuint(fake_janus_facts(), ==, 3);
    fact = fake_janus_last_fact();
    assert_text(fact, "event", "call.ended");
    assert_text(json_object_get(fact, "record"), "endedBy", "bob");
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

static void test_media_on_this_handle_is_closed(void)
{
    FakeHandle *alice;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    json_decref(fake_request_with_jsep(
        alice, json_pack("{s:s, s:s}", "request", "call:initiate", "calleeId", "bob")));
    g_assert_cmpuint(fake_janus_closed_pcs(), ==, 1);
    leave(alice);
    fake_janus_stop();
}

static void test_query_tells_the_device(void)
{
    FakeHandle *alice = NULL, *stranger;
    json_t *answer;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    stranger = fake_attach();
    answer = fake_query(alice);
    assert_text(answer, "userId", "alice");
    assert_text(answer, "deviceId", "web");
    json_decref(answer);
    answer = fake_query(stranger);
    g_assert_true(json_is_false(json_object_get(answer, "registered")));
    json_decref(answer);
    leave(alice);
    leave(stranger);
    fake_janus_stop();
}

static void test_timers_run(void)
{
    FakeHandle *alice;

    g_assert_true(fake_janus_start("timers: { ring = 200; unreachable = 100 }"));
    alice = register_device("alice", "web");
    expect_ok(initiate(alice, "nobody", "CALL_1"), "ringing");
    expect_event(alice, "call:timeout", "unreachable");
    leave(alice);
    fake_janus_stop();
}

static void test_closed_handle_gets_an_error(void)
{
    FakeHandle *alice;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    fake_detach(alice);
    g_assert_null(ask(alice, "call:get", "CALL_1"));
    g_assert_cmpint(stat_of("devices"), ==, 0);
    fake_release(alice);
    fake_janus_stop();
}

static void test_request_while_its_handle_goes_gets_an_error(void)
{
    FakeHandle *alice;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    fake_detach(alice);
    fake_release(alice);
    g_assert_null(fake_request_too_late(
        alice, json_pack("{s:s, s:s}", "request", "call:get", "callId", "C")));
    g_assert_null(
        fake_request_too_late(NULL, json_pack("{s:s, s:s}", "request", "call:get", "callId", "C")));
    fake_janus_stop();
}

static void test_requests_after_the_end_get_an_error(void)
{
    FakeHandle *alice;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    fake_janus_destroy_plugin();
    g_assert_null(ask(alice, "call:get", "CALL_1"));
    fake_release(alice);
    fake_janus_stop();
}

static void test_admin_message_may_be_absent(void)
{
    json_t *reply;

    g_assert_true(fake_janus_start(""));
    reply = fake_admin(NULL);
    assert_text(reply, "code", "invalid_request");
    json_decref(reply);
    reply = fake_admin(json_pack("{s:s}", "request", "call:accept"));
    assert_text(reply, "code", "unknown_request");
    json_decref(reply);
    reply = fake_admin(json_pack("{s:s, s:s}", "request", "call:end", "callId", "CALL_1"));
    assert_text(reply, "code", "call_not_found");
    json_decref(reply);
    reply = fake_admin(json_pack("{s:s, s:s}", "request", "call:reject", "callId", "CALL_1"));
    assert_text(reply, "code", "invalid_request");
    g_assert_nonnull(strstr(json_string_value(json_object_get(reply, "error")), "userId"));
    json_decref(reply);
    fake_janus_stop();
}

static void test_backend_starts_and_ends_a_call(void)
{
    FakeHandle *alice, *bob;
    json_t *reply, *event;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    reply = fake_admin(json_pack("{s:s, s:s, s:s, s:s}", "request", "call:initiate", "userId",
                                 "alice", "deviceId", "web", "calleeId", "bob"));
    assert_text(reply, "status", "ringing");
    event = fake_expect(alice, "call:outgoing");
    assert_text(event, "calleeId", "bob");
    json_decref(event);
    json_decref(fake_expect(bob, "call:incoming"));
    event =
        fake_admin(json_pack("{s:s, s:s, s:O, s:s}", "request", "call:reject", "userId", "bob",
                             "callId", json_object_get(reply, "callId"), "reason", "by button"));
    expect_ok(event, "rejected");
    json_decref(reply);
    expect_event(alice, "call:rejected", "declined");
    expect_event(bob, "call:ended", "declined_elsewhere");
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

/* The store is not told that a device rings, nor that one is away; the revision says so all the same. */
static void test_history_knows_the_present_revision(void)
{
    FakeHandle *alice, *bob;
    json_t *reply, *listed;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    json_decref(initiate(alice, "bob", "C1"));
    json_decref(fake_expect(bob, "call:incoming"));
    expect_ok(ask(bob, "call:ringing", "C1"), "ringing");
    json_decref(fake_expect(alice, "call:ringing"));
    reply = fake_request(bob, json_pack("{s:s}", "request", "call:history"));
    listed = json_array_get(json_object_get(reply, "calls"), 0);
    assert_text(listed, "callId", "C1");
    g_assert_cmpint(json_integer_value(json_object_get(listed, "rev")), ==, 2);
    json_decref(reply);
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

/* --- what a backend looks at --- */

static json_t *admin(const char *request, const char *name, const char *value)
{
    json_t *reply =
        fake_admin(json_pack("{s:s, s:s*}", "request", request, name ? name : "more", value));

    g_assert_nonnull(reply);
    return reply;
}

static json_t *first_of(const json_t *reply, const char *list)
{
    json_t *first = json_array_get(json_object_get(reply, list), 0);

    g_assert_nonnull(first);
    return first;
}

static void test_backend_sees_who_is_there(void)
{
    FakeHandle *alice, *bob;
    json_t *reply;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    reply = fake_admin(json_pack("{s:s, s:i}", "request", "users", "limit", 1));
    assert_text(first_of(reply, "users"), "userId", "alice");
    assert_text(first_of(first_of(reply, "users"), "devices"), "deviceId", "web");
    assert_text(first_of(first_of(reply, "users"), "devices"), "state", "connected");
    json_decref(fake_admin(
        json_pack("{s:s, s:O}", "request", "users", "after", json_object_get(reply, "next"))));
    json_decref(reply);
    reply = admin("users", "after", "no cursor");
    assert_text(reply, "code", "invalid_request");
    json_decref(reply);
    reply = admin("user", NULL, NULL);
    assert_text(reply, "error", "userId: is required");
    json_decref(reply);
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

static void assert_traced(const json_t *reply, gsize place, const char *what)
{
    assert_text(json_array_get(json_object_get(reply, "trace"), place), "what", what);
}

static void test_backend_sees_calls_and_their_time_lines(void)
{
    FakeHandle *alice, *bob;
    json_t *reply;

    g_assert_true(fake_janus_start(""));
    alice = register_device("alice", "web");
    bob = register_device("bob", "phone");
    json_decref(initiate(alice, "bob", "C1"));
    json_decref(fake_expect(bob, "call:incoming"));
    expect_ok(ask(bob, "call:ringing", "C1"), "ringing");
    json_decref(fake_expect(alice, "call:ringing"));
    reply = admin("calls", NULL, NULL);
    assert_text(first_of(reply, "calls"), "callId", "C1");
    assert_text(first_of(reply, "calls"), "callerDevice", "web");
    g_assert_cmpint(json_integer_value(json_object_get(first_of(reply, "calls"), "expiresInMs")), >,
                    40000);
    json_decref(reply);
    reply = admin("user", "userId", "bob");
    assert_text(first_of(reply, "calls"), "callId", "C1");
    assert_text(first_of(reply, "devices"), "deviceId", "phone");
    json_decref(reply);
    expect_ok(ask(bob, "call:reject", "C1"), "rejected");
    json_decref(fake_expect(alice, "call:rejected"));
    reply = fake_admin(
        json_pack("{s:s, s:s, s:s}", "request", "call:trace", "callId", "C1", "callerId", "alice"));
    assert_text(reply, "status", "rejected");
    assert_traced(reply, 0, "made");
    assert_traced(reply, 1, "rung");
    assert_traced(reply, 2, "ringing");
    assert_traced(reply, 3, "over");
    json_decref(reply);
    reply = admin("call:trace", "callId", "C2");
    assert_text(reply, "code", "call_not_found");
    json_decref(reply);
    leave(alice);
    leave(bob);
    fake_janus_stop();
}

/* Nobody listens there; what waits is counted. */
static void test_webhooks_wait_for_their_endpoint(void)
{
    FakeHandle *alice;
    json_t *reply, *push;

    g_assert_true(fake_janus_start(
        "webhooks: { endpoints = ( { name = \"main\"; url = \"http://127.0.0.1:1/\"; "
        "secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"; } ) }"));
    alice = register_device("alice", "web");
    json_decref(initiate(alice, "bob", "C1"));
    expect_ok(ask(alice, "call:end", "C1"), "cancelled");
    reply = admin("stats", NULL, NULL);
    g_assert_cmpint(
        json_integer_value(json_object_get(json_object_get(reply, "webhooks"), "waiting")), ==, 2);
    json_decref(reply);
    reply = fake_admin(
        json_pack("{s:s, s:s, s:s}", "request", "call:get", "callId", "C1", "callerId", "alice"));
    push = json_object_get(json_object_get(reply, "record"), "push");
    g_assert_true(json_is_integer(json_object_get(push, "askedAt")));
    json_decref(reply);
    leave(alice);
    fake_janus_stop();
}

static void test_open_auth_wants_a_name_and_warns(void)
{
    FakeHandle *alice;
    json_t *reply;
    g_autofree char *log = NULL;

    g_assert_true(fake_janus_start("general: { auth = \"open\" }"));
    log = fake_janus_log();
    g_assert_nonnull(strstr(log, "everybody is who they say"));
    alice = fake_attach();
    reply = fake_request(alice, json_pack("{s:s, s:s}", "request", "call:register", "token", "x"));
    assert_text(reply, "code", "invalid_request");
    assert_text(reply, "error", "userId: is required");
    json_decref(reply);
    leave(alice);
    fake_janus_stop();
}

static void test_without_a_key_it_does_not_load(void)
{
    static const char *const configurations[] = {
        "general: { }",
        "general: { auth = \"jwt\" }",
        "general: { }\nauth: { secret = \"sesame-sesame\" }",
        "general: { }\nauth: { algorithm = \"RS256\"; public_key = \"/nowhere/a.pem\" }",
    };
    static const char *const said[] = {"auth.secret", "auth.secret", "auth.secret",
                                       "/nowhere/a.pem"};

    for (guint i = 0; i < G_N_ELEMENTS(configurations); i++) {
        g_autofree char *log = NULL;

        g_assert_false(fake_janus_start(configurations[i]));
        log = fake_janus_log();
        g_assert_nonnull(strstr(log, said[i]));
        g_assert_nonnull(strstr(log, "general.auth = \"open\""));
        g_assert_null(strstr(log, "sesame"));
        fake_janus_stop();
    }
}

#define SECRET "a secret of the backend and of this server"

#define GOOD "{\"sub\":\"dora\",\"exp\":9999999999}"
#define BAD_AUD "token: its aud is not the one that is configured"

static FakeHandle *register_by(const char *payload, const char *code, const char *error)
{
    FakeHandle *handle = fake_attach();
    g_autofree char *token = token_sign("{\"alg\":\"HS256\"}", payload, SECRET, strlen(SECRET));
    json_t *reply = fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                                   "token", token, "displayName", "Mallory"));

    assert_text(reply, "code", code);
    assert_text(reply, "error", error);
    json_decref(reply);
    return handle;
}

static void test_token_says_who_it_is(void)
{
    FakeHandle *alice, *bob, *nobody;
    json_t *event;
    g_autofree char *log = NULL;

    g_assert_true(fake_janus_start("general: { }\nauth: { secret = \"" SECRET "\" }"));
    alice = register_by("{\"sub\":\"alice\",\"name\":\"Alice A.\",\"device\":\"web\","
                        "\"exp\":9999999999}",
                        NULL, NULL);
    bob = register_by("{\"sub\":42,\"exp\":9999999999}", NULL, NULL);
    nobody = register_by("{\"sub\":\"carol\",\"exp\":1}", "token_expired", "token: has expired");
    expect_ok(initiate(alice, "42", "CALL_1"), "ringing");
    event = fake_expect(bob, "call:incoming");
    assert_text(event, "callerId", "alice");
    assert_text(event, "callerName", "Alice A.");
    json_decref(event);
    log = fake_janus_log();
    g_assert_null(strstr(log, "a secret of"));
    g_assert_null(strstr(log, "eyJ"));
    leave(alice);
    leave(bob);
    leave(nobody);
    fake_janus_stop();
}

/* An answer to `reload`; the code is that of a refusal, or NULL. */
static void expect_reload(const char *code, const char *said)
{
    json_t *reply = fake_admin(json_pack("{s:s}", "request", "reload"));

    assert_text(reply, "call", code ? "error" : "success");
    assert_text(reply, "request", "reload");
    assert_text(reply, "code", code);
    if (said)
        g_assert_nonnull(strstr(json_string_value(json_object_get(reply, "error")), said));
    g_assert_null(strstr(json_string_value(json_object_get(reply, "error")) ?: "", "a secret of"));
    json_decref(reply);
}

static void test_reload_reads_the_section_again(void)
{
    FakeHandle *before, *after;

    g_assert_true(fake_janus_start("general: { }\nauth: { secret = \"" SECRET "\" }"));
    before = register_by(GOOD, NULL, NULL);
    expect_reload(NULL, NULL);
    leave(register_by(GOOD, NULL, NULL));
    fake_janus_rewrite("general: { }\nauth: { secret = \"" SECRET "\"; audience = \"calls\" }");
    expect_reload(NULL, NULL);
    after = register_by(GOOD, "unauthorized", BAD_AUD);
    fake_janus_rewrite("general: { }\nauth: { secret = \"a secret of\" }");
    expect_reload("internal", "auth.secret: a secret for HS256 must have at least 32 bytes");
    fake_janus_rewrite("general: { }\nauth: { secret = ");
    expect_reload("internal", "syntax error");
    fake_janus_rewrite("general: { auth = \"open\" }");
    expect_reload("internal", "restart");
    leave(register_by(GOOD, "unauthorized", BAD_AUD));
    g_assert_cmpint(stat_of("devices"), ==, 1);
    leave(before);
    leave(after);
    fake_janus_stop();
}

static void test_open_cannot_become_jwt(void)
{
    g_assert_true(fake_janus_start("general: { auth = \"open\" }"));
    expect_reload(NULL, NULL);
    fake_janus_rewrite("general: { }\nauth: { secret = \"" SECRET "\" }");
    expect_reload("internal", "restart");
    fake_janus_stop();
}

static void test_bad_configuration_does_not_load(void)
{
    g_autofree char *log = NULL;

    g_assert_false(fake_janus_start("timers: { ring = 5 }"));
    log = fake_janus_log();
    g_assert_nonnull(strstr(log, "timers.ring"));
    g_assert_nonnull(strstr(log, "does not load"));
    fake_janus_stop();
}

static void test_unknown_key_is_a_line(void)
{
    g_autofree char *log = NULL;

    g_assert_true(fake_janus_start("general: { auth = \"open\"; colour = \"blue\" }"));
    log = fake_janus_log();
    g_assert_nonnull(strstr(log, "colour"));
    fake_janus_stop();
}

static void test_another_janus_is_refused(void)
{
    g_autofree char *log = NULL;

    fake_janus_pretend_version(1401);
    g_assert_false(fake_janus_start(""));
    fake_janus_pretend_version(0);
    log = fake_janus_log();
    g_assert_nonnull(strstr(log, "build it again"));
    fake_janus_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugin/reject-is-heard", test_reject_is_heard);
    g_test_add_func("/plugin/log-says-what-the-guide-looks-for",
                    test_log_says_what_the_guide_looks_for);
    g_test_add_func("/plugin/log-calls-can-be-off", test_log_calls_can_be_off);
    g_test_add_func("/plugin/event-handlers-are-told", test_event_handlers_are_told);
    g_test_add_func("/plugin/media-on-this-handle-is-closed", test_media_on_this_handle_is_closed);
    g_test_add_func("/plugin/query-tells-the-device", test_query_tells_the_device);
    g_test_add_func("/plugin/timers-run", test_timers_run);
    g_test_add_func("/plugin/closed-handle-gets-an-error", test_closed_handle_gets_an_error);
    g_test_add_func("/plugin/request-while-its-handle-goes-gets-an-error",
                    test_request_while_its_handle_goes_gets_an_error);
    g_test_add_func("/plugin/requests-after-the-end-get-an-error",
                    test_requests_after_the_end_get_an_error);
    g_test_add_func("/plugin/admin-message-may-be-absent", test_admin_message_may_be_absent);
    g_test_add_func("/plugin/backend-starts-and-ends-a-call", test_backend_starts_and_ends_a_call);
    g_test_add_func("/plugin/history-knows-the-present-revision",
                    test_history_knows_the_present_revision);
    g_test_add_func("/plugin/backend-sees-who-is-there", test_backend_sees_who_is_there);
    g_test_add_func("/plugin/backend-sees-calls-and-their-time-lines",
                    test_backend_sees_calls_and_their_time_lines);
    g_test_add_func("/plugin/webhooks-wait-for-their-endpoint",
                    test_webhooks_wait_for_their_endpoint);
    g_test_add_func("/plugin/open-auth-wants-a-name-and-warns",
                    test_open_auth_wants_a_name_and_warns);
    g_test_add_func("/plugin/without-a-key-it-does-not-load", test_without_a_key_it_does_not_load);
    g_test_add_func("/plugin/token-says-who-it-is", test_token_says_who_it_is);
    g_test_add_func("/plugin/reload-reads-the-section-again", test_reload_reads_the_section_again);
    g_test_add_func("/plugin/open-cannot-become-jwt", test_open_cannot_become_jwt);
    g_test_add_func("/plugin/bad-configuration-does-not-load",
                    test_bad_configuration_does_not_load);
    g_test_add_func("/plugin/unknown-key-is-a-line", test_unknown_key_is_a_line);
    g_test_add_func("/plugin/another-janus-is-refused", test_another_janus_is_refused);
    return g_test_run();
}
