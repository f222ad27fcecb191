"use strict";

const assert = require("node:assert");
const { scenario, inEachMode, next, collect, until, settled, closeConnection, page } = require("./support.cjs");

/** A connected pair: a socket of our client, and the server's socket for it. */
async function pair(scope, mode, options = {}) {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, { ...mode.options, ...options });
  const [peer] = await arrived;
  await settled(socket, mode);
  return { server, socket, peer };
}

inEachMode("events arrive in both directions, with all their arguments", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  const values = [1, 2.5, "grüße\x1e\u2028 🦀\n", null, true, [[]], { a: { b: [1] } }];
  const there = next(peer, "values");
  assert.strictEqual(socket.emit("values", ...values), socket);
  assert.deepStrictEqual(await there, values);
  const back = next(socket, "values");
  peer.emit("values", ...values);
  assert.deepStrictEqual(await back, values);
});

inEachMode("send() and the event message are one", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  const there = next(peer, "message");
  socket.send("hello", 2);
  assert.deepStrictEqual(await there, ["hello", 2]);
  const back = next(socket, "message");
  peer.send("hello", 3);
  assert.deepStrictEqual(await back, ["hello", 3]);
});

inEachMode("the server acknowledges", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  peer.on("add", (a, b, ack) => ack(a + b, "and more"));
  const answer = await new Promise((resolve) => socket.emit("add", 1, 2, (...args) => resolve(args)));
  assert.deepStrictEqual(answer, [3, "and more"]);
  assert.strictEqual(await socket.emitWithAck("add", 3, 4), 7);
  assert.strictEqual(await socket.timeout(5000).emitWithAck("add", 5, 6), 11);
  const errorFirst = await new Promise((resolve) => socket.timeout(5000).emit("add", 1, 1, (...args) => resolve(args)));
  assert.deepStrictEqual(errorFirst, [null, 2, "and more"]);
});

inEachMode("we acknowledge, once", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  const packets = [];
  peer.conn.on("data", (packet) => packets.push(packet));
  socket.on("add", (a, b, ack) => {
    ack(a + b);
    ack("again");
  });
  assert.strictEqual(await peer.emitWithAck("add", 1, 2), 3);
  const barrier = next(peer, "barrier");
  socket.emit("barrier");
  await barrier;
  assert.deepStrictEqual(packets, ["30[3]", '2["barrier"]']);
});

scenario("the id of an acknowledgement goes back as it came", async (scope) => {
  const { socket, peer } = await pair(scope, { options: {}, settled: "websocket" });
  const packet = next(peer.conn, "data");
  socket.on("count", (ack) => ack());
  peer.conn.send('212345678901234567890["count"]');
  assert.deepStrictEqual(await packet, ["312345678901234567890[]"]);
});

scenario("an unrequested answer is ignored", async (scope) => {
  const { socket, peer } = await pair(scope, { options: {}, settled: "websocket" });
  const answers = [];
  peer.on("ask", () => {
    for (const answer of ["37[1]", "3[2]", "30[3]", "30[4]"]) peer.conn.send(answer);
    peer.emit("barrier");
  });
  const barrier = next(socket, "barrier");
  socket.emit("ask", (answer) => answers.push(answer));
  await barrier;
  assert.deepStrictEqual([answers, socket.connected], [[3], true]);
});

inEachMode("an answer which does not come in time is an error, and nothing if it comes later", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode, { ackTimeout: 30 });
  const acks = [];
  peer.on("ask", (ack) => acks.push(ack));
  const answers = [];
  const error = await new Promise((resolve) => socket.emit("ask", (...args) => {
    answers.push(args);
    resolve(args[0]);
  }));
  assert.deepStrictEqual([error.message, error.code], ["operation has timed out", "TIMEOUT"]);
  await assert.rejects(socket.timeout(20).emitWithAck("ask"), { code: "TIMEOUT" });
  await assert.rejects(socket.emitWithAck("ask"), { code: "TIMEOUT" });
  await until(() => acks.length === 3);
  acks.forEach((ack) => ack("late"));
  const barrier = next(socket, "barrier");
  peer.emit("barrier");
  await barrier;
  assert.strictEqual(answers.length, 1);
});

