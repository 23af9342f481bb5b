/* notify: its threads against a server in this process, with a store in memory; also for ThreadSanitizer. What a backend can
 * do wrong is played by tests/e2e/webhooks.test.mjs. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "notify/webhooks.h"
#include "store-calls.h"
#include "store/memory.h"

/* --- a backend: one request a connection, always well unless it is told otherwise --- */

typedef struct {
    int socket;
    guint16 port;
    GThread *thread;
    GMutex lock;
    GCond changed;
    GString *heard;   /* "TYPE CALLID, ..." as the bodies say */
    guint refusals;   /* so many are answered with 500 first */
    gboolean is_deaf; /* takes the request and says nothing */
} Server;

static void read_request(int connection, GString *request)
{
    char buffer[4096];
    const char *length, *body;
    gssize got;

    while ((got = read(connection, buffer, sizeof buffer)) > 0) {
        g_string_append_len(request, buffer, got);
        body = strstr(request->str, "\r\n\r\n");
        length = strstr(request->str, "Content-Length: ");
        if (body && length &&
            strlen(body + 4) >= g_ascii_strtoull(length + strlen("Content-Length: "), NULL, 10))
            return;
    }
}

static const char *hear(Server *server, const char *request)
{
    static const char good[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    static const char bad[] = "HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    const char *body = strstr(request, "\r\n\r\n");
    const char *answer = good;

    g_mutex_lock(&server->lock);
    if (server->refusals) {
        server->refusals--;
        answer = bad;
    } else if (body) {
        g_string_append_printf(server->heard, "%s%s", server->heard->len ? ", " : "", body + 4);
    }
    if (server->is_deaf)
        answer = NULL;
    g_cond_broadcast(&server->changed);
    g_mutex_unlock(&server->lock);
    return answer;
}

/* Until the other side gives up. */
static void wait_for_the_end(int connection)
{
    char byte;

    while (read(connection, &byte, 1) > 0)
        ;
}

static gpointer serve(gpointer data)
{
    Server *server = data;
    int connection;

    while ((connection = accept(server->socket, NULL, NULL)) >= 0) {
        g_autoptr(GString) request = g_string_new(NULL);
        const char *answer;

        read_request(connection, request);
        answer = request->len ? hear(server, request->str) : NULL;
        if (answer)
            g_assert_cmpint(write(connection, answer, strlen(answer)), ==, strlen(answer));
        else
            wait_for_the_end(connection);
        close(connection);
    }
    return NULL;
}

static void server_start(Server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    *server = (Server){.socket = socket(AF_INET, SOCK_STREAM, 0), .heard = g_string_new(NULL)};
    g_mutex_init(&server->lock);
    g_cond_init(&server->changed);
    g_assert_cmpint(bind(server->socket, (struct sockaddr *)&address, length), ==, 0);
    g_assert_cmpint(listen(server->socket, 16), ==, 0);
    getsockname(server->socket, (struct sockaddr *)&address, &length);
    server->port = ntohs(address.sin_port);
    server->thread = g_thread_new("server", serve, server);
}

static void server_stop(Server *server)
{
    shutdown(server->socket, SHUT_RDWR);
    g_thread_join(server->thread);
    close(server->socket);
    g_string_free(server->heard, TRUE);
    g_cond_clear(&server->changed);
    g_mutex_clear(&server->lock);
}

static void server_wait(Server *server, const char *expected)
{
    g_mutex_lock(&server->lock);
    while (server->heard->len < strlen(expected))
        g_cond_wait(&server->changed, &server->lock);
    g_assert_cmpstr(server->heard->str, ==, expected);
    g_mutex_unlock(&server->lock);
}

/* --- the webhooks between it and a store --- */

typedef struct {
    Server server;
    Store *store;
    Webhooks *webhooks;
    GMutex lock;
    GCond changed;
    guint settled;
    guint push_answers;
    guint last_status;
} Fixture;

static void settle(gpointer data, const gint64 *ids, guint count)
{
    Fixture *fixture = data;

    fixture->store->ops->settle(fixture->store, ids, count, NULL);
    g_mutex_lock(&fixture->lock);
    fixture->settled += count;
    g_cond_broadcast(&fixture->changed);
    g_mutex_unlock(&fixture->lock);
}

static void note_answer(gpointer data, const PushAnswer *answer)
{
    Fixture *fixture = data;

    g_mutex_lock(&fixture->lock);
    fixture->push_answers++;
    fixture->last_status = answer->status;
    g_cond_broadcast(&fixture->changed);
    g_mutex_unlock(&fixture->lock);
}

static char *write_event(const char *type, const Record *record, const Push *push)
{
    return g_strdup_printf("%s %s%s", type, (const char *)record->facts->call_id,
                           push && push->is_stop ? " stop" : "");
}

static void set_up(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *url = NULL;
    EndpointOptions endpoint = {.name = "main",
                                .secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                .previous_secret = "",
                                .types = ""};
    WebhooksListener listener = {.settle = settle, .push_answered = note_answer, .data = fixture};

    g_mutex_init(&fixture->lock);
    g_cond_init(&fixture->changed);
    server_start(&fixture->server);
    endpoint.url = url = g_strdup_printf("http://127.0.0.1:%u/", fixture->server.port);
    fixture->webhooks = webhooks_new(&(WebhooksOptions){.endpoints = &endpoint,
                                                        .endpoint_count = 1,
                                                        .connect_timeout_ms = 5000,
                                                        .timeout_ms = 5000,
                                                        .retry_most_ms = 20,
                                                        .parallel = 2,
                                                        .write_event = write_event},
                                     NULL);
    fixture->store = memory_store_new(1000);
    store_announce_to(fixture->store, &webhooks_announcer, fixture->webhooks);
    webhooks_start(fixture->webhooks, fixture->store, &listener);
}

static void tear_down(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    webhooks_stop(fixture->webhooks);
    webhooks_free(fixture->webhooks);
    store_free(fixture->store);
    server_stop(&fixture->server);
    g_cond_clear(&fixture->changed);
    g_mutex_clear(&fixture->lock);
}

static void commit(Fixture *fixture, const char *id, guint rev, CallState status)
{
    put(fixture->store, CALL(.id = id, .rev = rev, .status = status));
    webhooks_backend.committed(fixture->webhooks);
}

static void wait_for_settled(Fixture *fixture, guint count)
{
    g_mutex_lock(&fixture->lock);
    while (fixture->settled < count)
        g_cond_wait(&fixture->changed, &fixture->lock);
    g_mutex_unlock(&fixture->lock);
    g_assert_cmpuint(fixture->store->ops->waiting(fixture->store), ==, 0);
}

static void push(Fixture *fixture, const char *id, gboolean is_stop)
{
    g_autoptr(Record) record = CALL(.id = id);
    Push what = {.record = record, .is_stop = is_stop, .expires_in_ms = is_stop ? 0 : 30000};

    webhooks_backend.push(fixture->webhooks, &what);
}

static void wait_for_answer(Fixture *fixture, guint status)
{
    g_mutex_lock(&fixture->lock);
    while (!fixture->push_answers)
        g_cond_wait(&fixture->changed, &fixture->lock);
    g_assert_cmpuint(fixture->last_status, ==, status);
    g_mutex_unlock(&fixture->lock);
}

static void test_in_order(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    commit(fixture, "c", 1, CALL_RINGING);
    commit(fixture, "c", 2, CALL_ACCEPTED);
    commit(fixture, "c", 3, CALL_ENDED);
    server_wait(&fixture->server, "call.ringing c, call.accepted c, call.ended c");
    wait_for_settled(fixture, 3);
}

static void test_again(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    EndpointStats stats[ENDPOINTS_MOST];

    fixture->server.refusals = 7;
    commit(fixture, "c", 1, CALL_RINGING);
    commit(fixture, "c", 2, CALL_ENDED);
    server_wait(&fixture->server, "call.ringing c, call.ended c");
    wait_for_settled(fixture, 2);
    g_assert_cmpuint(webhooks_stats(fixture->webhooks, stats), ==, 1);
    g_assert_cmpuint(stats[0].failed, ==, 7);
    g_assert_cmpuint(stats[0].delivered, ==, 2);
    g_assert_cmpstr(stats[0].health, ==, "well");
}

static void test_push_and_stop(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    push(fixture, "c", FALSE);
    wait_for_answer(fixture, 204);
    push(fixture, "c", TRUE);
    server_wait(&fixture->server, "call.push c, call.push c stop");
}

static void test_push_in_vain(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    fixture->server.refusals = 3;
    push(fixture, "c", FALSE);
    wait_for_answer(fixture, 500);
    push(fixture, "c", TRUE);
    server_wait(&fixture->server, "call.push c stop");
}

static void test_a_stop_without_a_push_is_not_sent(Fixture *fixture,
                                                   gconstpointer unused G_GNUC_UNUSED)
{
    push(fixture, "c", TRUE);
    push(fixture, "d", FALSE);
    server_wait(&fixture->server, "call.push d");
    wait_for_answer(fixture, 204);
}

/* What is under way is given up, and freed. */
static void test_stopped_in_the_middle(Fixture *fixture, gconstpointer unused G_GNUC_UNUSED)
{
    fixture->server.is_deaf = TRUE;
    push(fixture, "c", FALSE);
    server_wait(&fixture->server, "call.push c");
    commit(fixture, "c", 1, CALL_RINGING);
    commit(fixture, "d", 1, CALL_RINGING);
}

static void keep_quiet(LogLevel level G_GNUC_UNUSED, const char *line G_GNUC_UNUSED)
{
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_sink(keep_quiet);
#define ADD(path, test) g_test_add("/webhooks/" path, Fixture, NULL, set_up, test, tear_down)
    ADD("a-call-is-told-in-order", test_in_order);
    ADD("what-fails-is-told-again", test_again);
    ADD("push-and-stop", test_push_and_stop);
    ADD("push-in-vain", test_push_in_vain);
    ADD("a-stop-without-a-push-is-not-sent", test_a_stop_without_a_push_is_not_sent);
    ADD("stopped-in-the-middle", test_stopped_in_the_middle);
    return g_test_run();
}
