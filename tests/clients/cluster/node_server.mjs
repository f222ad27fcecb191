// A real Socket.IO server in a cluster on Redis:
//   node node_server.mjs <classic|sharded|streams> <port of Redis> [options as JSON]
// Options: `namespaces` (default ["/"]), `adapter` (options of the adapter), `server` (options of the
// server), `name` (in its answers), `cluster` (Redis is a cluster), `survive` (default true: a Redis
// that is gone does not end the process, as it does without a handler).
//
// It prints {"port":…} when clients can come and its adapters hear. Each line of standard input is a
// command, {"id":1,"verb":"emit",…}, and is answered by a line {"id":1,"value":…} or
// {"id":1,"error":…}. Bytes are {"$bytes":"<base64>"} in both directions. It ends with its input.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { createClient, createCluster } from "redis";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";

import { fromJson, print } from "./lines.mjs";

const [kind, redisPort, json = "{}"] = process.argv.slice(2);
const options = JSON.parse(json);
const { namespaces = ["/"], name = "node", survive = true } = options;
if (survive) process.on("unhandledRejection", (error) => console.error("unhandled:", error.message));

function client() {
  const url = `redis://127.0.0.1:${redisPort}`;
  const defaults = { name: `node-${process.pid}`, socket: { reconnectStrategy: 50 } };
  const made = options.cluster
    ? createCluster({ rootNodes: [{ url }], defaults })
    : createClient({ url, ...defaults });
  made.on("error", (error) => console.error("redis:", error.message));
  return made;
}

async function adapter() {
  const publisher = client();
  await publisher.connect();
  if (kind === "streams") {
    const create = createStreamsAdapter(publisher, options.adapter);
    await readersWait(publisher);
    return create;
  }
  const subscriber = client();
  await subscriber.connect();
  const create = { classic: createAdapter, sharded: createShardedAdapter }[kind];
  if (!create) throw new Error(`unknown kind of adapter: ${kind}`);
  return create(publisher, subscriber, options.adapter);
}

/**
 * Waits until the adapter's readers wait for entries, and gives each stream an entry without meaning.
 * Until a reader has had its first entry, it forgets its place each time it asks.
 */
async function readersWait(publisher) {
  const { streamCount = 1, streamName = "socket.io" } = options.adapter ?? {};
  if (options.cluster) return; // any of the nodes may have them
  const waits = (line) => line.includes(`name=node-${process.pid} `) && / flags=\w*b/.test(line);
  for (;;) {
    const clients = await publisher.sendCommand(["CLIENT", "LIST"]);
    if (clients.split("\n").filter(waits).length >= streamCount) break;
    await new Promise((go) => setTimeout(go, 5));
  }
  for (let index = 0; index < streamCount; index++) {
    const stream = streamCount === 1 ? streamName : `${streamName}-${index}`;
    await publisher.sendCommand(["XADD", stream, "*", "first", "1"]);
  }
}

/** Events of other servers, as they came: {nsp, args, wantsAnswer}. */
let received = [];

function prepare(nsp) {
  // Namespaces have no listener for all events between servers.
  nsp._onServerSideEmit = (args) => {
    const answer = typeof args.at(-1) === "function" ? args.at(-1) : undefined;
    const event = answer ? args.slice(0, -1) : args;
    received.push({ nsp: nsp.name, args: event, wantsAnswer: Boolean(answer) });
    if (!answer || event[0] === "silent") return;
    if (event[0] === "nothing") return answer();
    answer(event[0] === "echo" ? event[1] : { from: name, got: event[1] });
  };
  nsp.on("connection", (socket) => {
    socket.on("join", (rooms, done) => done([socket.join(rooms), [...socket.rooms]][1]));
    socket.on("leave", (room, done) => done([socket.leave(room), [...socket.rooms]][1]));
    socket.on("data", (data, done) => done(Object.assign(socket.data, data)));
    // To others in a room; to all in a room; and to all.
    socket.on("broadcast", (room, ...args) => socket.to(room).emit(...args));
    socket.on("say", (room, ...args) => nsp.to(room).emit(...args));
    socket.on("shout", (...args) => nsp.emit(...args));
    socket.on("echo", (...args) => args.pop()(...args));
  });
}

/** Clients of this server in this process, by the ids of their sockets: {socket, received}. */
const clients = new Map();

/** Connects a client, which acknowledges what asks for it. */
function connectClient({ nsp = "/", auth }) {
  const url = `http://127.0.0.1:${http.address().port}${nsp}`;
  const socket = connect(url, { transports: ["websocket"], forceNew: true, auth });
  const events = [];
  socket.onAny((event, ...args) => {
    const answer = typeof args.at(-1) === "function" ? args.pop() : undefined;
    events.push([event, ...args]);
    if (!answer || event === "silent") return;
    if (event === "nothing") return answer();
    answer(event === "bytes" ? Buffer.from([1, 2]) : `${event} by ${name}`);
  });
  return new Promise((resolve, reject) => {
    socket.on("connect_error", reject);
    socket.on("connect", () => {
      clients.set(socket.id, { socket, events });
      resolve(socket.id);
    });
  });
}

