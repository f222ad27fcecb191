// The default of a client: polling first, then the upgrade.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { numbers, open, settled } from "./harness.mjs";
import { suite } from "./suite.mjs";

suite("default");

describe("the upgrade", { timeout: 120_000 }, () => {
  test("loses, doubles and reorders nothing while both sides send", async (t) => {
    const client = open(t, "default");
    let upgradedAfter = null;
    client.socket.io.engine.once("upgrade", () => (upgradedAfter = client.all("numbered").length));
    client.socket.on("connect", () => {
      client.socket.emit("stream", 1000);
      for (const n of numbers(1000)) client.socket.emit("count", n);
    });

    const first = await client.first(1000, "numbered");
    await settled(client);
    const counted = await client.ask("counted");
    // The same again, over the other transport.
    client.socket.emit("stream", 1000);
    const second = (await client.first(2000, "numbered")).slice(1000);

    assert.deepEqual(first, numbers(1000));
    assert.deepEqual(counted, numbers(1000));
    assert.deepEqual(second, numbers(1000));
    assert.notEqual(upgradedAfter, null, "the upgrade happened");
    assert.equal(client.all("welcome").length, 1, "and it was not a second connection");
  });

  test("keeps the identity and the channels that the client had on polling", async (t) => {
    const client = open(t, "default");
    await client.until(() => client.socket.connected, "the connection");
    const { id } = client.socket;
    const subscribed = client.subscribe("room-kept");
    await settled(client);
    await subscribed;

    const me = await client.ask("whoami");
    assert.equal(me.id, id);
    assert.equal(client.socket.id, id);
    assert.deepEqual(me.channels, ["room-kept"]);
  });
});
