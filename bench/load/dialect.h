#pragma once
/* How the generator speaks with one kind of server. A dialect is a table of functions in a file of its own; what it is asked
 * for it says in its server's words, and what it hears it tells the play. */
#include <glib.h>

#include "websocket.h"

typedef struct User User;
typedef struct Pair Pair;
typedef struct Play Play;
typedef struct Dialect Dialect;

/* A device: one connection to the server. */
struct User {
    Play *play;
    Pair *pair; /* NULL: does nothing but be there */
    guint number;
    char name[24];   /* the user's: devices of a group share it */
    char device[24]; /* nobody else's */
    union {
        WebSocket websocket;
        Socket datagram;
    } link;
    gpointer state; /* the dialect's: state_size bytes of zeros at first */
    guint awaited;  /* replies that it has asked for and not had */
    gboolean is_ready;
    gboolean is_told; /* of the call's end, in this call */
    gint64 sent_ns;   /* when it last sent something */
};

typedef enum {
    HEARD_INCOMING, /* the callee's device rings */
    HEARD_ACCEPTED, /* the caller's device was told */
    HEARD_REJECTED, /* the caller's device was told; of a ping, that it was answered */
    HEARD_ENDED,    /* a device was told that the call is over, or not its any more */
} Heard;

struct Dialect {
    const char *name;
    gboolean is_datagram; /* UDP; else WebSocket */
    gboolean is_ping;     /* a call is one request and its answer */
    /* The rejecting device hears of the end too, and so do both when a call is ended. */
    gboolean tells_both;
    const char *path;
    const char *subprotocol;
    gsize state_size;

    /* The connection is there: begin to register. */
    void (*open)(User *user);
    /* One message of the server. `text` ends with a NUL that is not counted, and is the dialect's until it returns. */
    void (*receive)(User *user, char *text, gsize size);
    void (*call)(User *caller, const User *callee);
    void (*reject)(User *callee);
    void (*accept)(User *callee);   /* NULL: it cannot */
    void (*end)(User *user);        /* NULL: it cannot */
    void (*keep_alive)(User *user); /* NULL: there is no need */
    /* After a call that was lost: makes both free for the next one. NULL: there is no need. */
    void (*recover)(User *user);
    /* Sends a request of our own protocol, an object's fields without the braces. NULL: it speaks another. */
    void (*ask)(User *user, const char *fields);
};

/* NULL: there is none of that name. */
const Dialect *dialect_find(const char *name);
/* For the help. */
const char *dialect_names(void);

extern const Dialect dialect_janus_call;
extern const Dialect dialect_janus_forward;
extern const Dialect dialect_janus_ping;
extern const Dialect dialect_janus_videocall;
extern const Dialect dialect_callv1;
extern const Dialect dialect_socketio;
extern const Dialect dialect_relay;
extern const Dialect dialect_sip;

/* For dialects: to send. */
void user_send(User *user, const char *text, gsize size);
void user_sendf(User *user, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* For those who have Dialect.ask. */
void user_ask(User *user, const char *fields);

/* For dialects: what they tell the play. */

/* It is registered and may be called. */
void user_is_ready(User *user);
/* One more reply is awaited; one has come. A call is done when none of its devices awaits any. */
void user_asked(User *user);
void user_answered(User *user);
/* `call_id`: what the message said, NULL when the server has no such thing. */
void user_heard(User *user, Heard heard, const char *call_id);
/* Something came that should not have. */
void user_complains(User *user, const char *text);

/* The id of the user's call: the caller's choice, or what was heard with HEARD_INCOMING; empty: not known yet. */
const char *user_call_id(const User *user);
/* A client's id for a new call, when clients choose; NULL when the server is to. */
const char *user_new_call_id(User *caller);
gboolean user_is_caller(const User *user);
/* Its call was answered, and is not begun anew. */
gboolean user_is_answered(const User *user);
/* Whom a rejecting device rejects. */
const char *user_caller_name(const User *callee);
/* The words of a rejection; receivers compare them. */
#define REJECT_REASON "User declined"
