// Does what docs/backend.md says: runs its commands against a Janus, compares what they print, what is pushed and what a
// webhook looks like, and finds its code in the example.
//
// In the page a block stands behind a comment that says what it is:
//   <!-- run -->, <!-- run: CALL_1 rings -->, <!-- run: CALL_1 is accepted -->   commands; alice/laptop has called bob/phone
//   <!-- prints -->      what those commands print, but for times
//   <!-- webhook -->     the body of one
//   <!-- pushed -->      what the example sends to a phone for the pushes of docs/webhooks.openapi.yaml, one after the other
//   <!-- configuration -->   keys that docs/configuration.md has
//   <!-- from: FILE -->  lines of that file
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { WebhookApi } from './lib/contract.mjs';
import { Laravel } from './lib/laravel.mjs';
import { ring, scene, talk } from './lib/scene.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BLOCK = /^(?:<!-- (run|prints|configuration|webhook|pushed|from)(?:: (.*))? -->\n)?```(\w*)\n([^]*?)\n```$/gm;
const run = promisify(execFile);

const page = fs.readFileSync(path.join(ROOT, 'docs/backend.md'), 'utf8');
const configuration = fs.readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8');
const blocks = [...page.matchAll(BLOCK)].map(([, kind, argument, language, text]) => ({ kind, argument, language, text }));
const those = (kind) => blocks.filter((block) => block.kind === kind);

/** Times are other ones, and so is what is left of them. */
function withoutTimes(value, key) {
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutTimes(inner, name)]));
  return /(At|InMs)$|^(atMs|timestamp|ttl)$/.test(key) ? typeof value : value;
}

const lines = (text) => text.split('\n').map((line) => line.trim()).join('\n');

test('every block says what it is', () => {
  assert.ok(blocks.length > 10);
  assert.deepEqual(blocks.filter(({ kind }) => !kind), []);
});

test('the code is that of the example', () => {
  for (const { argument, text } of those('from'))
    assert.ok(lines(fs.readFileSync(path.join(ROOT, argument), 'utf8')).includes(lines(text)), `${argument} has not:\n${text}`);
});

test('the configuration is one', { skip: !configuration.includes('## `webhooks`') && 'the plugin has no webhooks yet' }, () => {
  const keys = those('configuration').flatMap(({ text }) => [...text.matchAll(/(\w+)(?= = )/g)].map(([key]) => key));
  assert.ok(keys.length > 0);
  assert.deepEqual(keys.filter((key) => !configuration.includes(`\n| \`${key}\` |`)), []);
});

test('the pushes are those that docs/android.md waits for', () => {
  const [android] = [...fs.readFileSync(path.join(ROOT, 'docs/android.md'), 'utf8').matchAll(/```json\n([^]*?)```/g)]
    .map(([, text]) => JSON.parse(text)).filter(({ message }) => message);
  const [wake, stop] = those('pushed').map(({ text }) => JSON.parse(text).data);
  assert.equal(wake.type, android.message.data.type);
  assert.deepEqual(Object.keys(android.message.data).filter((key) => !(key in wake)), []);
  const java = fs.readFileSync(path.join(ROOT, 'examples/java/android/januscall/android/PushService.java'), 'utf8');
  assert.ok(java.includes(`"${stop.type}".equals(data.get("type"))`));
});

test('the webhook is one', () => {
  const api = new WebhookApi();
  for (const { text } of those('webhook')) {
    const body = JSON.parse(text);
    api.check(WebhookApi.pointer(api.types.get(body.type)), body, 'docs/backend.md');
  }
});

describe('the commands', () => {
  // However busy the machine is, what is printed is durable.
  const it = scene({ plugin: { store: { store_wait: 10_000 } } });

  test('print what the page says', async () => {
    const caller = await it.device('alice', 'laptop');
    const callee = await it.device('bob', 'phone');
    const prepare = {
      rings: (callId) => ring(caller, [callee], { callId }),
      'is accepted': (callId) => talk(caller, [callee], { callId }),
    };
    const env = { ...process.env, JANUS_ADMIN: it.janus.adminUrl, ADMIN_SECRET: it.janus.adminSecret };
    let functions = '';
    let compared = 0;
    for (const [at, { kind, argument, text }] of blocks.entries()) {
      if (kind !== 'run')
        continue;
      if (text.startsWith('call() {')) {
        functions = text;
        continue;
      }
      const [, callId, how] = argument?.match(/^(\S+) (.*)$/) ?? [];
      await prepare[how]?.(callId);
      const { stdout } = await run('bash', ['-euc', `${functions}\n${text}`], { env });
      assert.equal(blocks[at + 1].kind, 'prints');
      assert.deepEqual(withoutTimes(JSON.parse(stdout)), withoutTimes(JSON.parse(blocks[at + 1].text)), text);
      compared++;
    }
    assert.equal(compared, those('prints').length);
    assert.equal((await caller.next('call:rejected')).reason, 'I am driving');
  });
});

describe('the pushes', () => {
  const it = scene();
  let laravel;
  before(async () => {
    laravel = await (await Laravel.reserve()).start(it.janus);
  });
  after(() => laravel?.stop());

  test('are what the page shows', async () => {
    await laravel.as('bob', 'POST', '/push-tokens', { deviceId: 'phone', token: 'fcm-token-of-bobs-phone' });
    const pushes = new WebhookApi().examples.map(({ value }) => value).filter(({ type }) => type === 'call.push');
    const now = { createdAt: Date.now(), expiresAt: Date.now() + 45_000 };
    for (const { type, data } of pushes)
      assert.equal(await laravel.post(type, { ...data, ...now }), 204);
    const sent = laravel.pushes();
    assert.deepEqual(sent.map((message) => withoutTimes(message)), those('pushed').map(({ text }) => withoutTimes(JSON.parse(text))));
    for (const { android: { ttl } } of sent)
      assert.ok(/^\d+\.\d{3}s$/.test(ttl) && Number.parseFloat(ttl) <= 45 && Number.parseFloat(ttl) > 30, ttl);
  });
});
