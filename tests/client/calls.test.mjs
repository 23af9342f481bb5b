// The client library against a running Janus: what apps do with it when the network is good.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { pause, until, within } from '../e2e/lib/wait.mjs';
import { over, Storage, transports, users } from './lib/users.mjs';

const scene = users({ plugin: { timers: { ring: 2000, unreachable: 600 } } });

for (const transport of Object.keys(transports)) {
  describe(`over ${transport}`, () => {
    const trio = async () => {
      const bob = scene.name('bob');
      return {
        alice: await scene.client(scene.name('alice'), { transport, identity: { displayName: 'Alice' } }),
        phone: await scene.client(bob, { transport }),
        tablet: await scene.client(bob, { transport }),
      };
    };

    test('a rejected call: the caller knows why, the other device stops', async () => {
      const { alice, phone, tablet } = await trio();
      const rings = [phone, tablet].map((device) => device.next('incoming'));
      const call = alice.call(phone.userId, { video: true, data: { subject: 'Lunch' } });
      assert.equal(call.status, 'calling');
      await call.placed;
      assert.deepEqual([call.status, call.devices, call.reachable], ['ringing', 2, true]);
      const [atPhone, atTablet] = await Promise.all(rings);
      assert.deepEqual([atPhone.peerId, atPhone.peerName, atPhone.media.video, atPhone.data.subject],
        [alice.userId, 'Alice', true, 'Lunch']);
      assert.ok(atPhone.expiresInMs > 1000 && atPhone.expiresInMs <= 2000);
      if (!call.isAlerting)
        await within(call.next('change'), 'the caller hears that it rings');
      assert.ok(call.isAlerting);

      const confirmed = atPhone.reject({ reason: 'User declined' });
      assert.ok(atPhone.isOver, 'over here before the server says so');
      await Promise.all([confirmed, over(call), over(atTablet)]);
      assert.deepEqual([call.status, call.cause, call.reason], ['rejected', 'declined', 'User declined']);
      assert.deepEqual([atTablet.status, atTablet.cause], ['rejected', 'declined_elsewhere']);
      assert.deepEqual([atPhone.status, atPhone.isPresumed], ['rejected', false]);
    });

    test('an answered call: signals, updates, the end', async () => {
      const { alice, phone, tablet } = await trio();
      const atTablet = tablet.next('incoming');
      const { call, incoming } = await scene.talk(alice, phone);
      await over(await atTablet);
      assert.deepEqual([tablet.incoming[0].status, tablet.incoming[0].cause], ['accepted', 'answered_elsewhere']);
      const signal = call.next('signal');
      assert.equal(await incoming.signal({ type: 'offer' }), true);
      assert.deepEqual(await signal, { type: 'offer' });
      const updated = incoming.next('updated');
      await call.update({ audio: false });
      assert.deepEqual(await updated, { audio: false });
      assert.deepEqual(incoming.peerMedia, { audio: false });
      await Promise.all([call.end('Bye'), over(incoming)]);
      assert.deepEqual([incoming.status, incoming.cause, incoming.reason], ['ended', 'hangup', 'Bye']);
      assert.ok(incoming.durationMs >= 0);
      assert.equal(tablet.log.filter((line) => line.startsWith('ended')).length, 1);
    });

    test('the caller cancels', async () => {
      const { alice, phone } = await trio();
      const { call, incoming } = await scene.ring(alice, phone);
      await Promise.all([call.end(), over(incoming)]);
      assert.deepEqual([incoming.status, incoming.cause], ['cancelled', 'cancelled']);
      assert.deepEqual([call.status, call.isPresumed], ['cancelled', false]);
    });
  });
}

test('nobody answers, nobody is there', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = await scene.client(scene.name('bob'));
  const { call, incoming } = await scene.ring(alice, bob);
  const nobody = alice.call(scene.name('nobody'));
  await nobody.placed;
  assert.equal(nobody.reachable, false);
  await Promise.all([over(call), over(incoming), over(nobody)]);
  assert.deepEqual([call.status, call.cause], ['timeout', 'no_answer']);
  assert.deepEqual([incoming.status, incoming.cause], ['timeout', 'no_answer']);
  assert.deepEqual([nobody.status, nobody.cause], ['timeout', 'unreachable']);
});

test('a refusal ends the call and says why', async () => {
  const alice = await scene.client(scene.name('alice'));
  const call = alice.call(alice.userId);
  await assert.rejects(call.placed, { code: 'calling_self' });
  assert.deepEqual([call.isOver, call.status, call.cause], [true, 'failed', 'calling_self']);
});

