// The tests in this folder are the examples of Socket.IO's documentation,
// https://socket.io/docs/v4/. A group has the title of a page, and a test names the example on it.
// The tests assert what the examples print.
//
// The server's side of the examples is tests/complete/documentation.

import assert from "node:assert/strict";
import { SERVER_URL, connect, fence, within } from "../../official/harness.mjs";

export const { SERVER_WITH_OPTIONS: WITH_OPTIONS, SERVER_WITH_PARSER: WITH_PARSER } = process.env;
if (!WITH_OPTIONS || !WITH_PARSER) throw new Error("there must be three servers (see tests/complete.rs)");

/** The next time that it happens: its arguments. */
export function once(client, event) {
  return within(new Promise((resolve) => client.socket.once(event, (...args) => resolve(args))), `"${event}"`);
}

/** All arguments that an event came with, each time. */
export function argumentsOf(client, event) {
  return client.received.filter((one) => one.event === event).map((one) => one.args);
}

/** Who is in these rooms: one client for each list. */
export function inRooms(t, mode, namespace, ...rooms) {
  return Promise.all(
    rooms.map(async (its) => {
      const client = await connect(t, mode, namespace);
      for (const room of its) assert.equal(await client.ask("join", room), true);
      return client;
    }),
  );
}

/** Has the first of the clients emit this, and tells who of all got what comes of it: `[0, 1, 1]`. */
export async function receivers(clients, event, arrives, ...args) {
  const before = clients.map((client) => client.all(arrives).length);
  clients[0].socket.emit(event, ...args);
  await fence(clients[0], clients);
  return clients.map((client, n) => client.all(arrives).length - before[n]);
}

/** Opens a session by polling: where to go on, what the open packet says, and the headers beside it. */
export async function handshake(server, headers = {}) {
  const url = `${server}/?EIO=4&transport=polling`;
  const response = await fetch(url, { headers });
  const { sid, ...open } = JSON.parse((await response.text()).slice(1));
  return { url: `${url}&sid=${sid}`, open, headers: response.headers };
}

/** Asks until the answer is as it should be, which it may not be at once. */
export async function eventually(ask, expected, what) {
  const end = Date.now() + 20_000;
  let answer;
  do {
    answer = await ask();
  } while (JSON.stringify(answer) !== JSON.stringify(expected) && Date.now() < end);
  assert.deepEqual(answer, expected, what);
}
