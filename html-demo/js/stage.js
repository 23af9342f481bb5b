// The call that this page is in: what one sees and hears of it, and the buttons.
import { $, announce, make, paintAvatar, setIcon } from './dom.js';
import * as sounds from './sounds.js';
import { durationOf, mediaTrouble, outcomeOf, ringingLine } from './words.js';

const REASONS = [
  { reason: 'In a meeting', cause: 'busy' },
  { reason: 'I will call you back', cause: 'declined' },
  { reason: 'Cannot talk now', cause: 'declined' },
];
const QUIET_MS = 2500;
const TITLE = document.title;

export class Stage {
  #client;
  #modeOf;
  #onOver;
  #call = null;
  #waiting = null;
  #phase = 'none';
  #ringMs = 0;
  #clock = null;
  #cameBack = null;
  #closing = null;

  /** modeOf() is what carries the media of the next call made here; onOver(call) is told when a call ended. */
  constructor(client, { modeOf, onOver }) {
    this.#client = client;
    this.#modeOf = modeOf;
    this.#onOver = onOver;
    this.#wireButtons();
    this.#show();
  }

  /** Calls somebody, or answers if it is they who call just now. */
  dial(name, { video }) {
    sounds.unlock();
    const now = this.#call;
    if (!now || now.isOver)
      this.#enter(this.#client.call(name, { video, mode: this.#modeOf() }));
    else if (now.peerId === name && this.#phase === 'incoming')
      this.#accept(video);
    else
      announce(`You are in a call with ${now.peerName}: end it first`, { urgent: true });
  }

  /** A call begins here: incoming, made by the backend, or from before a reload. */
  take(call) {
    if (this.#call && !this.#call.isOver && call.direction === 'incoming' && call.isRinging)
      this.#makeWait(call);
    else
      this.#enter(call);
  }

  /** The user leaves: nothing is shown any more. */
  leave() {
    this.#call = null;
    this.#waiting = null;
    this.#enterPhase('none');
    this.#show();
  }

  #enter(call) {
    clearTimeout(this.#closing);
    this.#call = call;
    this.#ringMs = 0;
    const update = () => call === this.#call && this.#show();
    call.on('change', update);
    call.on('accepted', update);
    call.on('ended', () => {
      update();
      this.#onOver(call);
    });
    call.stream.on('change', update);
    paintAvatar($('stage-avatar'), call.peerName);
    $('stage-name').textContent = call.peerName;
    $('reasons').open = false;
    $('reason').value = '';
    this.#show();
  }

  #makeWait(call) {
    this.#waiting = call;
    // Both called each other, and the library has answered the other's call.
    call.on('accepted', () => {
      if (this.#waiting !== call)
        return;
      this.#waiting = null;
      this.#enter(call);
    });
    call.on('ended', () => {
      if (this.#waiting === call)
        this.#waiting = null;
      this.#onOver(call);
      this.#show();
    });
    announce(`${call.peerName} is calling too`, { urgent: true });
    this.#show();
  }

  // --- buttons ---

  #wireButtons() {
    $('accept-voice').onclick = () => this.#accept(false);
    $('accept-video').onclick = () => this.#accept(true);
    $('decline').onclick = () => this.#decline({});
    $('reason-list').replaceChildren(...REASONS.map((choice) => make('button', {
      type: 'button', onclick: () => this.#decline(choice),
    }, choice.reason)));
    $('reason-form').onsubmit = (event) => {
      event.preventDefault();
      this.#decline({ reason: $('reason').value.trim() || undefined });
    };
    $('cancel').onclick = () => this.#call.end().catch(() => {});
    $('hang-up').onclick = () => this.#call.end().catch(() => {});
    $('mute').onclick = () => this.#toggle('mute', (stream) => stream.setAudio(!stream.audio));
    $('camera').onclick = () => this.#toggle('camera', (stream) => stream.setVideo(!stream.video));
    $('again').onclick = () => this.dial(this.#call.peerId, { video: this.#call.media.video });
    $('close').onclick = () => this.leave();
    $('waiting-decline').onclick = () => this.#waiting?.reject({ cause: 'busy', reason: 'In another call' }).catch(() => {});
    $('waiting-accept').onclick = () => this.#swap();
    $('stage').addEventListener('keydown', ({ key }) => key === 'Escape' && this.#phase === 'over' && this.leave());
  }

  #accept(video) {
    sounds.unlock();
    this.#call.accept({ audio: true, video }).catch(() => {});
  }

  #decline(choice) {
    this.#call.reject(choice).catch(() => {});
  }

  /** The browser may ask its user first, and the user may say no. */
  async #toggle(id, change) {
    const { stream, peerName } = this.#call;
    $(id).setAttribute('aria-busy', 'true');
    try {
      await change(stream);
    } catch (error) {
      this.#complain(mediaTrouble(error, peerName, { sendsNothing: !stream.audio }));
    } finally {
      $(id).removeAttribute('aria-busy');
    }
  }

  async #swap() {
    const next = this.#waiting;
    this.#waiting = null;
    await this.#call.end().catch(() => {});
    if (next.isOver)
      return this.#show();
    this.#enter(next);
    this.#accept(next.media.video);
  }

