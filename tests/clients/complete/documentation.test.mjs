// The examples of Socket.IO's documentation, https://socket.io/docs/v4/: each group bears the title of a page, and each
// test says which example of it. What the examples print is asserted.
//
// The server's side of the examples is tests/complete/documentation.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { Emitter } from "@socket.io/component-emitter";
import { io } from "socket.io-client";
import { SERVER_URL, beside, connect, fence, network, numbers, open, unique, within } from "../official/harness.mjs";
import { GONE, inEach, test } from "./support.mjs";

const { SERVER_WITH_OPTIONS: WITH_OPTIONS, SERVER_WITH_PARSER: WITH_PARSER } = process.env;
if (!WITH_OPTIONS || !WITH_PARSER) throw new Error("there must be three servers (see tests/complete.rs)");

/** The next time that it happens: its arguments. */
function once(client, event) {
  return within(new Promise((resolve) => client.socket.once(event, (...args) => resolve(args))), `"${event}"`);
}

/** All arguments that an event came with, each time. */
function heard(client, event) {
  return client.heard.filter((one) => one.event === event).map((one) => one.args);
}

/** Who is in these rooms: one client for each list. */
function inRooms(t, mode, namespace, ...rooms) {
  return Promise.all(
    rooms.map(async (its) => {
      const client = await connect(t, mode, namespace);
      for (const room of its) assert.equal(await client.ask("join", room), true);
      return client;
    }),
  );
}

/** Has the first of the clients emit this, and tells who of all got what comes of it: `[0, 1, 1]`. */
async function receivers(clients, event, arrives, ...args) {
  const before = clients.map((client) => client.all(arrives).length);
  clients[0].socket.emit(event, ...args);
  await fence(clients[0], clients);
  return clients.map((client, n) => client.all(arrives).length - before[n]);
}

/** Opens a session by polling: where to go on, what the open packet says, and the headers beside it. */
async function handshake(server, headers = {}) {
  const url = `${server}/?EIO=4&transport=polling`;
  const response = await fetch(url, { headers });
  const { sid, ...open } = JSON.parse((await response.text()).slice(1));
  return { url: `${url}&sid=${sid}`, open, headers: response.headers };
}

