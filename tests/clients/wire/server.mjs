// The official server with the application that tests/wire_trace/application.rs describes. It
// listens on free ports and prints them as one line of JSON. It ends when its standard input does.

import { createServer } from "node:http";
import { Server } from "socket.io";

function admit(socket, next) {
  const { refuse } = socket.handshake.auth;
  if (refuse === undefined) return next();
  const error = new Error("not today");
  if (refuse === "with data") error.data = { from: 18 };
  next(error);
}

function handle(socket) {
  const answered = (answer) => socket.emit("answered", answer);
  socket.on("echo", (...args) => args.pop()(...args));
  socket.on("echo binary", (...args) => args.pop()(...args));
  socket.on("say", (event, ...args) => socket.emit(event, ...args));
  socket.on("say binary", (...args) => socket.emit("binary", ...args));
  socket.on("ask", (question) => socket.emit("question", question, answered));
  socket.on("ask binary", (question) => socket.emit("question", question, answered));
  socket.on("auth", (answer) => answer(socket.handshake.auth));
  socket.on("disconnect me", () => socket.disconnect());
  socket.on("close", () => socket.disconnect(true));
}

async function serve(options) {
  const http = createServer();
  const io = new Server(http, options);
  for (const name of ["/", "/admin"]) io.of(name).use(admit).on("connection", handle);
  await new Promise((listening) => http.listen(0, "127.0.0.1", listening));
  return http.address().port;
}

async function serveAll() {
  return {
    plain: await serve({}),
    beating: await serve({ pingInterval: 200, pingTimeout: 2000 }),
    old: await serve({ allowEIO3: true }),
  };
}

// One set of servers for each transport, because a server numbers its acknowledgements.
console.log(JSON.stringify({ polling: await serveAll(), websocket: await serveAll() }));
process.stdin.on("end", () => process.exit(0)).resume();
