#include "fake-media.h"

#include <string.h>

#include <janus/record.h>
#include <janus/rtcp.h>
#include <janus/rtp.h>
#include <janus/utils.h>

#include "call-config.h"
#include "fake-janus-private.h"

#define HEADER RTP_HEADER_SIZE

#pragma GCC visibility push(default)
janus_plugin *janus_plugin_find(const gchar *package);
#pragma GCC visibility pop

/* --- what the plugin relays --- */

static FakePacket read_packet(const janus_plugin_rtp *packet)
{
    const janus_rtp_header *header = (const janus_rtp_header *)packet->buffer;
    FakePacket seen = {
        .line = packet->mindex,
        .ssrc = g_ntohl(header->ssrc),
        .sequence = g_ntohs(header->seq_number),
        .timestamp = g_ntohl(header->timestamp),
        .length = packet->length - HEADER,
    };

    memcpy(seen.bytes, packet->buffer + HEADER, MIN(seen.length, sizeof seen.bytes));
    return seen;
}

void fake_relay_rtp(janus_plugin_session *session, janus_plugin_rtp *packet)
{
    FakeHandle *handle = fake_handle_of(session);

    if (g_atomic_int_get(&session->stopped))
        return;
    g_mutex_lock(&handle->lock);
    handle->media.packets++;
    handle->media.last_packet = read_packet(packet);
    g_mutex_unlock(&handle->lock);
}

void fake_relay_rtcp(janus_plugin_session *session, janus_plugin_rtcp *packet)
{
    FakeHandle *handle = fake_handle_of(session);

    g_mutex_lock(&handle->lock);
    handle->media.rtcps++;
    handle->media.relayed_remb = janus_rtcp_get_remb(packet->buffer, packet->length);
    g_mutex_unlock(&handle->lock);
}

void fake_relay_data(janus_plugin_session *session, janus_plugin_data *packet)
{
    FakeHandle *handle = fake_handle_of(session);
    FakePacket seen = {.is_binary = packet->binary, .length = packet->length};

    g_strlcpy(seen.label, packet->label ? packet->label : "", sizeof seen.label);
    memcpy(seen.bytes, packet->buffer, MIN(seen.length, sizeof seen.bytes));
    g_mutex_lock(&handle->lock);
    handle->media.messages++;
    handle->media.last_message = seen;
    g_mutex_unlock(&handle->lock);
}

void fake_send_pli(janus_plugin_session *session)
{
    FakeHandle *handle = fake_handle_of(session);

    g_mutex_lock(&handle->lock);
    handle->media.plis++;
    g_mutex_unlock(&handle->lock);
}

void fake_send_pli_stream(janus_plugin_session *session, int line G_GNUC_UNUSED)
{
    fake_send_pli(session);
}

void fake_send_remb(janus_plugin_session *session, uint32_t bitrate)
{
    FakeHandle *handle = fake_handle_of(session);

    g_mutex_lock(&handle->lock);
    handle->media.remb = bitrate;
    g_mutex_unlock(&handle->lock);
}

/* --- what a test does and asks --- */

json_t *fake_request_jsep(FakeHandle *handle, json_t *body, json_t *jsep)
{
    g_mutex_lock(&handle->lock);
    handle->media.has_pc = TRUE;
    g_mutex_unlock(&handle->lock);
    return fake_send_message(handle, body, jsep);
}

const json_t *fake_jsep_of(const json_t *event)
{
    return json_object_get(event, "jsep");
}

void fake_setup_media(FakeHandle *handle)
{
    fake_plugin()->setup_media(&handle->session);
}

void fake_hangup_media(FakeHandle *handle)
{
    fake_plugin()->hangup_media(&handle->session);
}

void fake_data_ready(FakeHandle *handle)
{
    fake_plugin()->data_ready(&handle->session);
}

void fake_slow_link(FakeHandle *handle)
{
    fake_plugin()->slow_link(&handle->session, 0, TRUE, TRUE);
}

