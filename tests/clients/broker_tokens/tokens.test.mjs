// The broker's tokens, with the official client. Node makes the keys and the tokens.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { ask, broker, enter, key, refusal, token, within } from "./broker.mjs";

const INBOX = `[[channels]]\npattern = "^inbox-(?<user>.+)$"\nsubscribe = "user"\n`;
const hs256 = (secret, rest = "") => `[jwt]\nalgorithm = "HS256"\nsecret = "${secret.text}"\n${rest}`;

for (const algorithm of ["HS256", "RS256", "ES256", "EdDSA"]) {
  test(`a token with ${algorithm} says who a client is`, async (t) => {
    const [own, other] = [key(algorithm), key(algorithm)];
    const keys = algorithm === "HS256" ? `secret = "${own.text}"` : `public_key_file = "key.pem"`;
    const { url, log } = await broker(t, `
      [jwt]
      algorithm = "${algorithm}"
      ${keys}
      issuer = "tests"
      audience = "broker"
      ${INBOX}`, { "key.pem": own.text });
    const claims = { algorithm, key: own, sub: "ada", iss: "tests", aud: "broker" };
    for (const transports of [["polling", "websocket"], ["websocket"]]) {
      const ada = await enter(t, url, token(claims), { transports });
      assert.equal(await ask(ada, "subscribe", "inbox-ada"), null);
      assert.equal(await ask(ada, "subscribe", "inbox-bob"), "this channel is another user's");
    }
    const publicAsSecret = { sign: (data) => createHmac("sha256", own.text).update(data).digest() };
    const forged = [
      { key: other },
      { iss: "others" },
      { aud: "others" },
      { sub: undefined },
      { exp: undefined },
      { algorithm: "none", key: { sign: () => Buffer.alloc(0) } },
      ...(algorithm === "HS256" ? [] : [{ algorithm: "HS256", key: publicAsSecret }]),
    ];
    for (const change of forged) {
      assert.equal(await refusal(t, url, token({ ...claims, ...change })), "invalid token");
    }
    assert.equal(await refusal(t, url, token({ ...claims, exp: 1 })), "token expired");
    assert.equal(await refusal(t, url), "token required");
    assert.ok(!log.join("\n").includes(own.text.trim()), "no key is in the log");
  });
}

test("a previous key is believed until its date, and a kid names the key", async (t) => {
  const [now, before] = [key("HS256"), key("HS256")];
  const config = (until) => hs256(now, `
    key_id = "new"
    previous_secret = "${before.text}"
    previous_key_id = "old"
    previous_until = ${until}
    ${INBOX}`);
  const { url, configure, reload } = await broker(t, config("2099-12-31T00:00:00Z"));
  const of = (key, kid) => token({ key, kid, sub: "ada" });
  await enter(t, url, of(now, "new"));
  await enter(t, url, of(before, "old"));
  await enter(t, url, of(before));
  for (const [key, kid] of [[now, "old"], [before, "new"], [now, "other"]]) {
    assert.equal(await refusal(t, url, of(key, kid)), "invalid token");
  }
  await configure(config('"2020-12-31T00:00:00+02:00"'));
  await reload("the configuration was reloaded: jwt.previous_until");
  for (const kid of ["old", undefined]) {
    assert.equal(await refusal(t, url, of(before, kid)), "invalid token");
  }
  await enter(t, url, of(now, "new"));
});

test("SIGHUP takes over other keys, and clients stay", async (t) => {
  const [one, two] = [key("HS256"), key("HS256")];
  const { url, log, configure, reload } = await broker(t, hs256(one, INBOX));
  const ada = await enter(t, url, token({ key: one, sub: "ada" }));
  await configure(hs256(two, INBOX));
  await reload("the configuration was reloaded: jwt.secret");
  assert.equal(await refusal(t, url, token({ key: one, sub: "ada" })), "invalid token");
  await enter(t, url, token({ key: two, sub: "ada" }));
  assert.equal(await ask(ada, "subscribe", "inbox-ada"), null);

  await configure(hs256({ text: "hunter2" }, INBOX));
  await reload("nothing was reloaded");
  await enter(t, url, token({ key: two, sub: "ada" }));
  assert.ok(ada.connected);

  // Tokens end with a restart alone: nobody is let in without one because a section is gone.
  await configure(`[[channels]]\npattern = "^news-"\n`);
  await reload("not before a restart: ");
  assert.equal(await refusal(t, url), "token required");
  const secrets = new RegExp(`hunter2|${one.text}|${two.text}`);
  assert.doesNotMatch(log.join("\n"), secrets);
});

test("SIGHUP reads the file of a public key again", async (t) => {
  const [one, two] = [key("ES256"), key("ES256")];
  const config = `[jwt]\nalgorithm = "ES256"\npublic_key_file = "key.pem"\n${INBOX}`;
  const { url, write, reload } = await broker(t, config, { "key.pem": one.text });
  const of = (key) => token({ algorithm: "ES256", key, sub: "ada" });
  await enter(t, url, of(one));
  await write("key.pem", two.text);
  await reload("the keys of tokens were read again");
  await enter(t, url, of(two));
  assert.equal(await refusal(t, url, of(one)), "invalid token");
  await write("key.pem", "-----BEGIN PUBLIC KEY-----");
  await reload("nothing was reloaded");
  await enter(t, url, of(two));
});

