/*!
 * The client of actix-socketio: Socket.IO protocol 5 over Engine.IO protocol 4.
 * Its use and its options: docs/client.md.
 */
import { io } from "./lookup.js";
import { Manager } from "./manager.js";
import { protocol } from "./parser/index.js";
import { Socket } from "./socket/socket.js";
import { Polling } from "./engine/polling.js";
import { WebSocketTransport } from "./engine/websocket.js";

export { channels } from "./socket_channels.js";
export { io, io as connect, io as default, Manager, Socket, protocol };
export { Polling as Fetch, Polling as XHR, WebSocketTransport as WebSocket };
