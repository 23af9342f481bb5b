/* The media of accepted calls in Janus: what the files media*.c share.
 *
 * A handle that joined a call has a MediaHandle. Its packets come on one thread of Janus (the
 * handle's loop); the way that they take is a Route, taken with a reference under a lock that is
 * held for nothing else. What a receiver's stream looks like (continuity, simulcast) is guarded by
 * the receiver's own lock, because after a device joins anew two senders may overlap. */
#pragma once

#include <jansson.h>

#include <janus/record.h>
#include <janus/rtp.h>
#include <janus/utils.h>

#include "door.h"
#include "media/counters.h"
#include "media/frames.h"
#include "media/held.h"
#include "media/route.h"
#include "media/sdp.h"
#include "media/strand.h"
#include "ports/media.h"

/* What one sender says of the qualities that it sends of a line. Only the thread that brings the
 * sender's packets looks into it. */
typedef struct {
    gatomicrefcount refs;
    int rid_extension;
    uint32_t ssrcs[3]; /* learnt from the packets when there are rids */
    char *rids[3];
} Simulcast;

/* Recorders of the lines of one handle, and of its messages. Immutable; the recorders themselves
 * may be closed at any time, and take nothing then. */
typedef struct {
    gatomicrefcount refs;
    janus_recorder *lines[SDP_LINES];
    janus_recorder *messages;
} Recorders;

/* One line of what goes to a device. */
typedef struct {
    janus_rtp_switching_context continuity;
    janus_rtp_simulcasting_context layers;
    janus_vp8_simulcast_context vp8;
    FrameNumbers frames;
    gboolean was_off; /* packets were held back: the sequence goes on where it stopped */
    StreamCount sent;
    gint64 lost;          /* as the device reports it */
    gint64 round_trip_us; /* -1: not known */
} SinkLine;

typedef struct MediaCall MediaCall;

struct MediaHandle {
    gatomicrefcount refs;
    janus_plugin_session *handle; /* a reference */
    Strand *strand;               /* what it is told, its recorders, its end: in order */
    gint is_shut; /* atomic: it has no part in a call (any more): nothing goes out */

    GMutex lock;  /* of what is from the device; held for no call but counting */
    Route *route; /* to whom its packets go; NULL: to nobody */
    Wants wants;  /* of what comes to it */
    Recorders *recorders;
    Simulcast *simulcast[SDP_LINES];
    SdpFacts *described;   /* its own latest description; NULL before */
    SdpFacts *agreed;      /* the answer of its last negotiation; NULL before */
    gboolean is_answerer;  /* of that */
    gboolean is_encrypted; /* end to end */
    StreamCount received[SDP_LINES];
    StreamCount messages_received;

    GMutex sink_lock; /* of what goes to the device */
    SinkLine sink[SDP_LINES];
    StreamCount messages_sent;
    guint messages_dropped;
    Held held; /* messages until its channel is there */
    gboolean is_data_ready;
    gsize unsent; /* bytes of messages that Janus may not have sent yet */

    gint slow_links; /* atomic: how often Janus found its network slow */
    gint is_up;      /* atomic: its PeerConnection is there */

    /* Guarded by the lock of the calls (media.c). */
    MediaCall *call; /* borrowed: the call knows its parts */
    Side side;
    guint join; /* counts the handles of that side in that call */
    guint part; /* counts its recordings */
};

/* --- media_handle.c: the life of one --- */

MediaHandle *media_handle_new(janus_plugin_session *handle);
MediaHandle *media_handle_ref(MediaHandle *media);
void media_handle_unref(MediaHandle *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaHandle, media_handle_unref)

/* From now on its packets go to `to`, who wants this; NULL: to nobody. */
void media_handle_aim(MediaHandle *media, MediaHandle *to);
/* To whom they go: a reference, or NULL. */
MediaHandle *media_handle_partner(MediaHandle *media);
/* Its numbers and streams begin anew. */
void media_handle_reset(MediaHandle *media);
/* What goes to it begins anew: its PeerConnection is another. */
void media_handle_reset_sink(MediaHandle *media);
/* A description of its own that was taken: what it sends. Nobody shares the facts yet. */
void media_handle_described(MediaHandle *media, const json_t *jsep, SdpFacts *facts);

Simulcast *simulcast_ref(Simulcast *simulcast);
void simulcast_unref(Simulcast *simulcast); /* NULL is fine */

/* --- media.c: calls and orders --- */

extern const MediaPort janus_media_port;

void media_start(void);
/* The door is shut: nothing comes any more. Also of what was not started. */
void media_stop(void);

/* A call:join or call:media of this handle with that JSEP succeeded. */
void media_described(Session *session, const json_t *jsep);
/* The handle is gone. */
void media_gone(Session *session);
/* The whole of what is known of it, for query_session; NULL when it joined nothing. */
json_t *media_query(Session *session);
/* Has its recorders go with what the call wants and what was agreed. Any thread. */
void media_review_recorders(MediaHandle *media);
/* Who does what may take long. */
Workers *media_workers(void);

/* A name for a new recording of a handle's line (-1: its messages); NULL when it is in no call. */
char *media_recording_name(MediaHandle *media, gint line, LineKind kind);
/* A recording of it is complete. */
void media_recorded(MediaHandle *media, const char *file_name);

/* --- media_packets.c: Janus's callbacks --- */

void media_incoming_rtp(janus_plugin_session *handle, janus_plugin_rtp *packet);
void media_incoming_rtcp(janus_plugin_session *handle, janus_plugin_rtcp *packet);
void media_incoming_data(janus_plugin_session *handle, janus_plugin_data *packet);
void media_data_ready(janus_plugin_session *handle);
void media_slow_link(janus_plugin_session *handle, int line, gboolean is_video, gboolean is_uplink);
void media_setup(janus_plugin_session *handle);
void media_hangup(janus_plugin_session *handle);
/* Asks the device whose packets come to `media` for a picture that stands for itself, and tells it
 * how much it may send. */
void media_refresh(MediaHandle *media);

/* --- media_push.c: what a media handle is told --- */

/* Takes both over; an answer is one to what the device offered last. In order per handle, on a worker; nothing when it has no part
 * in a call by then. */
void media_push(MediaHandle *media, json_t *event, json_t *jsep);
/* Closes its PeerConnection: the one that is there, and the one that a push under way may make. */
void media_close_pc(MediaHandle *media);

/* --- media_recorders.c --- */

Recorders *recorders_ref(Recorders *recorders);
void recorders_unref(Recorders *recorders); /* NULL is fine */
/* On a worker, in the handle's strand. */
void recorders_begin(MediaHandle *media);
void recorders_end(MediaHandle *media);

/* --- media_report.c --- */

/* The streams of a handle: an object. */
json_t *media_numbers(MediaHandle *media);

/* --- media_room.c --- */

void room_start(void);
/* VideoRoom is there. */
gboolean room_can(const char **why_not);
/* FALSE, and a line in the log, when VideoRoom does not want to. */
gboolean room_make(const MediaOrder *order);
void room_destroy(const MediaOrder *order);
