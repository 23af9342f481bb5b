// A backend that does nothing but take webhooks and count them, in a thread of its own.
import http from 'node:http';
import { parentPort, Worker, isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

function serve() {
  const next = new Map();
  const counts = { events: 0, repeats: 0, disordered: 0 };
  const ids = new Set();
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { type, data } = JSON.parse(Buffer.concat(parts));
      const id = request.headers['webhook-id'];
      counts.repeats += ids.has(id) ? 1 : 0;
      if (!ids.has(id)) {
        ids.add(id);
        counts.events++;
        const isFirst = type === 'call.ringing';
        counts.disordered += isFirst === next.has(data.callId) ? 1 : 0;
        next.set(data.callId, type);
      }
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }));
  parentPort.on('message', () => parentPort.postMessage({ counts }));
}

export async function startFastReceiver() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const message = () => new Promise((resolve) => { worker.once('message', resolve); });
  const { port } = await message();
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    counts: async () => { worker.postMessage('counts'); return (await message()).counts; },
    stop: () => worker.terminate(),
  };
}

if (!isMainThread && parentPort)
  serve();