void fake_rtp(FakeHandle *handle, gint line, gboolean is_video, guint32 ssrc, guint16 sequence,
              const char *payload)
{
    guint8 bytes[HEADER + 64] = {0x80, 96};
    guint8 before[HEADER];
    janus_rtp_header *header = (janus_rtp_header *)bytes;
    janus_plugin_rtp packet = {.mindex = line, .video = is_video, .buffer = (char *)bytes};
    gsize length = MIN(strlen(payload), 64);

    header->ssrc = g_htonl(ssrc);
    header->seq_number = g_htons(sequence);
    header->timestamp = g_htonl(sequence * 3000u);
    memcpy(bytes + HEADER, payload, length);
    packet.length = (uint16_t)(HEADER + length);
    memcpy(before, bytes, HEADER);
    fake_plugin()->incoming_rtp(&handle->session, &packet);
    /* Janus counts by it. */
    g_assert_cmpmem(bytes, HEADER, before, HEADER);
}

void fake_rtcp(FakeHandle *handle, gint line, const guint8 *bytes, guint length)
{
    g_autofree guint8 *copy = g_memdup2(bytes, length);
    janus_plugin_rtcp packet = {
        .mindex = line, .video = TRUE, .buffer = (char *)copy, .length = (uint16_t)length};

    fake_plugin()->incoming_rtcp(&handle->session, &packet);
}

void fake_data(FakeHandle *handle, const char *label, gboolean is_binary, const char *text)
{
    janus_plugin_data packet = {
        .label = (char *)label,
        .binary = is_binary,
        .buffer = (char *)text,
        .length = (uint16_t)strlen(text),
    };

    fake_plugin()->incoming_data(&handle->session, &packet);
}

static FakeMedia look(FakeHandle *handle)
{
    FakeMedia media;

    g_mutex_lock(&handle->lock);
    media = handle->media;
    g_mutex_unlock(&handle->lock);
    return media;
}

gboolean fake_has_pc(FakeHandle *handle)
{
    return look(handle).has_pc;
}

void fake_wait_closed(FakeHandle *handle)
{
    gint64 until_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    g_mutex_lock(&handle->lock);
    while (handle->media.has_pc) {
        if (!g_cond_wait_until(&handle->changed, &handle->lock, until_us))
            g_error("the PeerConnection is not closed");
    }
    g_mutex_unlock(&handle->lock);
}

guint fake_packets(FakeHandle *handle)
{
    return look(handle).packets;
}

FakePacket fake_last_packet(FakeHandle *handle)
{
    return look(handle).last_packet;
}

guint fake_messages(FakeHandle *handle)
{
    return look(handle).messages;
}

FakePacket fake_last_message(FakeHandle *handle)
{
    return look(handle).last_message;
}

guint fake_rtcps(FakeHandle *handle)
{
    return look(handle).rtcps;
}

guint fake_plis(FakeHandle *handle)
{
    return look(handle).plis;
}

guint32 fake_remb(FakeHandle *handle)
{
    return look(handle).remb;
}

guint32 fake_relayed_remb(FakeHandle *handle)
{
    return look(handle).relayed_remb;
}

/* --- Janus's helpers --- */

#pragma GCC visibility push(default)

void janus_rtp_switching_context_reset(janus_rtp_switching_context *context)
{
    memset(context, 0, sizeof *context);
}

void janus_rtp_header_update(janus_rtp_header *header, janus_rtp_switching_context *context,
                             gboolean is_video G_GNUC_UNUSED, int step G_GNUC_UNUSED)
{
    guint16 sequence = g_ntohs(header->seq_number);
    guint32 timestamp = g_ntohl(header->timestamp);

    if (g_ntohl(header->ssrc) != context->last_ssrc) {
        context->last_ssrc = g_ntohl(header->ssrc);
        context->seq_reset = TRUE;
        context->base_ts_prev = context->last_ts + 1;
        context->base_ts = timestamp;
    }
    if (context->seq_reset) {
        context->seq_reset = FALSE;
        context->base_seq_prev = context->last_seq;
        context->base_seq = sequence;
    }
    context->last_ts = timestamp - context->base_ts + context->base_ts_prev;
    context->last_seq = (uint16_t)(sequence - context->base_seq + context->base_seq_prev + 1);
    header->seq_number = g_htons(context->last_seq);
    header->timestamp = g_htonl(context->last_ts);
}

void janus_rtp_simulcasting_context_reset(janus_rtp_simulcasting_context *context)
{
    memset(context, 0, sizeof *context);
    context->substream = -1;
}

