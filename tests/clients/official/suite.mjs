// What the official client does with our server, the same in each mode.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  MODES, beside, connect, connected, copies, crowd, fence, network, numbers, open, unique, within,
} from "./harness.mjs";

const TRANSPORT_GONE = ["transport close", "transport error"];
const STRANGE = "Größe π 🏆 𝄞 \u0000\u001e\u2028\u2029 \"\\\" 日本語 e\u0301 ‮rtl";

/** Sends what is no packet of Socket.IO's, for which the server drops the connection. */
const offend = (client) => client.socket.io.engine.write("8");

export function suite(mode) {
  // The sum of all; each wait inside has its own, shorter deadline.
  describe(`socket.io-client, ${mode}`, { timeout: 240_000 }, () => {
    connecting(mode);
    channels(mode);
    publishing(mode);
    verbs(mode);
    acks(mode);
    content(mode);
    namespaces(mode);
    ending(mode);
  });
}

function connecting(mode) {
  test("connects, over the transport of its mode", async (t) => {
    const client = await connect(t, mode);
    const welcome = await client.next("welcome");

    assert.equal(client.transport, MODES[mode].ends);
    assert.equal(welcome.id, client.socket.id, "the server knows it by the same id");
    assert.equal(client.socket.id.length, 20);
    assert.notEqual(client.socket.id, client.socket.io.engine.id, "which is not the secret of the session");
    assert.deepEqual(client.all("@connect_error"), []);
    assert.equal(client.all("@connect").length, 1);
  });

  test("has an id of its own", async (t) => {
    const clients = await crowd(t, mode, 3);
    assert.equal(new Set(clients.map((client) => client.socket.id)).size, 3);
  });

  test("hands over its auth payload, its query and its headers", async (t) => {
    const auth = { name: STRANGE, nested: { list: [1, 2.5, null, true], empty: {} } };
    const client = await connect(t, mode, "/", {
      auth: (give) => give(auth),
      query: { who: "Ada & Bo" },
      extraHeaders: { "x-who": "a header" },
    });
    const me = await client.ask("whoami");

    assert.deepEqual(me.auth, auth);
    assert.deepEqual((await client.next("welcome")).auth, auth);
    assert.equal(me.query, "Ada & Bo");
    assert.equal(me.header, "a header");
    assert.equal(me.namespace, "/");
  });

  test("is refused with the handler's message and data", async (t) => {
    const client = open(t, mode, "/", { auth: { refuse: STRANGE } });
    const error = await client.next("@connect_error");

    assert.equal(error.message, `not today, ${STRANGE}`);
    assert.deepEqual(error.data, { why: "asked for", code: 4001 });
    assert.equal(client.socket.connected, false);
    assert.equal(client.socket.active, false, "a refusal is final: no new attempt");
    assert.deepEqual(client.all("welcome"), [], "what a handler sent before it refused is dropped");

    client.socket.auth = { name: "better" };
    client.socket.connect();
    await connected(client);
    assert.deepEqual((await client.ask("whoami")).auth, { name: "better" });
  });

  test("is refused in a namespace that is not there", async (t) => {
    const client = open(t, mode, "/nowhere");
    const error = await client.next("@connect_error");

    assert.equal(error.message, "Invalid namespace");
    assert.equal(error.data, undefined);
    assert.equal(client.socket.connected, false);
  });
}

