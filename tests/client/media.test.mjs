// What a stream does with the microphone and the camera, which are the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PeerStream } from '../../html-demo/janus-call.js';

const fakeTrack = (kind) => ({ kind, enabled: true, stop() {} });

/** A stream whose user has not answered yet; `allow()` is the answer. */
function asking(media) {
  let allow;
  const asked = [];
  const stream = new PeerStream({
    isCaller: true, media, send() {}, tell() {},
    getUserMedia: (constraints) => {
      asked.push(constraints);
      return new Promise((resolve) => { allow = resolve; });
    },
  });
  const tracks = [fakeTrack('audio'), ...media.video ? [fakeTrack('video')] : []];
  const ofKind = (kind) => tracks.filter((track) => track.kind === kind);
  const captured = {
    getTracks: () => tracks, getAudioTracks: () => ofKind('audio'), getVideoTracks: () => ofKind('video'),
    removeTrack: (track) => tracks.splice(tracks.indexOf(track), 1),
  };
  return { stream, asked, captured, allow: () => allow(captured) };
}

test('mute while the user is still asked: the microphone comes muted, and is asked for once', async () => {
  const { stream, asked, captured, allow } = asking({ audio: true });
  const prepared = stream.prepare();
  const muted = stream.setAudio(false);
  allow();
  await Promise.all([prepared, muted]);
  assert.deepEqual([stream.audio, captured.getAudioTracks()[0].enabled, asked.length], [false, false, 1]);
});

test('camera on while the user is still asked for it: it is asked for once', async () => {
  const { stream, asked, captured, allow } = asking({ audio: true, video: true });
  const prepared = stream.prepare();
  const on = stream.setVideo(true);
  allow();
  await Promise.all([prepared, on]);
  assert.deepEqual([stream.video, stream.local, asked.length], [true, captured, 1]);
});
