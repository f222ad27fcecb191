// Each fault of recovery in Socket.IO's own server, as a test that it is not one of this server. The
// numbers are those of the table of faults in docs/reliability.md.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SHORT_WINDOW, closeServers, eventually, fence, open, rawSocket, serverOf, unique, until } from "./support.mjs";

after(closeServers);

const TOKEN = /^[-0-9A-Z_a-z]{16}$/;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("1: a volatile event that ends with a string does not become the offset", async (t) => {
  const client = await open(t);
  await client.publish("first");
  await client.nth(1, "message");
  await client.control("emit", { channel: client.room, event: "tick", args: ["some text"], volatile: true });
  await client.nth(1, "tick");
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  await fence(client);
  assert.deepEqual(client.messages, ["first", "missed"]);
});

test("1: every event has a position, but those that ask for an acknowledgement", async (t) => {
  const client = await open(t);
  const { id } = client.socket;
  await client.publish("to the channel");
  await client.control("emit", { event: "message", args: ["to all"] });
  await client.control("emit", { id, event: "message", args: ["to one"] });
  await client.publish("volatile", { volatile: true });
  await client.publish("binary", { binary: true });
  await client.control("emit", { channel: client.room, event: "empty" });
  await client.nth(1, "empty");
  for (const [name, ...args] of [...client.all("message"), ...client.all("empty")]) {
    assert.match(args.at(-1), TOKEN, `${name} ${args[0]}`);
  }
  const tokens = client.all("message").map((args) => args.at(-1));
  assert.deepEqual(tokens, [...new Set(tokens)].sort(), "later positions are greater");
  await client.control("emit", { channel: client.room, event: "question", args: ["x"], asks: true });
  const [first, ack, ...others] = await client.nth(1, "question");
  assert.deepEqual([first, typeof ack, others], ["x", "function", []]);
});

test("2: a session that never had an event is recovered", async (t) => {
  const client = await open(t);
  const { id } = client.socket;
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  assert.equal(client.socket.id, id);
  await fence(client);
  assert.deepEqual(client.messages, ["missed"]);
});

test("2: a session without channels is recovered", async (t) => {
  const client = await open(t, { subscribes: false });
  await client.whileAway(() => {});
  assert.equal(await client.recovered(), true);
});

test("3: a connection that was quiet for longer than the window is recovered", async (t) => {
  const client = await open(t, { server: "short" });
  await client.publish("first");
  await client.nth(1, "message");
  // That nothing happens for this long is what is tested.
  await pause(SHORT_WINDOW * 1.25);
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  await fence(client);
  assert.deepEqual(client.messages, ["first", "missed"]);
});

test("3: who has all that was dropped is recovered", async (t) => {
  const client = await open(t, { server: "small" });
  await client.publish("first");
  await client.nth(1, "message");
  const { bytes } = await client.control("kept");
  assert.ok(bytes > 0);
  // The message that the client has is dropped, because other channels need its bytes.
  await client.control("flood", { channel: unique("room"), event: "x", count: 2_000, bytes: 1_000 });
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  await fence(client);
  assert.deepEqual(client.messages, ["first", "missed"]);
});

test("4: who is back before the server notices takes the session over", async (t) => {
  const client = await open(t);
  const { id } = client.socket;
  await client.publish("first");
  await client.nth(1, "message");
  client.wire.swallow();
  await client.publish("lost on the way");
  client.wire.cutForClient();
  assert.equal(await client.recovered(), true);
  assert.equal(client.socket.id, id);
  await client.publish("new");
  await fence(client);
  assert.deepEqual(client.messages, ["first", "lost on the way", "new"]);
  const sockets = await client.control("sockets");
  assert.equal(sockets.filter((socket) => socket.id === id).length, 1);
  const life = (await client.control("life")).filter((line) => line.id === id);
  assert.deepEqual(life.map(({ what, recovered, reason }) => [what, recovered ?? reason]), [
    ["connect", false],
    ["disconnect", "replaced"],
    ["connect", true],
  ]);
});

