// The servers of these tests, clients that keep what they receive, and networks that fail.
//
// The server is tests/recovery/app.rs. With SERVER=node, the tests run against Node's server with the
// same application, and fail where it has the fault.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import WebSocket from "ws";
import { io } from "../client.mjs";
import { until, within } from "../client_api/within.mjs";
import { controlOf } from "./control.mjs";
import { wireTo } from "./wire.mjs";

export { until, within };

/** Longer than a message takes, so that a session is away for this long, and no longer. */
export const SHORT_WINDOW = 2_000;

/** The servers by their names: the variable with the address, and the options for Node's server. */
const SERVERS = {
  /** Positions for those who ask, and a history for `room-…`. */
  usual: ["SERVER_URL", {}],
  /** The same after a restart: nothing is known there. */
  restarted: ["SERVER_AFTER_RESTART", {}],
  /** All histories together are small. */
  small: ["SERVER_WITH_SMALL_HISTORY", {}],
  /** A session that is away expires after SHORT_WINDOW. */
  short: ["SERVER_WITH_SHORT_WINDOW", { window: SHORT_WINDOW }],
  /** Positions for everyone, as in Node. */
  everyone: ["SERVER_FOR_EVERYONE", {}],
  /** Neither recovery nor history. */
  off: ["SERVER_WITHOUT_RECOVERY", { recovery: false }],
};

export const isNode = process.env.SERVER === "node";
const running = new Map();

/** The address of a server, and what it does on request. */
export async function serverOf(t, name = "usual") {
  const [variable, options] = SERVERS[name];
  if (isNode && !running.has(name)) {
    const { serve } = await import("./node_app.mjs");
    running.set(name, await serve({ pingInterval: 1_000, pingTimeout: 2_000, ...options }));
  }
  const url = isNode ? running.get(name).url : process.env[variable];
  assert.ok(url, `set ${variable} to a running server (see tests/recovery.rs)`);
  return { url, control: controlOf(url) };
}

/** Ends Node's servers, so that the process ends. */
export function closeServers() {
  for (const server of running.values()) server.close();
}

/** A unique name, because all tests share the servers. */
export const unique = (prefix) => `${prefix}-${randomUUID()}`;

/** Waits until a condition holds that the server has to be asked for. */
export async function eventually(condition, what) {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A client behind a network of its own. It keeps what it receives, in order. */
export class Client {
  /** `[name, ...arguments]`, also for the client's own "@connect", "@disconnect", "@connect_error". */
  received = [];

  constructor(socket, wire) {
    this.socket = socket;
    this.wire = wire;
    socket.onAny((...event) => this.received.push(event));
    socket.on("connect", () => (this.id = socket.id));
    socket.on("connect", () => this.received.push(["@connect", socket.id, socket.recovered === true]));
    socket.on("disconnect", (reason) => this.received.push(["@disconnect", reason]));
    socket.on("connect_error", ({ message }) => this.received.push(["@connect_error", message]));
  }

  all(name) {
    return this.received.filter(([event]) => event === name);
  }

  /** The first arguments of the messages, in order. */
  get messages() {
    return this.all("message").map(([, first]) => first);
  }

  /** The n-th event of this name, from 1. */
  async nth(n, name) {
    await until(() => this.all(name).length >= n, `event ${n} "${name}"`);
    return this.all(name)[n - 1].slice(1);
  }

  /** Waits for the n-th connection, and returns whether it was recovered. */
  async recovered(n = 2) {
    const [, recovered] = await this.nth(n, "@connect");
    return recovered;
  }

  ask(event, ...args) {
    return within(this.socket.emitWithAck(event, ...args), `the answer to "${event}"`);
  }

  async subscribe(...channels) {
    for (const channel of channels) assert.equal(await this.ask("subscribe", channel), null);
  }

  /** Waits until the server has noticed that the connection is lost. */
  async isAway() {
    const { id } = this;
    await eventually(async () => !(await this.control("sockets")).some((one) => one.id === id), "the end of the socket");
  }

  /** Lets `act` happen while the client has no connection. */
  async whileAway(act) {
    this.wire.down();
    await act();
    this.wire.up();
  }
}

/** Opens a client that is in a channel of its own. */
export async function open(t, { server = "usual", auth = {}, subscribes = true, ...options } = {}) {
  const { url, control } = await serverOf(t, server);
  const wire = await wireTo(url, t);
  const socket = io(wire.url, {
    forceNew: true,
    transports: ["websocket"],
    auth: { offsets: true, ...auth },
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    ...options,
  });
  t.after(() => {
    socket.io.reconnection(false);
    socket.disconnect();
  });
  const client = new Client(socket, wire);
  client.room = unique("room");
  client.control = control;
  /** Publishes a message to the client's channel. */
  client.publish = (text, more) => control("emit", { channel: client.room, event: "message", args: [text], ...more });
  await until(() => socket.connected || client.all("@connect_error").length > 0, "an answer to CONNECT");
  if (subscribes) await client.subscribe(client.room);
  return client;
}

/** Publishes a mark, and waits for it: what was published before has come, or does not come. */
export async function fence(client) {
  const mark = unique("mark");
  await client.control("emit", { event: "fence", args: [mark] });
  await until(() => client.all("fence").some(([, seen]) => seen === mark), "the fence");
}

/** A WebSocket that writes packets itself, and keeps those that it receives. */
export async function rawSocket(t, url) {
  const ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  const raw = { received: [], isClosed: false, send: (text) => ws.send(text) };
  ws.on("message", (data) => {
    const text = data.toString();
    if (text === "2") ws.send("3");
    else raw.received.push(text);
  });
  ws.on("error", () => {});
  ws.on("close", () => (raw.isClosed = true));
  t.after(() => ws.terminate());
  await until(() => raw.received.length > 0, "the open packet");
  return raw;
}