/** Asks until the answer is as it should be, which it may not be at once. */
async function eventually(ask, expected, what) {
  const end = Date.now() + 20_000;
  let answer;
  do {
    answer = await ask();
  } while (JSON.stringify(answer) !== JSON.stringify(expected) && Date.now() < end);
  assert.deepEqual(answer, expected, what);
}

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
    assert.deepEqual([a, b, c].map((client) => heard(client, "private message")), [[], [[a.socket.id, "hello"]], []]);
  });

  test("Socket#handshake: headers, query, auth, issued, url, address", async (t) => {
    const before = Date.now();
    const options = { auth: { token: "123" }, query: { x: "42" }, extraHeaders: { "x-test": "xxxx" } };
    const client = await connect(t, mode, PAGE, options);
    const { headers, query, auth, issued, url, address } = await client.ask("handshake");
    assert.deepEqual(headers, { host: new URL(SERVER_URL).host, "x-test": "xxxx" });
    assert.deepEqual([query.EIO, query.transport, query.x], ["4", mode, "42"]);
    assert.deepEqual(auth, { token: "123" });
    assert.ok(before - 1000 <= issued && issued <= Date.now() + 1000, `${issued}`);
    assert.ok(url.startsWith("/socket.io/?") && url.includes(`transport=${mode}`), url);
    assert.equal(address, "127.0.0.1");
  });

  test("Socket#rooms", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("rooms");
    assert.deepEqual(heard(client, "rooms"), [[[], ["room1"]]]);
  });

  test("Socket#data: with fetchSockets()", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    a.socket.emit("set data");
    await fence(a, [a]);
    assert.deepEqual(await b.ask("fetch data"), ["alice"]);
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
    assert.deepEqual(heard(client, "packet"), [
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

  test("disconnecting: the rooms are there, and those in them are told", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    const { id } = a.socket;
    a.socket.disconnect();
    await b.next("user has left", (of) => of === id);
    assert.deepEqual(
      heard(b, "user has left").filter(([of]) => of === id),
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

inEach("Middlewares", (mode) => {
  const PAGE = "/middlewares";
  const credentials = (token) => ({ auth: { attempt: unique("attempt"), token } });
  const refusal = (t, options) => open(t, mode, PAGE, options).next("@connect_error");

  test("Registering a middleware: several are executed in order, up to an error", async (t) => {
    const [good, bad] = [credentials("abc"), credentials("xyz")];
    const client = await connect(t, mode, PAGE, good);
    assert.equal((await refusal(t, bad)).message, "thou shall not pass");
    assert.deepEqual(await client.ask("notes", good.auth.attempt), ["first", "second", "third"]);
    assert.deepEqual(await client.ask("notes", bad.auth.attempt), ["first", "second"]);
  });

  test("Registering a middleware: a client that leaves meanwhile is heard to have gone", async (t) => {
    const observer = await connect(t, mode, PAGE, credentials("abc"));
    const slow = credentials("slow");
    const notes = () => observer.ask("notes", slow.auth.attempt);
    const client = open(t, mode, PAGE, slow);
    await eventually(notes, ["first"], "the middleware runs");
    client.socket.disconnect();
    const executed = ["first", "the client has gone", "second", "third", "disconnect"];
    await eventually(notes, executed, "it goes on to the next ones, and to the end");
    assert.deepEqual(client.all("@connect"), []);

    // Who comes later goes through it all, and no more is heard of the other one.
    const later = credentials("abc");
    const other = await connect(t, mode, PAGE, later);
    other.socket.disconnect();
    const all = ["first", "second", "third", "disconnect"];
    await eventually(() => observer.ask("notes", later.auth.attempt), all, "the later one has gone");
    assert.deepEqual(await notes(), executed, "once");
  });

  test("Sending credentials: an object, or a function", async (t) => {
    const object = await connect(t, mode, PAGE, credentials("abc"));
    assert.equal(await object.ask("token"), "abc");
    const call = await connect(t, mode, PAGE, { auth: (cb) => cb(credentials("abc").auth) });
    assert.equal(await call.ask("token"), "abc");
  });

  test("Handling middleware error: message and additional details", async (t) => {
    const error = await refusal(t, credentials());
    assert.ok(error instanceof Error);
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { content: "Please retry later" });
  });

  test("Handling middleware error: new credentials, and connect again", async (t) => {
    const client = open(t, mode, PAGE, credentials("wrong"));
    client.socket.on("connect_error", () => {
      client.socket.auth = credentials("abc").auth;
      client.socket.connect();
    });
    await client.next("@connect");
    assert.equal(client.all("@connect_error").length, 1);
    assert.equal(await client.ask("token"), "abc");
  });

  test("Compatibility with Express middleware: what a middleware of HTTP knows, the socket does", async (t) => {
    const path = "/with-session/socket.io";
    const ada = await connect(t, mode, "/passport", { path, extraHeaders: { cookie: "user=Ada" } });
    assert.equal(await ada.ask("user"), "Ada");
    for (const options of [{ path }, { extraHeaders: { cookie: "user=Ada" } }]) {
      const error = await open(t, mode, "/passport", options).next("@connect_error");
      assert.equal(error.message, "unauthorized");
    }
  });
});

test("Middlewares: io.engine.use, for each HTTP request", async () => {
  for (const [path, expected] of [["/with-session/socket.io", "SAMEORIGIN"], ["/socket.io", null]]) {
    const { url, headers } = await handshake(`${SERVER_URL}${path}`);
    const post = await fetch(url, { method: "POST", body: "1" });
    assert.deepEqual([headers, post.headers].map((headers) => headers.get("x-frame-options")), [expected, expected]);
  }
});

inEach("Listening to events", (mode) => {
  const PAGE = "/listening-to-events";

  test("socket.on: with all arguments", async (t) => {
    const client = await connect(t, mode, PAGE);
    const args = [1, "2", { 3: [4] }];
    const answer = new Promise((resolve) => client.socket.emit("details", ...args, (...answer) => resolve(answer)));
    assert.deepEqual(await answer, args);
  });

  test("socket.once: the first one only", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("details, once", 1);
    client.socket.emit("details, once", 2);
    await client.ask("details");
    assert.deepEqual(heard(client, "listened once"), [[1]]);
    assert.equal(client.all("any").length, 3, "though both have come");
  });

  test("socket.onAny: every event, with its arguments", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("one");
    client.socket.emit("two", 2, { two: 2 });
    client.socket.send("a message");
    await client.first(3, "any");
    assert.deepEqual(heard(client, "any"), [["one", []], ["two", [2, { two: 2 }]], ["message", ["a message"]]]);
  });

  test("socket.prependAny: before the others", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("details, once", 1);
    await client.next("listened once");
    assert.deepEqual(client.heard.map(({ event }) => event), ["@connect", "any", "listened once"]);
  });

  test("socket.onAnyOutgoing: what goes out", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.deepEqual(await client.ask("outgoing"), ["hello", [1, "2"]]);
  });

  test("Validation: of the arguments, and of the acknowledgement", async (t) => {
    const client = await connect(t, mode, PAGE);
    const ada = { username: "Ada", email: "ada@example.com" };
    assert.deepEqual(await client.ask("create user", ada), { status: "OK" });
    for (const [user, error] of [
      [{ username: "Ada" }, /missing field `email`/],
      [{ ...ada, username: 7 }, /expected a string/],
      [{ ...ada, more: 1 }, /unknown field `more`/],
      [{ ...ada, username: "x".repeat(31) }, /too long/],
      [{ ...ada, email: "nowhere" }, /no address/],
    ]) {
      const answer = await client.ask("create user", user);
      assert.equal(answer.status, "KO");
      assert.match(answer.error, error);
    }

    client.socket.emit("create user", ada);
    assert.equal(await client.next("@disconnect"), "io server disconnect", "not an acknowledgement");
  });

  test("Error handling: caught in the listener", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.deepEqual(await client.ask("list items", true), { status: "OK", items: [1, 2] });
    assert.deepEqual(await client.ask("list items", false), { status: "NOK" });
  });

  test("Error handling: captured rejections", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("list products", false);
    client.socket.emit("list products", true);
    assert.deepEqual(await client.next("products"), [1, 2], "the connection goes on");
    assert.deepEqual(client.all("error"), ["the database is down"]);
  });
});

