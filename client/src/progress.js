import { isObject } from "./errors.js";

/**
 * How far a socket has come in the server's one order of events, and what it shows of that when it
 * connects again. A server that says so in its answer to CONNECT adds a position to each event.
 * Positions are opaque texts, and later ones compare greater.
 */
export class Progress {
  /** The secret name of the session, if the server can recover it. */
  pid;
  /** Whether the events of this connection, or of the last one, have a position. */
  isStamped = false;
  /** The newest position. Of a server that does not say so: the last event's last text. */
  offset;
  /** The channels of this socket, if it has any: a CatchUp. */
  channels;

  /** Up to here nothing is missing. */
  get position() {
    return this.channels ? this.channels.position : this.stamp;
  }

  /** The position of the newest event. */
  get stamp() {
    return this.isStamped ? this.offset : undefined;
  }

  /** The data of CONNECT. What the application gives in `auth` has precedence. */
  request(auth) {
    if (!isObject(auth ?? {})) return auth;
    const { pid, offset } = this;
    // The offset of a channel that catches up is not that of the others, and a session has but one.
    const isShown = pid !== undefined && !(this.isStamped && this.channels?.isBehind);
    return { ...(isShown && { pid, ...(offset !== undefined && { offset }) }), offsets: true, ...auth };
  }

  /** The answer to CONNECT. */
  connected({ pid, offsets }, isRecovered) {
    if (!isRecovered) {
      this.channels?.restarted();
      // Node's server also goes on from an offset of the session before.
      if (this.isStamped || offsets === true) this.offset = undefined;
    }
    this.pid = pid;
    this.isStamped = offsets === true;
  }

  /** Takes the position off an event that wants no acknowledgement. */
  take(args) {
    if (!this.isStamped || args.length < 2 || typeof args.at(-1) !== "string") return;
    const position = args.pop();
    // That of an event that one channel has missed may be older.
    if (!this.channels?.received(position)) this.offset = position;
  }

  /** As Socket.IO's client has it for a server that does not say whether there are positions. */
  handled(args) {
    const last = args.at(-1);
    if (!this.isStamped && this.pid && typeof last === "string") this.offset = last;
  }
}
