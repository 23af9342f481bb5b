// Whom this user knows: named by hand or spoken with; kept in the browser, for each user apart.
import { $, avatar, iconButton, make } from './dom.js';

const MOST = 50;

export class People {
  #key;
  #names;
  #dial;

  /** dial(name, {video}) calls somebody. */
  constructor(userId, dial) {
    this.#key = `call.people.${userId}`;
    this.#dial = dial;
    try {
      this.#names = JSON.parse(localStorage.getItem(this.#key)) ?? [];
    } catch {
      this.#names = [];
    }
    this.#show();
  }

  /** The latest first. */
  add(name) {
    this.#names = [name, ...this.#names.filter((other) => other !== name)].slice(0, MOST);
    this.#keep();
  }

  #remove(name) {
    const at = this.#names.indexOf(name);
    this.#names = this.#names.filter((other) => other !== name);
    this.#keep();
    const rows = $('people').querySelectorAll('.forget');
    (rows[Math.min(at, rows.length - 1)] ?? $('callee')).focus();
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#names));
    } catch {
      // Then it is for this visit only.
    }
    this.#show();
  }

  #show() {
    $('people').replaceChildren(...this.#names.map((name) => {
      const forget = iconButton('close', `Forget ${name}`, () => this.#remove(name));
      forget.classList.add('forget');
      return make('li', { class: 'row-item' }, avatar(name), make('span', { class: 'row-text' }, make('strong', { title: name }, name)),
        make('span', { class: 'row-tools' },
          iconButton('phone', `Call ${name}`, () => this.#dial(name, { video: false })),
          iconButton('video', `Call ${name} with video`, () => this.#dial(name, { video: true })), forget));
    }));
    $('no-people').hidden = this.#names.length > 0;
  }
}
