"use strict";

const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const path = require("node:path");
const vm = require("node:vm");
const test = require("node:test");
const { Server } = require("socket.io");
const WebSocket = require("ws");

const CLIENT = path.join(__dirname, "../../../client/dist/socket.io.js");

globalThis.WebSocket = WebSocket;
const io = require(CLIENT);

const LIMIT = 20_000;

/** The modes of a connection, and the last transport of each. */
const MODES = [
  { mode: "polling", options: { transports: ["polling"] }, settled: "polling" },
  { mode: "websocket", options: { transports: ["websocket"] }, settled: "websocket" },
  { mode: "polling, then websocket", options: {}, settled: "websocket" },
];

/** A test with a time limit, whose servers and sockets end with it. */
function scenario(name, body) {
  test(name, { timeout: LIMIT }, async (t) => {
    const scope = new Scope(t);
    try {
      await body(scope);
    } finally {
      await scope.end();
    }
  });
}

function inEachMode(name, body) {
  for (const mode of MODES) scenario(`${name} (${mode.mode})`, (scope) => body(scope, mode));
}

class Scope {
  constructor(t) {
    this._endings = [];
    this.signal = t.signal;
  }

  onEnd(ending) {
    this._endings.push(ending);
  }

  async end() {
    for (const ending of this._endings.reverse()) await ending();
  }

  /** The official server. `setup(server)` runs before it listens. */
  async server(options = {}, setup = () => {}) {
    const { port = 0, ...rest } = options;
    const httpServer = http.createServer();
    const server = new Server(httpServer, rest);
    // How long it waits for a GET when it closes a session. Some clients have gone by then, and the
    // process would not end.
    server.engine.on("connection", ({ transport }) => { transport.closeTimeout = 500; });
    setup(server);
    await new Promise((resolve, reject) => httpServer.once("error", reject).listen(port, "127.0.0.1", resolve));
    const running = {
      io: server,
      port: httpServer.address().port,
      url: `http://127.0.0.1:${httpServer.address().port}`,
      stop: async () => {
        const closed = server.close();
        httpServer.closeAllConnections();
        await closed;
      },
      /** Breaks all connections without closing them, as a crash does. */
      crash: async () => {
        for (const socket of httpServer.sockets) socket.destroy();
        await running.stop();
      },
    };
    httpServer.sockets = new Set();
    httpServer.on("connection", (socket) => {
      httpServer.sockets.add(socket);
      socket.once("close", () => httpServer.sockets.delete(socket));
    });
    this.onEnd(running.stop);
    return running;
  }

  /** A socket of our client, with short delays, because the servers are local. */
  client(url, options = {}, library = io) {
    const defaults = { reconnectionDelay: 10, reconnectionDelayMax: 50 };
    const socket = library(url, Object.assign(defaults, options));
    this.onEnd(() => socket.disconnect());
    return socket;
  }

  /** A TCP proxy that can hold all data back. */
  async proxy(port) {
    const pairs = new Set();
    const server = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      const pair = [near, far];
      pairs.add(pair);
      near.pipe(far);
      far.pipe(near);
      for (const socket of pair) {
        socket.on("error", () => {});
        socket.on("close", () => {
          pairs.delete(pair);
          pair.forEach((each) => each.destroy());
        });
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.onEnd(() => {
      server.close();
      for (const pair of pairs) pair.forEach((socket) => socket.destroy());
    });
    return {
      url: `http://127.0.0.1:${server.address().port}`,
      stall: () => {
        for (const [near, far] of pairs) {
          near.unpipe(far);
          far.unpipe(near);
        }
      },
      /** Closes idle connections, so that a stalled one is not used for the next request. */
      cut: () => {
        for (const pair of pairs) pair.forEach((socket) => socket.destroy());
      },
    };
  }
}

/** The arguments of the next event of this name. */
function next(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
}

/** The arguments of all events of this name, in order. */
function collect(emitter, event) {
  const all = [];
  emitter.on(event, (...args) => all.push(args));
  return all;
}

async function until(condition, what) {
  const start = Date.now();
  while (!condition()) {
    if (Date.now() - start > LIMIT - 2000) throw new Error(`waited in vain: ${what || condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function settled(socket, mode) {
  await until(() => socket.connected && socket.transport === mode.settled, `connected by ${mode.settled}`);
}

/** A fetch that holds one POST back. `held` resolves when the POST begins, and release() sends it. */
function holdingPost(text) {
  let release;
  let isHeld;
  const released = new Promise((resolve) => { release = resolve; });
  const held = new Promise((resolve) => { isHeld = resolve; });
  const holdingFetch = async (url, request) => {
    if (request.method === "POST" && request.body.includes(text)) {
      isHeld();
      await released;
    }
    return fetch(url, request);
  };
  return { fetch: holdingFetch, held, release };
}

/** Has the server close the Engine.IO session while it reads no POST, since it would break that off. */
async function closeConnection(peer) {
  const isReady = () => peer.conn.transport.writable && !peer.conn.transport.dataReq;
  await until(isReady, "nothing is in flight");
  peer.conn.close();
}

/** The three events with the error-first acknowledgements that the client's channel methods expect. */
function serveChannels(server, { mayJoin = () => true } = {}) {
  server.on("connection", (socket) => {
    const refuse = (channel) => ({ message: "no such channel", data: { channel } });
    socket.on("subscribe", (channel, ack) => {
      if (!mayJoin(channel, socket)) return ack(refuse(channel));
      socket.join(channel);
      ack(null);
    });
    socket.on("unsubscribe", (channel, ack) => {
      socket.leave(channel);
      if (ack) ack(null);
    });
    socket.on("publish", (channel, ...rest) => {
      const ack = typeof rest[rest.length - 1] === "function" ? rest.pop() : () => {};
      if (!socket.rooms.has(channel)) return ack(refuse(channel));
      const [event, data] = rest.length > 1 ? rest : ["message", rest[0]];
      socket.to(channel).emit(event, data);
      ack(null);
    });
  });
}

/** The parts of a browser page that the client uses: its globals, and events that a test dispatches. */
function page(href, globals = {}) {
  const listeners = [];
  const errors = [];
  const window = Object.assign({
    location: href && new URL(href),
    addEventListener: (type, listener) => listeners.push({ type, listener }),
    removeEventListener: (type, listener) => {
      listeners.splice(listeners.findIndex((each) => each.type === type && each.listener === listener), 1);
    },
    setTimeout: (callback, ms) => setTimeout(() => {
      try {
        callback();
      } catch (error) {
        errors.push(error);
      }
    }, ms),
    clearTimeout,
    URL,
    URLSearchParams,
    TextEncoder,
    AbortController,
    atob,
    btoa,
    fetch,
    WebSocket,
  }, globals);
  vm.createContext(window);
  vm.runInContext(fs.readFileSync(CLIENT, "utf8"), window, { filename: CLIENT });
  return {
    window,
    io: window.io,
    errors,
    listeners,
    dispatch: (type, event = {}) => {
      for (const each of listeners.slice()) if (each.type === type) each.listener(event);
    },
  };
}

module.exports = { io, MODES, scenario, inEachMode, next, collect, until, settled, closeConnection, holdingPost, serveChannels, page, WebSocket };
