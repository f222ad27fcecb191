import { Server } from "socket.io";

export const io = new Server(process.env.PORT ?? 3000);

io.use((socket, next) => {
  const { name } = socket.handshake.auth;
  if (!name) return next(new Error("choose a name"));
  socket.data.name = name;
  next();
});

io.on("connection", (socket) => {
  socket.on("join", (room, done) => {
    socket.join(room);
    socket.to(room).emit("joined", room, socket.data.name);
    done(socket.rooms.size - 1); // without the room of its own id
  });

  socket.on("say", (room, text, done) => {
    io.to(room).emit("said", room, socket.data.name, text);
    done();
  });

  socket.on("disconnecting", () => {
    for (const room of socket.rooms) socket.to(room).emit("left", room, socket.data.name);
  });
});
