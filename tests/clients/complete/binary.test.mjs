// Bytes in events and acknowledgements.

import assert from "node:assert/strict";
import { beside, connect, numbers, unique } from "../official/harness.mjs";
import { GONE, RawSocket, inEach, noise, shapes, test } from "./support.mjs";

/** Emits, and resolves with all arguments of the acknowledgement. */
function call(client, event, ...args) {
  return new Promise((resolve, reject) => {
    client.socket.timeout(20_000).emit(event, ...args, (error, ...answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** The same number of attachments in many places: arguments, lists and objects, beside other data. */
const COUNTS = numbers(11).map((count) => {
  const bytes = numbers(count).map((n) => noise(n * 7, n + 1));
  return {
    count,
    flat: bytes,
    nested: ["text", { deep: [{ bytes }, null, 1.5], "": true }, bytes.length],
    mixed: bytes.flatMap((data, n) => [`before ${n}`, { [`key ${n}`]: [data] }]),
  };
});

inEach("binary", (mode) => {
  for (const { count, flat, nested, mixed } of COUNTS) {
    test(`${count} attachments, there and back`, async (t) => {
      const client = await connect(t, mode);
      for (const args of [flat, nested, mixed]) {
        assert.deepEqual(await call(client, "echo", ...args), args, "as an acknowledgement");

        const back = new Promise((resolve) => client.socket.once("back", (...args) => resolve(args)));
        client.socket.emit("back", ...args);
        assert.deepEqual(await back, args, "as an event");

        client.socket.once("question", (...args) => args.pop()({ args, more: "text" }));
        assert.deepEqual(await client.ask("ask", ...args), { answer: { args, more: "text" } }, "as a question");
      }
    });
  }

  test("bytes of every kind", async (t) => {
    const client = await connect(t, mode);
    for (const [kind, [sent, arrives]] of Object.entries(shapes())) {
      assert.deepEqual(await call(client, "echo", sent, { in: sent }), [arrives, { in: arrives }], kind);
    }
  });

  test("a structure of the application's, with bytes beside other data", async (t) => {
    const client = await connect(t, mode);
    const file = { name: "π.txt", data: Buffer.from([1, 2, 3]) };
    assert.deepEqual(await client.ask("file", file), { ...file, data: Buffer.from([3, 2, 1]) });
    const thumbnail = noise(100);
    assert.deepEqual(await client.ask("file", { ...file, thumbnail, size: 3 }), {
      name: file.name,
      data: Buffer.from([3, 2, 1]),
      thumbnail,
    });

    const [word, sum, all] = await call(client, "mixed", file, "word", Buffer.from([4]), [
      Buffer.from([5]),
      Buffer.from([6, 7]),
    ]);
    assert.deepEqual([word, sum, all], ["word", 28, Buffer.from([1, 2, 3, 4, 5, 6, 7])]);
  });

  test("a placeholder without attachments is data", async (t) => {
    const client = await connect(t, mode);
    const data = { _placeholder: true, num: 3 };
    assert.deepEqual(await call(client, "echo", data, [data]), [data, [data]]);
  });

  test("many events in a row keep their order and their bytes", async (t) => {
    const client = await connect(t, mode);
    const sent = numbers(60).map((n) => (n % 3 === 0 ? [n] : [n, noise(n, n), { more: noise(3, n) }]));
    const back = [];
    const all = new Promise((resolve) => {
      client.socket.on("back", (...args) => back.push(args) === sent.length && resolve());
    });
    for (const args of sent) client.socket.emit("back", ...args);
    await all;
    assert.deepEqual(back, sent);
  });

  test("500 kB in one event", async (t) => {
    const client = await connect(t, mode);
    const data = noise(500_000);
    const [back] = await call(client, "echo", data);
    assert.ok(data.equals(back));
    assert.equal(client.all("@disconnect").length, 0);
  });

  test("one attachment too many ends the connection", async (t) => {
    const observer = await connect(t, mode);
    const client = await connect(t, mode, "/", { reconnection: false });
    const { id } = client.socket;
    client.socket.emit("echo", ...numbers(11).map((n) => noise(1, n)));

    assert.ok(GONE[mode].includes(await client.next("@disconnect")));
    assert.equal((await observer.next("gone", (gone) => gone.id === id)).reason, "parse error");
  });

  test("what is published arrives as it was sent", async (t) => {
    const [a, b] = await Promise.all([connect(t, mode), connect(t, mode)]);
    const channel = unique("open");
    await a.subscribe(channel);
    await b.subscribe(channel);

    const data = [{ picture: noise(1000), name: "a" }, [noise(5), "x", noise(6)]];
    for (const one of data) {
      assert.equal(await a.ask("publish", channel, one), null);
      assert.equal(await a.ask("publish", channel, "picture", one), null);
    }
    await b.first(2, "picture");
    assert.deepEqual(b.all("message"), data);
    assert.deepEqual(b.all("picture"), data);
    assert.deepEqual(a.all("message"), []);
  });

  test("in a namespace, with an acknowledgement", async (t) => {
    const client = await connect(t, mode);
    const other = beside(t, client, "/static");
    await other.until(() => other.socket.connected, "the second namespace");
    const data = noise(300);
    assert.deepEqual(await call(other, "echo", { data }), [{ data }]);
    assert.deepEqual(await call(client, "echo", [data]), [[data]]);
  });

  test("placeholders in another order than their attachments", async (t) => {
    const channel = unique("open");
    const subscriber = await connect(t, mode);
    await subscriber.subscribe(channel);
    const raw = new RawSocket(t);
    await raw.join();
    raw.send(`420["subscribe","${channel}"]`);
    assert.equal(await raw.next(), "430[null]");

    const hold = (num) => `{"_placeholder":true,"num":${num}}`;
    raw.send(`453-["publish","${channel}","data",[${hold(2)},"x",${hold(0)},{"a":${hold(1)}}]]`);
    raw.send(...numbers(3).map((n) => Buffer.from([n, n])));
    const [zero, one, two] = numbers(3).map((n) => Buffer.from([n, n]));
    assert.deepEqual(await subscriber.next("data"), [two, "x", zero, { a: one }]);

    raw.send(`453-7["echo",${hold(2)},${hold(0)},${hold(1)}]`, two, one, zero);
    assert.match(await raw.next("the acknowledgement"), /^463-7\[/);
    assert.deepEqual([await raw.next(), await raw.next(), await raw.next()], [zero, two, one]);
  });
});

test("a WebSocket that takes text only is sent its bytes as text", async (t) => {
  for (const b64 of ["b64=1", "b64=true"]) {
    const raw = new RawSocket(t, `EIO=4&${b64}`);
    await raw.join();
    raw.send('451-1["echo",{"_placeholder":true,"num":0}]', "bAQID/w==");
    assert.equal(await raw.next(), '461-1[{"_placeholder":true,"num":0}]');
    assert.equal(await raw.next(), "bAQID/w==");
  }

  const client = await connect(t, "websocket", "/", { query: { b64: 1 } });
  const text = [];
  client.socket.io.engine.transport.ws.on("message", (data, isBinary) => text.push(!isBinary));
  const data = noise(1000);
  assert.deepEqual(await call(client, "echo", { data }), [{ data }]);
  assert.deepEqual(text, [true, true]);
});