inEach("Emitting events", (mode) => {
  const PAGE = "/emitting-events";

  test("Basic emit: both ways", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.equal(await client.next("hello"), "world");
    assert.equal(await client.ask("hello", "world"), "hello world");
  });

  test("Basic emit: any number of arguments, and binary", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("hello");
    const hello = once(client, "hello");
    client.socket.emit("several arguments");
    assert.deepEqual(await hello, [1, "2", { 3: "4", 5: Buffer.from([6]) }]);
    assert.deepEqual(await client.ask("hello", 1, "2", { 3: "4", 5: Uint8Array.from([6]) }), [1, "2", "4", [6]]);
  });

  test("Basic emit: arguments are passed on as they came", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    const args = [1, "2", { 3: "4", 5: Buffer.from([6]) }, null, [Buffer.from([7, 8])]];
    const passed = once(b, "passed on");
    a.socket.emit("pass on", ...args);
    assert.deepEqual(await passed, args);
  });

  test("Acknowledgements: of the server", async (t) => {
    const client = await connect(t, mode, PAGE);
    const answer = new Promise((resolve) => client.socket.emit("update item", "1", { name: "updated" }, resolve));
    assert.deepEqual(await answer, { status: "ok", id: "1", name: "updated" });
    assert.deepEqual(await client.socket.emitWithAck("update item", "2", { name: "again" }), {
      status: "ok",
      id: "2",
      name: "again",
    });
  });

  test("Acknowledgements: of the client", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.on("update item", (id, item, callback) => callback({ status: "ok", id, name: item.name }));
    assert.deepEqual(await client.ask("ask me"), { status: "ok", id: "1", name: "updated" });
  });

  test("With timeout: of the server's event", async (t) => {
    const client = await connect(t, mode, PAGE);
    let late;
    client.socket.once("my-event", (callback) => (late = callback));
    assert.deepEqual(await client.ask("with timeout", 50), { error: "not within the delay" });
    late("too late");
    client.socket.once("my-event", (callback) => callback("in time"));
    assert.deepEqual(await client.ask("with timeout", 20_000), { answer: "in time" });
  });

  test("With timeout: of the client's event", async (t) => {
    const client = await connect(t, mode, PAGE);
    const error = await new Promise((resolve) => client.socket.timeout(50).emit("my-event", resolve));
    assert.match(error.message, /timed out/);
    await assert.rejects(client.socket.timeout(50).emitWithAck("my-event"), /timed out/);
    assert.equal((await client.socket.timeout(20_000).emitWithAck("update item", "1", {})).status, "ok");
  });

  test("Volatile events: might or might not be received", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("hello");
    client.socket.emit("positions");
    await client.next("last");
    assert.deepEqual(client.all("hello"), ["world"], "not behind something that is still to be sent");

    // A client that polls is waiting sooner or later.
    const end = Date.now() + 20_000;
    while (client.all("hello").length < 2 && Date.now() < end) await client.ask("position");
    assert.deepEqual(new Set(client.all("hello").slice(1)), new Set(["might or might not be received"]));
  });

  test("Volatile events: discarded while the client is not connected, and others buffered", async (t) => {
    const wire = await network(t);
    const observer = await connect(t, mode, PAGE);
    const client = await connect(t, mode, PAGE, { url: wire.url });
    const { engine } = client.socket.io;
    if (!engine.transport.writable) await within(new Promise((resolve) => engine.once("drain", resolve)), "a drain");
    client.socket.volatile.emit("ping", 1);
    await observer.next("count", (count) => count === 1);

    wire.fail();
    // Between its disconnection and its next attempt, the client takes the old transport for one that is ready.
    await within(new Promise((resolve) => client.socket.io.once("reconnect_error", resolve)), "an attempt in vain");
    client.socket.volatile.emit("ping", 2);
    client.socket.emit("ping", 3);
    wire.mend();
    await client.first(2, "@connect");
    client.socket.emit("ping", 4);
    await observer.next("count", (count) => count === 4);
    assert.deepEqual(observer.all("count"), [1, 3, 4]);
  });
});

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
    const [a, b, c] = await three(t);
    a.socket.on("hello", (arg, callback) => callback("a"));
    b.socket.on("hello", () => {});
    c.socket.on("hello", (arg, callback) => callback("c"));
    assert.deepEqual(await a.ask("with acknowledgements", 1000), { err: true, responses: ["a", "c"] });
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
    assert.deepEqual(heard(b, "private message"), [[a.socket.id, "hi"]]);
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
    assert.deepEqual(heard(b, "rooms it was in").filter(([of]) => of === id), [[id, [room1, room2]]]);
    await eventually(() => b.ask("who is in", room1), [b.socket.id]);
    await eventually(() => b.ask("who is in", room2), []);
  });
});

