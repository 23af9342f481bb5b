/* Socket.IO 5 over Engine.IO 4, WebSocket only, as the users' app speaks it: to their own server, or to our listener. Nothing is
 * acknowledged, as in their document. */
#include <string.h>

#include "dialect.h"
#include "text.h"

#define EVENT "42[\""

static void open_nothing(User *user)
{
    (void)user;
}

static void say_who(User *user)
{
    user_sendf(user, "40{\"userId\":\"%s\",\"deviceId\":\"%s\"}", user->name, user->device);
}

/* An id before it asks for an acknowledgement, which apps do not give unless they mean to. */
static const char *event_name(const char *text)
{
    if (!g_str_has_prefix(text, "42"))
        return NULL;
    text += 2 + strspn(text + 2, "0123456789");
    return g_str_has_prefix(text, "[\"") ? text + 2 : NULL;
}

static void event(User *user, const char *name, const char *text)
{
    char call_id[80];

    if (!text_string(text, "callId", call_id, sizeof call_id))
        user_complains(user, text);
    else if (g_str_has_prefix(name, "call:incoming\""))
        user_heard(user, HEARD_INCOMING, call_id);
    else if (g_str_has_prefix(name, "call:rejected\"") && text_is(text, "reason", REJECT_REASON))
        user_heard(user, HEARD_REJECTED, call_id);
    else if (g_str_has_prefix(name, "call:accepted\""))
        user_heard(user, HEARD_ACCEPTED, call_id);
    else if (g_str_has_prefix(name, "call:ended\""))
        user_heard(user, HEARD_ENDED, call_id);
    else
        user_complains(user, text);
}

static void receive(User *user, char *text, gsize size)
{
    const char *name = event_name(text);

    (void)size;
    if (name)
        event(user, name, text);
    else if (text[0] == '2')
        user_send(user, "3", 1);
    else if (text[0] == '0')
        say_who(user);
    else if (g_str_has_prefix(text, "40"))
        user_is_ready(user);
    else
        user_complains(user, text);
}

static void initiate(User *caller, const User *callee)
{
    user_new_call_id(caller);
    user_sendf(caller,
               EVENT
               "call:initiate\",{\"callId\":\"%s\",\"receiverId\":\"%s\",\"callType\":\"audio\"}]",
               user_call_id(caller), callee->name);
}

static void reject_call(User *callee)
{
    user_sendf(callee, EVENT "call:reject\",{\"callId\":\"%s\",\"reason\":\"" REJECT_REASON "\"}]",
               user_call_id(callee));
}

static void accept_call(User *callee)
{
    user_sendf(callee, EVENT "call:accept\",{\"callId\":\"%s\"}]", user_call_id(callee));
}

static void end_call(User *user)
{
    user_sendf(user, EVENT "call:end\",{\"callId\":\"%s\"}]", user_call_id(user));
}

const Dialect dialect_socketio = {
    .name = "socketio",
    .path = "/socket.io/?EIO=4&transport=websocket",
    .open = open_nothing,
    .receive = receive,
    .call = initiate,
    .reject = reject_call,
    .accept = accept_call,
    .end = end_call,
};
