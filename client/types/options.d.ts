import type { PositionStorage } from "./channels.js";

/** How the client connects. */
export interface ConnectionOptions {
  /** The path of the server's endpoint. Default: `/socket.io`. */
  path?: string;
  addTrailingSlash?: boolean;
  /** A port in place of the URL's. */
  port?: number | string;
  /** Default: `["polling", "websocket"]`. Names that this client has not are ignored. */
  transports?: (string | TransportClass)[];
  /** Whether the other transports are tried if the first can't open. Default: `false`. */
  tryAllTransports?: boolean;
  /** Whether polling is followed by a WebSocket. Default: `true`. */
  upgrade?: boolean;
  /** Whether a connection begins with a WebSocket if the last one ended with it. Default: `false`. */
  rememberUpgrade?: boolean;
  /** For the query string of each request. */
  query?: Record<string, any>;
  /** Browsers send them with polling only. */
  extraHeaders?: Record<string, string>;
  transportOptions?: Record<string, ConnectionOptions>;
  /** Cookies across origins, by polling. */
  withCredentials?: boolean;
  timestampRequests?: boolean;
  timestampParam?: string;
  /** Milliseconds for each request of polling. Default: 0, no limit. */
  requestTimeout?: number;
  /** Subprotocols of the WebSocket. */
  protocols?: string | string[];
  /** The form of received bytes. Default: `arraybuffer`; in Node.js `nodebuffer`. */
  binaryType?: "arraybuffer" | "blob" | "nodebuffer";
  closeOnBeforeunload?: boolean;
  /** The class for WebSockets, in place of the global one. In Node.js that of the package `ws` will do. */
  WebSocket?: any;
  /** The function for polling, in place of the global one. */
  fetch?: typeof fetch;
  /** Options of the package `ws`, where it is the `WebSocket`. */
  agent?: any;
  rejectUnauthorized?: boolean;
  ca?: any;
  cert?: any;
  key?: any;
}

/** A transport of this client: `Fetch` and `WebSocket`. */
export interface TransportClass {
  new (...args: any[]): any;
  readonly transportName: string;
}

/** What a connection has, which several namespaces may share. */
export interface ManagerOptions extends ConnectionOptions {
  /** Whether it connects at once. Default: `true`. */
  autoConnect?: boolean;
  /** Milliseconds to open a transport; `false`: no limit. Default: 20000. */
  timeout?: number | false;
  /** Writes and reads packets in place of Socket.IO's parser. */
  parser?: { Encoder: new (...args: any[]) => any; Decoder: new (...args: any[]) => any };
  reconnection?: boolean;
  /** Default: `Infinity`. */
  reconnectionAttempts?: number;
  /** Milliseconds. Default: 1000. */
  reconnectionDelay?: number;
  /** Milliseconds. Default: 5000. */
  reconnectionDelayMax?: number;
  /** From 0 to 1. Default: 0.5. */
  randomizationFactor?: number;
  /** Events, and subscriptions, that may wait for a connection. Default: `Infinity`. */
  maxBuffered?: number;
  /** Characters and bytes that may wait to be sent. Default: `Infinity`. */
  maxBufferedSize?: number;
  /** Whether `emit` throws for what is larger than the server takes. Default: `false`. */
  checkSize?: boolean;
}

/** What the server's connect handler gets, or a function that passes it on. */
export type Auth = Record<string, any> | ((give: (data: object) => void) => void);

export interface SocketOptions {
  auth?: Auth;
  /** How often an event is sent again that is not acknowledged within `ackTimeout`. Default: 0. */
  retries?: number;
  /** Milliseconds. It makes all acknowledgements error-first. */
  ackTimeout?: number;
}

/** The options of `io()`. */
export interface Options extends ManagerOptions, SocketOptions {
  /** Whether the socket has a connection of its own. Default: `false`. */
  forceNew?: boolean;
  /** `false` is the same as `forceNew`. */
  multiplex?: boolean;
  /** The names of the three events of channels, for servers that have renamed them. */
  subscribeEvent?: string;
  unsubscribeEvent?: string;
  publishEvent?: string;
  /** Whether channels go on from where they were when the page is loaded again. Default: `false`. */
  keepPosition?: boolean | PositionStorage;
}
