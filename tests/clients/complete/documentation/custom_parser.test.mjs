// The page about custom parsers.

import assert from "node:assert/strict";
import { Emitter } from "@socket.io/component-emitter";
import { beside, connect } from "../../official/harness.mjs";
import { GONE, inEach, test } from "../support.mjs";
import { WITH_PARSER } from "./support.mjs";

/** The parser from the documentation, unchanged. */
class Encoder {
  encode(packet) {
    return [JSON.stringify(packet)];
  }
}

class Decoder extends Emitter {
  add(chunk) {
    const packet = JSON.parse(chunk);
    if (!this.isPacketValid(packet)) throw new Error("invalid format");
    this.emit("decoded", packet);
  }

  isPacketValid({ type, data, nsp, id }) {
    if (typeof nsp !== "string" || !(id === undefined || Number.isInteger(id))) return false;
    switch (type) {
      case 0: // CONNECT
        return data === undefined || typeof data === "object";
      case 1: // DISCONNECT
        return data === undefined;
      case 2: // EVENT
        return Array.isArray(data) && ["string", "number"].includes(typeof data[0]);
      case 3: // ACK
        return Array.isArray(data);
      case 4: // CONNECT_ERROR
        return typeof data === "object";
      default:
        return false;
    }
  }

  destroy() {}
}

inEach("Custom parser", (mode) => {
  const options = { url: WITH_PARSER, parser: { Encoder, Decoder } };

  test("Implementing your own parser", async (t) => {
    const client = await connect(t, mode, "/", options);
    assert.equal(await client.next("hello"), "world");
    assert.equal(await client.ask("hello", "π 🏆 \" \\"), "hello π 🏆 \" \\");
    client.socket.on("update item", (id, item, callback) => callback({ [id]: item }));
    assert.deepEqual(await client.ask("ask me"), { 1: { name: "updated" } });

    const admin = beside(t, client, "/admin", { auth: { role: "admin" } });
    assert.equal(await admin.ask("delete user"), "deleted");
    admin.socket.disconnect();
    admin.socket.auth = {};
    admin.socket.connect();
    assert.equal((await admin.next("@connect_error")).message, "not authorized");
    assert.equal(await client.ask("hello", "again"), "hello again");
  });

  test("Implementing your own parser: what is invalid ends the connection", async (t) => {
    for (const packet of ['42["hello"]', '{"type":5,"nsp":"/","data":["hello"]}', '{"type":2,"data":["hello"]}']) {
      const client = await connect(t, mode, "/", { ...options, reconnection: false });
      client.socket.io.engine.send(packet);
      assert.ok(GONE[mode].includes(await client.next("@disconnect")), packet);
    }
  });
});