test("5: a session is taken once", async (t) => {
  const client = await open(t);
  const { id, _pid: pid } = client.socket;
  await client.publish("first");
  await client.nth(1, "message");
  const offset = client.socket._lastOffset;
  client.socket.io.reconnection(false);
  client.wire.down();
  const { url } = await serverOf(t);
  const raws = await Promise.all([1, 2, 3].map(() => rawSocket(t, url)));
  for (const raw of raws) raw.send(`40${JSON.stringify({ pid, offset, offsets: true })}`);
  await until(() => raws.every((raw) => raw.isClosed || raw.received.length > 1), "an answer to each");

  const owners = async () => {
    const mark = unique("mark");
    await client.control("emit", { id, event: "owner", args: [mark] });
    await client.control("emit", { event: "fence", args: [mark] });
    const hasFence = (raw) => raw.received.some((text) => text.startsWith(`42["fence","${mark}"`));
    await until(() => raws.every((raw) => raw.isClosed || hasFence(raw)), "the fence");
    return raws.filter((raw) => raw.received.some((text) => text.startsWith(`42["owner","${mark}"`)));
  };
  const first = await owners();
  assert.equal(first.length, 1, "one of them has the session");
  const sockets = await client.control("sockets");
  assert.equal(sockets.filter((socket) => socket.id === id).length, 1);
  // The others have sessions of their own, or were closed when the session was taken from them.
  for (const raw of raws) {
    const sids = raw.received.filter((text) => text.startsWith("40{")).map((text) => JSON.parse(text.slice(2)).sid);
    if (raw !== first[0] && !raw.isClosed) assert.notEqual(sids[0], id);
  }
  assert.deepEqual(await owners(), first, "it stays there");
});

test("6: what was published before the client joined is not replayed", async (t) => {
  const client = await open(t, { subscribes: false });
  await client.control("emit", { id: client.socket.id, event: "message", args: ["direct"] });
  await client.nth(1, "message");
  await client.publish("before");
  await client.subscribe(client.room);
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(), true);
  await fence(client);
  assert.deepEqual(client.messages, ["direct", "missed"]);
});

test("6: an offset of an older session brings nothing from before the session", async (t) => {
  const client = await open(t);
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    await client.publish("before the second session");
    client.socket._pid = "A".repeat(20);
  });
  assert.equal(await client.recovered(2), false);
  await client.subscribe(client.room);
  await client.whileAway(() => client.publish("missed"));
  assert.equal(await client.recovered(3), true);
  await fence(client);
  assert.deepEqual(client.messages, ["first", "missed"]);
});

test("7: what was on its way when the server takes the client out is delivered or told", async (t) => {
  const client = await open(t);
  await client.publish("first");
  await client.nth(1, "message");
  client.wire.swallow();
  await client.publish("on its way");
  await client.control("leave", { channel: client.room });
  client.wire.cut();
  const recovered = await client.recovered();
  await fence(client);
  const has = client.messages.includes("on its way");
  assert.ok(has || !recovered, "the message is missing, and the client believes that it has all");
});

test("8: who was banned meanwhile does not come back", async (t) => {
  const user = unique("user");
  const client = await open(t, { auth: { user } });
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    await client.isAway();
    await client.control("ban", { user });
  });
  await until(() => client.received.length > 3, "an answer to the second CONNECT");
  assert.deepEqual(client.received.slice(3), [["@connect_error", "banned"]]);
  assert.equal(client.all("@connect").length, 1);
});

test("8: who was taken out of a channel meanwhile is not in it again", async (t) => {
  const client = await open(t);
  const other = unique("room");
  await client.subscribe(other);
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    await client.isAway();
    await client.control("leave", { channel: client.room });
  });
  assert.equal(await client.recovered(), true);
  const { channels } = await client.ask("whoami");
  assert.deepEqual(channels, [other]);
  await client.publish("for others");
  await fence(client);
  assert.deepEqual(client.messages, ["first"]);
});

test("8: who may no longer subscribe to a channel is not in it again", async (t) => {
  const user = unique("user");
  const client = await open(t, { auth: { user } });
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    await client.isAway();
    await client.control("bar", { user });
  });
  await client.recovered();
  await client.publish("for others");
  await fence(client);
  assert.deepEqual((await client.ask("whoami")).channels, []);
  assert.deepEqual(client.messages, ["first"]);
});

test("8: who was disconnected meanwhile has a new session", async (t) => {
  const client = await open(t);
  const { id } = client.socket;
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    await client.isAway();
    await client.control("disconnect", { channel: client.room });
  });
  assert.equal(await client.recovered(), false);
  assert.notEqual(client.socket.id, id);
});

test("9: a link that breaks while missed messages are sent doubles none", async (t) => {
  const client = await open(t);
  await client.publish("1");
  await client.nth(1, "message");
  await client.whileAway(async () => {
    for (const text of ["2", "3", "4"]) await client.publish(text);
    client.wire.cutAfter(1);
  });
  await until(() => client.messages.includes("4"), "the last message");
  assert.equal(client.socket.recovered, true);
  await fence(client);
  assert.deepEqual(client.messages, ["1", "2", "3", "4"]);
});

