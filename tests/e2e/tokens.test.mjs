// Tokens on a running Janus: made by jsonwebtoken, jose and PHP; what they allow, how they end, and a change of keys.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ring, scene, talk } from './lib/scene.mjs';
import { between } from './lib/shape.mjs';
import { makeKey, makers, secondsFromNow, serverSide, sign } from './lib/tokens.mjs';

const AUDIENCE = 'calls';
const ISSUER = 'https://api.test';
const CLIENT = '9d0c3a51-0000-4000-8000-000000000001'; // of Passport
const HERE = fileURLToPath(new URL('.', import.meta.url));
const PAGE = path.join(HERE, '../../docs/tokens.md');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-keys-'));
after(() => fs.rmSync(folder, { recursive: true }));

const fileOf = (name) => path.join(folder, name);
const writeKey = (kid, key) => fs.writeFileSync(fileOf(`${kid}.${key.algorithm.toLowerCase()}`), serverSide(key));
const removeKey = (kid, key) => fs.rmSync(fileOf(`${kid}.${key.algorithm.toLowerCase()}`));

const keys = { h1: makeKey('HS256'), r1: makeKey('RS256'), e1: makeKey('ES256') };
Object.entries(keys).forEach(([kid, key]) => writeKey(kid, key));

const claimsOf = (sub, more = {}) => ({ sub, iss: ISSUER, aud: AUDIENCE, exp: secondsFromNow(600), ...more });
const tokenOf = (sub, more) => sign(claimsOf(sub, more), keys.h1.secret);

const it = scene({
  plugin: {
    general: { auth: 'jwt' },
    auth: { keys_folder: folder, issuer: ISSUER, audience: AUDIENCE },
    timers: { in_call_grace: 60_000 },
  },
});

/** A device that shows a token. */
function arrive(user, deviceId, claims) {
  return it.device(user, deviceId, { token: tokenOf(user, claims) });
}

async function refuses(fields, code, text) {
  const client = await it.connect();
  const reply = await client.refused('call:register', { deviceId: 'phone', ...fields }, code);
  if (text)
    assert.match(reply.error, text);
  await client.close();
}

describe('a good token', () => {
  for (const [library, make] of Object.entries(makers)) {
    for (const [kid, key] of Object.entries(keys)) {
      test(`by ${library} with ${key.algorithm} says who it is, with and without its kid`, async () => {
        const user = it.user('alice');
        for (const header of [{}, { kid }, { typ: 'JWT' }]) {
          const client = await it.connect();
          const reply = await client.ask('call:register', { token: await make(claimsOf(user), key, header) });
          assert.equal(reply.userId, user);
          assert.match(reply.deviceId, /^DEV_/);
          assert.ok(between(590_000, 600_000)(reply.registrationExpiresInMs), reply.registrationExpiresInMs);
          await client.close();
        }
      });
    }
  }

  test('with an integer as sub is that decimal user', async () => {
    const client = await it.connect();
    assert.equal((await client.ask('call:register', { token: tokenOf(4711) })).userId, '4711');
    await client.refused('call:register', { token: tokenOf(4711), userId: '4712' }, 'unauthorized');
    await client.ask('call:register', { token: tokenOf(4711), userId: 4711 });
  });

  test('may come with its userId, and not with another', async () => {
    const user = it.user('alice');
    await refuses({ token: tokenOf(user), userId: it.user('bob') }, 'unauthorized', /^userId: /);
    const client = await arrive(user, 'phone');
    assert.equal(client.registered.userId, user);
  });

  test('with a device gives the deviceId, and is good for no other', async () => {
    const user = it.user('alice');
    const token = tokenOf(user, { device: 'tablet' });
    const client = await it.connect();
    assert.equal((await client.ask('call:register', { token })).deviceId, 'tablet');
    await refuses({ token, deviceId: 'phone' }, 'unauthorized', /^deviceId: /);
    const same = await it.connect();
    assert.equal((await same.ask('call:register', { token, deviceId: 'tablet' })).deviceId, 'tablet');
    await client.next('call:replaced');
  });

  test('with a name is shown to the callee, whatever the device says', async () => {
    const [caller, callee] = [await it.connect(), await arrive(it.user('bob'), 'phone')];
    await caller.ask('call:register',
      { token: tokenOf(it.user('alice'), { name: 'Alice Ä. 👋' }), deviceId: 'web', displayName: 'The Bank' });
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    assert.equal((await callee.next({ event: 'call:incoming', callId })).callerName, 'Alice Ä. 👋');
    await caller.ask('call:end', { callId });
  });

  test('without a name leaves it to the device', async () => {
    const callee = await arrive(it.user('bob'), 'phone');
    const alice = it.user('alice');
    const caller = await it.device(alice, 'web', { token: tokenOf(alice), displayName: 'Alice' });
    const { callId } = await caller.ask('call:initiate', { calleeId: callee.userId });
    assert.equal((await callee.next({ event: 'call:incoming', callId })).callerName, 'Alice');
    await caller.ask('call:end', { callId });
  });
});

