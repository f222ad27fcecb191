// A client that offers two subprotocols. Prints the one that the server has taken.
//
// node subprotocols.mjs, with SERVER_URL

import { io } from "../client.mjs";

const socket = io(process.env.SERVER_URL, {
  transports: ["websocket"],
  protocols: ["v2.example", "v1.example"],
  reconnection: false,
});
socket.on("connect", () => {
  console.log("connected with", socket.io.engine.transport.ws.protocol);
  socket.disconnect();
});
socket.on("connect_error", (error) => {
  console.log("connect_error", error.description?.message ?? error.message);
  socket.disconnect();
});
