// Disconnections and reconnections.

import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, connect, connected, copies, crowd, network, numbers, unique, within } from "../harness.mjs";

const TRANSPORT_GONE = ["transport close", "transport error"];

/** Sends what is not a Socket.IO packet. The server then drops the connection. */
const offend = (client) => client.socket.io.engine.write("8");

/**
 * The server's goodbye is the last event to the client alone, and nothing follows the end. What goes
 * to all clients may come in between: other tests have the same server.
 */
function assertSaysGoodbyeLast(client) {
  const toAll = ["finished", "fence", "message"];
  const events = client.received.map((one) => one.event);
  assert.deepEqual(events.filter((event) => !toAll.includes(event)).slice(-2), ["goodbye", "@disconnect"]);
  assert.equal(events.at(-1), "@disconnect");
}

export function ending(mode) {
  /** The events of a client that is gone, as the server reports them to all others. */
  const lifeOf = (witness, id) => witness.next("finished", (data) => data.id === id).then((data) => data.life);

  test("disconnects, and the server runs through the whole end", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const { id } = client.socket;
    const [x, y] = [unique("room"), unique("room")];
    await client.subscribe(x, y);
    client.socket.disconnect();

    assert.equal(await client.next("@disconnect"), "io client disconnect");
    assert.deepEqual(await lifeOf(witness, id), [
      "connect", `subscribe ${x}`, `subscribe ${y}`,
      "disconnect", `unsubscribe ${x}`, `unsubscribe ${y}`, "finish",
    ]);
    assert.deepEqual(await copies(witness, [witness], "io_broadcast"), [1]);
    assert.equal(witness.all("finished").filter((data) => data.id === id).length, 1, "once");

    client.socket.connect();
    await connected(client);
    const me = await client.ask("whoami");
    assert.notEqual(me.id, id);
    assert.deepEqual(me.channels, []);
  });

  test("events from before it left are still handled", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const room = unique("room");
    await witness.subscribe(room);
    const mark = unique("mark");
    client.socket.emit("verb", { verb: "broadcast_channel", channel: room, data: { mark } });
    client.socket.disconnect();

    await witness.next("message", (data) => data?.mark === mark);
  });

  test("is disconnected by the server from one namespace and stays in the other", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { engine } = client.socket.io;
    const { id } = client.socket;
    client.socket.emit("disconnect_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.equal(client.socket.active, false, "it does not reconnect by itself");
    assert.equal(await admin.ask("echo", "still here"), "still here");
    assert.equal(client.socket.io.engine, engine);
    assert.equal(engine.readyState, "open", "the connection is the same");
    assert.equal(client.socket.connected, false);
    assert.deepEqual(admin.all("@disconnect"), []);

    client.socket.connect();
    await connected(client);
    assert.notEqual(client.socket.id, id);
    assert.equal(await client.ask("echo", "back"), "back");
  });

  test("is disconnected by the server and receives nothing more", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const { id } = client.socket;
    const room = unique("room");
    await client.subscribe(room);
    client.socket.emit("disconnect_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.deepEqual(await lifeOf(witness, id), [
      "connect", `subscribe ${room}`, "disconnect", `unsubscribe ${room}`, "finish",
    ]);
    assert.deepEqual(await copies(witness, [witness], "send_and_broadcast_channel", { channel: room }), [1]);
    assertSaysGoodbyeLast(client);
    assert.equal(client.socket.connected, false);
    assert.equal(client.socket.active, false);
  });

  test("the server closes the whole connection: every namespace ends", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { id } = client.socket;
    const { engine } = client.socket.io;
    const closed = new Promise((resolve) => engine.once("close", resolve));
    client.socket.emit("close_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.equal(await admin.next("@disconnect"), "io server disconnect");
    await within(closed, "the end of the connection");
    assertSaysGoodbyeLast(client);
    assert.equal(client.socket.active, false);
    assert.equal(admin.socket.active, false);
    assert.deepEqual(await lifeOf(witness, id), ["connect", "disconnect", "finish"]);
  });

  for (const [what, drop] of [
    ["the server drops it", (client) => offend(client)],
    ["the network fails", (client, net) => net.fail()],
  ]) {
    test(`reconnects by itself when ${what}, with a new id`, async (t) => {
      const net = await network(t);
      const client = await connect(t, mode, "/", { url: net.url });
      const witness = await connect(t, mode);
      const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
      await admin.until(() => admin.socket.connected, "the second namespace");
      const ids = [client.socket.id, admin.socket.id];
      const room = unique("room");
      await client.subscribe(room);
      drop(client, net);

      const reason = await client.next("@disconnect");
      assert.ok(TRANSPORT_GONE.includes(reason), reason);
      net.mend();
      assert.deepEqual(await lifeOf(witness, ids[0]), [
        "connect", `subscribe ${room}`, "disconnect", `unsubscribe ${room}`, "finish",
      ]);
      for (const one of [client, admin]) await one.first(2, "@connect");
      await connected(client);
      await admin.until(() => admin.socket.connected, "the second namespace, again");

      const me = await client.ask("whoami");
      assert.equal(me.id, client.socket.id);
      assert.equal(new Set([...ids, client.socket.id, admin.socket.id]).size, 4);
      assert.ok(!client.socket.recovered);
      assert.deepEqual(me.channels, [], "its channels are gone");
      assert.deepEqual(client.all("welcome").map((welcome) => welcome.id), [ids[0], client.socket.id]);
      assert.deepEqual(await copies(witness, [client], "broadcast_channel", { channel: room }), [0]);
      await client.subscribe(room);
      assert.deepEqual(await copies(witness, [client], "broadcast_channel", { channel: room }), [1]);
      assert.equal((await admin.ask("whoami")).namespace, "/admin");
    });
  }

  test("events during an outage are sent after the reconnection", async (t) => {
    const client = await connect(t, mode);
    offend(client);
    await client.next("@disconnect");
    for (const n of numbers(50)) client.socket.emit("count", n);

    await client.first(2, "@connect");
    assert.deepEqual(await client.ask("counted"), numbers(50));
  });
}
