// What a page receives: the packets of Socket.IO, as they came over the network.

/** Between the packets of one answer to a poll. */
const SEPARATOR = "\x1e";

export class Packets {
  /** The events: the arrays of their name, their arguments and their position. */
  events = [];
  /** The ids of the sessions that the server has given, one for each connection. */
  sessions = [];
  #listeners = new Set();

  constructor(page) {
    page.on("websocket", (webSocket) => {
      webSocket.on("framereceived", ({ payload }) => this.#take(String(payload)));
    });
    page.on("response", async (response) => {
      const isPoll = response.request().method() === "GET" && response.url().includes("/socket.io/?");
      if (!isPoll || response.status() !== 200) return;
      // A poll that breaks off has no body.
      const body = await response.text().catch(() => "");
      for (const packet of body.split(SEPARATOR)) this.#take(packet);
    });
  }

  #take(packet) {
    if (packet.startsWith("40{")) this.sessions.push(JSON.parse(packet.slice(2)).sid);
    if (packet.startsWith("42[")) this.events.push(JSON.parse(packet.slice(2)));
    for (const listener of this.#listeners) listener();
  }

  /** Waits until the events satisfy a condition. */
  until(condition) {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition(this.events)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }
}
