/* What the listener offers to the protocols that are spoken over it (call.v1, Socket.IO), and what
 * a protocol has to be.
 *
 * Three things that come and go by themselves: a Link is one WebSocket, an Exchange one HTTP
 * request, a Client what the hub knows as one address, at which a device may register. In call.v1
 * each Link has one Client; in Socket.IO a session has Clients and outlives its Links and
 * Exchanges.
 *
 * Everything here is for the listener's thread, on which all of a protocol's functions are called,
 * with one exception: ClientOps.write. Nothing of it may block. No function below calls back into
 * the protocol before it returns, but client_request() and client_close() of others may (say so). */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "listener/listener.h"
#include "wire/body.h"

typedef struct Link Link;
typedef struct Exchange Exchange;
typedef struct Client Client;

typedef struct {
    /* A WebSocket offers these sub-protocols; this one speaks here. NULL: WebSockets that offer
     * none. */
    const char *subprotocol;
    /* Only under this path ("/socket.io/"); NULL: under any that no other protocol has. */
    const char *path;

    /* The protocol's own state, and its end: all Links and Exchanges are closed by then, and the
     * Clients that are left are to be closed. Either may be NULL. */
    gpointer (*start)(Listener *listener);
    void (*stop)(gpointer self);

    /* A WebSocket is open. FALSE closes it (after link_close(), with that). */
    gboolean (*opened)(gpointer self, Link *link);
    /* A whole text message, valid UTF-8, NUL-terminated, of at most message.bytes. It may be
     * changed: it is the protocol's until it returns. */
    void (*text)(Link *link, char *text, gsize length);
    /* It is gone; the Link is freed when this returns. Called once after `opened` gave TRUE. */
    void (*closed)(Link *link);

    /* An HTTP request under `path` is whole. The protocol answers it with exchange_answer(), now or
     * later. NULL: there is nothing here (404). */
    void (*asked)(gpointer self, Exchange *exchange);
    /* It went away before it was answered; the Exchange is freed when this returns. */
    void (*abandoned)(Exchange *exchange);

    /* About ten times a second. NULL is fine. */
    void (*tick)(gpointer self, gint64 now_us);
} Protocol;

/* --- Link --- */

void link_set_owner(Link *link, gpointer owner);
gpointer link_owner(const Link *link);
Listener *link_listener(const Link *link);
/* A parameter of the address's query, decoded; NULL when it is not there. Only in `opened`. Owned by
 * the caller. */
char *link_query(const Link *link, const char *name);
/* Sends one text message; what the socket does not take now waits, up to max_waiting_bytes: a socket
 * for which more would wait is closed (`closed` is called later). */
void link_send(Link *link, const char *text, gsize length);
/* The same of a text made of two parts. */
void link_send_two(Link *link, const char *head, gsize head_length, const char *text, gsize length);
/* The same for what nobody waits for at this very moment, as a reply: while the loop is busy it may wait
 * for up to 2 ms, so that it goes out with something else. */
void link_send_lazily(Link *link, const char *head, gsize head_length, const char *text,
                      gsize length);
/* Sends what waits, then a close frame; `closed` is called later. `reason` is static, at most 120
 * bytes. No more `text` comes. */
void link_close(Link *link, guint code, const char *reason);
/* Ends it at once, as one that does not read; `closed` is called later. */
void link_drop(Link *link);
/* It has shown who it is: register_timeout is over. (Without that it is closed in time.) */
void link_settle(Link *link);
/* In `closed`: the client closed it, with a close frame; else it broke off. */
gboolean link_has_said_farewell(const Link *link);
/* What waits to be sent, in bytes. */
gsize link_waiting(const Link *link);
/* Whether to read from it; a Link begins TRUE. */
void link_read(Link *link, gboolean is_wanted);

/* --- Exchange --- */

void exchange_set_owner(Exchange *exchange, gpointer owner);
gpointer exchange_owner(const Exchange *exchange);
Listener *exchange_listener(const Exchange *exchange);
/* The IP address that it comes from; owned by the caller. */
char *exchange_address(const Exchange *exchange);
/* "GET", "POST", "OPTIONS"; others are for the protocol to refuse, their body is not read. Static. */
const char *exchange_method(const Exchange *exchange);
/* As link_query(), also later. */
char *exchange_query(const Exchange *exchange, const char *name);
/* The body, NUL-terminated, of at most message.bytes; it is not checked for UTF-8. */
const char *exchange_body(const Exchange *exchange, gsize *length);
/* Answers, once; the Exchange is not to be used any more. The headers that pages of other origins
 * need are added where the origin is allowed (it was: others never get here). */
void exchange_answer(Exchange *exchange, guint status, const char *content_type, const char *body,
                     gsize length);

/* --- Client --- */

typedef struct {
    /* The text of an event as this protocol has it, without what depends on the client. Called by
     * any thread; several clients share the text. Owned by the caller (g_free()). */
    char *(*write)(const Message *message, const JoinSettings *join, gsize *length);
    /* An event, in the order of the hub. May be called within client_request() of this or of another
     * client. */
    void (*event)(Client *client, const char *text, gsize length);
    /* What came of a request; may be called within client_request(). The protocol writes the reply of
     * docs/protocol.md, with these settings. `tag` as it was given. This or `refused` is called once for
     * each request, but not after client_close(): then the tag is only freed. */
    void (*replied)(Client *client, gpointer tag, const Reply *reply, const HubSettings *settings,
                    const JoinSettings *join);
    /* The body was not a request at all. `answer` says so, a new reference for the protocol. */
    void (*refused)(Client *client, gpointer tag, json_t *answer);
    /* Other threads made more events for it than may wait: some are lost, so end what it is on
     * (link_drop()), as with a slow reader. NULL: there is no such bound. */
    void (*overflowed)(Client *client);
    void (*free_tag)(gpointer tag); /* of what was never replied to; NULL: nothing to free */
} ClientOps;

Client *client_new(Listener *listener, const ClientOps *ops, gpointer owner);
gpointer client_owner(const Client *client);
void client_set_owner(Client *client, gpointer owner);
/* One request: the body as docs/protocol.md has it, an object. Takes it over. Requests of one client
 * are stepped in their order; replies come when they are durable, so they may overtake each other.
 */
void client_request(Client *client, Body *body, gpointer tag);
/* How many are not replied to yet. Beyond max_unanswered a protocol should not read more
 * (link_read()). */
guint client_unanswered(const Client *client);
/* Whether the hub has a device of it now: one whose token is over is gone when it is in no call. Asks
 * the service. */
gboolean client_has_device(const Client *client);
/* The connection is over: its device goes into grace. Nothing is called for it any more. */
void client_close(Client *client);

/* --- Listener --- */

const ListenerOptions *listener_options(const Listener *listener);
Service *listener_service(const Listener *listener);
/* The protocol's own state, as its `start` gave it. */
gpointer listener_protocol_self(const Listener *listener, const Protocol *protocol);
/* It ends: Exchanges that are held should be answered (Links are closed by the server). */
gboolean listener_is_stopping(const Listener *listener);
/* Counts one more of what `faulty` counts. */
void listener_count_fault(Listener *listener);

/* The protocols there are; a new one is a row in server.c. */
extern const Protocol plain_protocol; /* call.v1 */
