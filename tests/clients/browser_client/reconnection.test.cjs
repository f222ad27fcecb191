"use strict";

const assert = require("node:assert");
const { scenario, inEachMode, next, collect, until, settled, closeConnection, serveChannels, page } = require("./support.cjs");

inEachMode("after a restart of the server: subscriptions, then events emitted meanwhile", async (scope, mode) => {
  const before = await scope.server({}, serveChannels);
  const socket = scope.client(before.url, mode.options);
  await settled(socket, mode);
  await Promise.all(["a", "b"].map((channel) => new Promise((resolve) => socket.subscribe(channel, resolve))));

  const left = next(socket, "disconnect");
  const attempts = collect(socket, "reconnect_attempt");
  await before.crash();
  assert.match((await left)[0], /^transport (close|error)$/);
  assert.deepStrictEqual([socket.active, socket.connected, [...socket.channels]], [true, false, ["a", "b"]]);
  for (let n = 0; n < 3; n += 1) socket.emit("n", n);
  socket.unsubscribe("a");
  socket.subscribe("c");
  const answered = socket.emitWithAck("ask");
  await until(() => attempts.length >= 2);

  const packets = [];
  const again = next(socket, "reconnect");
  const after = await scope.server({ port: before.port }, (server) => {
    serveChannels(server);
    server.on("connection", (peer) => {
      peer.onAny((event, value) => packets.push(typeof value === "function" ? [event] : [event, value]));
      peer.on("ask", (ack) => ack("answer"));
    });
  });
  const [attempt] = await again;
  assert.strictEqual(attempt, attempts.length);
  assert.deepStrictEqual(attempts.map(([n]) => n), attempts.map((_, index) => index + 1));
  assert.strictEqual(await answered, "answer");
  assert.deepStrictEqual(packets, [["subscribe", "b"], ["subscribe", "c"], ["n", 0], ["n", 1], ["n", 2], ["ask"]]);
  await until(() => socket.channels.has("c"));
  assert.deepStrictEqual([...socket.channels], ["b", "c"]);
  const [peer] = await after.io.fetchSockets();
  assert.deepStrictEqual([...peer.rooms].sort(), [peer.id, "b", "c"].sort());
});

inEachMode("a subscription refused after a reconnection", async (scope, mode) => {
  let isClosed = false;
  const server = await scope.server({}, (each) => serveChannels(each, { mayJoin: (channel) => !isClosed || channel === "open" }));
  const socket = scope.client(server.url, mode.options);
  await settled(socket, mode);
  await Promise.all(["room", "open"].map((channel) => new Promise((resolve) => socket.subscribe(channel, resolve))));
  isClosed = true;
  const refused = next(socket, "subscribe_error");
  const [peer] = server.io.sockets.sockets.values();
  await closeConnection(peer);
  const [channel, error] = await refused;
  assert.deepStrictEqual([channel, error.message, error.data], ["room", "no such channel", { channel: "room" }]);
  assert.deepStrictEqual([...socket.channels], ["open"]);
});

scenario("a subscription whose connection breaks before the answer is tried again", async (scope) => {
  let times = 0;
  const server = await scope.server({}, (each) => each.on("connection", (peer) => peer.on("subscribe", (channel, ack) => {
    times += 1;
    if (times === 1) peer.conn.close();
    else ack(null);
  })));
  const socket = scope.client(server.url);
  await next(socket, "upgrade");
  const answers = await new Promise((resolve) => socket.subscribe("room", (...args) => resolve(args)));
  assert.deepStrictEqual([answers, times, [...socket.channels]], [[null], 2, ["room"]]);
});

scenario("attempts are counted, and given up", async (scope) => {
  const socket = scope.client("http://127.0.0.1:1", { reconnectionAttempts: 3, reconnectionDelay: 1 });
  const errors = collect(socket, "connect_error");
  const attempts = collect(socket, "reconnect_attempt");
  const subscribed = new Promise((resolve) => socket.subscribe("room", resolve));
  await next(socket, "reconnect_failed");
  assert.deepStrictEqual([errors.length, attempts, socket.active], [4, [[1], [2], [3]], false]);
  assert.strictEqual((await subscribed).code, "DISCONNECTED");
  socket.connect();
  await next(socket, "connect_error");
  assert.strictEqual(errors.length, 5);
});

scenario("reconnection: false gives up immediately", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, { reconnection: false });
  const failed = collect(socket, "reconnect_failed");
  const [peer] = await arrived;
  await settled(socket, { settled: "websocket" });
  const left = next(socket, "disconnect");
  await closeConnection(peer);
  await left;
  await until(() => !socket.active);
  assert.deepStrictEqual(failed, []);
});

