"use strict";

const assert = require("node:assert");
const { scenario, next, collect, until, settled, closeConnection, holdingPost, WebSocket } = require("./support.cjs");

const numbers = (count) => Array.from({ length: count }, (_, n) => n);

/** Sends numbers both ways, some in each turn of the event loop: 2,000 of them, and until well after the upgrade. */
async function traffic(socket, peer, upgraded) {
  const [there, back] = [collect(peer, "n"), collect(socket, "n")];
  let sent = 0;
  let upgradedAt;
  socket.on("upgrade", () => { upgradedAt = sent; });
  upgraded(() => Math.min(there.length, back.length));
  while (sent < 2000 || upgradedAt === undefined || sent < upgradedAt + 500) {
    for (let i = 0; i < 20; i += 1) {
      socket.emit("n", sent);
      peer.emit("n", sent);
      sent += 1;
    }
    await new Promise(setImmediate);
  }
  await until(() => there.length >= sent && back.length >= sent, "all messages");
  return { sent, upgradedAt, there: there.map(([n]) => n), back: back.map(([n]) => n) };
}

scenario("no message is lost, doubled or reordered by the upgrade", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  let received = () => 0;
  class Late extends WebSocket {
    send(data) {
      if (data === "2probe") until(() => received() >= 500, "traffic by polling").then(() => super.send(data));
      else super.send(data);
    }
  }
  const socket = scope.client(server.url, { WebSocket: Late });
  const [peer] = await arrived;
  await until(() => socket.connected);
  assert.strictEqual(socket.transport, "polling");
  const { sent, upgradedAt, there, back } = await traffic(socket, peer, (count) => { received = count; });
  assert.ok(upgradedAt >= 500 && upgradedAt < sent, `upgraded under traffic, at ${upgradedAt} of ${sent}`);
  assert.strictEqual(socket.transport, "websocket");
  assert.deepStrictEqual(there, numbers(sent));
  assert.deepStrictEqual(back, numbers(sent));
});

scenario("the upgrade waits for the POST in flight", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const post = holdingPost("first");
  class Late extends WebSocket {
    send(data) {
      if (data === "2probe") post.held.then(() => super.send(data));
      else super.send(data);
    }
  }
  const socket = scope.client(server.url, { WebSocket: Late, fetch: post.fetch });
  const [peer] = await arrived;
  await until(() => socket.connected);
  const received = collect(peer, "n");
  socket.emit("n", "first");
  await post.held;
  socket.emit("n", "second");
  const polling = socket.io.engine.transport;
  await until(() => socket.io.engine._isHeld && !polling.isGetting, "the last GET has ended");
  assert.deepStrictEqual([socket.transport, received], ["polling", []]);
  post.release();
  await until(() => received.length === 2);
  assert.deepStrictEqual([socket.transport, received], ["websocket", [["first"], ["second"]]]);
});

scenario("acknowledgements go on during the upgrade, both ways", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url);
  const [peer] = await arrived;
  peer.on("double", (n, ack) => ack(2 * n));
  socket.on("double", (n, ack) => ack(2 * n));
  const upgraded = next(socket, "upgrade");
  const [there, back] = [[], []];
  while (socket.transport !== "websocket") {
    there.push(await socket.emitWithAck("double", there.length));
    back.push(await peer.emitWithAck("double", back.length));
  }
  await upgraded;
  assert.deepStrictEqual([there, back], [numbers(there.length).map((n) => 2 * n), numbers(back.length).map((n) => 2 * n)]);
});

/** Checks that the client still polls, and that events pass in both directions in order. */
async function assertPollingWorks(server, socket) {
  assert.strictEqual(socket.transport, "polling");
  const peer = server.io.sockets.sockets.get(socket.id);
  peer.on("echo", (n) => peer.emit("echo", n));
  const received = collect(socket, "echo");
  for (let n = 0; n < 10; n += 1) socket.emit("echo", n);
  await until(() => received.length === 10);
  assert.deepStrictEqual([received.map(([n]) => n), socket.transport], [numbers(10), "polling"]);
}

scenario("the server offers no upgrade", async (scope) => {
  const server = await scope.server({ transports: ["polling"] });
  let asked = 0;
  class Counted extends WebSocket {
    constructor(...args) {
      super(...args);
      asked += 1;
    }
  }
  const socket = scope.client(server.url, { WebSocket: Counted });
  await next(socket, "connect");
  await assertPollingWorks(server, socket);
  assert.strictEqual(asked, 0);
});

scenario("no upgrade is wanted", async (scope) => {
  const server = await scope.server();
  for (const options of [{ upgrade: false }, { transports: ["polling"] }]) {
    const socket = scope.client(server.url, { ...options, WebSocket: undefined });
    await next(socket, "connect");
    await assertPollingWorks(server, socket);
    assert.strictEqual(socket.io.engine._upgrade, undefined);
  }
});

/**
 * A WebSocket for probes without a server: it opens, and then `answer(socket)` decides the fate of
 * the probe. The server does not know about it, so a pending GET stays pending until there is a packet.
 */
