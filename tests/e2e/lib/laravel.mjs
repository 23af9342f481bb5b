// Runs the example of a backend, examples/laravel, in PHP processes of its own.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Webhook } from 'standardwebhooks';

import { freePortsInARow } from './ports.mjs';
import { until } from './wait.mjs';

const TESTS = fileURLToPath(new URL('../../../examples/laravel/tests', import.meta.url));
const START_TIMEOUT_MS = 15_000;
const run = promisify(execFile);

export class Laravel {
  static secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  /** How the plugin is configured to believe its tokens, and nobody else's. */
  static auth = { algorithm: 'HS256', secret: 'a secret of this test, which has at least 32 bytes', issuer: 'https://app.test', audience: 'calls' };

  #processes = [];

  /** A backend that knows no Janus yet, as Janus has to know its webhooks' address first: see knows(). */
  static async reserve() {
    const self = new Laravel();
    self.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'call-laravel-'));
    self.urls = (await freePortsInARow(2)).map((port) => `http://127.0.0.1:${port}/api`);
    [self.url] = self.urls;
    [self.webhookUrl, self.otherWebhookUrl] = self.urls.map((url) => `${url}/webhooks/calls`);
    return self;
  }

  /** Starts it as the backend of this Janus. */
  async start(janus) {
    this.environment = {
      ...process.env,
      EXAMPLE_FOLDER: this.dir,
      EXAMPLE_DATABASE: path.join(this.dir, 'app.sqlite'),
      JANUS_ADMIN_URL: janus.adminUrl,
      JANUS_ADMIN_SECRET: janus.adminSecret,
      CALL_TOKEN_SECRET: Laravel.auth.secret,
      CALL_TOKEN_ISSUER: Laravel.auth.issuer,
      CALL_TOKEN_AUDIENCE: Laravel.auth.audience,
      CALL_WEBHOOK_SECRETS: Laravel.secret,
      CALL_RECORDS_PATH: path.join(janus.dir, 'calls.sqlite'),
    };
    await this.script('migrate.php');
    // Two workers, as a process of PHP's own server does one request at a time.
    await Promise.all(this.urls.map((url) => this.#work(url)));
    return this;
  }

  async #work(url) {
    const output = fs.openSync(path.join(this.dir, 'output.log'), 'a');
    // Should this process be killed, the kernel ends its PHP.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'php', '-d', 'opcache.enable_cli=1', '-S', new URL(url).host,
      path.join(TESTS, 'server.php')], { stdio: ['ignore', output, output], env: this.environment, cwd: this.dir });
    fs.closeSync(output);
    const exited = new Promise((resolve) => { child.once('exit', resolve); });
    this.#processes.push({ child, exited });
    await until(async () => {
      assert.ok(child.exitCode === null, `PHP ended: ${this.output()}`);
      return fetch(`${url}/calls`, { headers: { accept: 'application/json' } }).then(({ status }) => status === 401, () => false);
    }, 'the backend answers', START_TIMEOUT_MS);
  }

  output() {
    const read = (name) => {
      const file = path.join(this.dir, name);
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    };
    // Without the stacks.
    const errors = read('logs/laravel.log').split('\n').filter((line) => line.startsWith('[')).slice(-5);
    const output = read('output.log').split('\n').filter((line) => !/ (Accepted|Closing)$/.test(line)).slice(-20);
    return [...output, ...errors].join('\n');
  }

  /** Runs one of the example's scripts; resolves with what it printed. */
  async script(name, ...args) {
    const { stdout } = await run('php', [path.join(TESTS, name), ...args], { env: this.environment, cwd: this.dir });
    return stdout;
  }

  /** The app of a user asks; resolves with { status, body }. */
  async as(user, method, where, body) {
    const response = await fetch(this.url + where, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...(user && { authorization: `Bearer ${user}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.status !== 500, `${method} ${where}: ${text}\n${this.output()}`);
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Posts a webhook as the plugin does, but made and signed here; resolves with the HTTP status. */
  async post(type, data, { id = `msg_${randomUUID()}`, change = (body) => body, to = this.webhookUrl } = {}) {
    const now = new Date();
    const body = JSON.stringify({ type, timestamp: now.toISOString(), data });
    const response = await fetch(to, {
      method: 'POST',
      headers: {
        'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1000)),
        'webhook-signature': new Webhook(Laravel.secret).sign(id, now, body),
      },
      body: change(body),
    });
    assert.ok(response.status !== 500, this.output());
    return response.status;
  }

  /** What the app's list says of a call: [status, cause, rev] or undefined. */
  async knows(user, callId) {
    const { body } = await this.as(user, 'GET', '/calls');
    const call = body.find(({ call_id: id }) => id === callId);
    return call && [call.status, call.cause, call.rev];
  }

  /** The messages that went to phones. */
  pushes() {
    const file = path.join(this.dir, 'pushes.jsonl');
    // The last line may be half there.
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)) : [];
  }

  async stop() {
    for (const { child, exited } of this.#processes) {
      child.kill('SIGTERM');
      await exited;
    }
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
