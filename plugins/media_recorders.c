/* One file for each stream that a device sends, and one for its messages, made and closed away from
 * the packets. */
#include "media.h"

#include <glib/gstdio.h>

#include "base/log.h"

/* Several hold one: janus_recorder_destroy() lets go of a reference the first time only. Janus closes
 * the file with the last one. */
static void let_go(janus_recorder *recorder)
{
    if (recorder)
        janus_refcount_decrease(&recorder->ref);
}

Recorders *recorders_ref(Recorders *recorders)
{
    g_atomic_ref_count_inc(&recorders->refs);
    return recorders;
}

void recorders_unref(Recorders *recorders)
{
    if (!recorders || !g_atomic_ref_count_dec(&recorders->refs))
        return;
    for (guint i = 0; i < SDP_LINES; i++)
        let_go(recorders->lines[i]);
    let_go(recorders->messages);
    g_free(recorders);
}

static janus_recorder *share(janus_recorder *recorder)
{
    if (recorder)
        janus_refcount_increase(&recorder->ref);
    return recorder;
}

/* What there is, to add to. */
static Recorders *recorders_next(const Recorders *old)
{
    Recorders *recorders = g_new0(Recorders, 1);

    g_atomic_ref_count_init(&recorders->refs);
    for (guint i = 0; old && i < SDP_LINES; i++)
        recorders->lines[i] = share(old->lines[i]);
    if (old)
        recorders->messages = share(old->messages);
    return recorders;
}

/* --- begin --- */

static janus_recorder *open_recorder(MediaHandle *media, const SdpLine *line, gint index,
                                     const char *codec)
{
    g_autofree char *name = media_recording_name(media, index, line->kind);
    janus_recorder *recorder = NULL;

    if (name)
        recorder =
            janus_recorder_create_full(door.config->media.record_folder, codec, line->fmtp, name);
    if (!recorder && name)
        log_line(LOG_LEVEL_ERROR, "Recording %s cannot be begun (codec %s)", name, codec);
    if (recorder && media->is_encrypted)
        janus_recorder_encrypted(recorder);
    return recorder;
}

/* What was agreed last, and which side of it this handle is; to be given back. */
typedef struct {
    SdpFacts *answer; /* NULL: nothing yet */
    gboolean is_answerer;
} Agreement;

/* The answer says what the answerer sends, and the other way round. */
static gboolean is_sent_here(const Agreement *agreement, const SdpLine *line)
{
    return line->is_on && (agreement->is_answerer ? line->is_sent : line->is_received);
}

static gboolean open_line(MediaHandle *media, Recorders *recorders, const Agreement *agreement,
                          gint index)
{
    const SdpLine *line = &agreement->answer->lines[index];

    switch (line->kind) {
    case LINE_AUDIO:
    case LINE_VIDEO:
        if (recorders->lines[index] || !*line->codec || !is_sent_here(agreement, line))
            return FALSE;
        recorders->lines[index] = open_recorder(media, line, index, line->codec);
        return TRUE;
    case LINE_DATA:
        if (recorders->messages || !line->is_on)
            return FALSE;
        recorders->messages = open_recorder(media, line, -1, "text");
        return TRUE;
    case LINE_OTHER:
        return FALSE;
    }
    g_assert_not_reached();
}

static Recorders *swap(MediaHandle *media, Recorders *fresh)
{
    Recorders *old;

    g_mutex_lock(&media->lock);
    old = media->recorders;
    media->recorders = fresh;
    g_mutex_unlock(&media->lock);
    return old;
}

static Agreement agreement_of(MediaHandle *media)
{
    Agreement agreement;

    g_mutex_lock(&media->lock);
    agreement = (Agreement){.answer = media->agreed ? sdp_facts_ref(media->agreed) : NULL,
                            .is_answerer = media->is_answerer};
    g_mutex_unlock(&media->lock);
    return agreement;
}

/* Only the strand changes them, so what is there stays there meanwhile. */
void recorders_begin(MediaHandle *media)
{
    const Agreement agreement = agreement_of(media);
    g_autoptr(SdpFacts) answer = agreement.answer;
    Recorders *fresh = recorders_next(media->recorders);
    gboolean is_changed = FALSE;

    for (guint i = 0; answer && i < answer->count; i++)
        is_changed |= open_line(media, fresh, &agreement, (gint)i);
    if (!is_changed) {
        recorders_unref(fresh);
        return;
    }
    recorders_unref(swap(media, fresh));
    /* A recording that begins in the middle can be played from its first whole picture on. */
    if (g_atomic_int_get(&media->is_up))
        door.gateway->send_pli(media->handle);
}

/* --- end --- */

/* What nothing was written to is no recording. */
static void close_recorder(MediaHandle *media, janus_recorder *recorder)
{
    g_autofree char *path = NULL;

    if (!recorder)
        return;
    janus_recorder_close(recorder);
    if (g_atomic_int_get(&recorder->header)) {
        media_recorded(media, recorder->filename);
        return;
    }
    path = g_build_filename(recorder->dir, recorder->filename, NULL);
    g_unlink(path);
}

void recorders_end(MediaHandle *media)
{
    Recorders *old = swap(media, NULL);

    if (!old)
        return;
    for (guint i = 0; i < SDP_LINES; i++)
        close_recorder(media, old->lines[i]);
    close_recorder(media, old->messages);
    recorders_unref(old);
}
