// The scenarios of tests/clients/official in a browser, with the client of this crate and with
// Socket.IO's, against our server.
//
// SERVER_URL: the server of tests/common/app.rs. CHROMIUM: the browser.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { networkTo } from "../official/network.mjs";

const { SERVER_URL, CHROMIUM } = process.env;
if (!SERVER_URL || !CHROMIUM) throw new Error("set SERVER_URL and CHROMIUM (see tests/official_clients.rs)");

const HERE = path.dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(path.join(HERE, "../../../client/build.mjs"))("esbuild");

/** Node's server, which answers with what it gets. */
const http = createServer();
const node = new Server(http, { cors: { origin: "*" } });
node.on("connection", (peer) => peer.on("echo", (value, ack) => ack(value)));
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
const NODE_URL = `http://127.0.0.1:${http.address().port}`;
after(() => {
  node.close();
  http.closeAllConnections();
});

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
  const counterparts = { "node:test": "test.mjs", "node:assert/strict": "assert.mjs", "client.mjs": "client.mjs", "network.mjs": "network.mjs", "channels.js": "channels.mjs" };
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, "entry.mjs")],
    bundle: true,
    write: false,
    format: "iife",
    define: { "process.env.SERVER_URL": "location.origin" },
    plugins: [{
      name: "counterparts",
      setup({ onResolve }) {
        onResolve({ filter: /^node:|\/((client|network)\.mjs|channels\.js)$/ }, ({ path: wanted }) => {
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
  await page.addScriptTag({ url: `${SERVER_URL}/socket.io/channels.min.js` });
  await page.addScriptTag({ content: suite });
  return page;
}

/** What pages of a browser send, and how it comes back: all bytes, in all of its own forms. */
async function sendBinary({ url, transports }) {
  const bytes = Uint8Array.from([0, 1, 30, 127, 128, 255]);
  const socket = window.io(url, { transports, forceNew: true });
  const forms = { buffer: bytes.buffer, view: bytes, part: new Uint8Array([9, ...bytes]).subarray(1), blob: new Blob([bytes]), file: new File([bytes], "f") };
  const back = await socket.timeout(10_000).emitWithAck("echo", { forms, text: "π" });
  socket.disconnect();
  const list = Object.entries(back.forms).map(([form, value]) => [form, value instanceof ArrayBuffer, new Uint8Array(value).join()]);
  return [list, back.text];
}

/** The add-on on a socket of the page's client. */
async function useChannels(url) {
  const [one, other] = [1, 2].map(() => window.addOn(window.io(url, { forceNew: true })));
  for (const socket of [one, other]) {
    const error = await new Promise((resolve) => socket.subscribe("open-browser", resolve));
    if (error) throw error;
  }
  const received = new Promise((resolve) => other.once("goal", resolve));
  one.publish("open-browser", "goal", { minute: 12 });
  const goal = await received;
  const vip = await new Promise((resolve) => one.subscribe("room-vip", resolve));
  for (const socket of [one, other]) socket.disconnect();
  return [goal, vip.message];
}

/** Subscribes in a page that keeps its positions. Returns the answer, and what was missed. */
async function subscribeAndKeep([url, channel]) {
  const socket = window.channels(window.io(url, { forceNew: true, transports: ["websocket"] }), { keepPosition: true });
  const missed = [];
  const whole = new Promise((resolve) => socket.on("message", ({ mark }) => missed.push(mark) === 2 && resolve()));
  const answer = await new Promise((resolve, reject) => {
    socket.subscribe(channel, (error, given) => (error ? reject(error) : resolve(given)));
  });
  if (answer.missed > 0) await whole;
  return { recovered: answer.recovered, missed };
}

/** A page that is loaded again gets what was sent while it loaded. */
async function reload(script) {
  const page = await browser.newPage();
  const channel = `kept-${Math.random()}`;
  const load = async () => {
    await page.addScriptTag(script);
    await page.addScriptTag({ url: `${SERVER_URL}/socket.io/channels.min.js` });
    return page.evaluate(subscribeAndKeep, [SERVER_URL, channel]);
  };
  await page.goto(`${SERVER_URL}/socket.io/channels.esm.min.js`);
  const before = await load();
  await page.reload();
  const other = io(SERVER_URL, { transports: ["websocket"] });
  for (const mark of [1, 2]) await other.emitWithAck("verb", { verb: "broadcast_channel", channel, data: { mark } });
  other.disconnect();
  const after = await load();
  await page.close();
  return [before, after];
}

for (const [name, script] of Object.entries(CLIENTS)) {
  const page = await open(script);
  const names = await page.evaluate(() => window.testNames());
  describe(name, { timeout: 240_000 }, () => {
    after(() => page.close());
    before(() => assert.ok(names.length > 100, `${names.length} tests`));
    for (const transports of [["polling"], ["websocket"]]) {
      test(`binary data at Node's server, ${transports}`, async () => {
        const forms = ["buffer", "view", "part", "blob", "file"].map((form) => [form, true, "0,1,30,127,128,255"]);
        assert.deepEqual(await page.evaluate(sendBinary, { url: NODE_URL, transports }), [forms, "π"]);
      });
    }
    test("the add-on with channels", async () => {
      await page.evaluate(() => { window.addOn = window.channels; });
      assert.deepEqual(await page.evaluate(useChannels, SERVER_URL), [{ minute: 12 }, "members only"]);
    });
    test("positions are kept over a reload of the page", async () => {
      assert.deepEqual(await reload(script), [{ recovered: false, missed: [] }, { recovered: true, missed: [1, 2] }]);
    });
    names.forEach((each, index) => test(each, async () => {
      assert.equal(await page.evaluate((at) => window.runTest(at), index), undefined);
    }));
  });
}

test("the modules", async () => {
  const page = await browser.newPage();
  await page.goto(`${SERVER_URL}/socket.io/socket.io.js.map`);
  const names = await page.evaluate(async () => {
    const client = await import("/socket.io/socket.io.esm.min.js");
    const { channels } = await import("/socket.io/channels.esm.min.js");
    window.io = client.io;
    window.addOn = channels;
    return Object.keys(client).sort();
  });
  assert.deepEqual(names, ["Fetch", "Manager", "Socket", "WebSocket", "XHR", "channels", "connect", "default", "io", "protocol"]);
  assert.deepEqual(await page.evaluate(useChannels, SERVER_URL), [{ minute: 12 }, "members only"]);
  await page.close();
});
