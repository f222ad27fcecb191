// Clients of a population. Each keeps a log for judge.mjs.

import { io } from "socket.io-client";
import { io as ours } from "../../../client/src/index.js";
import WebSocket from "ws";

/** How the kinds of clients connect, and what they are called in the table. */
export const KINDS = {
  websocket: { library: io, options: { transports: ["websocket"] } },
  polling: { library: io, options: { transports: ["polling"] } },
  upgrading: { library: io, options: {} },
  ours: { library: ours, options: { transports: ["websocket"], WebSocket } },
};

/** A client in JavaScript, which comes back by connection state recovery. */
export class Client {
  log = [];
  drops = 0;
  returns = 0;
  recovered = 0;
  #subscribed = new Set();
  #finals = new Set();
  #wake = () => {};

  constructor(wire, kind, channels, delay) {
    this.wire = wire;
    this.kind = kind;
    this.channels = channels;
    const { library, options } = KINDS[kind];
    this.socket = library(wire.url, {
      forceNew: true,
      auth: { offsets: true },
      reconnectionDelay: delay,
      reconnectionDelayMax: 2 * delay,
      ...options,
    });
    this.socket.on("message", ({ channel, seq, sentAt, isFinal }) => {
      this.log.push([channel, seq, Date.now() - sentAt]);
      if (isFinal) this.#finals.add(channel);
    });
    let isFirst = true;
    this.socket.on("connect", () => {
      if (!isFirst) this.#returned();
      isFirst = false;
      this.#subscribe();
    });
  }

  #returned() {
    this.returns++;
    if (this.socket.recovered) {
      this.recovered++;
      return;
    }
    this.log.push([]);
    this.#subscribed.clear();
  }

  /** Subscribes to what the server has not confirmed. What fails is asked for at the next connect. */
  #subscribe() {
    for (const channel of this.channels) {
      if (this.#subscribed.has(channel)) continue;
      const { id } = this.socket;
      this.socket.timeout(10_000).emit("subscribe", channel, (failure, refusal) => {
        if (refusal) throw new Error(`${channel}: ${JSON.stringify(refusal)}`);
        if (failure || this.socket.id !== id) return;
        this.#subscribed.add(channel);
        this.#wake();
      });
    }
  }

  async ready(limit) {
    let timer;
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.kind}: the subscriptions take too long`)), limit);
      this.#wake = () => this.#subscribed.size === this.channels.length && resolve();
      this.#wake();
    }).finally(() => clearTimeout(timer));
  }

  /** Whether all its channels have brought a last message. */
  get isFinished() {
    return this.#finals.size === this.channels.length;
  }

  close() {
    this.socket.io.reconnection(false);
    this.socket.disconnect();
  }
}
