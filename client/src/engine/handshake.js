import { ENGINE } from "./packets.js";

/** The session that the server opens. Throws if the text is not a Socket.IO server's. */
export function parseHandshake(data) {
  try {
    if (data[0] !== ENGINE.open) throw new Error("no open packet");
    const session = JSON.parse(data.slice(1));
    if (typeof session.sid !== "string" || !(session.pingInterval + session.pingTimeout > 0)) throw new Error("no session");
    return session;
  } catch ({ message }) {
    throw new Error(`not a Socket.IO server's answer (${message})`);
  }
}