inEach("Namespaces", (mode) => {
  /** Two namespaces on the same connection. */
  async function both(t, options = {}) {
    const orders = open(t, mode, "/orders", options);
    const users = beside(t, orders, "/users", options);
    return [orders, users];
  }

  test("Introduction: event handlers of its own", async (t) => {
    const [orders, users] = await both(t);
    let answered = 0;
    orders.socket.emit("user:list", () => answered++);
    users.socket.emit("order:list", () => answered++);
    assert.deepEqual(await orders.ask("order:list"), ["an order"]);
    assert.equal(await orders.ask("order:create"), "created");
    assert.deepEqual(await users.ask("user:list"), ["a user"]);
    assert.equal(answered, 0);
    assert.equal(orders.socket.io.engine, users.socket.io.engine);
  });

  test("Introduction: rooms of its own", async (t) => {
    const [orders, users] = await both(t);
    await Promise.all([orders.next("hello"), users.next("holà")]);
    // The next ones greet all who are in `room1` already.
    const more = await both(t);
    await Promise.all([orders.first(2, "hello"), users.first(2, "holà")]);
    await Promise.all([more[0].next("hello"), more[1].next("holà")]);
    assert.deepEqual([orders.all("holà"), users.all("hello")], [[], []]);
  });

  test("Introduction: middlewares of its own", async (t) => {
    const [orders, users] = await both(t, { auth: { closed: "/orders" } });
    assert.equal((await orders.next("@connect_error")).message, "no access");
    assert.deepEqual(await users.ask("user:list"), ["a user"]);
    assert.equal(orders.socket.connected, false);
  });

  test("Introduction: an admin namespace, which only authorised users have access to", async (t) => {
    const admin = await connect(t, mode, "/admin", { auth: { role: "admin" } });
    assert.equal(await admin.ask("delete user"), "deleted");
    const error = await open(t, mode, "/admin", { auth: { role: "user" } }).next("@connect_error");
    assert.equal(error.message, "not authorized");
  });

  test("Custom namespaces: an event for everyone in it", async (t) => {
    const first = await connect(t, mode, "/my-namespace");
    assert.equal(await first.next("hi"), "everyone!");
    const second = await connect(t, mode, "/my-namespace");
    assert.equal(await second.next("hi"), "everyone!");
    assert.deepEqual(await first.first(2, "hi"), ["everyone!", "everyone!"]);
  });

  test("Dynamic namespaces: by a regular expression", async (t) => {
    const [one, two] = [`/dynamic-${process.pid}1`, `/dynamic-${process.pid}2`];
    const a = await connect(t, mode, one);
    assert.equal(await a.next("hello"), one);
    const b = await connect(t, mode, two);
    assert.equal(await b.next("hello"), two);
    await fence(b, [a, b]);
    assert.deepEqual(a.all("hello"), [one], "each is by itself");
    for (const name of ["/dynamic-", "/dynamic-x", "/dynamic-1x", "/my/dynamic-1"]) {
      assert.equal((await open(t, mode, name).next("@connect_error")).message, "Invalid namespace", name);
    }
  });

  test("Dynamic namespaces: by a function", async (t) => {
    const name = unique("/function");
    const client = await connect(t, mode, name, { auth: { allowed: true } });
    assert.equal(await client.next("hello"), name);
    const error = await open(t, mode, name, { auth: { allowed: false } }).next("@connect_error");
    assert.equal(error.message, "Invalid namespace");
  });

  test("Dynamic namespaces: the middleware of the parent is in each child", async (t) => {
    for (const name of ["/dynamic-1", "/dynamic-2"]) {
      const error = await open(t, mode, name, { auth: { refuse: true } }).next("@connect_error");
      assert.equal(error.message, "not in any of them");
    }
  });

  test("Dynamic namespaces: an event for all children", async (t) => {
    const names = ["/dynamic-1", "/dynamic-2", unique("/function")];
    const auth = { allowed: true };
    const clients = await Promise.all(names.map((name) => connect(t, mode, name, { auth })));
    assert.deepEqual(await receivers(clients, "to the family", "to all", 1), [1, 1, 0]);
  });
});

