// Clients of Socket.IO 2, which speak Engine.IO 3: the last version of theirs, beside one of today.

import assert from "node:assert/strict";
import { describe } from "node:test";
import io from "socket.io-client-2";
import { MODES, SERVER_URL, connect, numbers, unique, within } from "../official/harness.mjs";
import { RawSocket, departure, noise, shapes, test, whoami } from "./support.mjs";

const { SERVER_WITHOUT_EIO3: WITHOUT, IMPATIENT_SERVER: IMPATIENT } = process.env;
if (!WITHOUT || !IMPATIENT) throw new Error("set the addresses of three servers (see tests/complete.rs)");

const STRANGE = "Größe π 🏆 𝄞 \u001e \"\\\" 日本語 ‮rtl";

/** The next time that it happens: its arguments. */
function once(emitter, event) {
  return within(new Promise((resolve) => emitter.once(event, (...args) => resolve(args))), `"${event}"`);
}

/** An old client that is not waited for. */
function open(t, mode, namespace = "/", { url = SERVER_URL, ...options } = {}) {
  const socket = io(url + namespace, { forceNew: true, reconnection: false, ...MODES[mode].options, ...options });
  t.after(() => socket.io.close());
  return socket;
}

async function connected(t, mode, namespace = "/", options = {}) {
  const socket = open(t, mode, namespace, options);
  await once(socket, "connect");
  if (socket.io.engine.transport.name !== MODES[mode].ends) await once(socket.io.engine, "upgrade");
  assert.equal(socket.io.engine.transport.name, MODES[mode].ends);
  return socket;
}

/** Emits, and gives the arguments of the acknowledgement. */
function call(socket, event, ...args) {
  const answered = new Promise((resolve) => socket.emit(event, ...args, (...answer) => resolve(answer)));
  return within(answered, `the acknowledgement of "${event}"`);
}

async function ask(socket, event, ...args) {
  const [answer] = await call(socket, event, ...args);
  return answer;
}

