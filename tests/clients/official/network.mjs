import { connect as dial, createServer } from "node:net";

/** A network between a client and the server, which can fail. */
export async function networkTo(t, url) {
  const server = new URL(url);
  const wires = new Set();
  let works = true;
  const listener = createServer((here) => {
    if (!works) return here.destroy();
    const there = dial(Number(server.port), server.hostname);
    for (const [wire, other] of [[here, there], [there, here]]) {
      wires.add(wire);
      wire.on("error", () => {});
      wire.on("close", () => {
        wires.delete(wire);
        other.destroy();
      });
      wire.pipe(other);
    }
  });
  /** Breaks all connections and accepts no new ones. */
  const fail = () => {
    works = false;
    wires.forEach((wire) => wire.resetAndDestroy());
  };
  const mend = () => (works = true);
  t.after(() => {
    listener.close();
    fail();
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, fail, mend };
}
