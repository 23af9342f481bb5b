// The two lines of the log that the users' guide looks for (section 8).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ring, scene } from './lib/scene.mjs';

const RECEIVED = 'Received call:reject from receiver';
const SENT = 'Sent call:rejected to caller';

describe('with log_calls', () => {
  const it = scene();

  async function reject(reason, { isCallerAway = false, caller, callee } = {}) {
    const callId = await ring(caller, [callee]);
    if (isCallerAway)
      await it.lose(caller);
    await callee.ask('call:reject', { callId, reason });
    if (!isCallerAway)
      await caller.next('call:rejected');
    return callId;
  }

  test('a reject is logged as received, and as sent to the caller', async () => {
    const { caller, callee } = await it.pair();
    const callId = await reject('User declined', { caller, callee });
    const received = await it.janus.logged(new RegExp(`${RECEIVED} .*${callId}`));
    assert.match(received, new RegExp(`Received call:reject from receiver \\(callId ${callId}, reason .*User declined.*\\)`));
    const sent = await it.janus.logged(new RegExp(`${SENT} .*${callId}`));
    assert.match(sent, /Sent call:rejected to caller \(.*\)/);
  });

  test('a caller that is away is logged as offline', async () => {
    const { caller, callee } = await it.pair();
    const callId = await reject('User declined', { caller, callee, isCallerAway: true });
    const line = await it.janus.logged(new RegExp(`Caller .*is offline \\(.*${callId}`));
    assert.ok(line.includes(caller.userId), line);
    assert.ok(!it.janus.log().includes(`${SENT} (callId ${callId}`));
  });

  test('what comes from outside cannot forge a line or colour the terminal', async () => {
    const { caller, callee } = await it.pair();
    const reason = 'one\n[INFO] Sent call:rejected to caller (forged)\r\u001b[31mred\u001b[0m\u0007\u009b31m end';
    const callId = await reject(reason, { caller, callee });
    const line = await it.janus.logged(new RegExp(`${RECEIVED} .*${callId}`));
    assert.match(line, / end/, 'the whole reason is on one line');
    const log = it.janus.log();
    assert.ok(!/^\[INFO\] Sent call:rejected to caller \(forged\)/m.test(log), 'no forged line');
    // eslint-disable-next-line no-control-regex
    assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f\u0080-\u009f]/.test(log), 'no control character');
  });
});

describe('without log_calls', () => {
  const it = scene({ plugin: { general: { log_calls: false } } });

  test('such lines are not there', async () => {
    const { caller, callee } = await it.pair();
    const callId = await ring(caller, [callee]);
    await callee.ask('call:reject', { callId });
    await caller.next('call:rejected');
    await caller.close();
    await callee.settle();
    const log = it.janus.log();
    assert.ok(!log.includes(RECEIVED) && !log.includes(SENT) && !log.includes(callId), log);
  });
});
