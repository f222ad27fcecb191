// The page about middlewares.

import assert from "node:assert/strict";
import { SERVER_URL, connect, open, unique } from "../../official/harness.mjs";
import { inEach, test } from "../support.mjs";
import { eventually, handshake, argumentsOf } from "./support.mjs";

inEach("Middlewares", (mode) => {
  const PAGE = "/middlewares";
  const credentials = (token) => ({ auth: { attempt: unique("attempt"), token } });
  const refusal = (t, options) => open(t, mode, PAGE, options).next("@connect_error");

  test("Registering a middleware: several are executed in order, up to an error", async (t) => {
    const [good, bad] = [credentials("abc"), credentials("xyz")];
    const client = await connect(t, mode, PAGE, good);
    assert.equal((await refusal(t, bad)).message, "thou shall not pass");
    assert.deepEqual(await client.ask("notes", good.auth.attempt), ["first", "second", "third"]);
    assert.deepEqual(await client.ask("notes", bad.auth.attempt), ["first", "second"]);
  });

  test("Registering a middleware: a client that leaves meanwhile is reported as gone", async (t) => {
    const observer = await connect(t, mode, PAGE, credentials("abc"));
    const slow = credentials("slow");
    const notes = () => observer.ask("notes", slow.auth.attempt);
    const client = open(t, mode, PAGE, slow);
    await eventually(notes, ["first"], "the middleware runs");
    client.socket.disconnect();
    const executed = ["first", "the client has gone", "second", "third", "disconnect"];
    await eventually(notes, executed, "the next middlewares run, up to the end");
    assert.deepEqual(client.all("@connect"), []);

    // A later client passes all of them, and the other one adds no more notes.
    const later = credentials("abc");
    const other = await connect(t, mode, PAGE, later);
    other.socket.disconnect();
    const all = ["first", "second", "third", "disconnect"];
    await eventually(() => observer.ask("notes", later.auth.attempt), all, "the later one has gone");
    assert.deepEqual(await notes(), executed, "once");
  });

  test("Sending credentials: an object, or a function", async (t) => {
    const object = await connect(t, mode, PAGE, credentials("abc"));
    assert.equal(await object.ask("token"), "abc");
    const call = await connect(t, mode, PAGE, { auth: (cb) => cb(credentials("abc").auth) });
    assert.equal(await call.ask("token"), "abc");
  });

  test("Handling middleware error: message and additional details", async (t) => {
    const error = await refusal(t, credentials());
    assert.ok(error instanceof Error);
    assert.equal(error.message, "not authorized");
    assert.deepEqual(error.data, { content: "Please retry later" });
  });

  test("Handling middleware error: new credentials, and connect again", async (t) => {
    const client = open(t, mode, PAGE, credentials("wrong"));
    client.socket.on("connect_error", () => {
      client.socket.auth = credentials("abc").auth;
      client.socket.connect();
    });
    await client.next("@connect");
    assert.equal(client.all("@connect_error").length, 1);
    assert.equal(await client.ask("token"), "abc");
  });

  test("Compatibility with Express middleware: what a middleware of HTTP knows, the socket does", async (t) => {
    const path = "/with-session/socket.io";
    const ada = await connect(t, mode, "/passport", { path, extraHeaders: { cookie: "user=Ada" } });
    assert.equal(await ada.ask("user"), "Ada");
    for (const options of [{ path }, { extraHeaders: { cookie: "user=Ada" } }]) {
      const error = await open(t, mode, "/passport", options).next("@connect_error");
      assert.equal(error.message, "unauthorized");
    }
  });
});

test("Middlewares: io.engine.use, for each HTTP request", async () => {
  for (const [path, expected] of [["/with-session/socket.io", "SAMEORIGIN"], ["/socket.io", null]]) {
    const { url, headers } = await handshake(`${SERVER_URL}${path}`);
    const post = await fetch(url, { method: "POST", body: "1" });
    assert.deepEqual([headers, post.headers].map((headers) => headers.get("x-frame-options")), [expected, expected]);
  }
});
