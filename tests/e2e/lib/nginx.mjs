// Starts the nginx of conf/nginx.conf.sample in front of a Janus: its limits as they are, other ports, and no TLS.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePortsInARow } from './ports.mjs';
import { until } from './wait.mjs';

const SAMPLE = fileURLToPath(new URL('../../../conf/nginx.conf.sample', import.meta.url));
const PROGRAM = '/usr/sbin/nginx';
const STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';

export const hasNginx = () => fs.existsSync(PROGRAM) && fs.existsSync(STREAM);

function replaceAll(text, pairs) {
  return pairs.reduce((all, [from, to]) => {
    assert.match(all, from, 'conf/nginx.conf.sample is as this expects it');
    return all.replaceAll(from, to);
  }, text);
}

/** Resolves with { wsUrl, httpUrl, stop() }. */
export async function startNginx(janus) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'call-nginx-'));
  const [front, back] = await freePortsInARow(2);
  const file = path.join(dir, 'nginx.conf');
  fs.writeFileSync(file, replaceAll(fs.readFileSync(SAMPLE, 'utf8'), [
    [/^user .*$/gm, `daemon off; error_log ${dir}/error.log;`],
    [/^pid .*$/gm, `pid ${dir}/nginx.pid;`],
    [/^include .*$/gm, `load_module ${STREAM};`],
    [/^worker_processes auto;$/gm, 'worker_processes 1;'],
    [/^worker_rlimit_nofile .*$/gm, ''],
    [/worker_connections 30000/g, 'worker_connections 500'],
    [/listen 443 ssl;/g, `listen 127.0.0.1:${front};`],
    [/listen \[::\]:443 ssl;/g, ''],
    [/ssl_[a-z_]+ .*;/g, ''],
    [/127\.0\.0\.1:8443/g, `127.0.0.1:${back}`],
    [/127\.0\.0\.1:8188/g, new URL(janus.wsUrl).host],
    [/127\.0\.0\.1:8088/g, new URL(janus.httpUrl).host],
    [/^http \{$/gm, `http {\n${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join('\n')}`],
  ]));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', PROGRAM, '-e', `${dir}/error.log`, '-p', dir, '-c', file],
    { stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = new Promise((resolve) => { child.once('exit', resolve); });
  const answers = () => new Promise((resolve) => {
    const socket = net.connect(front, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); }).once('error', () => resolve(false));
  });
  await until(answers, 'nginx answers');
  return {
    wsUrl: `ws://127.0.0.1:${front}/janus-ws`,
    httpUrl: `http://127.0.0.1:${front}/janus`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
