// Managers, namespaces, and how connections begin and end.

import assert from "node:assert/strict";
import { test } from "node:test";
import parser from "socket.io-msgpack-parser";
import { Manager, Socket, isOurs, ownAuth, protocol } from "../client.mjs";
import { client, inEachMode, next, pair, serve } from "./support.mjs";
import { until } from "./within.mjs";

test("namespaces share a connection", async (t) => {
  const server = await serve(t);
  for (const name of ["/", "/a", "/b"]) server.io.of(name).on("connection", (peer) => peer.on("name", (ack) => ack(peer.nsp.name)));
  const [main, a, b] = ["/", "/a", "/b"].map((name) => client(t, server.url + name));
  assert.ok(main.io === a.io && a.io === b.io);
  const again = client(t, `${server.url}/a`);
  const alone = client(t, `${server.url}/b`, { forceNew: true });
  const other = client(t, `${server.url}/b`, { multiplex: false });
  assert.equal(new Set([main.io, again.io, alone.io, other.io]).size, 4);
  const names = await Promise.all([main, a, b, again, alone, other].map((socket) => socket.emitWithAck("name")));
  assert.deepEqual(names, ["/", "/a", "/b", "/a", "/b", "/b"]);
  assert.equal(server.io.engine.clientsCount, 4);
  assert.equal(new Set([main.id, a.id, b.id]).size, 3);

  a.disconnect();
  assert.deepEqual([a.connected, b.connected], [false, true]);
  assert.equal(await b.emitWithAck("name"), "/b");
  a.connect();
  assert.equal(await a.emitWithAck("name"), "/a");
  assert.equal(protocol, 5);
});

test("a manager, and sockets of it", async (t) => {
  const server = await serve(t);
  const manager = new Manager(server.url, { autoConnect: false });
  const opened = next(manager, "open");
  await new Promise((resolve, reject) => manager.open((error) => (error ? reject(error) : resolve())));
  await opened;
  const socket = manager.socket("/");
  assert.ok(socket instanceof Socket);
  assert.equal(socket.active, false);
  assert.equal(manager.socket("/"), socket);
  socket.connect();
  await next(socket, "connect");
  manager.reconnectionDelay(7).timeout(9);
  assert.deepEqual([manager.reconnectionDelay(), manager.timeout(), manager.reconnection()], [7, 9, true]);
  const closed = next(manager, "close");
  socket.disconnect();
  assert.deepEqual((await closed)[0], "forced close");
});

test("a manager that can't connect", async (t) => {
  const manager = new Manager("http://127.0.0.1:1", { autoConnect: false, reconnection: false });
  const failed = next(manager, "error");
  const error = await new Promise((resolve) => manager.open(resolve));
  assert.ok(error instanceof Error);
  assert.equal((await failed)[0].message, "xhr poll error");
  assert.equal(error.type, "TransportError");
});

test("the events of reconnections", async (t) => {
  const server = await serve(t);
  const socket = client(t, server.url, { reconnectionAttempts: 3 });
  await next(socket, "connect");
  const seen = [];
  for (const name of ["reconnect_attempt", "reconnect", "reconnect_error", "reconnect_failed", "close"]) {
    socket.io.on(name, (value) => seen.push([name, value instanceof Error ? "error" : value]));
  }
  const reconnected = next(socket.io, "reconnect");
  socket.io.engine.close();
  await reconnected;
  assert.deepEqual(seen, [["close", "forced close"], ["reconnect_attempt", 1], ["reconnect", 1]]);
  if (!socket.connected) await next(socket, "connect");

  seen.length = 0;
  const failed = next(socket.io, "reconnect_failed");
  await server.stop();
  await failed;
  assert.match(seen.shift()[1], /^transport (close|error)$/);
  await until(() => seen.length === 7, "all events");
  const named = (name) => seen.filter(([each]) => each === name).map(([, value]) => value);
  assert.deepEqual(named("reconnect_attempt"), [1, 2, 3]);
  assert.deepEqual(named("reconnect_error"), ["error", "error", "error"]);
  assert.deepEqual(named("reconnect_failed"), [undefined]);
});

inEachMode("the server's refusal has its text and its data", async (t, options) => {
  const server = await serve(t);
  server.io.use((peer, done) => done(Object.assign(new Error("not you"), { data: { code: 7 } })));
  const socket = client(t, server.url, options);
  const [error] = await next(socket, "connect_error");
  assert.deepEqual([error.message, error.data, socket.active], ["not you", { code: 7 }, false]);
});

