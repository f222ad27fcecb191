// The cases of Socket.IO's own test of recovery, as conversations over raw polling. Two answers differ
// on purpose. CONNECT comes before what was missed. And what the server sends directly to a socket that
// is gone is an error there, so it is not among what was missed.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeServers, isNode, serverOf, unique, within } from "./support.mjs";

after(closeServers);

/** An Engine.IO session that polls only on demand. */
class Polling {
  static async open(url) {
    const session = new Polling();
    session.url = `${url}/socket.io/?EIO=4&transport=polling`;
    const [open] = await session.poll();
    session.url += `&sid=${JSON.parse(open.slice(1)).sid}`;
    return session;
  }

  async #fetch(options) {
    const response = await within(fetch(this.url, options), "an answer to a request");
    assert.equal(response.status, 200);
    return response.text();
  }

  /** The packets of one poll. Pings are answered and skipped. A poll with nothing else is repeated. */
  async poll() {
    for (const end = Date.now() + 15_000; ; ) {
      assert.ok(Date.now() < end, "nothing but pings comes");
      const packets = (await this.#fetch()).split("\x1e");
      const others = packets.filter((packet) => packet !== "2");
      if (others.length < packets.length) await this.push("3");
      if (others.length > 0) return others;
    }
  }

  async push(packet) {
    assert.equal(await this.#fetch({ method: "POST", body: packet }), "ok");
  }

  /** Sends CONNECT. Returns the answer's data, and the events that came with it. */
  async connect(auth) {
    await this.push(`40${auth === undefined ? "" : JSON.stringify(auth)}`);
    const packets = await this.poll();
    const at = packets.findIndex((packet) => packet.startsWith("40"));
    return { ...JSON.parse(packets[at].slice(2)), packets, at };
  }

  /** Sends an event with an acknowledgement. Returns its arguments. */
  async ask(...event) {
    await this.push(`420${JSON.stringify(event)}`);
    const [answer] = await this.poll();
    assert.match(answer, /^430\[/);
    return JSON.parse(answer.slice(3));
  }
}

/** A client that was in a channel, and whose connection has ended. */
async function gone(t, { server = "everyone", hears = true } = {}) {
  const { url, control } = await serverOf(t, server);
  const session = await Polling.open(url);
  const { sid, pid } = await session.connect();
  assert.ok(sid && pid, "the answer has a private id");
  const channel = unique("room");
  assert.deepEqual(await session.ask("subscribe", channel), [null]);
  await session.ask("remember", "foo", "bar");
  let offset;
  if (hears) {
    await control("emit", { id: sid, event: "hello" });
    const [hello] = await session.poll();
    assert.match(hello, /^42\["hello",/);
    offset = JSON.parse(hello.slice(2))[1];
    assert.equal(typeof offset, "string");
  }
  await session.push("1");
  return { url, control, sid, pid, offset, channel };
}

const names = (packets) => packets.map((packet) => (packet.startsWith("42") ? JSON.parse(packet.slice(2))[0] : packet));

test("a session and what it missed are restored", async (t) => {
  const { url, control, sid, pid, offset, channel } = await gone(t);
  await control("emit", { event: "hello1" });
  await control("emit", { channel, event: "hello2" });
  const session = await Polling.open(url);
  const answer = await session.connect({ pid, offset });
  let { packets } = answer;
  while (packets.length < 3) packets = [...packets, ...(await session.poll())];
  const [events, at] = isNode ? [packets.slice(0, 2), 2] : [packets.slice(1), 0];
  assert.deepEqual(names(events), ["hello1", "hello2"]);
  assert.equal(answer.at, at);
  assert.deepEqual([answer.sid, answer.pid], [sid, pid]);
});

test("channels and context are restored", async (t) => {
  const { url, sid, pid, offset, channel } = await gone(t);
  const session = await Polling.open(url);
  await session.connect({ pid, offset });
  const [{ id, recovered, channels, context }] = await session.ask("whoami");
  assert.deepEqual({ id, recovered, channels, context }, {
    id: sid,
    recovered: true,
    channels: [channel],
    context: { foo: "bar" },
  });
});

test("a session is restored although its client received no event", async (t) => {
  const { url, sid, pid, channel } = await gone(t, { hears: false });
  const session = await Polling.open(url);
  const answer = await session.connect({ pid });
  assert.deepEqual([answer.sid, answer.pid], [sid, pid]);
  const [{ recovered, channels, context }] = await session.ask("whoami");
  assert.deepEqual({ recovered, channels, context }, { recovered: true, channels: [channel], context: { foo: "bar" } });
});

test("what was missed is replayed although the client received no event before", async (t) => {
  const { url, control, sid, pid, channel } = await gone(t, { hears: false });
  await control("emit", { channel, event: "hello", args: ["world"] });
  await control("emit", { event: "broadcast" });
  const session = await Polling.open(url);
  const answer = await session.connect({ pid });
  let { packets } = answer;
  while (packets.length < 3) packets = [...packets, ...(await session.poll())];
  assert.equal(answer.sid, sid);
  assert.deepEqual(names(packets.filter((packet) => packet.startsWith("42"))), ["hello", "broadcast"]);
});

for (const offset of [123, null, true, {}, ["x"]]) {
  test(`an offset that is not a string restores nothing: ${JSON.stringify(offset)}`, async (t) => {
    const { url, sid, pid } = await gone(t, { hears: false });
    const session = await Polling.open(url);
    assert.notEqual((await session.connect({ pid, offset })).sid, sid);
    const [{ recovered, channels }] = await session.ask("whoami");
    assert.deepEqual([recovered, channels], [false, []]);
  });
}

test("a string that is not a position restores nothing", async (t) => {
  const { url, sid, pid } = await gone(t);
  const session = await Polling.open(url);
  assert.notEqual((await session.connect({ pid, offset: "some text" })).sid, sid);
});

test("the application is asked again", async (t) => {
  const { url, control, sid, pid, offset } = await gone(t);
  const session = await Polling.open(url);
  await session.connect({ pid, offset });
  const connects = (await control("life")).filter(({ id, what }) => id === sid && what === "connect");
  assert.deepEqual(connects.map(({ recovered }) => recovered), [false, true]);
});

test("an unknown session has a new id and a new private id", async (t) => {
  const { url } = await serverOf(t, "everyone");
  const session = await Polling.open(url);
  const { sid, pid } = await session.connect({ pid: "foo", offset: "bar" });
  assert.ok(sid && pid);
  assert.notEqual(sid, "foo");
  assert.notEqual(pid, "foo");
});

test("without recovery there is no private id, and no position", async (t) => {
  const { url, control } = await serverOf(t, "off");
  const session = await Polling.open(url);
  const answer = await session.connect({ pid: "foo", offset: "bar", offsets: true });
  assert.deepEqual(Object.keys(JSON.parse(answer.packets[answer.at].slice(2))), ["sid"]);
  await control("emit", { id: answer.sid, event: "hello" });
  assert.deepEqual(await session.poll(), ['42["hello"]']);
});
