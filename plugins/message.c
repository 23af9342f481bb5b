#include "door.h"

#include "media.h"
#include "wire/request.h"
#include "wire/write.h"

static const char *request_name(json_t *body)
{
    return json_string_value(json_object_get(body, "request"));
}

/* --- one request --- */

/* What becomes of the JSEP that came with it. */
typedef enum {
    JSEP_IS_TAKEN,
    JSEP_MUST_WAIT, /* not now: it was not its turn, or too much at once; its handle has a seat */
    JSEP_IS_REFUSED,
} JsepFate;

static JsepFate fate_of(const Event *event, const Reply *reply)
{
    if (event->kind != EVENT_JOIN && event->kind != EVENT_MEDIA)
        return JSEP_IS_REFUSED;
    if (reply->refusal == REFUSAL_NONE)
        return JSEP_IS_TAKEN;
    /* Who has no seat is told of no call. */
    if (event->kind == EVENT_MEDIA && reply->record &&
        (reply->refusal == REFUSAL_WRONG_STATE || reply->refusal == REFUSAL_RATE_LIMITED))
        return JSEP_MUST_WAIT;
    return JSEP_IS_REFUSED;
}

static json_t *answer(Peer *peer, json_t *body, json_t *jsep, JsepFate *fate)
{
    const MessageLimits limits = {.bytes = door.config->limits.max_message_bytes,
                                  .depth = door.config->limits.max_depth};
    json_t *data;
    Request request;
    Reply reply;

    *fate = JSEP_IS_REFUSED;
    if (request_parse(&request, body, jsep, peer ? DOOR_APP : DOOR_BACKEND, &limits)) {
        service_request(door.service, peer, &request.event, &reply);
        *fate = fate_of(&request.event, &reply);
        log_request(&request.event, &reply);
        data = write_reply(&reply, service_hub_settings(door.service), &door.join);
        reply_clear(&reply);
    } else {
        data = write_refusal(request.event.fault.refusal, request.event.fault.text,
                             request_name(body));
    }
    request_clear(&request);
    return data;
}

json_t *answer_request(Peer *peer, json_t *body)
{
    JsepFate fate;

    return answer(peer, body, NULL, &fate);
}

/* The door for media is narrow. By the time that it asks us, Janus's core has made a PeerConnection
 * for any JSEP: one that nobody asked for, or that came too early or too late, is closed at once. But
 * that of a device which has its seat stays, also while it is not up yet, when the device only has
 * to try again. */
static json_t *answer_handle(janus_plugin_session *handle, Peer *peer, json_t *body, json_t *jsep)
{
    JsepFate fate;
    json_t *data = answer(peer, body, jsep, &fate);

    if (!jsep)
        return data;
    if (fate == JSEP_IS_TAKEN)
        media_described(peer->connection, jsep);
    else if (fate == JSEP_IS_REFUSED)
        door.gateway->close_pc(handle);
    return data;
}

/* Takes over transaction, message and jsep, as Janus has it. The answer is synchronous: an
 * asynchronous event could overtake its own ack. */
struct janus_plugin_result *handle_message(janus_plugin_session *handle, char *transaction,
                                           json_t *message, json_t *jsep)
{
    struct janus_plugin_result *result = NULL;
    Peer *peer = NULL;

    g_free(transaction);
    if (door_enter()) {
        peer = peer_of(handle);
        if (peer) {
            result = janus_plugin_result_new(JANUS_PLUGIN_OK, NULL,
                                             answer_handle(handle, peer, message, jsep));
        }
        g_clear_pointer(&peer, peer_unref);
        door_leave();
    }
    json_decref(message);
    json_decref(jsep);
    return result ? result
                  : janus_plugin_result_new(JANUS_PLUGIN_ERROR, "The handle is closed", NULL);
}
