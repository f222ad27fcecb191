// Real clients, of any number of servers: `node clients.mjs`.
//
// It prints {"ready":true}. Each line of standard input is a command, and is answered by a line, as
// in node_server.mjs. A client is named by the number that `connect` gives it. It ends with its
// input.

import { createInterface } from "node:readline";
import { io } from "socket.io-client";

import { fromJson, print } from "./lines.mjs";

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
    if (socket._pid && /^\d+-\d+$/.test(event.at(-1))) event.pop();
    received(client, event);
    if (acknowledge && client.answer) acknowledge(...client.answer);
  });
  socket.on("connect", () => resolve({ client: clients.push(client) - 1, id: socket.id }));
  socket.on("connect_error", reject);
});

const verbs = {
  connect,
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
