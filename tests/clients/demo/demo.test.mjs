// The live-scores demo in a real browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { scenario } from "./support.mjs";

const CONNECTED = '#connection[data-connection="connected"]';
const WEBSOCKET = `${CONNECTED}[data-transport="websocket"]`;
const POLLING = `${CONNECTED}[data-transport="polling"]`;

scenario("a goal reaches the followers of the match, and the lists of the others", async (scope) => {
  const demo = await scope.demo();
  const opened = [scope.page(demo), scope.page(demo), scope.page(demo)];
  const [one, two, elsewhere] = await Promise.all(opened);
  const [id, other] = await one.playing();
  await Promise.all([one.follow(id), two.follow(id), elsewhere.follow(other)]);
  await Promise.all([one, two, elsewhere].map((page) => page.sees(WEBSOCKET)));

  const scorer = `<img src="x" onerror="alert(1)"> O'Neill`;
  // A goal is marked for some seconds, so all pages wait for it together.
  const row = `[data-match="${id}"][data-goal="home"]`;
  const panel = `[data-panel="${id}"][data-goal="home"]`;
  const marks = [one, two].flatMap((page) => [page.sees(row), page.sees(panel)]);
  const [published] = await Promise.all([
    demo.goal(id, { team: "home", scorer }),
    ...marks,
    elsewhere.sees(row),
  ]);
  assert.deepEqual(published.score, [1, 0]);
  for (const page of [one, two, elsewhere]) await page.seesScore(id, "1-0");
  for (const page of [one, two]) {
    assert.deepEqual(await page.goals(), [`${scorer} (reported)`]);
    assert.equal(await page.text(`[data-panel="${id}"] .big .goals.home`), "1");
    assert.match(await page.text("#spoken"), /^Goal! Home \d 1, Away \d 0\. </);
  }
  assert.deepEqual(await elsewhere.goals(), []);
  assert.equal(await elsewhere.attribute("[data-panel]", "data-goal"), null);

  // A page in both channels receives a goal once: after the next goal there are two, not three.
  await demo.goal(id, { team: "away", scorer: "B" });
  for (const page of [one, two]) {
    await page.seesScore(id, "1-1");
    assert.deepEqual(await page.goals(), ["B (reported)", `${scorer} (reported)`]);
  }
});

scenario("watchers are counted until they leave", async (scope) => {
  const demo = await scope.demo();
  const [one, two] = await Promise.all([scope.page(demo), scope.page(demo)]);
  const [id, other] = await one.playing();
  const watched = (n) => `[data-panel="${id}"] [data-watchers="${n}"]`;
  await one.follow(id);
  await one.sees(watched(1));
  await two.follow(id);
  for (const page of [one, two]) await page.sees(watched(2));
  await two.leave();
  await one.sees(watched(1));
  await one.follow(other);
  await one.sees(`[data-panel="${other}"] [data-watchers="1"]`);
  await one.sees(`[data-match="${id}"] > button .watching[hidden]`, "attached");
});

for (const signal of ["SIGKILL", "SIGTERM"]) {
  scenario(`the server stops by ${signal}, starts again, and the pages catch up`, async (scope) => {
    const before = await scope.demo();
    const opened = [scope.page(before), scope.page(before, { query: "?transport=polling" })];
    const pages = await Promise.all(opened);
    const [id] = await pages[0].playing();
    for (const page of pages) await page.follow(id);
    await pages[0].sees(WEBSOCKET);
    await before.goal(id, { team: "home", scorer: "Forgotten" });
    for (const page of pages) await page.seesScore(id, "1-0");

    for (const page of pages) page.serverMayBeDown = true;
    const code = await before.stop(signal);
    assert.equal(code, signal === "SIGKILL" ? null : 0);
    for (const page of pages) {
      await page.sees('#connection[data-connection="reconnecting"]');
      await page.sees("#banner:not([hidden])");
      await page.sees('main[data-stale="true"]');
      assert.deepEqual(await page.goals(), ["Forgotten (reported)"], "the known goals stay");
    }

    // This banner shows for some seconds, so all pages wait for it together.
    const [after] = await Promise.all([
      scope.demo({ port: before.port, goals: { [id]: ["Ann", "Bea", "Cleo"] } }),
      ...pages.map((page) => page.sees('#banner[data-kind="good"]')),
    ]);
    for (const page of pages) {
      await page.sees(CONNECTED);
      await page.seesScore(id, "3-0");
      assert.match(await page.text("#banner"), /2 goals were scored meanwhile/);
      await page.sees(`[data-match="${id}"][data-followed="true"]`);
      await page.seesPanel(id);
      assert.deepEqual(await page.goals(), ["Cleo", "Bea", "Ann"]);
      assert.equal(await page.attribute("main", "data-stale"), "false");
      page.serverMayBeDown = false;
    }
    await pages[0].sees(WEBSOCKET);
    await pages[1].sees(POLLING);
    for (const page of pages) await page.sees(`[data-panel="${id}"] [data-watchers="2"]`);

    await after.goal(id, { team: "away", scorer: "Dana" });
    for (const page of pages) {
      await page.seesScore(id, "3-1");
      assert.deepEqual(await page.goals(), ["Dana (reported)", "Cleo", "Bea", "Ann"]);
    }
  });
}

