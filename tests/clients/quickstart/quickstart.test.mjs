// The page of a quick start, in Chromium: it changes when the backend publishes.
//
// PAGE: the URL of the page. PUBLISH: the command that publishes. TEXT: what the page shows then.
// OURS and OFFICIAL: the script tags of the two clients. CHROMIUM: the browser. The folder is that of
// the page.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const { PAGE, PUBLISH, TEXT, OURS, OFFICIAL, CHROMIUM } = process.env;
for (const value of [PAGE, PUBLISH, TEXT, OURS, OFFICIAL, CHROMIUM]) {
  if (!value) throw new Error("a variable is missing (see crates/broker/tests/quickstart.rs)");
}
/** The limit of every wait. A longer one is a failure. */
const DEADLINE = 60_000;
const CDN = "https://cdn.socket.io/";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"];

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
after(() => browser.close());

async function changes(prepare) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(DEADLINE);
  const errors = [];
  const failed = page.waitForEvent("pageerror").then((error) => assert.fail(error.message));
  failed.catch(() => {}); // none has come
  page.on("pageerror", (error) => errors.push(error.message));
  // The page prints the answer to `subscribe`: no refusal.
  const subscribed = page.waitForEvent("console", { predicate: (line) => line.text() === "null" });
  await prepare(page);
  await page.goto(PAGE);
  const title = page.locator("h1");
  assert.equal(await title.textContent(), "no news yet");
  // An error of the page is reported sooner than the end of the wait.
  await Promise.race([subscribed, failed]);
  const { stdout } = await promisify(execFile)("bash", ["-euc", PUBLISH]);
  assert.match(stdout, /"position"/, "the broker has taken it");
  await page.locator("h1", { hasText: TEXT }).waitFor();
  assert.equal(await title.textContent(), TEXT);
  assert.deepEqual(errors, []);
  await page.context().close();
}

test("the page changes, with the client that the broker serves", async () => {
  await changes(async (page) => {
    await page.route(`${CDN}**`, () => assert.fail("the page has our client"));
  });
});

test("the page changes, with the official client", async () => {
  const packages = createRequire(import.meta.url);
  // The file of the CDN, which tests do not reach, is the one of the package.
  const [, version] = new RegExp(`${CDN}([0-9.]+)/socket.io.min.js`).exec(OFFICIAL);
  assert.equal(packages("socket.io-client/package.json").version, version);
  const folder = dirname(packages.resolve("socket.io-client/package.json"));
  const script = join(folder, "dist/socket.io.min.js");
  const html = await readFile("index.html", "utf8");
  assert.ok(html.includes(OURS));
  await writeFile("index.html", html.replace(OURS, OFFICIAL));
  let isLoaded = false;
  await changes(async (page) => {
    await page.route(`${CDN}**`, async (route) => {
      isLoaded = true;
      await route.fulfill({ contentType: "text/javascript", body: await readFile(script) });
    });
  });
  assert.ok(isLoaded);
});
