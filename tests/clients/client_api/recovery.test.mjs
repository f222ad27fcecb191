// Coming back: positions, sessions that are recovered, and channels that catch up. The add-on does
// this for sockets of either client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { channels } from "../../../client/src/channels/channels.js";
import { isOurs } from "../client.mjs";
import { HandMade } from "./hand_made.mjs";
import { client, inEachMode, next, serve } from "./support.mjs";
import { until } from "./within.mjs";

const answer = (act) => new Promise((resolve) => act((...args) => resolve(args)));

/** A hand-made server, a client with channels, and all that the client is told, in order. */
async function begin(t, options = {}, serverOptions = {}) {
  const server = await new HandMade(serverOptions).listen(t);
  const { channelOptions, ...rest } = { transports: ["websocket"], ...options };
  const socket = channels(client(t, server.url, rest), channelOptions);
  const told = [];
  for (const event of ["connect", "disconnect", "gap", "resubscribed", "subscribe_error"]) {
    socket.on(event, (...args) => told.push([event, ...args]));
  }
  socket.onAny((...args) => told.push(args));
  await next(socket, "connect");
  await until(() => server.peer?.isOpen, "the server's side");
  return { server, socket, told };
}

/** Waits until the client has come back. */
async function back(server, socket, peers) {
  await until(() => server.peers.length > peers && server.peer.isOpen && socket.connected, "the client is back");
}

const subscriptions = ({ events }) => events.filter(([event]) => event === "subscribe").map(([, ...args]) => args);

for (const [form, auth, expected] of [
  ["absent", undefined, { offsets: true }],
  ["an object", { token: "t" }, { token: "t", offsets: true }],
  ["a function", (give) => give({ token: "f" }), { token: "f", offsets: true }],
  ["an object with its own word", { offsets: false }, { offsets: false }],
]) {
  test(`positions are asked for when auth is ${form}`, async (t) => {
    const { server, socket } = await begin(t, { auth });
    assert.deepEqual(server.peer.auth, expected);
    if (typeof auth === "object") assert.equal(socket.auth, auth, "the application's own object is not changed");
    assert.equal(Object.keys(auth ?? {}).includes("offsets"), expected.offsets === false);
  });
}

inEachMode("the position is taken off before listeners hear of an event", async (t, options) => {
  const { server, socket, told } = await begin(t, options);
  await answer((done) => socket.subscribe("room", done));
  const heard = [];
  socket.on("news", (...args) => heard.push([args, socket.position]));
  const positions = [
    server.publish("room", "news", { a: 1 }),
    server.publish("room", "news", 1, "text"),
    server.publish("room", "news"),
  ];
  server.peer.direct("news", "for one");
  await until(() => heard.length === 4, "four events");
  assert.deepEqual(heard.map(([args]) => args), [[{ a: 1 }], [1, "text"], [], ["for one"]]);
  assert.deepEqual(heard.slice(0, 3).map(([, position]) => position), positions, "a listener reads the event's own");
  assert.deepEqual(told.filter(([event]) => event === "news"), [["news", { a: 1 }], ["news", 1, "text"], ["news"], ["news", "for one"]]);
  assert.equal(socket.position, server.peer.directToken);

  const asked = next(socket, "question");
  server.peer.send('27["question","no position here"]');
  const [text, give] = await asked;
  assert.deepEqual([text, typeof give], ["no position here", "function"]);
  server.peer.send(`51-["bytes",{"_placeholder":true,"num":0},"${server.token()}"]`);
  const bytes = next(socket, "bytes");
  server.peer.sendBytes(Buffer.from([1, 2]));
  assert.deepEqual((await bytes).map((one) => [...one]), [[1, 2]]);
});

test("a server that does not say so has its last texts left alone", async (t) => {
  const { server, socket } = await begin(t, {}, { offsets: false, recovery: false });
  assert.deepEqual(await answer((done) => socket.subscribe("room", done)), [null]);
  const news = next(socket, "news");
  server.publish("room", "news", 1, "text");
  assert.deepEqual(await news, [1, "text"]);
  assert.equal(socket.position, undefined);
  assert.deepEqual(subscriptions(server.peer), [["room"]], "today's bytes");
});

