// Tests the state that the page keeps by the messages: `node --test examples/live_scores/page/`

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

// Imported as a module, whatever type the nearest package.json gives to .js files.
const source = readFileSync(new URL("state.js", import.meta.url), "utf8");
const { Board, countdown, duration, group, inOrder, kickOffText } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const facts = (id, more = {}) => ({
  id, home: "A", away: "B", stage: "Cup", date: "2001-02-03", ground: "Field", watchers: 1,
  phase: "first_half", minute: "9", score: [0, 0], extra_time: false, penalties: null, kick_off: 100, ...more,
});
const goal = (version, score, id = "a-b") => ({
  version, ...facts(id), score, event: { version, minute: "9", score, kind: "goal", side: "home" },
});

function followed(version = 10) {
  const board = new Board();
  board.takeAll({ version, matches: [facts("a-b")] });
  const match = board.takeOne({ version, ...facts("a-b"), events: [{ version: 8, kind: "phase" }] });
  return { board, match };
}

test("a goal after the snapshot counts, and only once", () => {
  const { board, match } = followed();
  assert.equal(board.takeUpdate(goal(11, [1, 0])), match);
  assert.equal(board.takeUpdate(goal(11, [1, 0])), null);
  assert.deepEqual(match.score, [1, 0]);
  assert.deepEqual(match.events.map((event) => event.version), [8, 11]);
});

test("a goal that the snapshot has already changes nothing", () => {
  const { board, match } = followed();
  assert.equal(board.takeUpdate(goal(10, [1, 0])), null);
  assert.deepEqual(match.score, [0, 0]);
});

test("a snapshot that is overtaken by a goal does not take it back", () => {
  const { board, match } = followed();
  board.takeUpdate(goal(12, [1, 0]));
  board.takeOne({ version: 11, ...facts("a-b", { watchers: 7 }), events: [{ version: 8, kind: "phase" }] });
  assert.deepEqual(match.score, [1, 0]);
  assert.deepEqual(match.events.map((event) => event.version), [8, 12]);
  board.takeAll({ version: 11, matches: [facts("a-b")] });
  assert.deepEqual(match.score, [1, 0]);
});

test("a goal before any snapshot waits for the facts", () => {
  const board = new Board();
  board.takeUpdate(goal(5, [1, 0]));
  board.takeAll({ version: 4, matches: [facts("a-b")] });
  const match = board.matches.get("a-b");
  assert.deepEqual([match.ground, match.score], ["Field", [1, 0]]);
});

test("a match that is announced anew begins from nothing", () => {
  const { board, match } = followed();
  board.takeUpdate(goal(11, [1, 0]));
  board.takeOne({ version: 12, ...facts("a-b", { phase: "scheduled", minute: "" }), events: [] });
  assert.deepEqual([match.score, match.events.length, group(match)], [[0, 0], 0, "to-come"]);
});

test("an old clock or count changes nothing", () => {
  const { board, match } = followed();
  assert.deepEqual(board.takeClock({ version: 11, minutes: { "a-b": "10", "c-d": "3" } }), [match]);
  assert.deepEqual(board.takeClock({ version: 11, minutes: { "a-b": "9" } }), []);
  assert.equal(board.takeWatchers({ id: "a-b", version: 12, watchers: 3 }), match);
  assert.equal(board.takeWatchers({ id: "a-b", version: 12, watchers: 9 }), null);
  assert.deepEqual([match.minute, match.watchers], ["10", 3]);
});

test("after a restart the versions start again, and missed goals are counted", () => {
  const { board, match } = followed(1000);
  board.takeUpdate(goal(1001, [1, 0]));
  board.forgetVersions();
  assert.equal(board.takeAll({ version: 2, matches: [facts("a-b", { score: [2, 1] }), facts("c-d")] }), 2);
  board.takeOne({ version: 2, ...facts("a-b", { score: [2, 1] }), events: [{ version: 1, kind: "goal" }] });
  assert.deepEqual(match.events.map((event) => event.version), [1]);
  board.takeUpdate(goal(3, [3, 1]));
  assert.deepEqual(match.score, [3, 1]);
});

