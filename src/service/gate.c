#include "service/gate.h"

#include <string.h>

/* A call's fixed fields as JSON, about. */
#define CALL_BYTES 400

/* The first fault counts. */
static void refuse_for_now(Event *event, const char *text, gint64 wait_us)
{
    if (!wait_us || event->fault.refusal != REFUSAL_NONE)
        return;
    event->fault.refusal = REFUSAL_RATE_LIMITED;
    event->fault.text = text;
    event->fault.retry_after_us = wait_us;
}

/* --- what it reads --- */

static gint64 bytes_of_call(const Record *record)
{
    const GRefString *data = record->facts->data;

    return CALL_BYTES + (data ? (gint64)strlen(data) : 0);
}

static gint64 bytes_of_calls(const Reply *reply)
{
    gint64 bytes = 0;

    if (reply->request == EVENT_GET && reply->record)
        bytes += bytes_of_call(reply->record);
    for (guint i = 0; reply->calls && i < reply->calls->len; i++)
        bytes += bytes_of_call(((const Snapshot *)g_ptr_array_index(reply->calls, i))->record);
    return bytes;
}

static gboolean asks_for_calls(const Event *event)
{
    return event->kind == EVENT_HISTORY || event->kind == EVENT_REGISTER ||
           event->kind == EVENT_GET;
}

/* A list of calls can be thousands of times what it takes to ask for it, and Janus keeps it for
 * those who do not read it. */
static void hold_back(const Gate *gate, Peer *peer, Event *event)
{
    Bucket read;

    g_mutex_lock(gate->lock);
    read = peer->read;
    g_mutex_unlock(gate->lock);
    refuse_for_now(event, "you read too much",
                   bucket_take(&read, &gate->rates.read, 1, g_get_monotonic_time()));
}

void gate_count_read(const Gate *gate, Peer *peer, const Reply *reply)
{
    gint64 bytes = bytes_of_calls(reply);

    if (!peer || !bytes)
        return;
    g_mutex_lock(gate->lock);
    bucket_overdraw(&peer->read, &gate->rates.read, bytes, g_get_monotonic_time());
    g_mutex_unlock(gate->lock);
}

/* --- who it is --- */

/* What a call:register costs, a token to check and a look into the store, is not for those who send
 * nothing else; and who guesses tokens of call:join is slow. */
static void count_registration(const Gate *gate, Peer *peer, Event *event)
{
    gint64 wait_us;

    g_mutex_lock(gate->lock);
    wait_us =
        bucket_take(&peer->registrations, &gate->rates.registrations, 1, g_get_monotonic_time());
    g_mutex_unlock(gate->lock);
    refuse_for_now(event,
                   event->kind == EVENT_JOIN ? "you join too often" : "you register too often",
                   wait_us);
}

static void take_over(RegisterEvent *reg, const Identity *identity, gint64 now_ms)
{
    if (identity->expires_ms != G_MAXINT64)
        reg->expires_in_us = (identity->expires_ms - now_ms) * 1000;
    reg->user_id = identity->user_id;
    if (identity->device_id)
        reg->device_id = identity->device_id;
    if (identity->name)
        reg->display_name = identity->name;
}

static void identify(const Gate *gate, Event *event, GatePass *pass)
{
    Credentials said = {event->reg.token, event->reg.user_id, event->reg.device_id};
    gint64 now_ms = g_get_real_time() / 1000;

    if (!gate->auth || event->fault.refusal != REFUSAL_NONE)
        return;
    event->fault.refusal =
        gate->auth->ops->verify(gate->auth, &said, now_ms, &pass->identity, &pass->fault);
    event->fault.text = pass->fault;
    if (event->fault.refusal == REFUSAL_NONE)
        take_over(&event->reg, &pass->identity, now_ms);
}

/* --- all of it --- */

void gate_pass(const Gate *gate, Peer *peer, Event *event, GatePass *pass)
{
    *pass = (GatePass){0};
    if (peer && asks_for_calls(event))
        hold_back(gate, peer, event);
    if (event->kind == EVENT_REGISTER || event->kind == EVENT_JOIN)
        count_registration(gate, peer, event);
    if (event->kind == EVENT_REGISTER)
        identify(gate, event, pass);
}

void gate_pass_clear(GatePass *pass)
{
    identity_clear(&pass->identity);
    g_clear_pointer(&pass->fault, g_free);
}
