// Who is in a channel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, unique } from "../harness.mjs";

/** The members that a client knows: its snapshot, and the changes after it. */
function members(client, snapshot, channel) {
  const known = new Set(snapshot.members.map((member) => member.id));
  for (const { event, args } of client.received) {
    if (event !== "presence" || args[0] !== channel || args[1].version <= snapshot.version) continue;
    args[1].leaves.forEach((id) => known.delete(id));
    args[1].joins.forEach((member) => known.add(member.id));
  }
  return [...known].sort().join();
}

export function presence(mode) {
  test("knows who is in a channel", async (t) => {
    const hall = unique("hall");
    const ann = await connect(t, mode, "/", { auth: { name: "ann" } });
    const { presence: snapshot } = await ask(ann, "subscribe", hall, { presence: true });
    assert.deepEqual(snapshot.members, [{ id: "ann", info: { at: "/" }, sockets: 1 }]);

    const bob = await connect(t, mode, "/", { auth: { name: "bob" } });
    await bob.subscribe(hall);
    await ann.until(() => members(ann, snapshot, hall) === "ann,bob", "the join of bob");
    const listed = await ask(bob, "presence", hall);
    assert.deepEqual(listed.members.map((member) => member.id).sort(), ["ann", "bob"]);
    assert.deepEqual(await ask(bob, "presence_stats", hall), { clients: 2, users: 2 });

    bob.socket.disconnect();
    await ann.until(() => members(ann, snapshot, hall) === "ann", "the leave of bob");
  });

  test("is still there for the others after a lost link", async (t) => {
    const hall = unique("hall");
    const ann = await connect(t, mode, "/", { auth: { name: "ann" } });
    const { presence: snapshot } = await ask(ann, "subscribe", hall, { presence: true });
    const bob = await connect(t, mode, "/", { auth: { name: "bob" } });
    await bob.subscribe(hall);
    await ann.until(() => members(ann, snapshot, hall) === "ann,bob", "the join of bob");

    bob.socket.io.engine.close();
    await bob.until(() => bob.all("@connect").length === 2, "the reconnection");
    await bob.subscribe(hall);
    const cid = await connect(t, mode, "/", { auth: { name: "cid" } });
    await cid.subscribe(hall);
    await ann.until(() => members(ann, snapshot, hall) === "ann,bob,cid", "the join of cid");
    const changes = ann.received.filter(({ event }) => event === "presence").map(({ args }) => args[1]);
    assert.deepEqual(changes.flatMap((change) => change.leaves), []);
  });
}

/** The second argument of the acknowledgement. */
function ask(client, event, ...args) {
  return new Promise((resolve, reject) => {
    client.socket.emit(event, ...args, (refusal, answer) => (refusal ? reject(refusal) : resolve(answer)));
  });
}
