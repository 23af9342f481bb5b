/* Bytes as one packet and as a payload of Engine.IO: what is taken can be written again, and is the
 * same. */
#include "fuzz.h"
#include "listener/engineio.h"

static void check_packet(const EngineIoPacket *packet, const char *text, gsize length)
{
    g_autoptr(GString) written = g_string_new(NULL);

    fuzz_check(packet->data == text + 1 && packet->length == length - 1,
               "a packet of %zu bytes has %zu", length, packet->length);
    if (packet->type == ENGINEIO_BINARY)
        return;
    fuzz_check(g_utf8_validate_len(packet->data, packet->length, NULL), "data is not UTF-8");
    engineio_append(written, packet->type, packet->data, packet->length);
    fuzz_check(written->len == length && memcmp(written->str, text, length) == 0,
               "a packet does not write back: %s", written->str);
}

static void read_packet(const char *text, gsize length)
{
    EngineIoPacket packet;

    if (engineio_decode(text, length, &packet))
        check_packet(&packet, text, length);
}

/* A whole payload is its packets with separators between them. */
static void read_payload(const char *text, gsize length)
{
    EngineIoPayload payload = {.text = text, .length = length};
    EngineIoPacket packet;
    gsize read = 0;

    while (engineio_next(&payload, &packet)) {
        fuzz_check(packet.data == text + read + 1, "a packet out of place");
        fuzz_check(!memchr(packet.data, ENGINEIO_SEPARATOR, packet.length), "two packets in one");
        check_packet(&packet, packet.data - 1, packet.length + 1);
        read += packet.length + 2;
    }
    fuzz_check(payload.is_broken || read == length + 1, "%zu of %zu bytes were read", read, length);
    fuzz_check(!engineio_next(&payload, &packet), "something comes after the end");
}

static void read_query(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "&", 3);
    guint count = g_strv_length(parts);
    EngineIoQuery query = engineio_query(count > 0 ? parts[0] : NULL, count > 1 ? parts[1] : NULL,
                                         count > 2 ? parts[2] : NULL);
    EngineIoError error;

    if (engineio_check_query(&query, &error))
        fuzz_check(query.is_version_4 && query.transport != ENGINEIO_NO_TRANSPORT,
                   "a query that is none");
    else
        fuzz_check(error == ENGINEIO_UNKNOWN_TRANSPORT || error == ENGINEIO_UNSUPPORTED_VERSION,
                   "refused with %u", error);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of its own size, so that a byte too many is found. */
    g_autofree char *bytes = g_memdup2(data, size);
    g_autofree char *text = g_strndup((const char *)data, size);

    if (!size)
        return 0;
    read_packet(bytes, size);
    read_payload(bytes, size);
    read_query(text);
    return 0;
}
