// The pattern of driver.mjs, short, against the server: whatever happens to the links, each message is
// delivered once and in order, or the client is told that it may lack something.

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlOf } from "./control.mjs";
import { judge, table, violations } from "./judge.mjs";
import { run } from "./run.mjs";

const PATTERN = { every: 100, between: [1_000, 3_000], delay: 200 };

/** The seed of the faults: another one with each run, or SEED, to see a failure again. */
const seed = Number(process.env.SEED ?? Date.now() % 100_000);

function addresses() {
  const { SERVER_URL: url, SERVER_AFTER_RESTART: restarted } = process.env;
  assert.ok(url && restarted, "set SERVER_URL and SERVER_AFTER_RESTART to servers (see tests/recovery.rs)");
  return { url, restarted };
}

async function measured(t, pattern) {
  const rows = await run({ server: "ours", seed, ...PATTERN, ...pattern });
  const reasons = await controlOf(pattern.restarted ?? pattern.url)("reasons");
  t.diagnostic(`seed ${seed}\n${table(rows)}\n${JSON.stringify(reasons)}`);
  assert.deepEqual(violations(rows), [], `SEED=${seed}`);
  return rows;
}

test("everything is delivered, once and in order", async (t) => {
  const { url } = addresses();
  const kinds = { websocket: 50, polling: 10, upgrading: 10, python: 20, ours: 10, "add-on": 10 };
  const rows = await measured(t, { url, kinds, messages: 150 });
  for (const { kind, delivered, expected, drops } of rows) {
    assert.ok(drops > 0, `${kind}: no link broke`);
    // The histories reach back far enough, so there is nothing that a client has to be told.
    assert.equal(delivered, expected, `${kind}, SEED=${seed}`);
  }
});

test("a restart is told, and nothing is doubled or reordered", async (t) => {
  const kinds = { websocket: 15, polling: 5, python: 5, ours: 5 };
  const rows = await measured(t, { ...addresses(), kinds, messages: 60 });
  for (const { kind, returns, clients } of rows) assert.ok(returns >= clients, `${kind}: all came back`);
});

test("the judge sees what is wrong", () => {
  const counts = (log, published = 4) => {
    const { delivered, told, lost, doubled, reordered } = judge(log, { a: published });
    return [delivered, told, lost, doubled, reordered];
  };
  const got = (...seqs) => seqs.map((seq) => ["a", seq, 0]);
  assert.deepEqual(counts(got(0, 1, 2, 3)), [4, 0, 0, 0, 0]);
  assert.deepEqual(counts(got(0, 2, 3)), [3, 0, 1, 0, 0], "a hole");
  assert.deepEqual(counts(got(1, 2, 3)), [3, 0, 1, 0, 0], "the first one is missing");
  assert.deepEqual(counts(got(0, 1)), [2, 0, 2, 0, 0], "the last ones are missing");
  assert.deepEqual(counts(got(0, 1, 1, 2, 3)), [4, 0, 0, 1, 0], "one comes twice");
  assert.deepEqual(counts(got(0, 2, 1, 3)), [3, 0, 1, 0, 1], "one comes late");
  assert.deepEqual(counts([...got(0), [], ...got(2, 3)]), [3, 1, 0, 0, 0], "told, of all channels");
  assert.deepEqual(counts([...got(0), ["a"], ...got(2, 3)]), [3, 1, 0, 0, 0], "told, of this channel");
  assert.deepEqual(counts([...got(0), [], ...got(1, 3)]), [3, 0, 1, 0, 0], "told, but not of this hole");
  assert.deepEqual(counts(got(0, 1, 2, 3, 4, 5)), [6, 0, 0, 0, 0], "the last ones of a run are not counted");
});
