// Node's server with the application that tests/recovery/app.rs describes. As a program, it prints
// its address, and ends when its standard input does.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { Server } from "socket.io";

/** How often Node drops old packets and sessions. Its own interval of a minute is too long for a test. */
const SWEEP = 50;

export async function serve({ window = 120_000, recovery = true, ...options } = {}) {
  const http = createServer();
  const io = withFastSweeps(() => new Server(http, {
    ...options,
    ...(recovery && { connectionStateRecovery: { maxDisconnectionDuration: window } }),
  }));
  const app = new Application(io);
  const others = http.listeners("request").slice();
  http.removeAllListeners("request");
  http.on("request", (request, response) => {
    if (request.url === "/control") return app.answer(request, response);
    for (const listener of others) listener.call(http, request, response);
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    close() {
      io.close();
      http.closeAllConnections();
    },
  };
}

function withFastSweeps(build) {
  const { setInterval } = globalThis;
  globalThis.setInterval = (act, every) => setInterval(act, Math.min(every, SWEEP));
  try {
    return build();
  } finally {
    globalThis.setInterval = setInterval;
  }
}

class Application {
  #banned = new Set();
  #barred = new Set();
  #life = [];
  #collected = [];

  constructor(io) {
    this.io = io;
    io.use((socket, next) => {
      const { user } = socket.handshake.auth;
      next(this.#banned.has(user) ? new Error("banned") : undefined);
    });
    io.on("connection", (socket) => this.#handle(socket));
    io.of("/other");
  }

  #handle(socket) {
    const { auth } = socket.handshake;
    this.#life.push({ id: socket.id, what: "connect", recovered: socket.recovered, auth });
    socket.on("disconnect", (reason) => this.#life.push({ id: socket.id, what: "disconnect", reason }));
    socket.on("subscribe", (channel, ...rest) => {
      if (this.#barred.has(auth.user)) return rest.pop()({ message: "barred" });
      socket.join(channel); // or a list of channels
      rest.pop()(null);
    });
    socket.on("unsubscribe", (channel, ack) => {
      socket.leave(channel);
      ack(null);
    });
    socket.on("remember", (key, value, ack) => {
      socket.data[key] = value;
      ack(null);
    });
    socket.on("collect", (value, ack) => {
      this.#collected.push(value);
      ack?.(null);
    });
    socket.on("whoami", (ack) => {
      const channels = [...socket.rooms].filter((room) => room !== socket.id).sort();
      ack({ id: socket.id, channels, recovered: socket.recovered, context: socket.data, auth });
    });
    socket.on("hi", () => socket.emit("hi"));
  }

  async answer(request, response) {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { verb, ...order } = JSON.parse(body);
    const result = (await this[verb]?.(order)) ?? null;
    response.setHeader("content-type", "application/json").end(JSON.stringify(result));
  }

  emit({ channel, id, except, event, args = [], volatile: isVolatile, binary, asks }) {
    let target = this.io;
    if (channel ?? id) target = target.to(channel ?? id);
    if (except) target = target.except(except);
    if (isVolatile) target = target.volatile;
    if (binary) args = [...args, Buffer.from([1, 2, 3])];
    if (asks) target.timeout(1_000).emit(event, ...args, () => {});
    else target.emit(event, ...args);
  }

  flood({ channel, event, count, bytes }) {
    for (let n = 0; n < count; n++) this.io.to(channel).emit(event, n, "x".repeat(bytes));
  }

  leave({ channel }) {
    this.io.in(channel).socketsLeave(channel);
  }

  disconnect({ channel }) {
    this.io.in(channel).disconnectSockets();
  }

  ban({ user }) {
    this.#banned.add(user);
  }

  bar({ user }) {
    this.#barred.add(user);
  }

  /** Node tells no application of sessions. */
  changes() {
    return [];
  }

  sockets() {
    return [...this.io.of("/").sockets.values()].map(({ id, rooms }) => ({
      id,
      channels: [...rooms].filter((room) => room !== id).sort(),
    }));
  }

  life() {
    return this.#life;
  }

  collected() {
    return this.#collected;
  }

  /** The bytes that the server keeps of what it has published. */
  kept() {
    const packets = this.io.of("/").adapter.packets ?? [];
    return { bytes: packets.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0) };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await serve(JSON.parse(process.argv[2] ?? "{}"));
  console.log(url);
  process.stdin.on("end", () => process.exit()).resume();
}
