// Targets and flags of messages, operations on many clients, and observers.

import assert from "node:assert/strict";
import { beside, connect, crowd, fence, numbers, open, settled, unique } from "../official/harness.mjs";
import { RawPolling, alone, inEach, operate, test, whoami, withTime } from "./support.mjs";

/** Emits as the order says. Returns how many copies each of `clients` received: `[0, 1, 1]`. */
async function copies(from, clients, order) {
  const event = unique("event");
  await operate(from, { ...order, event, data: ["x"] });
  await fence(from, clients);
  return clients.map((client) => client.all(event).length);
}

inEach("targets", (mode) => {
  test("to, except, including, local", async (t) => {
    const clients = await crowd(t, mode, 4);
    const [a, b, c, d] = clients;
    const [red, blue, muted] = [unique("room-red"), unique("room-blue"), unique("room-muted")];
    await a.subscribe(red);
    await b.subscribe(red, blue);
    await c.subscribe(blue, muted);

    for (const [order, expected] of [
      [{}, [1, 1, 1, 1]],
      [{ to: [red] }, [1, 1, 0, 0]],
      [{ to: [red, blue] }, [1, 1, 1, 0]],
      [{ to: [red, blue], except: [muted] }, [1, 1, 0, 0]],
      [{ except: [red] }, [0, 0, 1, 1]],
      [{ except: [red, muted] }, [0, 0, 0, 1]],
      [{ to: [red], including: d.socket.id }, [1, 1, 0, 1]],
      [{ to: [red], except: [blue], including: b.socket.id }, [1, 1, 0, 0]],
      [{ except_socket: c.socket.id }, [1, 1, 0, 1]],
      [{ to: [unique("room")] }, [0, 0, 0, 0]],
      [{ from: "socket" }, [0, 1, 1, 1]],
      [{ from: "socket", to: [red] }, [0, 1, 0, 0]],
      [{ from: "socket", to: [red, blue], except: [muted] }, [0, 1, 0, 0]],
      [{ from: "socket", to: [blue], including: a.socket.id }, [1, 1, 1, 0]],
      [{ local: true, to: [red] }, [1, 1, 0, 0]],
    ]) {
      assert.deepEqual(await copies(a, clients, order), expected, JSON.stringify(order));
    }
  });

  test("several arguments", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    a.socket.emit("numbers");
    await a.next("none");
    assert.deepEqual(a.received.filter(({ event }) => ["many", "none"].includes(event)), [
      { event: "many", args: [1, "two", [3], { four: 4 }] },
      { event: "none", args: [] },
    ]);

    const [event, room] = [unique("event"), unique("room")];
    for (const client of [a, b]) await client.subscribe(room);
    const order = { action: "publish", to: [room], event, data: [1, null, { x: [Buffer.from("y")] }] };
    assert.equal(await operate(a, order), 2);
    await b.next(event, () => true);
    const found = b.received.find((one) => one.event === event);
    assert.deepEqual(found.args, [1, null, { x: [Buffer.from("y")] }]);
  });
});

inEach("acknowledgements", (mode) => {
  test("of one client", async (t) => {
    const client = await connect(t, mode);
    client.socket.on("sum", (a, b, answer) => answer(a + b));
    client.socket.on("silent", () => {});
    client.socket.on("nothing", (answer) => answer());
    const ask = (event, data, timeout) => client.ask("direct", { event, data, timeout });

    assert.deepEqual(await ask("sum", [1, 2], 10_000), { answer: 3 });
    assert.deepEqual(await ask("nothing", [], 10_000), { answer: null });
    assert.deepEqual(await ask("silent", [], 50), { error: "timeout" });
  });

  test("of a broadcast: those of all clients", async (t) => {
    const clients = await crowd(t, mode, 3);
    const [a] = clients;
    const room = unique("room");
    for (const client of clients.slice(0, 2)) await client.subscribe(room);
    clients.forEach(({ socket }, n) => socket.on("count", (by, answer) => answer(n * by)));

    const order = { action: "ack", event: "count", data: [10], timeout: 10_000 };
    const [id0, id1, id2] = clients.map((client) => client.socket.id);
    assert.deepEqual(await operate(a, { ...order, to: [room] }), { answers: { [id0]: 0, [id1]: 10 }, missing: [] });
    await alone(a, clients);
    assert.deepEqual(await operate(a, { ...order, except: [room] }), { answers: { [id2]: 20 }, missing: [] });
    assert.deepEqual(await operate(a, { ...order, from: "socket", to: [room] }), {
      answers: { [id1]: 10 },
      missing: [],
    });
    assert.deepEqual(await operate(a, { ...order, to: [unique("room")] }), { answers: {}, missing: [] });
  });

  test("of a broadcast: some are late", async (t) => {
    const clients = await crowd(t, mode, 3);
    const [a, b, c] = clients;
    const room = unique("room");
    for (const client of clients) await client.subscribe(room);
    let late;
    a.socket.on("count", (answer) => answer("a"));
    b.socket.on("count", (answer) => (late = answer));
    c.socket.on("count", (answer) => answer("c"));

    const answered = { [a.socket.id]: "a", [c.socket.id]: "c" };
    const ask = (timeout) => operate(a, { action: "ack", to: [room], event: "count", timeout });
    const { answers, missing } = await withTime(ask, ({ missing }) => missing.length === 1);
    assert.deepEqual(answers, answered);
    assert.deepEqual(missing, [b.socket.id]);
    late("too late");
    assert.equal((await whoami(b)).id, b.socket.id, "which affects no other client");
  });
});

