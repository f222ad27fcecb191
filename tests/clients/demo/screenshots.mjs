// Takes the screenshots of docs/history.md, of the demo's page before, during and after a cut:
//
//     cargo build --example live_scores -p live_scores
//     LIVE_SCORES=target/debug/examples/live_scores CHROMIUM=/usr/bin/chromium \
//         node tests/clients/demo/screenshots.mjs

import { fileURLToPath } from "node:url";
import { scenario } from "./support.mjs";

const MATCH = "england-iran"; // it is always on

scenario("screenshots", async (scope) => {
  const demo = await scope.demo({ isReal: true });
  const wire = await scope.wire(demo);
  const page = await scope.page(wire, { query: `?transport=websocket#${MATCH}` });
  const others = await Promise.all([1, 2, 3].map(() => scope.page(demo)));
  const live = await page.inner.$$eval('[data-group="live"] [data-match]', (all) => all.map((row) => row.dataset.match));
  const elsewhere = live.find((id) => id !== MATCH);
  await others[0].follow(MATCH);
  await others[1].follow(MATCH);
  await others[2].follow(elsewhere);
  await page.sees(`[data-panel="${MATCH}"] [data-watchers="3"]`);
  await page.inner.setViewportSize({ width: 1120, height: 620 });
  // Animations would be somewhere in the middle.
  await page.inner.emulateMedia({ reducedMotion: "reduce" });
  const take = async (name) => {
    const path = fileURLToPath(new URL(`../../../docs/images/away-${name}.png`, import.meta.url));
    await page.inner.screenshot({ path });
  };

  await demo.goal(MATCH, { team: "home", scorer: "Declan Rice" });
  await page.sees("#toast");
  await take("before");

  page.serverMayBeDown = true;
  wire.down();
  await page.sees('#connection[data-connection="reconnecting"]');
  await page.sees("#toast", "hidden");
  await demo.goal(MATCH, { team: "away", scorer: "Ali Karimi" });
  await demo.goal(elsewhere, { team: "home", scorer: "Ann O." });
  await demo.goal(MATCH, { team: "home", scorer: "Phil Foden" });
  await take("during");

  wire.up();
  await page.sees('#banner[data-kind="good"]');
  await take("after");
});
