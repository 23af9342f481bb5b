/* The hot path: a packet of one device on its way to the other. No lock of the hub, no look-up, no
 * memory of ours: a route and what belongs to it are taken with a reference and let go of. */
#include "media.h"

#include <janus/rtcp.h>

#include "call-config.h"
#include "media/rtcp.h"

/* Janus wants no cap: as much as anybody sends. */
#define REMB_NONE 10000000
#define REPORTS_MOST 4
/* Janus keeps what a device's channel does not take, with no bound of its own. */
#define UNSENT_MOST (8 * 1024 * 1024)

extern gint janus_is_stopping(void);

/* --- who is it --- */

/* The media of a handle, for the time until packet_done(); NULL when it has none. Janus brings a
 * handle's packets and its end on one thread, so the session is there meanwhile. */
static MediaHandle *packet_begin(janus_plugin_session *handle)
{
    Session *session;
    MediaHandle *media = NULL;

    if (!door_enter_packet(handle))
        return NULL;
    session = g_atomic_pointer_get(&handle->plugin_handle);
    if (session)
        media = g_atomic_pointer_get(&session->media);
    if (!media)
        door_leave_packet(handle);
    return media;
}

static void packet_done(janus_plugin_session *handle)
{
    door_leave_packet(handle);
}

static gboolean is_line(int line)
{
    return line >= 0 && line < SDP_LINES;
}

/* --- the way --- */

typedef struct {
    Route *route;
    Simulcast *simulcast;
    Recorders *recorders;
    janus_videocodec codec; /* of a line with simulcast */
} Way;

static janus_videocodec codec_of(const MediaHandle *from, int line)
{
    const SdpLine *agreed = sdp_facts_line(from->agreed, line);

    return agreed ? janus_videocodec_from_name(agreed->codec) : JANUS_VIDEOCODEC_NONE;
}

/* Counts the packet, and takes what belongs to its way. */
static Way take_way(MediaHandle *from, const janus_plugin_rtp *packet)
{
    const janus_rtp_header *header = (const janus_rtp_header *)packet->buffer;
    Way way = {0};

    g_mutex_lock(&from->lock);
    stream_count_packet(&from->received[packet->mindex], g_ntohl(header->ssrc),
                        g_ntohs(header->seq_number), packet->length);
    if (from->route)
        way.route = route_ref(from->route);
    if (from->route && from->recorders)
        way.recorders = recorders_ref(from->recorders);
    if (from->simulcast[packet->mindex]) {
        way.simulcast = simulcast_ref(from->simulcast[packet->mindex]);
        way.codec = codec_of(from, packet->mindex);
    }
    g_mutex_unlock(&from->lock);
    return way;
}

static void way_clear(Way *way)
{
    route_unref(way->route);
    simulcast_unref(way->simulcast);
    recorders_unref(way->recorders);
}

static void record(const Way *way, janus_plugin_rtp *packet)
{
    if (way->recorders && way->recorders->lines[packet->mindex])
        janus_recorder_save_frame(way->recorders->lines[packet->mindex], packet->buffer,
                                  packet->length);
}

/* --- simulcast: the quality that the receiver wants --- */

static gboolean is_wanted_layer(SinkLine *sink, const Way *way, const janus_plugin_rtp *packet)
{
#ifdef HAVE_SIMULCAST_DD
    return janus_rtp_simulcasting_context_process_rtp(
        &sink->layers, packet->buffer, packet->length, (uint8_t *)packet->extensions.dd_content,
        packet->extensions.dd_len, way->simulcast->ssrcs, way->simulcast->rids, way->codec,
        &sink->continuity, NULL);
#else
    return janus_rtp_simulcasting_context_process_rtp(&sink->layers, packet->buffer, packet->length,
                                                      way->simulcast->ssrcs, way->simulcast->rids,
                                                      way->codec, &sink->continuity, NULL);
#endif
}

static gboolean choose_layer(MediaHandle *from, SinkLine *sink, const Way *way,
                             const janus_plugin_rtp *packet)
{
    gboolean is_wanted;

    sink->layers.rid_ext_id = way->simulcast->rid_extension;
    sink->layers.substream_target = way->route->wants.substream;
    sink->layers.templayer_target = way->route->wants.temporal;
    is_wanted = is_wanted_layer(sink, way, packet);
    if (sink->layers.need_pli)
        door.gateway->send_pli_stream(from->handle, packet->mindex);
    return is_wanted;
}

/* The picture ids of the qualities are not in one sequence. */
static void mend_vp8(SinkLine *sink, const janus_plugin_rtp *packet)
{
    int length = 0;
    char *payload = janus_rtp_payload(packet->buffer, packet->length, &length);

    if (payload)
        janus_vp8_simulcast_descriptor_update(payload, length, &sink->vp8,
                                              sink->layers.changed_substream);
}

