"use strict";

const assert = require("node:assert");
const { inEachMode, scenario, next, collect, until, settled, serveChannels, page } = require("./support.cjs");

inEachMode("a page which is left closes its connection, in silence", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const browser = page(server.url);
  const socket = scope.client(undefined, mode.options, browser.io);
  const [peer] = await arrived;
  await settled(socket, mode);
  const received = [];
  for (const event of ["disconnect", "connect_error", "reconnect_attempt"]) socket.on(event, () => received.push(event));
  const left = next(peer, "disconnect");
  browser.dispatch("pagehide", { persisted: false });
  await left;
  await until(() => server.io.engine.clientsCount === 0);
  assert.deepStrictEqual(received, []);
});

inEachMode("a page taken from the back/forward cache connects again", async (scope, mode) => {
  const server = await scope.server({}, serveChannels);
  const arrived = next(server.io, "connection");
  const browser = page(server.url);
  const socket = scope.client(undefined, { ...mode.options, reconnectionDelay: 600_000, reconnectionDelayMax: 600_000 }, browser.io);
  const [peer] = await arrived;
  await settled(socket, mode);
  await new Promise((resolve) => socket.subscribe("room", resolve));
  const left = next(peer, "disconnect");
  browser.dispatch("pagehide", { persisted: true });
  await left;
  socket.emit("while away", 1);

  const arrivedAgain = next(server.io, "connection");
  const losses = collect(socket, "disconnect");
  browser.dispatch("pageshow", { persisted: true });
  assert.strictEqual(losses[0][0], "transport close");
  const [peerAgain] = await arrivedAgain;
  assert.deepStrictEqual(await next(peerAgain, "while away"), [1]);
  await until(() => peerAgain.rooms.has("room"));
});

scenario("the first pageshow of a page means nothing", async (scope) => {
  const server = await scope.server();
  const browser = page(server.url);
  const socket = scope.client(undefined, {}, browser.io);
  const losses = collect(socket, "disconnect");
  browser.dispatch("pageshow", { persisted: false });
  await settled(socket, { settled: "websocket" });
  assert.deepStrictEqual(losses, []);
});

scenario("when the network is back, a waiting reconnection is hurried", async (scope) => {
  const before = await scope.server();
  const browser = page(before.url);
  const socket = scope.client(undefined, { reconnectionDelay: 600_000, reconnectionDelayMax: 600_000 }, browser.io);
  browser.dispatch("online");
  await settled(socket, { settled: "websocket" });
  browser.dispatch("online");
  assert.strictEqual(socket.connected, true);
  const left = next(socket, "disconnect");
  await before.crash();
  await left;
  await scope.server({ port: before.port });
  const again = next(socket, "reconnect");
  browser.dispatch("online");
  assert.deepStrictEqual(await again, [1]);
});

scenario("a socket which is not active leaves no listeners at the page", async (scope) => {
  const server = await scope.server();
  const browser = page(server.url);
  const socket = scope.client(undefined, { autoConnect: false }, browser.io);
  assert.strictEqual(browser.listeners.length, 0);
  socket.connect();
  assert.strictEqual(browser.listeners.length, 4);
  await settled(socket, { settled: "websocket" });
  socket.disconnect();
  assert.strictEqual(browser.listeners.length, 0);
});

scenario("closeOnBeforeunload closes before the page is left", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const browser = page(server.url);
  const socket = scope.client(undefined, { closeOnBeforeunload: true }, browser.io);
  const [peer] = await arrived;
  await settled(socket, { settled: "websocket" });
  const left = next(peer, "disconnect");
  browser.dispatch("beforeunload");
  await left;
});

scenario("without a network, a connection to another machine is lost at once", async (scope) => {
  const server = await scope.server();
  const browser = page(server.url);
  const socket = scope.client(undefined, { reconnectionDelay: 600_000, reconnectionDelayMax: 600_000 }, browser.io);
  await settled(socket, { settled: "websocket" });
  const losses = collect(socket, "disconnect");
  browser.dispatch("offline");
  assert.deepStrictEqual([losses, socket.connected], [[], true], "it needs no network");
  socket.io.engine.hostname = "far.example";
  browser.dispatch("offline");
  assert.deepStrictEqual([losses[0][0], losses[0][1].description], ["transport close", "network connection lost"]);
  const again = next(socket, "reconnect");
  browser.dispatch("online");
  assert.deepStrictEqual(await again, [1]);
});

scenario("a page that is loaded again goes on where it was, if asked", async (scope) => {
  const { HandMade } = await import("../client_api/hand_made.mjs");
  const server = await new HandMade().listen({ after: (ending) => scope.onEnd(ending) });
  const kept = new Map();
  const sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const load = (options, globals) => {
    const browser = page(server.url, globals);
    return { browser, socket: scope.client(undefined, options, browser.io) };
  };
  const answered = (socket) => new Promise((resolve) => socket.subscribe("room", (error, answer) => resolve(answer)));

  const before = load({ keepPosition: true }, { sessionStorage });
  const joined = await answered(before.socket);
  before.browser.dispatch("pagehide", { persisted: false });
  await until(() => !server.peer.isOpen, "the page has gone");
  server.publish("room", "news", "while it loads");
  const { socket } = load({ keepPosition: true }, { sessionStorage });
  const news = next(socket, "news");
  assert.strictEqual((await answered(socket)).recovered, true);
  assert.deepStrictEqual(await news, ["while it loads"]);
  assert.deepStrictEqual(server.peer.events, [["subscribe", "room", { since: joined.position }]]);

  const forbidden = { getItem: () => { throw new Error("no access"); } };
  for (const [options, globals] of [[{}, { sessionStorage }], [{ keepPosition: true }, { sessionStorage: forbidden }], [{ keepPosition: true }, {}]]) {
    assert.strictEqual((await answered(load(options, globals).socket)).reason, "no position");
  }
});
