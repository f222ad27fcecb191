// The same client with Node's own server in development mode and with ours, as an administrator
// sees it. SERVER_URL is ours.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { instrument } from "@socket.io/admin-ui";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";

import { admin, args, command } from "../admin/wire.mjs";

const right = { username: "admin", password: "secret" };

async function node() {
  const http = createServer();
  const io = new Server(http);
  instrument(io, {
    auth: { type: "basic", username: "admin", password: process.env.HASH },
    mode: "development",
  });
  io.on("connection", (socket) => {
    socket.on("rename", (name) => (socket.data.user = name));
    socket.on("ask", (callback) => {
      callback("answer");
      socket.emit("told", { a: 1 });
    });
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, url: `http://127.0.0.1:${http.address().port}` };
}

// What differs from run to run, and what only one side has.
function normalized(name, values, ids) {
  const time = values.at(-1);
  if (typeof time === "string" && /^\d{4}-\d\d-\d\dT/.test(time)) {
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    values = [...values.slice(0, -1), "time"];
  }
  const [socket] = values;
  if (socket?.handshake) {
    const { handshake, clientId } = socket;
    assert.equal(typeof clientId, "string");
    assert.ok(Math.abs(handshake.issued - Date.now()) < 60_000);
    assert.ok(Math.abs(Date.parse(handshake.time) - Date.now()) < 60_000);
    assert.match(handshake.address, /127\.0\.0\.1$/);
    handshake.headers = Object.keys(handshake.headers).sort();
    handshake.url = handshake.url.replace(/([?&]t=)[^&]+/, "$1…");
    handshake.query.t &&= "…";
    Object.assign(handshake, { issued: 0, time: "", address: "" });
    socket.clientId = "…";
  }
  let text = JSON.stringify([name, ...values]);
  for (const [id, as] of ids) {
    text = text.replaceAll(id, as);
  }
  return text;
}

// The life of an ordinary client, from polling to its end.
async function life(url) {
  const { wire } = await admin(url, right);
  const client = connect(url, { query: { who: "me" }, extraHeaders: { cookie: "a=secret" } });
  await new Promise((resolve) => client.once("connect", resolve));
  const ids = [[client.id, "client"]];
  const seen = [];
  const until = async (wanted) => {
    for (;;) {
      const packet = await wire.next();
      const name = JSON.parse(packet.slice(packet.indexOf("[")))[0];
      if (packet.includes(client.id) || packet.includes(id)) {
        if (name !== "all_sockets") {
          seen.push(normalized(name, args(packet), ids));
        }
        if (name === wanted) {
          return;
        }
      }
    }
  };
  const { id } = client;
  await until("socket_connected");
  if (!seen.some((packet) => packet.includes('"transport":"websocket"}'))) {
    await until("socket_updated");
  }
  client.emit("rename", "u1");
  await until("event_received");
  await until("socket_updated");
  const told = new Promise((resolve) => client.once("told", resolve));
  await client.emitWithAck("ask");
  await told;
  await until("event_sent");
  command(wire, "join", "/", "room-1", id);
  await until("room_joined");
  command(wire, "emit", "/", "room-1", "fromui", { b: 2 }, 3);
  await until("event_sent");
  command(wire, "leave", "/", "room-1", id);
  await until("room_left");
  command(wire, "join", "/", "room-2", id);
  await until("room_joined");
  command(wire, "_disconnect", "/", false, id);
  await until("socket_disconnected");
  await until("room_left");
  await until("room_left");
  client.close();
  wire.close();
  return seen;
}

test("the life of a client is shown as Node's server shows it", async (t) => {
  const { io, url } = await node();
  t.after(() => io.close());
  const [theirs, ours] = [await life(url), await life(process.env.SERVER_URL)];
  assert.ok(theirs.length >= 14, String(theirs));
  // Ours leaves secrets out.
  const cookie = theirs.findIndex((packet) => packet.includes('"cookie"'));
  assert.ok(cookie >= 0 && !ours.some((packet) => packet.includes("cookie")));
  theirs[cookie] = theirs[cookie].replace('"cookie",', "");
  const sorted = (packets) => packets.map((packet) => JSON.stringify(JSON.parse(packet), order));
  assert.deepEqual(sorted(ours), sorted(theirs));
});

// The members of an object in one order.
function order(_, value) {
  return value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
