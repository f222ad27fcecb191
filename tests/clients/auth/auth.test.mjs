// The example `auth` with the official client: the clients that it refuses, and those that it
// admits.
//
// The tokens are made by hand, independently of the server's library.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { MODES, SERVER_URL, beside, connect, open, unique, within } from "../official/harness.mjs";

const SECRET = process.env.JWT_SECRET;
if (!SECRET) throw new Error("JWT_SECRET must be the server's (see tests/auth.rs)");

const NO_TOKEN = "a valid token is needed";
const NOT_ALLOWED = { message: "this is not allowed to you" };

const ORIGIN = "https://app.example.com";

const now = () => Math.floor(Date.now() / 1000);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function claims(user, more = {}) {
  return {
    iss: "actix-socketio-example",
    aud: "actix-socketio-example-sockets",
    sub: user,
    exp: now() + 600,
    editor: user === "ada",
    teams: { ada: ["red"], bob: ["red", "blue"] }[user] ?? [],
    ...more,
  };
}

function sign(payload, { header = { alg: "HS256", typ: "JWT" }, secret = SECRET, hash = "sha256" } = {}) {
  const text = `${part(header)}.${part(payload)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`;
}

const tokenOf = (user, more) => sign(claims(user, more));

/** A client that is admitted by its token. */
function as(t, mode, user, options = {}) {
  return connect(t, mode, "/", { auth: { token: tokenOf(user) }, ...options });
}

/** The error that a refused client receives. */
async function refusal(client) {
  const error = await client.next("@connect_error");
  assert.equal(client.socket.connected, false);
  assert.deepEqual(client.all("@connect"), []);
  return error;
}

