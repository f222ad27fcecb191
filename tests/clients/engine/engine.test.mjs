// The official Engine.IO client against an `EngineIo` that echoes messages.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Socket } from "engine.io-client";

const URL = process.env.SERVER_URL;

/** A client that keeps each message until a test asks for it. */
function connect(options) {
  const socket = new Socket(URL, options);
  socket.binaryType = "arraybuffer";
  const received = [];
  socket.on("message", (data) =>
    received.push(typeof data === "string" ? data : [...new Uint8Array(data)]),
  );
  socket.next = async () => {
    while (received.length === 0) await once(socket, "message");
    return received.shift();
  };
  return socket;
}

for (const transports of [["polling"], ["websocket"]]) {
  test(`text and bytes come back in order over ${transports}`, async () => {
    const socket = connect({ transports });
    assert.equal(await socket.next(), `open over ${transports}`);
    const sent = Array.from({ length: 100 }, (_, at) => `message ${at}`);
    sent.forEach((text) => socket.send(text));
    for (const text of sent) assert.equal(await socket.next(), text);
    socket.send(new Uint8Array([1, 2, 3]));
    assert.deepEqual(await socket.next(), [1, 2, 3]);
    socket.close();
  });
}

test("a client upgrades from polling to a WebSocket and loses nothing", async () => {
  const socket = connect({ transports: ["polling", "websocket"] });
  const upgraded = once(socket, "upgrade");
  assert.equal(await socket.next(), "open over polling");
  const sent = [];
  const send = (text) => {
    sent.push(text);
    socket.send(text);
  };
  for (let at = 0; at < 20; at++) send(`before ${at}`);
  await upgraded;
  for (let at = 0; at < 20; at++) send(`after ${at}`);
  for (const text of sent) assert.equal(await socket.next(), text);
  socket.send("transport?");
  assert.equal(await socket.next(), "websocket");
  socket.close();
});

test("the server closes a session after what it has sent", async () => {
  for (const transports of [["polling"], ["websocket"]]) {
    const socket = connect({ transports });
    const closed = once(socket, "close");
    assert.equal(await socket.next(), `open over ${transports}`);
    socket.send("close!");
    assert.equal(await socket.next(), "the last message");
    const [reason] = await closed;
    assert.equal(reason, "transport close");
  }
});

test("heartbeats keep a quiet session open", async () => {
  const socket = connect({ transports: ["websocket"] });
  assert.equal(await socket.next(), "open over websocket");
  for (let beats = 0; beats < 3; beats++) await once(socket, "heartbeat");
  socket.send("still here");
  assert.equal(await socket.next(), "still here");
  socket.close();
});
