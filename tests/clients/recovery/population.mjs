// Clients in JavaScript. Each keeps a log for judge.mjs.

import { io } from "socket.io-client";
import WebSocket from "ws";
import { channels as withChannels } from "../../../client/src/channels/channels.js";
import { io as ours } from "../../../client/src/index.js";

const WEBSOCKET = { transports: ["websocket"] };
const POLLING = { transports: ["polling"] };

/** The kinds of clients, as they are called in the table, and how they connect. */
export const KINDS = {
  websocket: (url, options) => io(url, { ...options, ...WEBSOCKET }),
  polling: (url, options) => io(url, { ...options, ...POLLING }),
  upgrading: (url, options) => io(url, options),
  /** The client of this repository, and its add-on for the official client. */
  ours: (url, options) => withChannels(ours(url, { ...options, ...WEBSOCKET, WebSocket })),
  "ours polling": (url, options) => withChannels(ours(url, { ...options, ...POLLING, WebSocket })),
  "add-on": (url, options) => withChannels(io(url, { ...options, ...WEBSOCKET })),
};

/** A client that comes back by connection state recovery. */
export class Client {
  log = [];
  drops = 0;
  returns = 0;
  recovered = 0;
  #finals = new Set();
  #subscribed = new Set();
  #ready;

  constructor(wire, kind, channels, delay) {
    this.kind = kind;
    this.channels = channels;
    this.socket = KINDS[kind](wire.url, {
      forceNew: true,
      auth: { offsets: true },
      reconnectionDelay: delay,
      reconnectionDelayMax: 2 * delay,
      // As for all silent links: about as long as the heartbeat takes to notice one.
      timeout: 3_000,
    });
    this.socket.on("message", ({ channel, seq, sentAt, isFinal }) => {
      this.log.push([channel, seq, Date.now() - sentAt]);
      if (isFinal) this.#finals.add(channel);
    });
    let isFirst = true;
    this.socket.on("connect", () => {
      this.returns += !isFirst;
      this.recovered += !isFirst && this.socket.recovered === true;
      // The add-on tells by itself, and subscribes again.
      if (!this.socket.subscribe) this.#connected(isFirst);
      isFirst = false;
    });
    if (this.socket.subscribe) this.#withAddOn();
  }

  #withAddOn() {
    this.socket.on("gap", (channel) => this.log.push([channel]));
    for (const channel of this.channels) {
      this.socket.subscribe(channel, (error) => {
        if (error) throw error;
        this.#confirmed(channel);
      });
    }
  }

  /** Subscribes to what the server has not confirmed. What fails is asked for at the next connect. */
  #connected(isFirst) {
    if (!isFirst && !this.socket.recovered) {
      this.log.push([]);
      this.#subscribed.clear();
    }
    for (const channel of this.channels) {
      if (this.#subscribed.has(channel)) continue;
      const { id } = this.socket;
      this.socket.timeout(10_000).emit("subscribe", channel, (failure, refusal) => {
        if (refusal) throw new Error(`${channel}: ${JSON.stringify(refusal)}`);
        if (!failure && this.socket.id === id) this.#confirmed(channel);
      });
    }
  }

  #confirmed(channel) {
    this.#subscribed.add(channel);
    if (this.#subscribed.size === this.channels.length) this.#ready?.();
  }

  async ready(limit) {
    let timer;
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.kind}: the subscriptions take too long`)), limit);
      this.#ready = resolve;
      if (this.#subscribed.size === this.channels.length) resolve();
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