function channels(mode) {
  test("subscribes, and hears the channel", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");

    assert.deepEqual(await copies(b, [a, b], "broadcast_channel", { channel: room }), [0, 0]);
    assert.equal(await a.ask("subscribe", room), null, "the ack is error-first, and there is no error");
    assert.deepEqual((await a.ask("whoami")).channels, [room]);
    assert.deepEqual(await copies(b, [a, b], "broadcast_channel", { channel: room }), [1, 0]);
  });

  test("subscribes twice and hears once", async (t) => {
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

  test("is refused a channel by the handler, and told why", async (t) => {
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
    // the second contains a declared beginning, but does not begin with it
    for (const channel of [unique("undeclared"), unique("an open")]) {
      assert.deepEqual(await a.ask("subscribe", channel), { message: "no such channel" });
      assert.deepEqual(await copies(b, [a], "broadcast_channel", { channel }), [0]);
    }
    // and these are no names
    for (const channel of ["", "room-\n", `room-${"x".repeat(10_000)}`, 7, null, {}, undefined]) {
      const error = await a.ask("subscribe", channel);
      assert.match(error?.message, /channel/, `refused: ${channel}`);
    }
    assert.deepEqual((await a.ask("whoami")).channels, []);
  });

  test("unsubscribes, and hears no more", async (t) => {
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

  test("is put into a channel, and out of it, by the server", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    // no route declares it: what the application does itself, it need not allow
    const channel = unique("undeclared");

    assert.equal(await a.ask("join", channel), true);
    assert.equal(await a.ask("join", channel), false, "it was in already");
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

function publishing(mode) {
  test("publishes to the others in the channel", async (t) => {
    const [a, b, c, d] = await crowd(t, mode, 4);
    const channel = unique("open");
    for (const one of [a, b, c]) await one.subscribe(channel);

    const mark = unique("mark");
    assert.equal(await a.ask("publish", channel, { mark, text: STRANGE }), null);
    await fence(a, [a, b, c, d]);
    assert.deepEqual([a, b, c, d].map((one) => one.copies(mark)), [0, 1, 1, 0]);
    assert.deepEqual(b.all("message").at(-1), { mark, text: STRANGE });
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
    assert.deepEqual(b.all("message"), []);
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

  test("hears from the handler why it may not publish this", async (t) => {
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

function verbs(mode) {
  test("each sending verb reaches exactly whom it says", async (t) => {
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

  test("a channel has one order for all who hear it, the sender included", async (t) => {
    const clients = await crowd(t, mode, 3);
    const room = unique("room");
    for (const client of clients) await client.subscribe(room);

    const each = 100;
    for (const [i, client] of clients.entries()) {
      for (const n of numbers(each)) {
        client.socket.emit("verb", { verb: "send_and_broadcast_channel", channel: room, data: { room, from: i, n } });
      }
    }
    const heard = (client) => client.all("message").filter((data) => data.room === room);
    for (const client of clients) {
      await client.until(() => heard(client).length >= 3 * each, "all that was sent to the channel");
    }
    await fence(clients[0], clients);

    const [order, ...others] = clients.map((client) => heard(client));
    assert.equal(order.length, 3 * each);
    for (const other of others) assert.deepEqual(other, order);
    for (const i of [0, 1, 2]) {
      assert.deepEqual(order.filter((data) => data.from === i).map((data) => data.n), numbers(each));
    }
  });
}

function acks(mode) {
  test("sends a message and is answered with one", async (t) => {
    const client = await connect(t, mode);
    client.socket.send({ text: STRANGE });
    assert.deepEqual(await client.next("message"), { echo: { text: STRANGE } });
  });

  test("acks: the server answers the client", async (t) => {
    const client = await connect(t, mode);
    for (const value of [0, -1.5, 1e21, "", STRANGE, true, null, [], {}, [[{ a: [null] }]]]) {
      assert.deepEqual(await client.ask("echo", value), value);
    }
    assert.equal(await client.ask("add", 20, 22), 42);
  });

  test("acks: many at once, each answer to its question", async (t) => {
    const client = await connect(t, mode);
    const answers = await Promise.all(numbers(200).map((n) => client.ask("echo", n)));
    assert.deepEqual(answers, numbers(200));
  });

  test("acks: the client answers the server, within the handling of its own event", async (t) => {
    const client = await connect(t, mode);
    client.socket.on("question", (question, answer) => answer({ ...question, answer: STRANGE }));
    assert.deepEqual(await client.ask("ask", { question: 7 }), { answer: { question: 7, answer: STRANGE } });
  });

  test("acks: the server waits in vain for the client", async (t) => {
    const client = await connect(t, mode);
    let late;
    client.socket.on("question", (_, answer) => (late = answer));
    assert.deepEqual(await client.ask("ask", 1), { error: "timeout" });

    late("too late");
    assert.equal(await client.ask("echo", "still here"), "still here", "an ack nobody waits for does no harm");
  });

  test("acks: the client waits in vain for the server", async (t) => {
    const client = await connect(t, mode);
    await assert.rejects(client.socket.timeout(200).emitWithAck("silent"), /timed out/);
    assert.equal(await client.ask("echo", "still here"), "still here");
  });
}

function content(mode) {
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

  test("any text comes back as it went", async (t) => {
    const client = await connect(t, mode);
    const everything = String.fromCodePoint(...numbers(0x3000).filter((c) => c < 0xd800 || c > 0xdfff));
    for (const text of [STRANGE, everything, "\u{10ffff}\ufffe\uffff\ufeff", "2[\"message\"]", "1", "b64"]) {
      assert.equal(await client.ask("echo", text), text);
      assert.deepEqual(await client.ask("echo", { [text]: text }), { [text]: text });
    }
  });

  test("500 kB come and go", async (t) => {
    const [client, other] = await crowd(t, mode, 2);
    const size = 500_000;
    for (const text of ["x".repeat(size), "ü".repeat(size / 2), "🏆".repeat(size / 4)]) {
      const back = await client.ask("echo", text);
      assert.equal(back.length, text.length);
      assert.ok(back === text);
    }
    // three in a row are more than one answer to a poll may hold
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

function namespaces(mode) {
  const token = { auth: { token: "let me in" } };

  test("joins a second namespace over the same connection, with an id of its own", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", token);
    await admin.until(() => admin.socket.connected, "the second namespace");

    assert.equal(admin.socket.io.engine, client.socket.io.engine);
    assert.notEqual(admin.socket.id, client.socket.id);
    const [here, there] = [await client.ask("whoami"), await admin.ask("whoami")];
    assert.deepEqual([here.namespace, there.namespace], ["/", "/admin"]);
    assert.deepEqual([here.id, there.id], [client.socket.id, admin.socket.id]);
    assert.deepEqual(there.auth, token.auth);
  });

  test("is refused there without costing it the first", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", { auth: { token: "guess" } });
    const error = await admin.next("@connect_error");

    assert.equal(error.message, "not an administrator");
    const nowhere = beside(t, client, "/nowhere");
    assert.equal((await nowhere.next("@connect_error")).message, "Invalid namespace");
    assert.equal(await client.ask("echo", 1), 1);
    assert.equal(client.socket.connected, true);
  });

  test("may be in another namespace only", async (t) => {
    const admin = await connect(t, mode, "/admin", token);
    assert.equal((await admin.ask("whoami")).namespace, "/admin");
  });

  test("hears nothing of the other namespace, though the channels have the same name", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const [adminA, adminB] = [beside(t, a, "/admin", token), beside(t, b, "/admin", token)];
    for (const one of [adminA, adminB]) await one.until(() => one.socket.connected, "the namespace");
    const room = unique("room");
    for (const one of [a, b, adminA, adminB]) await one.subscribe(room);

    for (const verb of ["send_and_broadcast_channel", "send_and_broadcast", "io_broadcast"]) {
      for (const [from, expected] of [[a, [1, 1, 0, 0]], [adminA, [0, 0, 1, 1]]]) {
        const mark = unique("mark");
        await from.verb(verb, { channel: room, data: { mark } });
        await fence(a, [a, b]);
        await fence(adminA, [adminA, adminB]);
        assert.deepEqual([a, b, adminA, adminB].map((one) => one.copies(mark)), expected, verb);
      }
    }
    assert.equal(await adminB.ask("unsubscribe", room), null);
    assert.deepEqual((await b.ask("whoami")).channels, [room]);
  });

  test("leaves it and stays in the first", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", token);
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { id } = admin.socket;

    admin.socket.disconnect();
    assert.equal(await admin.next("@disconnect"), "io client disconnect");
    assert.equal(await client.ask("echo", 1), 1);

    admin.socket.connect();
    await admin.until(() => admin.socket.connected, "the second namespace, again");
    assert.notEqual(admin.socket.id, id);
    assert.equal(await admin.ask("echo", 2), 2);
  });
}

function ending(mode) {
  /** What the server saw of a client that is gone, as it tells all others. */
  const lifeOf = (witness, id) => witness.next("finished", (data) => data.id === id).then((data) => data.life);

  test("disconnects, and the server runs through the whole end", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const { id } = client.socket;
    const [x, y] = [unique("room"), unique("room")];
    await client.subscribe(x, y);
    client.socket.disconnect();

    assert.equal(await client.next("@disconnect"), "io client disconnect");
    assert.deepEqual(await lifeOf(witness, id), [
      "connect", `subscribe ${x}`, `subscribe ${y}`,
      "disconnect", `unsubscribe ${x}`, `unsubscribe ${y}`, "finish",
    ]);
    assert.deepEqual(await copies(witness, [witness], "io_broadcast"), [1]);
    assert.equal(witness.all("finished").filter((data) => data.id === id).length, 1, "once");

    client.socket.connect();
    await connected(client);
    const me = await client.ask("whoami");
    assert.notEqual(me.id, id);
    assert.deepEqual(me.channels, []);
  });

  test("what it sent before it left is still handled", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const room = unique("room");
    await witness.subscribe(room);
    const mark = unique("mark");
    client.socket.emit("verb", { verb: "broadcast_channel", channel: room, data: { mark } });
    client.socket.disconnect();

    await witness.next("message", (data) => data?.mark === mark);
  });

  test("is disconnected by the server from one namespace and stays in the other", async (t) => {
    const client = await connect(t, mode);
    const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { engine } = client.socket.io;
    const { id } = client.socket;
    client.socket.emit("disconnect_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.equal(client.socket.active, false, "it will not try again by itself");
    assert.equal(await admin.ask("echo", "still here"), "still here");
    assert.equal(client.socket.io.engine, engine);
    assert.equal(engine.readyState, "open", "the connection is the same");
    assert.equal(client.socket.connected, false);
    assert.deepEqual(admin.all("@disconnect"), []);

    client.socket.connect();
    await connected(client);
    assert.notEqual(client.socket.id, id);
    assert.equal(await client.ask("echo", "back"), "back");
  });

  test("is disconnected by the server and hears nothing more", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const { id } = client.socket;
    const room = unique("room");
    await client.subscribe(room);
    client.socket.emit("disconnect_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.deepEqual(await lifeOf(witness, id), [
      "connect", `subscribe ${room}`, "disconnect", `unsubscribe ${room}`, "finish",
    ]);
    assert.deepEqual(await copies(witness, [witness], "send_and_broadcast_channel", { channel: room }), [1]);
    assert.deepEqual(client.heard.slice(-2).map((one) => one.event), ["goodbye", "@disconnect"]);
    assert.equal(client.socket.connected, false);
    assert.equal(client.socket.active, false);
  });

  test("the server closes the whole connection: every namespace ends", async (t) => {
    const [client, witness] = await crowd(t, mode, 2);
    const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
    await admin.until(() => admin.socket.connected, "the second namespace");
    const { id } = client.socket;
    const { engine } = client.socket.io;
    const closed = new Promise((resolve) => engine.once("close", resolve));
    client.socket.emit("close_me");

    assert.equal(await client.next("@disconnect"), "io server disconnect");
    assert.equal(await admin.next("@disconnect"), "io server disconnect");
    await within(closed, "the end of the connection");
    assert.deepEqual(client.heard.slice(-2).map((one) => one.event), ["goodbye", "@disconnect"]);
    assert.equal(client.socket.active, false);
    assert.equal(admin.socket.active, false);
    assert.deepEqual(await lifeOf(witness, id), ["connect", "disconnect", "finish"]);
  });

  for (const [what, drop] of [
    ["the server drops it", (client) => offend(client)],
    ["the network fails", (client, net) => net.fail()],
  ]) {
    test(`reconnects by itself when ${what}, as somebody new`, async (t) => {
      const net = await network(t);
      const client = await connect(t, mode, "/", { url: net.url });
      const witness = await connect(t, mode);
      const admin = beside(t, client, "/admin", { auth: { token: "let me in" } });
      await admin.until(() => admin.socket.connected, "the second namespace");
      const ids = [client.socket.id, admin.socket.id];
      const room = unique("room");
      await client.subscribe(room);
      drop(client, net);

      const reason = await client.next("@disconnect");
      assert.ok(TRANSPORT_GONE.includes(reason), reason);
      net.mend();
      assert.deepEqual(await lifeOf(witness, ids[0]), [
        "connect", `subscribe ${room}`, "disconnect", `unsubscribe ${room}`, "finish",
      ]);
      for (const one of [client, admin]) await one.first(2, "@connect");
      await connected(client);
      await admin.until(() => admin.socket.connected, "the second namespace, again");

      const me = await client.ask("whoami");
      assert.equal(me.id, client.socket.id);
      assert.equal(new Set([...ids, client.socket.id, admin.socket.id]).size, 4);
      assert.ok(!client.socket.recovered);
      assert.deepEqual(me.channels, [], "its channels went with it");
      assert.deepEqual(client.all("welcome").map((welcome) => welcome.id), [ids[0], client.socket.id]);
      assert.deepEqual(await copies(witness, [client], "broadcast_channel", { channel: room }), [0]);
      await client.subscribe(room);
      assert.deepEqual(await copies(witness, [client], "broadcast_channel", { channel: room }), [1]);
      assert.equal((await admin.ask("whoami")).namespace, "/admin");
    });
  }

  test("what it says while the connection is gone is said when it is back", async (t) => {
    const client = await connect(t, mode);
    offend(client);
    await client.next("@disconnect");
    for (const n of numbers(50)) client.socket.emit("count", n);

    await client.first(2, "@connect");
    assert.deepEqual(await client.ask("counted"), numbers(50));
  });
}
