/* The real plugin in a fake Janus, for counting what a call costs in our code: USERS are registered, a few pairs of them spread
 * over all call and reject. Every body is made and every event taken outside of what is counted.
 *
 *   plugin_calls USERS CALLS memory|sqlite   (bench/plugin_calls.sh counts it by callgrind) */
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>

#include "fake-janus.h"

#define PAIRS 32

static FakeHandle *register_user(guint number)
{
    g_autofree char *user_id = g_strdup_printf("u%u", number);
    FakeHandle *handle = fake_attach();
    json_t *reply = fake_request(handle, json_pack("{s:s, s:s, s:s}", "request", "call:register",
                                                   "userId", user_id, "deviceId", "phone"));

    if (g_strcmp0(json_string_value(json_object_get(reply, "call")), "success") != 0)
        g_error("%s is not registered", user_id);
    json_decref(reply);
    return handle;
}

/* What is asked for while it is counted; the assembler's comment keeps it a function of its own. */
__attribute__((noinline)) static json_t *counted_request(FakeHandle *handle, json_t *body)
{
    json_t *reply = fake_request(handle, body);

    __asm__ volatile("# counted");
    return reply;
}

static void succeed(json_t *reply)
{
    if (g_strcmp0(json_string_value(json_object_get(reply, "call")), "success") != 0)
        g_error("refused: %s", json_dumps(reply, 0));
    json_decref(reply);
}

static void take(FakeHandle *handle, const char *event)
{
    json_decref(fake_expect(handle, event));
    g_ptr_array_unref(fake_take_all(handle));
}

static void call_and_reject(FakeHandle *caller, FakeHandle *callee, const char *callee_id)
{
    json_t *reply = counted_request(
        caller, json_pack("{s:s, s:s}", "request", "call:initiate", "calleeId", callee_id));
    json_t *body = json_pack("{s:s, s:O, s:s}", "request", "call:reject", "callId",
                             json_object_get(reply, "callId"), "reason", "User declined");

    succeed(reply);
    succeed(counted_request(callee, body));
    take(callee, "call:incoming");
    take(caller, "call:rejected");
}

static void play(FakeHandle *const *handles, guint users, guint calls)
{
    guint apart = users / (2 * PAIRS);

    for (guint i = 0; i < calls; i++) {
        guint caller = (i % PAIRS) * 2 * apart;
        g_autofree char *callee_id = g_strdup_printf("u%u", caller + apart);

        call_and_reject(handles[caller], handles[caller + apart], callee_id);
    }
}

static char *configuration(const char *store, const char *folder)
{
    if (strcmp(store, "memory") == 0)
        return g_strdup("general: { auth = \"open\"; log_calls = false; events = false }\n");
    return g_strdup_printf("general: { auth = \"open\"; log_calls = false; events = false }\n"
                           "store: { type = \"sqlite\"; path = \"%s/calls.sqlite\" }\n",
                           folder);
}

int main(int argc, char **argv)
{
    guint users = argc == 4 ? (guint)atoi(argv[1]) : 0;
    guint calls = argc == 4 ? (guint)atoi(argv[2]) : 0;
    g_autofree char *folder = g_dir_make_tmp("plugin-calls-XXXXXX", NULL);
    g_autofree char *text = NULL;
    g_autofree FakeHandle **handles = g_new(FakeHandle *, users + 1);

    g_test_init(&argc, &argv, NULL);
    if (users < 2 * PAIRS || calls == 0) {
        g_printerr("usage: plugin_calls USERS CALLS memory|sqlite, at least %d users\n", 2 * PAIRS);
        return 2;
    }
    text = configuration(argv[3], folder);
    if (!fake_janus_start(text))
        g_error("%s", fake_janus_log());
    for (guint i = 0; i < users; i++)
        handles[i] = register_user(i);
    play(handles, users, calls);
    for (guint i = 0; i < users; i++) {
        fake_detach(handles[i]);
        fake_release(handles[i]);
    }
    fake_janus_stop();
    g_rmdir(folder);
    return 0;
}
