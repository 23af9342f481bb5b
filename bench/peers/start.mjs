// Starts one peer and prints its process and port as JSON; ends it when it is told to end itself.
//   node bench/peers/start.mjs NAME [CORE]
import { peers } from './index.mjs';

const [name, core] = process.argv.slice(2);
const peer = peers[name];
if (!peer) {
  console.error(`which peer? ${Object.keys(peers).join(' ')}`);
  process.exit(2);
}
const { pid, port, stop } = await peer.start({ core });
console.log(JSON.stringify({ peer: name, dialect: peer.dialect, pid, port }));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
  process.once(signal, () => stop().then(() => process.exit(0)));
setInterval(() => {}, 1 << 30);
