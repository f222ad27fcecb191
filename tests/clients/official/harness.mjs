// The modes, a client that keeps all events that it receives, and a fence that shows which events
// do not arrive.
//
// The server is tests/common/app.rs. Its documentation lists what the server does.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { io } from "../client.mjs";
import { networkTo } from "./network.mjs";

export const SERVER_URL = process.env.SERVER_URL;
if (!SERVER_URL) {
  throw new Error("set SERVER_URL to a running server, as http://127.0.0.1:9000 (see tests/official_clients.rs)");
}

/** The transports of a client: its options, its first transport and its last one. */
export const MODES = {
  websocket: { options: { transports: ["websocket"] }, starts: "websocket", ends: "websocket" },
  polling: { options: { transports: ["polling"] }, starts: "polling", ends: "polling" },
  default: { options: {}, starts: "polling", ends: "websocket" },
};

/** Text with characters that need escapes or several bytes. */
export const STRANGE_TEXT = "Größe π 🏆 𝄞 \u0000\u001e\u2028\u2029 \"\\\" 日本語 e\u0301 \u202ertl";

/** The limit of each wait in these tests. It ends a test that has failed, and delays none. */
const DEADLINE = 20_000;

/** Waits for a promise. A failure names what was awaited. */
export function within(promise, what, deadline = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${deadline} ms`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A unique name, because the tests of three files share one server. */
export function unique(prefix) {
  return `${prefix}-${randomUUID()}`;
}

/** A client that keeps the events that it receives, in order. */
export class Client {
  #wake = new Set();

  constructor(socket, mode) {
    this.socket = socket;
    this.mode = mode;
    /** `{event, args}`, also for the client's own "@connect", "@disconnect" and "@connect_error". */
    this.received = [];
    socket.onAny((event, ...args) => {
      if (typeof args.at(-1) !== "function") this.#receive(event, args);
    });
    for (const own of ["connect", "disconnect", "connect_error"]) {
      socket.on(own, (...args) => this.#receive(`@${own}`, args));
    }
  }

  #receive(event, args) {
    this.received.push({ event, args });
    for (const wake of [...this.#wake]) wake();
  }

  /** The first argument of each event of this name. */
  all(event) {
    return this.received.filter((one) => one.event === event).map((one) => one.args[0]);
  }

  /** Resolves with `probe()` as soon as its value is neither false nor undefined. */
  until(probe, what) {
    let wake;
    const found = new Promise((resolve) => {
      wake = () => {
        const value = probe();
        if (value !== undefined && value !== false) resolve(value);
      };
      this.#wake.add(wake);
      wake();
    });
    return within(found, what).finally(() => this.#wake.delete(wake));
  }

  /** The first `event` whose first argument satisfies `fits`, in the past or the future. */
  next(event, fits = () => true) {
    const probe = () => {
      const one = this.received.find((one) => one.event === event && fits(...one.args));
      return one && { value: one.args[0] };
    };
    return this.until(probe, `the event "${event}"`).then((found) => found.value);
  }

  /** The first arguments of the first `count` events of this name. */
  async first(count, event) {
    await this.until(() => this.all(event).length >= count, `${count} events "${event}"`);
    return this.all(event).slice(0, count);
  }

  /** Emits, and resolves with the first argument of the acknowledgement. */
  ask(event, ...args) {
    return this.socket.timeout(DEADLINE).emitWithAck(event, ...args);
  }

  async subscribe(...channels) {
    for (const channel of channels) assert.equal(await this.ask("subscribe", channel), null, channel);
    return this;
  }

  /** Has the server send by one of its verbs on behalf of this client. */
  async verb(verb, more) {
    assert.equal(await this.ask("verb", { verb, ...more }), null, verb);
  }

  /** The number of copies that arrived of the message with this mark. */
  copies(mark) {
    return this.all("message").filter((data) => data?.mark === mark).length;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }
}

/** Opens a client without waiting for it. It is closed when the test ends. */
export function open(t, mode, namespace = "/", { url = SERVER_URL, ...options } = {}) {
  const socket = io(url + namespace, {
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    ...MODES[mode].options,
    ...options,
  });
  t.after(() => close(socket));
  assert.equal(socket.io.engine.transport.name, MODES[mode].starts);
  return new Client(socket, mode);
}

function close(socket) {
  socket.io.reconnection(false);
  socket.disconnect();
}

/** Opens a client and waits until it is connected by the last transport of its mode. */
export async function connect(t, mode, namespace = "/", options = {}) {
  const client = open(t, mode, namespace, options);
  await connected(client);
  return client;
}

export async function connected(client) {
  await client.until(() => client.socket.connected, "the connection");
  await settled(client);
}

/** Waits for the upgrade if the mode has one. A client that does not upgrade fails here. */
export async function settled(client) {
  const { engine } = client.socket.io;
  const end = MODES[client.mode].ends;
  if (engine.transport.name !== end) {
    await within(new Promise((resolve) => engine.once("upgrade", resolve)), "the upgrade");
  }
  assert.equal(engine.transport.name, end);
}

/** Opens another socket over the connection of a client. */
export function beside(t, client, namespace, options = {}) {
  const socket = client.socket.io.socket(namespace, options);
  t.after(() => socket.disconnect());
  return new Client(socket, client.mode);
}

/** Opens several clients together. */
export function crowd(t, mode, count) {
  return Promise.all(Array.from({ length: count }, () => connect(t, mode)));
}

/**
 * Sends a message to all clients in the namespace of `from`, and waits until all of `clients` have
 * received it. The server sends it in the order of publications, so all earlier publications have
 * arrived, or will never arrive.
 */
export async function fence(from, clients) {
  const mark = unique("fence");
  from.socket.emit("fence", mark);
  await Promise.all(clients.map((client) => client.next("fence", (seen) => seen === mark)));
}

/** Sends by one verb. Returns how many copies each of `clients` received: `[0, 1, 1]`. */
export async function copies(from, clients, verb, more = {}) {
  const mark = unique("mark");
  await from.verb(verb, { ...more, data: { mark } });
  await fence(from, clients);
  return clients.map((client) => client.copies(mark));
}

/** 0, 1, 2, … */
export function numbers(count) {
  return Array.from({ length: count }, (_, i) => i);
}

/** A network between a client and the server, which can fail. It is mended by `mend`. */
export const network = (t) => networkTo(t, SERVER_URL);
