// Several namespaces on one connection.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAuth } from "../../client.mjs";
import { beside, connect, crowd, fence, unique } from "../harness.mjs";

export function namespaces(mode) {
  const token = { auth: { token: "let me in" } };

  test("joins a second namespace over the same connection, with an id of its own", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", token);
    await admin.until(() => admin.socket.connected, "the second namespace");

    assert.equal(admin.socket.io.engine, client.socket.io.engine);
    assert.notEqual(admin.socket.id, client.socket.id);
    const [here, there] = [await client.ask("whoami"), await admin.ask("whoami")];
    assert.deepEqual([here.namespace, there.namespace], ["/", "/admin"]);
    assert.deepEqual([here.id, there.id], [client.socket.id, admin.socket.id]);
    assert.deepEqual(ownAuth(there.auth), token.auth);
  });

  test("is refused there without costing it the first", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", { auth: { token: "guess" } });
    const error = await admin.next("@connect_error");

    assert.equal(error.message, "not an administrator");
    const nowhere = beside(t, client, "/nowhere");
    assert.equal((await nowhere.next("@connect_error")).message, "Invalid namespace");
    assert.equal(await client.ask("echo", 1), 1);
    assert.equal(client.socket.connected, true);
  });

  test("may be in another namespace only", async (t) => {
    const admin = await connect(t, mode, "/admin", token);
    assert.equal((await admin.ask("whoami")).namespace, "/admin");
  });

  test("receives nothing of the other namespace, though the channels have the same name", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const [adminA, adminB] = [beside(t, a, "/admin", token), beside(t, b, "/admin", token)];
    for (const one of [adminA, adminB]) await one.until(() => one.socket.connected, "the namespace");
    const room = unique("room");
    for (const one of [a, b, adminA, adminB]) await one.subscribe(room);

    for (const verb of ["send_and_broadcast_channel", "send_and_broadcast", "io_broadcast"]) {
      for (const [from, expected] of [[a, [1, 1, 0, 0]], [adminA, [0, 0, 1, 1]]]) {
        const mark = unique("mark");
        await from.verb(verb, { channel: room, data: { mark } });
        await fence(a, [a, b]);
        await fence(adminA, [adminA, adminB]);
        assert.deepEqual([a, b, adminA, adminB].map((one) => one.copies(mark)), expected, verb);
      }
    }
    assert.equal(await adminB.ask("unsubscribe", room), null);
    assert.deepEqual((await b.ask("whoami")).channels, [room]);
  });

  test("leaves it and stays in the first", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", token);
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { id } = admin.socket;

    admin.socket.disconnect();
    assert.equal(await admin.next("@disconnect"), "io client disconnect");
    assert.equal(await client.ask("echo", 1), 1);

    admin.socket.connect();
    await admin.until(() => admin.socket.connected, "the second namespace, again");
    assert.notEqual(admin.socket.id, id);
    assert.equal(await admin.ask("echo", 2), 2);
  });
}
