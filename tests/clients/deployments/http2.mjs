// A client on long-polling over HTTP/2, which the official client does not speak. Its polls and its
// POSTs share one connection. Prints "done" when everything has come.
//
// node http2.mjs, with SERVER_URL

import assert from "node:assert/strict";
import http2 from "node:http2";
import { STRANGE_TEXT, numbers, within } from "../official/harness.mjs";

const EVENTS = 1000;
const LARGE = 900_000;

// The certificate names no address of a proxy.
const connection = http2.connect(process.env.SERVER_URL, { servername: "localhost" });
let query = "/socket.io/?EIO=4&transport=polling";

async function ask(method, body) {
  const stream = connection.request({ ":method": method, ":path": query });
  let status;
  stream.on("response", (head) => (status = head[":status"]));
  stream.end(body);
  let text = "";
  for await (const part of stream.setEncoding("utf8")) text += part;
  assert.equal(status, 200, text);
  return text;
}

/** A client has one POST at a time. */
let posted = Promise.resolve("ok");
function post(...packets) {
  posted = posted.then(() => ask("POST", packets.join("\x1e")));
  return posted.then((answer) => assert.equal(answer, "ok"));
}

const event = (...args) => `42${JSON.stringify(args)}`;

/** The packets that have come and were not taken. */
const received = [];
async function next() {
  while (received.length === 0) {
    const packets = (await ask("GET")).split("\x1e");
    for (const packet of packets) {
      if (packet === "2") await post("3");
      else received.push(packet);
    }
  }
  return received.shift();
}

async function session() {
  query += `&sid=${JSON.parse((await ask("GET")).slice(1)).sid}`;
  await post("40");
  assert.match(await next(), /^40\{"sid":/);

  // Both ways at once, in order.
  const sent = [post(event("stream", EVENTS))];
  for (let first = 0; first < EVENTS; first += 50) {
    sent.push(post(...numbers(50).map((n) => event("count", first + n))));
  }
  for (const n of numbers(EVENTS)) assert.equal(await next(), event("numbered", n));
  await Promise.all(sent);
  await post('421["counted"]');
  assert.equal(await next(), `431[${JSON.stringify(numbers(EVENTS))}]`);

  const text = "0123456789".repeat(LARGE / 10);
  await post(`422["echo","${text}"]`);
  assert.ok((await next()) === `432["${text}"]`, "900 KB come back as they were");

  await post(`423${JSON.stringify(["echo", STRANGE_TEXT])}`);
  assert.deepEqual(JSON.parse((await next()).slice(3)), [STRANGE_TEXT]);
  const bytes = Buffer.from(numbers(256)).toString("base64");
  await post('451-4["echo",{"_placeholder":true,"num":0}]', `b${bytes}`);
  assert.equal(await next(), '461-4[{"_placeholder":true,"num":0}]');
  assert.equal(await next(), `b${bytes}`);

  await post('425["ask","which?"]');
  const [, id] = (await next()).match(/^42(\d+)\["question","which\?"\]$/);
  await post(`43${id}["this"]`);
  assert.equal(await next(), '435["this"]');
  await post("1");
}

await within(session(), "everything", 60_000);
connection.close();
console.log("done");
