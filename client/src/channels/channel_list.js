import { call, disconnected, refusal } from "../errors.js";

/** The subscriptions of a socket. It uses only what sockets of the official client have, too. */
export class ChannelList {
  #socket;
  #options;
  #subscriptions = new Map(); // by channel: {confirmed, asked, callbacks}
  #waiting = 0; // calls of subscribe() without a connection
  confirmed = new Set();

  constructor(socket, options) {
    this.#socket = socket;
    this.#options = options;
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
   * Subscribes, now and after each reconnection. `callback(err)` gets null or the server's refusal.
   * A broken connection is not a refusal: the subscription is tried again with the next one.
   */
  subscribe(channel, callback) {
    checkChannel(channel);
    const isAskedNow = this.#isReady();
    if (!isAskedNow && ++this.#waiting > this.#options.maxBuffered) {
      throw new RangeError("too many subscriptions are waiting for a connection (maxBuffered)");
    }
    const subscription = this.#subscriptions.get(channel) ?? { confirmed: false, asked: false, callbacks: [] };
    if (callback) subscription.callbacks.push(callback);
    this.#subscriptions.set(channel, subscription);
    if (isAskedNow && !subscription.asked) this.#ask(channel, subscription);
    return this.#socket;
  }

  /** Unsubscribes. Without a connection, `callback(null)` is called immediately. */
  unsubscribe(channel, callback) {
    checkChannel(channel);
    const subscription = this.#subscriptions.get(channel);
    this.#subscriptions.delete(channel);
    this.confirmed.delete(channel);
    if (this.#isReady()) this.#request([this.#options.unsubscribeEvent, channel], callback);
    else {
      if (subscription) settle(subscription, disconnected());
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

  /** Timers stand still while a computer sleeps, so a socket may not know that it is dead. */
  #isReady() {
    return this.#socket._isReady ? this.#socket._isReady() : this.#socket.connected;
  }

  /** An event whose answer is null or the server's refusal. */
  #request(args, callback) {
    if (!callback) return this.#socket.emit(...args);
    const done = (error, answer) => call(callback, [error ?? refusal(answer)]);
    // What can't be sent is the caller's mistake, who is told at once.
    if (this.#socket._request) return this.#socket._request(args, done);
    this.#socket.emitWithAck(...args).then((answer) => done(null, answer), done);
  }

  #joined() {
    this.#waiting = 0;
    for (const [channel, subscription] of this.#subscriptions) this.#ask(channel, subscription);
  }

  /** There will be no connection until the application asks for one. */
  #stopped() {
    this.#waiting = 0;
    for (const [channel, subscription] of this.#subscriptions) {
      if (!subscription.confirmed) this.#subscriptions.delete(channel);
      settle(subscription, disconnected());
    }
  }

  #ask(channel, subscription) {
    subscription.asked = true;
    const answered = (error) => {
      subscription.asked = false;
      const isCurrent = this.#subscriptions.get(channel) === subscription;
      const isLost = Boolean(error) && error.message === disconnected().message;
      // It is asked for again with the next connection.
      if (isLost && isCurrent && this.#socket.active) return;
      if (isCurrent && !isLost) this.#note(channel, subscription, error);
      settle(subscription, error);
    };
    try {
      this.#request([this.#options.subscribeEvent, channel], answered);
    } catch (error) {
      setTimeout(() => answered(error));
    }
  }

  #note(channel, subscription, error) {
    const isAwaited = subscription.callbacks.length > 0 && !subscription.confirmed;
    subscription.confirmed = !error;
    if (!error) return this.confirmed.add(channel);
    this.#subscriptions.delete(channel);
    this.confirmed.delete(channel);
    if (isAwaited) return;
    for (const listener of this.#socket.listeners("subscribe_error")) call(listener, [channel, error], this.#socket);
  }
}

function settle(subscription, error) {
  for (const callback of subscription.callbacks.splice(0)) call(callback, [error]);
}

function checkChannel(channel) {
  if (typeof channel !== "string" || channel === "") throw new TypeError("a channel's name is a string, and not empty");
}
