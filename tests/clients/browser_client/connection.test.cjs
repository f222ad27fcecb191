"use strict";

const assert = require("node:assert");
const net = require("node:net");
const { io, scenario, inEachMode, next, collect, until, settled, closeConnection, holdingPost, page } = require("./support.cjs");

/** The Socket.IO packets that the server receives. It drops events whose client leaves before they are handled. */
function packetsOf(peer) {
  const packets = [];
  peer.conn.on("data", (packet) => packets.push(packet));
  return packets;
}

inEachMode("connects", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, mode.options);
  assert.deepStrictEqual([socket.active, socket.connected, socket.disconnected], [true, false, true]);
  const upgrades = collect(socket, "upgrade");
  const connected = next(socket, "connect");

  const [peer] = await arrived;
  await connected;
  assert.strictEqual(socket.id, peer.id);
  assert.deepStrictEqual([socket.active, socket.connected, socket.disconnected], [true, true, false]);

  await settled(socket, mode);
  assert.deepStrictEqual(upgrades, mode.mode === "polling, then websocket" ? [["websocket"]] : []);
});

inEachMode("a refusal reports its data, and is not retried", async (scope, mode) => {
  let asked = 0;
  const server = await scope.server({}, (each) => each.use((socket, done) => {
    asked += 1;
    done(Object.assign(new Error("not you"), { data: { code: 7 } }));
  }));
  const socket = scope.client(server.url, mode.options);
  const attempts = collect(socket, "reconnect_attempt");
  const [error] = await next(socket, "connect_error");
  assert.strictEqual(error.message, "not you");
  assert.deepStrictEqual(error.data, { code: 7 });
  assert.deepStrictEqual([socket.active, socket.connected], [false, false]);
  await until(() => server.io.engine.clientsCount === 0, "the connection is given up");
  assert.deepStrictEqual([asked, attempts.length], [1, 0]);
});

scenario("a listener of connect_error may try again with other credentials", async (scope) => {
  const server = await scope.server({}, (each) => each.use((socket, done) => {
    done(socket.handshake.auth.token === "new" ? undefined : new Error("expired"));
  }));
  let token = "old";
  const socket = scope.client(server.url, { auth: (use) => use({ token }) });
  socket.once("connect_error", () => {
    token = "new";
    socket.connect();
  });
  await next(socket, "connect");
});

inEachMode("auth, query and the URL's namespace reach the server", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io.of("/admin"), "connection");
  scope.client(`${server.url}/admin?from=url`, { ...mode.options, auth: { token: "t" }, query: { from: "options & more" } });
  const [peer] = await arrived;
  assert.deepStrictEqual({ ...peer.handshake.auth }, { token: "t", offsets: true }, "and it asks for positions");
  assert.strictEqual(peer.handshake.query.from, "options & more");
});

scenario("an unknown namespace is refused", async (scope) => {
  const server = await scope.server();
  const [error] = await next(scope.client(`${server.url}/nowhere`), "connect_error");
  assert.strictEqual(error.message, "Invalid namespace");
});

scenario("an auth function which throws refuses the connection", async (scope) => {
  const server = await scope.server();
  const socket = scope.client(server.url, { auth: () => { throw new Error("no token"); } });
  const [error] = await next(socket, "connect_error");
  assert.deepStrictEqual([error.message, socket.active], ["no token", false]);
});

scenario("extraHeaders go with the requests of polling, and path is the server's", async (scope) => {
  const server = await scope.server({ path: "/live/" });
  const arrived = next(server.io, "connection");
  scope.client(server.url, { path: "/live", extraHeaders: { "x-referee": "yes" } });
  const [peer] = await arrived;
  assert.strictEqual(peer.handshake.headers["x-referee"], "yes");
});

scenario("new io.Socket() connects on demand", async (scope) => {
  const server = await scope.server();
  server.io.on("connection", (peer) => peer.on("message", (data) => peer.send(`${data}!`)));
  const { host } = new URL(server.url);
  const { io: ofPage } = page(server.url);
  for (const socket of [new ofPage.Socket(), new ofPage.Socket(host), new ofPage.Socket(null, { port: server.port })]) {
    assert.strictEqual(socket.active, false);
    socket.connect();
    scope.onEnd(() => socket.disconnect());
    const answered = next(socket, "message");
    socket.on("connect", () => socket.send("hello"));
    assert.deepStrictEqual(await answered, ["hello!"]);
  }
});

