// What an operator sees: handle_info, stats, the configuration's mistakes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { WsClient } from './lib/clients/index.mjs';
import { startJanus } from './lib/janus.mjs';
import { ring, scene } from './lib/scene.mjs';

describe('with calls', () => {
  const it = scene();

  const query = async (client) => {
    const reply = await it.janus.adminRequest({
      janus: 'handle_info', session_id: client.socket.sessionId, handle_id: client.handleId,
    });
    assert.equal(reply.janus, 'success', JSON.stringify(reply));
    return reply.info.plugin_specific;
  };

  test('handle_info says who a handle is', async () => {
    const { caller, callee } = await it.pair();
    const stranger = await it.connect();
    assert.equal((await query(stranger)).userId, undefined);
    const idle = await query(caller);
    assert.deepEqual([idle.userId, idle.deviceId], [caller.userId, 'laptop'], JSON.stringify(idle));
    await ring(caller, [callee]);
    const busy = await query(callee);
    assert.deepEqual([busy.userId, busy.deviceId], [callee.userId, 'phone'], JSON.stringify(busy));
    assert.notDeepEqual(busy, { ...idle, userId: busy.userId, deviceId: busy.deviceId }, 'the call shows');
  });

  test('stats count', async () => {
    const first = await it.janus.admin({ request: 'stats' });
    assert.equal(first.call, 'success', JSON.stringify(first));
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await callee.ask('call:reject', { callId });
    const second = await it.janus.admin({ request: 'stats' });
    assert.notDeepEqual(second, first);
  });

  test('the administrative side refuses what it does not know, and needs no registration', async () => {
    for (const request of [{ request: 'nonsense' }, {}, { request: 5 }]) {
      const reply = await it.janus.admin(request);
      assert.equal(reply.call, 'error', JSON.stringify(reply));
    }
    const none = await it.janus.admin(undefined);
    assert.equal(none.call, 'error', JSON.stringify(none));
    const unknown = await it.janus.admin({ request: 'call:get', callId: 'CALL_unknown', callerId: 'nobody' });
    assert.equal(unknown.code, 'call_not_found', JSON.stringify(unknown));
  });

  test('the Admin API wants its secret', async () => {
    const reply = await it.janus.adminRequest({ janus: 'message_plugin', plugin: 'janus.plugin.call',
      admin_secret: 'wrong', request: { request: 'stats' } });
    assert.equal(reply.janus, 'error');
  });
});

describe('the configuration', () => {
  async function started(plugin, look) {
    const janus = await startJanus({ plugin, mayRefuse: true });
    try {
      await look(janus);
      await janus.stop();
    } finally {
      await janus.end();
    }
  }

  const refused = {
    'a value out of its range': [{ timers: { ring: 5 } }, /timers\.ring is 5, but must be/],
    'a value of another type': [{ limits: { max_devices: 'many' } }, /limits\.max_devices is "many", but must be/],
    'a word that is not allowed': [{ general: { auth: 'sesame' } }, /general\.auth is "sesame", but must be/],
    'a database without its file': [{ store: { type: 'sqlite', path: '' } }, /store\.path/],
    'a database where no folder can be': [{ store: { type: 'sqlite', path: '/dev/null/folder/calls.sqlite' } },
      /\/dev\/null\/folder/],
  };

  for (const [what, [plugin, reason]] of Object.entries(refused)) {
    test(`with ${what} keeps the plugin from loading, and the log says why`, () => started(plugin, async (janus) => {
      assert.match(await janus.logged(reason), /\[ERR\]|\[FATAL\]/);
      await assert.rejects(new WsClient(janus, 'nobody').connect(), /plugin/i);
    }));
  }

  test('with a key or a section that is not known gets a clear line, and works', () => started(
    { general: { log_cals: true }, limitz: { max_devices: 5 } }, async (janus) => {
      assert.match(await janus.logged(/general\.log_cals/), /\[WARN\].*:\d+: there is no key general\.log_cals/);
      assert.match(await janus.logged(/limitz/), /\[WARN\].*there is no section limitz/);
      const client = await new WsClient(janus, 'somebody').connect();
      await client.register('somebody', 'phone');
      await client.close();
    },
  ));
});