describe("Namespaces", { timeout: 60_000 }, () => {
  test("Client initialization: one connection for several namespaces, but for one twice, and forceNew", async (t) => {
    const at = (namespace, options = {}) => {
      const socket = io(SERVER_URL + namespace, options);
      t.after(() => socket.disconnect());
      return socket;
    };
    const sockets = [at("/orders"), at("/users"), at("/orders"), at("/users", { forceNew: true })];
    const connected = sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve)));
    await within(Promise.all(connected), "the connections");
    const engines = sockets.map((socket) => socket.io.engine.id);
    assert.equal(engines[0], engines[1]);
    assert.equal(new Set(engines).size, 3);
  });
});

inEach("Emit cheatsheet", (mode) => {
  test("each way to send, and who gets it", async (t) => {
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

inEach("The Server instance", (mode) => {
  const PAGE = "/server-instance";
  const admin = (t) => connect(t, mode, "/admin", { auth: { role: "admin" } });

  test("Server#engine: clientsCount", async (t) => {
    const client = await connect(t, mode, PAGE);
    const count = () => client.ask("clientsCount");
    await eventually(count, [1, 1], "those of the other tests have gone");
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
    const fetched = async () => (await a.ask("io.fetchSockets()")).sort((x, y) => x.auth.n - y.auth.n);
    await eventually(fetched, [one, two]);
    assert.deepEqual(await a.ask('io.in("room1").fetchSockets()'), [two]);
    const three = seen(boss, { role: "admin" }, ["room1"]);
    assert.deepEqual(await a.ask('io.of("/admin").in("room1").fetchSockets()'), [three]);
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

inEach("The Socket instance (client-side)", (mode) => {
  test("disconnect: put out by the server, one connects again by hand", async (t) => {
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

/** The parser of the documentation's example, as it is there. */
class Encoder {
  encode(packet) {
    return [JSON.stringify(packet)];
  }
}

class Decoder extends Emitter {
  add(chunk) {
    const packet = JSON.parse(chunk);
    if (!this.isPacketValid(packet)) throw new Error("invalid format");
    this.emit("decoded", packet);
  }

  isPacketValid({ type, data, nsp, id }) {
    if (typeof nsp !== "string" || !(id === undefined || Number.isInteger(id))) return false;
    switch (type) {
      case 0: // CONNECT
        return data === undefined || typeof data === "object";
      case 1: // DISCONNECT
        return data === undefined;
      case 2: // EVENT
        return Array.isArray(data) && ["string", "number"].includes(typeof data[0]);
      case 3: // ACK
        return Array.isArray(data);
      case 4: // CONNECT_ERROR
        return typeof data === "object";
      default:
        return false;
    }
  }

  destroy() {}
}

inEach("Custom parser", (mode) => {
  const options = { url: WITH_PARSER, parser: { Encoder, Decoder } };

  test("Implementing your own parser", async (t) => {
    const client = await connect(t, mode, "/", options);
    assert.equal(await client.next("hello"), "world");
    assert.equal(await client.ask("hello", "π 🏆 \" \\"), "hello π 🏆 \" \\");
    client.socket.on("update item", (id, item, callback) => callback({ [id]: item }));
    assert.deepEqual(await client.ask("ask me"), { 1: { name: "updated" } });

    const admin = beside(t, client, "/admin", { auth: { role: "admin" } });
    assert.equal(await admin.ask("delete user"), "deleted");
    admin.socket.disconnect();
    admin.socket.auth = {};
    admin.socket.connect();
    assert.equal((await admin.next("@connect_error")).message, "not authorized");
    assert.equal(await client.ask("hello", "again"), "hello again");
  });

  test("Implementing your own parser: what is invalid ends the connection", async (t) => {
    for (const packet of ['42["hello"]', '{"type":5,"nsp":"/","data":["hello"]}', '{"type":2,"data":["hello"]}']) {
      const client = await connect(t, mode, "/", { ...options, reconnection: false });
      client.socket.io.engine.send(packet);
      assert.ok(GONE[mode].includes(await client.next("@disconnect")), packet);
    }
  });
});
