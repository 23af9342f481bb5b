/* What the two halves of the fake Janus share. */
#pragma once

#include <glib.h>

#include <janus/plugins/plugin.h>

#include "fake-media.h"

/* Guarded by the handle's lock. */
typedef struct {
    gboolean has_pc;
    guint packets;
    guint messages;
    guint rtcps;
    guint plis;
    guint32 remb;
    guint32 relayed_remb;
    FakePacket last_packet;
    FakePacket last_message;
} FakeMedia;

struct FakeHandle {
    janus_plugin_session session;
    GMutex lock;
    GCond changed;
    GPtrArray *all;   /* of json_t, owned: what came */
    GPtrArray *taken; /* the same, borrowed: what a test has seen */
    gboolean is_stalled;
    FakeMedia media;
};

FakeHandle *fake_handle_of(janus_plugin_session *session);
const janus_plugin *fake_plugin(void);
json_t *fake_send_message(FakeHandle *handle, json_t *body, json_t *jsep);

void fake_relay_rtp(janus_plugin_session *session, janus_plugin_rtp *packet);
void fake_relay_rtcp(janus_plugin_session *session, janus_plugin_rtcp *packet);
void fake_relay_data(janus_plugin_session *session, janus_plugin_data *packet);
void fake_send_pli(janus_plugin_session *session);
void fake_send_pli_stream(janus_plugin_session *session, int line);
void fake_send_remb(janus_plugin_session *session, uint32_t bitrate);
