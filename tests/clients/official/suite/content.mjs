// Many messages, any text, and large messages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STRANGE_TEXT, connect, crowd, fence, numbers, unique } from "../harness.mjs";

export function content(mode) {
  test("1,000 messages arrive in order at the server", async (t) => {
    const client = await connect(t, mode);
    for (const n of numbers(1000)) client.socket.emit("count", n);
    assert.deepEqual(await client.ask("counted"), numbers(1000));
  });

  test("1,000 messages arrive in order at the client", async (t) => {
    const client = await connect(t, mode);
    client.socket.emit("stream", 1000);
    await client.first(1000, "numbered");
    await fence(client, [client]);
    assert.deepEqual(client.all("numbered"), numbers(1000));
  });

  test("1,000 publications arrive in order at every subscriber", async (t) => {
    const clients = await crowd(t, mode, 3);
    const room = unique("room");
    for (const client of clients) await client.subscribe(room);
    clients[0].socket.emit("stream_channel", room, 1000);
    for (const client of clients) await client.first(1000, "numbered");
    await fence(clients[0], clients);
    for (const client of clients) assert.deepEqual(client.all("numbered"), numbers(1000));
  });

  test("any text is echoed unchanged", async (t) => {
    const client = await connect(t, mode);
    const everything = String.fromCodePoint(...numbers(0x3000).filter((c) => c < 0xd800 || c > 0xdfff));
    for (const text of [STRANGE_TEXT, everything, "\u{10ffff}\ufffe\uffff\ufeff", "2[\"message\"]", "1", "b64"]) {
      assert.equal(await client.ask("echo", text), text);
      assert.deepEqual(await client.ask("echo", { [text]: text }), { [text]: text });
    }
  });

  test("500 kB are sent and received", async (t) => {
    const [client, other] = await crowd(t, mode, 2);
    const size = 500_000;
    for (const text of ["x".repeat(size), "ü".repeat(size / 2), "🏆".repeat(size / 4)]) {
      const back = await client.ask("echo", text);
      assert.equal(back.length, text.length);
      assert.ok(back === text);
    }
    // Three in a row exceed one response to a poll.
    client.socket.emit("large", 3, size);
    for (const [i, one] of (await client.first(3, "large")).entries()) {
      assert.equal(one.number, i);
      assert.ok(one.text === "x".repeat(size));
    }
    const room = unique("room");
    await other.subscribe(room);
    await client.verb("broadcast_channel", { channel: room, data: { mark: room, text: "y".repeat(size) } });
    const message = await other.next("message", (data) => data.mark === room);
    assert.ok(message.text === "y".repeat(size));
  });
}
