// Publications by clients.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STRANGE_TEXT, crowd, fence, unique } from "../harness.mjs";

export function publishing(mode) {
  test("publishes to the others in the channel", async (t) => {
    const [a, b, c, d] = await crowd(t, mode, 4);
    const channel = unique("open");
    for (const one of [a, b, c]) await one.subscribe(channel);

    const mark = unique("mark");
    assert.equal(await a.ask("publish", channel, { mark, text: STRANGE_TEXT }), null);
    await fence(a, [a, b, c, d]);
    assert.deepEqual([a, b, c, d].map((one) => one.copies(mark)), [0, 1, 1, 0]);
    const message = await b.next("message", (data) => data?.mark === mark);
    assert.deepEqual(message, { mark, text: STRANGE_TEXT });
  });

  test("publishes an event with a name", async (t) => {
    const [a, b, c] = await crowd(t, mode, 3);
    const channel = unique("open");
    for (const one of [a, b]) await one.subscribe(channel);

    assert.equal(await a.ask("publish", channel, "goal 🏆", { minute: 90 }), null);
    a.socket.emit("publish", channel, "whistle", { minute: 93 });
    await fence(a, [a, b, c]);
    for (const [client, expected] of [[a, 0], [b, 1], [c, 0]]) {
      assert.deepEqual(client.all("goal 🏆"), Array(expected).fill({ minute: 90 }));
      assert.deepEqual(client.all("whistle"), Array(expected).fill({ minute: 93 }), "without an ack, too");
    }
    // The other files send messages to all, which have no minute.
    assert.deepEqual(b.all("message").filter((data) => data?.minute), []);
  });

  test("may not publish where the route does not allow it", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");
    for (const one of [a, b]) await one.subscribe(room);

    const mark = unique("mark");
    const error = await a.ask("publish", room, { mark });
    assert.match(error?.message, /publish/i);
    await fence(a, [a, b]);
    assert.deepEqual([a, b].map((one) => one.copies(mark)), [0, 0]);
    assert.equal(a.socket.connected, true);
  });

  test("may not publish to a channel it is not subscribed to", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const channel = unique("open");
    await b.subscribe(channel);

    const mark = unique("mark");
    assert.match((await a.ask("publish", channel, { mark }))?.message, /subscribe/i);
    await fence(a, [a, b]);
    assert.deepEqual([a, b].map((one) => one.copies(mark)), [0, 0]);

    await a.subscribe(channel);
    assert.equal(await a.ask("publish", channel, { mark }), null);
    await fence(a, [a, b]);
    assert.deepEqual([a, b].map((one) => one.copies(mark)), [0, 1]);
  });

  test("receives the handler's reason for a refused publication", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const channel = unique("open");
    for (const one of [a, b]) await one.subscribe(channel);

    const mark = unique("mark");
    assert.deepEqual(await a.ask("publish", channel, { mark, forbidden: "blast" }), {
      message: "mind your language",
      data: { word: "blast" },
    });
    await fence(a, [a, b]);
    assert.deepEqual([a, b].map((one) => one.copies(mark)), [0, 0]);
  });
}
