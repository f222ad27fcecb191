// Node's server for one test, and clients that end with it.

import { createServer } from "node:http";
import { test } from "node:test";
import { Server } from "socket.io";
import { io } from "../client.mjs";
import { within } from "./within.mjs";

export { within };

/** The transports of a client. */
export const MODES = { polling: ["polling"], websocket: ["websocket"], default: ["polling", "websocket"] };

export function inEachMode(name, body) {
  for (const [mode, transports] of Object.entries(MODES)) test(`${name} (${mode})`, (t) => body(t, { transports }));
}

/** Starts Node's server. */
export async function serve(t, options = {}) {
  const { port = 0, ...rest } = options;
  const http = createServer();
  const server = new Server(http, rest);
  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  const stop = async () => {
    const closed = server.close();
    http.closeAllConnections();
    await closed;
  };
  t.after(stop);
  return { io: server, url: `http://127.0.0.1:${http.address().port}`, port: http.address().port, stop };
}

/** Opens a client with short delays, since servers are near. */
export function client(t, url, options = {}) {
  const socket = io(url, { reconnectionDelay: 10, reconnectionDelayMax: 50, ...options });
  t.after(() => {
    socket.io.reconnection(false);
    socket.disconnect();
  });
  return socket;
}

/** The arguments of the next event. */
export const next = (emitter, event) => within(new Promise((resolve) => {
  emitter.once(event, (...args) => resolve(args));
}), `the event "${event}"`);

/** A server, a client that is connected to it, and the server's socket for it. */
export async function pair(t, options, serverOptions) {
  const server = await serve(t, serverOptions);
  const arrived = next(server.io, "connection");
  const socket = client(t, server.url, options);
  const [peer] = await arrived;
  if (!socket.connected) await next(socket, "connect");
  return { server, socket, peer };
}