void janus_rtp_simulcasting_prepare(json_t *simulcast, int *rid_ext_id, uint32_t *ssrcs,
                                    char **rids)
{
    json_t *each;
    size_t i;

    *rid_ext_id = (int)json_integer_value(json_object_get(simulcast, "rid-ext"));
    json_array_foreach(json_object_get(simulcast, "ssrcs"), i, each) ssrcs[i] =
        (uint32_t)json_integer_value(each);
    json_array_foreach(json_object_get(simulcast, "rids"), i, each) rids[i] =
        g_strdup(json_string_value(each));
}

/* A payload that begins with a K is a whole picture. */
#ifdef HAVE_SIMULCAST_DD
gboolean janus_rtp_simulcasting_context_process_rtp(
    janus_rtp_simulcasting_context *context, char *bytes, int length, uint8_t *dd G_GNUC_UNUSED,
    int dd_length G_GNUC_UNUSED, uint32_t *ssrcs, char **rids G_GNUC_UNUSED,
    janus_videocodec codec G_GNUC_UNUSED, janus_rtp_switching_context *sc G_GNUC_UNUSED,
    janus_mutex *rid_mutex)
#else
gboolean janus_rtp_simulcasting_context_process_rtp(janus_rtp_simulcasting_context *context,
                                                    char *bytes, int length, uint32_t *ssrcs,
                                                    char **rids G_GNUC_UNUSED,
                                                    janus_videocodec codec G_GNUC_UNUSED,
                                                    janus_rtp_switching_context *sc G_GNUC_UNUSED,
                                                    janus_mutex *rid_mutex)
#endif
{
    guint32 ssrc = g_ntohl(((janus_rtp_header *)bytes)->ssrc);
    gboolean is_picture = length > HEADER && bytes[HEADER] == 'K';

    g_assert_null(rid_mutex);
    context->changed_substream = FALSE;
    context->need_pli = context->substream != context->substream_target;
    for (int i = 0; i < 3; i++) {
        if (ssrcs[i] != ssrc || i == context->substream)
            continue;
        if (!is_picture || i != context->substream_target)
            return FALSE;
        context->substream = i;
        context->changed_substream = TRUE;
        context->need_pli = FALSE;
        return TRUE;
    }
    return context->substream >= 0 && ssrcs[context->substream] == ssrc;
}

void janus_vp8_simulcast_context_reset(janus_vp8_simulcast_context *context)
{
    memset(context, 0, sizeof *context);
}

void janus_vp8_simulcast_descriptor_update(char *buffer G_GNUC_UNUSED, int length G_GNUC_UNUSED,
                                           janus_vp8_simulcast_context *context G_GNUC_UNUSED,
                                           gboolean is_switched G_GNUC_UNUSED)
{
}

char *janus_rtp_payload(char *bytes, int length, int *payload_length)
{
    *payload_length = length - HEADER;
    return bytes + HEADER;
}

janus_videocodec janus_videocodec_from_name(const char *name)
{
    return g_strcmp0(name, "vp8") == 0 ? JANUS_VIDEOCODEC_VP8 : JANUS_VIDEOCODEC_NONE;
}

/* PT 206, format 15, "REMB", six bits of exponent and eighteen of mantissa. */
static gboolean is_remb(const char *packet, int length)
{
    return length >= 20 && (packet[0] & 0x1f) == 15 && (guint8)packet[1] == 206 &&
           memcmp(packet + 12, "REMB", 4) == 0;
}

uint32_t janus_rtcp_get_remb(char *packet, int length)
{
    const guint8 *bytes = (const guint8 *)packet + 17;

    if (!is_remb(packet, length))
        return 0;
    return (uint32_t)((bytes[0] & 3) << 16 | bytes[1] << 8 | bytes[2]) << (bytes[0] >> 2);
}

int janus_rtcp_cap_remb(char *packet, int length, uint32_t bitrate)
{
    guint exponent = 0;

    if (!is_remb(packet, length))
        return -1;
    while (bitrate >> exponent > 0x3ffff)
        exponent++;
    packet[17] = (char)(exponent << 2 | bitrate >> exponent >> 16);
    packet[18] = (char)(bitrate >> exponent >> 8);
    packet[19] = (char)(bitrate >> exponent);
    return 0;
}

/* --- recorders: the frames one after the other, each in a line --- */

static gint recorders; /* atomic: with an open file */

static void free_recorder(const janus_refcount *ref)
{
    janus_recorder *recorder = janus_refcount_containerof(ref, janus_recorder, ref);

    g_atomic_int_add(&recorders, -1);
    fclose(recorder->file);
    g_mutex_clear((GMutex *)&recorder->mutex);
    g_free(recorder->dir);
    g_free(recorder->filename);
    g_free(recorder);
}