inEach("many clients", (mode) => {
  test("are seen", async (t) => {
    const clients = await Promise.all(numbers(3).map((n) => connect(t, mode, "/", { auth: { n } })));
    const [a, b, c] = clients;
    const [room, other] = [unique("room"), unique("room")];
    await a.subscribe(room);
    await b.subscribe(other, room);
    b.socket.emit("remember", "name", "Bo");
    await whoami(b);

    const seen = await operate(c, { action: "fetch", to: [room] });
    seen.sort((left, right) => left.auth.n - right.auth.n);
    assert.deepEqual(
      seen.map(({ id, channels, context, transport }) => ({ id, channels, context, transport })),
      [
        { id: a.socket.id, channels: [room], context: {}, transport: mode },
        { id: b.socket.id, channels: [other, room], context: { name: "Bo" }, transport: mode },
      ],
    );
    const ids = async (order) => new Set((await operate(c, { action: "fetch", ...order })).map(({ id }) => id));
    assert.deepEqual(await ids({ to: [room], except: [other] }), new Set([a.socket.id]));
    const all = await ids({});
    assert.ok(clients.every((client) => all.has(client.socket.id)));
    assert.ok(!(await ids({ from: "socket" })).has(c.socket.id));
  });

  test("join and leave", async (t) => {
    const clients = await crowd(t, mode, 3);
    const [a, b, c] = clients;
    const [room, channel] = [unique("room"), unique("room")];
    await a.subscribe(room);
    await b.subscribe(room);

    assert.equal(await operate(c, { action: "join", to: [room], channel }), null);
    assert.equal(await operate(c, { action: "join", to: [room], channel }), null, "they are in it");
    assert.deepEqual(await copies(c, clients, { to: [channel] }), [1, 1, 0]);
    assert.ok((await c.ask("channels")).includes(channel));
    assert.equal(await operate(a, { action: "leave", from: "socket", to: [room], channel }), null);
    assert.deepEqual(await copies(c, clients, { to: [channel] }), [1, 0, 0]);
    assert.equal(await operate(c, { action: "leave", to: [room], channel }), null);
    assert.ok(!(await c.ask("channels")).includes(channel), "because it is empty");
    assert.ok((await c.ask("channels")).includes(room));
  });

  test("are disconnected from the namespace", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const { id } = b.socket;
    const elsewhere = beside(t, b, "/static");
    const room = unique("room");
    await b.subscribe(room);
    assert.equal(await operate(a, { action: "disconnect", to: [room], close: false }), null);
    assert.equal(await b.next("@disconnect"), "io server disconnect");
    // Clients of the tests before this one may leave only now.
    const { reason } = await a.next("gone", (gone) => gone.id === id);
    assert.equal(reason, "server namespace disconnect");
    assert.equal((await whoami(elsewhere)).namespace, "/static", "the connection stays");
    assert.deepEqual(elsewhere.all("@disconnect"), []);
    assert.deepEqual(a.all("@disconnect"), []);
  });

  test("are disconnected altogether", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const elsewhere = beside(t, b, "/static");
    await whoami(elsewhere);
    const room = unique("room");
    await b.subscribe(room);
    const closed = new Promise((resolve) => b.socket.io.engine.once("close", resolve));
    assert.equal(await operate(a, { action: "disconnect", to: [room], close: true }), null);
    await closed;
    assert.deepEqual([b.all("@disconnect"), elsewhere.all("@disconnect")], [
      ["io server disconnect"],
      ["io server disconnect"],
    ]);
    assert.deepEqual(a.all("@disconnect"), []);
  });
});

