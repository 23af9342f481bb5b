// Reads the examples of docs/protocol.md, which tests/e2e/protocol-docs.test.mjs plays, and checks by itself that the
// page says every name that the code knows, and no other.
//   node tests/check-protocol-docs.mjs
//
// An example is a block of JSON behind a comment that says whose message it is:
//   <!-- example: bob/phone sends -->         also "is answered" and "hears"; "the backend" sends and is answered too
//   <!-- example: bob/phone sends whole -->   with Janus's own wrapping; so may the other two be
// What the page does not show, but a player must do:
//   <!-- scene: {"timers": {"ring": 400}} -->     a new Janus, its plugin configured like this; nobody is there
//   <!-- unseen: bob/phone registers -->          user bob, device phone
//   <!-- unseen: bob/phone sends {"request": "call:accept", "callId": "C1"} -->
//   <!-- unseen: bob/phone hears call:ended -->
//   <!-- unseen: bob/phone drops -->              and the server has noticed
// A request whose answer is not shown must succeed. With JSEP beside it a request is {"body", "jsep"}, and an event
// {"plugindata": {"data"}, "jsep"}; bob/phone@media is another handle of his.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PAGE = path.join(ROOT, 'docs/protocol.md');

const COMMENT = /^<!-- (example|scene|unseen): (.*) -->$/;
const EXAMPLE = /^(.+?) (sends|is answered|hears)( whole)?$/;
const UNSEEN = /^(.+?) (registers|sends|hears|drops)(?: (.+))?$/;
const FENCE = /^```/;
const HEADING = /^#+ (.*)$/;

class Page {
  scenes = [];
  faults = [];

  constructor(text) {
    this.lines = text.split('\n');
    for (this.at = 0; this.at < this.lines.length; this.at++)
      this.#read(this.lines[this.at]);
  }

  #fault(text) {
    this.faults.push(`docs/protocol.md:${this.at + 1}: ${text}`);
  }

  #json(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      this.#fault(error.message);
      return {};
    }
  }

  #read(line) {
    const [, kind, text] = line.match(COMMENT) ?? [];
    this.heading = line.match(HEADING)?.[1] ?? this.heading;
    if (kind === 'scene')
      this.scenes.push({ line: this.at + 1, heading: this.heading, plugin: this.#json(text), steps: [] });
    else if (kind === 'example')
      this.#example(text);
    else if (kind === 'unseen')
      this.#unseen(text);
    else if (FENCE.test(line))
      this.#block(line);
  }

  #step(text, pattern) {
    const [, who, verb, rest] = text.match(pattern) ?? [];
    const step = { line: this.at + 1, who, verb, rest };
    if (!who)
      this.#fault(`"${text}" is no step`);
    else if (this.scenes.length === 0)
      this.#fault('there is no scene yet');
    else
      this.scenes.at(-1).steps.push(step);
    return step;
  }

  #example(text) {
    const step = this.#step(text, EXAMPLE);
    step.isShown = true;
    step.isWhole = Boolean(step.rest);
    this.at++;
    if (this.lines[this.at] !== '```json')
      this.#fault('an example is followed by a block of JSON');
    else
      step.message = this.#json(this.#rest().join('\n'));
  }

  #unseen(text) {
    const step = this.#step(text, UNSEEN);
    if (step.verb === 'sends')
      step.message = this.#json(step.rest);
    else
      step.event = step.rest;
  }

  /** The lines of the block that begins here. */
  #rest() {
    const end = this.lines.findIndex((line, at) => at > this.at && FENCE.test(line));
    const block = this.lines.slice(this.at + 1, end);
    this.at = end;
    return block;
  }

  #block(line) {
    if (line === '```json')
      this.#fault('a block of JSON is an example, and says whose');
    this.#rest();
  }
}

/** { scenes, faults }; a scene is { line, heading, plugin, steps }, a step { line, who, verb, isShown, isWhole, message, event }. */
export function readPage(text = fs.readFileSync(PAGE, 'utf8')) {
  return new Page(text);
}

