// The other parser that Socket.IO has: each packet is one binary message.

import assert from "node:assert/strict";
import parser from "socket.io-msgpack-parser";
import { beside, connect, numbers, open, unique } from "../official/harness.mjs";
import { ownAuth } from "../client.mjs";
import { GONE, RawSocket, inEach, noise, operate, shapes, test, whoami } from "./support.mjs";

const STRANGE = "Größe π 🏆 𝄞 \u0000\u001e \"\\\" 日本語 ‮rtl";

inEach("msgpack", (mode) => {
  const connected = (t, namespace = "/", options = {}) => connect(t, mode, namespace, { parser, ...options });

  test("events and acknowledgements, both ways", async (t) => {
    const client = await connected(t);
    assert.equal((await whoami(client)).id, client.socket.id);

    const values = [
      null, true, false, 0, 1, -1, 127, 128, -128, -129, 65536, -65537, 2 ** 32, -(2 ** 33), 2 ** 53 - 1,
      1.5, -0.25, "", STRANGE, "x".repeat(31), "x".repeat(32), "x".repeat(256), "x".repeat(70_000),
      [], {}, numbers(15), numbers(16), numbers(70_000), { nested: [{ "": [null, { [STRANGE]: 1 }] }] },
      Object.fromEntries(numbers(20).map((n) => [`key ${n}`, n])),
    ];
    for (const value of values) {
      const answer = await client.ask("echo", value);
      assert.deepEqual(answer, value);
    }
    const back = new Promise((resolve) => client.socket.once("back", (...args) => resolve(args)));
    client.socket.emit("back", ...values);
    assert.deepEqual(await back, values);

    client.socket.once("question", (a, b, answer) => answer({ [a]: b }));
    assert.deepEqual(await client.ask("ask", "a", [1]), { answer: { a: [1] } });
    client.socket.emit("numbers");
    await client.next("none");
    assert.deepEqual(client.received.find(({ event }) => event === "many").args, [1, "two", [3], { four: 4 }]);
  });

  test("bytes, of every kind", async (t) => {
    const client = await connected(t);
    for (const [kind, [sent, arrives]] of Object.entries(shapes())) {
      // Of typed arrays, this parser knows Uint8Array's; of those it makes Buffers.
      if (kind === "an Uint16Array") continue;
      assert.deepEqual(await client.ask("echo", { in: [sent] }), { in: [arrives] }, kind);
    }
    for (const length of [255, 256, 65_535, 65_536, 500_000]) {
      const data = noise(length);
      assert.ok(data.equals(await client.ask("echo", data)), `${length} bytes`);
    }
    const many = numbers(10).map((n) => noise(n, n));
    assert.deepEqual(await client.ask("echo", many), many);
    assert.deepEqual(await client.ask("file", { name: "π", data: Buffer.from([1, 2]) }), {
      name: "π",
      data: Buffer.from([2, 1]),
    });
  });

  test("what is published, and broadcast", async (t) => {
    const [a, b] = await Promise.all([connected(t), connected(t)]);
    const channel = unique("open");
    await a.subscribe(channel);
    await b.subscribe(channel);
    const data = { picture: noise(1000), list: [1.5, null, STRANGE] };
    assert.equal(await a.ask("publish", channel, "picture", data), null);
    assert.deepEqual(await b.next("picture"), data);
    assert.match((await a.ask("publish", channel, "disconnect", data)).message, /reserved/);

    for (const { socket } of [a, b]) socket.on("ready?", (answer) => answer({ yes: noise(1).length }));
    const { answers, missing } = await operate(a, { action: "ack", to: [channel], event: "ready?", timeout: 10_000 });
    assert.deepEqual(answers, { [a.socket.id]: { yes: 1 }, [b.socket.id]: { yes: 1 } });
    assert.deepEqual(missing, []);
  });

  test("namespaces", async (t) => {
    const main = await connected(t, "/", { auth: { as: STRANGE } });
    const other = beside(t, main, "/tenant-1", { auth: { as: [1] } });
    const [here, there] = [await whoami(main), await whoami(other)];
    assert.deepEqual([here.namespace, ownAuth(here.auth), here.id], ["/", { as: STRANGE }, main.socket.id]);
    assert.deepEqual([there.namespace, ownAuth(there.auth), there.id], ["/tenant-1", { as: [1] }, other.socket.id]);

    other.socket.disconnect();
    other.socket.connect();
    assert.notEqual((await whoami(other)).id, there.id);
    other.socket.emit("disconnect_me");
    assert.deepEqual(
      await other.first(2, "@disconnect"),
      ["io client disconnect", "io server disconnect"],
    );
    assert.equal((await whoami(main)).id, here.id);
  });

  test("refusals, with data", async (t) => {
    const client = open(t, mode, "/", { parser, auth: { refuse: STRANGE, data: { code: [4, null, 1.5] } } });
    const error = await client.next("@connect_error");
    assert.deepEqual([error.message, error.data], [STRANGE, { code: [4, null, 1.5] }]);
    const nowhere = await open(t, mode, "/nowhere", { parser }).next("@connect_error");
    assert.deepEqual([nowhere.message, nowhere.data], ["Invalid namespace", undefined]);
  });

  test("an invalid packet ends the connection", async (t) => {
    const observer = await connected(t);
    const tooMany = numbers(11).map((n) => noise(1, n));
    for (const packet of [
      Buffer.from([0xc1]),
      parser.Encoder.prototype.encode({ type: 2, nsp: "/", data: ["echo", ...tooMany] })[0],
      "42[\"echo\"]",
      parser.Encoder.prototype.encode({ type: 5, nsp: "/", data: ["echo"] })[0],
      parser.Encoder.prototype.encode({ type: 2, nsp: "/", data: { echo: 1 } })[0],
      parser.Encoder.prototype.encode({ type: 2, nsp: "/", data: ["connect_error"] })[0],
      parser.Encoder.prototype.encode({ type: 2, nsp: "/", data: [] })[0].subarray(0, 10),
    ]) {
      const client = await connected(t, "/", { reconnection: false });
      const { id } = client.socket;
      client.socket.io.engine.send(packet);
      assert.ok(GONE[mode].includes(await client.next("@disconnect")));
      assert.equal((await observer.next("gone", (gone) => gone.id === id)).reason, "parse error");
    }
  });
});

test("a client with the usual parser is not understood", async (t) => {
  const raw = new RawSocket(t);
  assert.match(await raw.next(), /^0\{/);
  raw.send("40");
  await raw.gone();
});
