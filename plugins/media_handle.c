#include "media.h"

#define LAYER_BEST 2

/* --- simulcast --- */

static Simulcast *simulcast_new(json_t *said)
{
    Simulcast *simulcast = g_new0(Simulcast, 1);

    g_atomic_ref_count_init(&simulcast->refs);
    janus_rtp_simulcasting_prepare(said, &simulcast->rid_extension, simulcast->ssrcs,
                                   simulcast->rids);
    return simulcast;
}

Simulcast *simulcast_ref(Simulcast *simulcast)
{
    g_atomic_ref_count_inc(&simulcast->refs);
    return simulcast;
}

void simulcast_unref(Simulcast *simulcast)
{
    if (!simulcast || !g_atomic_ref_count_dec(&simulcast->refs))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(simulcast->rids); i++)
        g_free(simulcast->rids[i]);
    g_free(simulcast);
}

/* --- streams --- */

static void reset_sink_line(SinkLine *line)
{
    janus_rtp_switching_context_reset(&line->continuity);
    janus_rtp_simulcasting_context_reset(&line->layers);
    janus_vp8_simulcast_context_reset(&line->vp8);
    line->layers.substream_target = line->layers.templayer_target = LAYER_BEST;
    line->frames = (FrameNumbers){0};
    line->was_off = FALSE;
    line->round_trip_us = -1;
}

void media_handle_reset_sink(MediaHandle *media)
{
    g_mutex_lock(&media->sink_lock);
    for (guint i = 0; i < SDP_LINES; i++)
        reset_sink_line(&media->sink[i]);
    media->is_data_ready = FALSE;
    media->unsent = 0;
    held_clear(&media->held);
    g_mutex_unlock(&media->sink_lock);
}

static void reset_source(MediaHandle *media)
{
    g_mutex_lock(&media->lock);
    memset(media->received, 0, sizeof media->received);
    media->messages_received = (StreamCount){0};
    media->wants = wants_all();
    g_mutex_unlock(&media->lock);
}

void media_handle_reset(MediaHandle *media)
{
    reset_source(media);
    g_mutex_lock(&media->sink_lock);
    for (guint i = 0; i < SDP_LINES; i++) {
        media->sink[i].sent = (StreamCount){0};
        media->sink[i].lost = 0;
    }
    media->messages_sent = (StreamCount){0};
    media->messages_dropped = 0;
    g_mutex_unlock(&media->sink_lock);
    g_atomic_int_set(&media->slow_links, 0);
}

/* --- the handle --- */

MediaHandle *media_handle_new(janus_plugin_session *handle)
{
    MediaHandle *media = g_new0(MediaHandle, 1);

    g_atomic_ref_count_init(&media->refs);
    janus_refcount_increase(&handle->ref);
    media->handle = handle;
    media->strand = strand_new(media_workers());
    media->is_shut = TRUE;
    media->wants = wants_all();
    g_mutex_init(&media->lock);
    g_mutex_init(&media->sink_lock);
    held_init(&media->held);
    media_handle_reset_sink(media);
    return media;
}

MediaHandle *media_handle_ref(MediaHandle *media)
{
    g_atomic_ref_count_inc(&media->refs);
    return media;
}

void media_handle_unref(MediaHandle *media)
{
    if (!media || !g_atomic_ref_count_dec(&media->refs))
        return;
    route_unref(media->route);
    recorders_unref(media->recorders);
    for (guint i = 0; i < SDP_LINES; i++)
        simulcast_unref(media->simulcast[i]);
    sdp_facts_unref(media->described);
    sdp_facts_unref(media->agreed);
    held_clear(&media->held);
    strand_unref(media->strand);
    g_mutex_clear(&media->sink_lock);
    g_mutex_clear(&media->lock);
    janus_refcount_decrease(&media->handle->ref);
    g_free(media);
}

static void let_go(gpointer media)
{
    media_handle_unref(media);
}

static Route *route_to(MediaHandle *to)
{
    Wants wants;

    if (!to)
        return NULL;
    g_mutex_lock(&to->lock);
    wants = to->wants;
    g_mutex_unlock(&to->lock);
    return route_new(media_handle_ref(to), let_go, &wants);
}

/* The old route is let go of outside the lock: it may be the last that holds the other handle. */
void media_handle_aim(MediaHandle *media, MediaHandle *to)
{
    g_autoptr(Route) old = NULL;
    Route *route = route_to(to);

    g_mutex_lock(&media->lock);
    old = media->route;
    media->route = route;
    g_mutex_unlock(&media->lock);
}

MediaHandle *media_handle_partner(MediaHandle *media)
{
    MediaHandle *partner;

    g_mutex_lock(&media->lock);
    partner = media->route ? media_handle_ref(media->route->to) : NULL;
    g_mutex_unlock(&media->lock);
    return partner;
}

/* --- what it says of itself --- */

/* Janus tells of simulcast in an array beside the SDP, each with its line's index. */
static json_t *simulcast_of_line(const json_t *jsep, guint line)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(jsep, "simulcast"), i, each)
    {
        if (json_integer_value(json_object_get(each, "mindex")) == (json_int_t)line)
            return each;
    }
    return NULL;
}

/* Janus has taken that out of the SDP. */
static void note_simulcast(SdpLine *line, const json_t *said)
{
    line->is_simulcast = json_array_size(json_object_get(said, "rids")) > 0;
    line->rid_id = (guint)json_integer_value(json_object_get(said, "rid-ext"));
}

/* Browsers say of which quality a packet is only until they know that it has been understood, so
 * what was learnt stays good over a new description. */
static gboolean is_same(const Simulcast *one, const Simulcast *other)
{
    if (!one || !other || one->rid_extension != other->rid_extension || !one->rids[0])
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(one->rids); i++) {
        if (g_strcmp0(one->rids[i], other->rids[i]) != 0)
            return FALSE;
    }
    return TRUE;
}

/* Takes over `fresh`. Returns what is not needed any more. */
static Simulcast *change_simulcast(MediaHandle *media, guint line, Simulcast *fresh)
{
    Simulcast *old = media->simulcast[line];

    if (is_same(old, fresh))
        return fresh;
    media->simulcast[line] = fresh;
    return old;
}

void media_handle_described(MediaHandle *media, const json_t *jsep, SdpFacts *facts)
{
    g_autoptr(SdpFacts) before = NULL;
    Simulcast *spare[SDP_LINES];

    for (guint i = 0; i < SDP_LINES; i++) {
        json_t *said = i < facts->count ? simulcast_of_line(jsep, i) : NULL;

        spare[i] = said ? simulcast_new(said) : NULL;
        if (said)
            note_simulcast(&facts->lines[i], said);
    }
    g_mutex_lock(&media->lock);
    for (guint i = 0; i < SDP_LINES; i++)
        spare[i] = change_simulcast(media, i, spare[i]);
    before = media->described;
    media->described = sdp_facts_ref(facts);
    media->is_encrypted = json_is_true(json_object_get(jsep, "e2ee"));
    g_mutex_unlock(&media->lock);
    for (guint i = 0; i < SDP_LINES; i++)
        simulcast_unref(spare[i]);
}
