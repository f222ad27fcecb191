// The scenarios of tests/clients/official in a browser, with the client of this crate and with
// Socket.IO's, against our server.
//
// SERVER_URL: the server of tests/common/app.rs. CHROMIUM: the browser.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { networkTo } from "../official/network.mjs";

const { SERVER_URL, CHROMIUM } = process.env;
if (!SERVER_URL || !CHROMIUM) throw new Error("set SERVER_URL and CHROMIUM (see tests/official_clients.rs)");

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(path.join(HERE, "../../../client/build.mjs"))("esbuild");

/** The scripts as a page of Node's users has them. */
const CLIENTS = {
  "our client, minified": { url: `${SERVER_URL}/socket.io/socket.io.min.js` },
  "the official client, minified": { path: path.join(HERE, "../node_modules/socket.io/client-dist/socket.io.min.js") },
};

const ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  // The networks that fail are at other ports, which are other origins.
  "--disable-web-security",
];

/** The suite for a page: what is Node's has a counterpart in this folder. */
async function bundle() {
  const counterparts = { "node:test": "test.mjs", "node:assert/strict": "assert.mjs", "client.mjs": "client.mjs", "network.mjs": "network.mjs" };
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, "entry.mjs")],
    bundle: true,
    write: false,
    format: "iife",
    define: { "process.env.SERVER_URL": "location.origin" },
    plugins: [{
      name: "counterparts",
      setup({ onResolve }) {
        onResolve({ filter: /^node:|\/(client|network)\.mjs$/ }, ({ path: wanted }) => {
          if (wanted === "node:crypto") return { path: path.join(HERE, "crypto.mjs") };
          return { path: path.join(HERE, counterparts[wanted.startsWith("node:") ? wanted : path.basename(wanted)]) };
        });
      },
    }],
  });
  return outputFiles[0].text;
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
after(() => browser.close());
const suite = await bundle();

/** A page of the server with a client and the suite. */
async function open(script) {
  const page = await browser.newPage();
  const networks = [];
  await page.exposeFunction("openNetwork", async (url) => {
    const endings = [];
    const network = await networkTo({ after: (ending) => endings.push(ending) }, url);
    networks.push({ ...network, close: () => endings.forEach((ending) => ending()) });
    return { id: networks.length - 1, url: network.url };
  });
  await page.exposeFunction("changeNetwork", (id, what) => { networks[id][what](); });
  // It needs a document of the server's origin, and any is one.
  await page.goto(`${SERVER_URL}/socket.io/channels.esm.min.js`);
  await page.addScriptTag(script);
  await page.addScriptTag({ content: suite });
  return page;
}

for (const [name, script] of Object.entries(CLIENTS)) {
  const page = await open(script);
  const names = await page.evaluate(() => window.testNames());
  describe(name, { timeout: 240_000 }, () => {
    after(() => page.close());
    before(() => assert.ok(names.length > 100, `${names.length} tests`));
    names.forEach((each, index) => test(each, async () => {
      assert.equal(await page.evaluate((at) => window.runTest(at), index), undefined);
    }));
  });
}
