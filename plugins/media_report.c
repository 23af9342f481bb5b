/* The numbers of a handle as JSON: for query_session, the call's record, and event handlers. */
#include "media.h"

static gboolean is_used(const StreamCount *received, const SinkLine *sink)
{
    return received->packets || sink->sent.packets;
}

static json_t *write_received(const StreamCount *count)
{
    return json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)count->packets, "bytes",
                     (json_int_t)count->bytes, "lost", (json_int_t)stream_count_lost(count));
}

/* What was lost on the way to it, and how long that way is, the device itself reports. */
static json_t *write_sent(const SinkLine *sink)
{
    json_t *sent = json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)sink->sent.packets, "bytes",
                             (json_int_t)sink->sent.bytes, "lost", (json_int_t)MAX(sink->lost, 0));

    if (sink->round_trip_us >= 0)
        json_object_set_new(sent, "roundTripMs", json_real((double)sink->round_trip_us / 1000));
    return sent;
}

static json_t *write_line(guint index, const SdpLine *line, const StreamCount *received,
                          const SinkLine *sink)
{
    return json_pack("{s:i, s:s, s:s*, s:o, s:o}", "line", (int)index, "kind",
                     line_kind_name(line ? line->kind : LINE_OTHER), "codec",
                     line && *line->codec ? line->codec : NULL, "received",
                     write_received(received), "sent", write_sent(sink));
}

static json_t *write_messages(const StreamCount *received, const StreamCount *sent, guint dropped)
{
    if (!received->packets && !sent->packets && !dropped)
        return NULL;
    return json_pack("{s:{s:I, s:I}, s:{s:I, s:I}, s:i}", "received", "messages",
                     (json_int_t)received->packets, "bytes", (json_int_t)received->bytes, "sent",
                     "messages", (json_int_t)sent->packets, "bytes", (json_int_t)sent->bytes,
                     "dropped", (int)dropped);
}

/* Copied under the locks, which packets want too. */
typedef struct {
    StreamCount received[SDP_LINES];
    SinkLine sink[SDP_LINES];
    StreamCount messages_received;
    StreamCount messages_sent;
    guint dropped;
    SdpFacts *agreed;
} Numbers;

static void copy_numbers(MediaHandle *media, Numbers *numbers)
{
    g_mutex_lock(&media->lock);
    memcpy(numbers->received, media->received, sizeof numbers->received);
    numbers->messages_received = media->messages_received;
    numbers->agreed = media->agreed ? sdp_facts_ref(media->agreed) : NULL;
    g_mutex_unlock(&media->lock);
    g_mutex_lock(&media->sink_lock);
    memcpy(numbers->sink, media->sink, sizeof numbers->sink);
    numbers->messages_sent = media->messages_sent;
    numbers->dropped = media->messages_dropped;
    g_mutex_unlock(&media->sink_lock);
}

json_t *media_numbers(MediaHandle *media)
{
    g_autofree Numbers *numbers = g_new0(Numbers, 1);
    json_t *streams = json_array();
    json_t *written;

    copy_numbers(media, numbers);
    for (guint i = 0; i < SDP_LINES; i++) {
        if (is_used(&numbers->received[i], &numbers->sink[i]))
            json_array_append_new(streams, write_line(i, sdp_facts_line(numbers->agreed, (gint)i),
                                                      &numbers->received[i], &numbers->sink[i]));
    }
    written = json_pack(
        "{s:o, s:o*, s:i}", "streams", streams, "messages",
        write_messages(&numbers->messages_received, &numbers->messages_sent, numbers->dropped),
        "slowLinks", g_atomic_int_get(&media->slow_links));
    sdp_facts_unref(numbers->agreed);
    return written;
}
