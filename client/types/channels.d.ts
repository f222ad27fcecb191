/** An error, or a refusal of the server with its data. */
export interface Refusal extends Error {
  data?: any;
}

/** Gets `null`, or why it failed. */
export type Done = (error: Refusal | null) => void;

/** What a socket with channels has. */
export interface Channels {
  /** The channels that the server has confirmed. They are kept while disconnected. */
  readonly channels: ReadonlySet<string>;
  /** Subscribes, now and with each new connection. */
  subscribe(channel: string, done?: Done): this;
  unsubscribe(channel: string, done?: Done): this;
  /** Sends the event "message" to the channel's other subscribers, if the server allows it. */
  publish(channel: string, data: any, done?: Done): this;
  publish(channel: string, event: string, data: any, done?: Done): this;
  /** `publish`, as it is called in django-socketio. */
  broadcast_channel(data: any, channel: string, done?: Done): this;
}

export interface ChannelOptions {
  /** The names of the three events, for servers that have renamed them. */
  subscribeEvent?: string;
  unsubscribeEvent?: string;
  publishEvent?: string;
  /** Subscriptions that may wait for a connection. Default: `Infinity`. */
  maxBuffered?: number;
}

/** What channels need of a socket. Sockets of the official client have it. */
export interface ChannelSocket {
  connected: boolean;
  active: boolean;
  emit(event: string, ...args: any[]): any;
  emitWithAck(event: string, ...args: any[]): Promise<any>;
  listeners(event: any): any[];
}

/** Adds channels to a socket of this client or of the official one, and returns it. */
export function channels<Socket extends ChannelSocket>(socket: Socket, options?: ChannelOptions): Socket & Channels;
