// The chat of examples/chat/main.rs on Node. docs/handlers.md shows both.

import { Server } from "socket.io";
import jwt from "./jwt.mjs"; // as the package jsonwebtoken

export function serve(port) {
  const io = new Server(port);
  const log = {}; // by room: name and text

  io.use((socket, next) => {
    try {
      socket.data.name = jwt.verify(socket.handshake.auth.token, "secret").sub;
      next();
    } catch {
      next(new Error("log in first"));
    }
  });

  io.on("connection", (socket) => {
    socket.on("join", (room, done) => {
      socket.join(room);
      done(log[room] ?? []);
    });
    socket.on("chat", (room, text, done) => {
      if (!socket.rooms.has(room)) return done({ message: "you are not in this room" });
      log[room] = [...(log[room] ?? []), [socket.data.name, text]].slice(-50);
      io.to(room).emit("chat", room, socket.data.name, text);
      done();
    });
    socket.on("private", (id, text, done) => {
      const other = io.sockets.sockets.get(id);
      if (!other) return done({ message: "gone" });
      other.emit("private", socket.id, text);
      done();
    });
  });
  return io;
}
