// socket.io-client in Chromium, from a page of another origin: the whole protocol on every transport, and the page that
// calls with nothing else.
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';

import { WsClient } from '../e2e/lib/clients/index.mjs';
import { REASON, acceptsAndEnds, playsAll, rejects } from '../e2e/lib/document.mjs';
import { Scene, ring, talk } from '../e2e/lib/scene.mjs';
import { until } from '../e2e/lib/wait.mjs';
import { dial as dialOn, phase, shot, site } from './lib/page.mjs';
import { tabClient } from './lib/socketio.mjs';

const here = site({ plugin: { timers: { ring: 45_000 }, listener: {} } });
const it = new Scene();
Object.defineProperty(it, 'janus', { get: () => here.janus });
after(() => it.close());
afterEach(() => {
  here.network.isOpen = true;
  return here.clear();
});

const kinds = [{}, { transports: ['websocket'] }, { transports: ['polling'] }].map((options) => tabClient(here, options));

describe('the protocol', () => {
  for (const Tab of kinds) {
    const pairs = [[Tab, WsClient], [WsClient, Tab], [Tab, Tab]];
    for (const [Caller, Callee] of pairs) {
      test(`${Caller.library} calls ${Callee.library}`, async () => {
        for (const play of [rejects, acceptsAndEnds, playsAll]) {
          const both = await it.pair({ Caller, Callee });
          await play(both);
          await both.caller.nothingMore();
          await both.callee.nothingMore();
        }
      });
    }

    test(`${Tab.library}: two devices ring, and the one in the tab falls silent`, async () => {
      const { caller, phone, tablet } = await it.trio({ Phone: Tab });
      await talk(caller, [tablet, phone]);
    });

    test(`${Tab.library}: the network goes and comes in mid-call`, async () => {
      const { caller, callee } = await it.pair({ Callee: Tab });
      const callId = await talk(caller, [callee]);
      here.network.isOpen = false;
      here.network.cut();
      assert.equal((await caller.next('call:peer')).state, 'reconnecting');
      here.network.isOpen = true;
      assert.equal((await caller.next('call:peer', 15_000)).state, 'connected');
      await caller.ask('call:signal', { callId, data: 'still here' });
      assert.equal((await callee.next('call:signal')).data, 'still here');
      await callee.ask('call:end', { callId });
      assert.equal((await caller.next('call:ended')).cause, 'hangup');
    });

    test(`${Tab.library}: a tab that is closed is away, not gone`, async () => {
      const { caller, callee } = await it.pair({ Callee: Tab });
      await talk(caller, [callee]);
      await callee.drop();
      assert.equal((await caller.next('call:peer')).state, 'reconnecting');
    });
  }

  test('default options go from polling to a WebSocket, and the answer to who is refused is read', async () => {
    const [Default, WebSocketOnly, Polling] = kinds;
    const tab = await it.device(it.user('bob'), 'phone', { Client: Default });
    await until(async () => await tab.transport === 'websocket', 'it upgrades');
    assert.equal(await (await it.device(it.user('bob'), 'phone', { Client: Polling })).transport, 'polling');
    for (const Tab of [Default, WebSocketOnly, Polling])
      await assert.rejects(it.device('', 'phone', { Client: Tab }), /invalid_request/);
  });
});

describe('the page', () => {
  /** A tab where this user is connected. */
  async function person(name) {
    const page = await (await here.context()).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    page.userId = it.user(name);
    await page.goto(`${here.url}socketio.html`);
    await page.fill('[name=userId]', page.userId);
    await page.getByRole('button', { name: 'Connect' }).click();
    await sees(page, /^Connected/);
    return page;
  }

  const sees = (page, text) => page.getByRole('status').getByText(text).waitFor();
  const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

  async function dial(page, userId) {
    await page.fill('[name=receiverId]', userId);
    await press(page, 'Call');
  }

  async function ringing() {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(person));
    await dial(alice, bob.userId);
    await sees(bob, `${alice.userId} calls you`);
    return { alice, bob };
  }

  /** Sound comes out of the other side's element. */
  const hears = (page) => page.waitForFunction(() => {
    const { srcObject, currentTime } = document.getElementById('sound');
    return srcObject?.getAudioTracks()[0]?.readyState === 'live' && currentTime > 0.2;
  });

  const isFine = (...pages) => pages.forEach((page) => assert.deepEqual(page.errors, []));

  test('somebody on a Janus transport calls it in mode relay: its media joins on a session of its own', async () => {
    const [alice, bob] = [await here.tab(here.name('alice')), await person('bob')];
    await dialOn(alice, bob.userId);
    await sees(bob, `${alice.userId} calls you`);
    await press(bob, 'Accept');
    await sees(bob, `${alice.userId}: connected`);
    await Promise.all([hears(bob), alice.waitForFunction(() => globalThis.page.client.calls[0]?.stream.state === 'connected')]);
    await press(bob, 'Hang up');
    await phase(alice, 'over');
    isFine(alice, bob);
  });

  test('two people speak, and one hangs up', async () => {
    const { alice, bob } = await ringing();
    await sees(alice, /rings|Calling/);
    await shot(bob, 'socketio-incoming');
    await press(bob, 'Accept');
    await Promise.all([sees(alice, `${bob.userId}: connected`), sees(bob, `${alice.userId}: connected`)]);
    await Promise.all([hears(alice), hears(bob)]);
    await shot(alice, 'socketio-talking');
    await press(alice, 'Hang up');
    await sees(bob, /The call is over/);
    isFine(alice, bob);
  });

  test('one declines, and the caller reads why', async () => {
    const { alice, bob } = await ringing();
    await press(bob, 'Decline');
    await sees(alice, `Rejected: ${REASON}`);
    // And all is as before.
    await dial(bob, alice.userId);
    await sees(alice, `${bob.userId} calls you`);
    await press(bob, 'Hang up');
    await sees(alice, /The call is over/);
    isFine(alice, bob);
  });

  test('a page and a device on a Janus transport call each other', async () => {
    const page = await person('alice');
    const phone = await it.device(it.user('bob'), 'phone');
    await dial(page, phone.userId);
    const { callId } = await phone.next('call:incoming');
    await phone.ask('call:reject', { callId, reason: 'In a meeting' });
    await sees(page, 'Rejected: In a meeting');
    const { callId: second } = await phone.ask('call:initiate', { calleeId: page.userId });
    await sees(page, `${phone.userId} calls you`);
    await phone.next('call:ringing');
    await press(page, 'Decline');
    assert.equal((await phone.next({ event: 'call:rejected', callId: second })).reason, REASON);
    isFine(page);
  });

  test('a caller whose network was away reads of the rejection', async () => {
    const page = await person('alice');
    const phone = await it.device(it.user('bob'), 'phone');
    await dial(page, phone.userId);
    const { callId } = await phone.next('call:incoming');
    here.network.isOpen = false;
    here.network.cut();
    await sees(page, /trying again/);
    await phone.ask('call:reject', { callId, reason: REASON });
    here.network.isOpen = true;
    await sees(page, `Rejected: ${REASON}`);
    isFine(page);
  });
});
