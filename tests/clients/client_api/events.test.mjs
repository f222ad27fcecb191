// What a socket sends and receives, as https://socket.io/docs/v4/client-api/ describes it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isOurs } from "../client.mjs";
import { client, inEachMode, next, pair, serve } from "./support.mjs";
import { until } from "./within.mjs";

const BYTES = Buffer.from([0, 1, 30, 127, 128, 255]);

inEachMode("binary data, both ways, in each form", async (t, options) => {
  const { socket, peer } = await pair(t, options);
  peer.on("bytes", (value, ack) => ack({ value, more: [value] }));
  const forms = { Buffer: BYTES, ArrayBuffer: Uint8Array.from(BYTES).buffer, "a view": new Uint8Array([9, ...BYTES]).subarray(1) };
  // The official client reads blobs in browsers only.
  if (isOurs) forms.Blob = new Blob([BYTES]);
  for (const [form, value] of Object.entries(forms)) {
    assert.deepEqual(await socket.emitWithAck("bytes", value), { value: BYTES, more: [BYTES] }, form);
  }
  socket.on("ask", (value, ack) => ack({ back: value }));
  assert.deepEqual(await peer.emitWithAck("ask", BYTES), { back: BYTES });
});

test("a socket in a page of the documentation: emit, timeout, emitWithAck, compress", async (t) => {
  const { socket, peer } = await pair(t, {});
  peer.on("add", (one, other, ack) => ack(one + other));
  peer.on("silent", () => {});
  assert.equal(await socket.emitWithAck("add", 1, 2), 3);
  assert.equal(await socket.compress(false).timeout(5000).emitWithAck("add", 1, 2), 3);
  assert.deepEqual(await new Promise((resolve) => socket.timeout(5000).emit("add", 1, 2, (...args) => resolve(args))), [null, 3]);
  await assert.rejects(socket.timeout(30).emitWithAck("silent"), /operation has timed out/);
  // The flags are for one event.
  assert.equal(await new Promise((resolve) => socket.emit("add", 3, 4, resolve)), 7);
  assert.throws(() => socket.emit("connect"), /"connect" is a reserved event name/);
});

test("ackTimeout makes acknowledgements error-first", async (t) => {
  const { socket, peer } = await pair(t, { ackTimeout: 1000 });
  peer.on("add", (one, other, ack) => ack(one + other));
  assert.deepEqual(await new Promise((resolve) => socket.emit("add", 1, 2, (...args) => resolve(args))), [null, 3]);
  const [error] = await new Promise((resolve) => socket.emit("silent", (...args) => resolve(args)));
  assert.equal(error.message, "operation has timed out");
});

test("what waits for an answer when the connection breaks", async (t) => {
  const { socket, peer } = await pair(t, { reconnection: false });
  const asked = next(peer, "ask");
  const answer = socket.emitWithAck("ask");
  await asked;
  socket.io.engine.close();
  await assert.rejects(answer, /socket has been disconnected/);
});

test("listeners of all events, in both directions", async (t) => {
  const { socket, peer } = await pair(t, {});
  const calls = [];
  const note = (name) => (...args) => calls.push([name, ...args]);
  const [first, second, sent] = [note("first"), note("second"), note("sent")];
  socket.onAny(second).prependAny(first).onAnyOutgoing(sent).prependAnyOutgoing(note("sent before"));
  assert.equal(socket.listenersAny().length, 2);
  assert.equal(socket.listenersAnyOutgoing().length, 2);
  socket.on("e", note("listener"));
  socket.emit("out", 1);
  peer.emit("e", 2);
  await next(socket, "e");
  assert.deepEqual(calls, [["sent before", "out", 1], ["sent", "out", 1], ["first", "e", 2], ["second", "e", 2], ["listener", 2]]);
  calls.length = 0;
  socket.offAny(first).offAnyOutgoing();
  socket.emit("out", 3);
  peer.emit("e", 4);
  await next(socket, "e");
  assert.deepEqual(calls, [["second", "e", 4], ["listener", 4]]);
  assert.deepEqual([socket.listenersAny().length, socket.listenersAnyOutgoing().length], [1, 0]);
});

test("volatile events are dropped without a connection, others wait", async (t) => {
  const server = await serve(t);
  const received = [];
  server.io.on("connection", (peer) => peer.onAny((event) => received.push(event)));
  const socket = client(t, server.url, { autoConnect: false });
  socket.volatile.emit("dropped");
  socket.emit("kept");
  assert.equal(socket.sendBuffer.length, 1);
  socket.connect();
  await next(socket, "connect");
  await until(() => received.length > 0, "an event");
  // One is dropped as well while a request or an upgrade is in flight.
  await until(() => {
    socket.volatile.emit("sent");
    return received.length > 1;
  }, "the second event");
  assert.deepEqual([...new Set(received)], ["kept", "sent"]);
});

test("an application may empty the buffer", async (t) => {
  const server = await serve(t);
  const received = [];
  server.io.on("connection", (peer) => peer.onAny((event) => received.push(event)));
  const socket = client(t, server.url, { autoConnect: false });
  socket.emit("old");
  socket.sendBuffer = [];
  socket.emit("new");
  socket.connect();
  await until(() => received.length > 0, "an event");
  assert.deepEqual(received, ["new"]);
});

test("retries: an event is sent until it is acknowledged, and in order", async (t) => {
  const { socket, peer } = await pair(t, { retries: 3, ackTimeout: 400 });
  const received = [];
  peer.on("e", (value, ack) => {
    received.push(value);
    if (received.length !== 1) ack(value * 10);
  });
  const answers = await Promise.all([1, 2].map((value) => new Promise((resolve) => socket.emit("e", value, (...args) => resolve(args)))));
  assert.deepEqual(answers, [[null, 10], [null, 20]]);
  // On a busy machine an answer may be late, and its event comes once more.
  assert.deepEqual([...received].sort(), received, "in order");
  assert.ok(received.filter((value) => value === 1).length > 1 && received.includes(2), `${received}`);
  const tries = [];
  peer.on("never", () => tries.push(1));
  const [error] = await new Promise((resolve) => socket.emit("never", (...args) => resolve(args)));
  assert.equal(error.message, "operation has timed out");
  await until(() => tries.length === 4, "the last of four tries");
});

test("retries: what a broken connection left unanswered is sent again", async (t) => {
  const { server, socket, peer } = await pair(t, { retries: 3, ackTimeout: 10_000 });
  peer.on("e", () => peer.conn.close());
  server.io.on("connection", (again) => again.on("e", (value, ack) => ack(value + 1)));
  const [error, answer] = await new Promise((resolve) => socket.emit("e", 1, (...args) => resolve(args)));
  assert.deepEqual([error, answer], [null, 2]);
});
