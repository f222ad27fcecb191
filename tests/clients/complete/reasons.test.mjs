// The reasons of a disconnect, in the client and in the server.

import assert from "node:assert/strict";
import { connect as dial, createServer } from "node:net";
import { connect, connected, open } from "../official/harness.mjs";
import { GONE, RawPolling, RawSocket, departure, inEach, test, whoami } from "./support.mjs";

const { SERVER_THAT_GOES_DOWN: GOES_DOWN, IMPATIENT_SERVER: IMPATIENT } = process.env;
if (!GOES_DOWN || !IMPATIENT) throw new Error("set the addresses of three servers (see tests/complete.rs)");

/** Has `act` end a client. Returns the reasons of the client and of the server. */
async function reasons(t, mode, act, options = {}) {
  const observer = await connect(t, "websocket");
  const client = await connect(t, mode, "/", { reconnection: false, ...options });
  const { id } = client.socket;
  await act(client);
  const here = await client.next("@disconnect");
  const { reason: there } = await observer.next("gone", (gone) => gone.id === id);
  return [here, there];
}

/** A network between a client and a server, which can fall silent: nothing breaks, and nothing arrives. */
async function silence(t, url) {
  const server = new URL(url);
  const wires = new Set();
  let silent = false;
  const listener = createServer((here) => {
    const there = dial(Number(server.port), server.hostname);
    for (const [wire, other] of [[here, there], [there, here]]) {
      wires.add(wire);
      wire.on("error", () => {});
      wire.on("data", (data) => silent || other.write(data));
      wire.on("close", () => silent || other.destroy());
    }
  });
  t.after(() => {
    listener.close();
    wires.forEach((wire) => wire.destroy());
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, fall: () => (silent = true) };
}

inEach("reasons", (mode) => {
  test("the client leaves", async (t) => {
    assert.deepEqual(await reasons(t, mode, ({ socket }) => socket.disconnect()), [
      "io client disconnect",
      "client namespace disconnect",
    ]);
  });

  test("the server puts it out of the namespace", async (t) => {
    assert.deepEqual(await reasons(t, mode, ({ socket }) => socket.emit("disconnect_me")), [
      "io server disconnect",
      "server namespace disconnect",
    ]);
  });

  test("the server ends its connection", async (t) => {
    assert.deepEqual(await reasons(t, mode, ({ socket }) => socket.emit("close_me")), [
      "io server disconnect",
      "server namespace disconnect",
    ]);
  });

  test("the server drops its transport, and it comes back by itself", async (t) => {
    const observer = await connect(t, "websocket");
    const client = await connect(t, mode, "/", { reconnectionDelay: 10 });
    const { id } = client.socket;
    client.socket.emit("close_my_transport");
    const reason = await client.next("@disconnect");
    assert.ok(GONE[mode].includes(reason), reason);
    assert.equal((await observer.next("gone", (gone) => gone.id === id)).reason, "forced close");
    if (!client.socket.connected) await new Promise((resolve) => client.socket.once("connect", resolve));
    assert.notEqual(client.socket.id, id);
    assert.equal((await whoami(client)).id, client.socket.id);
  });

  test("the client closes its connection", async (t) => {
    assert.deepEqual(await reasons(t, mode, ({ socket }) => socket.io.engine.close()), [
      "forced close",
      "transport close",
    ]);
  });

  test("nothing comes any more, either way", async (t) => {
    const wire = await silence(t, IMPATIENT);
    const client = await connect(t, mode, "/", { reconnection: false, url: wire.url });
    const { id } = client.socket;
    wire.fall();
    assert.equal(await client.next("@disconnect"), "ping timeout");
    assert.equal(await departure(id, IMPATIENT), "ping timeout");
  });

  test("the client sends an invalid packet", async (t) => {
    for (const packet of ["2[", "2[\"connect_error\"]", "9", "2/unknown,[\"x\"]", Buffer.from("x")]) {
      const [here, there] = await reasons(t, mode, ({ socket }) => socket.io.engine.send(packet));
      assert.equal(there, "parse error");
      assert.ok(GONE[mode].includes(here), here);
    }
  });

  test("each namespace of the connection has the reason", async (t) => {
    const observers = await Promise.all([connect(t, "websocket"), connect(t, "websocket", "/static")]);
    const client = open(t, mode, "/", { reconnection: false });
    const other = client.socket.io.socket("/static");
    const gone = new Promise((resolve) => other.once("disconnect", resolve));
    await connected(client);
    await new Promise((resolve) => (other.connected ? resolve() : other.once("connect", resolve)));
    const ids = [client.socket.id, other.id];
    client.socket.io.engine.close();
    assert.equal(await client.next("@disconnect"), "forced close");
    assert.equal(await gone, "forced close");
    for (const [n, observer] of observers.entries()) {
      const { reason } = await observer.next("gone", ({ id }) => id === ids[n]);
      assert.equal(reason, "transport close");
    }
  });
});

test("a WebSocket that does not answer pings", async (t) => {
  const raw = new RawSocket(t, "EIO=4", IMPATIENT);
  const id = await raw.join();
  await raw.gone();
  assert.equal(await departure(id, IMPATIENT), "ping timeout");
});

test("a WebSocket that breaks without a word", async (t) => {
  const observer = await connect(t, "websocket");
  const raw = new RawSocket(t);
  const id = await raw.join();
  raw.ws.terminate();
  assert.equal((await observer.next("gone", (gone) => gone.id === id)).reason, "transport close");
});

test("two polls together", async (t) => {
  const observer = await connect(t, "websocket");
  const client = new RawPolling();
  const id = await client.join();
  const both = await Promise.all([fetch(client.url), fetch(client.url)]);
  assert.deepEqual(both.map((response) => response.status).sort(), [200, 400]);
  assert.equal((await observer.next("gone", (gone) => gone.id === id)).reason, "transport error");
  assert.equal((await whoami(observer)).id, observer.socket.id);
});

test("the server goes down", async (t) => {
  const clients = await Promise.all(Object.keys(GONE).map((mode) => connect(t, mode, "/", { url: GOES_DOWN })));
  const ids = clients.map((client) => client.socket.id);
  clients[0].socket.emit("shutdown");
  for (const client of clients) {
    const reason = await client.next("@disconnect");
    assert.ok(GONE[client.mode].includes(reason), reason);
    assert.equal(client.socket.active, true, "it comes back by itself, to a server that is there then");
  }

  for (const id of ids) assert.equal(await departure(id, GOES_DOWN), "server shutting down");
});