test('busy, by the callee\'s word', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = await scene.client(scene.name('bob'));
  const { call, incoming } = await scene.ring(alice, bob);
  await incoming.reject({ cause: 'busy', reason: 'In a meeting' });
  await over(call);
  assert.deepEqual([call.cause, call.reason], ['busy', 'In a meeting']);
});

test('both call each other: they are connected', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = await scene.client(scene.name('bob'));
  const { call: first } = await scene.ring(alice, bob);
  const second = bob.call(alice.userId);
  await within(first.next('accepted'), 'the first call is accepted');
  await assert.rejects(second.placed, { code: 'glare' });
  await until(() => bob.incoming[0].status === 'accepted', 'bob is in the call');
});

test('two devices accept at once: one wins, the other is told where', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = scene.name('bob');
  const devices = [await scene.client(bob), await scene.client(bob)];
  const rings = devices.map((device) => device.next('incoming'));
  const call = alice.call(bob);
  const calls = await Promise.all(rings);
  const answers = await Promise.allSettled(calls.map((incoming) => incoming.accept()));
  assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const loser = calls[answers.findIndex(({ status }) => status === 'rejected')];
  assert.equal(loser.cause, 'answered_elsewhere');
  await call.end();
});

test('history and records', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = await scene.client(scene.name('bob'));
  for (let n = 0; n < 3; n++) {
    const { call, incoming } = await scene.ring(alice, bob);
    await Promise.all([call.end(), over(incoming)]);
  }
  const first = await bob.history({ limit: 2, missed: true });
  assert.equal(first.calls.length, 2);
  const rest = await bob.history({ limit: 2, missed: true, before: first.next });
  assert.equal(rest.calls.length, 1);
  assert.equal((await bob.get(first.calls[0].callId)).status, 'cancelled');
});

test('after a reload the caller still has its calls', async () => {
  const storage = new Storage();
  const alice = await scene.client(scene.name('alice'), { storage });
  const bob = await scene.client(scene.name('bob'));
  const { call, incoming } = await scene.talk(alice, bob);
  const reloaded = await scene.client(alice.userId, { storage, register: false });
  const resumed = reloaded.next('resumed');
  await reloaded.register({ userId: alice.userId });
  const again = await within(resumed, 'the call is resumed');
  assert.deepEqual([again.id, again.status, again.direction, again.peerId], [call.id, 'accepted', 'outgoing', bob.userId]);
  await until(() => alice.state.name === 'replaced', 'the old page is replaced');
  await Promise.all([again.end(), over(incoming)]);
  assert.equal(incoming.cause, 'hangup');
});

test('after a reload the callee still has its call, and what rings', async () => {
  const storage = new Storage();
  const bob = await scene.client(scene.name('bob'), { storage });
  const alice = await scene.client(scene.name('alice'));
  const carol = await scene.client(scene.name('carol'));
  const { call } = await scene.talk(alice, bob);
  await scene.ring(carol, bob);
  const reloaded = await scene.client(bob.userId, { storage, register: false });
  const resumed = reloaded.next('resumed');
  const rings = reloaded.next('incoming');
  await reloaded.register({ userId: bob.userId });
  assert.equal((await resumed).id, call.id);
  assert.equal((await rings).peerId, carol.userId);
  await (await resumed).end();
});

test('the same device in two places: the older one is told, and does not fight', async () => {
  const userId = scene.name('alice');
  const first = await scene.client(userId, { deviceId: 'tab' });
  const states = [];
  first.on('state', ({ name }) => states.push(name));
  const second = await scene.client(userId, { deviceId: 'tab' });
  await until(() => states.includes('replaced'), 'the first one is replaced');
  // Were it to come back, it would be by now.
  await pause(600);
  assert.deepEqual(states, ['replaced']);
  assert.equal(second.state.name, 'online');
  await first.register({ userId });
  assert.equal(first.state.name, 'online');
});

test('close() leaves on purpose', async () => {
  const alice = await scene.client(scene.name('alice'));
  const bob = await scene.client(scene.name('bob'));
  const { call } = await scene.talk(alice, bob);
  await bob.close();
  await over(call);
  assert.deepEqual([call.status, call.cause], ['ended', 'hangup']);
  assert.equal(bob.state.name, 'closed');
});
