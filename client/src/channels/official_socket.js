import { isObject } from "../errors.js";
import { Progress } from "../progress.js";

const CONNECT = 0; // a type of packet

/**
 * Follows the progress of a socket of the official client. That has no place for this in its
 * interface, so its methods `packet`, which writes each packet, and `onevent`, which receives each
 * event, are wrapped on the socket. Names with an underscore differ in its minified files.
 */
export function progressOf(socket) {
  const { packet: write, onevent: receive } = socket;
  const progress = new Progress();
  if (!write || !receive) return progress;
  Object.defineProperty(socket, "position", { get: () => progress.position, configurable: true });
  // It may find that it is not connected, and `retries` send an event again by themselves.
  socket._isKept = ([event, channel]) => socket.io.opts.retries > 0
    || socket.sendBuffer.some(({ data }) => data[0] === event && data[1] === channel);
  let shown;
  socket.packet = (packet) => {
    if (packet.type !== CONNECT) return write.call(socket, packet);
    const data = request(progress, packet.data);
    shown = data?.pid;
    return write.call(socket, { ...packet, data });
  };
  socket.onevent = (packet) => {
    if (socket.connected && (packet.id === undefined || packet.id === null)) progress.take(packet.data);
    receive.call(socket, packet);
  };
  listenFirst(socket.io, "packet", ({ nsp, type, data }) => {
    if (nsp !== socket.nsp || type !== CONNECT || !isObject(data)) return;
    progress.connected(data, data.pid !== undefined && data.pid === shown);
  });
  return progress;
}

/** Its own offset is the last text of an event, which is the application's without the position. */
function request(progress, data) {
  if (!isObject(data) || data.pid === undefined || !progress.isStamped) return progress.request(data);
  const { pid, offset, ...auth } = data;
  return progress.request(auth);
}

/** The socket itself listens for packets, too, and is to be the second to hear of an answer. */
function listenFirst(emitter, event, listener) {
  const others = emitter.listeners(event);
  emitter.off(event);
  for (const each of [listener, ...others]) emitter.on(event, each);
}
