// How a client connects, and is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAuth, sendsHeaders } from "../../client.mjs";
import { MODES, STRANGE_TEXT, connect, connected, crowd, open } from "../harness.mjs";

export function connecting(mode) {
  test("connects, over the transport of its mode", async (t) => {
    const client = await connect(t, mode);
    const welcome = await client.next("welcome");

    assert.equal(client.transport, MODES[mode].ends);
    assert.equal(welcome.id, client.socket.id, "the server knows it by the same id");
    assert.equal(client.socket.id.length, 20);
    assert.notEqual(client.socket.id, client.socket.io.engine.id, "which is not the secret of the session");
    assert.deepEqual(client.all("@connect_error"), []);
    assert.equal(client.all("@connect").length, 1);
  });

  test("has an id of its own", async (t) => {
    const clients = await crowd(t, mode, 3);
    assert.equal(new Set(clients.map((client) => client.socket.id)).size, 3);
  });

  test("sends its auth payload, its query and its headers", async (t) => {
    const auth = { name: STRANGE_TEXT, nested: { list: [1, 2.5, null, true], empty: {} } };
    const client = await connect(t, mode, "/", {
      auth: (give) => give(auth),
      query: { who: "Ada & Bo" },
      extraHeaders: { "x-who": "a header" },
    });
    const me = await client.ask("whoami");

    assert.deepEqual(ownAuth(me.auth), auth);
    assert.deepEqual(ownAuth((await client.next("welcome")).auth), auth);
    assert.equal(me.query, "Ada & Bo");
    assert.equal(me.header, sendsHeaders(mode) ? "a header" : null);
    assert.equal(me.namespace, "/");
  });

  test("is refused with the handler's message and data", async (t) => {
    const client = open(t, mode, "/", { auth: { refuse: STRANGE_TEXT } });
    const error = await client.next("@connect_error");

    assert.equal(error.message, `not today, ${STRANGE_TEXT}`);
    assert.deepEqual(error.data, { why: "asked for", code: 4001 });
    assert.equal(client.socket.connected, false);
    assert.equal(client.socket.active, false, "a refusal is final: no new attempt");
    assert.deepEqual(client.all("welcome"), [], "what a handler sent before it refused is dropped");

    client.socket.auth = { name: "better" };
    client.socket.connect();
    await connected(client);
    assert.deepEqual(ownAuth((await client.ask("whoami")).auth), { name: "better" });
  });

  test("is refused in an unknown namespace", async (t) => {
    const client = open(t, mode, "/nowhere");
    const error = await client.next("@connect_error");

    assert.equal(error.message, "Invalid namespace");
    assert.equal(error.data, undefined);
    assert.equal(client.socket.connected, false);
  });
}