janus_recorder *janus_recorder_create_full(const char *dir, const char *codec,
                                           const char *fmtp G_GNUC_UNUSED, const char *filename)
{
    g_autofree char *path = g_strdup_printf("%s/%s.mjr", dir, filename);
    FILE *file = g_strcmp0(codec, "unknown") == 0 ? NULL : fopen(path, "wb");
    janus_recorder *recorder;

    if (!file)
        return NULL;
    recorder = g_new0(janus_recorder, 1);
    janus_refcount_init(&recorder->ref, free_recorder);
    g_mutex_init((GMutex *)&recorder->mutex);
    recorder->dir = g_strdup(dir);
    recorder->filename = g_strdup_printf("%s.mjr", filename);
    recorder->file = file;
    recorder->writable = 1;
    g_atomic_int_inc(&recorders);
    fprintf(file, "MJR %s\n", codec);
    return recorder;
}

int janus_recorder_encrypted(janus_recorder *recorder)
{
    recorder->encrypted = TRUE;
    return 0;
}

int janus_recorder_save_frame(janus_recorder *recorder, char *buffer, uint length)
{
    if (!recorder || !g_atomic_int_get(&recorder->writable))
        return -1;
    g_mutex_lock((GMutex *)&recorder->mutex);
    g_atomic_int_set(&recorder->header, 1);
    fwrite(buffer, 1, length, recorder->file);
    fputc('\n', recorder->file);
    g_mutex_unlock((GMutex *)&recorder->mutex);
    return 0;
}

int janus_recorder_close(janus_recorder *recorder)
{
    g_atomic_int_set(&recorder->writable, 0);
    g_mutex_lock((GMutex *)&recorder->mutex);
    fflush(recorder->file);
    g_mutex_unlock((GMutex *)&recorder->mutex);
    return 0;
}

void janus_recorder_destroy(janus_recorder *recorder)
{
    if (recorder && g_atomic_int_compare_and_exchange(&recorder->destroyed, 0, 1))
        janus_refcount_decrease(&recorder->ref);
}

#pragma GCC visibility pop

guint fake_recorders(void)
{
    return (guint)g_atomic_int_get(&recorders);
}

/* --- VideoRoom --- */

static struct {
    gboolean is_there;
    GHashTable *secrets; /* room to secret */
    json_t *last;
} room;

static json_t *answer(const char *said, const char *error)
{
    return json_pack("{s:s, s:s*}", "videoroom", said, "error", error);
}

static json_t *create_room(const char *id, const char *secret)
{
    if (g_hash_table_contains(room.secrets, id))
        return answer("event", "Room exists");
    g_hash_table_insert(room.secrets, g_strdup(id), g_strdup(secret));
    return answer("created", NULL);
}

static json_t *destroy_room(const char *id, const char *secret)
{
    if (g_strcmp0(g_hash_table_lookup(room.secrets, id), secret) != 0)
        return answer("event", "Unauthorized");
    g_hash_table_remove(room.secrets, id);
    return answer("destroyed", NULL);
}

static json_t *answer_room(json_t *message)
{
    const char *request = json_string_value(json_object_get(message, "request"));
    const char *secret = json_string_value(json_object_get(message, "secret"));
    g_autofree char *id = json_dumps(json_object_get(message, "room"), JSON_ENCODE_ANY);

    json_decref(room.last);
    room.last = json_deep_copy(message);
    if (g_strcmp0(request, "create") == 0)
        return create_room(id, secret);
    return destroy_room(id, secret);
}

static janus_plugin videoroom = {.handle_admin_message = answer_room};

#pragma GCC visibility push(default)
janus_plugin *janus_plugin_find(const gchar *package)
{
    return room.is_there && strcmp(package, "janus.plugin.videoroom") == 0 ? &videoroom : NULL;
}
#pragma GCC visibility pop

void fake_videoroom(gboolean is_there)
{
    room.is_there = is_there;
    g_clear_pointer(&room.last, json_decref);
    g_clear_pointer(&room.secrets, g_hash_table_unref);
    if (is_there)
        room.secrets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

const json_t *fake_room_request(void)
{
    return room.last;
}

guint fake_rooms(void)
{
    return room.secrets ? g_hash_table_size(room.secrets) : 0;
}
