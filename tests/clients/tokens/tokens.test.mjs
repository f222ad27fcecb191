// Tokens with the official client and our own: a client goes on with another token before its own
// ends, or comes back with one afterwards.
//
// The tokens are made by hand, independently of the server's library.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { MODES, connect, connected, open } from "../official/harness.mjs";

const SECRET = process.env.JWT_SECRET;
if (!SECRET) throw new Error("JWT_SECRET must be the server's (see tests/official_clients.rs)");

const now = () => Math.floor(Date.now() / 1000);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function sign(claims) {
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

/** A token of a user for some seconds. */
const tokenOf = (sub, seconds, more = {}) => sign({ sub, iss: "log-in", aud: "clients", exp: now() + seconds, ...more });

for (const mode of Object.keys(MODES)) {
  describe(`tokens (${mode})`, { timeout: 120_000 }, () => {
    test("a client that shows another token in time stays, and one that does not is closed", async (t) => {
      const short = tokenOf("ada", 4);
      const stays = open(t, mode, "/", { auth: { token: short } });
      const goes = open(t, mode, "/", { auth: { token: short }, reconnection: false });
      const { expires } = await stays.next("token_expires");
      assert.ok(expires > now() && expires <= now() + 4);
      assert.deepEqual(await stays.ask("refresh", tokenOf("bob", 600)), { message: "invalid token" });
      assert.equal(await stays.ask("refresh", tokenOf("ada", 600)), null);
      assert.equal(await goes.next("@disconnect"), "transport close");
      assert.ok(now() >= expires, "not before the end");
      assert.equal(await stays.ask("whoami"), "ada");
      assert.equal(stays.all("@connect").length, 1);
      assert.equal(stays.all("token_expires").length, 1);
    });

    test("a client whose token has ended comes back by itself with a new one", async (t) => {
      const lifetimes = [3, 600];
      const auth = (give) => give({ token: tokenOf("ada", lifetimes.shift()) });
      const client = open(t, mode, "/", { auth });
      await client.next("token_expires");
      assert.equal(await client.next("@disconnect"), "transport close");
      await client.until(() => client.received.filter(({ event }) => event === "@connect").length === 2, "the return");
      await connected(client);
      assert.equal(await client.ask("whoami"), "ada");
      assert.deepEqual(lifetimes, []);
      assert.deepEqual(client.all("@connect_error"), []);
    });

    test("a client whose token is not believed reads what to do", async (t) => {
      for (const [auth, message] of [
        [{}, "token required"],
        [{ token: tokenOf("ada", 0) }, "token expired"],
        [{ token: `${tokenOf("ada", 600)}x` }, "invalid token"],
        [{ token: tokenOf("ada", 600, { aud: "others" }) }, "invalid token"],
      ]) {
        const refused = open(t, mode, "/", { auth });
        const error = await refused.next("@connect_error");
        assert.equal(error.message, message);
        // It may try again over the same connection, with another token.
        refused.socket.auth = { token: tokenOf("ada", 600) };
        refused.socket.connect();
        await refused.until(() => refused.socket.connected, "the connection");
        assert.equal(await refused.ask("whoami"), "ada");
      }
    });

    test("a channel of its own is the user's, and its token opens a channel", async (t) => {
      const ada = await connect(t, mode, "/", { auth: { token: tokenOf("ada", 600) } });
      await ada.subscribe("inbox-ada");
      assert.equal((await ada.ask("subscribe", "inbox-bob")).message, "this channel is another user's");
      assert.equal((await ada.ask("subscribe", "match-1")).message, "token required");
      const token = tokenOf("ada", 600, { channel: "match-1", publish: true });
      assert.equal(await ada.ask("subscribe", "match-1", { token }), null);
      const phone = await connect(t, mode, "/", { auth: { token: tokenOf("ada", 600) } });
      assert.equal(await phone.ask("subscribe", "match-1", { token }), null);
      assert.equal(await ada.ask("publish", "match-1", "goal", { mark: 1 }), null);
      assert.deepEqual(await phone.next("goal"), { mark: 1 });
    });
  });
}