describe('refused is', () => {
  const none = (claims) => ['{"alg":"none"}', JSON.stringify(claims)]
    .map((part) => Buffer.from(part).toString('base64url')).join('.') + '.';
  const good = () => tokenOf('alice');
  const publicAsSecret = { algorithm: 'HS256', secret: keys.r1.publicPem };

  const bad = {
    'no token': [() => undefined, 'unauthorized', 'token: is required'],
    'a userId without a token': [() => undefined, 'unauthorized', 'token: is required', { userId: 'alice' }],
    'a token that is no text': [() => 7, 'invalid_request', 'token: must be a string'],
    'no text': [() => '', 'unauthorized', 'token: must have three parts'],
    'alg none': [() => none(claimsOf('alice')), 'unauthorized', 'token: its alg is none that is allowed'],
    'HS256 with the RSA public key': [() => makers.jose(claimsOf('alice'), publicAsSecret), 'unauthorized',
      'token: its signature is wrong'],
    'a foreign secret': [() => makers.jose(claimsOf('alice'), makeKey('HS256')), 'unauthorized',
      'token: its signature is wrong'],
    'a foreign RSA key with a kid of ours': [() => makers.jose(claimsOf('alice'), makeKey('RS256'), { kid: 'r1' }),
      'unauthorized', 'token: its signature is wrong'],
    'a kid that is a path': [() => makers.jose(claimsOf('alice'), keys.h1, { kid: '../../dev/null' }), 'unauthorized',
      'token: there is no key for its alg and kid'],
    'a token that has expired': [() => tokenOf('alice', { exp: secondsFromNow(-1) }), 'token_expired',
      'token: has expired'],
    'a token of tomorrow': [() => tokenOf('alice', { nbf: secondsFromNow(86_400) }), 'unauthorized',
      'token: is not valid yet'],
    'a token without an end': [() => makers.jose(claimsOf('alice', { exp: undefined }), keys.h1), 'unauthorized',
      'token: has no exp'],
    'a token of nobody': [() => makers.jose(claimsOf(undefined), keys.h1), 'unauthorized', 'token: has no sub'],
    'another audience': [() => tokenOf('alice', { aud: ['chat'] }), 'unauthorized',
      'token: its aud is not the one that is configured'],
    'another issuer': [() => tokenOf('alice', { iss: 'https://evil.test' }), 'unauthorized',
      'token: its iss is not the one that is configured'],
    'half a token': [() => good().slice(0, -20), 'unauthorized', 'token: its signature'],
    'a token with padding': [() => `${good()}=`, 'unauthorized', 'token: its signature cannot be read'],
    'a token of 9 KiB': [() => tokenOf('alice', { x: 'x'.repeat(7000) }), 'too_large',
      'token: must have at most 8192 bytes'],
  };

  for (const [what, [make, code, text, more]] of Object.entries(bad)) {
    test(what, async () => {
      const client = await it.connect();
      const reply = await client.refused('call:register', { deviceId: 'phone', token: await make(), ...more }, code);
      assert.ok(reply.error.startsWith(text), reply.error);
      await client.refused('call:history', {}, 'not_registered');
      await client.close();
    });
  }

  test('a token of 1 MB', async () => {
    await refuses({ token: tokenOf('alice', { x: 'x'.repeat(800_000) }) }, 'too_large');
  });
});

