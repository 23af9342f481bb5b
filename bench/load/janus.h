#pragma once
/* What dialects over Janus's WebSocket transport share: a session, a handle, and messages to it. */
#include "dialect.h"

#define JANUS_PATH "/"
#define JANUS_SUBPROTOCOL "janus-protocol"

typedef struct {
    guint64 session;
    guint64 handle;
    guint transaction;
} JanusState;

typedef enum {
    JANUS_ATTACHED, /* the handle is there: register */
    JANUS_REPLY,    /* the plugin's synchronous answer */
    JANUS_EVENT,    /* of the plugin */
    JANUS_ACK,      /* of the core: a keepalive was heard, an answer will follow */
    JANUS_HANGUP,   /* of the core: the PeerConnection is gone */
    JANUS_NOTHING,  /* not for the dialect */
} JanusWord;

void janus_open(User *user);
/* Reads one message, makes session and handle on its way to JANUS_ATTACHED. */
JanusWord janus_receive(User *user, const char *text, const char *plugin);
/* `rest` is what follows the transaction: `"body":{...}`. */
void janus_send(User *user, const char *word, const char *rest);
void janus_message(User *user, const char *format, ...) G_GNUC_PRINTF(2, 3);
void janus_keep_alive(User *user);
