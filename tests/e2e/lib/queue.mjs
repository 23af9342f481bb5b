// The events that one device received, in order. A test takes them one by one and waits for those that
// have not come yet; nothing here sleeps.

const DEFAULT_TIMEOUT_MS = 5000;

function matcher(what) {
  if (typeof what === 'function')
    return what;
  const wanted = typeof what === 'string' ? { event: what } : what;
  return (event) => Object.entries(wanted).every(([key, value]) => event[key] === value);
}

function describe(what) {
  return typeof what === 'function' ? what.toString() : JSON.stringify(what);
}

export class EventQueue {
  #name;
  #all = [];
  #pending = [];
  #waiting = [];

  constructor(name) {
    this.#name = name;
  }

  push(event) {
    this.#all.push(event);
    const index = this.#waiting.findIndex(({ matches }) => matches(event));
    if (index < 0) {
      this.#pending.push(event);
      return;
    }
    const [{ resolve, timer }] = this.#waiting.splice(index, 1);
    clearTimeout(timer);
    resolve(event);
  }

  /** The oldest event that matches and was not taken yet; waits for it if need be. */
  next(what, timeoutMs = DEFAULT_TIMEOUT_MS) {
    const matches = matcher(what);
    const index = this.#pending.findIndex(matches);
    if (index >= 0)
      return Promise.resolve(this.#pending.splice(index, 1)[0]);
    const asked = new Error(`${this.#name}: no event ${describe(what)} in ${timeoutMs} ms`);
    return new Promise((resolve, reject) => {
      const waiter = { matches, resolve };
      waiter.timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        asked.message += `; it has ${JSON.stringify(this.#pending)}`;
        reject(asked);
      }, timeoutMs);
      this.#waiting.push(waiter);
    });
  }

  /** Every event so far, taken or not. */
  all() {
    return [...this.#all];
  }

  /** The events that nobody took yet. */
  pending() {
    return [...this.#pending];
  }

  clear() {
    this.#pending = [];
  }
}
