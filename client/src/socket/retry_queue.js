import { call } from "../errors.js";

/**
 * Events that are sent again until the server has acknowledged them (`retries`), one at a time, so
 * that they keep their order. The server may get one more than once.
 */
export class RetryQueue {
  #socket;
  #retries;
  #entries = []; // {args, flags, callback, tries}
  #isWaiting = false;

  constructor(socket, retries) {
    this.#socket = socket;
    this.#retries = retries;
  }

  push(args, flags, callback) {
    this.#entries.push({ args, flags, callback, tries: 0 });
    this.send();
  }

  /** Sends the first event, unless its answer is awaited. A new connection does not wait. */
  send(isNewConnection = false) {
    if (!this.#socket.connected || this.#entries.length === 0) return;
    if (this.#isWaiting && !isNewConnection) return;
    const entry = this.#entries[0];
    entry.tries += 1;
    this.#isWaiting = true;
    const { tries } = entry; // of now, not of when the answer comes
    const answered = (error, ...answer) => this.#answered(entry, tries, error, answer);
    this.#socket._transmit(entry.args, entry.flags, { callback: answered, errorFirst: true });
  }

  #answered(entry, tries, error, answer) {
    // An answer to an earlier try may come late, and is one.
    if (entry !== this.#entries[0] || (error && tries !== entry.tries)) return;
    const isOver = !error || entry.tries > this.#retries;
    this.#isWaiting = false;
    if (isOver) {
      this.#entries.shift();
      if (entry.callback) call(entry.callback, [error ?? null, ...answer]);
    }
    this.send();
  }
}
