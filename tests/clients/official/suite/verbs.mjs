// The ways in which the server sends, and the order of a channel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { copies, crowd, fence, numbers, unique } from "../harness.mjs";

export function verbs(mode) {
  test("each sending verb reaches exactly its receivers", async (t) => {
    const clients = await crowd(t, mode, 5);
    const [a, b, c, d, e] = clients;
    const [x, y] = [unique("room"), unique("room")];
    // a: x y · b: x · c: x y · d: y · e: neither
    await a.subscribe(x, y);
    await b.subscribe(x);
    await c.subscribe(x, y);
    await d.subscribe(y);
    const id = b.socket.id;

    //                                                                            a  b  c  d  e
    for (const [verb, from, more, expected] of [
      ["send", a, {}, /*                                                     */ [1, 0, 0, 0, 0]],
      ["broadcast", a, {}, /*                                                */ [0, 1, 1, 1, 1]],
      ["send_and_broadcast", a, {}, /*                                       */ [1, 1, 1, 1, 1]],
      ["broadcast_channel", a, { channel: x }, /*                            */ [0, 1, 1, 0, 0]],
      ["broadcast_channel", e, { channel: x }, /*                            */ [1, 1, 1, 0, 0]],
      ["broadcast_channel", a, { channel: unique("room") }, /*               */ [0, 0, 0, 0, 0]],
      ["send_and_broadcast_channel", a, { channel: x }, /*                   */ [1, 1, 1, 0, 0]],
      ["send_and_broadcast_channel", e, { channel: x }, /*                   */ [1, 1, 1, 0, 1]],
      ["broadcast_channels", a, {}, /* once, though c is in both             */ [0, 1, 1, 1, 0]],
      ["broadcast_channels", b, {}, /*                                       */ [1, 0, 1, 0, 0]],
      ["broadcast_channels", e, {}, /* it is in none                         */ [0, 0, 0, 0, 0]],
      ["to_except", e, { channels: [x, y], except: unique("room") }, /*      */ [1, 1, 1, 1, 0]],
      ["to_except", e, { channels: [x], except: y }, /*                      */ [0, 1, 0, 0, 0]],
      ["to_except", a, { channels: [y], except: x }, /*                      */ [0, 0, 0, 1, 0]],
      ["io_broadcast", a, {}, /*                                             */ [1, 1, 1, 1, 1]],
      ["io_broadcast_channel", e, { channel: y }, /*                         */ [1, 0, 1, 1, 0]],
      ["io_send", a, { id }, /*                                              */ [0, 1, 0, 0, 0]],
      ["io_except", a, { except: x }, /*                                     */ [0, 0, 0, 1, 1]],
    ]) {
      assert.deepEqual(await copies(from, clients, verb, more), expected, `${verb} ${JSON.stringify(more)}`);
    }
  });

  test("a channel has one order for all subscribers, the sender included", async (t) => {
    const clients = await crowd(t, mode, 3);
    const room = unique("room");
    for (const client of clients) await client.subscribe(room);

    const each = 100;
    for (const [i, client] of clients.entries()) {
      for (const n of numbers(each)) {
        client.socket.emit("verb", { verb: "send_and_broadcast_channel", channel: room, data: { room, from: i, n } });
      }
    }
    const received = (client) => client.all("message").filter((data) => data.room === room);
    for (const client of clients) {
      await client.until(() => received(client).length >= 3 * each, "all that was sent to the channel");
    }
    await fence(clients[0], clients);

    const [order, ...others] = clients.map((client) => received(client));
    assert.equal(order.length, 3 * each);
    for (const other of others) assert.deepEqual(other, order);
    for (const i of [0, 1, 2]) {
      assert.deepEqual(order.filter((data) => data.from === i).map((data) => data.n), numbers(each));
    }
  });
}
