// Subscriptions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { copies, crowd, unique } from "../harness.mjs";

export function channels(mode) {
  test("subscribes, and receives the messages of the channel", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");

    assert.deepEqual(await copies(b, [a, b], "broadcast_channel", { channel: room }), [0, 0]);
    assert.equal(await a.ask("subscribe", room), null, "the ack is error-first, and there is no error");
    assert.deepEqual((await a.ask("whoami")).channels, [room]);
    assert.deepEqual(await copies(b, [a, b], "broadcast_channel", { channel: room }), [1, 0]);
  });

  test("subscribes twice and receives each message once", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");
    await a.subscribe(room, room);

    assert.deepEqual((await a.ask("whoami")).channels, [room]);
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel: room }), [1]);
  });

  test("subscribes without asking for an answer", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");
    a.socket.emit("subscribe", room);

    assert.deepEqual((await a.ask("whoami")).channels, [room], "events are handled in order");
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel: room }), [1]);
  });

  test("is refused a channel by the handler, with a reason", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room-vip");

    assert.deepEqual(await a.ask("subscribe", room), {
      message: "members only",
      data: { channel: room, level: 3 },
    });
    assert.deepEqual((await a.ask("whoami")).channels, []);
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel: room }), [0]);
    assert.equal(a.socket.connected, true, "a refusal costs nothing else");
  });

  test("is refused a channel that no route declares", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    // The second contains a declared prefix, but does not start with it.
    for (const channel of [unique("undeclared"), unique("an open")]) {
      assert.deepEqual(await a.ask("subscribe", channel), { message: "no such channel" });
      assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel }), [0]);
    }
    // These are not valid names.
    for (const channel of ["", "room-\n", `room-${"x".repeat(10_000)}`, 7, null, {}, undefined]) {
      const error = await a.ask("subscribe", channel);
      assert.match(error?.message, /channel/, `refused: ${channel}`);
    }
    assert.deepEqual((await a.ask("whoami")).channels, []);
  });

  test("unsubscribes, and receives nothing more", async (t) => {
    const [a, b, c] = await crowd(t, mode, 3);
    const [room, other] = [unique("room"), unique("room")];
    await a.subscribe(room, other);
    await c.subscribe(room);
    assert.deepEqual(await copies(b, [a, c], "broadcast_channel", { channel: room }), [1, 1]);

    assert.equal(await a.ask("unsubscribe", room), null);
    assert.deepEqual(await copies(b, [a, c], "broadcast_channel", { channel: room }), [0, 1]);
    assert.deepEqual(await copies(b, [a, c], "broadcast_channel", { channel: other }), [1, 0]);
    assert.deepEqual((await a.ask("whoami")).channels, [other]);

    await a.subscribe(room);
    assert.deepEqual(await copies(b, [a, c], "broadcast_channel", { channel: room }), [1, 1]);
  });

  test("is subscribed and unsubscribed by the server", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    // No route declares it. The application itself needs no route.
    const channel = unique("undeclared");

    assert.equal(await a.ask("join", channel), true);
    assert.equal(await a.ask("join", channel), false, "it is a member already");
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel }), [1]);
    assert.equal(await a.ask("part", channel), true);
    assert.equal(await a.ask("part", channel), false);
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel }), [0]);
  });

  test("may use any characters in the name of a channel", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room-Größe 🏆 日本語 \"\\,[]{}");
    await a.subscribe(room);

    assert.deepEqual((await a.ask("whoami")).channels, [room]);
    assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel: room }), [1]);
  });
}
