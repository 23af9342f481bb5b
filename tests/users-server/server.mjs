// A TEST DOUBLE AND A BENCHMARK PEER, not a product: the signalling server that the users have at present, rebuilt from
// their document. Node and Socket.IO; users in rooms `user_<id>`; calls in a table with a status; io.to(...).emit().
// It does all that the document says, call:reject too: look the call up, update the table, tell the caller.
//
//   node server.mjs [--host 127.0.0.1] [--port 0] [--store memory|sqlite] [--path FILE] [--synchronous NORMAL|FULL]
//                   [--ring-ms 45000] [--log]
//
// SQLite is there after `npm ci --include=optional`. It prints "listening on HOST:PORT" and ends at SIGTERM. Who one is
// stands in the connect packet: io(url, { auth: { userId } }), or ?userId= in the address; no token is looked at. Every
// request is answered in its ack, if there is one: { success: true, callId, status }, or { success: false, error, callId? }.
//
//   from the app  call:initiate { callId?, receiverId, callType? }   call:accept { callId }
//                 call:reject { callId, reason? }                    call:end { callId, reason? }
//   to the app    call:incoming { callId, callerId, receiverId, callType, timestamp }
//                 call:accepted { callId, timestamp }                call:rejected { callId, reason, timestamp }
//                 call:ended { callId, reason?, timestamp }          call:timeout { callId, reason, timestamp }
//
// Other names that such apps use for the same are understood, see `field names` and `request names` below. What it does
// not do is what the document does not promise: a missed event is not sent again, and nothing outlives a restart.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { Server } from 'socket.io';

import { ACCEPTED, RINGING, isOver, openCalls } from './calls.mjs';

const DEFAULT_REASON = 'User declined';

const room = (userId) => `user_${userId}`;

// Field names.
const receiverOf = ({ receiverId, targetUserId, to, calleeId }) => receiverId ?? targetUserId ?? to ?? calleeId;
const callTypeOf = ({ callType, type }) => callType ?? type ?? 'audio';

class Refusal extends Error {}

export class UsersServer {
  #http = createServer();
  #timers = new Map();

