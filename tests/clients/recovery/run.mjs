// One run of a population against one server, with faults.

import { controlOf } from "./control.mjs";
import { disturb, random } from "./faults.mjs";
import { summarize } from "./judge.mjs";
import { Client } from "./population.mjs";
import { PythonPopulation } from "./python_population.mjs";
import { wireTo } from "./wire.mjs";

const BUSY = "room-busy";
const QUIET = "room-quiet";
/** A channel is quiet if it has one message for this many of the busy one. */
const QUIET_SHARE = 25;
/** The limit of each wait. It ends a run that has failed, and delays none. */
const LIMIT = 30_000;
/** Longer than a client needs to notice a silent link, and to come back. */
const LAST_LIMIT = 15_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `kinds`, a count for each kind of client, against the server at `url`. If `restarted` is
 * given, it is the address of the server that takes the place of the first one halfway. Returns a
 * summary for each kind.
 */
export async function run({ server, url, restarted, kinds, messages, every, between, delay, seed }) {
  const next = random(seed);
  const channels = [BUSY, QUIET];
  const population = await open(url, kinds, channels, delay, next);
  try {
    await Promise.all(population.all.map((part) => part.ready(LIMIT)));
    const stops = population.disturbed.map(({ wire, drop }) => disturb(wire, next, between, drop));
    let control = controlOf(url);
    const published = { [BUSY]: 0, [QUIET]: 0 };
    const publish = (channel, more = {}) => control("emit", {
      channel,
      event: "message",
      args: [{ channel, seq: published[channel]++, sentAt: Date.now(), ...more }],
    });

    const start = Date.now();
    for (let n = 0; n < messages; n++) {
      if (restarted && n === Math.floor(messages / 2)) {
        for (const { wire } of population.disturbed) {
          wire.leadTo(restarted);
          wire.cut();
        }
        control = controlOf(restarted);
      }
      await publish(BUSY);
      if (n % QUIET_SHARE === 0) await publish(QUIET);
      // Volatile, with a string as its last argument.
      if (n % 5 === 0) await control("emit", { event: "tick", args: [n, "some text"], volatile: true });
      await pause(start + (n + 1) * every - Date.now());
    }
    for (const stop of stops) stop();
    for (const { wire } of population.disturbed) wire.cutAfter(undefined);

    const before = { ...published };
    await lastMessages(population, channels, publish);
    return await summaries(server, population, before);
  } finally {
    for (const part of population.all) part.close();
    for (const { wire } of population.disturbed) wire.close();
  }
}

async function open(url, kinds, channels, delay, next) {
  const all = [];
  const disturbed = [];
  for (const [kind, count] of Object.entries(kinds)) {
    const wires = await Promise.all(Array.from({ length: count }, () => wireTo(url)));
    if (kind === "python") {
      const part = new PythonPopulation(wires, channels);
      all.push(part);
      disturbed.push(...wires.map((wire) => ({ wire, drop: () => part.drops++ })));
      continue;
    }
    for (const wire of wires) {
      // Every fourth client hears of the quiet channel alone.
      const its = next() < 0.25 ? [QUIET] : channels;
      const client = new Client(wire, kind, its, delay);
      all.push(client);
      disturbed.push({ wire, drop: () => client.drops++ });
    }
  }
  return { all, disturbed };
}

/**
 * Publishes last messages until each client has one: if a link is still broken, its client has the next
 * one. Clients that have lost their subscriptions have none, and the limit ends it.
 */
async function lastMessages(population, channels, publish) {
  const end = Date.now() + LAST_LIMIT;
  while (Date.now() < end && !population.all.every((part) => part.isFinished)) {
    for (const channel of channels) await publish(channel, { isFinal: true });
    await pause(250);
  }
}

async function summaries(server, population, published) {
  const rows = [];
  for (const part of population.all) {
    if (!(part instanceof PythonPopulation)) continue;
    const reports = await part.report(LIMIT);
    rows.push({ server, kind: "python", ...summarize(reports, published), drops: part.drops });
  }
  const clients = population.all.filter((part) => part instanceof Client);
  for (const kind of new Set(clients.map((client) => client.kind))) {
    rows.unshift({ server, kind, ...summarize(clients.filter((one) => one.kind === kind), published) });
  }
  return rows;
}
