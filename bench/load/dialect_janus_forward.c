/* The forwarding plugin (bench/peers/forward): the events of a call, passed on by it and nothing else. */
#include "event_text.h"
#include "janus.h"
#include "text.h"

#define PLUGIN "janus.plugin.forward"

static void forward(User *user, const char *to, const char *event)
{
    user_asked(user);
    janus_message(user, "{\"request\":\"forward\",\"to\":\"%s\",\"data\":%s}", to, event);
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
        event_text_heard(user, text);
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
    char event[512];

    user_new_call_id(caller);
    event_text_incoming(caller, callee, event, sizeof event);
    forward(caller, callee->name, event);
}

static void reject(User *callee)
{
    char event[512];

    event_text_rejected(callee, event, sizeof event);
    forward(callee, user_caller_name(callee), event);
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