scenario("the delay doubles up to its maximum, and is spread", async () => {
  const { backoff } = await import("../../../client/src/backoff.js");
  const options = { reconnectionDelay: 100, reconnectionDelayMax: 1000, randomizationFactor: 0.5 };
  const delaysOf = (attempts) => {
    const delays = Array.from({ length: 200 }, () => backoff(attempts, options));
    return [Math.min(...delays), Math.max(...delays)];
  };
  const isWithin = ([least, most], low, high) => least >= low && most <= high && most - least > (high - low) / 2;
  assert.ok(isWithin(delaysOf(0), 50, 150));
  assert.ok(isWithin(delaysOf(1), 100, 300));
  assert.ok(isWithin(delaysOf(2), 200, 600));
  assert.ok(isWithin(delaysOf(4), 500, 1000));
  assert.ok(isWithin(delaysOf(5000), 500, 1000));
});

scenario("connect() during a reconnection delay tries immediately", async (scope) => {
  const before = await scope.server();
  const socket = scope.client(before.url, { reconnectionDelay: 600_000, reconnectionDelayMax: 600_000 });
  await settled(socket, { settled: "websocket" });
  const left = next(socket, "disconnect");
  await before.crash();
  await left;
  await scope.server({ port: before.port });
  const again = next(socket, "reconnect");
  socket.connect();
  assert.deepStrictEqual(await again, [1]);
});

scenario("disconnect() and connect() inside a disconnect listener", async (scope) => {
  const server = await scope.server();
  const socket = scope.client(server.url, { transports: ["websocket"] });
  const drop = () => [...server.io.sockets.sockets.values()].forEach((peer) => peer.conn.close());
  await next(socket, "connect");

  socket.once("disconnect", () => socket.disconnect());
  const left = next(socket, "disconnect");
  drop();
  await left;
  assert.deepStrictEqual([socket.active, socket.io._retryTimer], [false, undefined]);

  socket.connect();
  await next(socket, "connect");
  let connections = 0;
  server.io.on("connection", () => { connections += 1; });
  socket.once("disconnect", () => socket.disconnect().connect());
  drop();
  await next(socket, "connect");
  assert.strictEqual(connections, 1);

  socket.once("disconnect", () => socket.connect());
  server.io.disconnectSockets();
  await next(socket, "connect");
  assert.strictEqual(connections, 2);
});

inEachMode("a server which falls silent is left after pingInterval + pingTimeout", async (scope, mode) => {
  const server = await scope.server({ pingInterval: 300, pingTimeout: 1000 });
  const proxy = await scope.proxy(server.port);
  const socket = scope.client(proxy.url, mode.options);
  await settled(socket, mode);
  const losses = collect(socket, "disconnect");
  let pings = 0;
  const [peer] = server.io.sockets.sockets.values();
  peer.conn.on("heartbeat", () => { pings += 1; });
  await until(() => pings >= 5, "heartbeats for longer than it would wait");
  assert.deepStrictEqual(losses, []);

  const again = next(socket, "reconnect");
  proxy.stall();
  await until(() => losses.length > 0, "the silence is noticed");
  proxy.cut();
  const [reason, error] = losses[0];
  assert.strictEqual(reason, "ping timeout");
  assert.match(error.message, /1300 ms/);
  await again;
});

scenario("after a computer's sleep, what is emitted waits for the next connection", async (scope) => {
  const server = await scope.server();
  const received = [];
  server.io.on("connection", (peer) => peer.on("e", (value) => received.push([peer.id, value])));
  let slept = 0;
  const { io } = page(server.url, { Date: { now: () => Date.now() + slept } });
  const socket = scope.client(undefined, {}, io);
  await settled(socket, { settled: "websocket" });
  const oldId = socket.id;
  const left = next(socket, "disconnect");
  slept = 3_600_000;
  socket.emit("e", "awake");
  assert.strictEqual((await left)[0], "ping timeout");
  await until(() => received.length === 1);
  assert.notStrictEqual(received[0][0], oldId);
  assert.strictEqual(received[0][1], "awake");
});

scenario("after a computer's sleep, the last word on a channel holds", async (scope) => {
  const server = await scope.server({}, serveChannels);
  let slept = 0;
  const { io } = page(server.url, { Date: { now: () => Date.now() + slept } });
  const socket = scope.client(undefined, {}, io);
  await settled(socket, { settled: "websocket" });
  await Promise.all(["kept", "left"].map((channel) => new Promise((resolve) => socket.subscribe(channel, resolve))));
  slept = 3_600_000;
  socket.unsubscribe("kept");
  socket.unsubscribe("left");
  const answered = new Promise((resolve) => socket.subscribe("kept", resolve));
  await next(socket, "reconnect");
  assert.strictEqual(await answered, null);
  await until(() => server.io.sockets.sockets.size === 1, "the end of the lost connection");
  const [peer] = await server.io.fetchSockets();
  assert.deepStrictEqual([...peer.rooms], [peer.id, "kept"]);
});
