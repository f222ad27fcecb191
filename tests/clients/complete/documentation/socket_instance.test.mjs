// The pages about the Socket instance, on the server and in the client.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { SERVER_URL, connect, fence, network, numbers, open } from "../../official/harness.mjs";
import { ownAuth } from "../../client.mjs";
import { inEach, test } from "../support.mjs";
import { argumentsOf, eventually } from "./support.mjs";

inEach("The Socket instance", (mode) => {
  const PAGE = "/server-socket-instance";

  test("Socket#id: is synced with the value on the client-side", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.equal(await client.next("id"), client.socket.id);
    assert.equal(client.socket.id.length, 20);
  });

  test("Socket#id: a private message", async (t) => {
    const [a, b, c] = await Promise.all(numbers(3).map(() => connect(t, mode, PAGE)));
    a.socket.emit("private message", b.socket.id, "hello");
    await fence(a, [a, b, c]);
    assert.deepEqual([a, b, c].map((client) => argumentsOf(client, "private message")), [[], [[a.socket.id, "hello"]], []]);
  });

  test("Socket#handshake: headers, query, auth, issued, url, address", async (t) => {
    const before = Date.now();
    const options = { auth: { token: "123" }, query: { x: "42" }, extraHeaders: { "x-test": "xxxx" } };
    const client = await connect(t, mode, PAGE, options);
    const { headers, query, auth, issued, url, address } = await client.ask("handshake");
    assert.deepEqual(headers, { host: new URL(SERVER_URL).host, "x-test": "xxxx" });
    assert.deepEqual([query.EIO, query.transport, query.x], ["4", mode, "42"]);
    assert.deepEqual(ownAuth(auth), { token: "123" });
    assert.ok(before - 1000 <= issued && issued <= Date.now() + 1000, `${issued}`);
    assert.ok(url.startsWith("/socket.io/?") && url.includes(`transport=${mode}`), url);
    assert.equal(address, "127.0.0.1");
  });

  test("Socket#rooms", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("rooms");
    assert.deepEqual(argumentsOf(client, "rooms"), [[[], ["room1"]]]);
  });

  test("Socket#data: with fetchSockets()", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    a.socket.emit("set data");
    await fence(a, [a]);
    await eventually(() => b.ask("fetch data"), ["alice"], "that of an earlier test has gone");
  });

  test("Additional attributes: set in a middleware, and in a listener", async (t) => {
    const client = await connect(t, mode, PAGE, { auth: { user: "Ada" } });
    assert.deepEqual(await client.ask("attributes"), { user: "Ada" });
    client.socket.emit("set username", "ada99");
    assert.deepEqual(await client.ask("attributes"), { user: "Ada", username: "ada99" });

    const error = await open(t, mode, PAGE, { auth: { user: "nobody" } }).next("@connect_error");
    assert.equal(error.message, "unknown user");
  });

  test("Socket middlewares: are called for each incoming packet", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("join", "a");
    client.socket.emit("whatever", 1, [2], { 3: "4" });
    client.socket.emit("rooms");
    await client.first(3, "packet");
    assert.deepEqual(argumentsOf(client, "packet"), [
      ["join", ["a"]],
      ["whatever", [1, [2], { 3: "4" }]],
      ["rooms", []],
    ]);
  });

  test("Socket middlewares: an error keeps the event from its listeners, and raises an error event", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("unauthorized event", 1);
    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.deepEqual(client.all("packet"), []);
  });

  test("disconnecting: the rooms still exist, and their members are notified", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    const { id } = a.socket;
    a.socket.disconnect();
    await b.next("user has left", (of) => of === id);
    assert.deepEqual(
      argumentsOf(b, "user has left").filter(([of]) => of === id),
      [[id, "client namespace disconnect"]],
    );
  });

  test("Events: reserved names are an error", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.match((await client.ask("emit disconnect")).Err, /disconnect.*reserved/);
    assert.equal(client.socket.connected, true);
  });
});

describe("The Socket instance", { timeout: 60_000 }, () => {
  test("Socket#conn: the initial transport, and the upgraded one", async (t) => {
    const client = await connect(t, "default", "/server-socket-instance");
    assert.equal(await client.next("initial transport"), "polling");
    assert.equal(await client.next("upgraded transport"), "websocket");
  });
});

inEach("The Socket instance (client-side)", (mode) => {
  test("protocols: the first subprotocol is answered", async (t) => {
    const protocols = ["v2.example", "v1.example"];
    const client = await connect(t, mode, "/server-socket-instance", { protocols });
    assert.equal(client.socket.io.engine.transport.name, mode);
    if (mode === "websocket") {
      assert.equal(client.socket.io.engine.transport.ws.protocol, "v2.example");
    }
  });

  test("disconnect: after a disconnect by the server, the client reconnects by hand", async (t) => {
    const client = await connect(t, mode, "/server-socket-instance");
    client.socket.once("disconnect", (reason) => {
      assert.equal(client.socket.active, false, "it does not do so by itself");
      if (reason === "io server disconnect") client.socket.connect();
    });
    client.socket.emit("unauthorized event");
    await client.first(2, "@connect");
    assert.deepEqual(client.all("@disconnect"), ["io server disconnect"]);
    assert.deepEqual(await client.ask("rooms"), ["room1"]);
  });

  test("disconnect: a connection that breaks comes back by itself", async (t) => {
    const wire = await network(t);
    const client = await connect(t, mode, "/server-socket-instance", { url: wire.url });
    const { id } = client.socket;
    wire.fail();
    assert.match(await client.next("@disconnect"), /transport (close|error)/);
    assert.equal(client.socket.active, true);
    wire.mend();
    await client.first(2, "@connect");
    assert.notEqual(client.socket.id, id);
  });
});
