// Serves the files of a folder on 127.0.0.1: enough for the page on this machine, and no more.
//   node scripts/serve.mjs DIR --port N
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml', '.ts': 'text/plain; charset=utf-8',
};

const { values: options, positionals: [folder] } = parseArgs({ options: { port: { type: 'string' } }, allowPositionals: true });
const root = fs.realpathSync(folder);

/** The file that a path names, or null. Nothing outside of the folder has a name. */
function fileOf(url) {
  const { pathname } = new URL(url, 'http://127.0.0.1');
  const file = path.join(root, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '');
  const type = TYPES[path.extname(file)];
  return type && file.startsWith(root + path.sep) && fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? { file, type } : null;
}

const server = http.createServer((request, response) => {
  let found = null;
  try {
    found = request.method === 'GET' || request.method === 'HEAD' ? fileOf(request.url) : null;
  } catch {
    // A path that cannot be decoded names nothing.
  }
  if (!found)
    return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
  response.writeHead(200, { 'Content-Type': found.type, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' });
  if (request.method === 'HEAD')
    return response.end();
  fs.createReadStream(found.file).pipe(response);
});
server.listen(Number(options.port), '127.0.0.1', () => console.log(`serving on http://127.0.0.1:${server.address().port}/`));
process.on('SIGTERM', () => process.exit(0));
