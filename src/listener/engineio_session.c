#include "listener/engineio_session.h"

#include <string.h>

/* How often a poll that comes during an upgrade is let go, until the client has paused. */
#define NOOP_US G_GINT64_CONSTANT(100000)
/* How long a client has to show by itself that it is there. */
#define PROOF_US G_GINT64_CONSTANT(100000)
/* A request that was sent before another may come so much later. */
#define CROSSING_US G_GINT64_CONSTANT(1000000)
#define NEVER G_MAXINT64

typedef enum {
    IS_OPEN,
    IS_CLOSING, /* closed for those above; a client that polls has not been told yet */
    IS_CLOSED,
} Life;

struct EngineIoSession {
    const EngineIoSettings *settings;
    char *sid;
    Life life;
    gpointer socket;           /* the transport; NULL while it polls */
    gpointer poll;             /* the GET that is held; NULL when there is none */
    gpointer probe;            /* a WebSocket that wants to become the transport; NULL: none */
    gboolean is_probing;       /* it has said so */
    gboolean has_left_polling; /* or never polled */
    GString *waiting;          /* a payload for the next poll; NULL when empty */

    gint64 heard_us;
    gint64 ping_us;   /* the next ping; NEVER while a pong is waited for */
    gint64 pong_us;   /* when the pong is late; NEVER while none is waited for */
    gint64 probe_us;  /* when the probe has taken too long */
    gint64 noop_us;   /* when the poll is let go during an upgrade */
    gint64 linger_us; /* when a closed session is forgotten */
    gint64 asked_us;  /* since when proof is wanted; 0: it is not */
};

/* --- outputs --- */

static void clear_output(gpointer output)
{
    g_free(((EngineIoOutput *)output)->text);
}

GArray *engineio_outputs_new(void)
{
    GArray *outputs = g_array_new(FALSE, FALSE, sizeof(EngineIoOutput));

    g_array_set_clear_func(outputs, clear_output);
    return outputs;
}

EngineIoOutput *engineio_output(const GArray *outputs, guint i)
{
    return &g_array_index(outputs, EngineIoOutput, i);
}

static void put(GArray *outputs, EngineIoOutput output)
{
    g_array_append_val(outputs, output);
}

/* Takes over the text. */
static void put_text(GArray *outputs, EngineIoDo what, gpointer on, GString *text)
{
    gsize length = text->len;

    put(outputs, (EngineIoOutput){
                     .what = what,
                     .on = on,
                     .status = 200,
                     .text = g_string_free(text, FALSE),
                     .length = length,
                 });
}

static void put_packet(GArray *outputs, EngineIoDo what, gpointer on, EngineIoType type,
                       const char *data, gsize length)
{
    GString *text = g_string_sized_new(length + 2);

    engineio_append(text, type, data, length);
    put_text(outputs, what, on, text);
}

static void refuse(GArray *outputs, gpointer request, EngineIoError error)
{
    const char *body = engineio_error_body(error);

    put(outputs, (EngineIoOutput){
                     .what = ENGINEIO_DO_ANSWER,
                     .on = request,
                     .status = engineio_error_status(error),
                     .text = g_strdup(body),
                     .length = strlen(body),
                 });
}

static void drop(GArray *outputs, gpointer *socket)
{
    if (*socket)
        put(outputs, (EngineIoOutput){.what = ENGINEIO_DO_DROP, .on = *socket});
    *socket = NULL;
}

/* --- what waits for a poll --- */

static void wait_for_poll(EngineIoSession *session, EngineIoType type, const char *data,
                          gsize length)
{
    if (!session->waiting)
        session->waiting = g_string_sized_new(length + 2);
    engineio_append(session->waiting, type, data, length);
}

static void answer_poll(EngineIoSession *session, GArray *outputs)
{
    if (!session->poll || !session->waiting)
        return;
    put_text(outputs, ENGINEIO_DO_ANSWER, g_steal_pointer(&session->poll),
             g_steal_pointer(&session->waiting));
    session->noop_us = NEVER;
}

