// The add-on with channels, on sockets of either client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { channels } from "../../../client/src/channels/channels.js";
import { client, inEachMode, next, serve } from "./support.mjs";
import { until } from "./within.mjs";

/** The three events as our server has them. `refused` are channels that no client may join. */
function serveChannels({ io }, refused = new Set()) {
  io.on("connection", (socket) => {
    socket.on("subscribe", (channel, ack) => {
      if (refused.has(channel)) return ack({ message: "members only", data: { channel } });
      socket.join(channel);
      ack(null);
    });
    socket.on("unsubscribe", (channel, ack) => {
      socket.leave(channel);
      ack?.(null);
    });
    socket.on("publish", (channel, ...rest) => {
      const ack = typeof rest.at(-1) === "function" ? rest.pop() : () => {};
      const [event, data] = rest.length > 1 ? rest : ["message", rest[0]];
      socket.to(channel).emit(event, data);
      ack(null);
    });
  });
}

const answer = (act) => new Promise((resolve) => act(resolve));

inEachMode("subscribe, publish, unsubscribe", async (t, options) => {
  const server = await serve(t);
  serveChannels(server, new Set(["vip"]));
  const [ada, bob] = [1, 2].map(() => channels(client(t, server.url, { ...options, forceNew: true })));
  assert.equal(channels(ada), ada);
  assert.equal(await answer((done) => ada.subscribe("room", done)), null);
  assert.equal(await answer((done) => bob.subscribe("room", done)), null);
  assert.deepEqual([...ada.channels], ["room"]);
  const goal = next(bob, "goal");
  assert.equal(await answer((done) => ada.publish("room", "goal", { minute: 12, bytes: Buffer.from([1]) }, done)), null);
  assert.deepEqual(await goal, [{ minute: 12, bytes: Buffer.from([1]) }]);
  const message = next(bob, "message");
  ada.publish("room", "plain");
  assert.deepEqual(await message, ["plain"]);

  const refused = await answer((done) => ada.subscribe("vip", done));
  assert.deepEqual([refused.message, refused.data], ["members only", { channel: "vip" }]);
  const unheard = next(ada, "subscribe_error");
  ada.subscribe("vip");
  assert.deepEqual([(await unheard)[0], (await unheard)[1].message], ["vip", "members only"]);

  assert.equal(await answer((done) => bob.unsubscribe("room", done)), null);
  assert.deepEqual([[...bob.channels], [...ada.channels]], [[], ["room"]]);
  assert.throws(() => ada.subscribe(7), TypeError);
});

test("subscriptions are renewed, and those made without a connection are sent with the next one", async (t) => {
  const refused = new Set();
  const server = await serve(t);
  serveChannels(server, refused);
  const socket = channels(client(t, server.url, { autoConnect: false }));
  const early = answer((done) => socket.subscribe("a", done));
  socket.connect();
  assert.equal(await early, null);
  await answer((done) => socket.subscribe("b", done));
  await answer((done) => socket.subscribe("c", done));
  refused.add("b");
  const lost = next(socket, "disconnect");
  socket.io.engine.close();
  await lost;
  socket.unsubscribe("c");
  const late = answer((done) => socket.subscribe("d", done));
  const [channel, error] = await next(socket, "subscribe_error");
  assert.deepEqual([channel, error.data], ["b", { channel: "b" }]);
  assert.equal(await late, null);
  assert.deepEqual([...socket.channels], ["a", "d"]);
  await until(() => server.io.sockets.sockets.size === 1, "the end of the lost connection");
  const [peer] = await server.io.fetchSockets();
  assert.deepEqual([...peer.rooms].sort(), [peer.id, "a", "d"].sort());
});

test("a subscription that the end of the connection left unanswered", async (t) => {
  const server = await serve(t);
  let asked = 0;
  server.io.on("connection", (peer) => peer.on("subscribe", (_, ack) => {
    asked += 1;
    if (asked === 1) peer.conn.close();
    else ack(null);
  }));
  const socket = channels(client(t, server.url));
  assert.equal(await answer((done) => socket.subscribe("room", done)), null);
  assert.equal(asked, 2);

  const [peer] = server.io.sockets.sockets.values();
  peer.removeAllListeners("subscribe");
  const left = next(socket, "disconnect");
  const unanswered = answer((done) => socket.subscribe("third", done));
  socket.disconnect();
  await left;
  assert.match((await unanswered).message, /disconnected/);
  assert.deepEqual([[...socket.channels], socket.active], [["room"], false]);
});
