/* The Janus core's own answer to a keepalive: the way of a message without any plugin. A handle of the forwarding plugin is
 * attached and not used, so that its users are what any plugin's users are at the least. */
#include "janus.h"

#define PLUGIN "janus.plugin.forward"

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    switch (janus_receive(user, text, PLUGIN)) {
    case JANUS_ATTACHED:
        user_is_ready(user);
        break;
    case JANUS_ACK:
        user_heard(user, HEARD_REJECTED, NULL);
        break;
    case JANUS_REPLY:
    case JANUS_EVENT:
    case JANUS_HANGUP:
    case JANUS_NOTHING:
        break;
    }
}

static void call(User *caller, const User *callee)
{
    (void)callee;
    janus_keep_alive(caller);
}

const Dialect dialect_janus_ping = {
    .name = "janus-ping",
    .is_ping = TRUE,
    .path = JANUS_PATH,
    .subprotocol = JANUS_SUBPROTOCOL,
    .state_size = sizeof(JanusState),
    .open = janus_open,
    .receive = receive,
    .call = call,
};
