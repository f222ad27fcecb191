// The page about namespaces.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { io } from "../../client.mjs";
import { SERVER_URL, beside, connect, fence, open, unique, within } from "../../official/harness.mjs";
import { inEach, test } from "../support.mjs";
import { receivers } from "./support.mjs";

inEach("Namespaces", (mode) => {
  /** Two namespaces on the same connection. */
  async function both(t, options = {}) {
    const orders = open(t, mode, "/orders", options);
    const users = beside(t, orders, "/users", options);
    return [orders, users];
  }

  test("Introduction: event handlers of its own", async (t) => {
    const [orders, users] = await both(t);
    let answered = 0;
    orders.socket.emit("user:list", () => answered++);
    users.socket.emit("order:list", () => answered++);
    assert.deepEqual(await orders.ask("order:list"), ["an order"]);
    assert.equal(await orders.ask("order:create"), "created");
    assert.deepEqual(await users.ask("user:list"), ["a user"]);
    assert.equal(answered, 0);
    assert.equal(orders.socket.io.engine, users.socket.io.engine);
  });

  test("Introduction: rooms of its own", async (t) => {
    const [orders, users] = await both(t);
    await Promise.all([orders.next("hello"), users.next("holà")]);
    // The next clients greet all clients in `room1`.
    const more = await both(t);
    await Promise.all([orders.first(2, "hello"), users.first(2, "holà")]);
    await Promise.all([more[0].next("hello"), more[1].next("holà")]);
    assert.deepEqual([orders.all("holà"), users.all("hello")], [[], []]);
  });

  test("Introduction: middlewares of its own", async (t) => {
    const [orders, users] = await both(t, { auth: { closed: "/orders" } });
    assert.equal((await orders.next("@connect_error")).message, "no access");
    assert.deepEqual(await users.ask("user:list"), ["a user"]);
    assert.equal(orders.socket.connected, false);
  });

  test("Introduction: an admin namespace, which only authorised users have access to", async (t) => {
    const admin = await connect(t, mode, "/admin", { auth: { role: "admin" } });
    assert.equal(await admin.ask("delete user"), "deleted");
    const error = await open(t, mode, "/admin", { auth: { role: "user" } }).next("@connect_error");
    assert.equal(error.message, "not authorized");
  });

  test("Custom namespaces: an event for everyone in it", async (t) => {
    const first = await connect(t, mode, "/my-namespace");
    assert.equal(await first.next("hi"), "everyone!");
    const second = await connect(t, mode, "/my-namespace");
    assert.equal(await second.next("hi"), "everyone!");
    assert.deepEqual(await first.first(2, "hi"), ["everyone!", "everyone!"]);
  });

  test("Dynamic namespaces: by a regular expression", async (t) => {
    const [one, two] = [`/dynamic-${process.pid}1`, `/dynamic-${process.pid}2`];
    const a = await connect(t, mode, one);
    assert.equal(await a.next("hello"), one);
    const b = await connect(t, mode, two);
    assert.equal(await b.next("hello"), two);
    await fence(b, [a, b]);
    assert.deepEqual(a.all("hello"), [one], "each is by itself");
    for (const name of ["/dynamic-", "/dynamic-x", "/dynamic-1x", "/my/dynamic-1"]) {
      assert.equal((await open(t, mode, name).next("@connect_error")).message, "Invalid namespace", name);
    }
  });

  test("Dynamic namespaces: by a function", async (t) => {
    const name = unique("/function");
    const client = await connect(t, mode, name, { auth: { allowed: true } });
    assert.equal(await client.next("hello"), name);
    const error = await open(t, mode, name, { auth: { allowed: false } }).next("@connect_error");
    assert.equal(error.message, "Invalid namespace");
  });

  test("Dynamic namespaces: the middleware of the parent is in each child", async (t) => {
    for (const name of ["/dynamic-1", "/dynamic-2"]) {
      const error = await open(t, mode, name, { auth: { refuse: true } }).next("@connect_error");
      assert.equal(error.message, "not in any of them");
    }
  });

  test("Dynamic namespaces: an event for all children", async (t) => {
    const names = ["/dynamic-1", "/dynamic-2", unique("/function")];
    const auth = { allowed: true };
    const clients = await Promise.all(names.map((name) => connect(t, mode, name, { auth })));
    assert.deepEqual(await receivers(clients, "to the family", "to all", 1), [1, 1, 0]);
  });
});

describe("Namespaces", { timeout: 60_000 }, () => {
  test("Client initialization: one connection for several namespaces, but for one twice, and forceNew", async (t) => {
    const at = (namespace, options = {}) => {
      const socket = io(SERVER_URL + namespace, options);
      t.after(() => socket.disconnect());
      return socket;
    };
    const sockets = [at("/orders"), at("/users"), at("/orders"), at("/users", { forceNew: true })];
    const connected = sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve)));
    await within(Promise.all(connected), "the connections");
    const engines = sockets.map((socket) => socket.io.engine.id);
    assert.equal(engines[0], engines[1]);
    assert.equal(new Set(engines).size, 3);
  });
});
