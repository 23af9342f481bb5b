#include "listener/engineio.h"

#include <string.h>

/* --- packets --- */

/* All of it base64, with its padding. */
static gboolean is_base64(const char *text, gsize length)
{
    gsize letters = 0;

    if (length % 4 != 0)
        return FALSE;
    while (letters < length &&
           (g_ascii_isalnum(text[letters]) || text[letters] == '+' || text[letters] == '/'))
        letters++;
    if (length - letters > 2)
        return FALSE;
    for (gsize i = letters; i < length; i++) {
        if (text[i] != '=')
            return FALSE;
    }
    return TRUE;
}

/* A probe is a ping or pong with this word. */
static gboolean is_probe(const char *text, gsize length)
{
    return length == strlen("probe") && memcmp(text, "probe", length) == 0;
}

static gboolean may_have(EngineIoType type, const char *data, gsize length)
{
    switch (type) {
    case ENGINEIO_OPEN:
    case ENGINEIO_CLOSE:
    case ENGINEIO_UPGRADE:
    case ENGINEIO_NOOP:
        return length == 0;
    case ENGINEIO_PING:
    case ENGINEIO_PONG:
        return length == 0 || is_probe(data, length);
    case ENGINEIO_MESSAGE:
        return g_utf8_validate_len(data, length, NULL);
    case ENGINEIO_BINARY:
        return is_base64(data, length);
    }
    g_assert_not_reached();
}

gboolean engineio_decode(const char *text, gsize length, EngineIoPacket *packet)
{
    EngineIoPacket read;

    if (!length)
        return FALSE;
    read = (EngineIoPacket){.data = text + 1, .length = length - 1};
    if (*text >= '0' && *text <= '6')
        read.type = (EngineIoType)(*text - '0');
    else if (*text == 'b')
        read.type = ENGINEIO_BINARY;
    else
        return FALSE;
    if (!may_have(read.type, read.data, read.length))
        return FALSE;
    *packet = read;
    return TRUE;
}

void engineio_append(GString *payload, EngineIoType type, const char *data, gsize length)
{
    g_assert(type != ENGINEIO_BINARY);
    if (payload->len)
        g_string_append_c(payload, ENGINEIO_SEPARATOR);
    g_string_append_c(payload, (char)('0' + type));
    g_string_append_len(payload, data, (gssize)length);
}

gboolean engineio_next(EngineIoPayload *payload, EngineIoPacket *packet)
{
    const char *end;
    gsize length;

    if (payload->is_broken || (payload->is_begun && !payload->text))
        return FALSE;
    payload->is_begun = TRUE;
    end = payload->length ? memchr(payload->text, ENGINEIO_SEPARATOR, payload->length) : NULL;
    length = end ? (gsize)(end - payload->text) : payload->length;
    if (!engineio_decode(payload->text, length, packet)) {
        payload->is_broken = TRUE;
        return FALSE;
    }
    payload->length -= end ? length + 1 : length;
    payload->text = end ? end + 1 : NULL;
    return TRUE;
}

/* --- what a request asks for --- */

static EngineIoTransport transport_of(const char *name)
{
    if (g_strcmp0(name, "polling") == 0)
        return ENGINEIO_POLLING;
    return g_strcmp0(name, "websocket") == 0 ? ENGINEIO_WEBSOCKET : ENGINEIO_NO_TRANSPORT;
}

EngineIoQuery engineio_query(const char *version, const char *transport, const char *sid)
{
    return (EngineIoQuery){
        .is_version_4 = g_strcmp0(version, "4") == 0,
        .transport = transport_of(transport),
        .sid = sid,
    };
}

/* --- errors --- */

static const struct {
    guint status;
    const char *body;
} errors[ENGINEIO_ERRORS] = {
    [ENGINEIO_UNKNOWN_TRANSPORT] = {400, "{\"code\":0,\"message\":\"Transport unknown\"}"},
    [ENGINEIO_UNKNOWN_SID] = {400, "{\"code\":1,\"message\":\"Session ID unknown\"}"},
    [ENGINEIO_BAD_METHOD] = {400, "{\"code\":2,\"message\":\"Bad handshake method\"}"},
    [ENGINEIO_BAD_REQUEST] = {400, "{\"code\":3,\"message\":\"Bad request\"}"},
    [ENGINEIO_FORBIDDEN] = {403, "{\"code\":4,\"message\":\"Forbidden\"}"},
    [ENGINEIO_UNSUPPORTED_VERSION] = {400,
                                      "{\"code\":5,\"message\":\"Unsupported protocol version\"}"},
};

const char *engineio_error_body(EngineIoError error)
{
    return errors[error].body;
}

guint engineio_error_status(EngineIoError error)
{
    return errors[error].status;
}

gboolean engineio_check_query(const EngineIoQuery *query, EngineIoError *error)
{
    if (query->transport == ENGINEIO_NO_TRANSPORT)
        *error = ENGINEIO_UNKNOWN_TRANSPORT;
    else if (!query->is_version_4)
        *error = ENGINEIO_UNSUPPORTED_VERSION;
    else
        return TRUE;
    return FALSE;
}

char *engineio_handshake(const EngineIoHandshake *handshake)
{
    return g_strdup_printf(
        "{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%" G_GINT64_FORMAT
        ",\"pingTimeout\":%" G_GINT64_FORMAT ",\"maxPayload\":%" G_GSIZE_FORMAT "}",
        handshake->sid, handshake->can_upgrade ? "\"websocket\"" : "", handshake->ping_interval_ms,
        handshake->ping_timeout_ms, handshake->max_payload);
}