describe('taking over a device', () => {
  test('needs a token of the same user', async () => {
    const alice = it.user('alice');
    const old = await arrive(alice, 'phone');
    await refuses({ userId: alice }, 'unauthorized');
    await refuses({ userId: alice, token: 'guess' }, 'unauthorized');
    await refuses({ userId: alice, token: tokenOf(it.user('mallory')) }, 'unauthorized');
    await refuses({ userId: alice, token: tokenOf(alice, { exp: secondsFromNow(-10) }) }, 'token_expired');
    await old.nothingMore();
    await old.ask('call:history');
  });

  test('works with one, and takes what rings along', async () => {
    const caller = await arrive(it.user('bob'), 'web');
    const alice = it.user('alice');
    const old = await arrive(alice, 'phone');
    const callId = await ring(caller, [old]);
    const fresh = await arrive(alice, 'phone');
    await old.next('call:replaced');
    await fresh.next({ event: 'call:incoming', callId });
    await fresh.ask('call:accept', { callId });
    await caller.ask('call:end', { callId });
  });

  test('a user stays the same on a handle', async () => {
    const client = await arrive(it.user('alice'), 'phone');
    await client.refused('call:register', { deviceId: 'phone', token: tokenOf(it.user('bob')) }, 'wrong_state');
    await client.refused('call:register', { deviceId: 'phone' }, 'unauthorized');
    await client.ask('call:history');
  });
});

describe('a change of keys', () => {
  const newer = makeKey('RS256');
  const byNewer = (user) => makers.jose(claimsOf(user), newer, { kid: 'r2' });

  async function reload() {
    assert.deepEqual(await it.janus.admin({ request: 'reload' }), { call: 'success', request: 'reload' });
  }

  test('takes a reload, and nobody is disconnected', async () => {
    const [alice, bob] = [it.user('alice'), it.user('bob')];
    const [caller, callee] = [await arrive(alice, 'web'), await arrive(bob, 'phone')];
    const callId = await talk(caller, [callee]);
    await refuses({ token: await byNewer(alice) }, 'unauthorized', /no key/);
    writeKey('r2', newer);
    await reload();
    const tablet = await it.connect();
    await tablet.ask('call:register', { token: await byNewer(bob), deviceId: 'tablet' });
    assert.equal((await arrive(alice, 'tablet')).registered.userId, alice);
    removeKey('h1', keys.h1);
    await reload();
    await refuses({ token: tokenOf(alice) }, 'unauthorized');
    // Who is there stays, and its call goes on.
    await caller.ask('call:signal', { callId, data: { still: 'here' } });
    await callee.next({ event: 'call:signal', callId });
    await caller.ask('call:end', { callId });
    await callee.next({ event: 'call:ended', callId });
    await caller.ask('call:register', { token: await byNewer(alice), deviceId: 'web' });
    await Promise.all([caller, callee, tablet].map((client) => client.nothingMore()));
    writeKey('h1', keys.h1);
    await reload();
    await arrive(alice, 'phone');
  });

  test('keeps the old ones when a new one is bad, and says which', async () => {
    fs.writeFileSync(fileOf('bad.hs256'), 'sesame, which is short');
    const reply = await it.janus.admin({ request: 'reload' });
    fs.rmSync(fileOf('bad.hs256'));
    const { error, ...rest } = reply;
    assert.deepEqual(rest, { call: 'error', request: 'reload', error_code: 500, code: 'internal' });
    assert.match(error, /bad\.hs256: a secret for HS256 must have at least 32 bytes/);
    assert.doesNotMatch(error, /sesame/);
    await arrive(it.user('alice'), 'phone');
    await reload();
  });
});

describe('a registration ends with its token', () => {
  const shortly = () => ({ exp: Date.now() / 1000 + 2 });
  const ended = { event: 'call:unregistered', cause: 'token_expired' };

  test('the device is told, and no longer rings', async () => {
    const alice = await arrive(it.user('alice'), 'phone', shortly());
    assert.ok(between(1, 2000)(alice.registered.registrationExpiresInMs), alice.registered.registrationExpiresInMs);
    await alice.next(ended);
    const caller = await arrive(it.user('bob'), 'web');
    const reply = await caller.ask('call:initiate', { calleeId: alice.userId });
    assert.equal(reply.reachable, false);
    await caller.ask('call:end', { callId: reply.callId });
    await alice.nothingMore();
    const again = await alice.ask('call:register', { token: tokenOf(alice.userId), deviceId: 'phone' });
    assert.equal(again.calls.find(({ callId }) => callId === reply.callId).status, 'cancelled');
  });

  test('unless the device showed another one in time', async () => {
    const alice = await arrive(it.user('alice'), 'phone', shortly());
    const witness = await arrive(it.user('bob'), 'phone', shortly());
    const { registrationExpiresInMs } = await alice.ask('call:register',
      { token: tokenOf(alice.userId), deviceId: 'phone' });
    assert.ok(registrationExpiresInMs > 500_000);
    await witness.next(ended);
    await alice.nothingMore();
    await alice.ask('call:history');
  });

  test('a live call goes on without it', async () => {
    const [caller, callee] = [await arrive(it.user('alice'), 'web', shortly()), await arrive(it.user('bob'), 'phone')];
    const callId = await talk(caller, [callee]);
    await caller.next(ended);
    await caller.ask('call:signal', { callId, data: 1 });
    await callee.next({ event: 'call:signal', callId });
    await callee.ask('call:update', { callId, data: { hold: true } });
    await caller.next({ event: 'call:updated', callId });
    await caller.refused('call:initiate', { calleeId: it.user('carol') }, 'token_expired');
    await caller.ask('call:end', { callId });
    await callee.next({ event: 'call:ended', callId });
  });
});

