// Additions to the harness of the official suite: clients that write packets themselves, where the
// official client does not let a test observe or wait between two steps.
//
// The server is tests/complete/app.rs. Its documentation lists what the server does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import WebSocket from "ws";
import { SERVER_URL, within } from "../official/harness.mjs";

/** Transports without an upgrade, so that a test knows which one it has used. */
export const TRANSPORTS = ["polling", "websocket"];

/**
 * The reasons in a client whose connection the server has ended without a DISCONNECT packet. By
 * polling, its next request may find no session before the pending poll returns.
 */
export const GONE = { polling: ["transport close", "transport error"], websocket: ["transport close"] };

/** Runs the same tests over each transport. */
export function inEach(name, tests) {
  for (const mode of TRANSPORTS) {
    describe(`${name}, ${mode}`, { timeout: 120_000 }, () => tests(mode));
  }
}

export { test };

/** Has the server carry out an operation on many clients. Returns the result. */
export function operate(client, order) {
  return client.ask("operate", order);
}

/**
 * Waits until the clients are alone in their namespace. Those of an earlier test may leave late, and
 * would be asked as well.
 */
export async function alone(from, clients) {
  const here = clients.map((client) => client.socket.id).sort();
  const ids = async () => (await operate(from, { action: "fetch" })).map(({ id }) => id).sort();
  await eventually(ids, here, "the clients of other tests have gone");
}

/**
 * Asks until the answer is the expected one. On a busy machine, a client's process may end before
 * its goodbye has left. The server then waits for a pong, for 45 seconds.
 */
export async function eventually(ask, expected, what) {
  const end = Date.now() + 60_000;
  let answer;
  do {
    answer = await ask();
  } while (JSON.stringify(answer) !== JSON.stringify(expected) && Date.now() < end);
  assert.deepEqual(answer, expected, what);
}

/**
 * Asks with a time limit that some clients let pass and others keep. Gives them twice the time until
 * `isEnough` holds for the answer: on a busy machine, those that answer may be late as well.
 */
export async function withTime(ask, isEnough) {
  for (let timeout = 250; ; timeout *= 2) {
    const answer = await ask(timeout);
    if (isEnough(answer) || timeout > 10_000) return answer;
  }
}

/**
 * The reason for which the server has ended a client. At a server that pings often, this needs no
 * other client, which a busy machine could make late for its pong.
 */
export async function departure(id, url = SERVER_URL) {
  const end = Date.now() + 20_000;
  for (;;) {
    const departures = await (await fetch(`${url}/departures`)).json();
    const found = departures.filter((gone) => gone.id === id);
    assert.ok(found.length <= 1, "it leaves once");
    if (found.length === 1) return found[0].reason;
    assert.ok(Date.now() < end, `${id} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the server knows about a client. */
export function whoami(client) {
  return client.ask("whoami");
}

/** Bytes in every type that a client may send, with the bytes that arrive. */
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

/** Pseudo-random bytes, different for each `seed`, so that a mix-up is visible. */
export function noise(length, seed = 1) {
  const data = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    data[at] = state >>> 16;
  }
  return data;
}

/** A WebSocket that writes packets itself. It keeps the messages it receives: strings, and Buffers. */
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

  async #until(holds, what) {
    const found = new Promise((resolve) => {
      this.#wake = () => {
        if (holds()) resolve();
      };
      this.#wake();
    });
    await within(found, what).finally(() => (this.#wake = () => {}));
  }

  /** The next message that is not a ping. */
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

  /** Opens the session, and joins a namespace: `"0"`, `"0/static,"`. Returns the id of the socket. */
  async join(connect = "0") {
    assert.match(await this.next("the open packet"), /^0\{/);
    this.send(`4${connect}`);
    const answer = await this.next("the answer to CONNECT");
    assert.match(answer, /^40.*"sid"/);
    return JSON.parse(answer.slice(answer.indexOf("{"))).sid;
  }
}

/** A client that polls only on demand. */
export class RawPolling {
  constructor(query = "EIO=4") {
    this.url = `${SERVER_URL}/socket.io/?${query}&transport=polling`;
  }

  async #fetch(options) {
    const response = await within(fetch(this.url, options), "an answer to a request");
    assert.equal(response.status, 200);
    return response.text();
  }

  /** The packets of one poll. Pings are answered and skipped. A poll with nothing else is repeated. */
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

  /** Opens the session, and joins the main namespace. Returns the id of the socket. */
  async join() {
    const [open] = await this.poll();
    this.url += `&sid=${JSON.parse(open.slice(1)).sid}`;
    await this.post("40");
    const [answer] = await this.poll();
    assert.match(answer, /^40\{"sid"/);
    return JSON.parse(answer.slice(2)).sid;
  }
}