test("a match that has begun anew meanwhile, or is off the list, is not missed", () => {
  const { board } = followed();
  board.forgetVersions();
  assert.equal(board.takeAll({ version: 1, matches: [facts("a-b", { score: [4, 0], kick_off: 900 })] }), 0);
  assert.equal(board.takeAll({ version: 2, matches: [] }), 0);
  assert.equal(board.matches.size, 0);
});

test("what presence says of a channel, and the list of the others", () => {
  const { board, match } = followed();
  assert.equal(board.watching(match), 1);
  board.takePresence("match-a-b", { version: 20, users: 3 });
  board.takePresence("match-a-b", { version: 20, users: 9 });
  board.takePresence("match-a-b", { version: 19, users: 9 });
  board.takePresence("goals", { version: 2, users: 7 });
  assert.deepEqual([board.watching(match), board.present("goals")], [3, 7]);
  board.forgetVersions();
  assert.deepEqual([board.watching(match), board.present("goals")], [1, undefined]);
  board.takePresence("match-a-b", { version: 1, users: 2 });
  assert.equal(board.watching(match), 2);
});

test("how long a page was away", () => {
  const shown = [0, 900, 8_400, 119_000, 121_000, 200_000].map(duration);
  assert.deepEqual(shown, ["1 s", "1 s", "8 s", "119 s", "2 min", "3 min"]);
});

test("the time until a kick-off", () => {
  const board = new Board();
  const scheduled = (kick_off) => facts("a-b", { phase: "scheduled", kick_off });
  board.takeAll({ version: 1, now: 6000, speed: 2, matches: [scheduled(12_000)] }, 50_000);
  const match = board.matches.get("a-b");
  // 100 match minutes, two of them in a second.
  assert.equal(board.untilKickOff(match, 50_000), 50_000);
  assert.equal(board.untilKickOff(match, 99_999), 1);
  assert.equal(board.untilKickOff(match, 200_000), 0);
  assert.equal(board.untilKickOff(scheduled(null), 50_000), null);
  assert.equal(board.untilKickOff({ ...match, phase: "first_half" }, 50_000), null);
});

test("a kick-off in words", () => {
  const now = new Date(2001, 1, 3, 12, 0).getTime();
  const shown = (seconds) => [countdown(seconds * 1000, now), kickOffText(seconds * 1000, now)];
  assert.deepEqual(shown(0), ["in 0:00", "kick-off in 0:00"]);
  assert.deepEqual(shown(9.5), ["in 0:10", "kick-off in 0:10"]);
  assert.deepEqual(shown(3599), ["in 59:59", "kick-off in 59:59"]);
  assert.deepEqual(shown(3600), ["13:00", "kick-off at 13:00"]);
  assert.deepEqual(shown(86_400), ["4 Feb", "kick-off on 4 Feb"]);
});

test("the match that is always on", () => {
  const board = new Board();
  assert.equal(board.endless(), null);
  board.takeAll({ version: 1, matches: [facts("a-b", { endless: false }), facts("c-d", { endless: true })] });
  assert.equal(board.endless().id, "c-d");
});

test("the order of the list", () => {
  const at = (id, phase, kick_off) => facts(id, { phase, kick_off });
  const list = [
    at("late", "scheduled", 300), at("never", "scheduled", null), at("soon", "scheduled", 200),
    at("first", "full_time", 1), at("second", "full_time", 2), at("on", "half_time", 100),
  ];
  const ids = (name) => inOrder(list, name).map((match) => match.id);
  assert.deepEqual(ids("to-come"), ["soon", "late", "never"]);
  assert.deepEqual(ids("over"), ["second", "first"]);
  assert.deepEqual(ids("live"), ["on"]);
});
