// A page of the live-scores demo that loses its connection, and comes back.

import assert from "node:assert/strict";
import { scenario, within } from "./support.mjs";

const CONNECTED = '#connection[data-connection="connected"]';
const AWAY = '#connection[data-connection="reconnecting"]';
const WHOLE = '#banner[data-kind="good"][data-whole="true"]';
const TOLD = '#banner[data-kind="good"][data-whole="false"]';

const watched = (id, n) => `[data-panel="${id}"] [data-watchers="${n}"]`;
const scorers = (events) => events.filter(([name]) => name === "goal").map(([, goal]) => goal.event.scorer);
/** The minutes of the matches go on during a test, and numbers may be sent late. */
const NUMBERS = ["clock", "watchers", "presence"];
const names = (events) => events.map(([name]) => name).filter((name) => !NUMBERS.includes(name));
/** The numbers of those who watch that a page has received. */
const numbers = (events) => [
  ...events.filter(([name]) => name === "watchers").map(([, match]) => match.watchers),
  ...events.filter(([name]) => name === "presence").map(([, , change]) => change.users),
];

/**
 * Two pages that follow one match. The first is behind a network that fails. `cut` breaks it while
 * goals fall: `Ann` is on its way, the others come later.
 */
async function twoPages(scope, { transport, options }) {
  const demo = await scope.demo({ options });
  const wire = await scope.wire(demo);
  const query = `?transport=${transport}`;
  const [page, other] = await Promise.all([scope.page(wire, { query }), scope.page(demo, { query })]);
  const [id, elsewhere] = await page.playing();
  for (const each of [page, other]) await each.follow(id);
  for (const each of [page, other]) await each.sees(watched(id, 2));
  await demo.goal(id, { team: "home", scorer: "Seen" });
  for (const each of [page, other]) await each.seesScore(id, "1-0");

  const cut = async () => {
    for (const each of [page, other]) each.packets.events = [];
    page.serverMayBeDown = true;
    wire.swallow();
    await demo.goal(id, { team: "home", scorer: "Ann" });
    await other.seesScore(id, "2-0");
    wire.down();
    await page.sees(AWAY);
    await demo.goal(elsewhere, { team: "away", scorer: "Bea" });
    await demo.goal(id, { team: "away", scorer: "Cleo" });
    await other.seesScore(id, "2-1");
    await other.seesScore(elsewhere, "0-1");
  };
  return { demo, wire, page, other, id, elsewhere, cut };
}

for (const transport of ["websocket", "polling"]) {
  scenario(`a page that was away is sent the goals that it missed, by ${transport}`, async (scope) => {
    const { demo, wire, page, other, id, elsewhere, cut } = await twoPages(scope, { transport });
    await cut();
    await page.sees('main[data-stale="true"]');
    assert.match(await page.text("#banner p"), /^Offline since \d\d:\d\d:\d\d/);
    await page.seesScore(id, "1-0");
    assert.deepEqual(await page.goals(), ["Seen (reported)"], "the known goals stay");
    await other.sees(watched(id, 2));

    wire.up();
    await page.sees(WHOLE);
    page.serverMayBeDown = false;
    await page.sees(CONNECTED);
    assert.match(await page.text("#banner p"), /nothing is missing\. 3 goals fell meanwhile:$/);
    const lines = await page.inner.$$eval("#banner li", (all) => all.map((line) => line.textContent));
    const expected = [/ 2–0 .* · Ann /, / 0–1 .* · Bea /, / 2–1 .* · Cleo /];
    assert.equal(lines.length, expected.length);
    for (const [at, line] of lines.entries()) assert.match(line, expected[at]);
    await page.seesScore(id, "2-1");
    await page.seesScore(elsewhere, "0-1");
    assert.deepEqual(await page.goals(), ["Cleo", "Ann", "Seen"].map((name) => `${name} (reported)`));
    for (const each of [page, other]) await each.sees(watched(id, 2));

    // What is sent now comes last. Before it was each missed goal, once and in order, and nothing else.
    await demo.goal(id, { team: "home", scorer: "Dana" });
    await page.seesScore(id, "3-1");
    const { packets } = page;
    await within(packets.until((events) => scorers(events).includes("Dana")), "the last goal");
    assert.deepEqual(scorers(packets.events), ["Ann", "Bea", "Cleo", "Dana"]);
    assert.deepEqual(names(packets.events), ["goal", "goal", "goal", "goal"], "no snapshot");
    const positions = packets.events.map((event) => event.at(-1));
    assert.deepEqual(positions, [...new Set(positions)].sort(), "one place in the order each");
    const [before, after] = packets.sessions;
    assert.equal(packets.sessions.length, 2);
    assert.equal(after, before, "the session goes on");
    assert.match(await page.text(".toast-text"), / 3–1 .* · Dana /);

    // The other page did not notice.
    await within(other.packets.until((events) => scorers(events).includes("Dana")), "the last goal");
    assert.deepEqual(names(other.packets.events), ["goal", "goal", "goal", "goal"]);
    const seen = [...numbers(packets.events), ...numbers(other.packets.events)];
    assert.ok(seen.every((number) => number === 2), `both watch all the time: ${seen}`);
  });
}

scenario("a page that was away for too long is told, and starts from a snapshot", async (scope) => {
  const setting = { transport: "websocket", options: ["--window", "2"] };
  const { demo, wire, page, other, id, elsewhere, cut } = await twoPages(scope, setting);
  await cut();
  // A page is counted for as long as it may come back.
  await other.sees(watched(id, 1));

  wire.up();
  await page.sees(TOLD);
  page.serverMayBeDown = false;
  const text = await page.text("#banner p");
  assert.match(text, /The server no longer has all that you missed.* 3 goals were scored meanwhile\.$/);
  await page.seesPanel(id);
  await page.seesScore(id, "2-1");
  await page.seesScore(elsewhere, "0-1");
  assert.deepEqual(await page.goals(), ["Cleo", "Ann", "Seen"].map((name) => `${name} (reported)`));
  for (const each of [page, other]) await each.sees(watched(id, 2));

  await demo.goal(id, { team: "home", scorer: "Dana" });
  await page.seesScore(id, "3-1");
  const { packets } = page;
  await within(packets.until((events) => scorers(events).includes("Dana")), "the last goal");
  assert.deepEqual(scorers(packets.events), ["Dana"], "the others were in the snapshot");
  for (const snapshot of ["matches", "match"]) {
    assert.equal(names(packets.events).filter((name) => name === snapshot).length, 1, snapshot);
  }
  const [before, after] = packets.sessions;
  assert.notEqual(after, before);
});
