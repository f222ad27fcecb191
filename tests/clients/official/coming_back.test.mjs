// What clients with channels get that were away: the add-on on the official client, and our own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channels } from "../../../client/src/channels/channels.js";
import { MODES, SERVER_URL, connect, numbers, open, settled, unique, within } from "./harness.mjs";
import { networkTo } from "./network.mjs";
import { until } from "../client_api/within.mjs";

/** A client with channels behind a network that can fail. It keeps what it is told, in order. */
async function away(t, mode, options) {
  const network = await networkTo(t, SERVER_URL);
  const client = open(t, mode, "/", { url: network.url, ...options });
  channels(client.socket);
  client.told = [];
  for (const event of ["gap", "resubscribed"]) client.socket.on(event, (...args) => client.told.push([event, ...args]));
  await client.until(() => client.socket.connected, "the connection");
  await settled(client);
  return { client, network };
}

const joins = ({ socket }, ...args) => within(new Promise((resolve, reject) => {
  socket.subscribe(...args, (error, answer) => (error ? reject(error) : resolve(answer)));
}), `the answer for ${args[0]}`);

/** Waits until a client that was cut off is back. */
async function back(client, network, meanwhile = async () => {}) {
  const lost = client.all("@disconnect").length;
  network.fail();
  await client.until(() => client.all("@disconnect").length > lost, "the end of the connection");
  await meanwhile();
  network.mend();
  await client.until(() => client.socket.connected, "the connection");
}

const publish = (other, channel, data) => other.verb("broadcast_channel", { channel, data });
const marks = (client) => client.all("message").map(({ mark }) => mark);

for (const mode of Object.keys(MODES)) {
  describe(`coming back (${mode})`, { timeout: 120_000 }, () => {
    test("brings all that was missed, once and in order", async (t) => {
      const { client, network } = await away(t, mode);
      const other = await connect(t, mode);
      const [one, two] = [unique("kept"), unique("kept")];
      await joins(client, one);
      await joins(client, two);
      await publish(other, one, { mark: 0 });
      await client.next("message");
      await back(client, network, async () => {
        for (const n of numbers(40)) await publish(other, n % 3 ? one : two, { mark: n + 1 });
      });
      await publish(other, two, { mark: "new" });
      await client.next("message", ({ mark }) => mark === "new");
      assert.deepEqual(marks(client), [0, ...numbers(40).map((n) => n + 1), "new"]);
      assert.deepEqual(client.told.filter(([event]) => event === "gap"), []);
      assert.ok(client.received.filter(({ event }) => event === "message").every(({ args }) => args.length === 1), "no position is seen");
    });

    test("does so however often the connection breaks", async (t) => {
      const { client, network } = await away(t, mode);
      const other = await connect(t, mode);
      const room = unique("kept");
      await joins(client, room);
      let sent = 0;
      for (let cut = 0; cut < 6; cut += 1) {
        const send = async (count) => {
          for (let n = 0; n < count; n += 1) await publish(other, room, { mark: sent++, text: "x".repeat(2_000) });
        };
        await send(5);
        await back(client, network, () => send(25));
      }
      await publish(other, room, { mark: "last" });
      await client.next("message", ({ mark }) => mark === "last");
      assert.deepEqual(marks(client), [...numbers(sent), "last"]);
      assert.deepEqual(client.told.filter(([event]) => event === "gap"), []);
    });

    test("tells what has no history", async (t) => {
      const { client, network } = await away(t, mode);
      const other = await connect(t, mode);
      const room = unique("open");
      await joins(client, room);
      await back(client, network, () => publish(other, room, { mark: "lost" }));
      await until(() => client.told.length > 0, "the gap");
      assert.deepEqual(client.told[0], ["gap", room, "no history"]);
      assert.deepEqual(marks(client), []);
    });
  });
}

test("a page goes on from the position that the server has rendered", async (t) => {
  const { client } = await away(t, "websocket");
  const { client: page } = await away(t, "websocket");
  const other = await connect(t, "websocket");
  const room = unique("kept");
  const { position } = await joins(client, room);
  assert.equal(client.socket.position, position);
  for (const mark of ["first", "second"]) await publish(other, room, { mark });
  const answer = await joins(page, room, { since: position });
  assert.deepEqual([answer.recovered, answer.missed], [true, 2]);
  await page.until(() => marks(page).length === 2, "what was published since");
  assert.deepEqual(marks(page), ["first", "second"]);
  const newest = await joins(client, unique("kept"), { last: 5 });
  assert.deepEqual([newest.missed, newest.reason], [0, "no position"]);
});