static void let_poll_go(EngineIoSession *session, GArray *outputs)
{
    if (!session->poll)
        return;
    if (!session->waiting)
        wait_for_poll(session, ENGINEIO_NOOP, NULL, 0);
    answer_poll(session, outputs);
}

static void forget_waiting(EngineIoSession *session)
{
    if (session->waiting)
        g_string_free(g_steal_pointer(&session->waiting), TRUE);
}

/* --- the end --- */

static void end_probe(EngineIoSession *session, GArray *outputs)
{
    drop(outputs, &session->probe);
    session->is_probing = FALSE;
    session->probe_us = NEVER;
    session->noop_us = NEVER;
}

static void stop_timers(EngineIoSession *session)
{
    session->ping_us = NEVER;
    session->pong_us = NEVER;
    session->asked_us = 0;
}

static void end(EngineIoSession *session, EngineIoReason reason, GArray *outputs)
{
    gboolean is_news = session->life == IS_OPEN;

    session->life = IS_CLOSED;
    end_probe(session, outputs);
    drop(outputs, &session->socket);
    stop_timers(session);
    session->linger_us = NEVER;
    if (is_news)
        put(outputs, (EngineIoOutput){.what = ENGINEIO_DO_END, .reason = reason});
}

/* The client is told by a poll that it has open. */
static void end_telling(EngineIoSession *session, EngineIoType last, EngineIoReason reason,
                        GArray *outputs)
{
    if (session->poll) {
        wait_for_poll(session, last, NULL, 0);
        answer_poll(session, outputs);
    }
    forget_waiting(session);
    end(session, reason, outputs);
}

/* The same; where no poll is open, the next one tells it, if it comes in time. */
static void end_telling_later(EngineIoSession *session, EngineIoType last, EngineIoReason reason,
                              gint64 until_us, GArray *outputs)
{
    if (session->socket || session->poll) {
        end_telling(session, last, reason, outputs);
        return;
    }
    wait_for_poll(session, last, NULL, 0);
    end_probe(session, outputs);
    stop_timers(session);
    session->life = IS_CLOSING;
    session->linger_us = until_us;
    put(outputs, (EngineIoOutput){.what = ENGINEIO_DO_END, .reason = reason});
}

void engineio_close(EngineIoSession *session, gint64 now_us, GArray *outputs)
{
    if (session->life == IS_OPEN)
        end_telling_later(session, ENGINEIO_CLOSE, ENGINEIO_CLOSED_BY_SERVER,
                          now_us + session->settings->ping_timeout_us, outputs);
}

/* --- saying something --- */

static void say(EngineIoSession *session, EngineIoType type, const char *data, gsize length,
                GArray *outputs)
{
    if (session->socket) {
        put_packet(outputs, ENGINEIO_DO_SEND, session->socket, type, data, length);
        return;
    }
    wait_for_poll(session, type, data, length);
    answer_poll(session, outputs);
    if (session->waiting && session->waiting->len > session->settings->max_waiting) {
        forget_waiting(session);
        end(session, ENGINEIO_SLOW, outputs);
    }
}

void engineio_send(EngineIoSession *session, const char *text, gsize length, GArray *outputs)
{
    if (session->life == IS_OPEN)
        say(session, ENGINEIO_MESSAGE, text, length, outputs);
}

/* --- time --- */

static void ping(EngineIoSession *session, gint64 now_us, GArray *outputs)
{
    const EngineIoSettings *settings = session->settings;
    gint64 planned_us = MIN(session->ping_us, now_us) + settings->ping_timeout_us;

    /* A ping that left late takes of the client's time, but not all of it. */
    session->pong_us = MAX(planned_us, now_us + settings->ping_timeout_us / 2);
    session->ping_us = NEVER;
    say(session, ENGINEIO_PING, NULL, 0, outputs);
}

static gint64 proof_due_us(const EngineIoSession *session)
{
    return session->asked_us ? session->asked_us + PROOF_US : NEVER;
}

