// Socket.IO's door on a running Janus, by hand: what no client of the library would send.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import WebSocket from 'ws';

import { PlainClient } from './lib/clients/plain.mjs';
import { scene } from './lib/scene.mjs';
import { within } from './lib/wait.mjs';

const POLLING = '/socket.io/?EIO=4&transport=polling';
const UNKNOWN = '{"code":1,"message":"Session ID unknown"}';

/** A connection that speaks packets; what comes is read with next(). */
async function open(it, first) {
  const socket = new WebSocket(`${it.janus.listenerUrl}/socket.io/?EIO=4&transport=websocket`);
  const packets = [];
  const waiting = [];
  socket.on('message', (data) => {
    const text = String(data);
    if (text === '2')
      socket.send('3');
    else if (waiting.length)
      waiting.shift()(text);
    else
      packets.push(text);
  });
  const closed = once(socket, 'close').then(([code]) => code);
  const next = () => (packets.length ? Promise.resolve(packets.shift()) : within(new Promise((resolve) => waiting.push(resolve)), 'a packet'));
  await once(socket, 'open');
  assert.match(await next(), /^0\{"sid":"/);
  if (first) {
    socket.send(first);
    assert.match(await next(), /^40\{"sid":"/);
  }
  return { socket, closed, next, send: (text) => socket.send(text) };
}

describe('hostile Socket.IO', () => {
  const it = scene({ plugin: { listener: { ping_interval: 1000, ping_timeout: 1000, register_timeout: 1000, max_sockets: 40 } } });
  const url = (path) => it.janus.listenerUrl.replace('ws:', 'http:') + path;
  const get = async (path) => { const answer = await fetch(url(path)); return [answer.status, await answer.text()]; };
  const post = async (path, body) => { const answer = await fetch(url(path), { method: 'POST', body }); return [answer.status, await answer.text()]; };
  const session = async () => {
    const [status, text] = await get(POLLING);
    assert.equal(status, 200);
    return `${POLLING}&sid=${JSON.parse(text.slice(1)).sid}`;
  };

  test('T34 a session id is not guessed, and one that is over is nobody\'s', async () => {
    const mine = await session();
    for (const sid of ['', '0', '1', '../../x', 'x'.repeat(500), `${mine.split('sid=')[1]}0`, mine.split('sid=')[1].toLowerCase()])
      assert.deepEqual(await get(`${POLLING}&sid=${sid}`), [400, UNKNOWN]);
    assert.deepEqual(await post(mine, '1'), [200, 'ok']);
    assert.deepEqual(await get(mine), [200, '6']);
    assert.deepEqual(await get(mine), [400, UNKNOWN]);
    assert.deepEqual(await post(mine, '40{"userId":"late"}'), [400, UNKNOWN]);
  });

  test('T34 another user\'s identity is not taken by a field, nor by a second namespace', async () => {
    const alice = it.user('alice'), bob = it.user('bob'), eve = it.user('eve');
    const caller = await it.device(alice, 'web', { Client: PlainClient });
    const callee = await it.device(bob, 'phone', { Client: PlainClient });
    const { callId } = await caller.ask('call:initiate', { calleeId: bob });
    await callee.next('call:incoming');
    const thief = await open(it, `40{"userId":"${eve}"}`);
    thief.send(`421["call:reject",{"callId":"${callId}","userId":"${bob}","calleeId":"${bob}","request":"call:end"}]`);
    assert.match(await thief.next(), /^431\[\{"call":"error","request":"call:reject","error_code":404/);
    thief.send(`40/calls,{"userId":"${bob}","deviceId":"phone"}`);
    assert.match(await thief.next(), /^44\/calls,\{"message":"userId: this handle is registered for another user"/);
    await Promise.all([caller.nothingMore(), callee.nothingMore()]);
    thief.socket.terminate();
  });

  const bad = [
    ['nothing', ''], ['no packet', 'abc'], ['a ping of its own', '2'], ['a second CONNECT', '40'], ['a namespace that it is not in', '42/calls,["call:end",{}]'],
    ['an event that is none', '42{}'], ['an id that is none', '42abc["call:end",{}]'], ['an id that is too great', '42' + '9'.repeat(30) + '["call:end",{}]'],
    ['a reserved name', '42["disconnect"]'], ['an answer to nothing with no id', '43[]'], ['an error of its own', '44{"message":"x"}'],
    ['an answer with attachments', '461-1[]'],
  ];
  for (const [what, packet] of bad) {
    test(`T34 ${what} ends the connection, and only that`, async () => {
      const one = await open(it, `40{"userId":"${it.user('eve')}"}`);
      one.send(packet);
      await within(one.closed, 'the end');
    });
  }

  test('T34 what cannot be read, or is too deep, is refused, and the connection goes on', async () => {
    const one = await open(it, `40{"userId":"${it.user('eve')}"}`);
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    for (const data of ['"\\ud83d"', '"\\u0000"', '1e999', '123456789012345678901234567890', '{"a":1,"a":2}', deep]) {
      one.send(`427["call:signal",{"callId":"C","data":${data}}]`);
      assert.match(await one.next(), /^437\[\{"call":"error"/);
    }
    one.send('427["call:history"]');
    assert.match(await one.next(), /^437\[\{"call":"success"/);
    one.socket.terminate();
  });

  test('T34 attachments are refused, and their connection is closed', async () => {
    const one = await open(it, `40{"userId":"${it.user('eve')}"}`);
    one.send('451-7["call:signal",{"_placeholder":true,"num":0}]');
    assert.match(await one.next(), /^437\[\{"call":"error".*attachments/);
    await within(one.closed, 'the end');
  });

  test('T35 sessions that nobody uses fill the door for a moment only', async () => {
    const taken = [];
    for (let status = 200; status === 200; ) {
      status = (await get(POLLING))[0];
      taken.push(status);
    }
    assert.equal(taken.at(-1), 503);
    assert.ok(taken.length <= 41);
    // Each is closed when its device has not registered in time, or does not answer.
    const start = Date.now();
    while ((await get(POLLING))[0] !== 200)
      assert.ok(Date.now() - start < 10_000, 'the door stays full');
  });
});
