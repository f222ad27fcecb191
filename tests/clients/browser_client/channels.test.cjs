"use strict";

const assert = require("node:assert");
const { scenario, inEachMode, next, collect, until, settled, serveChannels } = require("./support.cjs");

const answer = (act) => new Promise((resolve) => act((...args) => resolve(args)));

inEachMode("subscribe, publish and unsubscribe", async (scope, mode) => {
  const server = await scope.server({}, serveChannels);
  const [alice, bob] = [scope.client(server.url, mode.options), scope.client(server.url, mode.options)];
  await Promise.all([settled(alice, mode), settled(bob, mode)]);

  assert.deepStrictEqual(await answer((done) => alice.subscribe("room", done)), [null]);
  assert.deepStrictEqual(await answer((done) => bob.subscribe("room", done)), [null]);
  assert.deepStrictEqual([...alice.channels], ["room"]);

  const received = [];
  bob.onAny((...args) => received.push(args));
  const own = collect(alice, "message");
  alice.publish("room", "plain data");
  assert.deepStrictEqual(await answer((done) => alice.publish("room", { answered: true }, done)), [null]);
  alice.publish("room", "goal", { minute: 12 });
  assert.deepStrictEqual(await answer((done) => alice.publish("room", "goal", 2, done)), [null]);
  alice.broadcast_channel("as the ancestor", "room");
  assert.deepStrictEqual(await answer((done) => alice.broadcast_channel([1], "room", done)), [null]);
  await until(() => received.length === 6);
  assert.deepStrictEqual(received, [
    ["message", "plain data"],
    ["message", { answered: true }],
    ["goal", { minute: 12 }],
    ["goal", 2],
    ["message", "as the ancestor"],
    ["message", [1]],
  ]);
  assert.deepStrictEqual(own, []);

  assert.deepStrictEqual(await answer((done) => bob.unsubscribe("room", done)), [null]);
  assert.deepStrictEqual([...bob.channels], []);
  const [error] = await answer((done) => bob.publish("room", 1, done));
  assert.ok(error instanceof Error);
  assert.deepStrictEqual([error.message, error.data], ["no such channel", { channel: "room" }]);
});

inEachMode("a refused subscription reports its data", async (scope, mode) => {
  const server = await scope.server({}, (each) => serveChannels(each, { mayJoin: () => false }));
  const socket = scope.client(server.url, mode.options);
  const unheard = collect(socket, "subscribe_error");
  const [error] = await answer((done) => socket.subscribe("secret", done));
  assert.deepStrictEqual([error.message, error.data], ["no such channel", { channel: "secret" }]);
  assert.deepStrictEqual([socket.channels.size, socket._channelList.size, unheard.length], [0, 0, 0]);

  const refusal = next(socket, "subscribe_error");
  socket.subscribe("secret");
  const [channel, unawaited] = await refusal;
  assert.deepStrictEqual([channel, unawaited.message], ["secret", "no such channel"]);
});

scenario("subscriptions made before the connection are sent before events emitted earlier", async (scope) => {
  const server = await scope.server();
  const order = [];
  server.io.on("connection", (peer) => peer.onAny((event, value) => order.push([event, value])));
  const socket = scope.client(server.url, { autoConnect: false });
  socket.emit("e", 1);
  socket.subscribe("a").subscribe("b").subscribe("a");
  socket.on("connect", () => socket.emit("e", 2));
  socket.connect();
  await until(() => order.length === 4);
  assert.deepStrictEqual(order, [["subscribe", "a"], ["subscribe", "b"], ["e", 1], ["e", 2]]);
});

scenario("one question at a time for each channel, and every caller receives the answer", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url);
  const [peer] = await arrived;
  await next(socket, "upgrade");
  const asked = [];
  peer.on("subscribe", (channel, ack) => asked.push(ack));
  const answers = [];
  for (let n = 0; n < 3; n += 1) socket.subscribe("room", (error) => answers.push([n, error]));
  await until(() => asked.length > 0);
  asked[0](null);
  await until(() => answers.length === 3);
  assert.deepStrictEqual([answers, asked.length], [[[0, null], [1, null], [2, null]], 1]);
});