/* It has said something since, or is asked. While a pong is waited for, that one has to do. */
static void look_for_proof(EngineIoSession *session, gint64 now_us, GArray *outputs)
{
    gboolean is_shown = session->heard_us >= session->asked_us;

    session->asked_us = 0;
    if (!is_shown && session->pong_us == NEVER)
        ping(session, now_us, outputs);
}

gint64 engineio_deadline(const EngineIoSession *session)
{
    gint64 deadline_us = MIN(session->ping_us, session->pong_us);

    deadline_us = MIN(deadline_us, MIN(session->probe_us, session->noop_us));
    return MIN(deadline_us, MIN(session->linger_us, proof_due_us(session)));
}

void engineio_timeout(EngineIoSession *session, gint64 now_us, GArray *outputs)
{
    if (session->linger_us <= now_us) {
        forget_waiting(session);
        end(session, ENGINEIO_CLOSED_BY_SERVER, outputs);
    }
    if (session->pong_us <= now_us)
        end_telling(session, ENGINEIO_CLOSE, ENGINEIO_PING_TIMEOUT, outputs);
    if (session->probe_us <= now_us)
        end_probe(session, outputs);
    if (session->noop_us <= now_us) {
        session->noop_us = NEVER;
        let_poll_go(session, outputs);
    }
    if (session->ping_us <= now_us)
        ping(session, now_us, outputs);
    if (proof_due_us(session) <= now_us)
        look_for_proof(session, now_us, outputs);
}

void engineio_prove(EngineIoSession *session, gint64 now_us)
{
    if (session->life == IS_OPEN)
        session->asked_us = now_us;
}

/* --- what the client says --- */

static void take_pong(EngineIoSession *session, gint64 now_us)
{
    if (session->pong_us == NEVER)
        return;
    session->pong_us = NEVER;
    session->ping_us = now_us + session->settings->ping_interval_us;
}

/* One that may come while the session goes on, whatever carries it. */
static void take_packet(EngineIoSession *session, const EngineIoPacket *packet, gint64 now_us,
                        GArray *outputs)
{
    switch (packet->type) {
    case ENGINEIO_MESSAGE:
        put(outputs, (EngineIoOutput){.what = ENGINEIO_DO_MESSAGE,
                                      .text = g_strndup(packet->data, packet->length),
                                      .length = packet->length});
        return;
    case ENGINEIO_BINARY:
        put(outputs, (EngineIoOutput){.what = ENGINEIO_DO_BINARY});
        return;
    case ENGINEIO_PONG:
        take_pong(session, now_us);
        return;
    case ENGINEIO_CLOSE: /* a poll of its may be on its way */
        end_telling_later(session, ENGINEIO_NOOP, ENGINEIO_CLOSED_BY_CLIENT, now_us + CROSSING_US,
                          outputs);
        return;
    case ENGINEIO_NOOP:
    case ENGINEIO_UPGRADE: /* it has been upgraded */
        return;
    case ENGINEIO_OPEN:
    case ENGINEIO_PING: /* in this version the server pings */
        break;
    }
    end_telling(session, ENGINEIO_CLOSE, ENGINEIO_PARSE_ERROR, outputs);
}

/* --- HTTP polling --- */

static void put_handshake(const EngineIoSession *session, EngineIoDo what, gpointer on,
                          gboolean can_upgrade, GArray *outputs)
{
    const EngineIoSettings *settings = session->settings;
    g_autofree char *json = engineio_handshake(&(EngineIoHandshake){
        .sid = session->sid,
        .can_upgrade = can_upgrade,
        .ping_interval_ms = settings->ping_interval_us / 1000,
        .ping_timeout_ms = settings->ping_timeout_us / 1000,
        .max_payload = settings->max_payload,
    });

    put_packet(outputs, what, on, ENGINEIO_OPEN, json, strlen(json));
}

void engineio_open_polling(EngineIoSession *session, gpointer poll, GArray *outputs)
{
    put_handshake(session, ENGINEIO_DO_ANSWER, poll, TRUE, outputs);
}

