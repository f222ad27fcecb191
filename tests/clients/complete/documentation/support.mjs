// The tests in this folder are the examples of Socket.IO's documentation,
// https://socket.io/docs/v4/. A group has the title of a page, and a test names the example on it.
// The tests assert what the examples print.
//
// The server's side of the examples is tests/complete/documentation.

import assert from "node:assert/strict";
import { SERVER_URL, connect, fence, within } from "../../official/harness.mjs";
import { eventually } from "../support.mjs";

export { eventually };

export const { SERVER_WITH_OPTIONS: WITH_OPTIONS, SERVER_WITH_PARSER: WITH_PARSER } = process.env;
if (!WITH_OPTIONS || !WITH_PARSER) throw new Error("set the addresses of three servers (see tests/complete.rs)");

/** The arguments of the next event of this name. */
export function once(client, event) {
  return within(new Promise((resolve) => client.socket.once(event, (...args) => resolve(args))), `"${event}"`);
}

/** The arguments of each event of this name. */
export function argumentsOf(client, event) {
  return client.received.filter((one) => one.event === event).map((one) => one.args);
}

/** Connects one client for each list of rooms. */
export function inRooms(t, mode, namespace, ...rooms) {
  return Promise.all(
    rooms.map(async (its) => {
      const client = await connect(t, mode, namespace);
      for (const room of its) assert.equal(await client.ask("join", room), true);
      return client;
    }),
  );
}

/** Has the first client emit an event. Returns how many results each client received: `[0, 1, 1]`. */
export async function receivers(clients, event, arrives, ...args) {
  const before = clients.map((client) => client.all(arrives).length);
  clients[0].socket.emit(event, ...args);
  await fence(clients[0], clients);
  return clients.map((client, n) => client.all(arrives).length - before[n]);
}

/** Opens a session by polling. Returns its URL, the open packet, and the headers of the response. */
export async function handshake(server, headers = {}) {
  const url = `${server}/?EIO=4&transport=polling`;
  const response = await fetch(url, { headers });
  const { sid, ...open } = JSON.parse((await response.text()).slice(1));
  return { url: `${url}&sid=${sid}`, open, headers: response.headers };
}

/** Waits until the clients are alone in their namespace: those of earlier tests may leave late. */
export async function alone(clients) {
  const here = clients.map((client) => client.socket.id).sort();
  // One of the pages wants an argument of every event.
  const ids = async () => (await clients[0].ask("who is here", null)).sort();
  await eventually(ids, here, "the clients of other tests have gone");
}
