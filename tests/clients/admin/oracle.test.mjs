// The same conversations with Node's own server and with ours. SERVER_URL and READONLY_URL are ours.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { instrument } from "@socket.io/admin-ui";
import { Server } from "socket.io";

import { Wire, admin, args, command, stats } from "./wire.mjs";

// bcrypt of "secret", with the lowest cost.
const HASH = process.env.HASH;
const right = { username: "admin", password: "secret" };

async function node(readonly) {
  const http = createServer();
  const io = new Server(http);
  io.of("/chat");
  instrument(io, {
    auth: { type: "basic", username: "admin", password: HASH },
    mode: "production",
    readonly,
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, url: `http://127.0.0.1:${http.address().port}` };
}

// Ids differ from run to run, and an event has its namespace once.
function normalized(packets) {
  return packets.map((packet) =>
    packet.replace(/"sid":"[^"]+"/, '"sid":"…"').replace(/\["session","[^"]+"\]/, '["session","…"]'),
  );
}

async function logIns(url) {
  const found = {};
  for (const [name, auth] of Object.entries({
    nothing: undefined,
    empty: {},
    "a wrong password": { username: "admin", password: "Secret" },
    "an unknown name": { username: "root", password: "secret" },
    "an unknown session": { sessionId: "007dfad0a498637f" },
  })) {
    const { wire, first } = await admin(url, auth);
    found[name] = normalized(first);
    wire.close();
  }
  const { wire, first } = await admin(url, right);
  const [session] = args(first.find((packet) => packet.includes('"session"')));
  found.order = normalized(first);
  found.password = normalized(first).sort();
  wire.close();
  const again = await admin(url, { sessionId: session });
  found.session = normalized(again.first);
  again.wire.close();
  return found;
}

// What a client sees of commands, each behind a fence.
async function commands(url) {
  const { wire } = await admin(url, right);
  const client = await Wire.open(url);
  client.send("0");
  const { sid } = JSON.parse((await client.next()).slice(1));
  const seen = [];
  let fences = 0;
  const fence = async () => {
    fences += 1;
    command(wire, "emit", "/", sid, "fence", fences);
    const until = `2["fence",${fences}]`;
    for (let packet = await client.next(); packet !== until; packet = await client.next()) {
      seen.push(packet);
    }
    seen.push("fence");
  };
  const step = async (...args) => {
    command(wire, ...args);
    await fence();
  };
  await step("emit", "/", "room-1", "before");
  await step("join", "/", "room-1", sid);
  await step("emit", "/", "room-1", "direct", { b: 2 }, 3);
  await step("join", "/", "room-2", "room-1");
  await step("emit", "/", "room-2", "second", "2");
  await step("leave", "/", "room-1", sid);
  await step("emit", "/", "room-1", "left");
  await step("leave", "/", "room-2", "room-2");
  await step("emit", "/", "room-2", "left", 2);
  await step("join", "/", "all");
  await step("emit", "/", "all", "all of them");
  await step("leave", "/", "all", "");
  await step("emit", "/", "all", "none of them");
  await step("emit", "/", null, "null");
  await step("emit", "/", "", "empty");
  await step("emit", "/chat", null, "elsewhere");
  await step("emit", "/", "no such room", "lost");
  command(wire, "_disconnect", "/", false, sid);
  seen.push(await client.next());
  client.send("0");
  const back = JSON.parse((await client.next()).slice(1)).sid;
  assert.notEqual(back, sid);
  command(wire, "_disconnect", "/", true, back);
  await client.closed();
  wire.close();
  return seen;
}

async function readonly(url) {
  const { wire, first } = await admin(url, right);
  const client = await Wire.open(url);
  client.send("0");
  const { sid } = JSON.parse((await client.next()).slice(1));
  command(wire, "emit", "/", null, "x");
  command(wire, "_disconnect", "/", true);
  command(wire, "join", "/", "room", sid);
  // What comes after the next report would have come before it.
  await stats(wire);
  await stats(wire);
  wire.close();
  client.close();
  return { config: first.at(-1), seen: client.packets };
}

const shape = (value) =>
  Object.fromEntries(Object.keys(value).sort().map((key) => [key, typeof value[key]]));

// What a report says after an ordinary client has come by a WebSocket.
async function reports(url) {
  const { wire } = await admin(url, right);
  const first = await stats(wire);
  const client = await Wire.open(url);
  client.send("0");
  await client.next();
  let report;
  do {
    report = await stats(wire);
  } while (!report.aggregatedEvents.some(({ type }) => type === "rawConnection"));
  assert.ok(report.aggregatedEvents.every(({ timestamp }) => timestamp % 1000 === 0));
  assert.ok(Math.abs(report.aggregatedEvents[0].timestamp - Date.now()) < 60_000);
  assert.equal(report.hostname, first.hostname);
  assert.ok(report.uptime > first.uptime);
  client.close();
  let gone;
  do {
    gone = await stats(wire);
  } while (!gone.aggregatedEvents.some(({ type }) => type === "rawDisconnection"));
  const end = gone.aggregatedEvents.find(({ type }) => type === "rawDisconnection");
  const connections = report.aggregatedEvents.filter(({ type }) => type === "rawConnection");
  wire.close();
  return {
    shape: shape(report),
    event: shape(end),
    subType: end.subType,
    connections: connections.reduce((sum, { count }) => sum + count, 0),
    types: [...new Set(report.aggregatedEvents.map(({ type }) => type))].sort(),
    clients: [report.clientsCount, report.pollingClientsCount, gone.clientsCount],
    namespaces: report.namespaces.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

test("log-ins are those of Node's server, and a session comes when the page can hear it", async () => {
  const { io, url } = await node(false);
  const [theirs, ours] = [await logIns(url), await logIns(process.env.SERVER_URL)];
  // The published page listens from `connect` on, so it never gets the session of Node's server.
  const connect = '0/admin,{"sid":"…"}';
  assert.ok(theirs.order.indexOf(connect) > theirs.order.indexOf('2/admin,["session","…"]'));
  assert.equal(ours.order[0], connect);
  delete theirs.order;
  delete ours.order;
  assert.deepEqual(ours, theirs);
  await io.close();
});

test("commands do what those of Node's server do", async () => {
  const { io, url } = await node(false);
  const [theirs, ours] = [await commands(url), await commands(process.env.SERVER_URL)];
  assert.ok(theirs.includes('2["direct",{"b":2},3]') && theirs.at(-1) === "1", String(theirs));
  assert.deepEqual(ours, theirs);
  await io.close();
});

test("reports have the form and the counts of Node's server", async () => {
  const { io, url } = await node(false);
  const [theirs, ours] = [await reports(url), await reports(process.env.STATS_URL)];
  assert.equal(theirs.connections, 1);
  assert.deepEqual(ours, theirs);
  await io.close();
});

test("administrators that may only watch are ignored by both", async () => {
  const { io, url } = await node(true);
  const [theirs, ours] = [await readonly(url), await readonly(process.env.READONLY_URL)];
  assert.deepEqual(theirs.seen, []);
  assert.deepEqual(ours, theirs);
  await io.close();
});
