// Real clients, of any number of servers: `node clients.mjs`.
//
// It prints {"ready":true}. Each line of standard input is a command, and is answered by a line, as
// in node_server.mjs. A client is named by the number that `connect` gives it. It ends with its
// input.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

import { fromJson, print } from "./lines.mjs";
import { Path } from "./path.mjs";

/** The place of an event in the stream. */
const POSITION = /^\d+-\d+(\.\d+)?$/;

/** Each with its socket, the events that are not read yet, and how it acknowledges events. */
const clients = [];

/** Takes the next event, or waits for it. */
const next = (client) => new Promise((resolve) => {
  if (client.events.length > 0) resolve(client.events.shift());
  else client.waiting.push(resolve);
});

function received(client, event) {
  const waiting = client.waiting.shift();
  if (waiting) waiting(event);
  else client.events.push(event);
}

const connect = ({ url, nsp = "/", options }) => new Promise((resolve, reject) => {
  const socket = io(new URL(nsp, url).href, { forceNew: true, reconnection: false, ...options });
  const client = { socket, events: [], waiting: [], answer: undefined };
  client.ended = new Promise((ended) => socket.on("disconnect", ended));
  socket.onAny((...event) => {
    const acknowledge = typeof event.at(-1) === "function" ? event.pop() : undefined;
    // Where clients may come back, a server adds the place of the event in the stream.
    if (socket._pid && POSITION.test(event.at(-1))) event.pop();
    received(client, event);
    if (acknowledge && client.answer) acknowledge(...client.answer);
  });
  socket.on("connect", () => resolve({ client: clients.push(client) - 1, id: socket.id }));
  socket.on("connect_error", reject);
});

/** Connects a client with the secret of another one. Its id is null if its connection ends first. */
const claim = ({ url, auth }) => new Promise((resolve) => {
  const socket = io(url, { forceNew: true, reconnection: false, transports: ["websocket"], auth });
  const client = clients.push({ socket }) - 1;
  socket.on("connect", () => resolve({ client, id: socket.id }));
  socket.io.on("close", () => resolve({ client, id: null }));
});

/**
 * Connects a client that comes back by itself, by a path that can be moved. Its log has the first
 * argument of each event, and `true` or `false` for each time that it came back: whether it was
 * recovered. Then, if it was not, it joins its rooms again.
 */
async function roam({ url, nsp = "/", options, join = [] }) {
  const path = await Path.to(url);
  const socket = io(new URL(nsp, path.url).href, {
    forceNew: true,
    transports: ["websocket"],
    reconnectionDelay: 20,
    reconnectionDelayMax: 200,
    ...options,
  });
  const client = { socket, path, log: [], ids: [], connects: [], waiting: [] };
  socket.onAny((_event, first) => client.log.push(first));
  await new Promise((resolve, reject) => {
    socket.on("connect_error", (error) => !socket.active && reject(error));
    socket.on("connect", async () => {
      const connected = { recovered: socket.recovered, id: socket.id };
      if (client.ids.push(socket.id) > 1) client.log.push(socket.recovered);
      if (!socket.recovered) client.isJoined = false;
      try {
        if (!client.isJoined) for (const args of join) await socket.emitWithAck(...args);
      } catch {
        return; // its connection broke: it comes again
      }
      client.isJoined = true;
      if (!client.isThere) {
        client.isThere = true;
        return resolve();
      }
      const waiting = client.waiting.shift();
      if (waiting) waiting(connected);
      else client.connects.push(connected);
    });
  });
  return { client: clients.push(client) - 1, id: socket.id };
}

const verbs = {
  connect,
  claim,
  roam,
  /** Leads a client to another server, or to the same again. */
  move: ({ client, url, silently }) =>
    silently ? clients[client].path.moveSilently(url) : clients[client].path.move(url),
  /** Waits until a client has come back once more: {recovered, id}. */
  returned: ({ client }) => new Promise((resolve) => {
    const { connects, waiting } = clients[client];
    if (connects.length > 0) resolve(connects.shift());
    else waiting.push(resolve);
  }),
  log: ({ client }) => clients[client].log,
  /** The secret by which a client comes back, and the place of its last event. */
  secret: ({ client }) => {
    const { _pid: pid, _lastOffset: offset } = clients[client].socket;
    return { pid, offset };
  },
  next: ({ client }) => next(clients[client]),
  emit: ({ client, args }) => void clients[client].socket.emit(...args),
  /** Waits for the acknowledgement: the list of its arguments. */
  ask: ({ client, args }) => new Promise((resolve) => {
    clients[client].socket.emit(...args, (...answer) => resolve(answer));
  }),
  /** Sets the arguments with which the client acknowledges each event that wants it. */
  answerWith: ({ client, args }) => { clients[client].answer = args; },
  /** Waits for the end of the connection: its reason. */
  ended: ({ client }) => clients[client].ended,
  disconnect: ({ client }) => void clients[client].socket.disconnect(),
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

print({ ready: true });
createInterface({ input: process.stdin }).on("line", run).on("close", () => process.exit());
