import { isLoopback } from "./url.js";

/** What happens to a page, for a connection: its manager listens while it wants to be connected. */
export class PageEvents {
  #listeners;
  #isListening = false;

  constructor(manager) {
    const isConnecting = () => manager._readyState !== "closed";
    const leave = () => isConnecting() && manager.engine.leave();
    this.#listeners = {
      online: () => manager._hasten(),
      offline: () => isConnecting() && !isLoopback(manager.engine.hostname)
        && manager._lose("transport close", { description: "network connection lost" }),
      // An open connection would keep the page out of the back/forward cache. Listeners are
      // notified when the page comes back.
      pagehide: leave,
      pageshow: ({ persisted }) => persisted && isConnecting() && manager._revive(),
    };
    if (manager.opts.closeOnBeforeunload) this.#listeners.beforeunload = leave;
  }

  listen() {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#each(globalThis.addEventListener);
  }

  stop() {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#each(globalThis.removeEventListener);
  }

  /** Not all environments have these functions. */
  #each(change) {
    if (!change) return;
    for (const [event, listener] of Object.entries(this.#listeners)) change.call(globalThis, event, listener);
  }
}