scenario("a page's script has the global io, and its own server and namespaces by default", async (scope) => {
  const server = await scope.server();
  const arrived = [next(server.io, "connection"), next(server.io.of("/admin"), "connection")];
  const { io: ofPage } = page(`${server.url}/some/page?query#fragment`);
  scope.client(undefined, {}, ofPage);
  scope.client("/admin", {}, ofPage);
  await Promise.all(arrived);
});

scenario("URLs are understood as browsers and the ancestor do", () => {
  const { io: ofPage } = page("https://page.example:8443/some/page");
  const place = (url, options) => {
    const { io: { _place: { address, namespace } } } = new ofPage.Socket(url, options);
    return `${address} ${namespace}`;
  };
  assert.strictEqual(place(), "https://page.example:8443/socket.io/ /");
  assert.strictEqual(place("/chat"), "https://page.example:8443/socket.io/ /chat");
  assert.strictEqual(place("other:9000"), "https://other:9000/socket.io/ /");
  assert.strictEqual(place("other/chat"), "https://other/socket.io/ /chat");
  assert.strictEqual(place("//other"), "https://other/socket.io/ /");
  assert.strictEqual(place("ws://other:1/a/b"), "http://other:1/socket.io/ /a/b");
  assert.strictEqual(place("wss://other"), "https://other/socket.io/ /");
  assert.strictEqual(place("https://other/räume"), "https://other/socket.io/ /räume");
  assert.strictEqual(place({ path: "/x/" }), "https://page.example:8443/x/ /");
  assert.throws(() => place("ftp://other"), { name: "TypeError" });
  assert.throws(() => place("/", { transports: ["pigeon"] }), { name: "TypeError" });
  assert.throws(() => place("/", { transports: [] }), { name: "TypeError" });
  assert.throws(() => new io.Socket("/no-page-here"), { code: "ERR_INVALID_URL" });
});

scenario("the next transport is tried when the first can't open", async (scope) => {
  const onlyWebSocket = await scope.server({ transports: ["websocket"] });
  const first = scope.client(onlyWebSocket.url, { tryAllTransports: true });
  await next(first, "connect");
  assert.strictEqual(first.transport, "websocket");

  const onlyPolling = await scope.server({ transports: ["polling"] });
  const second = scope.client(onlyPolling.url, { transports: ["websocket", "polling"], tryAllTransports: true });
  await next(second, "connect");
  assert.strictEqual(second.transport, "polling");

  class Forbidden {
    constructor() {
      throw new Error("by the page's policy");
    }
  }
  const third = scope.client(onlyPolling.url, { transports: ["websocket", "polling"], tryAllTransports: true, WebSocket: Forbidden });
  await next(third, "connect");
  assert.strictEqual(third.transport, "polling");
});

scenario("without any transport, connect_error has the reason, also for listeners set after io()", async (scope) => {
  class Forbidden {
    constructor() {
      throw new Error("by the page's policy");
    }
  }
  const socket = scope.client("http://127.0.0.1:1", { transports: ["websocket"], WebSocket: Forbidden, reconnection: false });
  const [error] = await next(socket, "connect_error");
  assert.deepStrictEqual([error.message, socket.active], ["by the page's policy", false]);
});

inEachMode("a server which never answers costs the time allowed", async (scope, mode) => {
  const silent = net.createServer((peer) => peer.on("error", () => {}));
  const peers = collect(silent, "connection");
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  scope.onEnd(() => {
    silent.close();
    peers.forEach(([peer]) => peer.destroy());
  });
  const url = `http://127.0.0.1:${silent.address().port}`;
  const socket = scope.client(url, { ...mode.options, timeout: 50, reconnection: false });
  const [error] = await next(socket, "connect_error");
  assert.match(error.message, /timeout/);
});

scenario("what is not a Socket.IO server is named as such", async (scope) => {
  const answerWith = (body) => async () => new Response(body);
  for (const body of ["<!doctype html>", "", "0{}", "0null", "0[1", "40{}"]) {
    const socket = scope.client("http://127.0.0.1:1", { transports: ["polling"], reconnection: false, fetch: answerWith(body) });
    const [error] = await next(socket, "connect_error");
    assert.match(error.message, /not a Socket.IO server/);
  }
});

inEachMode("disconnect() sends what was emitted, and is final", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, mode.options);
  const [peer] = await arrived;
  await settled(socket, mode);
  const received = packetsOf(peer);
  const left = next(peer, "disconnect");
  const reasons = collect(socket, "disconnect");
  const sent = Array.from({ length: 100 }, (_, n) => `2["n",${n}]`);
  for (let n = 0; n < 100; n += 1) socket.emit("n", n);
  socket.disconnect();
  socket.disconnect();
  assert.deepStrictEqual(reasons.map(([reason]) => reason), ["io client disconnect"]);
  assert.deepStrictEqual([socket.active, socket.connected, socket.id, socket.transport], [false, false, undefined, undefined]);
  assert.deepStrictEqual((await left)[0], "client namespace disconnect");
  assert.deepStrictEqual(received, [...sent, "1"]);
  await until(() => server.io.engine.clientsCount === 0, "the connection is closed");

  socket.connect();
  await next(socket, "connect");
});

