// The published page of the Admin UI in a real browser. PAGE_URL has the page, and SERVER_URL is the
// server that it connects to. The hosts of its font and icons are not reached.

import assert from "node:assert/strict";
import test from "node:test";

import { chromium } from "playwright-core";

const { CHROMIUM, PAGE_URL, SERVER_URL, SCREENSHOTS } = process.env;

async function open(t) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const refused = [];
  page.on("console", (message) => {
    // The policy of the page, where it has one, allows all that the page does.
    if (message.text().includes("Content Security Policy")) {
      refused.push(message.text());
    }
  });
  await page.route("**/*", (route) =>
    new URL(route.request().url()).hostname === "127.0.0.1" ? route.continue() : route.abort(),
  );
  await page.goto(PAGE_URL);
  return { page, refused };
}

async function screenshot(page, name) {
  if (SCREENSHOTS) {
    await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  }
}

test("the page logs in, shows the server, and needs no password after a reload", async (t) => {
  const { page, refused } = await open(t);
  const connect = page.getByRole("button", { name: "Connect" });
  await page.getByLabel("Server URL").fill(SERVER_URL);
  await page.getByLabel("Username").fill("admin");
  await page.getByLabel("Password").fill("wrong");
  await connect.click();
  await page.getByText("Invalid credentials").waitFor();
  await screenshot(page, "wrong");

  await page.getByLabel("Password").fill("secret");
  await connect.click();
  const connected = page.getByText("connected", { exact: true }).first();
  await connected.waitFor();
  // The rows come with the first report.
  const row = page.getByRole("row", { name: "/admin" });
  await row.waitFor();
  assert.match(await row.innerText(), /\/admin\s+1/);
  const healthy = page.getByRole("row", { name: "Healthy" }).first();
  assert.match(await healthy.innerText(), /1\s+100\.0 %/);
  await screenshot(page, "dashboard");
  const session = await page.evaluate(() => localStorage.getItem("session_id"));
  assert.match(session, /^[A-Za-z0-9_-]{20}$/);

  await page.reload();
  await connected.waitFor();
  await row.waitFor();
  assert.equal(await page.getByLabel("Password").isVisible(), false);
  await screenshot(page, "reloaded");

  await page.getByText("Servers", { exact: true }).first().click();
  await page.getByText(/#\d+/).first().waitFor();
  await screenshot(page, "servers");
  assert.deepEqual(refused, []);
});