inEach("looking on", (mode) => {
  test("an event may be dropped before any handler", async (t) => {
    const client = await connect(t, mode);
    const answers = [];
    client.socket.emit("forbidden", "x", (answer) => answers.push(answer));
    assert.deepEqual(await client.next("failed"), { error: "rejected: dropped" });
    assert.equal((await whoami(client)).id, client.socket.id, "the next one is not");
    assert.deepEqual(answers, [{ message: "dropped", data: { event: "forbidden" } }]);
  });

  test("a request for a channel may be dropped, and its client receives the reason", async (t) => {
    const client = await connect(t, mode);
    const refusal = (event) => ({ message: "dropped", data: { event } });
    assert.deepEqual(await client.ask("subscribe", "room-forbidden"), refusal("subscribe"));
    assert.deepEqual(await client.ask("publish", "open-forbidden", 1), refusal("publish"));
    assert.deepEqual((await whoami(client)).channels, []);
  });

  test("arguments that are not as expected are named to the server, and the client reads that it failed", async (t) => {
    const client = await connect(t, mode);
    const answers = [];
    for (const [args, expected] of [
      [["x"], /^event "wrong": argument 0 is not a u32: .*string "x"/],
      [[1, 2], /^event "wrong": argument 1 is not an? .*String: .*integer `2`/],
      [[1], /^event "wrong": argument 1 \(.*String\) is missing: received 1: invalid type: null/],
    ]) {
      client.socket.emit("wrong", ...args, (answer) => answers.push(answer));
      const { error } = await client.next("failed", ({ error }) => expected.test(error));
      assert.equal(error.match(/argument/g).length, 1, `said once: ${error}`);
    }
    assert.equal((await whoami(client)).id, client.socket.id);
    assert.deepEqual(answers, Array(3).fill({ message: "internal error" }));
  });

  test("outgoing events are observed", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    const room = unique("room");
    await a.subscribe(room);
    await a.ask("listen", 3);
    await operate(b, { to: [room], event: "goal", data: [1, Buffer.from("x")] });
    await a.next("goal");
    a.socket.emit("back", "y");
    await a.ask("direct", { event: "direct", data: [] });
    assert.deepEqual(await a.next("listened"), [["goal", [1, Buffer.from("x")]], ["back", ["y"]], ["direct", []]]);
  });
});

test("an upgrade is reported and visible", async (t) => {
  const client = open(t, "default");
  await client.until(() => client.socket.connected, "the connection");
  await settled(client);
  assert.equal(await client.next("upgraded"), "websocket");
  assert.equal((await whoami(client)).transport, "websocket");

  const polling = await connect(t, "polling");
  assert.equal((await whoami(polling)).transport, "polling");
  assert.deepEqual(polling.all("upgraded"), []);
});

/** Publishes volatile events until one reaches this many clients. Returns its mark. */
async function publishUntil(client, order, count) {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    const mark = unique("mark");
    const reached = await operate(client, { ...order, action: "publish", volatile: true, data: [mark] });
    if (reached === count) return mark;
    assert.equal(reached, 0);
  }
  assert.fail(`no volatile event reached ${count}`);
}

test("a volatile event is dropped between two polls, and delivered to a poll that waits", async (t) => {
  const other = await connect(t, "websocket");
  const client = new RawPolling();
  const id = await client.join();
  const room = unique("room");
  await client.post(`421["subscribe","${room}"]`);
  assert.deepEqual(await client.poll(), ["431[null]"]);

  // No client polls.
  const order = { to: [room], event: "volatile" };
  assert.equal(await operate(other, { ...order, action: "publish", volatile: true, data: ["lost"] }), 0);
  assert.equal(await operate(other, { ...order, action: "publish", event: "sure", data: ["kept"] }), 1);
  assert.deepEqual(await client.poll(), ['42["sure","kept"]'], "what is not volatile waits");

  // Sooner or later, a client polls.
  const polled = client.poll();
  const mark = await publishUntil(other, order, 1);
  assert.deepEqual(await polled, [`42["volatile","${mark}"]`]);

  // The same from the socket itself, whose events arrive by a POST while no poll is pending ...
  await client.post(`422["direct",{"event":"volatile","data":["lost"],"volatile":true}]`);
  assert.deepEqual(await client.poll(), ["432[null]"]);
  // ... and with an acknowledgement, which then cannot arrive.
  await client.post(`423["direct",{"event":"volatile","data":["lost"],"volatile":true,"timeout":1}]`);
  assert.deepEqual(await client.poll(), ['433[{"error":"timeout"}]']);
  assert.equal((await operate(other, { action: "fetch", to: [room] }))[0].id, id);
});

inEach("volatile", (mode) => {
  test("is dropped behind another packet, and delivered to a pending poll", async (t) => {
    const [a, b] = await crowd(t, mode, 2);
    a.socket.emit("behind");
    await a.next("third");
    assert.deepEqual(["first", "second", "third"].map((event) => a.all(event)), [[1], [], [3]]);

    const room = unique("room");
    await a.subscribe(room);
    const mark = await publishUntil(b, { to: [room], event: "volatile" }, 1);
    assert.equal(await a.next("volatile"), mark);
    assert.deepEqual(a.all("volatile"), [mark]);
  });
});
