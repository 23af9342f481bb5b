// A server that says what a test makes it say, for what a real one says too rarely.
import { CallClient, CallError } from '../../../html-demo/janus-call.js';

/** A transport whose server answers as `answer(body)` says; `say` sends an event. */
export function server(answer) {
  const self = {
    answer,
    requests: [],
    opened: 0,
    closed: 0,
    open: async (hooks) => {
      self.opened++;
      self.say = (event) => hooks.event({ call: 'event', ...event });
      self.cut = () => hooks.lost(new CallError('offline', 'cut'));
      return {
        request: async (body) => {
          self.requests.push(body);
          return { request: body.request, ...await self.answer(body) };
        },
        probe: async () => {},
        close: () => { self.closed++; },
      };
    },
  };
  return self;
}

export const registered = (more) => ({ call: 'success', userId: 'alice', calls: [], complete: true, ...more });
export const refused = (code) => ({ call: 'error', code, error: code });

export function client(transport) {
  return new CallClient({ transport, mode: 'none', backoff: { firstMs: 10, baseMs: 10, mostMs: 10 } });
}
