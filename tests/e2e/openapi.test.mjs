// Validates docs/webhooks.openapi.yaml, and holds records that the server really gives to a backend against it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { known } from '../check-protocol-docs.mjs';
import { WebhookApi } from './lib/contract.mjs';
import { ring, scene, talk } from './lib/scene.mjs';

const api = new WebhookApi();

describe('the file', () => {
  test('is OpenAPI 3.1', async () => {
    assert.deepEqual(await WebhookApi.faults(api.text), []);
    assert.notDeepEqual(await WebhookApi.faults(api.text.replace('in: header', 'in: head')), [], 'the validator sees a fault');
    assert.deepEqual(api.dangling(), []);
  });

  test('has a webhook for each status, and the push', () => {
    assert.deepEqual([...api.types.keys()].sort(), [...known.states.map((status) => `call.${status}`), 'call.push'].sort());
  });

  test('has the modes and the causes of the code; those of a sibling\'s and of a registration\'s end close no call', () => {
    const { Record: record, CauseOrNull: cause } = api.document.components.schemas;
    const others = ['answered_elsewhere', 'declined_elsewhere', 'token_expired'];
    assert.deepEqual([...cause.enum.slice(1), ...others].sort(), [...known.causes].sort());
    assert.deepEqual([...record.properties.mode.enum].sort(), [...known.modes].sort());
  });

  test('has examples that follow its schemas', () => {
    for (const { schema, value } of api.examples) {
      api.check(WebhookApi.pointer(schema), value, schema);
      assert.equal(api.types.get(value.type), schema);
      assert.equal(value.type === 'call.push' || value.type === `call.${value.data.status}`, true, value.type);
    }
    assert.ok(api.examples.length > known.states.length);
  });

  test('says of a push what it says of a record, and whom to wake', () => {
    const { Record: { properties: record }, Push: { properties: { userId, expiresInMs, stop, ...push } } } = api.document.components.schemas;
    assert.deepEqual(push, record);
    assert.ok(userId && expiresInMs && stop);
  });
});

describe('a record for the backend', () => {
  const it = scene();

  async function isAsTheFileSays(callId, callerId, status) {
    const { record } = await it.janus.admin({ request: 'call:get', callId, callerId });
    assert.equal(record.status, status);
    api.check(WebhookApi.pointer('Record'), record, status);
  }

  test('is as the file says, in each status', async () => {
    const { caller, callee } = await it.pair();
    const isSo = (callId, status) => isAsTheFileSays(callId, caller.userId, status);
    const rejected = await ring(caller, [callee], { data: { subject: 'Lunch' } });
    await isSo(rejected, 'ringing');
    await callee.ask('call:reject', { callId: rejected, reason: 'Later' });
    await isSo(rejected, 'rejected');
    const cancelled = await ring(caller, [callee]);
    await caller.ask('call:end', { callId: cancelled });
    await isSo(cancelled, 'cancelled');
    const ended = await talk(caller, [callee]);
    await isSo(ended, 'accepted');
    await callee.ask('call:end', { callId: ended });
    await isSo(ended, 'ended');
  });
});
