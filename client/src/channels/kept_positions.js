/**
 * The positions of a page's channels, kept for the next page of the same tab, which may be the same
 * one, loaded again. They are written when the page is hidden or left.
 */
export class KeptPositions {
  #kept = new Map();

  /** `positions()` gives those of now, by channel. */
  constructor(keep, key, positions) {
    try {
      const storage = keep === true ? globalThis.sessionStorage : keep;
      this.#kept = new Map(Object.entries(JSON.parse(storage.getItem(key)) ?? {}));
      listen(() => {
        const now = positions();
        // A page that was left before it subscribed to anything leaves what there is to the next.
        if (now.length > 0) storage.setItem(key, JSON.stringify(Object.fromEntries(now)));
      });
    } catch {
      // Browsers may forbid the access. Then a page begins without positions.
    }
  }

  /** The position of a channel, once. */
  take(channel) {
    const position = this.#kept.get(channel);
    this.#kept.delete(channel);
    return typeof position === "string" ? position : undefined;
  }
}

function listen(write) {
  const { addEventListener, document } = globalThis;
  addEventListener?.("pagehide", write);
  addEventListener?.("visibilitychange", () => document.visibilityState === "hidden" && write());
}