/* Of a session that polls; its time has passed too. */
static gboolean may_poll(EngineIoSession *session, gpointer request, gint64 now_us, GArray *outputs)
{
    engineio_timeout(session, now_us, outputs);
    if (session->life != IS_CLOSED && !session->has_left_polling)
        return TRUE;
    refuse(outputs, request,
           session->life == IS_CLOSED ? ENGINEIO_UNKNOWN_SID : ENGINEIO_BAD_REQUEST);
    return FALSE;
}

/* The client has been told that it is closed; nobody needs the session any more. */
static void finish_closing(EngineIoSession *session, gpointer poll, GArray *outputs)
{
    session->poll = poll;
    answer_poll(session, outputs);
    end(session, ENGINEIO_CLOSED_BY_SERVER, outputs);
}

void engineio_poll(EngineIoSession *session, gpointer poll, gint64 now_us, GArray *outputs)
{
    if (!may_poll(session, poll, now_us, outputs))
        return;
    session->heard_us = now_us;
    if (session->life == IS_CLOSING) {
        finish_closing(session, poll, outputs);
        return;
    }
    if (session->poll) {
        end_telling(session, ENGINEIO_CLOSE, ENGINEIO_OVERLAP, outputs);
        refuse(outputs, poll, ENGINEIO_BAD_REQUEST);
        return;
    }
    session->poll = poll;
    answer_poll(session, outputs);
    if (session->poll && session->is_probing)
        session->noop_us = now_us + NOOP_US;
}

static gboolean take_payload(EngineIoSession *session, const char *body, gsize length,
                             gint64 now_us, GArray *outputs)
{
    EngineIoPayload payload = {.text = body, .length = length};
    EngineIoPacket packet;

    while (session->life == IS_OPEN && engineio_next(&payload, &packet))
        take_packet(session, &packet, now_us, outputs);
    return !payload.is_broken;
}

void engineio_post(EngineIoSession *session, gpointer post, const char *body, gsize length,
                   gint64 now_us, GArray *outputs)
{
    if (!may_poll(session, post, now_us, outputs))
        return;
    if (session->life == IS_CLOSING) {
        refuse(outputs, post, ENGINEIO_BAD_REQUEST);
        return;
    }
    session->heard_us = now_us;
    if (!take_payload(session, body, length, now_us, outputs)) {
        end_telling(session, ENGINEIO_CLOSE, ENGINEIO_PARSE_ERROR, outputs);
        refuse(outputs, post, ENGINEIO_BAD_REQUEST);
        return;
    }
    put_text(outputs, ENGINEIO_DO_ANSWER, post, g_string_new("ok"));
}

/* --- WebSocket --- */

void engineio_open_websocket(EngineIoSession *session, gpointer socket, GArray *outputs)
{
    session->socket = socket;
    session->has_left_polling = TRUE;
    put_handshake(session, ENGINEIO_DO_SEND, socket, FALSE, outputs);
}

gboolean engineio_upgrade(EngineIoSession *session, gpointer socket, gint64 now_us, GArray *outputs)
{
    engineio_timeout(session, now_us, outputs);
    if (session->life != IS_OPEN || session->socket || session->probe)
        return FALSE;
    session->probe = socket;
    session->probe_us = now_us + session->settings->upgrade_us;
    return TRUE;
}

/* Each packet of the payload in a frame of its own. */
static void flush_to_socket(EngineIoSession *session, GArray *outputs)
{
    g_auto(GStrv) packets = NULL;
    const char separator[] = {ENGINEIO_SEPARATOR, '\0'};

    if (!session->waiting)
        return;
    packets = g_strsplit(session->waiting->str, separator, -1);
    for (char **packet = packets; *packet; packet++)
        put_text(outputs, ENGINEIO_DO_SEND, session->socket, g_string_new(*packet));
    forget_waiting(session);
}

