import type { Channels, Refusal, Subscribed } from "./channels.js";
import type { AckOf, ArgsBeforeAck, DefaultEventsMap, EventNames, EventParams, EventsMap, WithAckErrors } from "./events.js";
import { Emitter } from "./events.js";
import type { Auth, ManagerOptions, Options, SocketOptions, TransportClass } from "./options.js";

export { channels } from "./channels.js";
export type {
  ChannelOptions, Channels, Done, PositionStorage, Refusal, Subscribed, SubscribeDone, SubscribeOptions,
} from "./channels.js";
export type { DefaultEventsMap, EventsMap } from "./events.js";
export type { Auth, ManagerOptions, Options, SocketOptions } from "./options.js";

/** Why an attempt to connect failed. */
export interface ConnectError extends Refusal {
  /** `TransportError`, if no namespace was reached. */
  type?: string;
  /** The status of HTTP, or what the transport says. */
  description?: any;
  /** `status` and `responseText` of the request, or the WebSocket. */
  context?: any;
}

export type DisconnectReason =
  | "io server disconnect" | "io client disconnect" | "ping timeout"
  | "transport close" | "transport error" | "parse error" | "forced close";

export type DisconnectDetails = Error | { description: string; context?: unknown };

interface SocketReserved {
  connect: () => void;
  connect_error: (error: ConnectError) => void;
  disconnect: (reason: DisconnectReason, details?: DisconnectDetails) => void;
  /** The connection goes on over another transport. */
  upgrade: (transport: string) => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect: (attempt: number) => void;
  reconnect_failed: () => void;
  /** A subscription was refused that has no callback, or that was renewed. */
  subscribe_error: (channel: string, error: Refusal) => void;
  /** Events of a channel are missing: fetch its state anew. */
  gap: (channel: string, reason: string) => void;
  /** The server has answered a subscription that was renewed. */
  resubscribed: (channel: string, answer: Subscribed) => void;
}

/** The one of a namespace. */
export class Socket<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen>
  extends Emitter<Listen, SocketReserved> {
  /** A socket with a connection of its own, which waits for connect(). */
  constructor(url?: string | Options | null, options?: Options);
  constructor(manager: Manager<Listen, Emit>, namespace: string, options?: SocketOptions);

  readonly io: Manager<Listen, Emit>;
  readonly nsp: string;
  /** The server's id for this socket, while connected. */
  readonly id: string | undefined;
  readonly connected: boolean;
  readonly disconnected: boolean;
  /** Whether it is connected, or will try to be. */
  readonly active: boolean;
  /** Whether the server has restored the state of the last connection. */
  readonly recovered: boolean;
  /** "polling" or "websocket", or undefined without a connection. */
  readonly transport: string | undefined;
  auth: Auth | undefined;
  sendBuffer: any[];
  receiveBuffer: any[];

  connect(): this;
  open(): this;
  disconnect(): this;
  close(): this;
  send(...args: any[]): this;
  emit<Event extends EventNames<Emit>>(event: Event, ...args: EventParams<Emit, Event>): this;
  emitWithAck<Event extends EventNames<Emit>>(
    event: Event, ...args: ArgsBeforeAck<Emit, Event>
  ): Promise<AckOf<Emit, Event>>;
  /** Limits the wait for the next acknowledgement, which then is error-first. */
  timeout(milliseconds: number): Omit<Socket<Listen, WithAckErrors<Emit>>, "emitWithAck"> & {
    emitWithAck<Event extends EventNames<Emit>>(
      event: Event, ...args: ArgsBeforeAck<Emit, Event>
    ): Promise<AckOf<Emit, Event>>;
  };
  /** The next event is dropped if it can't be sent immediately. */
  readonly volatile: this;
  compress(compress: boolean): this;

  onAny(listener: (event: string, ...args: any[]) => void): this;
  prependAny(listener: (event: string, ...args: any[]) => void): this;
  offAny(listener?: (event: string, ...args: any[]) => void): this;
  listenersAny(): ((event: string, ...args: any[]) => void)[];
  onAnyOutgoing(listener: (event: string, ...args: any[]) => void): this;
  prependAnyOutgoing(listener: (event: string, ...args: any[]) => void): this;
  offAnyOutgoing(listener?: (event: string, ...args: any[]) => void): this;
  listenersAnyOutgoing(): ((event: string, ...args: any[]) => void)[];
}

export interface Socket<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen> extends Channels {}

interface ManagerReserved {
  open: () => void;
  error: (error: ConnectError) => void;
  close: (reason: DisconnectReason, details?: DisconnectDetails) => void;
  packet: (packet: any) => void;
  ping: () => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect: (attempt: number) => void;
  reconnect_error: (error: ConnectError) => void;
  reconnect_failed: () => void;
}

/** A connection to a server, which the sockets of several namespaces share. */
export class Manager<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen>
  extends Emitter<{}, ManagerReserved> {
  constructor(url?: string, options?: Options);
  constructor(options: Options);

  readonly opts: Options;
  readonly engine: Engine;
  /** Connects. `callback` gets the result of this attempt, which then is the only one. */
  open(callback?: (error?: ConnectError) => void): this;
  connect(callback?: (error?: ConnectError) => void): this;
  socket(namespace: string, options?: SocketOptions): Socket<Listen, Emit>;
  reconnection(): boolean;
  reconnection(value: boolean): this;
  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  randomizationFactor(): number;
  randomizationFactor(value: number): this;
  timeout(): number | false;
  timeout(value: number | false): this;
}

/** The Engine.IO session below the sockets. */
export class Engine extends Emitter {
  readonly id: string | undefined;
  readonly readyState: "opening" | "open" | "closing" | "closed";
  readonly transport: { readonly name: string; readonly writable: boolean; readonly query: Record<string, string> };
  readonly upgrades: string[];
  readonly hostname: string;
  readonly port: string;
  readonly secure: boolean;
  binaryType: "arraybuffer" | "blob" | "nodebuffer";
  send(data: string | ArrayBuffer | ArrayBufferView | Blob, options?: { compress?: boolean }, callback?: () => void): this;
  close(): this;
}

/** The socket of a URL, whose path is the namespace. */
export function io<Listen extends EventsMap = DefaultEventsMap, Emit extends EventsMap = Listen>(
  url?: string | Options, options?: Options,
): Socket<Listen, Emit>;

export { io as connect, io as default };

/** The version of the Socket.IO protocol. */
export const protocol: 5;

export const Fetch: TransportClass;
export const XHR: TransportClass;
export const WebSocket: TransportClass;
