#include "door.h"

#include "media.h"
#include "wire/write.h"

extern gint janus_is_stopping(void);

/* What the other side is told of it: Janus and we know more, such as how simulcast is sent. */
static json_t *passed_jsep(const Message *message)
{
    json_auto_t *jsep = json_loads(message->jsep, 0, NULL);

    return json_pack("{s:O*, s:O*, s:O*}", "type", json_object_get(jsep, "type"), "sdp",
                     json_object_get(jsep, "sdp"), "e2ee", json_object_get(jsep, "e2ee"));
}

/* In order with the end of the handle's part in the call. */
static void send_media(Session *session, const Message *message)
{
    MediaHandle *media = g_atomic_pointer_get(&session->media);

    if (media)
        media_push(media, write_message(message, &door.join), passed_jsep(message));
}

static void send_event(gpointer connection, const Message *message)
{
    Session *session = connection;
    json_t *event;

    /* Janus's transports may be gone already, and a stopped handle is only an error line in its
     * log. */
    if (janus_is_stopping() || g_atomic_int_get(&session->handle->stopped))
        return;
    if (message->jsep) {
        send_media(session, message);
        return;
    }
    event = write_message(message, &door.join);
    /* Janus borrows the event, and says 0 also when it drops it: a device that missed it asks with
     * call:register. */
    if (door.gateway->push_event(session->handle, create(), NULL, event, NULL) == 0)
        log_sent(message);
    json_decref(event);
}

static void ref(gpointer connection)
{
    session_ref(connection);
}

static void unref(gpointer connection)
{
    session_unref(connection);
}

const Delivery janus_delivery = {.send = send_event, .ref = ref, .unref = unref};
