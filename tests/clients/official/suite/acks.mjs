// Messages and acknowledgements.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STRANGE_TEXT, connect, numbers, within } from "../harness.mjs";

export function acks(mode) {
  test("sends a message and is answered with one", async (t) => {
    const client = await connect(t, mode);
    client.socket.send({ text: STRANGE_TEXT });
    const answer = await client.next("message", (data) => data?.echo);
    assert.deepEqual(answer, { echo: { text: STRANGE_TEXT } });
  });

  test("acks: the server answers the client", async (t) => {
    const client = await connect(t, mode);
    for (const value of [0, -1.5, 1e21, "", STRANGE_TEXT, true, null, [], {}, [[{ a: [null] }]]]) {
      assert.deepEqual(await client.ask("echo", value), value);
    }
    assert.equal(await client.ask("add", 20, 22), 42);
  });

  test("acks: many together, each answer to its question", async (t) => {
    const client = await connect(t, mode);
    const answers = await Promise.all(numbers(200).map((n) => client.ask("echo", n)));
    assert.deepEqual(answers, numbers(200));
  });

  test("acks: the client answers the server, within the handling of its own event", async (t) => {
    const client = await connect(t, mode);
    client.socket.on("question", (question, answer) => answer({ ...question, answer: STRANGE_TEXT }));
    assert.deepEqual(await client.ask("ask", { question: 7 }), { answer: { question: 7, answer: STRANGE_TEXT } });
  });

  test("acks: the server's question times out", async (t) => {
    const client = await connect(t, mode);
    let late;
    client.socket.on("question", (_, answer) => (late = answer));
    assert.deepEqual(await client.ask("ask", 1, 100), { error: "timeout" });

    late("too late");
    assert.equal(await client.ask("echo", "still here"), "still here", "an unrequested ack does no harm");
  });

  test("acks: the client's question times out", async (t) => {
    const client = await connect(t, mode);
    await assert.rejects(client.socket.timeout(200).emitWithAck("silent"), /timed out/);
    assert.equal(await client.ask("echo", "still here"), "still here");
  });
}
