#include "listener/socketio_event.h"

#include <string.h>

#include "wire/text.h"
#include "wire/write.h"

static SocketIoEffect effect_of(const Message *message)
{
    switch (message->kind) {
    case MESSAGE_INCOMING:
        return SOCKETIO_RINGS;
    case MESSAGE_REJECTED:
    case MESSAGE_TIMEOUT:
    case MESSAGE_ENDED:
        return SOCKETIO_CLOSES;
    case MESSAGE_ACCEPTED:
        return SOCKETIO_ANSWERS;
    case MESSAGE_REPLACED:
        return SOCKETIO_REPLACES;
    case MESSAGE_UNREGISTERED:
        return message->cause == CAUSE_TOKEN_EXPIRED ? SOCKETIO_EXPIRES : SOCKETIO_EXPELS;
    case MESSAGE_OUTGOING:
    case MESSAGE_RINGING:
    case MESSAGE_PEER:
    case MESSAGE_SIGNAL:
    case MESSAGE_UPDATED:
    case MESSAGE_MEDIA:
        return SOCKETIO_JUST_SEND;
    }
    g_assert_not_reached();
}

static void append_event(GString *text, const Message *message, const JoinSettings *join)
{
    json_t *data = write_message(message, join);
    g_autofree char *json = NULL;
    gsize length;

    json_object_del(data, "call");
    json_object_del(data, "event");
    json = json_text(data, &length);
    g_string_append_printf(text, "[\"%s\",", message_name(message->kind));
    g_string_append_len(text, json, (gssize)length);
    g_string_append_c(text, ']');
    json_decref(data);
}

char *socketio_event_write(const Message *message, const JoinSettings *join, gsize *length)
{
    GString *text = g_string_sized_new(256);

    g_string_append_c(text, (char)effect_of(message));
    if (message->record)
        g_string_append(text, message->record->facts->call_id);
    g_string_append_c(text, '\n');
    append_event(text, message, join);
    *length = text->len;
    return g_string_free(text, FALSE);
}

char *socketio_event_json(const Message *message, const JoinSettings *join)
{
    GString *text = g_string_sized_new(256);

    append_event(text, message, join);
    return g_string_free(text, FALSE);
}

/* It was written by us: it has a newline, and no callId contains one. */
SocketIoEvent socketio_event_read(const char *text, gsize length)
{
    const char *newline = memchr(text, '\n', length);

    g_assert(newline);
    return (SocketIoEvent){
        .effect = (SocketIoEffect)text[0],
        .call_id = text + 1,
        .call_id_length = (gsize)(newline - text - 1),
        .json = newline + 1,
        .length = length - (gsize)(newline + 1 - text),
    };
}
