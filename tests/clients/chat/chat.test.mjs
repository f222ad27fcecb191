// The chat with the official client: the server at SERVER_URL, or that on Node if there is none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import jwt from "./jwt.mjs";

/** The limit of each wait. It ends a test that has failed, and delays none. */
const DEADLINE = 20_000;

let url = process.env.SERVER_URL;
let node;
const clients = [];

before(async () => {
  if (url) return;
  const { serve } = await import("./node_chat.mjs");
  node = serve(0);
  if (!node.httpServer.listening) await once(node.httpServer, "listening");
  url = `http://127.0.0.1:${node.httpServer.address().port}`;
});

after(async () => {
  for (const client of clients) client.disconnect();
  await node?.close();
});

function open(auth) {
  const client = io(url, { auth, forceNew: true, reconnection: false, ackTimeout: DEADLINE });
  clients.push(client);
  return client;
}

/** The next event of a client, with its arguments. */
function next(client, event) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${event} did not come`)), DEADLINE);
    client.once(event, (...args) => {
      clearTimeout(late);
      resolve(args);
    });
  });
}

async function enter(name) {
  const client = open({ token: jwt.sign({ sub: name }, "secret") });
  await next(client, "connect");
  return client;
}

const ask = (client, ...args) => client.timeout(DEADLINE).emitWithAck(...args);

test("a client without a valid token is refused", async () => {
  const bad = ["", "a.b.c", jwt.sign({ sub: "eve" }, "another secret"), jwt.sign({ sub: "eve", exp: 1 }, "secret")];
  for (const token of bad) {
    const [error] = await next(open({ token }), "connect_error");
    assert.equal(error.message, "log in first");
  }
});

test("what is said in a room reaches all in it, and those who join later", async () => {
  const [ada, bob] = [await enter("ada"), await enter("bob")];
  assert.deepEqual(await ask(ada, "join", "tea"), []);
  for (let line = 1; line <= 60; line++) {
    const heard = next(ada, "chat");
    assert.equal(await ask(ada, "chat", "tea", `line ${line}`), undefined);
    assert.deepEqual(await heard, ["tea", "ada", `line ${line}`]);
  }
  const said = await ask(bob, "join", "tea");
  assert.equal(said.length, 50);
  assert.deepEqual([said[0], said[49]], [["ada", "line 11"], ["ada", "line 60"]]);
  const heard = [next(ada, "chat"), next(bob, "chat")];
  await ask(bob, "chat", "tea", "hi");
  assert.deepEqual(await Promise.all(heard), Array(2).fill(["tea", "bob", "hi"]));
});

test("a client that is not in a room may not speak there", async () => {
  const [ada, bob] = [await enter("ada"), await enter("bob")];
  await ask(ada, "join", "closed");
  ada.once("chat", () => assert.fail("it was refused"));
  const refusal = await ask(bob, "chat", "closed", "psst");
  assert.deepEqual(refusal, { message: "you are not in this room" });
  assert.deepEqual(await ask(bob, "join", "closed"), []);
});

test("a private message reaches one client", async () => {
  const [ada, bob] = [await enter("ada"), await enter("bob")];
  const heard = next(ada, "private");
  assert.equal(await ask(bob, "private", ada.id, "psst"), undefined);
  assert.deepEqual(await heard, [bob.id, "psst"]);
  assert.deepEqual(await ask(bob, "private", "AbCdEfGhIjKlMnOpQrSt", "psst"), { message: "gone" });
});
