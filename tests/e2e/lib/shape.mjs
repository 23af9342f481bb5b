// Compares a message with what the protocol says it holds: every field, and no other.
import assert from 'node:assert/strict';

const OPTIONAL = Symbol('optional');

/** The field may be missing; if it is there, it is as `expected` says. */
export const optional = (expected) => ({ [OPTIONAL]: expected });

export const anything = () => true;
export const aTime = (value) => Number.isSafeInteger(value) && Math.abs(value - Date.now()) < 60_000;
export const between = (least, most) => (value) => Number.isSafeInteger(value) && value >= least && value <= most;
export const aDuration = between(0, 60_000);
export const aCallId = (value) => /^CALL_[A-Za-z0-9_.:-]{16,59}$/.test(value);

function check(actual, expected, where, whole) {
  const text = `${where} of ${JSON.stringify(whole)}`;
  if (typeof expected === 'function')
    assert.ok(expected(actual), `${text}: ${JSON.stringify(actual)} is not ${expected.name || expected}`);
  else
    assert.deepEqual(actual, expected, text);
}

/** `expected` maps each field to a value, a predicate, or optional(either). */
export function hasShape(actual, expected) {
  for (const [key, wanted] of Object.entries(expected)) {
    const isOptional = typeof wanted === 'object' && wanted !== null && OPTIONAL in wanted;
    if (isOptional && !(key in actual))
      continue;
    assert.ok(key in actual, `${key} is missing in ${JSON.stringify(actual)}`);
    check(actual[key], isOptional ? wanted[OPTIONAL] : wanted, key, actual);
  }
  const extra = Object.keys(actual).filter((key) => !(key in expected));
  assert.deepEqual(extra, [], `fields that the protocol does not know, in ${JSON.stringify(actual)}`);
}

/** An event about a call. `rev` may be a number or a predicate. */
export function isEvent(actual, event, { callId, rev, ...fields }) {
  hasShape(actual, { call: 'event', event, callId, rev, timestamp: aTime, ...fields });
}

/** The reply to a request about a call; when the call is over it may say why. */
export function isReply(actual, request, { callId, status, rev, ...fields }) {
  const isLive = status === 'ringing' || status === 'accepted';
  hasShape(actual, {
    call: 'success', request, callId, status, rev, durable: optional(false), ...(!isLive && { cause: optional(anything) }),
    ...fields,
  });
}