  // Request names.
  #requests = {
    'call:initiate': this.#initiate,
    'call:accept': this.#accept,
    'call:reject': this.#reject,
    'call:decline': this.#reject,
    'call:end': this.#end,
    'call:hangup': this.#end,
    'call:cancel': this.#end,
  };

  constructor({ ringMs = 45_000, log = () => {} } = {}) {
    this.ringMs = ringMs;
    this.log = log;
    this.io = new Server(this.#http);
    this.io.use((socket, next) => {
      const { userId = socket.handshake.query.userId } = socket.handshake.auth;
      socket.data.userId = userId === undefined ? '' : String(userId);
      next(socket.data.userId ? undefined : new Error('unauthorized'));
    });
    this.io.on('connection', (socket) => this.#connected(socket));
  }

  async listen({ host = '127.0.0.1', port = 0, store = 'memory', path, synchronous = 'NORMAL' } = {}) {
    this.calls = await openCalls({ store, path, synchronous });
    await new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, resolve);
    });
    this.url = `http://${host}:${this.#http.address().port}`;
    return this;
  }

  async close() {
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    await this.io.close();
    this.calls.close();
  }

  #connected(socket) {
    socket.join(room(socket.data.userId));
    for (const [name, serve] of Object.entries(this.#requests))
      socket.on(name, (fields, ack) => this.#serve(socket, serve, fields, ack));
  }

  #serve(socket, serve, fields, ack) {
    const answer = typeof ack === 'function' ? ack : () => {};
    const { callId } = fields ?? {};
    try {
      if (typeof fields !== 'object' || fields === null)
        throw new Refusal('invalid request');
      answer({ success: true, ...serve.call(this, socket, fields) });
    } catch (error) {
      if (!(error instanceof Refusal))
        throw error;
      answer({ success: false, error: error.message, ...(callId !== undefined && { callId }) });
    }
  }

  #tell(userId, event, fields) {
    this.io.to(room(userId)).emit(event, { ...fields, timestamp: Date.now() });
  }

  /** The user's other devices stop ringing. */
  #tellSiblings(socket, fields) {
    socket.to(room(socket.data.userId)).emit('call:ended', { ...fields, timestamp: Date.now() });
  }

  #initiate(socket, fields) {
    const receiverId = receiverOf(fields);
    if (receiverId === undefined)
      throw new Refusal('receiverId is missing');
    const callId = fields.callId ?? `CALL_${randomUUID()}`;
    if (this.calls.find(callId))
      throw new Refusal('call exists');
    const call = {
      callId, callerId: socket.data.userId, receiverId: String(receiverId), callType: callTypeOf(fields), status: RINGING,
      reason: null, createdAt: Date.now(), updatedAt: Date.now(),
    };
    this.calls.add(call);
    this.#timers.set(callId, setTimeout(() => this.#timeout(call), this.ringMs));
    this.#tell(call.receiverId, 'call:incoming',
      { callId, callerId: call.callerId, receiverId: call.receiverId, callType: call.callType });
    return { callId, status: RINGING };
  }

  #timeout({ callId, callerId, receiverId }) {
    this.#close({ callId }, 'timeout', 'No answer');
    this.#tell(callerId, 'call:timeout', { callId, reason: 'No answer' });
    this.#tell(receiverId, 'call:timeout', { callId, reason: 'No answer' });
  }

  /** The call that is asked about, if it is not over and its sender is one of `parties`. */
  #find(socket, { callId }, ...parties) {
    const call = this.calls.find(String(callId));
    if (!call || !['callerId', 'receiverId'].some((party) => call[party] === socket.data.userId))
      throw new Refusal('call not found');
    if (isOver(call))
      throw new Refusal(`call is ${call.status}`);
    if (!parties.some((party) => call[party] === socket.data.userId))
      throw new Refusal('not allowed');
    return call;
  }

  #stopRing(callId) {
    clearTimeout(this.#timers.get(callId));
    this.#timers.delete(callId);
  }

  #close({ callId }, status, reason = null) {
    this.#stopRing(callId);
    this.calls.update({ callId }, status, reason, Date.now());
    return { callId, status };
  }

  #findRinging(socket, fields) {
    const call = this.#find(socket, fields, 'receiverId');
    if (call.status !== RINGING)
      throw new Refusal(`call is ${call.status}`);
    return call;
  }

  #accept(socket, fields) {
    const { callId, callerId } = this.#findRinging(socket, fields);
    this.#stopRing(callId);
    this.calls.update({ callId }, ACCEPTED, null, Date.now());
    this.#tell(callerId, 'call:accepted', { callId });
    this.#tellSiblings(socket, { callId, reason: 'Answered elsewhere' });
    return { callId, status: ACCEPTED };
  }

  #reject(socket, fields) {
    const reason = fields.reason ?? DEFAULT_REASON;
    this.log(`Received call:reject from receiver (callId ${fields.callId}, reason ${reason})`);
    const { callId, callerId } = this.#findRinging(socket, fields);
    const reply = this.#close({ callId }, 'rejected', reason);
    this.#tell(callerId, 'call:rejected', { callId, reason });
    this.log(this.io.sockets.adapter.rooms.has(room(callerId)) ? `Sent call:rejected to caller ${callerId}`
      : `Caller ${callerId} is offline`);
    this.#tellSiblings(socket, { callId, reason: 'Declined elsewhere' });
    return reply;
  }

  #end(socket, fields) {
    const call = this.#find(socket, fields, 'callerId', 'receiverId');
    const { callId, callerId, receiverId } = call;
    const isCaller = socket.data.userId === callerId;
    if (call.status === RINGING && !isCaller)
      return this.#reject(socket, fields);
    const reply = this.#close(call, call.status === RINGING ? 'cancelled' : 'ended', fields.reason);
    this.#tell(isCaller ? receiverId : callerId, 'call:ended',
      { callId, ...(fields.reason !== undefined && { reason: fields.reason }) });
    return reply;
  }
}

function options() {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
      store: { type: 'string', default: 'memory' },
      path: { type: 'string', default: 'calls.sqlite' },
      synchronous: { type: 'string', default: 'NORMAL' },
      'ring-ms': { type: 'string', default: '45000' },
      log: { type: 'boolean', default: false },
    },
  });
  return { ...values, port: Number(values.port), ringMs: Number(values['ring-ms']), log: values.log ? console.log : undefined };
}

async function main() {
  const given = options();
  const server = await new UsersServer(given).listen(given);
  console.log(`listening on ${new URL(server.url).host}`);
  process.once('SIGTERM', () => server.close().then(() => process.exit(0)));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main();