test("a session that is recovered is not asked for its channels again", async (t) => {
  const { server, socket, told } = await begin(t);
  for (const channel of ["a", "b", "c"]) await answer((done) => socket.subscribe(channel, done));
  const { id } = socket;
  const [{ pid }] = server.peers;
  const offset = server.publish("a", "news", "seen");
  await until(() => socket.position === offset, "the event");
  server.peer.cut();
  await next(socket, "disconnect");
  server.publish(["a", "b"], "news", "missed");
  socket.unsubscribe("c");
  const late = answer((done) => socket.subscribe("d", done));
  await back(server, socket, 1);
  assert.deepEqual([(await late)[0], server.peer.auth], [null, { pid, offset, offsets: true }]);
  assert.deepEqual([socket.recovered, socket.id, [...socket.channels]], [true, id, ["a", "b", "d"]]);
  assert.deepEqual(server.peer.events.filter(([event]) => event !== "publish"), [
    ["unsubscribe", "c"],
    ["subscribe", "d", { since: null }],
  ], "the session still had what was left meanwhile");
  const { peer } = server;
  assert.deepEqual([...peer.channels.keys()], ["a", "b", "d"]);
  server.publish("b", "news", "new");
  await until(() => told.at(-1)[1] === "new", "the next event");
  assert.deepEqual(told.filter(([event]) => event === "news" || event === "gap").map(([, text]) => text), ["seen", "missed", "new"]);
});

test("a new session has each channel from where it was, and tells what is missing", async (t) => {
  const { server, socket, told } = await begin(t);
  for (const channel of ["a", "b", "quiet"]) await answer((done) => socket.subscribe(channel, done));
  await answer((done) => socket.subscribe("shown", { presence: true, last: 3 }, done));
  const seen = server.publish("a", "news", "seen");
  await until(() => socket.position === seen, "the event");
  server.peer.cut();
  server.forgetSessions();
  await next(socket, "disconnect");
  server.publish("a", "news", "missed");
  server.publish("b", "news", "trimmed");
  server.trim("b");
  server.publish("b", "news", "later");
  await until(() => told.filter(([event]) => event === "resubscribed").length === 4, "four answers");
  assert.equal(socket.recovered, false);
  assert.deepEqual(subscriptions(server.peer), [
    [["a", "b", "quiet"], { since: seen }],
    ["shown", { presence: true, last: 3, since: seen }],
  ]);
  assert.deepEqual(told.filter(([event]) => event === "gap"), [["gap", "b", "trimmed"]]);
  assert.deepEqual(told.filter(([event]) => event === "news").map(([, text]) => text), ["seen", "missed"]);
  const [, , shown] = told.find(([event, channel]) => event === "resubscribed" && channel === "shown");
  assert.deepEqual([shown.recovered, shown.presence.members], [true, []]);
});

test("a channel that was always quiet is whole", async (t) => {
  const { server, socket, told } = await begin(t, {}, { recovery: false });
  server.publish("room", "news", "before it was joined");
  const [, joined] = await answer((done) => socket.subscribe("room", done));
  assert.equal(socket.position, joined.position);
  server.peer.cut();
  await next(socket, "disconnect");
  server.publish("room", "news", "missed");
  await until(() => told.at(-1)[0] === "news", "what was missed");
  assert.deepEqual(subscriptions(server.peer), [["room", { since: joined.position }]]);
  assert.deepEqual(told.filter(([event]) => event === "news" || event === "gap"), [["news", "missed"]]);
});

