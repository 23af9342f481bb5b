// The list of recent calls: what the server's records say, a page at a time.
import { $, icon, iconButton, make } from './dom.js';
import { recordLine, timeOf } from './words.js';

const PAGE = 20;

export class Recent {
  #client;
  #dial;
  #records = [];
  #next = null;
  #onlyMissed = false;
  #seenKey;
  #asked = 0;

  constructor(client, userId, dial) {
    this.#client = client;
    this.#dial = dial;
    this.#seenKey = `call.seen.${userId}`;
    this.userId = userId;
    $('all-calls').onclick = () => this.#choose(false);
    $('missed-calls').onclick = () => this.#choose(true);
    $('more-calls').onclick = () => this.#load(this.#next);
  }

  #choose(onlyMissed) {
    this.#onlyMissed = onlyMissed;
    $('all-calls').setAttribute('aria-pressed', String(!onlyMissed));
    $('missed-calls').setAttribute('aria-pressed', String(onlyMissed));
    if (onlyMissed)
      this.#seeAll();
    this.refresh();
  }

  #seeAll() {
    try {
      localStorage.setItem(this.#seenKey, String(Date.now()));
    } catch {
      // Then they count again next time.
    }
  }

  refresh() {
    return this.#load(null);
  }

  async #load(before) {
    const asked = ++this.#asked;
    const filter = { limit: PAGE, ...(before && { before }), ...(this.#onlyMissed && { missed: true }) };
    const page = await this.#client.history(filter).catch(() => null);
    if (!page || asked !== this.#asked)
      return;
    this.#records = before ? [...this.#records, ...page.calls] : page.calls;
    this.#next = page.next;
    this.#show();
  }

  #show() {
    const past = this.#records.filter(({ endedAt }) => endedAt);
    $('recent').replaceChildren(...past.map((record) => this.#row(record)));
    $('no-recent').hidden = past.length > 0;
    $('no-recent').textContent = this.#onlyMissed ? 'No missed calls.' : 'No calls yet.';
    $('more-calls').hidden = !this.#next;
    this.#count();
  }

  #count() {
    const seen = Number(localStorage.getItem(this.#seenKey) ?? 0);
    const count = this.#records.filter((record) => record.createdAt > seen && recordLine(record, this.userId).isMissed).length;
    $('missed-count').hidden = count === 0 || this.#onlyMissed;
    $('missed-count').textContent = count;
    $('missed-count').title = `${count} missed`;
  }

  #row(record) {
    const isIncoming = record.calleeId === this.userId;
    const peer = isIncoming ? record.callerId : record.calleeId;
    const { text, isMissed } = recordLine(record, this.userId);
    const video = Boolean(record.media?.video);
    const way = make('span', { class: 'way', title: isIncoming ? 'incoming' : 'outgoing' }, icon(isIncoming ? 'in' : 'out'),
      make('span', { class: 'visually-hidden' }, isIncoming ? 'From' : 'To'));
    return make('li', { class: `row-item${isMissed ? ' missed' : ''}` }, way,
      make('span', { class: 'row-text' }, make('strong', { title: peer }, peer),
        make('span', {}, `${timeOf(record.createdAt)} · ${text}`)),
      make('span', { class: 'row-tools' }, iconButton(video ? 'video' : 'phone', `Call ${peer} back`, () => this.#dial(peer, { video }))));
  }
}
