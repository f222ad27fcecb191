/** The defaults of all options. */
const DEFAULTS = {
  // -- The connection
  path: "/socket.io",
  addTrailingSlash: true,
  port: undefined, // in place of the URL's
  transports: ["polling", "websocket"],
  tryAllTransports: false, // if the first can't open, the next
  upgrade: true, // from polling to websocket, where both are allowed
  rememberUpgrade: false, // begin with websocket if the last connection ended with it
  query: undefined, // an object, for the query string of each request
  // An object. Browsers send them with polling only, since a WebSocket has no headers there.
  extraHeaders: undefined,
  transportOptions: undefined, // options for one transport, by its name
  withCredentials: false, // cookies across origins; polling only
  timestampRequests: false, // a parameter `t` that differs in each request
  timestampParam: "t",
  requestTimeout: 0, // ms for each request of polling; 0: no limit of the client's
  protocols: [], // subprotocols of the WebSocket
  binaryType: undefined, // "arraybuffer", "blob" or, in Node.js, "nodebuffer"
  closeOnBeforeunload: false,
  forceNew: false, // a connection of its own
  multiplex: true, // namespaces of one server share a connection
  autoConnect: true,
  timeout: 20000, // ms to open a transport, for an upgrade, and for the last POST
  parser: undefined, // { Encoder, Decoder }
  // -- Reconnection
  reconnection: true,
  reconnectionAttempts: Infinity,
  reconnectionDelay: 1000, // ms before the first attempt, doubled for each of the next
  reconnectionDelayMax: 5000,
  // Spreads the delays, so that the clients of a restarted server do not all return together.
  randomizationFactor: 0.5,
  // -- One socket
  // An object for the server's connect handler, or a function (callback) that passes one on.
  auth: undefined,
  retries: 0, // how often an event is sent again that was not acknowledged within `ackTimeout`
  // Milliseconds. Makes all acknowledgement callbacks error-first, as timeout(ms) does for one.
  ackTimeout: undefined,
  // -- Bounds, which the official client has not
  maxBuffered: Infinity, // events, or subscriptions, while disconnected
  maxBufferedSize: Infinity, // characters and bytes that wait to be sent, connected or not
  checkSize: false, // refuse what is larger than the server takes, instead of sending it
  // -- In place of the global ones
  WebSocket: undefined,
  fetch: undefined,
};

/** The options with their defaults. `undefined` is the same as no option. */
export function withDefaults(options = {}) {
  const all = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) if (value !== undefined) all[name] = value;
  return all;
}