/** The clients that a command is for. */
function target({ nsp = "/", rooms = [], except = [], flags = {} }) {
  let target = io.of(nsp).to(rooms).except(except);
  if (flags.volatile) target = target.volatile;
  if (flags.local) target = target.local;
  if (flags.compress !== undefined) target = target.compress(flags.compress);
  if (flags.timeout !== undefined) target = target.timeout(flags.timeout);
  return target;
}

/** Settles as a callback is called: with an error, what has come is a part of it. */
const collected = (act) => new Promise((resolve) => {
  act((error, answers) => resolve({ error: error?.message ?? null, answers: answers ?? [] }));
});

const describe = ({ id, rooms, data, handshake }) => ({ id, rooms: [...rooms], data, handshake });
const socketOf = ({ nsp = "/", socket }) => io.of(nsp).sockets.get(socket);

const verbs = {
  emit: (command) => target(command).emit(...command.args),
  emitWithAck: (command) => collected((done) => target(command).emit(...command.args, done)),
  fetchSockets: async (command) => (await target(command).fetchSockets()).map(describe),
  socketsJoin: (command) => target(command).socketsJoin(command.join),
  socketsLeave: (command) => target(command).socketsLeave(command.leave),
  disconnectSockets: (command) => target(command).disconnectSockets(command.close),
  serverSideEmit: ({ nsp = "/", args }) => io.of(nsp).serverSideEmit(...args),
  serverSideEmitWithAck: ({ nsp = "/", args }) =>
    collected((done) => io.of(nsp).serverSideEmit(...args, done)),
  serverCount: ({ nsp = "/" }) => io.of(nsp).adapter.serverCount(),
  allRooms: async ({ nsp = "/" }) => [...(await io.of(nsp).adapter.allRooms())],
  /** Emits to one socket of the cluster, as its description does. */
  remoteEmit: async (command) => {
    const [socket] = await io.of(command.nsp ?? "/").in(command.socket).fetchSockets();
    return socket ? socket.emit(...command.args) : false;
  },
  // What concerns this server alone.
  uid: ({ nsp = "/" }) => io.of(nsp).adapter.uid,
  rooms: ({ nsp = "/" }) => [...io.of(nsp).adapter.rooms.keys()],
  sockets: ({ nsp = "/" }) => [...io.of(nsp).sockets.keys()],
  socketEmit: (command) => socketOf(command).emit(...command.args),
  socketData: (command) => Object.assign(socketOf(command).data, command.data),
  socketBroadcast: (command) => socketOf(command).broadcast.emit(...command.args),
  socketJoin: (command) => socketOf(command).join(command.join),
  /** Connects a client of this process, and answers with the id of its socket. */
  connect: connectClient,
  clientEmit: ({ socket, args }) => { clients.get(socket).socket.emit(...args); },
  clientRequest: ({ socket, args }) => clients.get(socket).socket.timeout(5000).emitWithAck(...args),
  /** What a client has received since the last time: [[event, ...args]]. */
  clientReceived: ({ socket }) => clients.get(socket).events.splice(0),
  clientDisconnect: ({ socket }) => { clients.get(socket).socket.disconnect(); },
  /** The events of other servers since the last time. */
  received: () => {
    const events = received;
    received = [];
    return events;
  },
  /** Stops as a server that is shut down: it leaves the cluster. */
  close: () => new Promise((resolve) => io.close(() => resolve(true))),
};

async function run(line) {
  const { id, verb, ...command } = fromJson(line);
  try {
    if (!verbs[verb]) throw new Error(`unknown verb: ${verb}`);
    print({ id, value: (await verbs[verb](command)) ?? null });
  } catch (error) {
    print({ id, error: error.message });
  }
}

const http = createServer();
const io = new Server(http, {
  adapter: await adapter(),
  ...(kind === "streams" && { connectionStateRecovery: { maxDisconnectionDuration: 20_000 } }),
  ...options.server,
});
for (const nsp of namespaces) prepare(io.of(nsp));
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
// Subscribing is not awaited by the adapters. A server that counts itself hears.
for (const nsp of namespaces) {
  while ((await io.of(nsp).adapter.serverCount()) < 1) await new Promise((go) => setTimeout(go, 5));
}
print({ port: http.address().port });

createInterface({ input: process.stdin }).on("line", run).on("close", () => process.exit());
