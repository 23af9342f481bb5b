// One device in a terminal: registers, prints what it is told, and sends what you type.
//   node scripts/device.mjs --user bob --device phone [--url ws://127.0.0.1:8188] [--call alice]
import readline from 'node:readline';
import { parseArgs } from 'node:util';

import { JanusSocket } from './janus-ws.mjs';

const HELP = `  call USER [CALL_ID]   call somebody             accept              answer
  reject [REASON]       decline                   busy                decline as busy
  end [REASON]          cancel or hang up         get                 the call's record
  signal JSON           to the other device       update JSON         to the other device
  history               my calls                  send JSON           any request as it is
  drop                  lose the connection       quit                unregister and leave
  CALL_ID is remembered: every command is about the latest call.`;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'ws://127.0.0.1:8188' },
    user: { type: 'string' },
    device: { type: 'string' },
    call: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

if (options.help || !options.user) {
  console.log('usage: node scripts/device.mjs --user USER [--device DEVICE] [--url URL] [--call USER]\n' + HELP);
  process.exit(options.help ? 0 : 2);
}

const terminal = readline.createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
let callId;

function prompt() {
  if (process.stdin.isTTY)
    terminal.prompt(true);
}

function print(line) {
  if (process.stdin.isTTY)
    readline.cursorTo(process.stdout, 0);
  console.log(`${new Date().toISOString().slice(11, 23)} ${line}`);
  prompt();
}

function show(arrow, { call, request, event, error_code: number, ...fields }) {
  const what = event ?? request;
  const failed = call === 'error' ? ` REFUSED ${number}` : '';
  print(`${arrow} ${what}${failed} ${JSON.stringify(fields)}`);
}

const socket = await JanusSocket.open(options.url).catch((error) => {
  console.error(`device: no Janus at ${options.url}: ${error.message}`);
  process.exit(1);
});
const handle = await socket.attach('janus.plugin.call');

async function say(body) {
  show('>', body);
  const reply = await socket.request(handle, body);
  show('=', reply);
  callId = reply.callId ?? callId;
  return reply;
}

function about(request, fields = {}) {
  return callId ? say({ request, callId, ...fields }) : print('no call yet');
}

const withReason = (text) => (text ? { reason: text } : {});

const commands = {
  help: () => print(`\n${HELP}`),
  call: (text) => {
    const [calleeId, id] = text.split(' ');
    return say({ request: 'call:initiate', calleeId, ...(id && { callId: id }) });
  },
  accept: () => about('call:accept'),
  reject: (text) => about('call:reject', withReason(text)),
  busy: () => about('call:reject', { cause: 'busy' }),
  end: (text) => about('call:end', withReason(text)),
  get: () => about('call:get'),
  signal: (text) => about('call:signal', { data: JSON.parse(text) }),
  update: (text) => about('call:update', { data: JSON.parse(text) }),
  history: () => say({ request: 'call:history' }),
  send: (text) => say(JSON.parse(text)),
  drop: () => socket.drop(),
  quit: async () => {
    await say({ request: 'call:unregister' });
    await socket.close();
  },
};

function heard(data) {
  show('<', data);
  callId = data.callId ?? callId;
  // This device shows the call to its user: the caller hears of it.
  if (data.event === 'call:incoming')
    say({ request: 'call:ringing', callId: data.callId }).catch(() => {});
}

socket.on('event', (message) => {
  if (message.plugindata)
    heard(message.plugindata.data);
});
socket.on('close', () => {
  print('the connection is gone');
  process.exit(0);
});

const registered = await say({ request: 'call:register', userId: options.user, deviceId: options.device });
if (registered.call === 'error')
  process.exit(1);
print('type "help" for what you can do');

terminal.on('line', async (line) => {
  const [, verb, rest] = line.trim().match(/^(\S*)\s*(.*)$/);
  try {
    if (verb)
      await (commands[verb] ?? (() => print(`no command "${verb}"; type "help"`)))(rest);
  } catch (error) {
    print(`! ${error.message}`);
  }
  prompt();
});
terminal.on('close', () => socket.close());
if (options.call)
  await commands.call(options.call);