inEachMode("acknowledgements waited for at a disconnect", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode, { reconnection: false });
  const calls = [];
  const received = collect(peer, "ask");
  socket.emit("ask", () => calls.push("plain"));
  socket.timeout(60_000).emit("ask", (error) => calls.push(error.message));
  const asked = socket.emitWithAck("ask").catch((error) => calls.push(error.message));
  socket.on("disconnect", () => calls.push("disconnect"));
  await until(() => received.length === 3);
  await closeConnection(peer);
  await asked;
  assert.deepStrictEqual(calls, ["disconnect", "socket has been disconnected", "socket has been disconnected"]);
});

scenario("reserved names are refused", async (scope) => {
  const { socket, peer } = await pair(scope, { options: {}, settled: "websocket" });
  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", undefined, {}]) {
    assert.throws(() => socket.emit(name, 1), { name: "TypeError" });
    assert.throws(() => socket.timeout(1).emit(name, 1), { name: "TypeError" });
    await assert.rejects(socket.emitWithAck(name, 1), { name: "TypeError" });
  }
  const received = next(peer, "7");
  socket.emit(7, "numbers are names");
  assert.deepStrictEqual(await received, ["numbers are names"]);
});

const BYTES = Uint8Array.from([0, 1, 30, 127, 128, 255]);

/** All forms in which an application may have bytes. */
const FORMS = {
  "an ArrayBuffer": BYTES.buffer,
  "a typed array": BYTES,
  "a part of one": new Uint8Array([9, ...BYTES, 9]).subarray(1, 7),
  "a DataView": new DataView(BYTES.buffer),
  "a Buffer": Buffer.from(BYTES),
  "a Blob": new Blob([BYTES]),
  "a File": new (require("node:buffer").File)([BYTES], "bytes"),
};

inEachMode("binary data arrives in both directions, in each form, at each depth", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  peer.on("bytes", (value, ack) => ack(value));
  for (const [form, value] of Object.entries(FORMS)) {
    const back = await socket.emitWithAck("bytes", { list: [{ value }, "text"], empty: null });
    assert.deepStrictEqual(back, { list: [{ value: Buffer.from(BYTES) }, "text"], empty: null }, form);
  }
  const large = Buffer.alloc(300_000, "a large one ");
  const two = await socket.emitWithAck("bytes", [large, new ArrayBuffer(0), large]);
  assert.deepStrictEqual(two, [large, Buffer.alloc(0), large]);

  socket.on("ask", (value, ack) => ack({ value }));
  assert.deepStrictEqual(await peer.emitWithAck("ask", Buffer.from(BYTES)), { value: Buffer.from(BYTES) });
});

inEachMode("texts do not overtake a Blob that has to be read", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  // The server drops events whose client leaves before they are handled, but it has their packets.
  const received = [];
  peer.conn.on("data", (packet) => received.push(packet));
  for (const value of [0, new Blob([BYTES]), 2, new Blob([BYTES, BYTES])]) socket.emit("n", value);
  const left = next(peer, "disconnect");
  socket.disconnect();
  await left;
  const bytes = '51-["n",{"_placeholder":true,"num":0}]';
  assert.deepStrictEqual(received, ['2["n",0]', bytes, Buffer.from(BYTES), '2["n",2]', bytes, Buffer.concat([BYTES, BYTES]), "1"]);
});

scenario("a page receives ArrayBuffers, or Blobs if it wants them", async (scope) => {
  const server = await scope.server();
  server.io.on("connection", (peer) => peer.on("bytes", (value, ack) => ack(value)));
  const ofPage = page(server.url, { Blob });
  const socket = scope.client(undefined, { transports: ["polling"] }, ofPage.io);
  const buffer = await socket.emitWithAck("bytes", BYTES);
  assert.strictEqual(Object.prototype.toString.call(buffer), "[object ArrayBuffer]");
  assert.deepStrictEqual(Buffer.from(buffer), Buffer.from(BYTES));
  socket.io.engine.binaryType = "blob";
  const blob = await socket.emitWithAck("bytes", BYTES);
  assert.deepStrictEqual(Buffer.from(await blob.arrayBuffer()), Buffer.from(BYTES));
});

