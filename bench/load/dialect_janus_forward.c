/* The forwarding plugin (bench/peers/forward): the same messages as a call's, passed on and nothing else. */
#include <string.h>

#include "janus.h"
#include "text.h"

#define PLUGIN "janus.plugin.forward"

static void forward(User *user, const char *to, const char *event, const char *more)
{
    user_asked(user);
    janus_message(
        user,
        "{\"request\":\"forward\",\"to\":\"%s\",\"data\":{\"event\":\"%s\",\"callId\":\"%s\"%s%s}}",
        to, event, user_call_id(user), *more ? "," : "", more);
}

static void reply(User *user, const char *text)
{
    if (!text_is(text, "forward", "success"))
        user_complains(user, text);
    else if (user->is_ready)
        user_answered(user);
    else
        user_is_ready(user);
}

static void event(User *user, const char *text)
{
    char call_id[80];

    if (!text_string(text, "callId", call_id, sizeof call_id))
        user_complains(user, text);
    else if (text_is(text, "event", "call:incoming"))
        user_heard(user, HEARD_INCOMING, call_id);
    else if (text_is(text, "event", "call:rejected") && text_is(text, "reason", REJECT_REASON))
        user_heard(user, HEARD_REJECTED, call_id);
    else
        user_complains(user, text);
}

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    switch (janus_receive(user, text, PLUGIN)) {
    case JANUS_ATTACHED:
        janus_message(user, "{\"request\":\"register\",\"id\":\"%s\"}", user->name);
        break;
    case JANUS_REPLY:
        reply(user, text);
        break;
    case JANUS_EVENT:
        event(user, text);
        break;
    case JANUS_ACK:
    case JANUS_HANGUP:
    case JANUS_NOTHING:
        break;
    }
}

/* It makes no ids: the caller does, as long as ours are. */
static void call(User *caller, const User *callee)
{
    user_new_call_id(caller);
    forward(caller, callee->name, "call:incoming", "\"media\":{\"audio\":true,\"video\":false}");
}

static void reject(User *callee)
{
    forward(callee, user_caller_name(callee), "call:rejected", "\"reason\":\"" REJECT_REASON "\"");
}

const Dialect dialect_janus_forward = {
    .name = "janus-forward",
    .path = JANUS_PATH,
    .subprotocol = JANUS_SUBPROTOCOL,
    .state_size = sizeof(JanusState),
    .open = janus_open,
    .receive = receive,
    .call = call,
    .reject = reject,
    .keep_alive = janus_keep_alive,
};
