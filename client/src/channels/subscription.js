/** One channel of a socket. */
export class Subscription {
  channel;
  /** What the application has asked for: `{since, last, presence}`. */
  options;
  /** Callbacks for the next answer. */
  callbacks = [];
  /** Whether the server's session has it, and whether an earlier session had it. */
  isHeld = false;
  wasHeld = false;
  /** Whether the application has unsubscribed. */
  isLeft = false;
  /** Whether an answer is awaited, and whether the question waits for a connection by itself. */
  isAsked = false;
  isKept = false;
  /** The position that it goes on from, until it has caught up. */
  from;

  constructor(channel) {
    this.channel = channel;
  }
}