/* One recording has one SSRC, whichever quality it is of. */
static void record_chosen(const Way *way, janus_plugin_rtp *packet)
{
    janus_rtp_header *header = (janus_rtp_header *)packet->buffer;
    guint32 ssrc = header->ssrc;

    header->ssrc = g_htonl(1);
    record(way, packet);
    header->ssrc = ssrc;
}

/* --- to the receiver --- */

static void relay(MediaHandle *from, MediaHandle *to, const Way *way, janus_plugin_rtp *packet)
{
    janus_rtp_header *header = (janus_rtp_header *)packet->buffer;
    SinkLine *sink = &to->sink[packet->mindex];

    if (way->simulcast && !choose_layer(from, sink, way, packet))
        return;
    if (sink->was_off)
        sink->continuity.seq_reset = TRUE;
    sink->was_off = FALSE;
    frame_numbers_rewrite(&sink->frames, g_ntohl(header->ssrc), packet->extensions.dd_content,
                          packet->extensions.dd_len);
    janus_rtp_header_update(header, &sink->continuity, packet->video, 0);
    if (way->simulcast && way->codec == JANUS_VIDEOCODEC_VP8)
        mend_vp8(sink, packet);
    if (way->simulcast)
        record_chosen(way, packet);
    stream_count_packet(&sink->sent, 0, g_ntohs(header->seq_number), packet->length);
    door.gateway->relay_rtp(to->handle, packet);
}

static void pass_on(MediaHandle *from, const Way *way, janus_plugin_rtp *packet)
{
    janus_rtp_header *header = (janus_rtp_header *)packet->buffer;
    MediaHandle *to = way->route->to;
    guint32 ssrc = header->ssrc, timestamp = header->timestamp;
    guint16 sequence = header->seq_number;

    if (!way->simulcast)
        record(way, packet);
    g_mutex_lock(&to->sink_lock);
    if (wants_kind(&way->route->wants, packet->video ? LINE_VIDEO : LINE_AUDIO))
        relay(from, to, way, packet);
    else
        to->sink[packet->mindex].was_off = TRUE;
    g_mutex_unlock(&to->sink_lock);
    /* Janus counts by the header after us. */
    header->ssrc = ssrc;
    header->timestamp = timestamp;
    header->seq_number = sequence;
}

void media_incoming_rtp(janus_plugin_session *handle, janus_plugin_rtp *packet)
{
    MediaHandle *from = packet_begin(handle);
    Way way;

    if (!from)
        return;
    if (is_line(packet->mindex)) {
        way = take_way(from, packet);
        if (way.route)
            pass_on(from, &way, packet);
        way_clear(&way);
    }
    packet_done(handle);
}

/* --- RTCP: what a receiver says of what came to it --- */

static void note_reports(MediaHandle *media, const janus_plugin_rtcp *packet)
{
    SinkLine *sink = &media->sink[packet->mindex];
    ReportBlock blocks[REPORTS_MOST];
    guint count =
        rtcp_read_reports((const guint8 *)packet->buffer, packet->length, blocks, REPORTS_MOST);

    if (!count)
        return;
    g_mutex_lock(&media->sink_lock);
    for (guint i = 0; i < count; i++) {
        gint64 trip_us = rtcp_round_trip(&blocks[i], g_get_real_time());

        sink->lost = blocks[i].lost;
        if (trip_us >= 0)
            sink->round_trip_us = trip_us;
    }
    g_mutex_unlock(&media->sink_lock);
}

/* The least of what the receiver wants and what is configured; 0: as much as anybody likes. */
static guint32 allowed_bitrate(const Wants *wants)
{
    guint32 most = door.config->media.max_bitrate;

    if (!wants->bitrate || (most && most < wants->bitrate))
        return most;
    return wants->bitrate;
}

static Wants wants_of(MediaHandle *media)
{
    Wants wants;

    g_mutex_lock(&media->lock);
    wants = media->wants;
    g_mutex_unlock(&media->lock);
    return wants;
}

/* The receiver's own idea of how much may come, within what is allowed. */
static void cap_bitrate(MediaHandle *receiver, janus_plugin_rtcp *packet)
{
    Wants wants = wants_of(receiver);
    guint32 allowed = allowed_bitrate(&wants);

    if (allowed && janus_rtcp_get_remb(packet->buffer, packet->length) > allowed)
        janus_rtcp_cap_remb(packet->buffer, packet->length, allowed);
}

/* Janus strips reports and NACKs, which are between it and each device, and puts its own SSRCs in.
 */
void media_incoming_rtcp(janus_plugin_session *handle, janus_plugin_rtcp *packet)
{
    MediaHandle *from = packet_begin(handle);
    g_autoptr(MediaHandle) to = NULL;

    if (!from)
        return;
    if (is_line(packet->mindex)) {
        note_reports(from, packet);
        to = media_handle_partner(from);
        if (to) {
            cap_bitrate(from, packet);
            door.gateway->relay_rtcp(to->handle, packet);
        }
    }
    packet_done(handle);
}

