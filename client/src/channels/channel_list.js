import { call, disconnected, isObject, refusal } from "../errors.js";
import { CatchUp } from "./catch_up.js";
import { KeptPositions } from "./kept_positions.js";
import { Subscription } from "./subscription.js";

/** A timer for an answer that may take as long as it likes. */
const NO_LIMIT = 1e9;

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
    const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const options = checkedOptions(args[0]);
    const isAskedNow = this.#isReady();
    if (!isAskedNow && ++this.#waiting > this.#options.maxBuffered) {
      throw new RangeError("too many subscriptions are waiting for a connection (maxBuffered)");
    }
    const subscription = this.#subscriptions.get(channel) ?? this.#added(channel);
    if (options) {
      subscription.options = options;
      // Who asks for something else does not get the answer that is on its way.
      if (subscription.isAsked) subscription.callbacks = [];
      if ("since" in options) this.#catchUp.start(subscription, options.since);
    }
    if (callback) subscription.callbacks.push(callback);
    if (isAskedNow && (options || !subscription.isAsked)) this.#ask([subscription]);
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
      if (subscription) settle(subscription.callbacks, disconnected());
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
    const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    if (args.length < 1 || args.length > 2) throw new TypeError("usage: publish(channel, [event,] data, callback?)");
    this.#request([this.#options.publishEvent, channel, ...args], callback);
    return this.#socket;
  }

  #added(channel) {
    const subscription = new Subscription(channel);
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

  /** An event whose answer is null or the server's refusal, and an object for a subscription. */
  #request(args, callback) {
    if (!callback) return this.#socket.emit(...args);
    const done = (error, refused, ...answer) => call(callback, [error ?? refusal(refused), ...answer]);
    // What can't be sent is the caller's mistake, who is told at once.
    if (this.#socket._request) this.#socket._request(args, done);
    else this.#socket.timeout(this.#socket.io.opts.ackTimeout ?? NO_LIMIT).emit(...args, done);
  }

  #joined() {
    this.#waiting = 0;
    if (!this.#socket.recovered) this.#catchUp.restarted();
    // A session that was recovered still has them.
    else for (const channel of this.#left) this.#request([this.#options.unsubscribeEvent, channel]);
    this.#left.clear();
    // Channels that ask the same are one question, so that all they missed comes in one order. The
    // members of several may be too many for one answer.
    const groups = new Map();
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.isHeld || subscription.isKept) continue;
      const question = this.#catchUp.question(subscription);
      const key = question && !question.presence ? JSON.stringify(question) : subscription;
      groups.set(key, [...(groups.get(key) ?? []), subscription]);
    }
    for (const subscriptions of groups.values()) this.#ask(subscriptions);
  }

  /** There will be no connection until the application asks for one. */
  #stopped() {
    this.#waiting = 0;
    for (const [channel, subscription] of this.#subscriptions) {
      if (!this.confirmed.has(channel)) {
        this.#subscriptions.delete(channel);
        this.#catchUp.forget(subscription);
      }
      settle(subscription.callbacks, disconnected());
    }
  }

  /** Asks for a channel, or for several with the same question. */
  #ask(subscriptions) {
    const question = this.#catchUp.question(subscriptions[0]);
    const channels = subscriptions.map(({ channel }) => channel);
    const args = [this.#options.subscribeEvent, channels.length > 1 ? channels : channels[0], ...(question ? [question] : [])];
    const asked = subscriptions.map((subscription) => ({ subscription, callbacks: subscription.callbacks }));
    const answered = (error, answer) => this.#answered(asked, question, error, isObject(answer) ? answer : undefined);
    for (const subscription of subscriptions) subscription.isAsked = true;
    try {
      this.#request(args, answered);
      for (const subscription of subscriptions) subscription.isKept = this.#socket._isKept?.(args);
    } catch (error) {
      setTimeout(() => answered(error));
    }
  }

  #answered(asked, question, error, answer) {
    const isLost = error?.message === disconnected().message;
    for (const outcome of asked) {
      const { subscription } = outcome;
      subscription.isAsked = subscription.isKept = false;
      // The answer for several channels has what differs by channel.
      const { position, channels, refused } = answer ?? {};
      outcome.error = error ?? refusal(refused?.[subscription.channel]);
      outcome.answer = channels ? { position, ...channels[subscription.channel] } : answer;
    }
    if (!error) this.#catchUp.answered(asked.filter((outcome) => !outcome.error), question, answer);
    for (const outcome of asked) {
      const { subscription, callbacks } = outcome;
      if (!isLost) this.#note(outcome);
      // It is asked for again with the next connection.
      else if (!subscription.isLeft && this.#socket.active) {
        if (callbacks !== subscription.callbacks) subscription.callbacks.push(...callbacks.splice(0));
        continue;
      }
      settle(callbacks, outcome.error, ...(outcome.answer && !outcome.error ? [outcome.answer] : []));
    }
  }

  #note({ subscription, callbacks, error, answer, gap, isRenewed }) {
    const { channel, isLeft } = subscription;
    if (error) this.#catchUp.forget(subscription);
    if (isLeft) return;
    if (error) {
      this.#subscriptions.delete(channel);
      if (this.confirmed.delete(channel) || callbacks.length === 0) this.#notify("subscribe_error", channel, error);
      return;
    }
    this.confirmed.add(channel);
    if (gap) this.#notify("gap", channel, gap);
    if (isRenewed && answer) this.#notify("resubscribed", channel, answer);
  }

  #notify(event, ...args) {
    for (const listener of this.#socket.listeners(event)) call(listener, args, this.#socket);
  }
}

function settle(callbacks, ...answer) {
  for (const callback of callbacks.splice(0)) call(callback, answer);
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
