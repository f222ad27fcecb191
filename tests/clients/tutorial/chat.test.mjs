import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { io } from "socket.io-client";

const url = process.env.URL ?? "http://127.0.0.1:8080";
const clients = [];
after(() => clients.forEach((client) => client.disconnect()));

function open(name) {
  const client = io(url, { auth: { name }, forceNew: true, ackTimeout: 10_000 });
  clients.push(client);
  return client;
}

test("a client needs a name", async () => {
  const [error] = await once(open(" "), "connect_error");
  assert.equal(error.message, "a name has 1 to 20 characters");
});

test("a line reaches the room, and those who join later", async () => {
  const [ada, bob, eve] = ["ada", "bob", "eve"].map(open);
  await ada.emitWithAck("join", "tea");
  await eve.emitWithAck("join", "chess");
  eve.on("said", () => assert.fail("this was said in another room"));

  const said = once(ada, "said");
  assert.equal(await ada.emitWithAck("say", "hello"), undefined);
  assert.deepEqual(await said, ["ada", "hello"]);
  const before = await bob.emitWithAck("join", "tea");
  assert.deepEqual(before.at(-1), ["ada", "hello"]);

  const both = [once(ada, "said"), once(bob, "said")];
  await bob.emitWithAck("say", "hi");
  assert.deepEqual(await Promise.all(both), [["bob", "hi"], ["bob", "hi"]]);
  assert.deepEqual(await eve.emitWithAck("join", "nowhere"), { message: "there is no such room" });
});

test("only who is in a room speaks there", async () => {
  assert.deepEqual(await open("carl").emitWithAck("say", "hi"), { message: "join a room first" });
});
