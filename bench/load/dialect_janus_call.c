/* Our plugin, through Janus's WebSocket transport. */
#include "call_words.h"
#include "janus.h"

#define PLUGIN "janus.plugin.call"

static void ask(User *user, const char *fields)
{
    janus_message(user, "{%s}", fields);
}

static void receive(User *user, char *text, gsize size)
{
    char fields[256];

    (void)size;
    switch (janus_receive(user, text, PLUGIN)) {
    case JANUS_ATTACHED:
        call_words_register(user, fields, sizeof fields);
        ask(user, fields);
        break;
    case JANUS_REPLY:
        call_words_reply(user, text);
        break;
    case JANUS_EVENT:
        call_words_event(user, text, NULL);
        break;
    case JANUS_ACK:
    case JANUS_HANGUP:
    case JANUS_NOTHING:
        break;
    }
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

const Dialect dialect_janus_call = {
    .name = "janus-call",
    .path = JANUS_PATH,
    .subprotocol = JANUS_SUBPROTOCOL,
    .state_size = sizeof(JanusState),
    .open = janus_open,
    .receive = receive,
    .call = initiate,
    .reject = reject_call,
    .accept = accept_call,
    .end = end_call,
    .keep_alive = janus_keep_alive,
};