inEachMode("attachments that no packet has, or too few of them, end the connection", async (scope, mode) => {
  for (const packets of [[Buffer.from("x")], ['51-["a",{"_placeholder":true,"num":0}]', "2[1]"], ['51-["a",{"_placeholder":true,"num":1}]', Buffer.from("x")]]) {
    const { socket, peer } = await pair(scope, mode, { reconnection: false });
    const left = next(socket, "disconnect");
    for (const packet of packets) peer.conn.send(packet);
    assert.strictEqual((await left)[0], "parse error");
  }
});

scenario("data that is not JSON is refused", async (scope) => {
  const { socket } = await pair(scope, { options: {}, settled: "websocket" });
  const cycle = {};
  cycle.cycle = cycle;
  assert.throws(() => socket.emit("x", cycle), { name: "TypeError" });
  assert.throws(() => socket.emit("x", 1n), { name: "TypeError" });
});

scenario("listeners: on, once, off, onAny, also while they are being called", async (scope) => {
  const { socket, peer } = await pair(scope, { options: {}, settled: "websocket" });
  const calls = [];
  function first() {
    calls.push("first");
    this.off("e", first).on("e", later);
  }
  const later = () => calls.push("later");
  const onceOnly = () => calls.push("once");
  const neverCalled = () => calls.push("never");
  const any = (event, ...args) => calls.push([event, ...args]);
  socket.on("e", first).once("e", onceOnly).once("e", neverCalled).off("e", neverCalled).onAny(any);
  socket.on("e", () => calls.push("last"));

  const barrier = next(socket, "barrier");
  peer.emit("e", 1);
  peer.emit("e", 2);
  peer.emit("barrier");
  await barrier;
  assert.deepStrictEqual(calls, [["e", 1], "first", "once", "last", ["e", 2], "last", "later", ["barrier"]]);

  calls.length = 0;
  socket.off("e").offAny(any);
  const again = next(socket, "barrier");
  peer.emit("e", 3);
  peer.emit("barrier");
  await again;
  assert.deepStrictEqual(calls, []);

  socket.on("e", later).on("f", later).off();
  assert.deepStrictEqual([socket.hasListeners("e"), socket.hasListeners("f")], [false, false]);
});

inEachMode("a listener which throws is reported, and costs no other packet", async (scope, mode) => {
  const server = await scope.server();
  server.io.on("connection", (peer) => {
    peer.emit("e", 1);
    peer.emit("e", 2);
  });
  const ofPage = page(server.url);
  const socket = scope.client(undefined, mode.options, ofPage.io);
  socket.on("e", () => { throw new Error("the application's mistake"); });
  const received = collect(socket, "e");
  await until(() => received.length === 2);
  await until(() => ofPage.errors.length === 2);
  assert.strictEqual(ofPage.errors[0].message, "the application's mistake");
});

inEachMode("a listener that disconnects receives nothing more", async (scope, mode) => {
  const { socket, peer } = await pair(scope, mode);
  const received = [];
  socket.on("e", (n) => {
    received.push(n);
    socket.disconnect();
  });
  const left = next(peer, "disconnect");
  for (let n = 0; n < 5; n += 1) peer.emit("e", n);
  await left;
  assert.deepStrictEqual(received, [0]);
});

inEachMode("events emitted before the connection are sent in order, before the connect listeners run", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, { ...mode.options, autoConnect: false });
  for (let n = 0; n < 500; n += 1) socket.emit("n", n);
  socket.on("connect", () => socket.emit("n", 500));
  socket.connect();
  const [peer] = await arrived;
  const received = collect(peer, "n");
  await until(() => received.length === 501);
  assert.deepStrictEqual(received.map(([n]) => n), Array.from({ length: 501 }, (_, n) => n));
});

