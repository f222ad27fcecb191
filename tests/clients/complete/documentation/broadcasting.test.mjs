// The pages about broadcasting events, rooms, and the cheatsheet.

import assert from "node:assert/strict";
import { connect, numbers, unique } from "../../official/harness.mjs";
import { inEach, test, withTime } from "../support.mjs";
import { alone, eventually, argumentsOf, inRooms, receivers } from "./support.mjs";

inEach("Broadcasting events", (mode) => {
  const three = (t) => Promise.all(numbers(3).map(() => connect(t, mode, "/broadcasting-events")));

  test("To all connected clients", async (t) => {
    assert.deepEqual(await receivers(await three(t), "to all connected clients", "hello"), [1, 1, 1]);
  });

  test("To all connected clients except the sender", async (t) => {
    assert.deepEqual(await receivers(await three(t), "except the sender", "hello"), [0, 1, 1]);
  });

  test("With multiple Socket.IO servers: local", async (t) => {
    assert.deepEqual(await receivers(await three(t), "local", "hello"), [1, 1, 1]);
  });

  test("With acknowledgements: one response per client", async (t) => {
    const clients = await three(t);
    clients.forEach(({ socket }, n) => socket.on("hello", (arg, callback) => callback(`${arg} ${n}`)));
    const [a] = clients;
    await alone(clients);
    assert.deepEqual(await a.ask("with acknowledgements", 15_000), {
      err: false,
      responses: ["world 0", "world 1", "world 2"],
    });
    assert.deepEqual(await a.ask("with acknowledgements, except the sender", 15_000), {
      err: false,
      responses: ["world 1", "world 2"],
    });
  });

  test("With acknowledgements: some clients did not acknowledge in the given delay", async (t) => {
    const clients = await three(t);
    const [a, b, c] = clients;
    a.socket.on("hello", (arg, callback) => callback("a"));
    b.socket.on("hello", () => {});
    c.socket.on("hello", (arg, callback) => callback("c"));
    await alone(clients);
    const ask = (timeout) => a.ask("with acknowledgements", timeout);
    const answer = await withTime(ask, ({ responses }) => responses.length === 2);
    assert.deepEqual(answer, { err: true, responses: ["a", "c"] });
  });
});

inEach("Rooms", (mode) => {
  const PAGE = "/rooms";

  test("Joining and leaving: to a room", async (t) => {
    const clients = await inRooms(t, mode, PAGE, ["some room"], ["some room"], []);
    assert.deepEqual(await receivers(clients, "to a room", "some event"), [1, 1, 0]);
    assert.equal(await clients[1].ask("leave", "some room"), true);
    assert.deepEqual(await receivers(clients, "to a room", "some event"), [1, 0, 0]);
  });

  test("Joining and leaving: to several rooms, each client once", async (t) => {
    const clients = await inRooms(t, mode, PAGE, [], ["room1", "room2", "room3"], ["room2"], ["room4"]);
    assert.deepEqual(await receivers(clients, "to several rooms", "some event"), [0, 1, 1, 0]);
  });

  test("Joining and leaving: to a room from a given socket", async (t) => {
    const clients = await inRooms(t, mode, PAGE, ["some room"], ["some room"], []);
    assert.deepEqual(await receivers(clients, "to a room from a socket", "some event"), [0, 1, 0]);
  });

  test("Default room: a private message", async (t) => {
    const [a, b, c] = await inRooms(t, mode, PAGE, [], [], []);
    assert.deepEqual(await receivers([a, b, c], "private message", "private message", b.socket.id, "hi"), [0, 1, 0]);
    assert.deepEqual(argumentsOf(b, "private message"), [[a.socket.id, "hi"]]);
  });

  test("Sample use cases: each device or tab of a given user", async (t) => {
    const [ada, bob] = [unique("ada"), unique("bob")];
    const clients = await Promise.all([ada, ada, bob].map((user) => connect(t, mode, PAGE, { auth: { user } })));
    assert.deepEqual(await receivers(clients, "to each tab of a user", "hi", ada), [1, 1, 0]);
  });

  test("Sample use cases: notifications about a given entity", async (t) => {
    const all = [[1, 4321], [4321], [1], []];
    const clients = await Promise.all(all.map((projects) => connect(t, mode, PAGE, { auth: { projects } })));
    assert.deepEqual(await receivers(clients, "about an entity", "project updated"), [1, 1, 0, 0]);
  });

  test("Disconnection: the rooms are there in the disconnecting event, and left after it", async (t) => {
    const [room1, room2] = [unique("room"), unique("room")];
    const [a, b] = await inRooms(t, mode, PAGE, [room1, room2], [room1]);
    const { id } = a.socket;
    assert.deepEqual((await b.ask("who is in", room1)).sort(), [id, b.socket.id].sort());
    a.socket.disconnect();
    await b.next("rooms it was in", (of) => of === id);
    assert.deepEqual(argumentsOf(b, "rooms it was in").filter(([of]) => of === id), [[id, [room1, room2]]]);
    await eventually(() => b.ask("who is in", room1), [b.socket.id]);
    await eventually(() => b.ask("who is in", room2), []);
  });
});

