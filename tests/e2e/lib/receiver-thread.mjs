// A Receiver in a thread of its own, so that what it does takes no time from those whose times are measured.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

import { Receiver } from './receiver.mjs';

async function serve() {
  const receiver = await new Receiver(workerData.secret).start();
  parentPort.on('message', ({ behaviour }) => {
    if (behaviour)
      receiver.behaviour = behaviour;
    else
      parentPort.postMessage(receiver.taken.map(({ id, type, data: { callId } }) => ({ id, type, data: { callId } })));
  });
  parentPort.postMessage(receiver.origin);
}

/** As a Receiver, but `taken` is what collect() brought last. */
export class ThreadedReceiver extends Receiver {
  async start() {
    this.worker = new Worker(fileURLToPath(import.meta.url), { workerData: { secret: this.secret } });
    this.origin = await this.#message();
    return this;
  }

  #message() {
    return new Promise((resolve, reject) => {
      this.worker.once('message', resolve);
      this.worker.once('error', reject);
    });
  }

  behave(behaviour) {
    this.worker.postMessage({ behaviour });
  }

  async collect() {
    this.worker.postMessage({});
    this.taken = await this.#message();
  }

  stop() {
    return this.worker.terminate();
  }
}

if (!isMainThread && workerData?.secret)
  await serve();
