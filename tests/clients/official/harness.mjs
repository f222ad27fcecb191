// What the tests of this folder stand on: the modes, a client that remembers
// everything it heard, and the fence that proves what it did not hear.
//
// The server is tests/common/app.rs; its comment is the list of what it does.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect as dial, createServer } from "node:net";
import { io } from "socket.io-client";

export const SERVER_URL = process.env.SERVER_URL;
if (!SERVER_URL) {
  throw new Error("SERVER_URL must name a running server, as http://127.0.0.1:9000 (see tests/official_clients.rs)");
}

/** The ways a client may travel. `upgrades` is null where it must stay on what it started with. */
export const MODES = {
  websocket: { options: { transports: ["websocket"] }, starts: "websocket", ends: "websocket" },
  polling: { options: { transports: ["polling"] }, starts: "polling", ends: "polling" },
  default: { options: {}, starts: "polling", ends: "websocket" },
};

/** No wait in these tests is longer than this; it is a verdict, not a pause. */
const DEADLINE = 20_000;

/** The promise, or a failure that says what was waited for. */
export function within(promise, what, deadline = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadline} ms in vain for ${what}`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A name nobody else uses: the tests of three files share one server. */
export function unique(prefix) {
  return `${prefix}-${randomUUID()}`;
}

/** One official client which keeps what it hears, in order. */
export class Client {
  #wake = new Set();

  constructor(socket, mode) {
    this.socket = socket;
    this.mode = mode;
    /** `{event, args}`, also for the client's own "@connect", "@disconnect" and "@connect_error". */
    this.heard = [];
    socket.onAny((event, ...args) => {
      if (typeof args.at(-1) !== "function") this.#hear(event, args);
    });
    for (const own of ["connect", "disconnect", "connect_error"]) {
      socket.on(own, (...args) => this.#hear(`@${own}`, args));
    }
  }

  #hear(event, args) {
    this.heard.push({ event, args });
    for (const wake of [...this.#wake]) wake();
  }

  /** All that was heard of an event: the first argument of each. */
  all(event) {
    return this.heard.filter((one) => one.event === event).map((one) => one.args[0]);
  }

  /** Resolves with `look()` as soon as that is neither false nor undefined. */
  until(look, what) {
    let wake;
    const found = new Promise((resolve) => {
      wake = () => {
        const value = look();
        if (value !== undefined && value !== false) resolve(value);
      };
      this.#wake.add(wake);
      wake();
    });
    return within(found, what).finally(() => this.#wake.delete(wake));
  }

  /** The first `event` whose first argument satisfies `fits`: already heard, or to come. */
  next(event, fits = () => true) {
    const look = () => {
      const one = this.heard.find((one) => one.event === event && fits(...one.args));
      return one && { value: one.args[0] };
    };
    return this.until(look, `the event "${event}"`).then((found) => found.value);
  }

  /** The first `count` of an event. */
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

  /** One of the server's sending verbs, done in the name of this client. */
  async verb(verb, more) {
    assert.equal(await this.ask("verb", { verb, ...more }), null, verb);
  }

  /** How many copies came of the message which bears this mark. */
  copies(mark) {
    return this.all("message").filter((data) => data?.mark === mark).length;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }
}

/** A client that is not waited for. It goes when the test ends, whatever came of it. */
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

/** A client that is connected, and on the transport on which its mode ends. */
export async function connect(t, mode, namespace = "/", options = {}) {
  const client = open(t, mode, namespace, options);
  await connected(client);
  return client;
}

export async function connected(client) {
  await client.until(() => client.socket.connected, "the connection");
  await settled(client);
}

/** Waits for the upgrade where there is one to come; a client that stays on polling then fails here. */
export async function settled(client) {
  const { engine } = client.socket.io;
  const end = MODES[client.mode].ends;
  if (engine.transport.name !== end) {
    await within(new Promise((resolve) => engine.once("upgrade", resolve)), "the upgrade");
  }
  assert.equal(engine.transport.name, end);
}

/** The second, third… socket over the connection of another. */
export function beside(t, client, namespace, options = {}) {
  const socket = client.socket.io.socket(namespace, options);
  t.after(() => socket.disconnect());
  return new Client(socket, client.mode);
}

/** Several at once. */
export function crowd(t, mode, count) {
  return Promise.all(Array.from({ length: count }, () => connect(t, mode)));
}

/**
 * A message to everybody in the namespace of `from`, which all of `clients` wait for. The server sends it through
 * the same queue as any other publication, so what was published before has arrived, or never will.
 */
export async function fence(from, clients) {
  const mark = unique("fence");
  from.socket.emit("fence", mark);
  await Promise.all(clients.map((client) => client.next("fence", (seen) => seen === mark)));
}

/** Does one verb, and tells how many copies each of `clients` got: `[0, 1, 1]`. */
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

/** What lies between a client and the server, and can fail. */
export async function network(t) {
  const server = new URL(SERVER_URL);
  const wires = new Set();
  let works = true;
  const listener = createServer((here) => {
    if (!works) return here.destroy();
    const there = dial(Number(server.port), server.hostname);
    for (const [wire, other] of [[here, there], [there, here]]) {
      wires.add(wire);
      wire.on("error", () => {});
      wire.on("close", () => {
        wires.delete(wire);
        other.destroy();
      });
      wire.pipe(other);
    }
  });
  /** All connections break, and no new ones come about. */
  const fail = () => {
    works = false;
    wires.forEach((wire) => wire.resetAndDestroy());
  };
  const mend = () => (works = true);
  t.after(() => {
    listener.close();
    fail();
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, fail, mend };
}
