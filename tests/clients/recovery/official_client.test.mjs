// The case that the official client's own test has for recovery, and what it does with an answer.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeServers, fence, open, until } from "./support.mjs";

after(closeServers);

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`the same id after the engine is closed (${transports})`, async (t) => {
    // It does not ask for positions, as clients of other servers do not.
    const client = await open(t, { server: "everyone", auth: { offsets: undefined }, subscribes: false, transports });
    assert.equal(client.socket.recovered, false);
    const { id } = client.socket;
    client.socket.emit("hi");
    await client.nth(1, "hi");
    client.socket.io.engine.close();
    assert.equal(await client.recovered(), true);
    assert.equal(client.socket.id, id);
  });

  test(`missed messages come after "connect", before new ones (${transports})`, async (t) => {
    const client = await open(t, { transports });
    await client.publish("first");
    await client.nth(1, "message");
    await client.whileAway(async () => {
      await client.publish("missed 1");
      await client.publish("missed 2");
    });
    await client.nth(2, "@connect");
    await client.publish("new");
    await until(() => client.messages.includes("new"), "the new message");
    const order = client.received.filter(([name]) => name === "message" || name === "@connect");
    assert.deepEqual(order.slice(1).map(([name, first]) => (name === "message" ? first : name)), [
      "first",
      "@connect",
      "missed 1",
      "missed 2",
      "new",
    ]);
  });
}

test("each namespace of a connection recovers by itself", async (t) => {
  const client = await open(t);
  const other = client.socket.io.socket("/other", { auth: { offsets: true } });
  const connects = [];
  other.on("connect", () => connects.push([other.id, other.recovered]));
  await until(() => connects.length === 1, "the other namespace");
  // The other namespace shows a session that does not exist.
  other._pid = "A".repeat(20);
  const { id } = client.socket;
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  assert.equal(client.socket.id, id);
  await until(() => connects.length === 2, "the other namespace again");
  assert.equal(connects[1][1], false);
  assert.notEqual(connects[1][0], connects[0][0]);
  await fence(client);
  assert.deepEqual(client.messages, ["missed"]);
});

test("a client that leaves by itself has a new session", async (t) => {
  const client = await open(t);
  await client.publish("first");
  await client.nth(1, "message");
  const { id } = client.socket;
  client.socket.disconnect();
  client.socket.connect();
  assert.equal(await client.recovered(), false);
  assert.notEqual(client.socket.id, id);
});

test("channels and context are as before, and what was emitted while away comes once", async (t) => {
  const client = await open(t);
  const second = `${client.room}-second`;
  await client.subscribe(second);
  assert.equal(await client.ask("remember", "name", "Ada"), null);
  const answered = [];
  await client.whileAway(async () => {
    await client.nth(1, "@disconnect");
    for (const n of [1, 2]) client.socket.emit("collect", `${client.room} ${n}`, () => answered.push(n));
  });
  assert.equal(await client.recovered(), true);
  await until(() => answered.length === 2, "the answers");
  const { id, channels, context, recovered } = await client.ask("whoami");
  assert.deepEqual({ id, channels, context, recovered }, {
    id: client.socket.id,
    channels: [client.room, second].sort(),
    context: { name: "Ada" },
    recovered: true,
  });
  const collected = (await client.control("collected")).filter((text) => text.startsWith(client.room));
  assert.deepEqual(collected, [`${client.room} 1`, `${client.room} 2`]);
});
