/* Our own listener, plain: a WebSocket whose frames are the bodies of the protocol, with an id. */
#include <string.h>

#include "call_words.h"

typedef struct {
    guint id;
} PlainState;

static void ask(User *user, const char *fields)
{
    PlainState *state = user->state;

    user_sendf(user, "{%s,\"id\":%u}", fields, ++state->id);
}

static void open_plain(User *user)
{
    char fields[256];

    call_words_register(user, fields, sizeof fields);
    ask(user, fields);
}

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    if (strstr(text, "\"call\":\"event\""))
        call_words_event(user, text, NULL);
    else
        call_words_reply(user, text);
}

static void initiate(User *caller, const User *callee)
{
    char fields[256];

    call_words_initiate(caller, callee, fields, sizeof fields);
    user_asked(caller);
    ask(caller, fields);
}

static void ask_about(User *user, const char *request, const char *more)
{
    char fields[256];

    call_words_about(user, request, more, fields, sizeof fields);
    user_asked(user);
    ask(user, fields);
}

static void reject_call(User *callee)
{
    ask_about(callee, "call:reject", "\"reason\":\"" REJECT_REASON "\"");
}

static void accept_call(User *callee)
{
    ask_about(callee, "call:accept", "");
}

static void end_call(User *user)
{
    ask_about(user, "call:end", "");
}

const Dialect dialect_callv1 = {
    .name = "callv1",
    .path = "/",
    .subprotocol = "call.v1",
    .state_size = sizeof(PlainState),
    .open = open_plain,
    .receive = receive,
    .call = initiate,
    .reject = reject_call,
    .accept = accept_call,
    .end = end_call,
};
