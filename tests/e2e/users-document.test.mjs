// The four requests and five events of the users' own document, between every two clients that are not ours.
import { describe, test } from 'node:test';

import { everyClient } from './lib/clients/index.mjs';
import { CALL_ID, RING_MS, acceptsAndEnds, rejects } from './lib/document.mjs';
import { scene } from './lib/scene.mjs';
import { isEvent, optional } from './lib/shape.mjs';

const pairs = everyClient.flatMap((Caller) => everyClient.map((Callee) => [Caller, Callee]));

describe('with the usual timers', () => {
  const it = scene({ plugin: { timers: { ring: RING_MS } } });

  for (const [Caller, Callee] of pairs) {
    const names = `${Caller.library} calls ${Callee.library}`;

    test(`${names}, which rejects`, async () => {
      const both = await it.pair({ Caller, Callee });
      await rejects(both);
      await both.caller.nothingMore();
      await both.callee.nothingMore();
    });

    test(`${names}, which accepts; the caller ends`, async () => {
      const both = await it.pair({ Caller, Callee });
      await acceptsAndEnds(both);
      await both.caller.nothingMore();
      await both.callee.nothingMore();
    });
  }
});

describe('with a ring that ends soon', () => {
  const it = scene({ plugin: { timers: { ring: 300 } } });

  for (const Caller of everyClient) {
    test(`${Caller.library} calls somebody who does not answer`, async () => {
      const { caller, callee } = await it.pair({ Caller });
      await caller.ask('call:initiate', { callId: CALL_ID, calleeId: callee.userId });
      await callee.next('call:incoming');
      isEvent(await caller.next('call:timeout'), 'call:timeout', {
        callId: CALL_ID, rev: 2, cause: 'no_answer', reason: (text) => typeof text === 'string' && text !== '',
      });
      isEvent(await callee.next('call:ended'), 'call:ended', {
        callId: CALL_ID, rev: 2, cause: 'no_answer', status: 'timeout', reason: optional((text) => text !== ''),
      });
      await caller.nothingMore();
    });
  }
});
