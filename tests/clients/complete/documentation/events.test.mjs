// The pages about listening to events and emitting them.

import assert from "node:assert/strict";
import { connect, network, within } from "../../official/harness.mjs";
import { inEach, test } from "../support.mjs";
import { argumentsOf, once } from "./support.mjs";

inEach("Listening to events", (mode) => {
  const PAGE = "/listening-to-events";

  test("socket.on: with all arguments", async (t) => {
    const client = await connect(t, mode, PAGE);
    const args = [1, "2", { 3: [4] }];
    const answer = new Promise((resolve) => client.socket.emit("details", ...args, (...answer) => resolve(answer)));
    assert.deepEqual(await answer, args);
  });

  test("socket.once: the first one only", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("details, once", 1);
    client.socket.emit("details, once", 2);
    await client.ask("details");
    assert.deepEqual(argumentsOf(client, "listened once"), [[1]]);
    assert.equal(client.all("any").length, 3, "though both have come");
  });

  test("socket.onAny: every event, with its arguments", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("one");
    client.socket.emit("two", 2, { two: 2 });
    client.socket.send("a message");
    await client.first(3, "any");
    assert.deepEqual(argumentsOf(client, "any"), [["one", []], ["two", [2, { two: 2 }]], ["message", ["a message"]]]);
  });

  test("socket.prependAny: before the others", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("details, once", 1);
    await client.next("listened once");
    assert.deepEqual(client.received.map(({ event }) => event), ["@connect", "any", "listened once"]);
  });

  test("socket.onAnyOutgoing: what goes out", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.deepEqual(await client.ask("outgoing"), ["hello", [1, "2"]]);
  });

  test("Validation: of the arguments, and of the acknowledgement", async (t) => {
    const client = await connect(t, mode, PAGE);
    const ada = { username: "Ada", email: "ada@example.com" };
    assert.deepEqual(await client.ask("create user", ada), { status: "OK" });
    for (const [user, error] of [
      [{ username: "Ada" }, /missing field `email`/],
      [{ ...ada, username: 7 }, /expected a string/],
      [{ ...ada, more: 1 }, /unknown field `more`/],
      [{ ...ada, username: "x".repeat(31) }, /too long/],
      [{ ...ada, email: "nowhere" }, /not an address/],
    ]) {
      const answer = await client.ask("create user", user);
      assert.equal(answer.status, "KO");
      assert.match(answer.error, error);
    }

    client.socket.emit("create user", ada);
    assert.equal(await client.next("@disconnect"), "io server disconnect", "not an acknowledgement");
  });

  test("Error handling: caught in the listener", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.deepEqual(await client.ask("list items", true), { status: "OK", items: [1, 2] });
    assert.deepEqual(await client.ask("list items", false), { status: "NOK" });
  });

  test("Error handling: captured rejections", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.emit("list products", false);
    client.socket.emit("list products", true);
    assert.deepEqual(await client.next("products"), [1, 2], "the connection goes on");
    assert.deepEqual(client.all("error"), ["the database is down"]);
  });
});

inEach("Emitting events", (mode) => {
  const PAGE = "/emitting-events";

  test("Basic emit: both ways", async (t) => {
    const client = await connect(t, mode, PAGE);
    assert.equal(await client.next("hello"), "world");
    assert.equal(await client.ask("hello", "world"), "hello world");
  });

  test("Basic emit: any number of arguments, and binary", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("hello");
    const hello = once(client, "hello");
    client.socket.emit("several arguments");
    assert.deepEqual(await hello, [1, "2", { 3: "4", 5: Buffer.from([6]) }]);
    assert.deepEqual(await client.ask("hello", 1, "2", { 3: "4", 5: Uint8Array.from([6]) }), [1, "2", "4", [6]]);
  });

  test("Basic emit: arguments are passed on as they came", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode, PAGE), connect(t, mode, PAGE)]);
    const args = [1, "2", { 3: "4", 5: Buffer.from([6]) }, null, [Buffer.from([7, 8])]];
    const passed = once(b, "passed on");
    a.socket.emit("pass on", ...args);
    assert.deepEqual(await passed, args);
  });

  test("Acknowledgements: of the server", async (t) => {
    const client = await connect(t, mode, PAGE);
    const answer = new Promise((resolve) => client.socket.emit("update item", "1", { name: "updated" }, resolve));
    assert.deepEqual(await answer, { status: "ok", id: "1", name: "updated" });
    assert.deepEqual(await client.socket.emitWithAck("update item", "2", { name: "again" }), {
      status: "ok",
      id: "2",
      name: "again",
    });
  });

  test("Acknowledgements: of the client", async (t) => {
    const client = await connect(t, mode, PAGE);
    client.socket.on("update item", (id, item, callback) => callback({ status: "ok", id, name: item.name }));
    assert.deepEqual(await client.ask("ask me"), { status: "ok", id: "1", name: "updated" });
  });

  test("With timeout: of the server's event", async (t) => {
    const client = await connect(t, mode, PAGE);
    let late;
    client.socket.once("my-event", (callback) => (late = callback));
    assert.deepEqual(await client.ask("with timeout", 50), { error: "not within the delay" });
    late("too late");
    client.socket.once("my-event", (callback) => callback("in time"));
    assert.deepEqual(await client.ask("with timeout", 20_000), { answer: "in time" });
  });

  test("With timeout: of the client's event", async (t) => {
    const client = await connect(t, mode, PAGE);
    const error = await new Promise((resolve) => client.socket.timeout(50).emit("my-event", resolve));
    assert.match(error.message, /timed out/);
    await assert.rejects(client.socket.timeout(50).emitWithAck("my-event"), /timed out/);
    assert.equal((await client.socket.timeout(20_000).emitWithAck("update item", "1", {})).status, "ok");
  });

  test("Volatile events: might or might not be received", async (t) => {
    const client = await connect(t, mode, PAGE);
    await client.next("hello");
    client.socket.emit("positions");
    await client.next("last");
    assert.deepEqual(client.all("hello"), ["world"], "not behind something that is still to be sent");

    // Sooner or later, the event meets a pending poll.
    const end = Date.now() + 20_000;
    while (client.all("hello").length < 2 && Date.now() < end) await client.ask("position");
    assert.deepEqual(new Set(client.all("hello").slice(1)), new Set(["might or might not be received"]));
  });

  test("Volatile events: discarded while the client is not connected, and others buffered", async (t) => {
    const wire = await network(t);
    const observer = await connect(t, mode, PAGE);
    const client = await connect(t, mode, PAGE, { url: wire.url });
    const { engine } = client.socket.io;
    if (!engine.transport.writable) await within(new Promise((resolve) => engine.once("drain", resolve)), "a drain");
    client.socket.volatile.emit("ping", 1);
    await observer.next("count", (count) => count === 1);

    wire.fail();
    // Between its disconnection and its next attempt, the client considers the old transport
    // writable.
    await within(new Promise((resolve) => client.socket.io.once("reconnect_error", resolve)), "an attempt in vain");
    client.socket.volatile.emit("ping", 2);
    client.socket.emit("ping", 3);
    wire.mend();
    await client.first(2, "@connect");
    client.socket.emit("ping", 4);
    await observer.next("count", (count) => count === 4);
    assert.deepEqual(observer.all("count"), [1, 3, 4]);
  });
});
