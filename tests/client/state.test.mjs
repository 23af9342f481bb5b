// What the client library makes of what is said about a call, in whatever order it is said.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { learn, newFacts, saidByEvent, saidByRecord } from '../../html-demo/janus-call.js';

const event = (name, rev, fields = {}) => saidByEvent({ call: 'event', event: `call:${name}`, callId: 'C', rev, ...fields });

const INCOMING = event('incoming', 1, { callerId: 'alice', calleeId: 'bob', mode: 'p2p', media: { audio: true, video: true } });
const CANCELLED = event('ended', 3, { cause: 'cancelled', status: 'cancelled', endedBy: 'alice' });

/** Plays what was said; returns the facts, and what each word meant. */
function play(...said) {
  const facts = newFacts('C');
  const meanings = said.map((words) => learn(facts, words));
  return { facts, meanings };
}

const outgoing = () => Object.assign(newFacts('C'), { direction: 'outgoing', peerId: 'bob', status: 'calling' });

test('an incoming call is described by its event', () => {
  const { facts, meanings } = play(INCOMING);
  assert.deepEqual([facts.direction, facts.peerId, facts.status, facts.mode, facts.media.video],
    ['incoming', 'alice', 'ringing', 'p2p', true]);
  assert.deepEqual(meanings, ['changed']);
});

test('said twice is said once', () => {
  const { meanings } = play(INCOMING, INCOMING, CANCELLED, CANCELLED);
  assert.deepEqual(meanings, ['changed', 'nothing', 'over', 'nothing']);
});

test('an end that comes before its beginning leaves nothing to ring', () => {
  const { facts, meanings } = play(CANCELLED, INCOMING);
  assert.deepEqual(meanings, ['over', 'nothing']);
  assert.deepEqual([facts.isOver, facts.status, facts.peerId], [true, 'cancelled', 'alice']);
});

test('a lower revision changes nothing', () => {
  const facts = outgoing();
  learn(facts, event('accepted', 3, { deviceId: 'phone' }));
  assert.equal(learn(facts, event('ringing', 2, { deviceId: 'tablet' })), 'nothing');
  assert.deepEqual([facts.status, facts.isAlerting, facts.answeredBy], ['accepted', false, 'phone']);
});

test('a reply that an event overtook still says how many devices were rung', () => {
  const facts = outgoing();
  learn(facts, event('ringing', 2, { deviceId: 'phone' }));
  assert.equal(learn(facts, { status: 'ringing', rev: 1, devices: 2, reachable: true }), 'changed');
  assert.deepEqual([facts.devices, facts.reachable, facts.rev], [2, true, 2]);
});

test('a final status beats a live one, whatever the revision', () => {
  const { facts, meanings } = play(INCOMING, event('accepted', 9), event('ended', 4, { status: 'ended', cause: 'hangup' }));
  assert.equal(meanings.at(-1), 'over');
  assert.deepEqual([facts.status, facts.rev], ['ended', 9]);
});

test('nothing follows an end', () => {
  const { facts, meanings } = play(INCOMING, CANCELLED, event('peer', 1003, { state: 'reconnecting' }),
    event('ended', 1004, { status: 'failed', cause: 'server_restart' }));
  assert.deepEqual(meanings.slice(2), ['nothing', 'nothing']);
  assert.deepEqual([facts.status, facts.cause], ['cancelled', 'cancelled']);
});

test('answered elsewhere is over here, though the call goes on', () => {
  const { facts, meanings } = play(INCOMING, event('ended', 2, { cause: 'answered_elsewhere', status: 'accepted' }));
  assert.equal(meanings.at(-1), 'over');
  assert.deepEqual([facts.isOver, facts.status, facts.cause], [true, 'accepted', 'answered_elsewhere']);
});

test('what we only presumed is corrected by the server, and only by an end', () => {
  const presumed = { isOver: true, isPresumed: true, status: 'timeout', cause: 'no_answer' };
  const { facts, meanings } = play(INCOMING, presumed, INCOMING, CANCELLED, CANCELLED);
  assert.deepEqual(meanings.slice(1), ['over', 'nothing', 'corrected', 'nothing']);
  assert.deepEqual([facts.status, facts.cause, facts.isPresumed], ['cancelled', 'cancelled', false]);
});

test('a record is read from the point of view of this device', () => {
  const record = { callId: 'C', callerId: 'alice', calleeId: 'bob', status: 'accepted', rev: 2, answeredBy: 'tablet' };
  assert.equal(saidByRecord(record, 'bob', 'phone').isOver, true);
  assert.equal(saidByRecord(record, 'bob', 'phone').cause, 'answered_elsewhere');
  assert.equal(saidByRecord(record, 'bob', 'tablet').isOver, undefined);
  assert.equal(saidByRecord(record, 'alice', 'laptop').isOver, undefined);
  assert.equal(saidByRecord(record, 'alice', 'laptop').peerId, 'bob');
});

test('every order of the events of a call ends in the same state', () => {
  const events = [INCOMING, event('peer', 3, { state: 'reconnecting' }), event('peer', 4, { state: 'connected' }),
    event('ended', 5, { status: 'ended', cause: 'hangup' })];
  for (const order of permutations(events)) {
    const { facts, meanings } = play(...order, ...order);
    assert.deepEqual([facts.status, facts.cause, facts.peerId, facts.isOver], ['ended', 'hangup', 'alice', true]);
    assert.equal(meanings.filter((meaning) => meaning === 'over').length, 1);
  }
});

function permutations(list) {
  if (list.length < 2)
    return [list];
  return list.flatMap((item, n) => permutations([...list.slice(0, n), ...list.slice(n + 1)]).map((rest) => [item, ...rest]));
}