  // --- what is shown ---

  #phaseOf(call) {
    if (!call)
      return 'none';
    if (call.isOver)
      return 'over';
    return call.isRinging ? call.direction : 'talking';
  }

  #show() {
    const call = this.#call;
    const phase = this.#phaseOf(call);
    if (phase !== this.#phase)
      this.#enterPhase(phase);
    $('waiting').hidden = !this.#waiting;
    if (this.#waiting)
      $('waiting-text').textContent = `${this.#waiting.peerName} is calling`;
    if (!call)
      return;
    const { line, detail } = this.#words(call, phase);
    $('stage-line').textContent = line;
    $('stage-detail').textContent = detail;
    this.#showMedia(call, phase);
    this.#tick();
  }

  #words(call, phase) {
    if (phase === 'outgoing')
      return ringingLine(call);
    if (phase === 'incoming')
      return { line: call.media.video ? 'Video call' : 'Voice call', detail: call.data?.subject ?? '' };
    if (phase === 'over') {
      const { title, text } = outcomeOf(call, this.#client.userId);
      return { line: title, detail: text };
    }
    return { line: this.#talkLine(call), detail: call.peerMedia?.audio === false ? `${call.peerName} is muted` : '' };
  }

  #talkLine(call) {
    if (!this.#client.isOnline)
      return 'Your connection is lost. Reconnecting…';
    if (call.peer === 'reconnecting')
      return `${call.peerName} is reconnecting…`;
    return { idle: 'Connecting…', connecting: 'Connecting…', reconnecting: 'Reconnecting…' }[call.stream.state] ?? '';
  }

  /** Once for each phase: the buttons, the sound, what is announced, where the focus goes. */
  #enterPhase(phase) {
    const before = this.#phase;
    this.#phase = phase;
    const stage = $('stage');
    const isOpen = phase !== 'none';
    if (isOpen && before === 'none')
      this.#cameBack = document.activeElement;
    stage.hidden = !isOpen;
    $('idle').hidden = isOpen;
    stage.dataset.phase = phase;
    stage.setAttribute('role', phase === 'incoming' ? 'alertdialog' : 'region');
    stage.toggleAttribute('data-ringing', phase === 'incoming' || phase === 'outgoing');
    for (const name of ['incoming', 'outgoing', 'talking', 'over'])
      $(`controls-${name}`).hidden = name !== phase;
    $('reasons').hidden = phase !== 'incoming';
    clearInterval(this.#clock);
    if (isOpen && phase !== 'over')
      this.#clock = setInterval(() => this.#tick(), 250);
    this.#sound(phase, before);
    document.title = phase === 'incoming' ? `${this.#call.peerName} is calling` : TITLE;
    this.#phases[phase]();
  }

  #phases = {
    none: () => (this.#cameBack?.isConnected && this.#cameBack !== document.body ? this.#cameBack : $('callee')).focus({ preventScroll: true }),
    outgoing: () => $('cancel').focus(),
    incoming: () => {
      const { peerName, media } = this.#call;
      $('accept-voice-text').textContent = media.video ? 'Accept without video' : 'Accept';
      $('accept-video').hidden = !media.video;
      announce(`${peerName} is calling`, { urgent: true });
      // Not a button: whoever is typing must not answer with the next key.
      $('stage').focus();
    },
    talking: () => {
      announce(`In a call with ${this.#call.peerName}`);
      $('mute').focus();
    },
    over: () => {
      const { title, text, isQuiet } = outcomeOf(this.#call, this.#client.userId);
      announce(`${title}. ${text}`, { urgent: !isQuiet });
      $('again').querySelector('span:last-child').textContent = this.#call.direction === 'incoming' ? 'Call back' : 'Call again';
      $('close').focus();
      clearTimeout(this.#closing);
      if (isQuiet)
        this.#closing = setTimeout(() => this.#phase === 'over' && this.leave(), QUIET_MS);
    },
  };

  #sound(phase, before) {
    if (phase === 'incoming')
      sounds.play('incoming');
    else if (phase === 'outgoing')
      sounds.play('ringback');
    else if (phase === 'talking')
      sounds.play('connected');
    else if (phase === 'over' && before !== 'incoming')
      sounds.play('over');
    else
      sounds.stop();
  }

  #tick() {
    const call = this.#call;
    if (!call)
      return;
    if (call.isRinging)
      this.#tickRing(call);
    else
      $('stage-timer').textContent = call.durationMs === null ? '' : durationOf(call.durationMs);
  }

  #tickRing(call) {
    const left = call.expiresInMs;
    this.#ringMs = Math.max(this.#ringMs, left ?? 0);
    $('stage-timer').textContent = left === null ? '' : `${Math.ceil(left / 1000)} s left`;
    $('clock-left').style.strokeDashoffset = left === null ? 0 : 100 - 100 * left / this.#ringMs;
  }

  // --- pictures ---

  #showMedia(call, phase) {
    const { stream } = call;
    const isLive = phase === 'talking' || phase === 'outgoing';
    this.#attach($('remote'), isLive ? stream.remote : null);
    this.#attach($('local'), isLive && stream.video ? stream.local : null);
    const hasRemote = phase === 'talking' && call.peerMedia?.video !== false
      && Boolean(stream.remote?.getVideoTracks().some((track) => !track.muted && track.readyState === 'live'));
    $('remote').hidden = !hasRemote;
    $('local').hidden = !(isLive && stream.video);
    $('stage').toggleAttribute('data-picture', hasRemote);
    const hasMedia = stream.state !== 'none';
    $('mute').hidden = $('camera').hidden = !hasMedia;
    this.#showToggle('mute', stream.audio ? 'mic' : 'mic-off', !stream.audio, stream.audio ? 'Mute' : 'Unmute');
    this.#showToggle('camera', stream.video ? 'video' : 'video-off', !stream.video, stream.video ? 'Camera off' : 'Camera on');
    const trouble = isLive && stream.problem && !stream.video
      ? mediaTrouble(stream.problem, call.peerName, { sendsNothing: !stream.local }) : '';
    this.#complain(trouble);
  }

  #showToggle(id, iconName, isOff, words) {
    setIcon($(id), iconName);
    $(id).setAttribute('aria-pressed', String(isOff));
    $(id).lastElementChild.textContent = words;
  }

  #attach(video, stream) {
    if (video.srcObject !== stream)
      video.srcObject = stream;
    // A hidden video goes on playing sound; a browser that wants a touch first gets one sooner or later.
    if (stream)
      video.play().catch(() => {});
  }

  #complain(text) {
    if ($('trouble').textContent !== text)
      $('trouble').textContent = text;
    $('trouble').hidden = !text;
  }

  /** The connection to the server changed. */
  connectionChanged() {
    this.#show();
  }
}
