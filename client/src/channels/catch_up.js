const MOST_SEEN = 10_000;

/** The last characters count what was sent to this socket alone. A publication has no count. */
const isPublication = (position) => position.endsWith("----");

const isEmpty = (object) => Object.keys(object).length === 0;

const later = (one, other) => (one < other || one === undefined ? other : one);

/**
 * Where each channel of a socket goes on after a connection that was not recovered. One position
 * serves all channels, except while one of them catches up: the server sends the answer, then what
 * was missed, which is older than what other channels have had, then what is new.
 */
export class CatchUp {
  #subscriptions;
  #progress;
  #behind = new Set(); // the subscriptions that have not caught up
  #replay; // what is coming now: {subscription, until, left}
  #joined; // the newest position at which a channel was joined
  #seen = new Set(); // publications, while a channel is behind

  constructor(subscriptions, progress) {
    this.#subscriptions = subscriptions;
    this.#progress = progress;
    progress.channels = this;
  }

  get isBehind() {
    return this.#behind.size > 0;
  }

  get position() {
    const [oldest] = [...this.#behind].map(({ from }) => from).sort();
    return oldest ?? later(this.#progress.stamp, this.#joined);
  }

  /** Where a channel goes on. */
  resume(subscription) {
    if (this.#behind.has(subscription)) return subscription.from;
    return subscription.isHeld && this.#progress.isStamped ? later(this.#progress.stamp, subscription.from) : undefined;
  }

  /** A channel is to go on from here. */
  start(subscription, from) {
    if (from === undefined || from === null) return this.#caughtUp(subscription, undefined);
    subscription.from = from;
    this.#behind.add(subscription);
  }

  /** A channel was left. What it has asked for may still come. */
  forget(subscription) {
    subscription.isLeft = true;
    if (!subscription.isAsked && this.#replay?.subscription !== subscription) this.#caughtUp(subscription, undefined);
  }

  /** There is a new session: each channel is asked for again, from where it was. */
  restarted() {
    this.#replay = this.#joined = undefined;
    for (const subscription of this.#behind) if (subscription.isLeft) this.#caughtUp(subscription, undefined);
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isHeld) continue;
      this.start(subscription, this.resume(subscription));
      subscription.isHeld = false;
      subscription.wasHeld = true;
    }
  }

  /** The options of a question. Without options, the answer is `null` alone. */
  question(subscription) {
    const { options = {} } = subscription;
    const { since, ...question } = options;
    const { isStamped } = this.#progress;
    const from = this.#behind.has(subscription) ? subscription.from : undefined;
    const isAsked = "since" in options;
    if (from !== undefined && (isStamped || isAsked)) question.since = from;
    // The answer says where it is joined, so that nothing is lost before the first event, either.
    else if (isAsked || (isStamped && isEmpty(question))) question.since = null;
    return isEmpty(question) ? undefined : question;
  }

  /**
   * The answer to a question. Returns why something is missing, or undefined. If there is no answer
   * but `null`, the server has no positions.
   */
  answered(subscription, question = {}, { position, recovered, missed, reason = "no history" } = {}) {
    const { isStamped } = this.#progress;
    const isExpected = this.#behind.has(subscription)
      || (subscription.wasHeld && (isStamped || "since" in question));
    this.#endReplay();
    subscription.isHeld = true;
    subscription.wasHeld = false;
    if (!isStamped || typeof position !== "string") this.#caughtUp(subscription, undefined);
    else {
      this.#joined = later(this.#joined, position);
      if (missed > 0) {
        this.#replay = { subscription, until: position, left: missed };
        this.#behind.add(subscription);
      } else this.#caughtUp(subscription, position);
    }
    return isExpected && recovered !== true ? reason : undefined;
  }

  /** An event has come. Returns "double" or "missed", if it is no new one. */
  received(position) {
    if (!this.isBehind || !isPublication(position)) return undefined;
    const isDouble = this.#seen.has(position);
    this.#seen.add(position);
    if (this.#seen.size > MOST_SEEN) this.#seen.delete(this.#seen.values().next().value);
    const replay = this.#replay;
    const isMissed = position <= replay?.until;
    if (isMissed) {
      replay.subscription.from = position;
      replay.left -= 1;
    }
    if (!isMissed || replay.left === 0) this.#endReplay();
    if (isDouble) return "double";
    return isMissed ? "missed" : undefined;
  }

  #endReplay() {
    const replay = this.#replay;
    this.#replay = undefined;
    if (replay) this.#caughtUp(replay.subscription, replay.until);
  }

  #caughtUp(subscription, position) {
    subscription.from = position;
    this.#behind.delete(subscription);
    if (!this.isBehind) this.#seen.clear();
  }
}
