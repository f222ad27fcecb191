/** Beyond 31 bits a timer would fire at once. */
export const after = (ms, callback) => setTimeout(callback, Math.min(ms, 2 ** 31 - 1));

/** Timers by name. Each name has one at most. */
export class Timers {
  #running = new Map();

  /** Starts a timer in place of the one of that name. `false` is no limit. */
  start(name, ms, callback) {
    this.stop(name);
    if (ms === false) return;
    this.#running.set(name, after(ms, () => {
      this.#running.delete(name);
      callback();
    }));
  }

  stop(name) {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  stopAll() {
    for (const name of [...this.#running.keys()]) this.stop(name);
  }
}
