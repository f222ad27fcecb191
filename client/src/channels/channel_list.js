import { call, disconnected, isObject, refusal } from "../errors.js";
import { CatchUp } from "./catch_up.js";
import { KeptPositions } from "./kept_positions.js";
import { Subscription } from "./subscription.js";

/** A timer for an answer that may take as long as it likes. */
const NO_LIMIT = 2 ** 31 - 1;

/** The subscriptions of a socket, of this client or of the official one. */
export class ChannelList {
  #socket;
  #options;
  #subscriptions = new Map(); // by channel
  #left = new Set(); // channels that were left without a connection
  #waiting = 0; // calls of subscribe() without a connection
  #catchUp;
  #kept;
  confirmed = new Set();

  constructor(socket, progress, options) {
    this.#socket = socket;
    this.#options = options;
    this.#catchUp = new CatchUp(this.#subscriptions, progress);
    if (options.keepPosition) {
      const key = `positions of ${socket.io.uri ?? ""} ${socket.io.opts.path ?? ""} ${socket.nsp}`;
      this.#kept = new KeptPositions(options.keepPosition, key, () => this.#positions());
    }
    if ("_addOn" in socket) {
      // Subscriptions are sent before the events that were emitted meanwhile.
      socket._addOn = { joined: () => this.#joined(), stopped: () => this.#stopped() };
    } else {
      socket.on("connect", () => this.#joined());
      socket.on("disconnect", () => { if (!socket.active) this.#stopped(); });
      socket.io.on("reconnect_failed", () => this.#stopped());
    }
  }

  get size() {
    return this.#subscriptions.size;
  }

  /**
   * `subscribe(channel, {since, last, presence}?, callback?)`: now, and with each new session.
   * `callback(err, answer)` gets null or the server's refusal, and an answer if there were options.
   * A broken connection is not a refusal: the subscription is tried again with the next one.
   */
  subscribe(channel, ...args) {
    checkChannel(channel);
    const callback = typeof args[args.length - 1] === "function" ? args.pop() : undefined;
    const options = checkedOptions(args[0]);
    const isAskedNow = this.#isReady();
    if (!isAskedNow && ++this.#waiting > this.#options.maxBuffered) {
      throw new RangeError("too many subscriptions are waiting for a connection (maxBuffered)");
    }
    const subscription = this.#subscriptions.get(channel) ?? this.#added(channel);
    subscription.want(options, callback);
    if (options && "since" in options) this.#catchUp.start(subscription, options.since);
    if (isAskedNow && !subscription.isAsked) this.#ask(channel, subscription);
    return this.#socket;
  }

  /** Unsubscribes. Without a connection, `callback(null)` is called immediately. */
  unsubscribe(channel, callback) {
    checkChannel(channel);
    const subscription = this.#subscriptions.get(channel);
    this.#subscriptions.delete(channel);
    this.confirmed.delete(channel);
    this.#kept?.take(channel);
    if (subscription) this.#catchUp.forget(subscription);
    if (this.#isReady()) this.#request([this.#options.unsubscribeEvent, channel], callback);
    else {
      this.#left.add(channel);
      subscription?.settle(disconnected());
      if (callback) call(callback, [null]);
    }
    return this.#socket;
  }

  /**
   * `publish(channel, [event,] data, callback?)`: to the channel's other subscribers, if the server
   * allows it. Without a connection it waits for the next one, as other events do.
   */
  publish(channel, ...args) {
    checkChannel(channel);
    const callback = typeof args[args.length - 1] === "function" ? args.pop() : undefined;
    if (args.length < 1 || args.length > 2) throw new TypeError("usage: publish(channel, [event,] data, callback?)");
    this.#request([this.#options.publishEvent, channel, ...args], callback);
    return this.#socket;
  }

  #added(channel) {
    const subscription = new Subscription();
    this.#subscriptions.set(channel, subscription);
    this.#catchUp.start(subscription, this.#kept?.take(channel));
    return subscription;
  }

  #positions() {
    return [...this.#subscriptions].map(([channel, each]) => [channel, this.#catchUp.resume(each)]);
  }

  /** Timers stand still while a computer sleeps, so a socket may not know that it is dead. */
  #isReady() {
    return this.#socket._isReady ? this.#socket._isReady() : this.#socket.connected;
  }

  /** An event whose answer is null or the server's refusal, and for a subscription an object. */
  #request(args, callback, hasAnswer = false) {
    if (!callback) return this.#socket.emit(...args);
    const done = (error, refused, answer) => {
      call(callback, [error ?? refusal(refused), ...(hasAnswer && isObject(answer) ? [answer] : [])]);
    };
    // What can't be sent is the caller's mistake, who is told at once.
    if (this.#socket._request) return this.#socket._request(args, done);
    if (!hasAnswer) return this.#socket.emitWithAck(...args).then((refused) => done(null, refused), done);
    // emitWithAck() would give the first argument only.
    this.#socket.timeout(this.#socket.io.opts.ackTimeout ?? NO_LIMIT).emit(...args, done);
  }

  #joined() {
    this.#waiting = 0;
    if (!this.#socket.recovered) this.#catchUp.restarted();
    // A session that was recovered still has them.
    else for (const channel of this.#left) this.#request([this.#options.unsubscribeEvent, channel]);
    this.#left.clear();
    for (const [channel, subscription] of this.#subscriptions) {
      if (!subscription.isHeld && !subscription.isBuffered) this.#ask(channel, subscription);
    }
  }

  /** There will be no connection until the application asks for one. */
  #stopped() {
    this.#waiting = 0;
    for (const [channel, subscription] of this.#subscriptions) {
      if (!this.confirmed.has(channel)) {
        this.#subscriptions.delete(channel);
        this.#catchUp.forget(subscription);
      }
      subscription.settle(disconnected());
    }
  }

  #ask(channel, subscription) {
    subscription.isAsked = true;
    const question = this.#catchUp.question(subscription);
    const args = [this.#options.subscribeEvent, channel, ...(question ? [question] : [])];
    const answered = (error, answer) => this.#answered(channel, subscription, question, error, answer);
    try {
      this.#request(args, answered, Boolean(question));
      subscription.isBuffered = this.#socket._isKept?.(args);
    } catch (error) {
      setTimeout(() => answered(error));
    }
  }

  #answered(channel, subscription, question, error, answer) {
    subscription.isAsked = subscription.isBuffered = false;
    const { isLeft, isOutdated } = subscription;
    const isLost = Boolean(error) && error.message === disconnected().message;
    // It is asked for again with the next connection.
    if (isLost && !isLeft && this.#socket.active) return;
    if (!error) this.#confirmed(channel, subscription, question, answer);
    else if (!isLost) this.#refused(channel, subscription, error);
    subscription.settle(error, ...(answer ? [answer] : []));
    if (!isOutdated || isLeft || error) return;
    const { options } = subscription;
    if ("since" in options) this.#catchUp.start(subscription, options.since);
    if (this.#isReady()) this.#ask(channel, subscription);
  }

  #confirmed(channel, subscription, question, answer) {
    const { isLeft, wasHeld } = subscription;
    const reason = this.#catchUp.answered(subscription, question, answer);
    if (isLeft) return;
    this.confirmed.add(channel);
    if (reason !== undefined) this.#notify("gap", channel, reason);
    if (wasHeld && answer) this.#notify("resubscribed", channel, answer);
  }

  #refused(channel, subscription, error) {
    const { isAwaited, isLeft } = subscription;
    this.#catchUp.forget(subscription);
    if (isLeft) return;
    this.#subscriptions.delete(channel);
    const wasConfirmed = this.confirmed.delete(channel);
    if (!isAwaited || wasConfirmed) this.#notify("subscribe_error", channel, error);
  }

  #notify(event, ...args) {
    for (const listener of this.#socket.listeners(event)) call(listener, args, this.#socket);
  }
}

function checkedOptions(options) {
  if (options === undefined || options === null) return undefined;
  const { since } = options;
  if (isObject(options) && typeof (since ?? "") === "string") return options;
  throw new TypeError("usage: subscribe(channel, options?, callback?)");
}

function checkChannel(channel) {
  if (typeof channel !== "string" || channel === "") throw new TypeError("a channel's name is a string, and not empty");
}
