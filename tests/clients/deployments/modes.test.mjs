// The scenarios of the official client at one deployment, in each mode. The server is
// tests/deployments/app.rs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MODES, STRANGE_TEXT, numbers } from "../official/harness.mjs";
import { ADDRESS, client } from "./support.mjs";

const EVENTS = 1000;
const LARGE = 900_000;

for (const mode of Object.keys(MODES)) {
  describe(mode, { timeout: 60_000, concurrency: true }, () => {
    test("1,000 events in order, both ways at once", async (t) => {
      const one = await client(t, mode);
      one.socket.emit("stream", EVENTS);
      for (const n of numbers(EVENTS)) one.socket.emit("count", n);
      assert.deepEqual(await one.first(EVENTS, "numbered"), numbers(EVENTS));
      assert.deepEqual(await one.ask("counted"), numbers(EVENTS));
    });

    test("events while the transport changes", async (t) => {
      const one = await client(t, mode);
      const both = await Promise.all([one.ask("echo", "a"), one.ask("echo", "b")]);
      assert.deepEqual(both, ["a", "b"]);
      assert.equal((await one.ask("whoami")).transport, MODES[mode].ends);
    });

    test("900 KB, both ways", async (t) => {
      const one = await client(t, mode);
      const text = "0123456789".repeat(LARGE / 10);
      assert.ok((await one.ask("echo", text)) === text, "it comes back as it was");
      one.socket.emit("large", 3, LARGE);
      const received = await one.first(3, "large");
      assert.deepEqual(received.map((text) => text.length), [LARGE, LARGE, LARGE]);
    });

    test("unicode and binary", async (t) => {
      const one = await client(t, mode);
      assert.equal(await one.ask("echo", STRANGE_TEXT), STRANGE_TEXT);
      const bytes = Buffer.from(numbers(256));
      const sent = { [STRANGE_TEXT]: bytes, list: [Buffer.alloc(0), Buffer.alloc(200_000, 0xff)] };
      assert.deepEqual(await one.ask("echo", sent), sent);
    });

    test("acknowledgements of both sides", async (t) => {
      const one = await client(t, mode);
      one.socket.on("question", (data, answer) => answer({ asked: data }));
      assert.deepEqual(await one.ask("ask", [1, "two"]), { asked: [1, "two"] });
    });

    test("the address is the client's", async (t) => {
      const one = await client(t, mode);
      assert.equal((await one.ask("whoami")).address, ADDRESS);
    });
  });
}
