// Node's server in the cluster of the live scores. It serves the same page and the same channels as
// the other two, and asks the one that plays for what a new client needs.
//
//   PORT=… REDIS=redis://… NODE_MODULES=… node server.mjs

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const { PORT, REDIS, NODE_MODULES } = process.env;
const require = createRequire(path.join(path.resolve(NODE_MODULES), "here.js"));
const { createAdapter } = require("@socket.io/redis-streams-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = path.join(root, "examples/live_scores/page");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The file of a path, if the page has one. */
function fileOf(pathname) {
  if (pathname === "/") return path.join(page, "index.html");
  if (pathname === CLIENT) return path.join(root, "client/dist/socket.io.js");
  return /^\/[a-z]+\.(js|css|svg)$/.test(pathname) ? path.join(page, pathname) : null;
}

const CLIENT = "/socket.io/socket.io.js";

async function serve(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/health") return response.end("ok\n");
  if (pathname === "/token") return response.writeHead(204).end();
  try {
    const file = fileOf(pathname);
    const body = await readFile(file);
    const type = `${TYPES[path.extname(file)]}; charset=utf-8`;
    response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}
const http = createServer(serve);

const name = `live-scores-${process.pid}`;
const redis = createClient({ url: REDIS, name });
redis.on("error", (error) => console.error("redis:", error.message));
await redis.connect();
// `serveClient: false`: the page needs the client of this repository, which has `subscribe`.
const io = new Server(http, { adapter: createAdapter(redis), serveClient: false });
// The server answers each request below /socket.io, so the client is served ahead of it.
const [answer] = http.listeners("request");
http.removeAllListeners("request");
http.on("request", (request, response) => {
  const handle = request.url.startsWith(CLIENT) ? serve : answer;
  handle.call(http, request, response);
});
await readerIsReady();

/**
 * Node's adapter forgets its place in the stream each time that it asks, until it has had an entry,
 * and loses what comes in between. So it gets one without a meaning.
 */
async function readerIsReady() {
  const waits = (line) => line.includes(`name=${name} `) && / flags=\w*b/.test(line);
  for (;;) {
    const clients = await redis.sendCommand(["CLIENT", "LIST"]);
    if (clients.split("\n").some(waits)) break;
    await new Promise((go) => setTimeout(go, 10));
  }
  await redis.sendCommand(["XADD", "socket.io", "*", "first", "1"]);
}

/** Asks all servers. The one that plays answers, and the others answer with null. */
async function ask(event, ...args) {
  try {
    const answers = await io.serverSideEmitWithAck(event, ...args);
    return answers.find((answer) => answer);
  } catch (error) {
    // One server may be gone, and the one that plays has answered.
    return error.responses?.find((answer) => answer);
  }
}
io.on("snapshot", (channel, answer) => answer(null));
io.on("report", (id, body, answer) => answer(null));

io.on("connection", (socket) => {
  socket.on("subscribe", async (channel, ...rest) => {
    const answer = typeof rest.at(-1) === "function" ? rest.at(-1) : () => {};
    const refuse = (message) => answer({ message });
    if (!/^(goals$|match-)/.test(channel)) return refuse("no such channel");
    socket.join(channel);
    const snapshot = await ask("snapshot", channel);
    if (!snapshot) {
      socket.leave(channel);
      return refuse("unknown match");
    }
    socket.emit(snapshot.event, snapshot.data);
    answer(null);
  });
  socket.on("unsubscribe", (channel, answer) => {
    socket.leave(channel);
    answer?.(null);
  });
  socket.on("presence", (channel, answer) => answer?.({ message: "no presence here" }));
});

http.listen(Number(PORT), "127.0.0.1", () => console.log(`open http://127.0.0.1:${PORT}`));
process.on("SIGTERM", () => process.exit(0));