test("a refusal by HTTP", async (t) => {
  const allowRequest = (_, done) => done("log in first", false);
  const server = await serve(t, { allowRequest });
  const [error] = await next(client(t, server.url, { reconnection: false }), "connect_error");
  assert.equal(error.message, isOurs ? "log in first" : "xhr poll error");
  assert.deepEqual([error.type, error.description], ["TransportError", 403]);
  // The official client has the text in browsers only.
  if (isOurs) assert.match(error.context.responseText, /log in first/);
  const websocket = client(t, server.url, { reconnection: false, transports: ["websocket"] });
  const [other] = await next(websocket, "connect_error");
  assert.deepEqual([other.message, other.type], ["websocket error", "TransportError"]);
});

test("auth as a function is asked for each connection", async (t) => {
  const server = await serve(t);
  const seen = [];
  server.io.on("connection", (peer) => seen.push(ownAuth(peer.handshake.auth)));
  let count = 0;
  const socket = client(t, server.url, { auth: (give) => setTimeout(() => give({ count: ++count })) });
  await next(socket, "connect");
  socket.io.engine.close();
  await next(socket, "connect");
  assert.deepEqual(seen, [{ count: 1 }, { count: 2 }]);
});

test("a query, as an object and as a text", async (t) => {
  const server = await serve(t);
  // The official client does not read a text any more.
  for (const query of [{ who: "Ada & Bo" }, ...(isOurs ? ["who=Ada+%26+Bo"] : [])]) {
    const arrived = next(server.io, "connection");
    client(t, server.url, { query, forceNew: true });
    const [{ handshake }] = await arrived;
    assert.equal(handshake.query.who, "Ada & Bo");
  }
});

test("the state of a connection is recovered", async (t) => {
  const { server, socket, peer } = await pair(t, { transports: ["websocket"] }, { connectionStateRecovery: {} });
  assert.equal(socket.recovered, false);
  peer.join("room");
  peer.data.name = "Ada";
  const received = [];
  socket.on("news", (text) => received.push(text));
  server.io.to("room").emit("news", "one");
  await until(() => received.length === 1, "the first");
  const { id } = socket;
  socket.io.engine.close();
  server.io.to("room").emit("news", "two");
  await next(socket, "connect");
  await until(() => received.length === 2, "what was missed");
  assert.deepEqual([received, socket.recovered, socket.id], [["one", "two"], true, id]);
});

inEachMode("a parser of the application's choice", async (t, options) => {
  const { socket, peer } = await pair(t, { ...options, parser }, { parser });
  peer.on("echo", (value, ack) => ack(value));
  const value = { text: "π", list: [1, null], bytes: Buffer.from([1, 2, 3]) };
  assert.deepEqual(await socket.emitWithAck("echo", value), value);
});

test("the events of the engine", async (t) => {
  const server = await serve(t, { pingInterval: 50 });
  const socket = client(t, server.url);
  const { engine } = socket.io;
  assert.deepEqual([engine.readyState, engine.transport.name], ["opening", "polling"]);
  const seen = new Set();
  for (const name of ["open", "handshake", "packet", "packetCreate", "data", "message", "drain", "flush", "ping", "upgrading", "upgrade"]) {
    engine.on(name, () => seen.add(name));
  }
  const [transport] = await next(engine, "upgrade");
  assert.equal(transport.name, "websocket");
  assert.equal(engine.transport.name, "websocket");
  await next(socket.io, "ping");
  assert.equal(typeof engine.id, "string");
  assert.equal(seen.size, 11, [...seen].join());
  const closed = next(engine, "close");
  socket.disconnect();
  await closed;
  assert.equal(engine.readyState, "closed");
});

test("transports: the first one, or all in turn", async (t) => {
  const server = await serve(t, { transports: ["websocket"] });
  const first = client(t, server.url, { reconnection: false });
  assert.equal((await next(first, "connect_error"))[0].description, 400);
  const all = client(t, server.url, { tryAllTransports: true });
  await next(all, "connect");
  assert.equal(all.io.engine.transport.name, "websocket");
});

test("polling keeps the cookies of a server, if it may", async (t) => {
  const server = await serve(t, { cookie: { name: "node", path: "/" } });
  const cookies = [];
  server.io.engine.on("headers", (_, { headers }) => cookies.push(headers.cookie));
  const socket = client(t, server.url, { transports: ["polling"], withCredentials: true });
  await next(socket, "connect");
  await until(() => cookies.length > 1, "a second request");
  assert.equal(cookies[0], undefined);
  assert.match(cookies[1], /^node=[^;]+$/);
});
