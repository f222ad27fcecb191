/** An error, or a refusal of the server with its data. */
export interface Refusal extends Error {
  data?: any;
}

/** Gets `null`, or why it failed. */
export type Done = (error: Refusal | null) => void;

/** What a subscription asks for. */
export interface SubscribeOptions {
  /** The position after which all events are wanted, as the server gave it; `null`: those from now on. */
  since?: string | null;
  /** The newest events, as many as these at most, if those after `since` can't be had. */
  last?: number;
  /** Whether the answer is to say who is there. */
  presence?: boolean;
}

/** The server's answer to a subscription. */
export interface Subscribed {
  /** Where in the order of events the channel was joined. */
  position: string;
  /** Whether all events after `since` follow, so that nothing is missing. */
  recovered: boolean;
  /** How many events of the past follow. */
  missed: number;
  /** Why it is not recovered. */
  reason?: string;
  /** Who is there, if that was asked for; `null`, if the channel has no presence. */
  presence?: {
    version: number;
    /** `null`, if there are too many for a list. */
    members: { id: string; info?: any; sockets: number }[] | null;
    clients: number;
    users: number;
  } | null;
}

/** Gets `null` and the answer, if the server has one, or why it failed. */
export type SubscribeDone = (error: Refusal | null, answer?: Subscribed) => void;

/** What a socket with channels has. */
export interface Channels {
  /** Up to here all events have come, as an opaque text; `undefined`, if the server does not say. */
  readonly position: string | undefined;
  /** The channels that the server has confirmed. They are kept while disconnected. */
  readonly channels: ReadonlySet<string>;
  /** Subscribes, now and with each new session, from where the last one ended. */
  subscribe(channel: string, done?: SubscribeDone): this;
  subscribe(channel: string, options: SubscribeOptions | null | undefined, done?: SubscribeDone): this;
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
  /**
   * Whether the channels go on from where they were when the page is loaded again: `true` for the
   * tab's `sessionStorage`, or another storage. Default: `false`.
   */
  keepPosition?: boolean | PositionStorage;
}

/** What positions are kept in: `sessionStorage`, or one like it. */
export interface PositionStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What channels need of a socket. Sockets of the official client have it. */
export interface ChannelSocket {
  connected: boolean;
  active: boolean;
  emit(event: string, ...args: any[]): any;
  timeout(milliseconds: number): { emit(event: string, ...args: any[]): any };
  listeners(event: any): any[];
}

/** Adds channels to a socket of this client or of the official one, and returns it. */
export function channels<Socket extends ChannelSocket>(socket: Socket, options?: ChannelOptions): Socket & Channels;
