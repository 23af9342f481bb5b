// Chromium, a Janus, the page served to it, and people who use it.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { Proxy } from '../../client/lib/proxy.mjs';
import { startJanus } from '../../e2e/lib/janus.mjs';
import { TcpProxy } from '../../e2e/lib/proxy.mjs';
import { until } from '../../e2e/lib/wait.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
/** Where pictures of the page's states go; the folder is kept when it is named. */
export const SHOTS = process.env.BROWSER_SHOTS;
const LIMIT_MS = 20_000;

export class Site {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'call-browser-'));
  #server;
  #contexts = [];
  #browsers = [];

  async open(options) {
    this.janus = await startJanus(options);
    // Janus comes back on another port after a restart; the page knows one address.
    this.proxy = await Proxy.open(this.janus.wsUrl);
    this.network = await TcpProxy.before(this.janus.listenerUrl);
    this.listener = this.network.url.replace(/^ws/, 'http');
    const out = path.join(this.#folder, 'page');
    execFileSync(process.execPath, [path.join(ROOT, 'html-demo/build.mjs'), '--out', out, '--server', this.proxy.url,
      '--listener', this.listener]);
    this.#server = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, path.join(ROOT, 'scripts/serve.mjs'), out, '--port', '0'],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    this.#server.stdout.on('data', (text) => { said += text; });
    await until(() => /http\S+/.test(said), 'the page is served');
    this.url = said.match(/http\S+/)[0];
    this.browser = await this.launch();
  }

  /** A browser of its own, with these arguments too. */
  async launch(more = [], args = ARGS) {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: [...args, ...more] });
    this.#browsers.push(browser);
    return browser;
  }

  /** A browser that lets no page near a microphone or camera. */
  strictBrowser() {
    return this.launch(['--deny-permission-prompts'], ARGS.filter((arg) => !/fake-ui/.test(arg)));
  }

  async restartJanus() {
    await this.janus.kill9();
    await this.janus.restart();
    this.proxy.target = this.janus.wsUrl;
    this.network.target = this.janus.listenerUrl;
  }

  /** A browser of somebody's own: tabs within share what a browser shares. */
  async context({ browser = this.browser, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', ...options });
    context.setDefaultTimeout(LIMIT_MS);
    this.#contexts.push(context);
    return context;
  }

  name(name) {
    return `${name}-${randomUUID().slice(0, 5)}`;
  }

  /** A tab where this user is online. */
  async tab(userId, { context, query = '', ...options } = {}) {
    const page = await (context ?? await this.context(options)).newPage();
    page.errors = [];
    page.on('pageerror', (error) => page.errors.push(String(error)));
    page.userId = userId;
    await page.goto(`${this.url}?user=${encodeURIComponent(userId)}${query}`);
    await online(page);
    return page;
  }

  /** Ends what a test has opened. */
  async clear() {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()));
  }

  async close() {
    await this.clear();
    await Promise.all(this.#browsers.map((browser) => browser.close()));
    this.#server?.kill();
    await this.proxy?.close();
    this.network?.close();
    await this.janus?.stop();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

export const online = (page) => page.locator('#my-status[data-state="online"]').waitFor();

/** For the top of a test file. */
export function site(options) {
  const self = new Site();
  before(() => self.open(options));
  after(() => self.close());
  return self;
}

export async function dial(page, callee, { video = false } = {}) {
  await page.fill('#callee', callee);
  await page.getByRole('button', { name: video ? 'Video call' : 'Voice call', exact: true }).click();
}

/** Resolves when the call of this tab is in that phase: none, outgoing, incoming, talking, over. */
export const phase = (page, name) => page.locator(`#stage[data-phase="${name}"]`).waitFor({ state: name === 'none' ? 'attached' : 'visible' });

/** Words that are seen, in the call or about the connection; what is said to a screen reader is elsewhere. */
export const shown = (page, text, options) => page.locator('#stage, #notice').getByText(text, options);

export const line = (page) => page.locator('#stage-line').innerText();

/** Resolves when pictures of the other side arrive, and go on from now. */
export async function seesPicture(page) {
  const framesOf = () => document.getElementById('remote').getVideoPlaybackQuality().totalVideoFrames;
  const before = await page.evaluate(framesOf);
  await page.waitForFunction((seen) => {
    const video = document.getElementById('remote');
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    // They are counted anew with each stream.
    return !video.hidden && video.videoWidth > 0 && (totalVideoFrames < seen ? totalVideoFrames > 5 : totalVideoFrames > seen + 5);
  }, before);
}

export async function shot(page, name) {
  if (!SHOTS)
    return;
  fs.mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}
