// The page in the development mode, while the official client connects, joins a channel, and talks.

import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";

import { io } from "socket.io-client";

import { logIn, open, screenshot, view } from "../admin_ui/browser.mjs";

async function client(t) {
  const socket = io(process.env.SERVER_URL, { transports: ["websocket"], forceNew: true });
  t.after(() => socket.close());
  await once(socket, "connect");
  // A socket that is disconnected forgets its id.
  return { socket, id: socket.id };
}

async function join({ socket }, channel) {
  await socket.emitWithAck("subscribe", channel);
}

// Presses the button that is described in this way under the mouse.
async function press(page, button, tooltip) {
  await button.hover();
  await page.getByText(tooltip, { exact: true }).waitFor();
  await button.click();
}

test("the page shows sockets, rooms and events, and disconnects by its buttons", async (t) => {
  // The page starts with a namespace that it knows from the first list.
  const early = await client(t);
  await join(early, "room-1");
  const { page, refused } = await open(t);
  await logIn(page, "secret");
  await page.getByText("connected", { exact: true }).first().waitFor();
  const row = (...texts) =>
    texts.reduce((rows, hasText) => rows.filter({ hasText }), page.locator("tbody tr"));

  await view(page, "Sockets");
  await row(early.id, "127.0.0.1").waitFor();
  const late = await client(t);
  await row(late.id, "127.0.0.1").waitFor();
  await screenshot(page, "sockets");

  await view(page, "Rooms");
  await row("room-1", /\s1\s/).waitFor();
  await join(late, "room-1");
  await row("room-1", /\s2\s/).waitFor();
  await screenshot(page, "rooms");

  await view(page, "Clients");
  // Two of ordinary clients, and the page itself.
  await row("127.0.0.1").nth(2).waitFor();
  assert.equal(await row("127.0.0.1").count(), 3);
  await screenshot(page, "clients");

  await view(page, "Events");
  const told = once(late.socket, "told");
  late.socket.emit("ask", { of: "the client" });
  assert.deepEqual(await told, [{ a: 1 }]);
  await row("Connection", late.id).waitFor();
  await row("Room joined", late.id, "room-1").waitFor();
  const received = row("Event received", late.id, "Event name: ask");
  await received.waitFor();
  await row("Event sent", late.id, "Event name: told").waitFor();
  await received.getByRole("button").click();
  await page.getByText('"of": "the client"').waitFor();
  await screenshot(page, "events");

  await view(page, "Sockets");
  const ended = once(late.socket, "disconnect");
  const disconnect = row(late.id).getByRole("button");
  await press(page, disconnect, "Disconnect this Socket instance");
  assert.equal((await ended)[0], "io server disconnect");
  // The page opens the details of the row, too.
  await view(page, "Sockets");
  await row(early.id, "127.0.0.1").waitFor();
  await row(late.id, "127.0.0.1").waitFor({ state: "detached" });

  await view(page, "Rooms");
  await row("room-1", /\s1\s/).waitFor();
  const emptied = once(early.socket, "disconnect");
  const disconnectAll = row("room-1").getByRole("button").last();
  const tooltip = "Disconnect all the Socket instances that are in this room";
  await press(page, disconnectAll, tooltip);
  assert.equal((await emptied)[0], "io server disconnect");
  await view(page, "Rooms");
  await page.getByText("No data available").waitFor();

  await view(page, "Events");
  for (const { id } of [early, late]) {
    await row("Disconnection", id, "server namespace disconnect").waitFor();
  }
  await screenshot(page, "disconnected");
  assert.deepEqual(refused, []);
});