inEachMode("disconnect() while connecting says nothing and leaves nothing behind", async (scope, mode) => {
  const server = await scope.server();
  const arrivals = collect(server.io, "connection");
  const socket = scope.client(server.url, mode.options);
  const received = [];
  for (const event of ["connect", "connect_error", "disconnect", "reconnect_attempt"]) socket.on(event, () => received.push(event));
  socket.close();
  assert.strictEqual(socket.active, false);

  const other = scope.client(server.url, mode.options);
  await settled(other, mode);
  await until(() => server.io.engine.clientsCount === 1, "only the other is left");
  assert.deepStrictEqual([received, arrivals.length], [[], 1]);

  socket.open();
  await settled(socket, mode);
});

inEachMode("the server's disconnect is final", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, mode.options);
  const [peer] = await arrived;
  await settled(socket, mode);
  const left = next(socket, "disconnect");
  const attempts = collect(socket, "reconnect_attempt");
  peer.disconnect();
  assert.strictEqual((await left)[0], "io server disconnect");
  assert.deepStrictEqual([socket.active, socket.connected], [false, false]);
  await until(() => server.io.engine.clientsCount === 0, "the connection is closed");
  assert.strictEqual(attempts.length, 0);
});

inEachMode("a connection closed by the server is made again", async (scope, mode) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url, mode.options);
  const [peer] = await arrived;
  await settled(socket, mode);
  const left = next(socket, "disconnect");
  const again = next(socket, "reconnect");
  await closeConnection(peer);
  const [reason, error] = await left;
  assert.strictEqual(reason, "transport close");
  assert.ok(error instanceof Error);
  assert.deepStrictEqual(await again, [1]);
});

scenario("the server closes while a POST is in flight", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const post = holdingPost("slow");
  const socket = scope.client(server.url, { transports: ["polling"], fetch: post.fetch });
  const [peer] = await arrived;
  await settled(socket, { settled: "polling" });
  const reasons = collect(socket, "disconnect");
  const again = next(socket, "reconnect");
  socket.emit("slow");
  await post.held;
  await closeConnection(peer);
  await until(() => reasons.length > 0, "disconnected");
  post.release();
  await again;
  assert.deepStrictEqual(reasons.map(([reason]) => reason), ["transport close"]);
});

scenario("what was emitted before disconnect() arrives though a POST is in flight", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const post = holdingPost("first");
  const socket = scope.client(server.url, { transports: ["polling"], fetch: post.fetch });
  const [peer] = await arrived;
  await settled(socket, { settled: "polling" });
  const received = packetsOf(peer);
  const left = next(peer, "disconnect");
  socket.emit("n", "first");
  await post.held;
  socket.emit("n", "second");
  socket.disconnect();
  post.release();
  assert.strictEqual((await left)[0], "client namespace disconnect");
  assert.deepStrictEqual(received, ['2["n","first"]', '2["n","second"]', "1"]);
});

for (const garbage of ["", "9", "2", '2{"a":1}', "2[", '2["connect"]', '2[{"a":1}]', "0", '1["x"]', "3", "4", '5["a"]', '50-["a",{"_placeholder":true,"num":0}]']) {
  inEachMode(`a server which sends ${JSON.stringify(garbage)} is left with a parse error`, async (scope, mode) => {
    const server = await scope.server();
    const arrived = next(server.io, "connection");
    const socket = scope.client(server.url, { ...mode.options, reconnection: false });
    const [peer] = await arrived;
    await settled(socket, mode);
    const left = next(socket, "disconnect");
    peer.conn.send(garbage);
    const [reason, error] = await left;
    assert.strictEqual(reason, "parse error");
    assert.ok(error instanceof Error);
    await until(() => server.io.engine.clientsCount === 0, "the connection is closed");
  });
}

scenario("an environment without WebSocket works", async (scope) => {
  const server = await scope.server();
  const { io: ofPage } = page(server.url, { WebSocket: undefined });
  for (const transports of [["polling", "websocket"], ["websocket", "polling"]]) {
    const socket = scope.client(undefined, { transports }, ofPage);
    await next(socket, "connect");
    assert.strictEqual(socket.transport, "polling");
  }
});
