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
    (void)size;
    switch (janus_receive(user, text, PLUGIN)) {
    case JANUS_ATTACHED:
        call_words_register(user);
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

const Dialect dialect_janus_call = {
    .name = "janus-call",
    .path = JANUS_PATH,
    .subprotocol = JANUS_SUBPROTOCOL,
    .state_size = sizeof(JanusState),
    .open = janus_open,
    .receive = receive,
    .call = call_words_initiate,
    .reject = call_words_reject,
    .accept = call_words_accept,
    .end = call_words_end,
    .keep_alive = janus_keep_alive,
    .ask = ask,
};
