// What the page says about calls, connections and devices, in words and with what to do.

export function durationOf(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, ...rest] = parts;
  const text = rest.map((part) => String(part).padStart(2, '0')).join(':');
  return hours ? `${hours}:${text}` : text;
}

export function timeOf(ms) {
  const then = new Date(ms);
  const isToday = then.toDateString() === new Date().toDateString();
  return then.toLocaleString([], isToday ? { hour: '2-digit', minute: '2-digit' }
    : { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

const devicesOf = (count) => (count === 1 ? '1 device' : `${count} devices`);

/** What the caller sees while it rings: {line, detail}. */
export function ringingLine(call) {
  if (call.status === 'calling')
    return { line: 'Calling…', detail: '' };
  if (call.isAlerting)
    return { line: call.devices ? `Ringing on ${devicesOf(call.devices)}` : 'Ringing', detail: '' };
  if (call.reachable === false)
    return { line: 'Not online just now', detail: `If ${call.peerId} comes online in the next seconds, it rings.` };
  return { line: call.devices ? `Reaching ${devicesOf(call.devices)}…` : 'Calling…', detail: '' };
}

/** Refusals of a call that never rang: what to do. */
const refusals = {
  calling_self: ['That is you', 'Open a second tab as somebody else, and call them.'],
  glare: ['You called each other', 'Answer the call that comes in.'],
  too_many_calls: ['Too many calls', 'Hang up another call of yours first.'],
  offline: ['No connection', 'The server could not be reached. Try again when the page is online.'],
  timeout: ['No answer from the server', 'It was reached, but did not answer. Try again.'],
  store_unavailable: ['The server cannot keep records', 'Its disk is full or slow. Tell whoever runs it.'],
  not_registered: ['Not registered', 'Leave, and start anew.'],
  rate_limited: ['Too fast', 'Wait a moment and try again.'],
};

const causes = {
  no_answer: ['No answer', ''],
  unreachable: (name) => ['Not online', `No device of ${name} could be reached.`],
  caller_lost: ['The caller\'s connection was lost', ''],
  replaced: ['Called again', 'A newer call took its place.'],
  connection_lost: ['The connection was lost', 'One side was away for too long.'],
  max_duration: ['The longest time was reached', 'The server ends calls after a while.'],
  admin: ['Ended by the operator', ''],
  server_restart: ['The server restarted', 'The call is lost. You can call again.'],
  node_lost: ['The server went away', 'The call is lost. You can call again.'],
  media_failed: ['No sound or picture came through', 'A firewall may be in the way.'],
  moved: ['Continued elsewhere', 'This device was opened in another tab.'],
  lost: ['The server knows no more of it', 'You can call again.'],
  unregistered: ['This device was taken off', ''],
};

/** How a call ended, for this side: {title, text, isQuiet}; quiet is what this side wanted. */
export function outcomeOf(call, me) {
  const own = ownOutcome(call, me);
  if (own)
    return own;
  const known = refusals[call.cause] ?? causes[call.cause];
  const [title, text] = typeof known === 'function' ? known(call.peerName) : known ?? ['The call failed', call.error?.message ?? ''];
  return { title, text: call.reason && !text ? call.reason : text, isQuiet: false };
}

function ownOutcome(call, me) {
  const name = call.peerName;
  const isIncoming = call.direction === 'incoming';
  const reason = call.reason ?? '';
  const quiet = (title) => ({ title, text: '', isQuiet: true });
  switch (call.cause) {
    case 'answered_elsewhere':
      return quiet('Answered on another device');
    case 'declined_elsewhere':
      return quiet('Declined on another device');
    case 'declined':
      if (isIncoming)
        return quiet('You declined');
      return { title: `${name} declined`, text: reason === 'User declined' ? '' : reason && `“${reason}”`, isQuiet: false };
    case 'busy':
      return isIncoming ? quiet('You declined: busy')
        : { title: `${name} is busy`, text: reason === 'User declined' ? 'Try again in a while.' : reason && `“${reason}”`, isQuiet: false };
    case 'cancelled':
      return isIncoming ? { title: 'Missed call', text: `${name} gave up.`, isQuiet: false } : quiet('You cancelled');
    case 'no_answer':
      return isIncoming ? { title: 'Missed call', text: `${name} rang until the time was over.`, isQuiet: false }
        : { title: 'No answer', text: `${name} did not pick up.`, isQuiet: false };
    case 'hangup':
      return call.endedBy === me ? quiet('You hung up') : { title: `${name} hung up`, text: reason && `“${reason}”`, isQuiet: true };
    default:
      return null;
  }
}

/** A record in the list of recent calls: {text, isMissed}. */
export function recordLine(record, me) {
  const isIncoming = record.calleeId === me;
  if (record.status === 'ended')
    return { text: durationOf(record.durationMs ?? 0), isMissed: false };
  const isMissed = isIncoming && (record.status === 'timeout' || record.status === 'cancelled' || record.cause === 'busy');
  if (isMissed)
    return { text: 'missed', isMissed };
  const texts = { rejected: isIncoming ? 'you declined' : 'declined', timeout: 'no answer', cancelled: 'cancelled', failed: 'failed' };
  const text = record.cause === 'busy' ? 'busy' : record.cause === 'unreachable' ? 'not online' : texts[record.status];
  return { text, isMissed };
}

/** The connection: {status, title, text, action}; without a title there is nothing to tell. */
export function connectionWords({ name, error }, server) {
  switch (name) {
    case 'online':
      return { status: 'Online' };
    case 'connecting':
      return { status: 'Connecting…' };
    case 'waiting':
      return waitingWords(error, server);
    case 'replaced':
      return { status: 'Opened elsewhere', title: 'This device is open in another tab.', text: 'Only one of them can ring.', action: 'Use this tab' };
    case 'refused':
    case 'unregistered':
      return refusedWords(error);
    default:
      return { status: 'Offline' };
  }
}

function waitingWords(error, server) {
  const status = 'Not connected';
  if (error?.code === 'too_many_devices')
    return { status, title: 'Too many devices of this name are online.', text: 'Close another tab; this one tries again by itself.', action: 'Try now' };
  if (error?.code === 'janus')
    return { status, title: 'Janus answers, but cannot make calls.', text: `Is the plugin loaded? It says: ${error.message}.`, action: 'Try now' };
  if (navigator.onLine === false)
    return { status, title: 'This machine has no network.', text: 'The page connects again as soon as there is one.', action: 'Try now' };
  return { status, title: `No connection to ${server}.`, text: 'Is Janus running? ./run.sh starts it. The page tries again by itself.', action: 'Try now' };
}

function refusedWords(error) {
  const status = 'Not registered';
  switch (error?.code) {
    case 'token_expired':
      return { status, title: 'Your token has expired.', text: 'Get a new one, and start again with it.', action: 'Start again' };
    case 'unauthorized':
      return { status, title: 'The server wants proof of who you are.', text: 'Start again with a token that it accepts.', action: 'Start again' };
    case 'admin':
      return { status, title: 'An operator took this device off.', text: 'It rings again when you register again.', action: 'Register again' };
    default:
      return { status, title: 'The server refused this device.', text: error?.message ?? '', action: 'Start again' };
  }
}

/** Why there is no microphone or camera. */
export function mediaTrouble(problem, peerName, { sendsNothing }) {
  const effect = sendsNothing ? `You see and hear ${peerName}, who neither sees nor hears you.` : `${peerName} hears you, but does not see you.`;
  const what = sendsNothing ? 'microphone' : 'camera';
  switch (problem.name) {
    case 'NotAllowedError':
      return `The browser may not use the ${what}. ${effect} Allow it beside the address, then press its button below.`;
    case 'NotFoundError':
      return `There is no ${what} on this machine. ${effect} Plug one in, then press its button below.`;
    case 'NotReadableError':
      return `The ${what} is in use by another program. ${effect} Close that program, then press its button below.`;
    default:
      return `The ${what} cannot be used here: a page needs https, or 127.0.0.1, for it. ${effect}`;
  }
}
