(function(root,define){if(typeof exports==="object"&&typeof module!=="undefined")define(function(value){module.exports=value});else if(typeof root.define==="function"&&root.define.amd)root.define([],function(){var made;define(function(value){made=value});return made});else define(function(value){root.channels=value})})(typeof globalThis==="object"?globalThis:self,function(publish){
(() => {
  // src/errors.js
  var failure = (message, properties) => Object.assign(new Error(message), properties);
  var disconnected = () => failure("socket has been disconnected", { code: "DISCONNECTED" });
  var report = (error) => setTimeout(() => {
    throw error;
  });
  function call(callback, args, self) {
    try {
      callback.apply(self, args);
    } catch (error) {
      report(error);
    }
  }
  var isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  function refusal(answer) {
    if (answer === null || answer === void 0) return null;
    if (isObject(answer) && typeof answer.message === "string") return failure(answer.message, { data: answer.data });
    return failure(typeof answer === "string" ? answer : JSON.stringify(answer), { data: answer });
  }

  // src/progress.js
  var Progress = class {
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
      return this.isStamped ? this.offset : void 0;
    }
    /** The data of CONNECT. What the application gives in `auth` has precedence. */
    request(auth) {
      if (!isObject(auth ?? {})) return auth;
      const { pid, offset } = this;
      const isShown = pid !== void 0 && !(this.isStamped && this.channels?.isBehind);
      return { ...isShown && { pid, ...offset !== void 0 && { offset } }, offsets: true, ...auth };
    }
    /** The answer to CONNECT. */
    connected({ pid, offsets }, isRecovered) {
      if (!isRecovered) {
        this.channels?.restarted();
        if (this.isStamped || offsets === true) this.offset = void 0;
      }
      this.pid = pid;
      this.isStamped = offsets === true;
    }
    /**
     * Takes the position off an event that wants no acknowledgement. Returns whether the event is new:
     * one for several channels that catch up comes once for each.
     */
    take(args) {
      if (!this.isStamped || args.length < 2 || typeof args[args.length - 1] !== "string") return true;
      const position = args.pop();
      const kind = this.channels?.received(position);
      if (!kind && !(position < this.offset)) this.offset = position;
      return kind !== "double";
    }
    /** As Socket.IO's client has it for a server that does not say whether there are positions. */
    handled(args) {
      const last = args[args.length - 1];
      if (!this.isStamped && this.pid && typeof last === "string") this.offset = last;
    }
  };

  // src/channels/official_socket.js
  var CONNECT = 0;
  function progressOf(socket) {
    const { packet: write, onevent: receive } = socket;
    const progress = new Progress();
    if (!write || !receive) return progress;
    Object.defineProperty(socket, "position", { get: () => progress.position, configurable: true });
    socket._isKept = ([event, channel]) => socket.io.opts.retries > 0 || socket.sendBuffer.some(({ data }) => data[0] === event && data[1] === channel);
    let shown;
    socket.packet = (packet) => {
      if (packet.type !== CONNECT) return write.call(socket, packet);
      const data = request(progress, packet.data);
      shown = data?.pid;
      return write.call(socket, { ...packet, data });
    };
    socket.onevent = (packet) => {
      const isStamped = socket.connected && (packet.id === void 0 || packet.id === null);
      if (!isStamped || progress.take(packet.data)) receive.call(socket, packet);
    };
    listenFirst(socket.io, "packet", ({ nsp, type, data }) => {
      if (nsp !== socket.nsp || type !== CONNECT || !isObject(data)) return;
      progress.connected(data, data.pid !== void 0 && data.pid === shown);
    });
    return progress;
  }
  function request(progress, data) {
    if (!isObject(data) || data.pid === void 0 || !progress.isStamped) return progress.request(data);
    const { pid, offset, ...auth } = data;
    return progress.request(auth);
  }
  function listenFirst(emitter, event, listener) {
    const others = emitter.listeners(event);
    emitter.off(event);
    for (const each of [listener, ...others]) emitter.on(event, each);
  }

  // src/channels/catch_up.js
  var MOST_SEEN = 1e4;
  var isPublication = (position) => position.endsWith("----");
  var isEmpty = (object) => Object.keys(object).length === 0;
  var later = (one, other) => one < other || one === void 0 ? other : one;
  var CatchUp = class {
    #subscriptions;
    #progress;
    #behind = /* @__PURE__ */ new Set();
    // the subscriptions that have not caught up
    #replay;
    // what is coming now: {subscription, until, left}
    #joined;
    // the newest position at which a channel was joined
    #seen = /* @__PURE__ */ new Set();
    // publications, while a channel is behind
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
      return subscription.isHeld && this.#progress.isStamped ? later(this.#progress.stamp, subscription.from) : void 0;
    }
    /** A channel is to go on from here. */
    start(subscription, from) {
      if (from === void 0 || from === null) return this.#caughtUp(subscription, void 0);
      subscription.from = from;
      this.#behind.add(subscription);
    }
    /** A channel was left. What it has asked for may still come. */
    forget(subscription) {
      subscription.isLeft = true;
      if (!subscription.isAsked && this.#replay?.subscription !== subscription) this.#caughtUp(subscription, void 0);
    }
    /** There is a new session: each channel is asked for again, from where it was. */
    restarted() {
      this.#replay = this.#joined = void 0;
      for (const subscription of this.#behind) if (subscription.isLeft) this.#caughtUp(subscription, void 0);
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
      const from = this.#behind.has(subscription) ? subscription.from : void 0;
      const isAsked = "since" in options;
      if (from !== void 0 && (isStamped || isAsked)) question.since = from;
      else if (isAsked || isStamped && isEmpty(question)) question.since = null;
      return isEmpty(question) ? void 0 : question;
    }
    /**
     * The answer to a question. Returns why something is missing, or undefined. If there is no answer
     * but `null`, the server has no positions.
     */
    answered(subscription, question = {}, { position, recovered, missed, reason = "no history" } = {}) {
      const { isStamped } = this.#progress;
      const isExpected = this.#behind.has(subscription) || subscription.wasHeld && (isStamped || "since" in question);
      this.#endReplay();
      subscription.isHeld = true;
      subscription.wasHeld = false;
      if (!isStamped || typeof position !== "string") this.#caughtUp(subscription, void 0);
      else {
        this.#joined = later(this.#joined, position);
        if (missed > 0) {
          this.#replay = { subscription, until: position, left: missed };
          this.#behind.add(subscription);
        } else this.#caughtUp(subscription, position);
      }
      return isExpected && recovered !== true ? reason : void 0;
    }
    /** An event has come. Returns "double" or "missed", if it is no new one. */
    received(position) {
      if (!this.isBehind || !isPublication(position)) return void 0;
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
      return isMissed ? "missed" : void 0;
    }
    #endReplay() {
      const replay = this.#replay;
      this.#replay = void 0;
      if (replay) this.#caughtUp(replay.subscription, replay.until);
    }
    #caughtUp(subscription, position) {
      subscription.from = position;
      this.#behind.delete(subscription);
      if (!this.isBehind) this.#seen.clear();
    }
  };

  // src/channels/kept_positions.js
  var KeptPositions = class {
    #kept = /* @__PURE__ */ new Map();
    /** `positions()` gives those of now, by channel. */
    constructor(keep, key, positions) {
      try {
        const storage = keep === true ? globalThis.sessionStorage : keep;
        this.#kept = new Map(Object.entries(JSON.parse(storage.getItem(key)) ?? {}));
        listen(() => {
          const now = positions();
          if (now.length > 0) storage.setItem(key, JSON.stringify(Object.fromEntries(now)));
        });
      } catch {
      }
    }
    /** The position of a channel, once. */
    take(channel) {
      const position = this.#kept.get(channel);
      this.#kept.delete(channel);
      return typeof position === "string" ? position : void 0;
    }
  };
  function listen(write) {
    const { addEventListener, document } = globalThis;
    addEventListener?.("pagehide", write);
    addEventListener?.("visibilitychange", () => document.visibilityState === "hidden" && write());
  }

  // src/channels/subscription.js
  var Subscription = class {
    /** What the application has asked for: `{since, last, presence}`. */
    options;
    /** Whether the server's session has it. */
    isHeld = false;
    /** Whether an earlier session had it. */
    wasHeld = false;
    /** Whether the application has unsubscribed. */
    isLeft = false;
    /** Whether an answer is awaited, and whether the question waits for a connection by itself. */
    isAsked = false;
    isBuffered = false;
    /** The position that it goes on from, if the socket has not come further. */
    from;
    #callbacks = [];
    #later;
    // callbacks for an answer to other options than those that were asked with
    get isAwaited() {
      return this.#callbacks.length > 0;
    }
    /** Whether there is another question to ask after this answer. */
    get isOutdated() {
      return this.#later !== void 0;
    }
    /** A call of subscribe(). */
    want(options, callback) {
      if (options) this.options = options;
      if (options && this.isAsked) this.#later ??= [];
      if (callback) (options && this.#later ? this.#later : this.#callbacks).push(callback);
    }
    settle(...answer) {
      const callbacks = this.#callbacks;
      this.#callbacks = this.#later ?? [];
      this.#later = void 0;
      for (const callback of callbacks) call(callback, answer);
    }
  };

  // src/channels/channel_list.js
  var NO_LIMIT = 2 ** 31 - 1;
  var ChannelList = class {
    #socket;
    #options;
    #subscriptions = /* @__PURE__ */ new Map();
    // by channel
    #left = /* @__PURE__ */ new Set();
    // channels that were left without a connection
    #waiting = 0;
    // calls of subscribe() without a connection
    #catchUp;
    #kept;
    confirmed = /* @__PURE__ */ new Set();
    constructor(socket, progress, options) {
      this.#socket = socket;
      this.#options = options;
      this.#catchUp = new CatchUp(this.#subscriptions, progress);
      if (options.keepPosition) {
        const key = `positions of ${socket.io.uri ?? ""} ${socket.io.opts.path ?? ""} ${socket.nsp}`;
        this.#kept = new KeptPositions(options.keepPosition, key, () => this.#positions());
      }
      if ("_addOn" in socket) {
        socket._addOn = { joined: () => this.#joined(), stopped: () => this.#stopped() };
      } else {
        socket.on("connect", () => this.#joined());
        socket.on("disconnect", () => {
          if (!socket.active) this.#stopped();
        });
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
      const callback = typeof args[args.length - 1] === "function" ? args.pop() : void 0;
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
      const callback = typeof args[args.length - 1] === "function" ? args.pop() : void 0;
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
        call(callback, [error ?? refusal(refused), ...hasAnswer && isObject(answer) ? [answer] : []]);
      };
      if (this.#socket._request) return this.#socket._request(args, done);
      if (!hasAnswer) return this.#socket.emitWithAck(...args).then((refused) => done(null, refused), done);
      this.#socket.timeout(this.#socket.io.opts.ackTimeout ?? NO_LIMIT).emit(...args, done);
    }
    #joined() {
      this.#waiting = 0;
      if (!this.#socket.recovered) this.#catchUp.restarted();
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
      const args = [this.#options.subscribeEvent, channel, ...question ? [question] : []];
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
      if (isLost && !isLeft && this.#socket.active) return;
      if (!error) this.#confirmed(channel, subscription, question, answer);
      else if (!isLost) this.#refused(channel, subscription, error);
      subscription.settle(error, ...answer ? [answer] : []);
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
      if (reason !== void 0) this.#notify("gap", channel, reason);
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
  };
  function checkedOptions(options) {
    if (options === void 0 || options === null) return void 0;
    const { since } = options;
    if (isObject(options) && typeof (since ?? "") === "string") return options;
    throw new TypeError("usage: subscribe(channel, options?, callback?)");
  }
  function checkChannel(channel) {
    if (typeof channel !== "string" || channel === "") throw new TypeError("a channel's name is a string, and not empty");
  }

  // src/channels/with_channels.js
  var DEFAULTS = {
    subscribeEvent: "subscribe",
    // the three names, for servers that have renamed them
    unsubscribeEvent: "unsubscribe",
    publishEvent: "publish",
    maxBuffered: Infinity,
    // subscriptions while disconnected; one more throws a RangeError
    keepPosition: false
    // over a reload of the page: true for sessionStorage, or a storage
  };
  function withChannels(socket, options, progressOf2 = () => new Progress()) {
    if (socket._channelList) return socket;
    const list = new ChannelList(socket, socket._progress ?? progressOf2(socket), { ...DEFAULTS, ...options });
    const methods = {
      _channelList: list,
      /** The channels that the server has confirmed. They are kept while disconnected. */
      channels: list.confirmed,
      subscribe: (channel, ...args) => list.subscribe(channel, ...args),
      unsubscribe: (channel, callback) => list.unsubscribe(channel, callback),
      publish: (channel, ...args) => list.publish(channel, ...args),
      /** `publish`, with the name and the order of arguments that it has in django-socketio. */
      broadcast_channel: (data, channel, callback) => list.publish(channel, data, ...callback ? [callback] : [])
    };
    for (const [name, value] of Object.entries(methods)) Object.defineProperty(socket, name, { value, configurable: true });
    return socket;
  }

  // src/channels/channels.js
  function channels(socket, options) {
    return withChannels(socket, options, progressOf);
  }

  // src/channels/browser.js
  /*!
   * Channels for Socket.IO clients, an add-on: channels(io()) has subscribe(), unsubscribe() and
   * publish(). Part of actix-socketio. MIT OR Apache-2.0
   */
  publish(channels);
})();
});
//# sourceMappingURL=channels.js.map
