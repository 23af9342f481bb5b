// A network that the test has in its hand, between clients and Janus: it passes messages on, holds them, loses them,
// doubles them, cuts connections, or falls silent.
import { MessageProxy } from '../../e2e/lib/proxy.mjs';

export const eventOf = (message) => message.plugindata?.data?.event;

export class Proxy extends MessageProxy {
  /** What to do with a message for the client: "pass", "lose", "double", "hold", or "echo" (pass, and hold a copy). */
  rule = () => 'pass';
  /** What the client gets in a message's place. */
  rewrite = (message) => message;
  #held = [];

  static async open(target) {
    const self = new Proxy(target);
    await self.listen();
    return self;
  }

  toClient(message, send) {
    const fate = this.rule(message);
    const rewritten = this.rewrite(message);
    const put = () => send(rewritten);
    if (fate === 'hold' || fate === 'echo')
      this.#held.push(put);
    if (fate === 'pass' || fate === 'double' || fate === 'echo')
      put();
    if (fate === 'double')
      put();
  }

  /** A good network again. */
  reset() {
    this.rule = () => 'pass';
    this.rewrite = (message) => message;
    this.isSilent = false;
    this.refuses = false;
  }

  get held() {
    return this.#held.length;
  }

  /** Lets go of what was held, the latest first. */
  releaseBackwards() {
    this.#held.splice(0).reverse().forEach((put) => put());
  }
}
