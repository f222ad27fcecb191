import { call } from "./errors.js";

/**
 * Listeners by event name. The arrays of listeners are replaced, never changed, so listeners may
 * come and go while they are being called.
 */
export class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(String(event), this.listeners(event).concat(listener));
    return this;
  }

  once(event, listener) {
    const wrapper = (...args) => {
      this.off(event, wrapper);
      listener.apply(this, args);
    };
    wrapper.wrapped = listener;
    return this.on(event, wrapper);
  }

  /** Removes a listener, or all of an event, or all. */
  off(event, listener) {
    if (event === undefined) this.#listeners.clear();
    else if (!listener) this.#listeners.delete(String(event));
    else {
      const others = this.listeners(event).filter((each) => each !== listener && each.wrapped !== listener);
      if (others.length > 0) this.#listeners.set(String(event), others);
      else this.#listeners.delete(String(event));
    }
    return this;
  }

  listeners(event) {
    return this.#listeners.get(String(event)) ?? [];
  }

  hasListeners(event) {
    return this.listeners(event).length > 0;
  }

  emit(event, ...args) {
    this.emitReserved(event, ...args);
    return this;
  }

  /** Calls the listeners of this client. `Socket` has another `emit`, which sends. */
  emitReserved(event, ...args) {
    for (const listener of this.listeners(event)) call(listener, args, this);
  }
}

const { prototype } = Emitter;
prototype.addEventListener = prototype.addListener = prototype.on;
prototype.removeListener = prototype.removeEventListener = prototype.removeAllListeners = prototype.off;