test("users subscribe, publish and are present where rules say so", async (t) => {
  const secret = key("HS256");
  const { url, configure, reload } = await broker(t, hs256(secret, `
    [limits]
    allow_guests = true
    [[channels]]
    pattern = "^open-"
    publish = "user"
    [[channels]]
    pattern = "^team-"
    subscribe = "user"
    presence = { every = "0s" }
    [[channels]]
    pattern = "^(?<user>[^:]+):wall$"
    subscribe = "user"
    publish = "user"`));
  const guest = await enter(t, url);
  const ada = await enter(t, url, token({ key: secret, sub: "ada", info: { name: "Ada" } }));
  const again = await enter(t, url, token({ key: secret, sub: "ada", info: { name: "Ada" } }));
  const bob = await enter(t, url, token({ key: secret, sub: "bob" }));

  for (const socket of [guest, ada]) assert.equal(await ask(socket, "subscribe", "open-1"), null);
  assert.equal(await ask(guest, "publish", "open-1", "from a guest"), "log in first");
  const heard = once(guest, "message");
  assert.equal(await ask(ada, "publish", "open-1", "from ada"), null);
  assert.deepEqual(await within(heard, "the publication"), ["from ada"]);

  assert.equal(await ask(guest, "subscribe", "team-1"), "log in first");
  assert.equal(await ask(ada, "subscribe", "team-1"), null);
  assert.equal(await ask(again, "subscribe", "team-1"), null);
  const list = new Promise((resolve) => {
    bob.emit("subscribe", "team-1", { presence: true }, (...answer) => resolve(answer));
  });
  const [refused, { presence }] = await within(list, "the members");
  assert.equal(refused, null);
  const members = presence.members.sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(members, [
    { id: "ada", info: { name: "Ada" }, sockets: 2 },
    { id: "bob", info: null, sockets: 1 },
  ]);

  assert.equal(await ask(ada, "subscribe", "ada:wall"), null);
  assert.equal(await ask(ada, "publish", "ada:wall", "mine"), null);
  assert.equal(await ask(bob, "subscribe", "ada:wall"), "this channel is another user's");
  assert.equal(await ask(guest, "subscribe", "ada:wall"), "log in first");
  assert.equal(await refusal(t, url, "a.b.c"), "invalid token", "a guest shows none");

  // Rules for users are reloaded as others are.
  await configure(hs256(secret, `
    [limits]
    allow_guests = true
    [[channels]]
    pattern = "^open-"
    subscribe = "user"`));
  await reload("the configuration was reloaded: channels[0].publish, channels[0].subscribe");
  const late = await enter(t, url);
  assert.equal(await ask(late, "subscribe", "open-2"), "log in first");
  assert.equal(await ask(bob, "subscribe", "open-2"), null);
});

test("a token for a channel lets its user subscribe and publish", async (t) => {
  const secret = key("HS256");
  const rules = (news) => hs256(secret, `
    [[channels]]
    pattern = "^match-"
    subscribe = "token"
    publish = "token"
    [[channels]]
    pattern = "^news-"
    subscribe = "${news}"`);
  const { url, configure, reload } = await broker(t, rules("user"));
  const of = (sub, claims) => token({ key: secret, sub, ...claims });
  const ada = await enter(t, url, of("ada"));
  const bob = await enter(t, url, of("bob", { channels: ["match-42"] }));

  assert.equal(await ask(ada, "subscribe", "match-42"), "token required");
  for (const wrong of [
    of("ada"), of("ada", { channel: "match-4" }), of("bob", { channel: "match-42" }), "a.b.c",
    of("ada", { pattern: "match-4" }),
  ]) {
    assert.equal(await ask(ada, "subscribe", "match-42", { token: wrong }), "invalid token");
  }
  const reads = of("ada", { channel: "match-42" });
  assert.equal(await ask(ada, "subscribe", "match-42", { token: reads }), null);
  assert.equal(await ask(ada, "publish", "match-42", "1:0"), "your token does not allow it");
  const writes = of("ada", { pattern: "match-[0-9]+", publish: true });
  assert.equal(await ask(ada, "subscribe", "match-42", { token: writes }), null);
  // The token of his connection has subscribed bob.
  const heard = once(bob, "message");
  assert.equal(await ask(ada, "publish", "match-42", "1:0"), null);
  assert.deepEqual(await within(heard, "the publication"), ["1:0"]);

  // Until a restart, a new rule for such tokens keeps the channel shut.
  assert.equal(await ask(ada, "subscribe", "news-1"), null);
  await configure(rules("token"));
  await reload("not before a restart: channels[1].subscribe");
  const news = of("bob", { channel: "news-1" });
  const shut = "clients may not subscribe to this channel";
  assert.equal(await ask(bob, "subscribe", "news-1", { token: news }), shut);
});
