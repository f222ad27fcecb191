import { call } from "../errors.js";

/** One channel of a socket. */
export class Subscription {
  /** What the application has asked for: `{since, last, presence}`. */
  options;
  /** Whether the server's session has it. */
  isHeld = false;
  /** Whether an earlier session had it. */
  wasHeld = false;
  /** Whether the application has unsubscribed. */
  isLeft = false;
  /** Whether an answer is awaited, and whether the question waits for a connection by itself. */
  isAsked = false;
  isBuffered = false;
  /** The position that it goes on from, if the socket has not come further. */
  from;
  #callbacks = [];
  #later; // callbacks for an answer to other options than those that were asked with

  get isAwaited() {
    return this.#callbacks.length > 0;
  }

  /** Whether there is another question to ask after this answer. */
  get isOutdated() {
    return this.#later !== undefined;
  }

  /** A call of subscribe(). */
  want(options, callback) {
    if (options) this.options = options;
    if (options && this.isAsked) this.#later ??= [];
    if (callback) (options && this.#later ? this.#later : this.#callbacks).push(callback);
  }

  settle(...answer) {
    const callbacks = this.#callbacks;
    this.#callbacks = this.#later ?? [];
    this.#later = undefined;
    for (const callback of callbacks) call(callback, answer);
  }
}
