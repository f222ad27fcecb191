// The page about the Server instance.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { SERVER_URL, beside, connect, fence, numbers } from "../../official/harness.mjs";
import { ownAuth } from "../../client.mjs";
import { inEach, test } from "../support.mjs";
import { eventually, handshake, inRooms } from "./support.mjs";

inEach("The Server instance", (mode) => {
  const PAGE = "/server-instance";
  const admin = (t) => connect(t, mode, "/admin", { auth: { role: "admin" } });

  test("Server#engine: clientsCount", async (t) => {
    const client = await connect(t, mode, PAGE);
    const count = () => client.ask("clientsCount");
    await eventually(count, [1, 1], "the clients of other tests have gone");
    const users = beside(t, client, "/users");
    await users.next("@connect");
    assert.deepEqual(await count(), [1, 1], "the same connection, and another namespace");
    const elsewhere = await connect(t, mode, "/users");
    assert.deepEqual(await count(), [2, 1]);
    await connect(t, mode, PAGE);
    assert.deepEqual(await count(), [3, 2]);
    elsewhere.socket.disconnect();
    await eventually(count, [2, 2], "one has gone");
  });

  test("Utility methods: socketsJoin and socketsLeave", async (t) => {
    const [a, b] = await inRooms(t, mode, PAGE, [], []);
    const boss = await admin(t);
    assert.equal(await boss.ask("join", "room1"), true);
    for (const [line, count, ...expected] of [
      ['io.socketsJoin("room1")', null, "room1", "room1", "room1"],
      ['io.in("room1").socketsJoin(["room2", "room3"])', null, "room1 room2 room3", "room1 room2 room3", "room1"],
      ['io.of("/admin").in("room1").socketsJoin("room2")', null, "room1 room2 room3", "room1 room2 room3", "room1 room2"],
      ['io.in("room1").socketsLeave(["room2", "room3"])', null, "room1", "room1", "room1 room2"],
      ['io.of("/admin").in("room1").socketsLeave("room2")', null, "room1", "room1", "room1"],
      ['io.socketsLeave("room1")', null, "", "", "room1"],
      ['io.in(theSocketId).socketsJoin("room1")', true, "", "room1", "room1"],
      ['io.in(theSocketId).socketsLeave("room1")', true, "", "", "room1"],
    ]) {
      assert.equal(await a.ask(line, b.socket.id), count, line);
      const rooms = await Promise.all([a, b, boss].map((client) => client.ask("rooms")));
      assert.deepEqual(rooms.map((its) => its.join(" ")), expected, line);
    }
  });

  test("Utility methods: fetchSockets", async (t) => {
    const [a, b] = await Promise.all([1, 2].map((n) => connect(t, mode, PAGE, { auth: { n } })));
    const boss = await admin(t);
    for (const client of [b, boss]) assert.equal(await client.ask("join", "room1"), true);
    const seen = (client, auth, rooms) => ({ auth, id: client.socket.id, rooms });
    const [one, two] = [seen(a, { n: 1 }, []), seen(b, { n: 2 }, ["room1"])];
    const fetch = async (from) => (await a.ask(from)).map((each) => ({ ...each, auth: ownAuth(each.auth) }));
    const fetched = async () => (await fetch("io.fetchSockets()")).sort((x, y) => x.auth.n - y.auth.n);
    await eventually(fetched, [one, two]);
    assert.deepEqual(await fetch('io.in("room1").fetchSockets()'), [two]);
    const three = seen(boss, { role: "admin" }, ["room1"]);
    assert.deepEqual(await fetch('io.of("/admin").in("room1").fetchSockets()'), [three]);
  });

  test("Utility methods: disconnectSockets", async (t) => {
    const [a, b] = await inRooms(t, mode, PAGE, [], ["room1"]);
    const admins = await Promise.all(numbers(3).map(() => admin(t)));
    const [in1, in1and2, in3] = admins;
    for (const [client, room] of [[in1, "room1"], [in1and2, "room1"], [in1and2, "room2"], [in3, "room3"]]) {
      assert.equal(await client.ask("join", room), true);
    }
    const gone = () => admins.map((client) => client.all("@disconnect").length);
    assert.equal(await a.ask('io.of("/admin").in("room1").except("room2").local.disconnectSockets()'), null);
    assert.equal(await in1.next("@disconnect"), "io server disconnect");
    await fence(a, [a, in1and2, in3]);
    assert.deepEqual(gone(), [1, 0, 0]);
    await a.ask('io.of("/admin").in(theSocketId).disconnectSockets()', in3.socket.id);
    assert.equal(await in3.next("@disconnect"), "io server disconnect");
    await fence(a, [a, in1and2]);
    assert.deepEqual(gone(), [1, 0, 1]);

    const closed = new Promise((resolve) => b.socket.io.engine.once("close", resolve));
    assert.equal(await a.ask('io.in("room1").disconnectSockets(true)'), null);
    await closed;
    assert.equal(await b.next("@disconnect"), "io server disconnect");
    assert.equal(a.socket.connected, true);
    a.socket.emit("io.disconnectSockets()");
    assert.equal(await a.next("@disconnect"), "io server disconnect");
  });
});

describe("The Server instance", { timeout: 60_000 }, () => {
  test("Server#engine: initial_headers and headers", async () => {
    const { url, headers } = await handshake(`${SERVER_URL}/socket.io`);
    assert.equal(headers.get("test"), "789", "those of each request come last");
    assert.deepEqual(headers.getSetCookie(), ["mycookie=456"]);
    const post = await fetch(url, { method: "POST", body: "1" });
    assert.equal(post.headers.get("test"), "789");
    assert.deepEqual(post.headers.getSetCookie(), []);
  });

  test("Server#engine: connection_error", async (t) => {
    const client = await connect(t, "websocket", "/server-instance");
    const before = (await client.ask("connection_error")).length;
    for (const [query, error] of [
      ["EIO=4&transport=pigeon", { code: 0, message: "Transport unknown" }],
      ["EIO=4&transport=polling&sid=abc", { code: 1, message: "Session ID unknown" }],
      ["EIO=9&transport=polling", { code: 5, message: "Unsupported protocol version" }],
    ]) {
      const answer = await fetch(`${SERVER_URL}/socket.io/?${query}`);
      assert.deepEqual([answer.status, await answer.json()], [400, error]);
    }
    assert.deepEqual((await client.ask("connection_error")).slice(before), [
      "0 Transport unknown",
      "1 Session ID unknown",
      "5 Unsupported protocol version",
    ]);
  });
});
