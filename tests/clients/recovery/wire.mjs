// The network between one client and the server, as a TCP proxy that can fail in several ways.

import { connect as dial, createServer } from "node:net";
import { Scanner } from "./scanner.mjs";

/** Listens for one client. `t`, if given, is a test whose end closes it. */
export async function wireTo(url, t) {
  const wire = new Wire(url);
  await new Promise((resolve, reject) => {
    wire.listener.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  wire.url = `http://127.0.0.1:${wire.listener.address().port}`;
  t?.after(() => wire.close());
  return wire;
}

class Wire {
  #links = new Set();
  #limit;
  #isDown = false;

  constructor(url) {
    this.leadTo(url);
    this.listener = createServer((client) => this.#link(client));
  }

  /** Where new connections lead. A server that has restarted is at another address. */
  leadTo(url) {
    this.server = new URL(url);
  }

  #link(client) {
    if (this.#isDown) return client.destroy();
    const link = new Link(client, dial(Number(this.server.port), this.server.hostname), this.#limit);
    // Engine.IO's polling uses several connections. The limit holds until one has reached it.
    link.onLimit = () => {
      this.#limit = undefined;
      this.cut();
    };
    this.#links.add(link);
    link.onEnd = () => this.#links.delete(link);
  }

  #each(act) {
    for (const link of [...this.#links]) act(link);
  }

  /** Both ends notice at once. */
  cut() {
    this.#each((link) => link.destroy());
  }

  /** The client notices at once. The server's end stays open, and what the server sends is lost. */
  cutForClient() {
    this.#each((link) => link.abandon());
  }

  /** Nothing arrives any more, at either end, and neither end notices. New connections work. */
  silence() {
    this.#each((link) => link.silence());
  }

  /** What the server sends is lost. The client's packets still arrive. */
  swallow() {
    this.#each((link) => link.swallow());
  }

  /**
   * The next connections pass this many events of the server. The first that has more is cut in the
   * middle of the next one.
   */
  cutAfter(events) {
    this.#limit = events;
  }

  /** No connection comes about until `up`. */
  down() {
    this.#isDown = true;
    this.cut();
  }

  up() {
    this.#isDown = false;
  }

  close() {
    this.listener.close();
    this.down();
  }
}

/** One connection through the proxy. */
class Link {
  #client;
  #server;
  #isSilent = false;
  #swallows = false;
  #scanner;
  onLimit = () => {};
  onEnd = () => {};

  constructor(client, server, limit) {
    this.#client = client;
    this.#server = server;
    for (const end of [client, server]) {
      end.setNoDelay(true);
      end.on("error", () => {});
      end.on("close", () => this.#isSilent || this.destroy());
    }
    if (limit !== undefined) this.#scanner = new Scanner(limit);
    client.on("data", (data) => this.#isSilent || server.write(data));
    server.on("data", (data) => this.#fromServer(data));
  }

  #fromServer(data) {
    if (this.#isSilent || this.#swallows) return;
    const passed = this.#scanner?.pass(data) ?? data.length;
    if (passed === data.length) {
      this.#client.write(data);
      return;
    }
    // The client reads what has passed, and then the end. The server's end breaks at once.
    this.#isSilent = true;
    this.#client.end(data.subarray(0, passed));
    this.#server.destroy();
    this.onEnd();
    this.onLimit();
  }

  silence() {
    this.#isSilent = true;
    // Both ends live until one of them gives up. The other one is not to notice.
    this.#client.on("close", () => this.#closed());
    this.#server.on("close", () => this.#closed());
  }

  #closed() {
    if (this.#client.destroyed && this.#server.destroyed) this.onEnd();
  }

  swallow() {
    this.#swallows = true;
  }

  abandon() {
    this.silence();
    this.#client.resetAndDestroy();
  }

  destroy() {
    this.#client.destroy();
    this.#server.destroy();
    this.onEnd();
  }
}