test("a server that has begun anew is told the old position, and the application of the gap", async (t) => {
  const { server, socket, told } = await begin(t);
  await answer((done) => socket.subscribe("room", done));
  const position = server.publish("room", "news", "old");
  await until(() => socket.position === position, "the event");
  server.restart();
  await until(() => told.at(-1)[0] === "resubscribed", "the answer");
  assert.deepEqual(subscriptions(server.peer), [["room", { since: position }]]);
  assert.deepEqual(told.at(-2), ["gap", "room", "epoch"]);
  assert.equal(socket.position, told.at(-1)[2].position);
  // The server may also come back without positions.
  server.offsets = server.recovery = false;
  server.restart();
  await until(() => told.at(-1)[0] === "gap", "the gap");
  assert.deepEqual([told.at(-1), subscriptions(server.peer)], [["gap", "room", "no history"], [["room"]]]);
});

test("a connection that breaks while channels catch up", async (t) => {
  const { server, socket, told } = await begin(t);
  for (const channel of ["a", "b", "c"]) await answer((done) => socket.subscribe(channel, done));
  const seen = server.publish("a", "news", 1);
  await until(() => socket.position === seen, "the event");
  server.peer.cut();
  server.forgetSessions();
  await next(socket, "disconnect");
  const late = answer((done) => socket.subscribe("d", { since: seen }, done));
  server.publish("a", "news", 2);
  server.publish(["a", "b"], "news", 3);
  const newest = server.publish("b", "news", 4);
  server.publish("c", "news", 5);
  server.publish("d", "news", 6);
  // CONNECT, the answer for a, b, c and d, and three of the events.
  server.nextCut = 5;
  await until(() => server.peers.length === 3 && server.peer.isOpen, "it comes back again");
  assert.equal((await late)[1].missed, 1);
  await until(() => told.at(-1)[1] === 6, "the rest");
  assert.equal(server.peer.auth.pid, undefined, "one offset would not say what is missing");
  assert.deepEqual(subscriptions(server.peer), [[["a", "b", "c", "d"], { since: newest }]]);
  const after = server.publish("c", "news", 7);
  await until(() => socket.position === after, "the next event");
  assert.deepEqual(told.filter(([event]) => event === "news").map(([, n]) => n), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(told.filter(([event]) => event === "gap"), []);
  // It has caught up, so the session can be recovered.
  const { pid } = server.peer;
  server.peer.cut();
  await back(server, socket, 3);
  assert.deepEqual([server.peer.auth, socket.recovered], [{ pid, offset: after, offsets: true }, true]);
});

test("a channel that catches up does not change where the others go on", async (t) => {
  const { server, socket, told } = await begin(t);
  const old = server.publish("b", "news", 1);
  server.publish("b", "news", 2);
  server.publish("b", "news", 3);
  await answer((done) => socket.subscribe("a", done));
  const seen = server.publish("a", "news", 4);
  await until(() => socket.position === seen, "the event");
  // The answer, and the first of two events.
  server.peer.cutAfter(2);
  const [, since] = await answer((done) => socket.subscribe("b", { since: old }, done));
  assert.equal(since.missed, 2);
  await next(socket, "disconnect");
  server.publish("a", "news", 5);
  await until(() => told.filter(([event]) => event === "news").length === 4, "what was missed");
  assert.equal(server.peer.auth.pid, undefined);
  assert.deepEqual(subscriptions(server.peer).map(([channel]) => channel), ["a", "b"]);
  assert.deepEqual(told.filter(([event]) => event === "news").map(([, n]) => n), [4, 2, 5, 3]);
});

test("a channel that was left while it catches up keeps nothing back", async (t) => {
  const { server, socket } = await begin(t);
  const old = server.publish("b", "news", 1);
  await answer((done) => socket.subscribe("a", done));
  server.peer.isSilent = true;
  socket.subscribe("b", { since: old });
  await until(() => subscriptions(server.peer).length === 2, "the question");
  assert.equal(socket.position, old);
  socket.unsubscribe("b");
  server.peer.cut();
  server.forgetSessions();
  await back(server, socket, 1);
  await until(() => subscriptions(server.peer).length === 1, "the question for the other channel");
  const seen = server.publish("a", "news", 2);
  await until(() => socket.position === seen, "the event");
  const { pid } = server.peer;
  server.peer.cut();
  await back(server, socket, 2);
  assert.deepEqual([server.peer.auth.pid, socket.recovered], [pid, true]);
});

test("a refusal in an answer for several channels is one for its channel", async (t) => {
  const server = await new HandMade().listen(t);
  const socket = channels(client(t, server.url, { autoConnect: false }));
  const answers = ["a", "secret", "b"].map((channel) => answer((done) => socket.subscribe(channel, done)));
  socket.connect();
  const [[ofA, answerForA], [refused, ...none], [ofB]] = await Promise.all(answers);
  assert.deepEqual([ofA, refused.message, none, ofB], [null, "members only", [], null]);
  assert.deepEqual([answerForA.position, answerForA.reason], [socket.position, "no position"]);
  assert.deepEqual([...socket.channels], ["a", "b"]);
  assert.deepEqual(subscriptions(server.peer), [[["a", "secret", "b"], { since: null }]]);
});

test("what subscribe() is given goes to the server, and its answer to the callback", async (t) => {
  const { server, socket, told } = await begin(t, {}, { recovery: false });
  const positions = [1, 2, 3].map((n) => server.publish("room", "news", n));
  const [error, since] = await answer((done) => socket.subscribe("room", { since: positions[1] }, done));
  assert.deepEqual([error, since], [null, { position: since.position, recovered: true, missed: 1 }]);
  const [, last] = await answer((done) => socket.subscribe("other", { last: 2, presence: true }, done));
  assert.deepEqual([last.missed, last.presence.clients], [0, 1]);
  const [, none] = await answer((done) => socket.subscribe("none", { since: null }, done));
  assert.equal(none.reason, "no position");
  socket.subscribe("lost", { since: "of another server" });
  await until(() => told.at(-1)[0] === "gap", "the gap");
  assert.deepEqual(told.at(-1), ["gap", "lost", "epoch"]);
  assert.deepEqual(subscriptions(server.peer), [
    ["room", { since: positions[1] }],
    ["other", { last: 2, presence: true }],
    ["none", { since: null }],
    ["lost", { since: "of another server" }],
  ]);
  const [refused, nothing] = await answer((done) => socket.subscribe("secret", { last: 1 }, done));
  assert.deepEqual([refused.message, nothing], ["members only", undefined]);
  for (const options of [7, "text", ["a"], { since: 7 }]) assert.throws(() => socket.subscribe("room", options), TypeError);
  assert.deepEqual(told.filter(([event]) => event === "news"), [["news", 3]]);

  // Options for a subscription whose question is on its way are another question.
  const [plain, more] = await Promise.all([
    answer((done) => socket.subscribe("late", done)),
    answer((done) => socket.subscribe("late", { presence: true }, done)),
  ]);
  assert.deepEqual([plain[1].presence, more[1].presence.clients], [undefined, 1]);
});

test("options go to a server that has no positions, too", async (t) => {
  const { server, socket, told } = await begin(t, {}, { offsets: false, recovery: false });
  const [, shown] = await answer((done) => socket.subscribe("room", { presence: true }, done));
  assert.equal(shown.presence.clients, 1);
  server.peer.cut();
  await until(() => told.at(-1)[0] === "resubscribed", "the answer");
  assert.deepEqual(subscriptions(server.peer), [["room", { presence: true }]]);
  assert.deepEqual(told.filter(([event]) => event === "gap"), []);
});

test("a subscription that the end of the connection left unanswered is asked for again", async (t) => {
  const { server, socket, told } = await begin(t);
  await answer((done) => socket.subscribe("room", done));
  server.peer.isSilent = true;
  const late = answer((done) => socket.subscribe("late", done));
  await until(() => subscriptions(server.peer).length === 2, "the question");
  server.peer.cut();
  assert.equal((await late)[0], null);
  assert.deepEqual([socket.recovered, subscriptions(server.peer)], [true, [["late", { since: null }]]]);
  assert.deepEqual(told.filter(([event]) => event === "gap"), []);
});

test("a publication for two channels that catch up comes once", async (t) => {
  const { server, socket, told } = await begin(t, {}, { recovery: false });
  for (const channel of ["a", "b"]) await answer((done) => socket.subscribe(channel, done));
  server.peer.cut();
  await next(socket, "disconnect");
  server.publish(["a", "b"], "news", "both");
  server.publish("b", "news", "b");
  await until(() => told.at(-1)[1] === "b", "what was missed");
  assert.deepEqual(told.filter(([event]) => event === "news"), [["news", "both"], ["news", "b"]]);
});

test("positions are kept over a reload of the page, if asked", async (t) => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const pages = [];
  globalThis.addEventListener = (event, listener) => event === "pagehide" && pages.push(listener);
  t.after(() => delete globalThis.addEventListener);
  const options = { forceNew: true, channelOptions: { keepPosition: storage } };
  const { server, socket } = await begin(t, options);
  await answer((done) => socket.subscribe("room", done));
  await answer((done) => socket.subscribe("left", done));
  const position = server.publish("room", "news", 1);
  await until(() => socket.position === position, "the event");
  socket.unsubscribe("left");
  const load = (url) => channels(client(t, url, options), options.channelOptions);
  pages.at(-1)();
  socket.disconnect();
  server.publish("room", "news", 2);

  const reloaded = load(server.url);
  const news = next(reloaded, "news");
  // A page that is left before it subscribes leaves the positions to the next.
  pages.at(-1)();
  await until(() => reloaded.connected, "the connection");
  const [, whole] = await answer((done) => reloaded.subscribe("room", done));
  assert.deepEqual([whole.recovered, await news], [true, [2]]);
  assert.equal(server.peer.auth.pid, undefined, "it is a new session");
  await answer((done) => reloaded.subscribe("left", done));
  assert.deepEqual(subscriptions(server.peer), [["room", { since: position }], ["left", { since: null }]]);
});