inEach("Emit cheatsheet", (mode) => {
  test("each way to send, and its receivers", async (t) => {
    const PAGE = "/emit-cheatsheet";
    const here = await inRooms(t, mode, PAGE, ["room1"], ["room1"], ["room1", "room2"], ["room2", "room3"], []);
    const there = await inRooms(t, mode, "/my-namespace", ["room1"], []);
    const clients = [...here, ...there];
    for (const [line, ...expected] of [
      ["socket.emit", 1, 0, 0, 0, 0, 0, 0],
      ["socket.broadcast.emit", 0, 1, 1, 1, 1, 0, 0],
      ['socket.to("room1").emit', 0, 1, 1, 0, 0, 0, 0],
      ['socket.to(["room1", "room2"]).emit', 0, 1, 1, 1, 0, 0, 0],
      ['socket.except("room1").emit', 0, 0, 0, 1, 1, 0, 0],
      ['io.in("room1").emit', 1, 1, 1, 0, 0, 0, 0],
      ['io.to(["room1", "room2"]).except("room3").emit', 1, 1, 1, 0, 0, 0, 0],
      ['io.except("room1").emit', 0, 0, 0, 1, 1, 0, 0],
      ['io.of("/my-namespace").emit', 0, 0, 0, 0, 0, 1, 1],
      ['io.of("/my-namespace").to("room1").emit', 0, 0, 0, 0, 0, 1, 0],
      ["io.to(socketId).emit", 0, 0, 0, 0, 1, 0, 0],
      ["io.local.emit", 1, 1, 1, 1, 1, 0, 0],
      ["io.emit", 1, 1, 1, 1, 1, 0, 0],
      ["socket.compress(false).emit", 1, 0, 0, 0, 0, 0, 0],
    ]) {
      assert.deepEqual(await receivers(clients, line, "hello", line, here[4].socket.id), expected, line);
      clients.forEach((client, n) => expected[n] && assert.equal(client.all("hello").at(-1), line));
    }
    assert.deepEqual(await receivers(clients, "socket.send", "message", "x"), [1, 0, 0, 0, 0, 0, 0]);
  });

  test("with acknowledgement, with timeout, with one acknowledgement per client", async (t) => {
    const clients = await inRooms(t, mode, "/emit-cheatsheet", [], []);
    clients.forEach(({ socket }, n) => socket.on("question", (arg, answer) => answer(`${arg} ${n}`)));
    const [a] = clients;
    assert.equal(await a.ask('socket.emit("question", answer)', "answer"), "answer 0");
    a.socket.on("my-event", () => {});
    assert.equal(await a.ask("socket.timeout(5000).emit", "x"), true);
    await alone(clients);
    const answered = new Promise((resolve) => a.socket.emit("io.timeout(5000).emit", "of", (...args) => resolve(args)));
    const [answers, missing] = await answered;
    assert.deepEqual([answers.sort(), missing], [["of 0", "of 1"], []]);
  });

  test("Reserved events: the client's are never sent", async (t) => {
    const client = await connect(t, mode, "/emit-cheatsheet");
    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      assert.throws(() => client.socket.emit(name), /reserved/);
    }
    assert.deepEqual(await client.ask("rooms", null), []);
  });
});