static void complete_upgrade(EngineIoSession *session, GArray *outputs)
{
    let_poll_go(session, outputs);
    session->socket = g_steal_pointer(&session->probe);
    session->has_left_polling = TRUE;
    end_probe(session, outputs);
    flush_to_socket(session, outputs);
}

static void begin_probing(EngineIoSession *session, GArray *outputs)
{
    session->is_probing = TRUE;
    put_packet(outputs, ENGINEIO_DO_SEND, session->probe, ENGINEIO_PONG, "probe", strlen("probe"));
    let_poll_go(session, outputs);
}

/* What it says before it is the transport; else it is closed, and the polling goes on. */
static void take_probe(EngineIoSession *session, const EngineIoPacket *packet, GArray *outputs)
{
    if (packet && packet->type == ENGINEIO_PING && packet->length && !session->is_probing)
        begin_probing(session, outputs);
    else if (packet && packet->type == ENGINEIO_UPGRADE && session->is_probing)
        complete_upgrade(session, outputs);
    else
        end_probe(session, outputs);
}

static gboolean read_frame(const char *text, gsize length, EngineIoPacket *packet)
{
    if (!text) {
        *packet = (EngineIoPacket){.type = ENGINEIO_BINARY};
        return TRUE;
    }
    return engineio_decode(text, length, packet) && packet->type != ENGINEIO_BINARY;
}

void engineio_frame(EngineIoSession *session, gpointer socket, const char *text, gsize length,
                    gint64 now_us, GArray *outputs)
{
    EngineIoPacket packet;
    gboolean is_packet = read_frame(text, length, &packet);

    /* It may have waited for us, not we for it. */
    if (socket == session->socket && is_packet && packet.type == ENGINEIO_PONG)
        take_pong(session, now_us);
    engineio_timeout(session, now_us, outputs);
    if (session->life != IS_OPEN)
        return;
    session->heard_us = now_us;
    if (socket == session->probe)
        take_probe(session, is_packet ? &packet : NULL, outputs);
    else if (socket == session->socket && is_packet)
        take_packet(session, &packet, now_us, outputs);
    else if (socket == session->socket)
        end_telling(session, ENGINEIO_CLOSE, ENGINEIO_PARSE_ERROR, outputs);
}

void engineio_gone(EngineIoSession *session, gpointer what, gboolean is_farewell, gint64 now_us,
                   GArray *outputs)
{
    /* First of all nothing may be said to it any more. */
    gboolean was_transport = what == session->socket || what == session->poll;

    if (what == session->probe) {
        session->probe = NULL;
        end_probe(session, outputs);
    }
    if (was_transport) {
        session->socket = NULL;
        session->poll = NULL;
    }
    engineio_timeout(session, now_us, outputs);
    if (was_transport && session->life == IS_OPEN) {
        forget_waiting(session);
        end(session, is_farewell ? ENGINEIO_CLOSED_BY_CLIENT : ENGINEIO_TRANSPORT_CLOSED, outputs);
    }
}

/* --- beginning, and what there is to see --- */

EngineIoSession *engineio_session_new(const EngineIoSettings *settings, const char *sid,
                                      gint64 now_us)
{
    EngineIoSession *session = g_new0(EngineIoSession, 1);

    session->settings = settings;
    session->sid = g_strdup(sid);
    session->heard_us = now_us;
    session->ping_us = now_us + settings->ping_interval_us;
    session->pong_us = NEVER;
    session->probe_us = NEVER;
    session->noop_us = NEVER;
    session->linger_us = NEVER;
    return session;
}

void engineio_session_free(EngineIoSession *session)
{
    if (!session)
        return;
    forget_waiting(session);
    g_free(session->sid);
    g_free(session);
}

gboolean engineio_is_over(const EngineIoSession *session)
{
    return session->life == IS_CLOSED;
}

gpointer engineio_websocket(const EngineIoSession *session)
{
    return session->socket;
}

gint64 engineio_heard_us(const EngineIoSession *session)
{
    return session->heard_us;
}

const char *engineio_sid(const EngineIoSession *session)
{
    return session->sid;
}