const TRANSPORTS = [
  {
    how: "in a page without WebSockets",
    options: { before: () => delete window.WebSocket },
    badge: POLLING,
  },
  {
    how: "by polling, if the address asks for it",
    options: { query: "?transport=polling" },
    badge: POLLING,
  },
  {
    how: "by WebSocket, if the address asks for it",
    options: { query: "?transport=websocket" },
    badge: WEBSOCKET,
  },
];
for (const { how, options, badge } of TRANSPORTS) {
  scenario(`goals arrive ${how}`, async (scope) => {
    const demo = await scope.demo();
    const page = await scope.page(demo, options);
    await page.sees(badge);
    const [id] = await page.playing();
    await page.follow(id);
    for (const [at, scorer] of ["Ann", "Bea", "Cleo"].entries()) {
      await demo.goal(id, { team: "away", scorer });
      await page.seesScore(id, `0-${at + 1}`);
    }
    assert.deepEqual(await page.goals(), ["Cleo (reported)", "Bea (reported)", "Ann (reported)"]);
    await page.sees(badge);
  });
}

scenario("the command of the page reports a goal", async (scope) => {
  const demo = await scope.demo();
  const page = await scope.page(demo, { query: "#home-0-away-0" });
  await page.seesPanel("home-0-away-0");
  await page.inner.click(".report summary");
  await page.inner.click(".report .copy");
  await page.inner.waitForFunction(
    () => document.querySelector(".report .copied").textContent === "Copied"
  );
  await page.inner.context().grantPermissions(["clipboard-read"]);
  const copied = await page.inner.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, await page.text(".report code"));
  assert.ok(copied.includes(demo.token), copied);
  await page.sees(".report .secret[hidden]", "attached");
  const answer = JSON.parse(execFileSync("sh", ["-c", copied], { stdio: ["ignore", "pipe", "ignore"] }));
  assert.deepEqual([answer.id, answer.score], ["home-0-away-0", [1, 0]]);
  await page.seesScore("home-0-away-0", "1-0");
});

scenario("a page elsewhere is not told the token", async (scope) => {
  const demo = await scope.demo();
  const page = await scope.page(demo, { query: "#home-0-away-0" });
  // As a proxy on the same machine passes it on.
  await page.inner.setExtraHTTPHeaders({ "x-forwarded-for": "192.0.2.1" });
  await page.inner.click(".report summary");
  await page.inner.click(".report .copy");
  await page.sees(".report .secret");
  const shown = await page.text(".report code");
  assert.ok(shown.includes("Bearer $TOKEN") && !shown.includes(demo.token), shown);
});

scenario("what is to come has the time until its kick-off, and no command", async (scope) => {
  const demo = await scope.demo();
  const page = await scope.page(demo);
  const coming = '[data-group="to-come"] [data-match]';
  const times = await page.inner.$$eval(`${coming} .minute`, (all) => all.map((it) => it.textContent));
  assert.ok(times.length >= 2, times);
  for (const time of times) assert.match(time, /^(in \d+:\d\d|\d\d:\d\d)$/);
  await page.inner.click(`${coming} > button`);
  await page.inner.waitForFunction(
    () => /^To come · kick-off (in|at) /.test(document.querySelector(".panel .phase").textContent)
  );
  await page.inner.click(".report summary");
  await page.sees(".report .off");
  await page.inner.click(".report .off a");
  await page.seesPanel("home-0-away-0");
});

scenario("an address that names no match says so", async (scope) => {
  const demo = await scope.demo();
  const page = await scope.page(demo, { query: "#nope%20%3Cb%3E" });
  await page.sees("#banner");
  assert.match(await page.text("#banner p"), /^There is no match “nope <b>” on this list\./);
  await page.inner.click('[data-match="home-0-away-0"] > button');
  await page.sees("#banner", "hidden");
  await page.inner.evaluate(() => (location.hash = "gone"));
  await page.sees("#banner");
  await page.seesPanel("home-0-away-0");
});

scenario("nothing is wider than the window", async (scope) => {
  const demo = await scope.demo();
  const page = await scope.page(demo);
  const [id] = await page.playing();
  await page.follow(id);
  await demo.goal(id, { team: "home", scorer: "A. Very-Long-Name ".repeat(4).trim() });
  await page.seesScore(id, "1-0");
  await page.inner.click(".report summary");
  for (const width of [1280, 768, 375, 320]) {
    await page.inner.setViewportSize({ width, height: 800 });
    const overflow = await page.inner.evaluate(
      () => document.documentElement.scrollWidth - innerWidth
    );
    assert.ok(overflow <= 0, `${overflow} pixels wider than ${width}`);
  }
});