inEachMode("Node's server recovers the session, whatever its events end with", async (t, options) => {
  const server = await serve(t, { connectionStateRecovery: {} });
  const peers = [];
  server.io.on("connection", (peer) => {
    peers.push(peer);
    peer.on("subscribe", (channel, ack) => {
      peer.join(channel);
      ack(null);
    });
  });
  const socket = channels(client(t, server.url, options));
  const heard = [];
  socket.on("news", (...args) => heard.push(args));
  await next(socket, "connect");
  assert.deepEqual(await answer((done) => socket.subscribe("room", done)), [null]);
  const { id } = socket;
  server.io.to("room").emit("news", 1, "text");
  await until(() => heard.length === 1, "the event");
  assert.deepEqual([heard[0].length, heard[0][1], socket.position], [3, "text", undefined], "Node does not say that this is a position");
  const lost = next(socket, "disconnect");
  const asked = next(peers[0], "disconnect");
  socket.io.engine.close();
  await Promise.all([lost, asked]);
  server.io.to("room").emit("news", 2);
  await until(() => heard.length === 2, "what was missed");
  await until(() => peers.length === 2 && socket.connected, "it is back");
  assert.deepEqual([heard[1][0], socket.recovered, socket.id, peers[1].recovered], [2, true, id, true]);
});

if (isOurs) {
  test("our client recovers its session without channels, too", async (t) => {
    const server = await new HandMade().listen(t);
    const socket = client(t, server.url, { transports: ["websocket"] });
    const news = next(socket, "news");
    await next(socket, "connect");
    await until(() => server.peer?.isOpen, "the server's side");
    server.peer.direct("news", 1);
    await news;
    const [{ pid, directToken: offset }] = server.peers;
    assert.equal(socket.position, offset);
    server.peer.cut();
    await back(server, socket, 1);
    assert.deepEqual([server.peer.auth, socket.recovered], [{ pid, offset, offsets: true }, true]);
    // Of a session that is over, nothing is shown.
    server.peer.cut();
    server.forgetSessions();
    await back(server, socket, 2);
    assert.deepEqual([socket.recovered, socket.position], [false, undefined]);
    const fresh = server.peer.pid;
    server.peer.cut();
    await back(server, socket, 3);
    assert.deepEqual([server.peer.auth, socket.recovered], [{ pid: fresh, offsets: true }, true]);
  });
}
