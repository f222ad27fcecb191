// The app of docs/from-node.md with the official client: the server at SERVER_URL, or that on Node
// if there is none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";

let url = process.env.SERVER_URL;
let node;
const clients = [];

before(async () => {
  if (url) return;
  process.env.PORT = "0";
  ({ io: node } = await import("./app.mjs"));
  if (!node.httpServer.listening) await once(node.httpServer, "listening");
  url = `http://127.0.0.1:${node.httpServer.address().port}`;
});

after(async () => {
  for (const client of clients) client.disconnect();
  await node?.close();
});

const signal = AbortSignal.timeout(60_000);
const next = (client, event) => once(client, event, { signal });

function open(auth) {
  const client = io(url, { auth, forceNew: true, ackTimeout: 20_000, retries: 0 });
  clients.push(client);
  return client;
}

test("a client without a name is refused", async () => {
  const [error] = await next(open({}), "connect_error");
  assert.equal(error.message, "choose a name");
});

test("what is said in a room reaches it, and so do those who come and go", async () => {
  const [ada, bob] = [open({ name: "ada" }), open({ name: "bob" })];
  assert.equal(await ada.emitWithAck("join", "tea"), 1);
  const joined = next(ada, "joined");
  assert.equal(await bob.emitWithAck("join", "tea"), 1);
  assert.deepEqual(await joined, ["tea", "bob"]);
  const said = [next(ada, "said"), next(bob, "said")];
  assert.equal(await bob.emitWithAck("say", "tea", "hi"), undefined);
  assert.deepEqual(await Promise.all(said), Array(2).fill(["tea", "bob", "hi"]));
  const left = next(ada, "left");
  assert.equal(await bob.emitWithAck("join", "chess"), 2);
  bob.disconnect();
  assert.deepEqual(await left, ["tea", "bob"]);
});