void media_refresh(MediaHandle *media)
{
    g_autoptr(MediaHandle) sender = media_handle_partner(media);
    Wants wants = wants_of(media);
    guint32 allowed = allowed_bitrate(&wants);

    if (!sender || !g_atomic_int_get(&sender->is_up))
        return;
    door.gateway->send_pli(sender->handle);
    door.gateway->send_remb(sender->handle, allowed ? allowed : REMB_NONE);
}

/* --- data channels --- */

static void send_message(MediaHandle *to, janus_plugin_data *message)
{
    if (to->unsent + message->length > UNSENT_MOST) {
        to->messages_dropped++;
        return;
    }
    to->unsent += message->length;
    stream_count_message(&to->messages_sent, message->length);
    door.gateway->relay_data(to->handle, message);
}

static void hold_message(MediaHandle *to, const janus_plugin_data *message)
{
    const HeldMessage held = {
        .label = message->label,
        .protocol = message->protocol,
        .is_binary = message->binary,
        .length = message->length,
        .bytes = message->buffer,
    };

    if (!held_put(&to->held, &held))
        to->messages_dropped++;
}

static void pass_message(const Way *way, janus_plugin_data *message)
{
    MediaHandle *to = way->route->to;

    if (way->recorders && way->recorders->messages && !message->binary)
        janus_recorder_save_frame(way->recorders->messages, message->buffer, message->length);
    if (!wants_kind(&way->route->wants, LINE_DATA))
        return;
    g_mutex_lock(&to->sink_lock);
    if (to->is_data_ready)
        send_message(to, message);
    else
        hold_message(to, message);
    g_mutex_unlock(&to->sink_lock);
}

void media_incoming_data(janus_plugin_session *handle, janus_plugin_data *packet)
{
    MediaHandle *from = packet_begin(handle);
    Way way = {0};

    if (!from)
        return;
    if (packet->buffer && packet->length) {
        g_mutex_lock(&from->lock);
        stream_count_message(&from->messages_received, packet->length);
        way.route = from->route ? route_ref(from->route) : NULL;
        way.recorders = way.route && from->recorders ? recorders_ref(from->recorders) : NULL;
        g_mutex_unlock(&from->lock);
        if (way.route)
            pass_message(&way, packet);
        way_clear(&way);
    }
    packet_done(handle);
}

static void send_held(MediaHandle *to)
{
    HeldMessage *held;

    while ((held = held_take(&to->held))) {
        janus_plugin_data message = {
            .label = held->label,
            .protocol = held->protocol,
            .binary = held->is_binary,
            .buffer = held->bytes,
            .length = held->length,
        };

        send_message(to, &message);
        held_message_free(held);
    }
}

/* Comes again whenever all that Janus had is sent. */
void media_data_ready(janus_plugin_session *handle)
{
    MediaHandle *media = packet_begin(handle);

    if (!media)
        return;
    g_mutex_lock(&media->sink_lock);
    media->is_data_ready = TRUE;
    media->unsent = 0;
    send_held(media);
    g_mutex_unlock(&media->sink_lock);
    packet_done(handle);
}

/* --- the PeerConnection comes and goes --- */

void media_slow_link(janus_plugin_session *handle, int line G_GNUC_UNUSED,
                     gboolean is_video G_GNUC_UNUSED, gboolean is_uplink G_GNUC_UNUSED)
{
    MediaHandle *media = packet_begin(handle);

    if (!media)
        return;
    g_atomic_int_inc(&media->slow_links);
    packet_done(handle);
}

static MediaHandle *media_of_peer(const Peer *peer)
{
    Session *session = peer->connection;

    return g_atomic_pointer_get(&session->media);
}

static void come_up(MediaHandle *media, Peer *peer)
{
    g_autoptr(MediaHandle) partner = media_handle_partner(media);

    g_atomic_int_set(&media->is_up, TRUE);
    media_refresh(media);
    if (partner)
        media_refresh(partner);
    service_media_up(door.service, peer);
}

static void go_down(MediaHandle *media, Peer *peer)
{
    g_atomic_int_set(&media->is_up, FALSE);
    media_handle_reset_sink(media);
    media_review_recorders(media);
    service_media_down(door.service, peer);
}

static void tell_media(janus_plugin_session *handle, void (*what)(MediaHandle *, Peer *))
{
    MediaHandle *media;
    Peer *peer;

    if (!door_enter())
        return;
    peer = peer_of(handle);
    media = peer ? media_of_peer(peer) : NULL;
    if (media)
        what(media, peer);
    g_clear_pointer(&peer, peer_unref);
    door_leave();
}

void media_setup(janus_plugin_session *handle)
{
    tell_media(handle, come_up);
}

/* Also of a PeerConnection that never came up, and more than once. */
void media_hangup(janus_plugin_session *handle)
{
    tell_media(handle, go_down);
}
