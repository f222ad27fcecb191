// Clients in all modes at each URL of SERVER_URL, where spaces separate them. Prints "connected" as
// soon as all are, and a line for each client when it ends: whether it has learned of the end.
//
// node stop.mjs, with SERVER_URL

import { io } from "../client.mjs";
import { MODES, within } from "../official/harness.mjs";

const ENDS = ["io server disconnect", "transport close"];

const clients = process.env.SERVER_URL.split(" ").flatMap((url) =>
  Object.entries(MODES).map(([mode, { options, ends }]) => {
    const socket = io(url, { forceNew: true, reconnection: false, ...options });
    const connected = new Promise((done, refused) => {
      socket.on("connect", () => {
        const { engine } = socket.io;
        if (engine.transport.name === ends) done();
        else engine.once("upgrade", () => done());
      });
      socket.on("connect_error", refused);
    });
    const ended = new Promise((done) => socket.on("disconnect", done));
    return { name: `${url} ${mode}`, connected, ended };
  }),
);

await within(Promise.all(clients.map((one) => one.connected)), "all connections");
console.log("connected");
for (const { name, ended } of clients) {
  const reason = await within(ended, `the end of ${name}`);
  console.log(name, reason, ENDS.includes(reason) ? "learned of the end" : "lost its connection");
}
