// The users' present server and ours: the same scenarios, the same client, and nothing else but another address.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { play, scenarios } from './socketio-scenarios.mjs';
import { socketIoUrl } from './lib/clients/socketio.mjs';
import { startJanus } from './lib/janus.mjs';
import { hasSqlite, startUsersServer } from './lib/users-server.mjs';

// Long enough for a scenario on a busy machine, and short enough to be waited for.
const RING_MS = 15_000;

const audio = { audio: true, video: false };
const video = { audio: true, video: true };

// What each scenario saw beyond the document. There nobody learns what was said while it was away.
const theirs = {
  'a phone that was away while it was called': { rang: false },
  'a caller who was away when the callee rejected': { learned: false },
};
const ours = {
  'the callee rejects with a reason, and the caller hears it': { cause: 'declined' },
  'nobody answers: both sides hear when the ring is over': { cause: 'no_answer' },
  'nobody is there: the caller hears of a timeout': { cause: 'unreachable' },
  'two phones ring; one accepts, the other falls silent': { cause: 'answered_elsewhere' },
  'two phones ring; one rejects, the other falls silent': { cause: 'declined_elsewhere' },
  'the callee is busy and says so': { cause: 'busy' },
  'a phone that was away while it was called': { rang: true },
  'a caller who was away when the callee rejected': { learned: true },
  'a call has a type': { seen: [audio, audio, video, video] },
};

function playAll(server, saw) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(name, async () => {
      const seen = await play(server().address, scenario);
      if (name in saw)
        assert.deepEqual(seen, saw[name]);
    });
  }
}

// Each has a process of its own, and most of it is waiting.
describe('the same scenarios', { concurrency: true }, () => {
  for (const store of ['memory', 'sqlite']) {
    describe(`the users' server, calls in ${store}`, { skip: store === 'sqlite' && !hasSqlite, concurrency: true }, () => {
      let server;
      before(async () => { server = await startUsersServer({ ringMs: RING_MS, store }); });
      after(async () => {
        assert.equal(await server.stop(), 0);
        assert.ok(/^Received call:reject from receiver \(callId CALL_\w+, reason /m.test(server.output));
        assert.ok(/^Sent call:rejected to caller /m.test(server.output));
      });
      playAll(() => server, theirs);
    });
  }

  describe('our server', { concurrency: true }, () => {
    const server = {};
    let janus;
    before(async () => {
      janus = await startJanus({ plugin: { timers: { ring: RING_MS }, listener: {} } });
      server.address = socketIoUrl(janus);
    });
    after(() => janus?.stop());
    playAll(() => server, ours);
  });
});