scenario("subscribe, unsubscribe, subscribe in a row end subscribed", async (scope) => {
  const server = await scope.server({}, serveChannels);
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url);
  const [peer] = await arrived;
  await next(socket, "upgrade");
  const answers = [];
  const note = (name) => (error) => answers.push([name, error]);
  socket.subscribe("room", note("first"));
  socket.unsubscribe("room", note("second"));
  assert.strictEqual(socket.channels.has("room"), false);
  socket.subscribe("room", note("third"));
  await until(() => answers.length === 3);
  assert.deepStrictEqual(answers, [["first", null], ["second", null], ["third", null]]);
  assert.deepStrictEqual([socket.channels.has("room"), peer.rooms.has("room")], [true, true]);
});

scenario("without a connection, unsubscribing undoes what has not been sent", async (scope) => {
  const server = await scope.server();
  const received = [];
  server.io.on("connection", (peer) => peer.onAny((event, value) => received.push([event, value])));
  const socket = scope.client(server.url, { autoConnect: false });
  const answers = [];
  socket.subscribe("room", (error) => answers.push(error.message));
  socket.unsubscribe("room", (error) => answers.push(error));
  assert.deepStrictEqual(answers, ["socket has been disconnected", null]);
  socket.emit("barrier", 1);
  socket.connect();
  await until(() => received.length > 0);
  assert.deepStrictEqual(received, [["barrier", 1]]);
});

scenario("disconnect() ends the wait for an answer, and connect() renews what was confirmed", async (scope) => {
  const server = await scope.server({}, (each) => each.on("connection", (peer) => {
    peer.on("subscribe", (channel, ack) => {
      peer.join(channel);
      if (channel !== "unanswered") ack(null);
    });
  }));
  const socket = scope.client(server.url);
  assert.deepStrictEqual(await answer((done) => socket.subscribe("room", done)), [null]);
  const refused = answer((done) => socket.subscribe("unanswered", done));
  socket.disconnect();
  assert.strictEqual((await refused)[0].code, "DISCONNECTED");
  assert.deepStrictEqual([...socket.channels], ["room"]);

  const arrived = next(server.io, "connection");
  socket.connect();
  const [peer] = await arrived;
  await until(() => peer.rooms.has("room"));
  assert.strictEqual(peer.rooms.has("unanswered"), false);
});

scenario("a subscription which is not answered in time is refused", async (scope) => {
  const server = await scope.server();
  const socket = scope.client(server.url, { ackTimeout: 20 });
  await next(socket, "connect");
  const [error] = await answer((done) => socket.subscribe("room", done));
  assert.deepStrictEqual([error.code, socket._channelList.size], ["TIMEOUT", 0]);
});

scenario("a subscription too large for the server is refused", async (scope) => {
  const server = await scope.server({ maxHttpBufferSize: 100 });
  const socket = scope.client(server.url, { checkSize: true });
  await next(socket, "connect");
  const [error] = await answer((done) => socket.subscribe("x".repeat(100), done));
  assert.deepStrictEqual([error.name, socket._channelList.size], ["RangeError", 0]);
});

scenario("the names of the three events can be changed", async (scope) => {
  const server = await scope.server();
  const received = [];
  server.io.on("connection", (peer) => peer.onAny((event, ...args) => received.push([event, ...args.filter((a) => typeof a !== "function")])));
  const socket = scope.client(server.url, { subscribeEvent: "join", unsubscribeEvent: "part", publishEvent: "tell" });
  await next(socket, "connect");
  socket.subscribe("room").publish("room", 1).publish("room", "event", 2).unsubscribe("room");
  await until(() => received.length === 4);
  assert.deepStrictEqual(received, [["join", "room"], ["tell", "room", 1], ["tell", "room", "event", 2], ["part", "room"]]);
});

scenario("misuse is refused on the spot", async (scope) => {
  const socket = scope.client("http://127.0.0.1:1", { autoConnect: false });
  for (const name of [undefined, null, "", 7, {}, ["room"]]) {
    assert.throws(() => socket.subscribe(name), { name: "TypeError" });
    assert.throws(() => socket.unsubscribe(name), { name: "TypeError" });
    assert.throws(() => socket.publish(name, 1), { name: "TypeError" });
    assert.throws(() => socket.broadcast_channel(1, name), { name: "TypeError" });
  }
  assert.throws(() => socket.publish("room"), { name: "TypeError" });
  assert.throws(() => socket.publish("room", () => {}), { name: "TypeError" });
  assert.throws(() => socket.publish("room", "event", 1, 2), { name: "TypeError" });
});
