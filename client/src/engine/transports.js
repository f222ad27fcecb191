import { isNode } from "../platform.js";
import { Polling } from "./polling.js";
import { WebSocketTransport } from "./websocket.js";

const BY_NAME = { polling: Polling, websocket: WebSocketTransport };

/**
 * The transports that an application wants, by name or by class. Other names are left out, since
 * pages name transports that only some clients have. Throws if nothing is left.
 */
export function knownTransports({ transports }) {
  const known = transports.map((each) => BY_NAME[each.transportName ?? each]).filter(Boolean);
  if (known.length === 0) throw new TypeError(`transports: one or both of ${Object.keys(BY_NAME)} expected`);
  return known;
}

/** Those that work here. Throws if there is none. */
export function availableTransports(options) {
  const available = knownTransports(options).filter((each) => each.isAvailable(options));
  if (available.length > 0) return available;
  const cure = isNode ? ": pass one as the option WebSocket, or use Node.js 22 or newer" : "";
  throw new TypeError(`there is no WebSocket here${cure}`);
}
