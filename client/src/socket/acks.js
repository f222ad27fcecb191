import { call, disconnected, failure } from "../errors.js";
import { after } from "../timers.js";

/** The acknowledgements that a socket waits for, by the id of their event. */
export class Acks {
  #waiting = new Map(); // by id: {callback, errorFirst, timer}
  #next = 0;

  get nextId() {
    return this.#next;
  }

  get size() {
    return this.#waiting.size;
  }

  /**
   * Waits for an answer. `errorFirst` callbacks also learn that it does not come.
   * `onTimeout(id)` is called before the callback.
   */
  expect({ callback, errorFirst, timeout }, onTimeout) {
    const id = this.#next++;
    const timer = timeout === undefined ? undefined : after(timeout, () => {
      onTimeout(id);
      this.settle(id, failure("operation has timed out", { code: "TIMEOUT" }));
    });
    this.#waiting.set(id, { callback, errorFirst, timer });
    return id;
  }

  /** Returns whether the callback was notified. */
  settle(id, error, answer = []) {
    const ack = this.#waiting.get(id);
    if (!ack) return false;
    this.#waiting.delete(id);
    clearTimeout(ack.timer);
    if (ack.errorFirst) call(ack.callback, [error, ...answer]);
    else if (!error) call(ack.callback, answer);
    return ack.errorFirst || !error;
  }

  /** The ids of all that have been sent. */
  sent(buffer) {
    const buffered = new Set(buffer.map(({ id }) => id));
    return [...this.#waiting.keys()].filter((id) => !buffered.has(id));
  }

  /** The connection broke: what was sent will not be answered. */
  abandon(ids) {
    for (const id of ids) this.settle(id, disconnected());
  }
}