test("10: what is kept is bounded in bytes", async (t) => {
  const { control } = await serverOf(t, "small");
  await control("flood", { channel: unique("room"), event: "x", count: 5_000, bytes: 1_000 });
  const { bytes } = await control("kept");
  assert.ok(bytes > 0 && bytes <= 65_536, `${bytes} bytes`);
});

test("10: a channel without history keeps nothing", async (t) => {
  const { control } = await serverOf(t);
  const before = await control("kept");
  await control("flood", { channel: unique("bare"), event: "x", count: 5_000, bytes: 100 });
  const after = await control("kept");
  assert.ok(after.bytes <= before.bytes, `${after.bytes} bytes, before ${before.bytes}`);
  const without = await serverOf(t, "off");
  await without.control("flood", { channel: unique("room"), event: "x", count: 5_000, bytes: 100 });
  assert.deepEqual(await without.control("kept"), { bytes: 0 });
});

test("11: many clients come back at once, beside large histories of other channels", async (t) => {
  const { control } = await serverOf(t);
  for (let n = 0; n < 20; n++) await control("flood", { channel: unique("room"), event: "x", count: 1_000, bytes: 50 });
  const clients = await Promise.all(Array.from({ length: 50 }, () => open(t)));
  for (const client of clients) await client.publish("first");
  await Promise.all(clients.map((client) => client.nth(1, "message")));
  await Promise.all(clients.map((client) => client.whileAway(() => client.publish("missed"))));
  for (const client of clients) {
    assert.equal(await client.recovered(), true);
    await client.nth(2, "message");
    assert.deepEqual(client.messages, ["first", "missed"]);
  }
});

test("12: a restart is told", async (t) => {
  const client = await open(t);
  const { id } = client.socket;
  await client.publish("first");
  const [, token] = await client.nth(1, "message");
  const { url } = await serverOf(t, "restarted");
  await client.whileAway(() => client.wire.leadTo(url));
  assert.equal(await client.recovered(), false);
  assert.notEqual(client.socket.id, id);
  const [refusal, answer] = await new Promise((resolve) => {
    client.socket.emit("subscribe", client.room, { since: token }, (...args) => resolve(args));
  });
  assert.equal(refusal, null);
  assert.deepEqual({ ...answer, position: TOKEN.test(answer.position) }, {
    position: true,
    recovered: false,
    missed: 0,
    reason: "epoch",
  });
});

test("13: the application hears when a client is away, is back, and does not come back", async (t) => {
  const client = await open(t, { server: "short" });
  const { id } = client.socket;
  const heard = async (...expected) => {
    let seen;
    await eventually(async () => {
      const changes = await client.control("changes");
      seen = changes.filter((change) => change.id === id).map(({ what }) => what);
      return seen.length >= expected.length;
    }, expected.at(-1)).catch(() => {});
    assert.deepEqual(seen, expected);
  };
  await client.whileAway(() => heard("away"));
  assert.equal(await client.recovered(), true);
  await heard("away", "returned");
  client.wire.down();
  await heard("away", "returned", "away", "expired");
});

test("14: the application does not see the private id", async (t) => {
  const user = unique("user");
  const client = await open(t, { auth: { user } });
  await client.publish("first");
  await client.nth(1, "message");
  await client.whileAway(() => {});
  await client.recovered();
  // Nor what asks for positions.
  assert.deepEqual((await client.ask("whoami")).auth, { user });
  for (const line of await client.control("life")) {
    if (line.auth?.user === user) assert.deepEqual(line.auth, { user });
  }
});

test("15: what a client sends is received at most once", async (t) => {
  const client = await open(t);
  const [lost, later] = [unique("lost"), unique("later")];
  client.wire.silence();
  client.socket.emit("collect", lost);
  await pause(0);
  await client.whileAway(async () => {
    await client.nth(1, "@disconnect");
    client.socket.emit("collect", later);
  });
  await client.recovered();
  await fence(client);
  const collected = await client.control("collected");
  assert.deepEqual([lost, later].map((value) => collected.filter((one) => one === value).length), [0, 1]);
});

test("15: with the client's retries it is received at least once", async (t) => {
  const client = await open(t, { retries: 10, ackTimeout: 300, subscribes: false });
  const value = unique("value");
  client.wire.silence();
  const sent = new Promise((resolve) => client.socket.emit("collect", value, (...answer) => resolve(answer)));
  await pause(0);
  await client.whileAway(() => {});
  assert.deepEqual(await sent, [null, null]);
  const collected = await client.control("collected");
  assert.ok(collected.includes(value));
});
