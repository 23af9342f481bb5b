// What one hears of a call: tones made on the spot, no files.

// Each is a list of [frequency in Hz, start, length] in seconds, played anew every `every` seconds.
const tunes = {
  // A phone that wants to be answered: three rising notes, twice.
  incoming: { every: 3, volume: 0.16, notes: [[523, 0, 0.32], [659, 0.16, 0.32], [784, 0.32, 0.5], [523, 0.9, 0.32], [659, 1.06, 0.32], [784, 1.22, 0.6]] },
  // What a caller knows from the telephone.
  ringback: { every: 5, volume: 0.05, notes: [[425, 0, 1]] },
  over: { volume: 0.07, notes: [[392, 0, 0.18], [311, 0.2, 0.3]] },
  connected: { volume: 0.07, notes: [[523, 0, 0.12], [784, 0.12, 0.2]] },
};

let context = null;
let playing = null;

/** A browser lets a page make sound only after its user has touched it. */
export function unlock() {
  context ??= globalThis.AudioContext ? new AudioContext() : null;
  context?.resume().catch(() => {});
}

export const isLocked = () => context?.state !== 'running';

function tone(output, [frequency, at, length], volume) {
  const start = context.currentTime + at;
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(volume, start + 0.02);
  gain.gain.setValueAtTime(volume, Math.max(start + 0.02, start + length - 0.08));
  gain.gain.linearRampToValueAtTime(0, start + length);
  const oscillator = new OscillatorNode(context, { frequency, type: 'triangle' });
  oscillator.connect(gain).connect(output);
  oscillator.start(start);
  oscillator.stop(start + length);
}

/** Plays a tune until stop(), or once if it does not repeat. */
export function play(name) {
  if (playing?.name === name && tunes[name].every)
    return;
  stop();
  const { every, volume, notes } = tunes[name];
  const round = () => {
    if (context?.state !== 'running' || !playing)
      return;
    notes.forEach((note) => tone(playing.output, note, volume));
  };
  playing = { name, output: null, timer: every && setInterval(round, every * 1000) };
  if (context) {
    playing.output = new GainNode(context);
    playing.output.connect(context.destination);
  }
  round();
  if (name === 'incoming')
    navigator.vibrate?.([400, 200, 400]);
}

export function stop() {
  clearInterval(playing?.timer);
  playing?.output?.disconnect();
  playing = null;
  navigator.vibrate?.(0);
}

/** For tests and the curious: what sounds now. */
export const sounding = () => playing?.name ?? null;
