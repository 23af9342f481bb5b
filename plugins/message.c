#include "door.h"

#include "media.h"
#include "wire/request.h"
#include "wire/write.h"

static void refuse_media(janus_plugin_session *handle, const json_t *jsep)
{
    if (jsep)
        door.gateway->close_pc(handle);
}

static const char *request_name(json_t *body)
{
    return json_string_value(json_object_get(body, "request"));
}

/* --- one request --- */

/* Steps it; TRUE when it succeeded and its JSEP, if there is one, may stay. */
static gboolean carry_out(Peer *peer, Event *event, Reply *reply)
{
    service_request(door.service, peer, event, reply);
    return (event->kind == EVENT_JOIN || event->kind == EVENT_MEDIA) &&
           reply->refusal == REFUSAL_NONE;
}

static json_t *answer(Peer *peer, json_t *body, json_t *jsep, gboolean *is_jsep_taken)
{
    const MessageLimits limits = {.bytes = door.config->limits.max_message_bytes,
                                  .depth = door.config->limits.max_depth};
    json_t *data;
    Request request;
    Reply reply;

    if (request_parse(&request, body, jsep, peer ? DOOR_APP : DOOR_BACKEND, &limits)) {
        *is_jsep_taken = carry_out(peer, &request.event, &reply);
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
    gboolean is_jsep_taken;

    return answer(peer, body, NULL, &is_jsep_taken);
}

/* The door for media is narrow: whatever JSEP was not asked for, or came too early or too late, has
 * made a PeerConnection in Janus by now, which is closed at once. */
static json_t *answer_handle(janus_plugin_session *handle, Peer *peer, json_t *body, json_t *jsep)
{
    gboolean is_jsep_taken = FALSE;
    json_t *data = answer(peer, body, jsep, &is_jsep_taken);

    if (jsep && is_jsep_taken)
        media_described(peer->connection, jsep);
    else
        refuse_media(handle, jsep);
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
