// What these tests have beyond the harness of the official suite: clients that speak the bare protocol, where the
// official one does not let a test look or wait between two steps.
//
// The server is tests/complete/app.rs; its comment is the list of what it does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import WebSocket from "ws";
import { SERVER_URL, within } from "../official/harness.mjs";

/** Transports without an upgrade: what is tested is so known to have gone over the one or the other. */
export const TRANSPORTS = ["polling", "websocket"];

/**
 * What a client sees when the server has ended its connection without a word in Socket.IO: by polling, its next request
 * may find no session before a poll that waits has told it.
 */
export const GONE = { polling: ["transport close", "transport error"], websocket: ["transport close"] };

/** The same tests over each transport. */
export function inEach(name, tests) {
  for (const mode of TRANSPORTS) {
    describe(`${name}, ${mode}`, { timeout: 120_000 }, () => tests(mode));
  }
}

export { test };

/** Has the server do something to many clients, and gives what came of it. */
export function operate(client, order) {
  return client.ask("operate", order);
}

/** What the server sees of a client. */
export function whoami(client) {
  return client.ask("whoami");
}

/** Bytes in every shape that a client may send them in, with what arrives. */
export function shapes() {
  const bytes = Uint8Array.from([0, 1, 2, 127, 128, 254, 255]);
  return {
    "a Buffer": [Buffer.from(bytes), Buffer.from(bytes)],
    "a part of a Buffer": [Buffer.from(bytes).subarray(2, 5), Buffer.from(bytes.slice(2, 5))],
    "an Uint8Array": [bytes, Buffer.from(bytes)],
    "an ArrayBuffer": [bytes.buffer, Buffer.from(bytes)],
    "an Uint16Array": [Uint16Array.from([1, 258]), Buffer.from([1, 0, 2, 1])],
    "no bytes at all": [Buffer.alloc(0), Buffer.alloc(0)],
  };
}

/** Bytes that no mistake makes up: each differs from those around it, and from those of another `seed`. */
export function noise(length, seed = 1) {
  const data = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    data[at] = state >>> 16;
  }
  return data;
}

/** A WebSocket that speaks the protocol itself. It keeps what comes: strings, and Buffers. */
export class RawSocket {
  #wake = () => {};

  constructor(t, query = "EIO=4", url = SERVER_URL) {
    this.received = [];
    this.closed = false;
    this.ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?${query}&transport=websocket`);
    this.ws.on("message", (data, isBinary) => this.#receive(isBinary ? data : data.toString()));
    this.ws.on("error", () => {});
    this.ws.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    t.after(() => this.ws.terminate());
  }

  #receive(message) {
    this.received.push(message);
    this.#wake();
  }

  async #until(look, what) {
    const found = new Promise((resolve) => {
      this.#wake = () => {
        if (look()) resolve();
      };
      this.#wake();
    });
    await within(found, what).finally(() => (this.#wake = () => {}));
  }

  /** The next message; pings of the server are not counted. */
  async next(what = "a message") {
    for (;;) {
      await this.#until(() => this.received.length > 0 || this.closed, what);
      assert.ok(this.received.length > 0, `closed while waiting for ${what}`);
      const message = this.received.shift();
      if (message !== "2") return message;
    }
  }

  async gone() {
    await this.#until(() => this.closed, "the end of the connection");
  }

  send(...messages) {
    for (const message of messages) this.ws.send(message);
  }

  /** Opens the session, and joins a namespace: `"0"`, `"0/static,"`. Gives the id that the server gave. */
  async join(connect = "0") {
    assert.match(await this.next("the open packet"), /^0\{/);
    this.send(`4${connect}`);
    const answer = await this.next("the answer to CONNECT");
    assert.match(answer, /^40.*"sid"/);
    return JSON.parse(answer.slice(answer.indexOf("{"))).sid;
  }
}

/** A client that polls when it is told to, and not a moment sooner. */
export class RawPolling {
  constructor(query = "EIO=4") {
    this.url = `${SERVER_URL}/socket.io/?${query}&transport=polling`;
  }

  async #fetch(options) {
    const response = await within(fetch(this.url, options), "an answer to a request");
    assert.equal(response.status, 200);
    return response.text();
  }

  /** One poll: its packets. Pings are answered with the next post, and not counted; a poll with nothing else is repeated. */
  async poll() {
    for (;;) {
      const packets = (await this.#fetch()).split("\x1e");
      const others = packets.filter((packet) => packet !== "2");
      if (others.length < packets.length) await this.post("3");
      if (others.length > 0) return others;
    }
  }

  async post(...packets) {
    assert.equal(await this.#fetch({ method: "POST", body: packets.join("\x1e") }), "ok");
  }

  /** Opens the session, and joins the main namespace. Gives the id that the server gave. */
  async join() {
    const [open] = await this.poll();
    this.url += `&sid=${JSON.parse(open.slice(1)).sid}`;
    await this.post("40");
    const [answer] = await this.poll();
    assert.match(answer, /^40\{"sid"/);
    return JSON.parse(answer.slice(2)).sid;
  }
}