scenario("what may wait for a connection is bounded", async (scope) => {
  const socket = scope.client("http://127.0.0.1:1", { autoConnect: false, maxBuffered: 3, maxBufferedSize: 100 });
  const tooMany = { name: "RangeError", message: /maxBuffered\b/ };
  const tooMuch = { name: "RangeError", message: /maxBufferedSize/ };
  assert.throws(() => socket.emit("e", "x".repeat(100)), tooMuch);
  socket.emit("e").emit("e").emit("e");
  assert.throws(() => socket.emit("e"), tooMany);
  assert.throws(() => socket.publish("channel", 1, () => {}), tooMany);
  await assert.rejects(socket.emitWithAck("e"), tooMany);
  socket.subscribe("a").subscribe("b").subscribe("b");
  assert.throws(() => socket.subscribe("c"), tooMany);
  assert.strictEqual(socket._acks.size, 0);
});

scenario("a buffered event whose time is over is not sent", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, { autoConnect: false });
  await assert.rejects(socket.timeout(5).emitWithAck("e", "late"), { code: "TIMEOUT" });
  socket.emit("e", "in time");
  socket.connect();
  const [peer] = await arrived;
  assert.deepStrictEqual(await next(peer, "e"), ["in time"]);
});

inEachMode("what is larger than the server takes is refused, and harms nothing else", async (scope, mode) => {
  const server = await scope.server({ maxHttpBufferSize: 1000 });
  const arrived = next(server.io, "connection");
  const ofPage = page(server.url);
  const socket = scope.client(undefined, { ...mode.options, autoConnect: false, checkSize: true }, ofPage.io);
  const large = "ü".repeat(600);
  const answers = [];
  socket.timeout(60_000).emit("e", large, (error) => answers.push(error.name));
  socket.emit("e", large);
  socket.connect();
  const [peer] = await arrived;
  await settled(socket, mode);
  assert.throws(() => socket.emit("e", large), { name: "RangeError" });
  await assert.rejects(socket.emitWithAck("e", large), { name: "RangeError" });
  await until(() => ofPage.errors.length === 1);
  assert.deepStrictEqual([answers, ofPage.errors[0].name], [["RangeError"], "RangeError"]);

  const fitting = "x".repeat(1000 - '42["e",""]'.length);
  const received = next(peer, "e");
  socket.emit("e", fitting);
  assert.deepStrictEqual(await received, [fitting]);
});

inEachMode("what may wait for a slow server is bounded", async (scope, mode) => {
  const { socket } = await pair(scope, mode, { maxBufferedSize: 100_000 });
  assert.throws(() => {
    for (;;) socket.emit("e", "x".repeat(1000));
  }, { name: "RangeError", message: /maxBufferedSize/ });
  assert.strictEqual(socket.connected, true);
});

scenario("polling: one request of each kind at a time, batched, and within the server's limit", async (scope) => {
  const server = await scope.server({ maxHttpBufferSize: 200 });
  server.io.on("connection", (peer) => peer.on("e", (text) => peer.emit("e", text)));
  const inFlight = { GET: 0, POST: 0 };
  const bodies = [];
  const watching = async (url, request) => {
    inFlight[request.method] += 1;
    assert.strictEqual(inFlight[request.method], 1);
    if (request.body) bodies.push(request.body);
    const response = await fetch(url, request);
    const text = await response.text();
    inFlight[request.method] -= 1;
    return new Response(text, { status: response.status });
  };
  const socket = scope.client(server.url, { transports: ["polling"], fetch: watching });
  await settled(socket, { settled: "polling" });
  const received = collect(socket, "e");
  const texts = Array.from({ length: 100 }, (_, n) => "ö".repeat(n % 80));
  for (const text of texts) socket.emit("e", text);
  await until(() => received.length === 100);
  assert.deepStrictEqual(received.map(([text]) => text), texts);
  assert.ok(bodies.every((body) => Buffer.byteLength(body) <= 200), "within maxHttpBufferSize");
  assert.ok(bodies.length < 100, `batched: ${bodies.length}`);
});

scenario("events which come before the namespace is joined are kept for the connect listeners", async (scope) => {
  const server = await scope.server({}, (each) => each.use((peer, done) => {
    peer.emit("early", 1);
    done();
  }));
  const socket = scope.client(server.url);
  const order = [];
  socket.on("connect", () => order.push("connect")).on("early", (n) => order.push(n));
  await until(() => order.length === 2);
  assert.deepStrictEqual(order, ["connect", 1]);
});
