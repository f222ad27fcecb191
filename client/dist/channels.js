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
    /** Takes the position off an event that wants no acknowledgement. */
    take(args) {
      if (!this.isStamped || args.length < 2 || typeof args.at(-1) !== "string") return;
      const position = args.pop();
      if (!this.channels?.received(position)) this.offset = position;
    }
    /** As Socket.IO's client has it for a server that does not say whether there are positions. */
    handled(args) {
      const last = args.at(-1);
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
      if (socket.connected && (packet.id === void 0 || packet.id === null)) progress.take(packet.data);
      receive.call(socket, packet);
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

  // src/channels/positions.js
  var order = (position) => /^\d+-[\d.]+$/.test(position) ? position.replace(/\d+/g, (number) => number.padStart(14)) : position;
  var isAfter = (one, other) => order(one) > order(other);
  var isDirect = (position) => !/----$|^\d+-\d+$/.test(position);

  // src/channels/catch_up.js
  var isEmpty = (object) => Object.keys(object).length === 0;
  var later = (one, other) => one === void 0 || isAfter(other, one) ? other : one;
  var CatchUp = class {
    #subscriptions;
    #progress;
    #behind = /* @__PURE__ */ new Set();
    // the subscriptions that have not caught up
    #replay;
    // what is coming now: {joining, left, until}
    #joined;
    // the newest position at which a channel was joined
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
      return subscription.isHeld ? this.#newest : void 0;
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
      this.#replay = this.#joined = void 0;
    }
    /** The options of a question. Without options, the answer is `null` alone. */
    question(subscription) {
      const { options = {} } = subscription;
      const { since, ...question } = options;
      const { isStamped } = this.#progress;
      const from = this.#behind.has(subscription) ? subscription.from : void 0;
      const isAsked = "since" in options;
      if (from && (isStamped || isAsked)) question.since = from;
      else if (isAsked || isStamped && isEmpty(question)) question.since = null;
      return isEmpty(question) ? void 0 : question;
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
        const isExpected = this.#behind.has(subscription) || subscription.wasHeld && (isStamped || "since" in question);
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
      this.#replay = void 0;
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
  };

  // src/channels/channel_list.js
  var NO_LIMIT = 1e9;
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
      const callback = typeof args.at(-1) === "function" ? args.pop() : void 0;
      const options = checkedOptions(args[0]);
      const isAskedNow = this.#isReady();
      if (!isAskedNow && ++this.#waiting > this.#options.maxBuffered) {
        throw new RangeError("too many subscriptions are waiting for a connection (maxBuffered)");
      }
      const subscription = this.#subscriptions.get(channel) ?? this.#added(channel);
      if (options) {
        subscription.options = options;
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
      const callback = typeof args.at(-1) === "function" ? args.pop() : void 0;
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
      if (this.#socket._request) this.#socket._request(args, done);
      else this.#socket.timeout(this.#socket.io.opts.ackTimeout ?? NO_LIMIT).emit(...args, done);
    }
    #joined() {
      this.#waiting = 0;
      if (!this.#socket.recovered) this.#catchUp.restarted();
      else for (const channel of this.#left) this.#request([this.#options.unsubscribeEvent, channel]);
      this.#left.clear();
      const groups = /* @__PURE__ */ new Map();
      for (const subscription of this.#subscriptions.values()) {
        if (subscription.isHeld || subscription.isKept) continue;
        const question = this.#catchUp.question(subscription);
        const key = question && !question.presence ? JSON.stringify(question) : subscription;
        groups.set(key, [...groups.get(key) ?? [], subscription]);
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
      const channels2 = subscriptions.map(({ channel }) => channel);
      const args = [this.#options.subscribeEvent, channels2.length > 1 ? channels2 : channels2[0], ...question ? [question] : []];
      const asked = subscriptions.map((subscription) => ({ subscription, callbacks: subscription.callbacks }));
      const answered = (error, answer) => this.#answered(asked, question, error, isObject(answer) ? answer : void 0);
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
        const { position, channels: channels2, refused } = answer ?? {};
        outcome.error = error ?? refusal(refused?.[subscription.channel]);
        outcome.answer = channels2 ? { position, ...channels2[subscription.channel] } : answer;
      }
      if (!error) this.#catchUp.answered(asked.filter((outcome) => !outcome.error), question, answer);
      for (const outcome of asked) {
        const { subscription, callbacks } = outcome;
        if (!isLost) this.#note(outcome);
        else if (!subscription.isLeft && this.#socket.active) {
          if (callbacks !== subscription.callbacks) subscription.callbacks.push(...callbacks.splice(0));
          continue;
        }
        settle(callbacks, outcome.error, ...outcome.answer && !outcome.error ? [outcome.answer] : []);
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
  };
  function settle(callbacks, ...answer) {
    for (const callback of callbacks.splice(0)) call(callback, answer);
  }
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
