// conf/nginx.conf.sample in front of Janus: what it lets through, what it bounds. Skipped where nginx and its stream module are not
// installed (Debian: nginx, libnginx-mod-stream).
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { HttpClient, WsClient } from './lib/clients/index.mjs';
import { HostileSocket } from './lib/hostile.mjs';
import { hasNginx, startNginx } from './lib/nginx.mjs';
import { ring, scene } from './lib/scene.mjs';
import { pause, until } from './lib/wait.mjs';

describe('behind nginx', { skip: hasNginx() ? false : 'nginx is not installed' }, () => {
  const it = scene();
  const sockets = [];
  let nginx;
  before(async () => { nginx = await startNginx(it.janus); });
  after(async () => {
    sockets.forEach((socket) => socket.destroy());
    await nginx?.stop();
  });

  async function device(Client, userId, deviceId) {
    const client = await new Client(nginx, userId).connect();
    await client.register(userId, deviceId);
    return client;
  }

  test('a call goes through, over WebSocket and over HTTP', async () => {
    const alice = await device(WsClient, it.user('alice'), 'laptop');
    const bob = await device(HttpClient, it.user('bob'), 'phone');
    const callId = await ring(alice, [bob]);
    await bob.ask('call:reject', { callId, reason: 'User declined' });
    assert.equal((await alice.next('call:rejected')).reason, 'User declined');
    await alice.close();
    await bob.close();
  });

  test('T22 the Admin API is not there, nor anything else', async () => {
    for (const path of ['/admin', '/', '/janus-wss', '/info']) {
      const response = await fetch(new URL(path, nginx.httpUrl), { method: 'POST', body: '{}' });
      assert.equal(response.status, 404, path);
    }
  });

  test('T13 a message over HTTP that is too large does not reach Janus', async () => {
    const response = await fetch(nginx.httpUrl, { method: 'POST', body: JSON.stringify({ janus: 'create', x: 'x'.repeat(300_000) }) });
    assert.equal(response.status, 413);
  });

  /** Sends one message of so many bytes; how long others wait meanwhile at worst, and whether it was answered. */
  async function withGreatMessage(url, bytes, limitMs) {
    const other = await it.device(it.user('other'), 'phone');
    const eve = await (await HostileSocket.open(url)).attach();
    let isAnswered = false;
    eve.messageText(JSON.stringify({ request: 'call:history', x: 'x'.repeat(bytes) })).then(() => { isAnswered = true; }, () => {});
    let worst = 0;
    for (const begun = performance.now(); !isAnswered && performance.now() - begun < limitMs;) {
      const asked = performance.now();
      await other.settle();
      worst = Math.max(worst, performance.now() - asked);
      await pause(5);
    }
    eve.close();
    return { isAnswered, worst };
  }

  test('T13 a message over WebSocket takes as long as its bytes, so that a great one does not come to its end', async () => {
    const direct = await withGreatMessage(it.janus.wsUrl, 16 << 20, 9000);
    const proxied = await withGreatMessage(nginx.wsUrl, 16 << 20, 5000);
    const small = await withGreatMessage(nginx.wsUrl, 60_000, 5000);
    console.log(`proxy: a message of 16 MB makes others wait ${direct.worst.toFixed(0)} ms at worst, behind nginx ${proxied.worst.toFixed(0)} ms`);
    assert.deepEqual([direct.isAnswered, proxied.isAnswered, small.isAnswered], [true, false, true]);
  });

  test('one address has so many connections', async () => {
    const opened = Array.from({ length: 150 }, () => {
      const socket = net.connect(Number(new URL(nginx.wsUrl).port), '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      return socket;
    });
    const closed = () => opened.filter((socket) => socket.closed).length;
    await until(() => closed() >= 50, 'fifty of 150 were refused');
    assert.ok(closed() < 100, `${closed()} of 150 were refused`);
  });
});
