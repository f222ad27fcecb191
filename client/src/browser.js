/*!
 * The client of actix-socketio: Socket.IO protocol 5 over Engine.IO protocol 4.
 *
 *     <script src="/socket.io/socket.io.js"></script>
 *     const socket = io();                       // this page's server, namespace "/"
 *     socket.on("message", (data) => show(data));
 *     socket.emit("hello", { from: "a page" });
 *
 * It has the interface of Socket.IO's own client, https://socket.io/docs/v4/client-api/, and
 * channels: socket.subscribe(), socket.unsubscribe() and socket.publish().
 * MIT OR Apache-2.0
 */
import * as all from "./index.js";

const { io } = all;

// The names of the module, on the function that pages know.
for (const [name, value] of Object.entries(all)) if (name !== "default") io[name] = value;

// `publish` is a parameter of the function around this bundle (build.mjs).
publish(io);