async function logIn(user, password) {
  const response = await fetch(`${SERVER_URL}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user, password }),
  });
  return { status: response.status, body: await response.json() };
}

/** Ada's next message to `news`. A subscriber that has received it has received all earlier ones. */
async function fence(ada, ...clients) {
  const mark = unique("fence");
  assert.equal(await ada.ask("publish", "news", mark), null);
  for (const client of clients) await client.next("message", (data) => data === mark);
  return mark;
}

/**
 * Takes the steps while a token is valid that expires soon. On a busy machine they may take longer.
 * Then they are taken again, and have twice the time.
 */
async function beforeExpiry(steps) {
  for (let life = 5; ; life *= 2) {
    const exp = now() + life;
    const done = await steps(exp).catch((error) => {
      if (now() < exp || life > 20) throw error;
    });
    if (now() < exp) return done;
  }
}

for (const mode of Object.keys(MODES)) {
  describe(mode, { timeout: 120_000 }, () => {
    test("a logged-in client connects, receives and sends", async (t) => {
      const { status, body } = await logIn("ada", "difference engine");
      assert.equal(status, 200);
      const ada = await connect(t, mode, "/", { auth: { token: body.token } });
      const bob = await as(t, mode, "bob");
      await ada.subscribe("news", "team-red", "user-ada");
      await bob.subscribe("news", "team-red", "team-blue", "user-bob");

      assert.equal(await ada.ask("publish", "news", { headline: mode }), null);
      assert.deepEqual(await bob.next("message", (data) => data.headline), { headline: mode });
      assert.equal(await bob.ask("publish", "team-red", "goal", "for red"), null);
      assert.equal(await ada.next("goal"), "for red");

      const response = await fetch(`${SERVER_URL}/users/bob/messages`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${body.token}` },
        body: JSON.stringify({ private: mode }),
      });
      assert.equal(response.status, 202);
      assert.deepEqual(await bob.next("message", (data) => data.private), { private: mode });
      assert.deepEqual(ada.all("message"), []);
    });

    test("a token may be a function's, a header's or a cookie's", async (t) => {
      const token = tokenOf("bob");
      for (const options of [
        { auth: (show) => show({ token }) },
        { extraHeaders: { authorization: `Bearer ${token}` } },
        { extraHeaders: { cookie: `a=b; token=${token}` } },
        { extraHeaders: { authorization: `Bearer ${token}` }, auth: { token } },
        { extraHeaders: { origin: ORIGIN }, auth: { token } },
      ]) {
        const bob = await connect(t, mode, "/", options);
        await bob.subscribe("user-bob");
        assert.deepEqual(await bob.ask("subscribe", "user-ada"), NOT_ALLOWED);
      }
    });

    test("an invalid token is refused without a reason", async (t) => {
      const bad = {
        "no auth": undefined,
        "no token": {},
        garbage: { token: "garbage" },
        "another secret": { token: sign(claims("ada"), { secret: "another secret, which is long enough, too" }) },
        "alg none": { token: `${part({ alg: "none" })}.${part(claims("ada"))}.` },
        "RS256 by the secret": { token: sign(claims("ada"), { header: { alg: "RS256" } }) },
        "HS512 by the secret": { token: sign(claims("ada"), { header: { alg: "HS512" }, hash: "sha512" }) },
        expired: { token: tokenOf("ada", { exp: now() - 1 }) },
        "not yet valid": { token: tokenOf("ada", { nbf: now() + 600 }) },
        "for others": { token: tokenOf("ada", { aud: "another-service" }) },
        "without an audience": { token: tokenOf("ada", { aud: undefined }) },
        "no end": { token: tokenOf("ada", { exp: undefined }) },
        "a number": { token: 1 },
      };
      for (const [what, auth] of Object.entries(bad)) {
        const error = await refusal(open(t, mode, "/", { auth }));
        assert.equal(error.message, NO_TOKEN, what);
        assert.equal(error.data, undefined, what);
      }
    });

    test("a bad token at the handshake opens no connection", async (t) => {
      const token = tokenOf("ada", { exp: now() - 1 });
      for (const extraHeaders of [{ authorization: `Bearer ${token}` }, { cookie: `token=${token}` }]) {
        // A valid token at CONNECT is too late.
        const auth = { token: tokenOf("ada") };
        await refusal(open(t, mode, "/", { extraHeaders, auth, reconnection: false }));
      }
    });

    test("an auth that is not an object opens no socket", async (t) => {
      for (const auth of [[tokenOf("ada")], tokenOf("ada"), true]) {
        // The client sends the result of the function unchanged.
        const client = open(t, mode, "/", { auth: (show) => show(auth), reconnection: false });
        const gone = new Promise((resolve) => client.socket.io.on("close", resolve));
        await within(gone, "the end of the connection");
        assert.equal(client.socket.connected, false);
        assert.deepEqual(client.all("@connect"), []);
      }
    });

    test("a channel is for those whose it is", async (t) => {
      const ada = await as(t, mode, "ada");
      const eve = await as(t, mode, "eve");
      await ada.subscribe("news", "team-red", "user-ada");
      await eve.subscribe("news", "user-eve");
      for (const channel of ["user-ada", "user-nobody", "team-red", "team-blue", "team-nobody"]) {
        assert.deepEqual(await eve.ask("subscribe", channel), NOT_ALLOWED, channel);
      }
      for (const channel of ["users", "newsroom", "user-", "user-ada ", "USER-ada", "team-red2", "my-news"]) {
        assert.deepEqual(await eve.ask("subscribe", channel), { message: "no such channel" }, JSON.stringify(channel));
      }
      // She receives nothing from the channels that refused her.
      assert.equal(await ada.ask("publish", "team-red", "secret"), null);
      const mark = await fence(ada, eve);
      assert.deepEqual(eve.all("message"), [mark]);
    });

    test("a client that may not publish reaches no other client", async (t) => {
      const ada = await as(t, mode, "ada");
      const bob = await as(t, mode, "bob");
      const eve = await as(t, mode, "eve");
      await ada.subscribe("news", "team-red", "user-ada");
      await bob.subscribe("news", "user-bob");
      await eve.subscribe("news");
      const not_in = { message: "subscribe to the channel before you publish to it" };
      for (const args of [["x"], ["goal", "x"]]) {
        assert.deepEqual(await bob.ask("publish", "news", ...args), NOT_ALLOWED);
        assert.deepEqual(await eve.ask("publish", "news", ...args), NOT_ALLOWED);
        assert.deepEqual(await bob.ask("publish", "team-red", ...args), not_in, "a member, but not in it now");
        assert.deepEqual(await eve.ask("publish", "team-red", ...args), not_in);
        assert.deepEqual(await eve.ask("publish", "user-ada", ...args), not_in);
        const closed = { message: "clients may not publish to this channel" };
        assert.deepEqual(await bob.ask("publish", "user-bob", ...args), closed);
      }
      // An event that is not a publication reaches no client, whatever its name.
      for (const event of ["message", "news", "goal", "user-ada"]) bob.socket.emit(event, "news", "x");
      await bob.subscribe("team-blue");
      const mark = await fence(ada, bob, eve);
      assert.deepEqual(ada.all("message"), []);
      assert.deepEqual(ada.all("goal"), []);
      assert.deepEqual(eve.received.filter(({ event }) => !event.startsWith("@")), [{ event: "message", args: [mark] }]);
    });

    test("a second socket of the connection has no other token", async (t) => {
      const bob = await as(t, mode, "bob");
      const other = beside(t, bob, "/editors", { auth: {} });
      assert.equal((await refusal(other)).message, NOT_ALLOWED.message);
      for (const token of [tokenOf("ada"), tokenOf("bob", { editor: true }), "garbage"]) {
        const before = other.all("@connect_error").length;
        other.socket.auth = { token };
        other.socket.connect();
        const errors = await other.first(before + 1, "@connect_error");
        assert.equal(errors.at(-1).message, NO_TOKEN);
      }
      await bob.subscribe("team-blue");
      assert.deepEqual(await bob.ask("subscribe", "user-ada"), NOT_ALLOWED);

      const token = tokenOf("ada");
      const ada = await connect(t, mode, "/", { auth: { token } });
      await beside(t, ada, "/editors", { auth: { token } }).next("@connect");
    });

    test("a client whose token expires is disconnected and receives nothing more", async (t) => {
      const ada = await as(t, mode, "ada");
      const eve = await as(t, mode, "eve");
      await ada.subscribe("news");
      await eve.subscribe("news");
      const { exp, bob, longer, before } = await beforeExpiry(async (exp) => {
        const auth = { token: tokenOf("bob", { exp }) };
        const bob = await as(t, mode, "bob", { auth });
        await bob.subscribe("news");
        // A client that reconnects with a later expiry before has the later expiry.
        (await as(t, mode, "bob", { auth })).socket.disconnect();
        const longer = await as(t, mode, "bob");
        await longer.subscribe("news");
        return { exp, bob, longer, before: await fence(ada, bob, eve, longer) };
      });
      assert.equal(await bob.next("@disconnect"), "io server disconnect");
      assert.ok(now() >= exp, "and not before");
      const after = await fence(ada, eve, longer);
      assert.deepEqual(eve.all("message").slice(-2), [before, after]);
      assert.deepEqual(bob.all("message"), [before]);
      // The same token does not admit it again.
      bob.socket.connect();
      assert.equal((await bob.next("@connect_error")).message, NO_TOKEN);
      assert.deepEqual(longer.all("@disconnect"), []);
    });
  });
}

test("pages of other origins open no WebSocket", { timeout: 60_000 }, async (t) => {
  for (const origin of ["https://evil.example", `${ORIGIN}.evil.example`, "null"]) {
    const extraHeaders = { origin, authorization: `Bearer ${tokenOf("ada")}` };
    await refusal(open(t, "websocket", "/", { extraHeaders, reconnection: false }));
  }
});
