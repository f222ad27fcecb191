// Binary events of docs/cookbook.md with the official client.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { io } from "socket.io-client";

const socket = io(process.env.SERVER_URL);

after(() => socket.disconnect());

test("bytes are arguments, and parts of objects", async () => {
  const name = await socket.timeout(20_000).emitWithAck("upload", "a.bin", new Uint8Array([1, 2, 3]));
  assert.equal(name, "a.bin: 3");
  const thumbnail = once(socket, "thumbnail");
  const picture = { name: "b.png", data: Buffer.from([4, 5, 6]) };
  assert.deepEqual(await socket.timeout(20_000).emitWithAck("picture", picture), picture);
  assert.deepEqual(await thumbnail, ["b.png", Buffer.from([4, 5])]);
});
