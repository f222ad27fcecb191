// Connections that are cut at random, also while channels catch up. What was published to a channel
// arrives once and in order, or the client is told of a gap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { channels } from "../../../client/src/channels/channels.js";
import { HandMade } from "./hand_made.mjs";
import { client } from "./support.mjs";
import { until } from "./within.mjs";

const NAMES = ["a", "b", "c"];
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Numbers that are the same for the same seed. */
function randomOf(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What is published, and what the client has of it. */
class Ledger {
  #published = []; // by number: the channels
  #marks = new Map(); // by the position of an answer: how much had been published
  #heard = new Map(); // how often, by number
  #newest = new Map(); // by channel
  #base = new Map(); // by channel: the client is to have all that came after
  gaps = 0;

  constructor(server) {
    this.server = server;
    const { join } = server;
    server.join = (...args) => {
      const [answer, missed] = join.apply(server, args);
      this.#marks.set(answer.position, this.#published.length);
      return [answer, missed];
    };
  }

  publish(names) {
    this.#published.push(names);
    this.server.publish(names, "news", this.#published.length - 1);
    return this.#published.length - 1;
  }

  heard(number) {
    const names = this.#published[number];
    const count = (this.#heard.get(number) ?? 0) + 1;
    assert.equal(count, 1, `${number} came twice`);
    this.#heard.set(number, count);
    for (const name of names) {
      assert.ok(number > (this.#newest.get(name) ?? -1), `${number} of ${name} came after ${this.#newest.get(name)}`);
      this.#newest.set(name, number);
    }
  }

  has(number) {
    return this.#heard.has(number);
  }

  joined(name, { position }) {
    this.#base.set(name, this.#marks.get(position));
  }

  left(name) {
    this.#base.delete(name);
  }

  check() {
    for (const [name, base] of this.#base) {
      const due = this.#published.map((names, number) => ({ names, number })).slice(base);
      const missing = due.filter(({ names, number }) => names.includes(name) && !this.has(number));
      assert.deepEqual(missing.map(({ number }) => number), [], `of ${name}, silently`);
    }
  }
}

async function run(t, seed, isLossy) {
  const random = randomOf(seed);
  const server = await new HandMade().listen(t);
  const ledger = new Ledger(server);
  const socket = channels(client(t, server.url, {
    transports: ["websocket"], reconnectionDelay: 1, reconnectionDelayMax: 3, forceNew: true,
  }));
  const failures = [];
  const checked = (act) => (...args) => {
    try {
      act(...args);
    } catch (error) {
      failures.push(error);
    }
  };
  const directs = new Set();
  socket.on("news", checked((number) => ledger.heard(number)));
  socket.on("direct", checked((number) => {
    assert.ok(!directs.has(number), `direct ${number} came twice`);
    directs.add(number);
  }));
  const gaps = new Set();
  socket.on("gap", (name) => {
    ledger.gaps += 1;
    gaps.add(name);
  });
  socket.on("resubscribed", (name, answer) => { if (gaps.delete(name)) ledger.joined(name, answer); });
  const subscribe = (name) => socket.subscribe(name, (error, answer) => { if (answer) ledger.joined(name, answer); });
  NAMES.forEach(subscribe);
  await until(() => socket.channels.size === NAMES.length, "the first subscriptions");

  const acts = [
    [40, () => ledger.publish([NAMES[random(3)]])],
    [10, () => ledger.publish(NAMES.filter(() => random(2) === 0))],
    [8, (step) => server.peer.isOpen && server.peer.direct("direct", step)],
    [4, () => server.peer.cutAfter(random(4))],
    [8, () => { server.nextCut = 1 + random(12); }],
    [4, () => server.forgetSessions()],
    [20, turn],
    [8, () => until(() => socket.connected, "a connection")],
    [2, () => {
      const name = NAMES[random(3)];
      ledger.left(name);
      socket.unsubscribe(name);
      subscribe(name);
    }],
    ...(isLossy ? [[2, () => server.trim(NAMES[random(3)])], [1, () => server.restart()]] : []),
  ];
  const wheel = acts.flatMap(([weight, act]) => Array(weight).fill(act));
  for (let step = 0; step < 400; step += 1) await wheel[random(wheel.length)](step);

  server.nextCut = Infinity;
  server.peer.cut();
  await until(() => server.peer.isOpen && socket.connected && NAMES.every((name) => server.peer.channels.has(name)), "the last connection");
  const last = NAMES.map((name) => ledger.publish([name]));
  await until(() => failures.length > 0 || last.every((number) => ledger.has(number)), "the last of each channel");
  if (failures.length > 0) throw failures[0];
  ledger.check();
  if (!isLossy) assert.equal(ledger.gaps, 0, "nothing was lost");
  socket.disconnect();
}

for (const isLossy of [false, true]) {
  test(`each message comes once and in order, ${isLossy ? "or the gap is told" : "where the server has them all"}`, async (t) => {
    const first = Number(process.env.SEED ?? 1);
    for (let seed = first; seed < first + Number(process.env.RUNS ?? 12); seed += 1) {
      await run(t, seed, isLossy).catch((error) => {
        error.message = `SEED=${seed}: ${error.message}`;
        throw error;
      });
    }
  });
}
