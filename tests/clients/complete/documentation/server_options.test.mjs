// The page about the options of the server.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { SERVER_URL, connect, open } from "../../official/harness.mjs";
import { GONE, test } from "../support.mjs";
import { WITH_OPTIONS, handshake, once } from "./support.mjs";

describe("Server options", { timeout: 60_000 }, () => {
  const path = "/my-custom-path/";
  const endpoint = `${WITH_OPTIONS}/my-custom-path`;
  const there = (t, mode, more = {}) => connect(t, mode, "/", { url: WITH_OPTIONS, path, ...more });

  for (const mode of Object.keys(GONE)) {
    test(`path, ${mode}`, async (t) => {
      assert.equal((await there(t, mode)).transport, mode);
      const error = await open(t, mode, "/", { url: WITH_OPTIONS, reconnection: false }).next("@connect_error");
      assert.equal(error.message, mode === "polling" ? "xhr poll error" : "websocket error");
    });

    test(`maxHttpBufferSize, ${mode}`, async (t) => {
      const client = await there(t, mode, { reconnection: false });
      const text = once(client, "text");
      client.socket.emit("x".repeat(99_000));
      client.socket.emit("without compression");
      await text;
      assert.deepEqual(client.all("@disconnect"), [], "so much may be");
      client.socket.emit("x".repeat(100_000));
      assert.ok(GONE[mode].includes(await client.next("@disconnect")));
    });

    test(`allowRequest, ${mode}`, async (t) => {
      const from = (origin) => ({ extraHeaders: { origin } });
      await there(t, mode, from("https://example.com"));
      const options = { url: WITH_OPTIONS, path, reconnection: false, ...from("https://example.net") };
      const error = await open(t, mode, "/", options).next("@connect_error");
      if (mode === "polling") assert.equal(error.description, 403);
      else assert.match(error.description.message, /400/);
    });
  }

  test("serveClient", async () => {
    assert.equal((await fetch(`${SERVER_URL}/socket.io/socket.io.js`)).status, 200);
    assert.equal((await fetch(`${endpoint}/socket.io.js`)).status, 400);
  });

  test("pingInterval, pingTimeout, maxHttpBufferSize, allowUpgrades: in the handshake", async () => {
    for (const [server, ...expected] of [
      [endpoint, [], 30_000, 25_000, 100_000],
      [`${SERVER_URL}/socket.io`, ["websocket"], 25_000, 20_000, 1_000_000],
    ]) {
      const { url, open } = await handshake(server);
      assert.deepEqual([open.upgrades, open.pingInterval, open.pingTimeout, open.maxPayload], expected);
      await fetch(url, { method: "POST", body: "1" });
    }
  });

  test("cookie", async () => {
    const [cookie, ...more] = (await handshake(endpoint)).headers.getSetCookie();
    assert.deepEqual(more, []);
    assert.match(cookie, /^my-cookie=[^;]+; /);
    assert.deepEqual(cookie.split("; ").slice(1).sort(), ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=Strict"]);
  });

  test("cors", async () => {
    const { headers } = await handshake(endpoint, { origin: "https://example.com" });
    assert.equal(headers.get("access-control-allow-origin"), "https://example.com");
    assert.equal(headers.get("access-control-allow-credentials"), "true");
  });

  test("perMessageDeflate, and what is sent without", async (t) => {
    const client = await there(t, "websocket");
    const { ws } = client.socket.io.engine.transport;
    assert.match(ws.extensions, /permessage-deflate/);
    for (const way of ["", "broadcast "]) {
      for (const [how, least, most] of [["with", 0, 2000], ["without", 20_000, 21_000]]) {
        const before = ws._socket.bytesRead;
        const text = once(client, "text");
        client.socket.emit(`${way}${how} compression`);
        assert.deepEqual(await text, ["x".repeat(20_000)]);
        const bytes = ws._socket.bytesRead - before;
        assert.ok(least <= bytes && bytes <= most, `${way}${how}: ${bytes} bytes`);
      }
    }
    const usual = await connect(t, "websocket", "/users");
    assert.equal(usual.socket.io.engine.transport.ws.extensions, "", "off by default");
  });

  test("httpCompression", async () => {
    for (const [accepted, expected] of [["gzip", "gzip"], ["identity", null]]) {
      const { url } = await handshake(endpoint);
      await fetch(url, { method: "POST", body: '40\x1e42["with compression"]' });
      let answer;
      do {
        answer = await fetch(url, { headers: { "accept-encoding": accepted } });
        assert.equal(answer.status, 200);
      } while (!(await answer.text()).includes("xxx"));
      assert.equal(answer.headers.get("content-encoding"), expected);
    }
  });
});
