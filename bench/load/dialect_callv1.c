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

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    if (strstr(text, "\"call\":\"event\""))
        call_words_event(user, text, NULL);
    else
        call_words_reply(user, text);
}

const Dialect dialect_callv1 = {
    .name = "callv1",
    .path = "/",
    .subprotocol = "call.v1",
    .state_size = sizeof(PlainState),
    .open = call_words_register,
    .receive = receive,
    .call = call_words_initiate,
    .reject = call_words_reject,
    .accept = call_words_accept,
    .end = call_words_end,
    .ask = ask,
};
