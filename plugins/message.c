#include "door.h"

#include "wire/request.h"
#include "wire/write.h"

/* Nothing of media is ours before the accept, and then not on this handle: Janus's core has made a
 * PeerConnection by the time it asks us. */
static void refuse_media(janus_plugin_session *handle, const json_t *jsep)
{
    if (jsep)
        door.gateway->close_pc(handle);
}

static const char *request_name(json_t *body)
{
    return json_string_value(json_object_get(body, "request"));
}

json_t *answer_request(Peer *peer, json_t *body)
{
    const MessageLimits limits = {.bytes = door.config->limits.max_message_bytes,
                                  .depth = door.config->limits.max_depth};
    json_t *data;
    Request request;
    Reply reply;

    if (request_parse(&request, body, peer ? DOOR_APP : DOOR_BACKEND, &limits)) {
        service_request(door.service, peer, &request.event, &reply);
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
            refuse_media(handle, jsep);
            result = janus_plugin_result_new(JANUS_PLUGIN_OK, NULL, answer_request(peer, message));
        }
        g_clear_pointer(&peer, peer_unref);
        door_leave();
    }
    json_decref(message);
    json_decref(jsep);
    return result ? result
                  : janus_plugin_result_new(JANUS_PLUGIN_ERROR, "The handle is closed", NULL);
}
