// The official client at a deployment: where it connects to, and from which address.
//
// SERVER_URL: where clients connect to.
// SOCKET_PATH: the Unix socket that they use instead of its host and port.
// CLIENT_ADDRESS: the loopback address that they connect from.

import http from "node:http";
import https from "node:https";
import net from "node:net";
import { connect } from "../official/harness.mjs";

const { SERVER_URL, SOCKET_PATH, CLIENT_ADDRESS } = process.env;

/** The address that the server sees. A client of a Unix socket has none. */
export const ADDRESS = SOCKET_PATH ? null : CLIENT_ADDRESS;

class UnixAgent extends http.Agent {
  createConnection(_options, connected) {
    return net.createConnection({ path: SOCKET_PATH }, connected);
  }
}

function agent() {
  // Node ends some requests with an empty write. At a Unix socket that the server has closed behind
  // its answer, this fails, and Node forgets the answer. So connections are kept.
  if (SOCKET_PATH) return new UnixAgent({ keepAlive: true });
  const { Agent } = SERVER_URL.startsWith("https:") ? https : http;
  return new Agent({ keepAlive: false, localAddress: CLIENT_ADDRESS });
}

/** Opens a client and waits until it is connected by the last transport of its mode. */
export async function client(t, mode, options = {}) {
  const connections = agent();
  t.after(() => connections.destroy());
  return connect(t, mode, "/", { agent: connections, reconnection: false, ...options });
}