for (const mode of Object.keys(MODES)) {
  describe(`socket.io-client 2, ${mode}`, { timeout: 120_000 }, () => {
    test("connects", async (t) => {
      const socket = await connected(t, mode, "/", { query: { who: STRANGE } });
      const me = await ask(socket, "whoami");
      assert.deepEqual([me.namespace, me.transport, me.auth], ["/", MODES[mode].ends, {}]);
      assert.deepEqual([me.query.EIO, me.query.who], ["3", STRANGE]);
    });

    test("events and acknowledgements, both ways", async (t) => {
      const socket = await connected(t, mode);
      const values = [null, true, 1.5, -3, "", STRANGE, [], {}, { nested: [{ "": [STRANGE] }] }, "x".repeat(100_000)];
      assert.deepEqual(await call(socket, "echo", ...values), values);
      const back = once(socket, "back");
      socket.emit("back", ...values);
      assert.deepEqual(await back, values);

      socket.once("question", (a, b, answer) => answer({ [a]: b }));
      assert.deepEqual(await ask(socket, "ask", "a", [1]), { answer: { a: [1] } });
      const many = once(socket, "many");
      const none = once(socket, "none");
      socket.emit("numbers");
      assert.deepEqual(await many, [1, "two", [3], { four: 4 }]);
      assert.deepEqual(await none, []);
    });

    test("many events in a row keep their order", async (t) => {
      const socket = await connected(t, mode);
      const back = [];
      const all = new Promise((resolve) => socket.on("back", (n) => back.push(n) === 100 && resolve()));
      for (const n of numbers(100)) socket.emit("back", n, STRANGE, ...(n % 3 === 0 ? [noise(n, n)] : []));
      await within(all, "all of them");
      assert.deepEqual(back, numbers(100));
    });

    test("bytes, both ways", async (t) => {
      const socket = await connected(t, mode);
      // What else there is, old clients in Node take for objects with numbers for keys.
      for (const kind of ["a Buffer", "a part of a Buffer", "no bytes at all", "an ArrayBuffer"]) {
        const [sent, arrives] = shapes()[kind];
        const answer = await call(socket, "echo", sent, { in: [sent, STRANGE] });
        assert.deepEqual(answer, [arrives, { in: [arrives, STRANGE] }], kind);
      }
      for (const count of [1, 2, 10]) {
        const args = numbers(count).flatMap((n) => [noise(n * 100 + 1, n), { text: STRANGE }]);
        assert.deepEqual(await call(socket, "echo", ...args), args, `${count} attachments`);
        const back = once(socket, "back");
        socket.emit("back", ...args);
        assert.deepEqual(await back, args, `${count} attachments`);
        socket.once("question", (...args) => args.pop()({ args }));
        assert.deepEqual(await ask(socket, "ask", ...args), { answer: { args } });
      }
      const large = noise(500_000);
      assert.ok(large.equals(await ask(socket, "echo", large)));
    });

    test("channels, and binary, together with a new client", async (t) => {
      const old = await connected(t, mode);
      const other = await connect(t, mode);
      const channel = unique("open");
      assert.equal(await ask(old, "subscribe", channel), null);
      await other.subscribe(channel);
      const data = { picture: noise(1000), list: [Buffer.from("x"), STRANGE] };

      const received = once(old, "picture");
      assert.equal(await other.ask("publish", channel, "picture", data), null);
      assert.deepEqual(await received, [data]);
      assert.equal(await ask(old, "publish", channel, "picture", data), null);
      assert.deepEqual(await other.next("picture"), data);

      old.once("ready?", (answer) => answer("old"));
      other.socket.once("ready?", (answer) => answer("new"));
      const order = { action: "ack", to: [channel], event: "ready?", timeout: 10_000 };
      const { answers, missing } = await other.ask("operate", order);
      assert.deepEqual([Object.values(answers).sort(), answers[other.socket.id], missing], [["new", "old"], "new", []]);
    });

    test("namespaces, with the auth in the query", async (t) => {
      const socket = await connected(t, mode, "/static?token=a%20b&invited=yes");
      const me = await ask(socket, "whoami");
      assert.equal(me.namespace, "/static");
      assert.deepEqual(me.auth, { token: "a b", invited: "yes" });
      const data = noise(10);
      assert.deepEqual(await call(socket, "echo", { data }), [{ data }]);

      const beside = socket.io.socket("/tenant-7");
      await once(beside, "connect");
      assert.equal((await ask(beside, "whoami")).namespace, "/tenant-7");
      assert.deepEqual((await ask(beside, "whoami")).auth, {});
      beside.close();
      assert.equal((await ask(socket, "whoami")).id, me.id);
    });

    test("is refused in a namespace: with the data, or else the message", async (t) => {
      const socket = await connected(t, mode);
      for (const [namespace, query, expected] of [
        ["/nowhere", undefined, "Invalid namespace"],
        ["/static", { refuse: STRANGE }, STRANGE],
        ["/tenant-1", { refuse: "no", data: "why" }, "why"],
      ]) {
        const refused = socket.io.socket(namespace, { query });
        const [error] = await once(refused, "error");
        assert.equal(error, expected);
        assert.equal(refused.connected, false);
      }
      assert.equal((await ask(socket, "whoami")).namespace, "/");
    });

    test("pings by itself, and is answered", async (t) => {
      const socket = await connected(t, mode, "/", { url: IMPATIENT });
      for (const n of numbers(3)) {
        const [latency] = await once(socket, "pong");
        assert.ok(latency >= 0, `ping ${n} took ${latency} ms`);
      }
      assert.equal((await ask(socket, "whoami")).namespace, "/");
    });

    test("disconnects, and is disconnected", async (t) => {
      const observer = await connect(t, "websocket");
      for (const [act, here, there] of [
        [(socket) => socket.disconnect(), "io client disconnect", "client namespace disconnect"],
        [(socket) => socket.emit("disconnect_me"), "io server disconnect", "server namespace disconnect"],
        [(socket) => socket.emit("close_me"), "io server disconnect", "server namespace disconnect"],
        [(socket) => socket.io.engine.close(), "forced close", "transport close"],
      ]) {
        const socket = await connected(t, mode);
        const { id } = await ask(socket, "whoami");
        const gone = once(socket, "disconnect");
        act(socket);
        assert.deepEqual(await gone, [here]);
        assert.deepEqual(await observer.next("gone", (gone) => gone.id === id), { id, reason: there });
      }
    });

    test("is refused where old clients are not wanted", async (t) => {
      const socket = open(t, mode, "/", { url: WITHOUT });
      const [error] = await once(socket, "connect_error");
      assert.equal(error.type, "TransportError");
      assert.equal(socket.connected, false);
      // What it does not show:
      const response = await fetch(`${WITHOUT}/socket.io/?EIO=3&transport=polling`);
      assert.equal(response.status, 400);
      assert.deepEqual(await response.json(), { code: 5, message: "Unsupported protocol version" });
    });
  });
}

test("a client that does not ping is disconnected", async (t) => {
  const raw = new RawSocket(t, "EIO=3", IMPATIENT);
  assert.match(await raw.next(), /^0\{/);
  assert.equal(await raw.next(), "40", "it is let in without asking");
  raw.send('420["whoami"]');
  const [{ id }] = JSON.parse((await raw.next()).slice("430".length));
  await raw.gone();
  assert.equal(await departure(id, IMPATIENT), "ping timeout");
});

test("a new client is pinged by the same server", async (t) => {
  const client = await connect(t, "websocket", "/", { url: IMPATIENT });
  for (const n of numbers(3)) {
    await within(new Promise((resolve) => client.socket.io.once("ping", resolve)), `ping ${n}`);
  }
  assert.equal((await whoami(client)).id, client.socket.id);
});