function fakeWebSocket(answer) {
  const made = [];
  const fake = { made, client: undefined };
  class Fake {
    constructor() {
      made.push(this);
      this.readyState = 0;
      this.bufferedAmount = 0;
      this.sent = [];
      setImmediate(() => {
        this.readyState = 1;
        this.onopen();
      });
    }

    send(data) {
      this.sent.push(data);
      if (data === "2probe") until(() => fake.client.connected || !fake.client.active).then(() => answer(this));
    }

    close(code = 1005) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      setImmediate(() => this.onclose({ code }));
    }
  }
  fake.connect = (scope, url, options) => (fake.client = scope.client(url, { WebSocket: Fake, ...options }));
  return fake;
}

const FAILING = {
  "never answers": () => {},
  "answers something else": (socket) => socket.onmessage({ data: "3nonsense" }),
  "answers in binary": (socket) => socket.onmessage({ data: new ArrayBuffer(1) }),
  "closes": (socket) => socket.close(),
  "fails": (socket) => {
    socket.readyState = 3;
    socket.onerror({});
    socket.onclose({ code: 1006 });
  },
  "closes before polling has paused": (socket) => {
    socket.onmessage({ data: "3probe" });
    setImmediate(() => socket.close());
  },
  "says more before polling has paused": (socket) => {
    socket.onmessage({ data: "3probe" });
    socket.onmessage({ data: "3probe" });
  },
};

for (const [failure, answer] of Object.entries(FAILING)) {
  scenario(`polling goes on when the probed WebSocket ${failure}`, async (scope) => {
    const server = await scope.server();
    const fake = fakeWebSocket(answer);
    const { made } = fake;
    const socket = fake.connect(scope, server.url, { timeout: 1500 });
    const upgrades = collect(socket, "upgrade");
    const losses = collect(socket, "disconnect");
    await next(socket, "connect");
    await until(() => made.length === 1);
    socket.emit("during", "the probe");
    await until(() => made[0].readyState === 3, "the probe is given up");
    await assertPollingWorks(server, socket);
    assert.deepStrictEqual([upgrades, losses, made.length, made[0].sent], [[], [], 1, ["2probe"]]);
  });
}

scenario("polling goes on when a WebSocket can't be made", async (scope) => {
  const server = await scope.server();
  let asked = 0;
  class Forbidden {
    constructor() {
      asked += 1;
      throw new Error("by the page's policy");
    }
  }
  const socket = scope.client(server.url, { WebSocket: Forbidden });
  await next(socket, "connect");
  await until(() => asked === 1);
  await assertPollingWorks(server, socket);
});

scenario("polling goes on when a WebSocket can't connect", async (scope) => {
  const server = await scope.server();
  const tried = [];
  class Misled extends WebSocket {
    constructor() {
      super("ws://127.0.0.1:1");
      tried.push(this);
    }
  }
  const socket = scope.client(server.url, { WebSocket: Misled });
  await next(socket, "connect");
  await until(() => tried.length === 1 && tried[0].readyState === 3, "the probe has failed");
  await assertPollingWorks(server, socket);
});

scenario("disconnect() during the probe", async (scope) => {
  const server = await scope.server();
  const fake = fakeWebSocket(() => {});
  const arrived = next(server.io, "connection");
  const socket = fake.connect(scope, server.url);
  const [peer] = await arrived;
  await next(socket, "connect");
  await until(() => fake.made.length === 1 && fake.made[0].sent.length === 1, "the probe is asked");
  const left = next(peer, "disconnect");
  socket.disconnect();
  assert.strictEqual((await left)[0], "client namespace disconnect");
  assert.strictEqual(fake.made[0].readyState, 3);
  await until(() => server.io.engine.clientsCount === 0);
});

scenario("disconnect() while polling pauses for the upgrade still sends what was emitted", async (scope) => {
  const server = await scope.server();
  const fake = fakeWebSocket((socket) => socket.onmessage({ data: "3probe" }));
  const arrived = next(server.io, "connection");
  const socket = fake.connect(scope, server.url);
  const [peer] = await arrived;
  const packets = [];
  peer.conn.on("data", (packet) => packets.push(packet));
  await until(() => socket.connected && socket.io.engine._isHeld, "polling pauses");
  socket.emit("n", 1);
  await new Promise(setImmediate);
  assert.deepStrictEqual(packets, []);
  const left = next(peer, "disconnect");
  socket.disconnect();
  await left;
  assert.deepStrictEqual([packets, fake.made[0].readyState, fake.made[0].sent], [['2["n",1]', "1"], 3, ["2probe"]]);
});

scenario("the server closes while the WebSocket is probed", async (scope) => {
  const server = await scope.server();
  const fake = fakeWebSocket(() => {});
  const arrived = next(server.io, "connection");
  const socket = fake.connect(scope, server.url, { reconnection: false });
  const [peer] = await arrived;
  await until(() => fake.made.length === 1 && fake.made[0].sent.length === 1, "the probe is asked");
  const left = next(socket, "disconnect");
  await closeConnection(peer);
  assert.strictEqual((await left)[0], "transport close");
  assert.strictEqual(fake.made[0].readyState, 3);
});

scenario("a WebSocket which breaks after the upgrade is a lost connection", async (scope) => {
  const server = await scope.server();
  const arrived = next(server.io, "connection");
  const socket = scope.client(server.url);
  const [peer] = await arrived;
  await settled(socket, { settled: "websocket" });
  await until(() => peer.conn.transport.name === "websocket", "the server has followed");
  const left = next(socket, "disconnect");
  peer.conn.transport.socket.terminate();
  assert.strictEqual((await left)[0], "transport close");
  await next(socket, "reconnect");
  await settled(socket, { settled: "websocket" });
});
