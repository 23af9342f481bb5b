/* What the fake Janus (fake-janus.h) knows of media: it brings packets to the plugin as the core
 * does, and keeps what the plugin relays, asks for and records. Helpers of Janus that the plugin
 * uses are here in a simpler form, with the same effect on what is looked at. */
#pragma once

#include <glib.h>

#include "fake-janus.h"

/* One packet or message that was relayed to a handle. */
typedef struct {
    gint line;
    guint32 ssrc;
    guint16 sequence;
    guint32 timestamp;
    char label[32]; /* of a message */
    gboolean is_binary;
    guint length;
    guint8 bytes[64]; /* the beginning of the payload */
} FakePacket;

/* A request with a JSEP; takes both over. The handle has a PeerConnection then, as the core makes
 * one before it asks the plugin. */
json_t *fake_request_jsep(FakeHandle *handle, json_t *body, json_t *jsep);
/* The JSEP that came with an event of fake_expect(); borrowed. NULL: none. */
const json_t *fake_jsep_of(const json_t *event);

/* Whether the core would still hold a PeerConnection for it. */
gboolean fake_has_pc(FakeHandle *handle);
/* Waits until it holds none. */
void fake_wait_closed(FakeHandle *handle);

/* The core's callbacks, on the calling thread. */
void fake_setup_media(FakeHandle *handle);
void fake_hangup_media(FakeHandle *handle);
void fake_data_ready(FakeHandle *handle);
void fake_slow_link(FakeHandle *handle);
void fake_rtp(FakeHandle *handle, gint line, gboolean is_video, guint32 ssrc, guint16 sequence,
              const char *payload);
void fake_rtcp(FakeHandle *handle, gint line, const guint8 *bytes, guint length);
void fake_data(FakeHandle *handle, const char *label, gboolean is_binary, const char *text);

/* What was relayed to a handle: how many, and the last of them; then to forget them. */
guint fake_packets(FakeHandle *handle);
FakePacket fake_last_packet(FakeHandle *handle);
guint fake_messages(FakeHandle *handle);
FakePacket fake_last_message(FakeHandle *handle);
guint fake_rtcps(FakeHandle *handle);
/* How often it was asked for a whole picture, and how much it was told that it may send. */
guint fake_plis(FakeHandle *handle);
guint32 fake_remb(FakeHandle *handle);
/* The REMB of the last RTCP packet that was relayed to it. */
guint32 fake_relayed_remb(FakeHandle *handle);

/* How many recorders hold a file open. */
guint fake_recorders(void);

/* A VideoRoom in the process, or none. */
void fake_videoroom(gboolean is_there);
/* The last request that created or destroyed a room (borrowed), and how many rooms there are. */
const json_t *fake_room_request(void);
guint fake_rooms(void);
