// Namespaces: those with a name, families of them, and several on one connection.

import assert from "node:assert/strict";
import { beside, connect, fence, open, unique } from "../official/harness.mjs";
import { ownAuth } from "../client.mjs";
import { RawSocket, inEach, operate, test, whoami } from "./support.mjs";

/** The name of a tenant that no other test uses. */
let last = 0;
const tenant = () => `/tenant-${process.pid}${++last}`;

async function joined(client) {
  await client.until(() => client.socket.connected, "the namespace");
  return client;
}

async function refused(client) {
  const error = await client.next("@connect_error");
  assert.equal(client.socket.connected, false);
  return error;
}

inEach("namespaces", (mode) => {
  test("one with a name", async (t) => {
    const client = await connect(t, mode, "/static");
    const me = await whoami(client);
    assert.equal(me.namespace, "/static");
    assert.equal(me.id, client.socket.id);
    assert.notEqual(me.id, client.socket.io.engine.id);
  });

  test("a family by pattern", async (t) => {
    const [one, two] = [tenant(), tenant()];
    const [a, b, c] = await Promise.all([connect(t, mode, one), connect(t, mode, one), connect(t, mode, two)]);
    for (const [client, namespace] of [[a, one], [b, one], [c, two]]) {
      assert.equal((await whoami(client)).namespace, namespace);
    }

    await operate(a, { event: "news", data: ["for one"] });
    assert.equal(await b.next("news"), "for one");
    await Promise.all([fence(a, [a, b]), fence(c, [c])]);
    assert.deepEqual([a, b, c].map((client) => client.all("news").length), [1, 1, 0]);

    for (const namespace of ["/tenant-x", "/tenant-", "/tenant-1x", "/my/tenant-1"]) {
      assert.equal((await refused(open(t, mode, namespace))).message, "Invalid namespace", namespace);
    }
  });

  test("a family by function, which sees how the client comes", async (t) => {
    const party = unique("/party");
    assert.equal((await refused(open(t, mode, party))).message, "Invalid namespace");
    const client = await connect(t, mode, party, { auth: { invited: true } });
    assert.equal((await whoami(client)).namespace, party);
    assert.equal((await refused(beside(t, client, unique("/party")))).message, "Invalid namespace");
  });

  test("one of a family goes with its last client, and comes again", async (t) => {
    const namespace = tenant();
    const observer = await connect(t, mode);
    const client = await connect(t, mode, namespace);
    assert.ok((await observer.ask("namespaces")).includes(namespace));
    client.socket.disconnect();
    const end = Date.now() + 20_000;
    let names;
    do {
      names = await observer.ask("namespaces");
    } while (names.includes(namespace) && Date.now() < end);
    assert.ok(!names.includes(namespace), "it has gone");
    assert.deepEqual(names.filter((name) => !name.startsWith("/tenant-") && !name.startsWith("/party-")), [
      "/",
      "/static",
    ]);
    assert.equal((await whoami(await connect(t, mode, namespace))).namespace, namespace);
  });

  test("several on one connection, each by itself", async (t) => {
    const main = await connect(t, mode, "/", { auth: { as: "main" } });
    const namespaces = ["/static", tenant(), tenant()];
    const others = await Promise.all(
      namespaces.map((namespace) => joined(beside(t, main, namespace, { auth: { as: namespace } }))),
    );
    const all = [main, ...others];
    const room = unique("room");
    for (const client of all) {
      assert.equal(client.socket.io.engine, main.socket.io.engine, "one connection");
      const { nsp } = client.socket;
      client.socket.emit("remember", "where", nsp);
      await client.subscribe(`${room}-of-${nsp}`);
    }
    await main.subscribe(`${room}-more`);

    const seen = await Promise.all(all.map(whoami));
    assert.deepEqual(seen.map((me) => me.namespace), ["/", ...namespaces]);
    assert.deepEqual(seen.map((me) => ownAuth(me.auth)), [{ as: "main" }, ...namespaces.map((as) => ({ as }))]);
    assert.deepEqual(seen.map((me) => me.context), ["/", ...namespaces].map((where) => ({ where })));
    assert.deepEqual(seen[0].channels, [`${room}-of-/`, `${room}-more`]);
    assert.deepEqual(seen.slice(1).map((me) => me.channels), namespaces.map((nsp) => [`${room}-of-${nsp}`]));
    assert.deepEqual(seen.map((me) => me.id), all.map((client) => client.socket.id));
    assert.equal(new Set([...seen.map((me) => me.id), main.socket.io.engine.id]).size, 5, "no id is there twice");
  });

  test("the same channel in two namespaces is two channels", async (t) => {
    const main = await connect(t, mode);
    const other = await joined(beside(t, main, "/static"));
    const room = unique("room");
    await main.subscribe(room);
    await other.subscribe(room);
    await operate(main, { to: [room], event: "goal", data: [1] });
    await operate(other, { to: [room], event: "goal", data: [2] });
    await Promise.all([fence(main, [main]), fence(other, [other])]);
    assert.deepEqual([main.all("goal"), other.all("goal")], [[1], [2]]);
  });

  test("messages of the server in a namespace arrive there only", async (t) => {
    const namespace = tenant();
    const main = await connect(t, mode);
    const [tenants, elsewhere] = await Promise.all([
      joined(beside(t, main, namespace)),
      connect(t, mode, "/static"),
    ]);
    const clients = [main, tenants, elsewhere];
    await operate(main, { of: namespace, event: "news", data: ["tenants"] });
    await operate(main, { of: "/static", event: "news", data: ["static"] });
    await operate(main, { of: "/", event: "news", data: ["main"] });
    await operate(main, { of: tenant(), event: "news", data: ["no receiver"] });
    await Promise.all(clients.map((client) => fence(client, [client])));
    // Other tests share the main and the static namespace, so only messages with these marks count.
    assert.deepEqual(clients.map((client) => client.all("news")), [["main"], ["tenants"], ["static"]]);
  });

  test("an unknown one is refused, and the connection stays", async (t) => {
    const main = await connect(t, mode);
    const error = await refused(beside(t, main, "/unknown"));
    assert.deepEqual([error.message, error.data], ["Invalid namespace", undefined]);
    assert.equal((await refused(beside(t, main, "/static?a=b"))).message, "Invalid namespace");
    assert.equal((await whoami(main)).namespace, "/");
  });

  test("a handler refuses one with data, and the others stay", async (t) => {
    const main = await connect(t, mode);
    const other = beside(t, main, "/static", { auth: { refuse: "no entry", data: { code: 7 } } });
    const error = await refused(other);
    assert.deepEqual([error.message, error.data], ["no entry", { code: 7 }]);
    assert.equal((await whoami(main)).namespace, "/");

    other.socket.auth = {};
    other.socket.connect();
    await joined(other);
    assert.equal((await whoami(other)).namespace, "/static");
  });

  test("leaving one, and coming back", async (t) => {
    const main = await connect(t, mode);
    const observer = await connect(t, mode, "/static");
    const other = await joined(beside(t, main, "/static"));
    const { id } = other.socket;
    const room = unique("room");
    await other.subscribe(room);
    other.socket.emit("remember", "a", 1);

    other.socket.disconnect();
    assert.equal(await other.next("@disconnect"), "io client disconnect");
    assert.deepEqual(await observer.next("gone", (gone) => gone.id === id), {
      id,
      reason: "client namespace disconnect",
    });
    assert.equal((await whoami(main)).namespace, "/", "the other one stays");

    other.socket.connect();
    await joined(other);
    const me = await whoami(other);
    assert.notEqual(me.id, id);
    assert.deepEqual([me.channels, me.context], [[], {}], "and knows nothing of before");
    assert.deepEqual(await operate(observer, { action: "fetch", to: [room] }), []);
  });

  test("disconnected from one, and coming back", async (t) => {
    const main = await connect(t, mode);
    const other = await joined(beside(t, main, "/static"));
    other.socket.emit("disconnect_me");
    assert.equal(await other.next("@disconnect"), "io server disconnect");
    assert.equal((await whoami(main)).namespace, "/");
    other.socket.connect();
    await joined(other);
    assert.equal((await whoami(other)).id, other.socket.id);
  });
});

test("names are taken as they are", async (t) => {
  const raw = new RawSocket(t);
  await raw.join("0/static");
  raw.send("42/static,1[\"whoami\"]");
  assert.match(await raw.next(), /^43\/static,1\[\{/);
  raw.send("40/nowhere,");
  assert.equal(await raw.next(), '44/nowhere,{"message":"Invalid namespace"}');
  raw.send("40/static?a=b,{}");
  assert.equal(await raw.next(), '44/static?a=b,{"message":"Invalid namespace"}');
  raw.send("40/static,{}");
  await raw.gone();
});
