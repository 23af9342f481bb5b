/* The bare relay (bench/relay.c): a name, and text passed on to another. */
#include "event_text.h"

static void open_relay(User *user)
{
    user_sendf(user, "r %s", user->name);
}

static void receive(User *user, char *text, gsize size)
{
    if (text[0] == 'm')
        event_text_heard(user, text);
    else if (text[0] == 'a')
        user_answered(user);
    else if (size == 1 && text[0] == 'r')
        user_is_ready(user);
    else
        user_complains(user, text);
}

static void call(User *caller, const User *callee)
{
    char event[512];

    user_new_call_id(caller);
    event_text_incoming(caller, callee, event, sizeof event);
    user_asked(caller);
    user_sendf(caller, "m 1 %s %s", callee->name, event);
}

static void reject(User *callee)
{
    char event[512];

    event_text_rejected(callee, event, sizeof event);
    user_asked(callee);
    user_sendf(callee, "m 2 %s %s", user_caller_name(callee), event);
}

const Dialect dialect_relay = {
    .name = "relay",
    .path = "/",
    .open = open_relay,
    .receive = receive,
    .call = call,
    .reject = reject,
};
