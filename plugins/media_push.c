/* A JSEP makes Janus gather candidates, which can take seconds: it is passed on by workers. */
#include "media.h"

#include "base/log.h"

extern gint janus_is_stopping(void);

typedef struct {
    MediaHandle *media;
    json_t *event;
    json_t *jsep;
} Telling;

static gboolean is_there(const MediaHandle *media)
{
    return !janus_is_stopping() && !g_atomic_int_get(&media->handle->stopped);
}

static SdpFacts *described_of(MediaHandle *media)
{
    SdpFacts *facts;

    g_mutex_lock(&media->lock);
    facts = media->described ? sdp_facts_ref(media->described) : NULL;
    g_mutex_unlock(&media->lock);
    return facts;
}

/* Janus took what is needed for simulcast out of the offer when it passed it on. */
static void complete_answer(MediaHandle *media, json_t *jsep)
{
    const char *type = json_string_value(json_object_get(jsep, "type"));
    const char *sdp = json_string_value(json_object_get(jsep, "sdp"));
    g_autoptr(SdpFacts) offer = described_of(media);
    g_autofree char *text = NULL;

    if (!sdp || !offer || g_strcmp0(type, "answer") != 0)
        return;
    text = sdp_accept_simulcast(sdp, offer);
    json_object_set_new(jsep, "sdp", json_string(text));
}

/* One that ended meanwhile is no trouble. */
static void hand_over(const Telling *self)
{
    int error =
        door.gateway->push_event(self->media->handle, create(), NULL, self->event, self->jsep);

    if (error && is_there(self->media) && !g_atomic_int_get(&self->media->is_shut))
        log_line(LOG_LEVEL_WARN,
                 "A session description of call %s was not passed on: Janus says %d",
                 json_string_value(json_object_get(self->event, "callId")), error);
}

static void push(gpointer data)
{
    Telling *self = data;
    MediaHandle *media = self->media;

    complete_answer(media, self->jsep);
    if (is_there(media) && !g_atomic_int_get(&media->is_shut))
        hand_over(self);
    json_decref(self->event);
    json_decref(self->jsep);
    media_handle_unref(media);
    g_free(self);
}

void media_push(MediaHandle *media, json_t *event, json_t *jsep)
{
    Telling *self = g_new(Telling, 1);

    *self = (Telling){media_handle_ref(media), event, jsep};
    strand_add(media->strand, push, self);
}

static void close_pc(gpointer data)
{
    MediaHandle *media = data;

    if (is_there(media))
        door.gateway->close_pc(media->handle);
    media_handle_unref(media);
}

void media_close_pc(MediaHandle *media)
{
    close_pc(media_handle_ref(media));
    strand_add(media->strand, close_pc, media_handle_ref(media));
}
