// A way by which a client reaches one server and later another, as a balancer leads it.

import { createServer, connect } from "node:net";
import { once } from "node:events";

export class Path {
  #pairs = new Set();
  #target;
  #server = createServer((near) => this.#lead(near));

  static async to(url) {
    const path = new Path();
    path.#target = new URL(url);
    path.#server.listen(0, "127.0.0.1");
    await once(path.#server, "listening");
    return path;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  #lead(near) {
    const far = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { near, far };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      near.destroy();
      if (!pair.isHalfOpen) far.destroy();
    };
    near.on("error", end).on("close", end).pipe(far);
    far.on("error", end).on("close", end).pipe(near);
  }

  /** Leads what comes from now on to another server. What is there breaks off. */
  move(url) {
    this.#target = new URL(url);
    for (const { near } of [...this.#pairs]) near.destroy();
  }

  /** The same, and the old server sees no end: its connections are silent. */
  moveSilently(url) {
    for (const pair of this.#pairs) {
      pair.isHalfOpen = true;
      pair.near.unpipe(pair.far);
      pair.far.unpipe(pair.near);
      pair.far.resume();
    }
    this.move(url);
  }
}
