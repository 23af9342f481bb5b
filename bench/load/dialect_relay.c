/* The bare relay (bench/relay.c): a name, and text passed on to another. The text is as long as our own events are. */
#include <string.h>

#include "dialect.h"
#include "text.h"

static void open_relay(User *user)
{
    user_sendf(user, "r %s", user->name);
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
    if (text[0] == 'm')
        event(user, text);
    else if (text[0] == 'a')
        user_answered(user);
    else if (size == 1 && text[0] == 'r')
        user_is_ready(user);
    else
        user_complains(user, text);
}

static void call(User *caller, const User *callee)
{
    user_new_call_id(caller);
    user_asked(caller);
    user_sendf(caller,
               "m 1 %s {\"call\":\"event\",\"event\":\"call:incoming\",\"callId\":\"%s\",\"rev\":1,"
               "\"timestamp\":1700000000000,\"callerId\":\"%s\",\"calleeId\":\"%s\",\"media\":"
               "{\"audio\":true,\"video\":false},\"mode\":\"none\",\"expiresAt\":1700000045000,"
               "\"expiresInMs\":45000}",
               callee->name, user_call_id(caller), caller->name, callee->name);
}

static void reject(User *callee)
{
    user_asked(callee);
    user_sendf(callee,
               "m 2 %s {\"call\":\"event\",\"event\":\"call:rejected\",\"callId\":\"%s\",\"rev\":2,"
               "\"timestamp\":1700000000000,\"reason\":\"" REJECT_REASON
               "\",\"cause\":\"declined\","
               "\"calleeId\":\"%s\",\"deviceId\":\"%s\"}",
               user_caller_name(callee), user_call_id(callee), callee->name, callee->device);
}

const Dialect dialect_relay = {
    .name = "relay",
    .path = "/",
    .open = open_relay,
    .receive = receive,
    .call = call,
    .reject = reject,
};
