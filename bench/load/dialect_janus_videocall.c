/* Janus's stock VideoCall plugin: a call carries an offer, and a rejection is a hang-up. */
#include "janus.h"
#include "text.h"

#define PLUGIN "janus.plugin.videocall"

/* Audio only, one component: the least that the core takes. */
#define OFFER                                                                                      \
    "v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE 0\\r\\n"            \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\\r\\nc=IN IP4 0.0.0.0\\r\\na=rtcp-mux\\r\\n"                  \
    "a=ice-ufrag:abcd\\r\\na=ice-pwd:abcdefghijklmnopqrstuvwx\\r\\na=ice-options:trickle\\r\\n"    \
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"                       \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\\r\\n"                                        \
    "a=setup:actpass\\r\\na=mid:0\\r\\na=sendrecv\\r\\na=rtpmap:111 opus/48000/2\\r\\n"

static void hangup(User *user)
{
    janus_message(user, "{\"request\":\"hangup\"}");
}

/* As janus.js does: without it the PeerConnection stays for up to a second, and its owner is busy. */
static void hang_up_core(User *user)
{
    janus_send(user, "hangup", "");
}

/* A hang-up is told more than once, the last time perhaps in the next call. */
static void is_hung_up(User *user)
{
    if (user->is_told || !user_is_answered(user))
        return;
    user_heard(user, user_is_caller(user) ? HEARD_REJECTED : HEARD_ENDED, NULL);
    hang_up_core(user);
}

static void event(User *user, const char *text)
{
    if (text_is(text, "event", "registered"))
        user_is_ready(user);
    else if (text_is(text, "event", "incomingcall"))
        user_heard(user, HEARD_INCOMING, NULL);
    else if (text_is(text, "event", "hangup"))
        is_hung_up(user);
    else if (!text_is(text, "event", "calling"))
        user_complains(user, text);
}

static void receive(User *user, char *text, gsize size)
{
    (void)size;
    switch (janus_receive(user, text, PLUGIN)) {
    case JANUS_ATTACHED:
        janus_message(user, "{\"request\":\"register\",\"username\":\"%s\"}", user->name);
        break;
    case JANUS_EVENT:
        event(user, text);
        break;
    case JANUS_HANGUP:
        user_answered(user);
        break;
    case JANUS_REPLY:
    case JANUS_ACK:
    case JANUS_NOTHING:
        break;
    }
}

/* Both have a PeerConnection then, whose end each awaits. */
static void call(User *caller, const User *callee)
{
    char rest[2048];

    g_snprintf(rest, sizeof rest,
               "\"body\":{\"request\":\"call\",\"username\":\"%s\"},"
               "\"jsep\":{\"type\":\"offer\",\"sdp\":\"" OFFER "\"}",
               callee->name);
    user_asked(caller);
    janus_send(caller, "message", rest);
}

static void reject(User *callee)
{
    user_asked(callee);
    hangup(callee);
}

static void recover(User *user)
{
    hangup(user);
    hang_up_core(user);
}

const Dialect dialect_janus_videocall = {
    .name = "janus-videocall",
    .tells_both = TRUE,
    .path = JANUS_PATH,
    .subprotocol = JANUS_SUBPROTOCOL,
    .state_size = sizeof(JanusState),
    .open = janus_open,
    .receive = receive,
    .call = call,
    .reject = reject,
    .keep_alive = janus_keep_alive,
    .recover = recover,
};
