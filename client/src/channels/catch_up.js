import { isAfter, isDirect } from "./positions.js";

const isEmpty = (object) => Object.keys(object).length === 0;

const later = (one, other) => (one === undefined || isAfter(other, one) ? other : one);

/**
 * Where each channel of a socket goes on after a connection that was not recovered. One position
 * serves all channels, except while some of them catch up: the server sends the answer, then what
 * was missed, which is older than what other channels have had, then what is new.
 */
export class CatchUp {
  #subscriptions;
  #progress;
  #behind = new Set(); // the subscriptions that have not caught up
  #replay; // what is coming now: {joining, left, until}
  #joined; // the newest position at which a channel was joined

  constructor(subscriptions, progress) {
    this.#subscriptions = subscriptions;
    this.#progress = progress;
    progress.channels = this;
  }

  get isBehind() {
    return this.#behind.size > 0;
  }

  get position() {
    const [oldest] = [...this.#behind].map(({ from }) => from).sort((one, other) => isAfter(one, other) - 0.5);
    return oldest ?? this.#newest;
  }

  get #newest() {
    return later(this.#progress.stamp, this.#joined);
  }

  /** Where a channel goes on. */
  resume(subscription) {
    if (this.#behind.has(subscription)) return subscription.from;
    return subscription.isHeld ? this.#newest : undefined;
  }

  /** A channel is to go on from here. */
  start(subscription, from) {
    subscription.from = from;
    if (from) this.#behind.add(subscription);
    else this.#behind.delete(subscription);
  }

  /** A channel was left. What it has asked for may still come. */
  forget(subscription) {
    subscription.isLeft = true;
    if (!subscription.isAsked && !this.#replay?.joining.includes(subscription)) this.#behind.delete(subscription);
  }

  /** There is a new session: each channel is asked for again, from where it was. */
  restarted() {
    for (const subscription of this.#behind) if (subscription.isLeft) this.#behind.delete(subscription);
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isHeld) continue;
      this.start(subscription, this.resume(subscription));
      subscription.isHeld = false;
      subscription.wasHeld = true;
    }
    this.#replay = this.#joined = undefined;
  }

  /** The options of a question. Without options, the answer is `null` alone. */
  question(subscription) {
    const { options = {} } = subscription;
    const { since, ...question } = options;
    const { isStamped } = this.#progress;
    const from = this.#behind.has(subscription) ? subscription.from : undefined;
    const isAsked = "since" in options;
    if (from && (isStamped || isAsked)) question.since = from;
    // The answer says where it is joined, so that nothing is lost before the first event, either.
    else if (isAsked || (isStamped && isEmpty(question))) question.since = null;
    return isEmpty(question) ? undefined : question;
  }

  /**
   * The server has joined channels: `{subscription, answer}` of each. What they have missed follows.
   * Notes `isRenewed`, and why something is missing: `gap`. If an answer is `null` alone, the server
   * has no positions.
   */
  answered(joined, question = {}, { position, missed } = {}) {
    this.#endReplay();
    const { isStamped } = this.#progress;
    const joining = joined.map((outcome) => {
      const { subscription, answer: { recovered, reason = "no history" } = {} } = outcome;
      outcome.isRenewed = subscription.wasHeld;
      const isExpected = this.#behind.has(subscription) || (subscription.wasHeld && (isStamped || "since" in question));
      if (isExpected && recovered !== true) outcome.gap = reason;
      subscription.isHeld = true;
      subscription.wasHeld = false;
      return subscription;
    });
    const hasPosition = isStamped && typeof position === "string";
    if (hasPosition) this.#joined = later(this.#joined, position);
    this.#replay = { joining, left: hasPosition ? missed : 0, until: position };
    if (this.#replay.left > 0) for (const subscription of joining) this.#behind.add(subscription);
    else this.#endReplay();
  }

  /** An event has come. Returns whether it is one that was missed. */
  received(position) {
    const replay = this.#replay;
    if (!replay || isDirect(position)) return false;
    const isMissed = !isAfter(position, replay.until);
    for (const subscription of replay.joining) subscription.from = position;
    replay.left -= 1;
    if (replay.left === 0 || !isMissed) this.#endReplay();
    return isMissed;
  }

  #endReplay() {
    for (const subscription of this.#replay?.joining ?? []) this.#behind.delete(subscription);
    this.#replay = undefined;
  }
}
