// The page as it is without the development mode.

import assert from "node:assert/strict";
import test from "node:test";

import { logIn, open, screenshot, view } from "./browser.mjs";

test("the page logs in, shows the server, and needs no password after a reload", async (t) => {
  const { page, refused } = await open(t);
  await logIn(page, "wrong");
  await page.getByText("Invalid credentials").waitFor();
  await screenshot(page, "wrong");

  await logIn(page, "secret");
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

  await view(page, "Servers");
  await page.getByText(/#\d+/).first().waitFor();
  await screenshot(page, "servers");
  assert.deepEqual(refused, []);
});