// --- PHP: what docs/tokens.md shows, and what the packages make ---

const php = (...args) => execFileSync('php', args, { encoding: 'utf8', cwd: path.join(HERE, 'php') });

/** The code of the page behind `<!-- php: NAME -->`. */
function snippet(name) {
  const [, code] = fs.readFileSync(PAGE, 'utf8').match(new RegExp(`<!-- php: ${name} -->\n\`\`\`php\n(.*?)\`\`\``, 's'));
  return code;
}

const storage = fs.mkdtempSync(path.join(os.tmpdir(), 'call-php-'));
after(() => fs.rmSync(storage, { recursive: true }));
const privateKey = path.join(storage, 'oauth-private.key');
fs.writeFileSync(privateKey, keys.r1.privatePem);

/** What a route of the page answers to user 42. */
function route(name) {
  const file = path.join(storage, `${name}.php`);
  fs.writeFileSync(file, `<?php\n${snippet(name)}`);
  return JSON.parse(php('laravel.php', file, '42', 'Zoë 👋', keys.h1.secret, storage));
}

/** The token is user 42's, and shows that name to a callee. */
async function shows(token, callerName) {
  const callee = await it.connect();
  await callee.ask('call:register', { token: tokenOf('callee', { aud: [AUDIENCE, CLIENT] }), deviceId: 'phone' });
  const caller = await it.connect();
  const { userId } = await caller.ask('call:register', { token, deviceId: 'web' });
  assert.equal(userId, '42');
  const { callId } = await caller.ask('call:initiate', { calleeId: 'callee' });
  assert.equal((await callee.next({ event: 'call:incoming', callId })).callerName, callerName);
  await caller.ask('call:end', { callId });
  await Promise.all([caller, callee].map((client) => client.close()));
}

describe('PHP', () => {
  async function configure(issuer, audience) {
    const file = path.join(it.janus.dir, 'conf/janus.plugin.call.jcfg');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8')
      .replace(/^ *issuer = .*$/m, `issuer = "${issuer}"`).replace(/^ *audience = .*$/m, `audience = "${audience}"`));
    assert.equal((await it.janus.admin({ request: 'reload' })).call, 'success');
  }

  after(() => configure(ISSUER, AUDIENCE));

  test('the route for Sanctum of the page has at most 15 lines, and makes good tokens', async () => {
    assert.ok(snippet('sanctum').split('\n').filter((line) => line !== '').length <= 15);
    await configure('', AUDIENCE);
    const { token, expires } = route('sanctum');
    assert.ok(between(590, 601)(expires - secondsFromNow(0)));
    await shows(token, 'Zoë 👋');
  });

  test('the route for Passport of the page makes good tokens', async () => {
    await configure('', AUDIENCE);
    await shows(route('passport').token, 'Zoë 👋');
  });

  test('an access token as Passport makes it is good, for its client only', async () => {
    await configure('', CLIENT);
    await shows(php('packages.php', 'passport', '42', CLIENT, privateKey), undefined);
    await refuses({ token: php('packages.php', 'passport', '42', 'another', privateKey) }, 'unauthorized', /aud/);
  });

  test('a token as tymon/jwt-auth makes it is good, with the name that the page adds', async () => {
    await configure('', '');
    await shows(php('packages.php', 'tymon', snippet('tymon'), '42', 'Zoë', keys.h1.secret), 'Zoë');
    await configure('http://localhost/api/login', '');
    const device = await it.connect();
    await device.ask('call:register',
      { token: php('packages.php', 'tymon', snippet('tymon'), '42', 'Zoë', keys.h1.secret) });
  });
});

test('neither a token nor a key is in the log', () => {
  const log = it.janus.log();
  assert.doesNotMatch(log, /eyJ/);
  assert.doesNotMatch(log, /BEGIN PUBLIC KEY/);
  assert.ok(!log.includes(keys.h1.secret));
  assert.match(log, /The keys were read again/);
});