// --- the names in the code: its tables of words ---

function namesIn(file, row) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  const names = [...text.matchAll(row)].map((match) => match[1]);
  if (names.length === 0)
    throw new Error(`${file} has no row like ${row}`);
  return names;
}

const inner = ['gone', 'timeout', 'push answered', 'media up', 'media down', 'media failed', 'media report'];
const operators = ['call:record'];

export const known = {
  // Those of an app, and those that only a backend has.
  appRequests: namesIn('src/core/event.c', /\[EVENT_\w+\] = "(call:[^"]+)"/g).filter((name) => !operators.includes(name)),
  requests: [
    ...namesIn('src/core/event.c', /\[EVENT_\w+\] = "([^"]+)"/g).filter((name) => !inner.includes(name)),
    ...namesIn('plugins/admin.c', /\{"([^"]+)", answer_\w+\}/g),
  ],
  events: namesIn('src/core/effect.c', /\[MESSAGE_\w+\] = "([^"]+)"/g),
  refusals: namesIn('src/core/refusal.c', /\[REFUSAL_\w+\] = \{\d+, "([^"]+)"/g),
  states: namesIn('src/core/state.c', /\[CALL_\w+\] = "([^"]+)"/g),
  causes: namesIn('src/core/state.c', /\[CAUSE_\w+\] = "([^"]+)"/g),
  modes: namesIn('src/core/record.c', /\[MODE_\w+\] = "([^"]+)"/g),
};

// Nobody can be shown to get these: the server does not send them yet, or only when it is in trouble.
const refusalsWithoutExample = ['token_expired', 'rate_limited', 'internal', 'store_unavailable'];

// Shown as it is refused: what it needs would be no example any more.
const requestsWithoutSuccess = ['call:record'];

function* missingNames(text) {
  for (const [kind, names] of Object.entries(known)) {
    for (const name of names) {
      if (!text.includes(`\`${name}\``))
        yield `\`${name}\` of the ${kind} is not on the page`;
    }
  }
}

function* unknownNames(text) {
  const words = new Set([...known.requests, ...known.events]);
  for (const [name] of text.matchAll(/\bcall:[a-z]+/g)) {
    if (!words.has(name))
      yield `the code does not know ${name}`;
  }
}

/** What is ours in a message that is shown with Janus's own wrapping, or with the JSEP beside it. */
export const unwrapped = (message) => message.plugindata?.data ?? message.response ?? message.body
  ?? (message.janus === 'message_plugin' ? message.request : message);

function* missingExamples({ scenes }) {
  const shown = scenes.flatMap(({ steps }) => steps).filter(({ isShown }) => isShown)
    .map(({ verb, message }) => ({ verb, ...unwrapped(message) }));
  const has = (wanted) => shown.some((message) => Object.entries(wanted).every(([key, value]) => message[key] === value));
  for (const request of known.requests) {
    if (!has({ verb: 'sends', request }))
      yield `no example sends ${request}`;
    if (!requestsWithoutSuccess.includes(request) && !has({ verb: 'is answered', request, call: 'success' }))
      yield `no example shows the answer to ${request}`;
  }
  for (const event of known.events) {
    if (!has({ verb: 'hears', event }))
      yield `no example hears ${event}`;
  }
  for (const code of known.refusals.filter((name) => !refusalsWithoutExample.includes(name))) {
    if (!has({ verb: 'is answered', code }))
      yield `no example is refused with ${code}`;
  }
}

function main() {
  const text = fs.readFileSync(PAGE, 'utf8');
  const page = readPage(text);
  const faults = [...page.faults, ...missingNames(text), ...unknownNames(text), ...missingExamples(page)];
  for (const fault of faults)
    console.log(fault);
  console.log(`${page.scenes.length} scenes, ${faults.length} faults`);
  process.exitCode = faults.length > 0 || page.scenes.length === 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  main();
