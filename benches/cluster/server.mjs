// Node's server: node server.mjs <streams|classic> <URL of Redis>. It uses tests/clients/node_modules.

import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/clients/package.json", import.meta.url));
const { createAdapter } = require("@socket.io/redis-adapter");
const { createAdapter: createStreamsAdapter } = require("@socket.io/redis-streams-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");

const [kind, url] = process.argv.slice(2);
const client = async () => createClient({ url }).connect();
const adapter = kind === "streams"
  ? createStreamsAdapter(await client())
  : createAdapter(await client(), await client());
const http = createServer();
const io = new Server(http, { adapter });
io.on("connection", (socket) => {
  socket.join("room");
  socket.on("fan", (number) => socket.to("room").emit("e", number));
});
http.listen(0, "127.0.0.1", () => console.log(`port ${http.address().port}`));
