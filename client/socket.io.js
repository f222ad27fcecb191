/*!
 * The browser client of actix-socketio: Socket.IO protocol 5 over Engine.IO protocol 4, in one
 * file.
 *
 *     <script src="/socket.io/socket.io.js"></script>
 *     const socket = io();                                  // this page's server, namespace "/"
 *     socket.on("message", (data) => show(data));
 *     socket.subscribe("match-42", (err) => err && show(err.message));
 *     socket.publish("match-42", "goal", { minute: 12 });
 *
 * `io(url?, options?)` connects immediately (see `autoConnect`). The URL's path is the namespace,
 * as in io("/admin"). `new io.Socket(host?, options?)` is the same, but waits for `.connect()`.
 * Each socket has a connection of its own: two namespaces are two connections. Binary data is not
 * supported: sending it throws a TypeError, and receiving it ends the connection with
 * "parse error".
 *
 * Events, besides the application's:
 *
 *     connect                       the namespace is joined, also after each reconnection
 *     connect_error(err)            not connected; a refusal by the server has its `err.data`, and
 *                                   is not tried again
 *     disconnect(reason, err?)      "io server disconnect" and "io client disconnect" are final;
 *                                   "transport close", "transport error", "ping timeout" and
 *                                   "parse error" are followed by a reconnection
 *     upgrade(name)                 the connection goes on over another transport
 *     reconnect_attempt(n), reconnect(n), reconnect_failed
 *     subscribe_error(channel, err) a subscription was refused that has no callback, or that was
 *                                   renewed
 *
 * When a connection stands, the subscriptions are sent first, then the events that were emitted
 * meanwhile. Then the "connect" listeners run. Nothing waits for an answer to the earlier packets.
 * Packets that were on their way when a connection broke are not sent again, subscriptions
 * excepted: events arrive at most once.
 */
(function (root) {
  "use strict";

  const DEFAULTS = {
    path: "/socket.io",
    port: undefined, // in place of the URL's
    transports: ["polling", "websocket"], // the first that opens is used
    upgrade: true, // from polling to websocket, where both are allowed
    // An object for the server's connect handler, or a function (callback) that passes one on.
    auth: undefined,
    query: undefined, // an object, for the query string of each request
    // An object; polling only, since browsers allow no headers on a WebSocket.
    extraHeaders: undefined,
    withCredentials: false, // cookies across origins; polling only
    autoConnect: true,
    reconnection: true,
    reconnectionAttempts: Infinity,
    reconnectionDelay: 1000, // ms before the first attempt, doubled for each of the next
    reconnectionDelayMax: 5000,
    // Spreads the delays, so that the clients of a restarted server do not all return together.
    randomizationFactor: 0.5,
    // Milliseconds for each step: opening a transport, the namespace's answer, an upgrade, the
    // last POST.
    timeout: 20000,
    // Milliseconds. Makes all acknowledgement callbacks error-first, as timeout(ms) does for one.
    ackTimeout: undefined,
    // Events, or subscribe() calls, while disconnected; one more throws a RangeError.
    maxBuffered: 1000,
    // Characters waiting to be sent, connected or not; more throws a RangeError.
    maxBufferedSize: 16 * 1024 * 1024,
    subscribeEvent: "subscribe", // the three names, for servers that have renamed them
    unsubscribeEvent: "unsubscribe",
    publishEvent: "publish",
    WebSocket: undefined, // in place of the global ones
    fetch: undefined,
  };

  const nothing = () => {};
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const failure = (message, properties) => Object.assign(new Error(message), properties);
  const lost = () => failure("socket has been disconnected", { code: "DISCONNECTED" });
  const byteLength = (text) => new TextEncoder().encode(text).length;

  /** Beyond 31 bits a timer would fire at once. */
  const after = (ms, callback) => setTimeout(callback, Math.min(ms, 2 ** 31 - 1));

  /** Passes an error to window.onerror without ending the loop that it occurred in. */
  const report = (error) => setTimeout(() => { throw error; });

  /** An error in one of the application's callbacks must not cost it the packets that follow. */
  function call(callback, args, self) {
    try {
      callback.apply(self, args);
    } catch (error) {
      report(error);
    }
  }

  /** The server's refusal, `{message, data?}`, as an Error; null if there is none. */
  function refusal(answer) {
    if (answer === null || answer === undefined) return null;
    const isKnown = isObject(answer) && typeof answer.message === "string";
    return isKnown ? failure(answer.message, { data: answer.data }) : failure(JSON.stringify(answer), { data: answer });
  }

  function withDefaults(options) {
    const all = Object.assign({}, DEFAULTS);
    for (const name of Object.keys(options)) if (options[name] !== undefined) all[name] = options[name];
    if (all.transports.length === 0 || !all.transports.every((name) => TRANSPORTS[name])) {
      throw new TypeError(`transports: one or both of ${Object.keys(TRANSPORTS)} expected`);
    }
    return all;
  }

  /** The server's address, and the namespace and the query of the URL. */
  function locate(url, options) {
    let text = String(url || "/");
    // "localhost:9000" is a host, not a scheme.
    if (!/^(\/|[a-z][a-z\d+.-]*:\/\/)/i.test(text)) text = "//" + text;
    const target = new URL(text, root.location && root.location.href);
    const scheme = { "http:": "http", "ws:": "http", "https:": "https", "wss:": "https" }[target.protocol];
    if (!scheme) throw new TypeError(`neither an HTTP nor a WebSocket URL: ${text}`);
    if (options.port) target.port = options.port;
    return {
      address: `${scheme}://${target.host}${options.path.replace(/\/$/, "")}/`,
      namespace: decodeURI(target.pathname),
      query: Object.assign(Object.fromEntries(target.searchParams), options.query),
    };
  }

  // ---- Packets ----------------------------------------------------------------------------------

  const ENGINE = { open: "0", close: "1", ping: "2", pong: "3", message: "4", upgrade: "5", noop: "6" };
  const PACKET = { connect: "0", disconnect: "1", event: "2", ack: "3", connectError: "4" };
  const BINARY_PACKETS = ["5", "6"];
  const BINARY_RECEIVED = "the server sent binary data, which is not supported by this client";
  const SEPARATOR = "\x1e";
  const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

  const isEventName = (name) => typeof name === "number" || (typeof name === "string" && !RESERVED.includes(name));

  const isBinary = (value) => ArrayBuffer.isView(value)
    || /^\[object (SharedArrayBuffer|ArrayBuffer|Blob|File)\]$/.test(Object.prototype.toString.call(value));

  function refuseBinary(key, value) {
    // The value in `this` has not gone through toJSON(), which some byte arrays have.
    if (typeof this[key] === "object" && isBinary(this[key])) throw new TypeError("binary data is not supported by this client");
    return value;
  }

  function encodePacket(type, namespace, data, id = "") {
    const payload = data === undefined ? "" : JSON.stringify(data, refuseBinary);
    return type + (namespace === "/" ? "" : `${namespace},`) + id + payload;
  }

  const PAYLOAD_CHECKS = {
    [PACKET.connect]: (data) => isObject(data) && typeof data.sid === "string",
    [PACKET.disconnect]: (data) => data === undefined,
    [PACKET.event]: (data) => Array.isArray(data) && isEventName(data[0]),
    [PACKET.ack]: (data) => Array.isArray(data),
    [PACKET.connectError]: (data) => isObject(data) || typeof data === "string",
  };

  /** Splits `type [namespace ","] [id] [JSON]`, and throws if the text has another form. */
  function decodePacket(text) {
    if (BINARY_PACKETS.includes(text[0])) throw new Error(BINARY_RECEIVED);
    const [head, type, namespace = "/", id] = /^(.?)(?:(\/[^,]*),?)?(\d*)/.exec(text);
    const isValid = PAYLOAD_CHECKS[type];
    if (!isValid) throw new Error(`unknown packet type: ${type}`);
    const data = head.length === text.length ? undefined : JSON.parse(text.slice(head.length));
    if (!isValid(data)) throw new Error(`invalid payload in a packet of type ${type}`);
    return { type, namespace, id, data };
  }

  // ---- Transports -------------------------------------------------------------------------------
  //
  // A transport calls its `on`: opened(), packet(data), drained(), failed(err), closed(err), and
  // nothing after close().

  const NOBODY = { opened: nothing, packet: nothing, drained: nothing, failed: nothing, closed: nothing };

  class Transport {
    constructor(name, place, options, sid) {
      this.name = name;
      this.sid = sid;
      this.on = NOBODY;
      this._place = place;
      this._options = options;
    }

    get _url() {
      const query = new URLSearchParams(this._place.query);
      query.set("EIO", "4");
      query.set("transport", this.name);
      if (this.sid) query.set("sid", this.sid);
      return `${this._place.address}?${query}`;
    }
  }

  /** One GET at a time brings packets, one POST at a time takes them away. */
  class Polling extends Transport {
    open() {
      this._abort = new AbortController();
      this._posting = false;
      this._whenIdle = undefined;
      this._poll();
    }

    get writable() {
      return !this._posting;
    }

    get buffered() {
      return 0;
    }

    async _poll() {
      this._getting = true;
      let payload;
      try {
        payload = await this._request("GET");
      } catch (error) {
        return this.on.failed(error);
      }
      // The receiver of a packet may close this transport, and then receives no more.
      for (const packet of payload.split(SEPARATOR)) this.on.packet(packet);
      this._getting = false;
      if (this._whenIdle) this._checkIdle();
      else if (this.on !== NOBODY) this._poll();
    }

    async write(packets) {
      this._posting = true;
      try {
        await this._request("POST", packets.join(SEPARATOR));
      } catch (error) {
        return this.on.failed(error);
      }
      this._posting = false;
      this._checkIdle();
      this.on.drained();
    }

    async _request(method, body) {
      const { fetch = root.fetch, extraHeaders: headers, withCredentials } = this._options;
      const credentials = withCredentials ? "include" : "same-origin";
      const { signal } = this._abort;
      const response = await fetch(this._url, { method, body, headers, credentials, signal, cache: "no-store" });
      const text = await response.text();
      if (response.ok) return text;
      throw failure(`polling: HTTP ${response.status} ${text.slice(0, 200)}`.trim(), { status: response.status });
    }

    /** Starts no further GET, and calls back when no request is in flight. */
    pause(whenIdle) {
      this._whenIdle = whenIdle;
      this._checkIdle();
    }

    resume() {
      this._whenIdle = undefined;
      if (!this._getting) this._poll();
    }

    _checkIdle() {
      if (this._whenIdle && !this._getting && !this._posting) this._whenIdle();
    }

    close() {
      this.on = NOBODY;
      this._abort.abort();
    }
  }

  class WebSocketTransport extends Transport {
    open() {
      const { WebSocket = root.WebSocket } = this._options;
      try {
        this._socket = new WebSocket(this._url.replace(/^http/, "ws"));
      } catch (error) {
        // A security policy may refuse it immediately. Listeners are notified later, as of any
        // other failure.
        Promise.resolve().then(() => this.on.failed(error));
        return;
      }
      this._socket.binaryType = "arraybuffer";
      this._socket.onopen = () => this.on.opened();
      this._socket.onmessage = ({ data }) => this.on.packet(data);
      this._socket.onerror = () => this.on.failed(new Error("websocket: the connection failed"));
      this._socket.onclose = ({ code }) => this.on.closed(failure(`websocket: closed with code ${code}`, { status: code }));
    }

    get writable() {
      return this._socket.readyState === 1;
    }

    get buffered() {
      return this._socket.bufferedAmount;
    }

    write(packets) {
      for (const packet of packets) this._socket.send(packet);
    }

    close() {
      this.on = NOBODY;
      if (this._socket) this._socket.close();
    }
  }

  const TRANSPORTS = { polling: Polling, websocket: WebSocketTransport };

  // ---- The connection ---------------------------------------------------------------------------

  /**
   * One Engine.IO session, from its opening to its end, over one transport or two.
   * It calls its `on`: opened(), message(data), upgraded(name), closed(reason, err), and nothing
   * after close().
   */
  class Engine {
    constructor(place, options, on) {
      this._place = place;
      this._options = options;
      this._on = on;
      this._state = "opening"; // then "open", maybe "closing", "closed"
      this._untried = options.transports.slice();
      this._queue = [];
      this._queueSize = 0;
      this._timers = {};
    }

    /** Tries the next transport. `error` is the failure of the one before. */
    open(error) {
      const name = this._untried.shift();
      if (!name) return this._end("transport error", error);
      const transport = this._use(this._create(name));
      this._timer("step", this._options.timeout, () => this._fail(transport, "transport error", new Error(`${name}: timeout`)));
      transport.open();
    }

    get isAlive() {
      return this._state === "open" && Date.now() < this._deadline;
    }

    /** Ends the session if the server has been silent for too long. */
    checkPulse() {
      if (this._state !== "open") return;
      if (!this.isAlive) return this._end("ping timeout", new Error(`the server was silent for ${this._patience} ms`));
      this._timer("heartbeat", this._deadline - Date.now(), () => this.checkPulse());
    }

    /** Throws if a message is too large for the server, or if too much is waiting already. */
    checkRoom(text) {
      const size = text.length + ENGINE.message.length;
      if (size * 3 > this._maxPayload && byteLength(ENGINE.message + text) > this._maxPayload) {
        throw new RangeError(`larger than the ${this._maxPayload} bytes which the server takes`);
      }
      if (this._queueSize + this.transport.buffered + size > this._options.maxBufferedSize) {
        throw new RangeError("too much is waiting to be sent (maxBufferedSize)");
      }
    }

    send(text) {
      this._enqueue(ENGINE.message + text);
    }

    /** Sends the waiting packets, then ends the session. */
    close() {
      if (this._state === "closing" || this._state === "closed") return;
      this._on = { message: nothing, upgraded: nothing, closed: nothing };
      this._stopProbe();
      this._paused = false;
      if (this._state === "open" && this.transport.name === "polling") {
        this._state = "closing";
        this._timer("heartbeat");
        this._timer("step", this._options.timeout, () => this._finish());
        // The GET in flight stays. Servers take its loss for the end, and the last POST would come
        // too late.
        this.transport.pause(nothing);
        if (this.transport.writable) this._drained();
        return;
      }
      this._flush();
      this._finish();
    }

    _drained() {
      if (this._state === "closing" && this._queue.length === 0) {
        if (this._saysGoodbye) return this._finish();
        // Alone, since servers that read this may drop packets that they have not handled yet.
        this._saysGoodbye = true;
        this._enqueue(ENGINE.close);
      }
      this._flush();
    }

    _create(name) {
      return new TRANSPORTS[name](name, this._place, this._options, this._sid);
    }

    _use(transport) {
      this.transport = transport;
      transport.on = {
        opened: nothing,
        packet: (data) => this._receive(data),
        drained: () => this._drained(),
        failed: (error) => this._fail(transport, "transport error", error),
        closed: (error) => this._fail(transport, "transport close", error),
      };
      return transport;
    }

    _receive(data) {
      if (this._state === "opening") return this._handshake(data);
      if (this._state !== "open") return;
      this._deadline = Date.now() + this._patience;
      if (typeof data !== "string" || data[0] === "b") this._end("parse error", new Error(BINARY_RECEIVED));
      else if (data[0] === ENGINE.message) this._on.message(data.slice(1));
      else if (data === ENGINE.ping) this._enqueue(ENGINE.pong);
      else if (data === ENGINE.close) this._end("transport close", new Error("closed by the server"));
      else if (data !== ENGINE.noop) this._end("parse error", new Error("unexpected Engine.IO packet"));
    }

    _handshake(data) {
      let session;
      try {
        if (data[0] !== ENGINE.open) throw new Error("no open packet");
        session = JSON.parse(data.slice(1));
        if (typeof session.sid !== "string" || !(session.pingInterval + session.pingTimeout > 0)) throw new Error("no session");
      } catch ({ message }) {
        const { name } = this.transport;
        return this._fail(this.transport, "parse error", new Error(`${name}: not a Socket.IO server's answer (${message})`));
      }
      this._state = "open";
      this._sid = this.transport.sid = session.sid;
      this._maxPayload = session.maxPayload || Infinity;
      this._patience = session.pingInterval + session.pingTimeout;
      this._deadline = Date.now() + this._patience;
      this._timer("step");
      this.checkPulse();
      this._on.opened();
      const { upgrade, transports } = this._options;
      const isOffered = (session.upgrades || []).includes("websocket") && transports.includes("websocket");
      if (upgrade && isOffered && this._state === "open" && this.transport.name === "polling") this._tryUpgrade();
    }

    /**
     * Probes a WebSocket beside polling, and moves to it when no request is in flight any more. By
     * then all packets of the server's polling answers and all posted packets have arrived, so no
     * packet can overtake another.
     */
    _tryUpgrade() {
      const probe = (this._probe = this._create("websocket"));
      const giveUp = () => {
        this._stopProbe();
        if (!this._paused) return;
        this._paused = false;
        this.transport.resume();
        this._flush();
      };
      const change = () => {
        probe.write([ENGINE.upgrade]);
        this._timer("probe");
        this._probe = undefined;
        this._paused = false;
        this.transport.close();
        this._use(probe);
        this._flush();
        this._on.upgraded(probe.name);
      };
      const answered = (data) => {
        if (data !== ENGINE.pong + "probe" || this._paused) return giveUp();
        this._paused = true;
        this.transport.pause(() => (probe.writable ? change() : giveUp()));
      };
      const asked = () => probe.write([ENGINE.ping + "probe"]);
      probe.on = { opened: asked, packet: answered, failed: giveUp, closed: giveUp };
      this._timer("probe", this._options.timeout, giveUp);
      probe.open();
    }

    _stopProbe() {
      this._timer("probe");
      if (this._probe) this._probe.close();
      this._probe = undefined;
    }

    _enqueue(packet) {
      this._queueSize += packet.length;
      // Packets that are sent together leave in one request.
      if (this._queue.push(packet) === 1) Promise.resolve().then(() => this._flush());
    }

    _flush() {
      if (this._state === "opening" || this._state === "closed" || this._paused) return;
      if (this._queue.length === 0 || !this.transport.writable) return;
      const batch = this._queue.splice(0, this.transport.name === "polling" ? this._batchLength() : this._queue.length);
      for (const packet of batch) this._queueSize -= packet.length;
      this.transport.write(batch);
    }

    /** How many of the waiting packets fit into one request, but at least one. */
    _batchLength() {
      let size = 0;
      const excess = this._queue.findIndex((packet, index) => {
        size += byteLength(packet) + (index > 0 ? SEPARATOR.length : 0);
        return index > 0 && size > this._maxPayload;
      });
      return excess < 0 ? this._queue.length : excess;
    }

    _fail(transport, reason, error) {
      if (transport !== this.transport) return;
      if (this._state !== "opening") return this._end(reason, error);
      transport.close();
      this.open(error);
    }

    _end(reason, error) {
      if (this._state === "closed") return;
      this._finish();
      this._on.closed(reason, error);
    }

    _finish() {
      this._state = "closed";
      this._stopProbe();
      for (const name of Object.keys(this._timers)) this._timer(name);
      if (this.transport) this.transport.close();
    }

    /** Starts a timer in place of the one of that name, or only stops that. */
    _timer(name, ms, callback) {
      clearTimeout(this._timers[name]);
      if (callback) this._timers[name] = after(ms, callback);
    }
  }

  // ---- The socket -------------------------------------------------------------------------------

  // The arrays of listeners are replaced, never changed, so listeners may come and go while they
  // are being called.
  class Emitter {
    constructor() {
      this._listeners = new Map();
      this._anyListeners = [];
    }

    on(event, listener) {
      this._listeners.set(String(event), this._listenersOf(event).concat(listener));
      return this;
    }

    once(event, listener) {
      const wrapper = (...args) => {
        this.off(event, wrapper);
        listener.apply(this, args);
      };
      wrapper.wrapped = listener;
      return this.on(event, wrapper);
    }

    /** Removes a listener, or all of an event, or all. */
    off(event, listener) {
      if (event === undefined) this._listeners.clear();
      else if (!listener) this._listeners.delete(String(event));
      else this._listeners.set(String(event), this._listenersOf(event).filter((l) => l !== listener && l.wrapped !== listener));
      return this;
    }

    /** `listener(event, ...args)` receives all events of the server, before the others do. */
    onAny(listener) {
      this._anyListeners = this._anyListeners.concat(listener);
      return this;
    }

    offAny(listener) {
      this._anyListeners = this._anyListeners.filter((each) => listener && each !== listener);
      return this;
    }

    _listenersOf(event) {
      return this._listeners.get(String(event)) || [];
    }

    _fire(event, ...args) {
      for (const listener of this._listenersOf(event)) call(listener, args, this);
    }
  }

  class Socket extends Emitter {
    constructor(url, options) {
      super();
      if (isObject(url) && !url.href) [url, options] = [undefined, url];
      this._options = withDefaults(options || {});
      this._place = locate(url, this._options);
      this.namespace = this._place.namespace;
      /** The server's id for this socket, while connected. */
      this.id = undefined;
      this.connected = false;
      /** Whether it is connected, or will try to be. */
      this.active = false;
      /**
       * The channels that the server has confirmed. They are kept while disconnected, and
       * subscribed to again.
       */
      this.channels = new Set();
      this._engine = undefined;
      this._attempts = 0;
      this._retryTimer = undefined;
      this._nextAckId = 0;
      this._acks = new Map(); // by id: {callback, errorFirst, timer}
      this._buffer = []; // {text, ackId}: events for the next connection
      this._early = []; // event packets that came before the namespace was joined
      this._subscriptions = new Map(); // by channel: {confirmed, asked, callbacks}
      this._waitingSubscribers = 0;
      this._pageListeners = {
        online: () => this._retryTimer !== undefined && this._attempt(),
        // An open connection would keep the page out of the back/forward cache. Listeners are
        // notified when the page comes back.
        pagehide: () => this._engine && this._engine.close(),
        pageshow: ({ persisted }) => persisted && this._engine && this._revive(),
      };
    }

    get disconnected() {
      return !this.connected;
    }

    /** "polling" or "websocket", or undefined without a connection. */
    get transport() {
      return this._engine && this._engine.transport && this._engine.transport.name;
    }

    /** Connects. While a reconnection waits for its time, tries immediately. */
    connect() {
      if (this._retryTimer !== undefined) this._attempt();
      if (this.active) return this;
      this.active = true;
      this._attempts = 0;
      this._listenToPage("addEventListener");
      this._open();
      return this;
    }

    /**
     * Sends the emitted events, leaves, and stays away until connect(), which also renews the
     * `channels`.
     */
    disconnect() {
      if (!this.active) return this;
      if (this.connected) this._engine.send(encodePacket(PACKET.disconnect, this.namespace));
      this._stop("io client disconnect");
      return this;
    }

    /**
     * Sends an event, or keeps it for the next connection. A function at the end is called with the
     * server's answer, error-first if there is an `ackTimeout`. Throws if the data can't be sent,
     * or if too much is waiting.
     */
    emit(event, ...args) {
      return this._emit(this._options.ackTimeout, event, ...args);
    }

    /**
     * Resolves to the server's answer. Rejects if the connection breaks, after `ackTimeout`, or if
     * emit() throws.
     */
    emitWithAck(event, ...args) {
      return this._emitWithAck(this._options.ackTimeout, event, ...args);
    }

    /** `timeout(ms).emit(.., (err, answer) => ..)`, and `await timeout(ms).emitWithAck(..)`. */
    timeout(ms) {
      return {
        emit: (event, ...args) => this._emit(ms, event, ...args),
        send: (...args) => this._emit(ms, "message", ...args),
        emitWithAck: (event, ...args) => this._emitWithAck(ms, event, ...args),
      };
    }

    send(...args) {
      return this.emit("message", ...args);
    }

    /**
     * Subscribes, now and after each reconnection. `callback(err)` gets null or the server's
     * refusal. A broken connection is not a refusal: the subscription is tried again with the
     * next one.
     */
    subscribe(channel, callback) {
      checkChannel(channel);
      const isAskedNow = this._isReady();
      if (!isAskedNow && ++this._waitingSubscribers > this._options.maxBuffered) {
        throw new RangeError("too many subscriptions are waiting for a connection (maxBuffered)");
      }
      const subscription = this._subscriptions.get(channel) || { confirmed: false, asked: false, callbacks: [] };
      if (callback) subscription.callbacks.push(callback);
      this._subscriptions.set(channel, subscription);
      if (isAskedNow && !subscription.asked) this._ask(channel, subscription);
      return this;
    }

    /** Unsubscribes. Without a connection, `callback(null)` is called immediately. */
    unsubscribe(channel, callback) {
      checkChannel(channel);
      const subscription = this._subscriptions.get(channel);
      this._subscriptions.delete(channel);
      this.channels.delete(channel);
      if (this._isReady()) return this._request([this._options.unsubscribeEvent, channel], callback);
      if (subscription) this._settle(subscription, lost());
      if (callback) call(callback, [null]);
      return this;
    }

    /**
     * `publish(channel, [event,] data, callback?)`: to the channel's other subscribers, if the
     * server allows it.
     */
    publish(channel, ...args) {
      checkChannel(channel);
      const callback = popFunction(args);
      if (args.length < 1 || args.length > 2) throw new TypeError("usage: publish(channel, [event,] data, callback?)");
      return this._request([this._options.publishEvent, channel, ...args], callback);
    }

    /** `publish`, with the name and the order of arguments that it has in django-socketio. */
    broadcast_channel(data, channel, callback) {
      return callback ? this.publish(channel, data, callback) : this.publish(channel, data);
    }

    // -- connecting and disconnecting

    _open() {
      const engine = (this._engine = new Engine(this._place, this._options, {
        opened: () => this._join(engine),
        message: (data) => this._receive(data),
        upgraded: (name) => this._fire("upgrade", name),
        closed: (reason, error) => this._lose(reason, error),
      }));
      engine.open();
    }

    _join(engine) {
      const { auth, timeout } = this._options;
      this._answerTimer = after(timeout, () => this._lose("transport error", new Error("timeout")));
      const join = (data) => {
        if (engine === this._engine) engine.send(encodePacket(PACKET.connect, this.namespace, data));
      };
      try {
        if (typeof auth === "function") auth(join);
        else join(auth);
      } catch (error) {
        this._refuse(error);
      }
    }

    _joined(id) {
      const attempts = this._attempts;
      clearTimeout(this._answerTimer);
      this.id = id;
      this.connected = true;
      this._attempts = this._waitingSubscribers = 0;
      for (const [channel, subscription] of this._subscriptions) this._ask(channel, subscription);
      for (const { text, ackId } of this._buffer.splice(0)) {
        try {
          this._engine.checkRoom(text);
          this._engine.send(text);
        } catch (error) {
          after(0, () => this._settleAck(ackId, error) || report(error));
        }
      }
      this._fire("connect");
      if (attempts > 0) this._fire("reconnect", attempts);
      for (const packet of this._early.splice(0)) if (this.connected) this._dispatch(packet);
    }

    /** The connection, or the attempt at one, has ended without a DISCONNECT of either side. */
    _lose(reason, error) {
      this._drop();
      if (this.connected) this._leave(reason, error);
      else this._fire("connect_error", error);
      this._retry();
    }

    _refuse(error) {
      this._stop();
      this._fire("connect_error", error);
    }

    _stop(reason) {
      this.active = false;
      this._drop();
      this._listenToPage("removeEventListener");
      if (this.connected) this._leave(reason);
      if (this.active) return; // a listener has connected again
      this._waitingSubscribers = 0;
      for (const [channel, subscription] of this._subscriptions) {
        if (!subscription.confirmed) this._subscriptions.delete(channel);
        this._settle(subscription, lost());
      }
    }

    _drop() {
      clearTimeout(this._answerTimer);
      clearTimeout(this._retryTimer);
      const engine = this._engine;
      this._engine = this._retryTimer = undefined;
      this._early = [];
      if (engine) engine.close();
    }

    _leave(reason, error) {
      const buffered = new Set(this._buffer.map((entry) => entry.ackId));
      const unanswered = [...this._acks.keys()].filter((id) => !buffered.has(id));
      this.connected = false;
      this.id = undefined;
      this._fire("disconnect", reason, error);
      for (const id of unanswered) this._settleAck(id, lost());
    }

    _retry() {
      const options = this._options;
      if (!this.active || this._engine || this._retryTimer !== undefined) return;
      if (!options.reconnection || this._attempts >= options.reconnectionAttempts) {
        this._stop();
        if (options.reconnection) this._fire("reconnect_failed");
        return;
      }
      const delay = Math.min(options.reconnectionDelay * 2 ** Math.min(this._attempts, 30), options.reconnectionDelayMax);
      const shortest = delay * (1 - options.randomizationFactor);
      const longest = Math.min(delay * (1 + options.randomizationFactor), options.reconnectionDelayMax);
      this._retryTimer = after(shortest + Math.random() * (longest - shortest), () => this._attempt());
    }

    _attempt() {
      clearTimeout(this._retryTimer);
      this._retryTimer = undefined;
      this._attempts += 1;
      this._fire("reconnect_attempt", this._attempts);
      if (this.active && !this._engine) this._open();
    }

    _listenToPage(addOrRemove) {
      if (!root[addOrRemove]) return;
      for (const event of Object.keys(this._pageListeners)) root[addOrRemove](event, this._pageListeners[event]);
    }

    _revive() {
      this._lose("transport close", new Error("the page was put aside"));
      if (this._retryTimer !== undefined) this._attempt();
    }

    // -- receiving

    _receive(data) {
      let packet;
      try {
        packet = decodePacket(data);
      } catch (error) {
        return this._lose("parse error", error);
      }
      if (packet.namespace !== this.namespace) return;
      if (packet.type === PACKET.ack) this._settleAck(parseInt(packet.id, 10), null, packet.data);
      else if (packet.type === PACKET.disconnect) this._stop("io server disconnect");
      else if (packet.type === PACKET.event && this.connected) this._dispatch(packet);
      else if (this.connected) return;
      else if (packet.type === PACKET.connect) this._joined(packet.data.sid);
      else if (packet.type === PACKET.connectError) this._refuse(refusal(packet.data));
      else if (this._early.push(packet) > this._options.maxBuffered) this._lose("parse error", new Error("too many early events"));
    }

    _dispatch({ data, id }) {
      const args = id === "" ? data : data.concat(this._answerTo(id));
      for (const listener of this._anyListeners) call(listener, args, this);
      this._fire(...args);
    }

    /** The id goes back as it came, because servers may count beyond the integers of JavaScript. */
    _answerTo(id) {
      const engine = this._engine;
      let isAnswered = false;
      return (...args) => {
        if (isAnswered || !this.connected || engine !== this._engine) return;
        const text = encodePacket(PACKET.ack, this.namespace, args, id);
        engine.checkRoom(text);
        isAnswered = true;
        engine.send(text);
      };
    }

    // -- sending

    _emit(timeout, ...args) {
      const callback = popFunction(args);
      return this._transmit(args, callback && { callback, errorFirst: timeout !== undefined, timeout });
    }

    _emitWithAck(timeout, ...args) {
      return new Promise((resolve, reject) => {
        const callback = (error, answer) => (error ? reject(error) : resolve(answer));
        this._transmit(args, { callback, errorFirst: true, timeout });
      });
    }

    /** An event whose answer is error-first by convention: null, or the server's refusal. */
    _request(args, callback) {
      const settle = (error, answer) => callback(error || refusal(answer));
      return this._transmit(args, callback && { callback: settle, errorFirst: true, timeout: this._options.ackTimeout });
    }

    _transmit(args, ack) {
      if (!isEventName(args[0])) throw new TypeError(`not an event's name, or a reserved one: ${String(args[0])}`);
      const text = encodePacket(PACKET.event, this.namespace, args, ack && this._nextAckId);
      const isSentNow = this._isReady();
      if (isSentNow) this._engine.checkRoom(text);
      else this._checkBuffer(text);
      const ackId = ack && this._expectAck(ack);
      if (isSentNow) this._engine.send(text);
      else this._buffer.push({ text, ackId });
      return this;
    }

    /**
     * Timers stand still while a computer sleeps, so a call that sends may be the first to notice a
     * dead connection.
     */
    _isReady() {
      const engine = this._engine;
      const isReady = this.connected && engine.isAlive;
      if (this.connected && !isReady) after(0, () => engine.checkPulse());
      return isReady;
    }

    _checkBuffer(text) {
      const { maxBuffered, maxBufferedSize } = this._options;
      const size = this._buffer.reduce((sum, entry) => sum + entry.text.length, text.length);
      if (this._buffer.length >= maxBuffered) throw new RangeError("too many events are waiting for a connection (maxBuffered)");
      if (size > maxBufferedSize) throw new RangeError("too much is waiting for a connection (maxBufferedSize)");
    }

    _expectAck({ callback, errorFirst, timeout }) {
      const id = this._nextAckId++;
      const timer = timeout === undefined ? undefined : after(timeout, () => {
        this._buffer = this._buffer.filter((entry) => entry.ackId !== id);
        this._settleAck(id, failure("operation has timed out", { code: "TIMEOUT" }));
      });
      this._acks.set(id, { callback, errorFirst, timer });
      return id;
    }

    /** Returns whether the callback was notified. */
    _settleAck(id, error, answer = []) {
      const ack = this._acks.get(id);
      if (!ack) return false;
      this._acks.delete(id);
      clearTimeout(ack.timer);
      if (ack.errorFirst) call(ack.callback, [error, ...answer]);
      else if (!error) call(ack.callback, answer);
      return ack.errorFirst || !error;
    }

    // -- channels

    _ask(channel, subscription) {
      subscription.asked = true;
      const answered = (error) => {
        subscription.asked = false;
        const isCurrent = this._subscriptions.get(channel) === subscription;
        const isLost = Boolean(error) && error.code === "DISCONNECTED";
        // It is asked for again with the next connection.
        if (isLost && isCurrent && this.active) return;
        if (isCurrent && !isLost) this._note(channel, subscription, error);
        this._settle(subscription, error);
      };
      try {
        this._request([this._options.subscribeEvent, channel], answered);
      } catch (error) {
        after(0, () => answered(error));
      }
    }

    _note(channel, subscription, error) {
      const isAwaited = subscription.callbacks.length > 0 && !subscription.confirmed;
      subscription.confirmed = !error;
      if (!error) return this.channels.add(channel);
      this._subscriptions.delete(channel);
      this.channels.delete(channel);
      if (!isAwaited) this._fire("subscribe_error", channel, error);
    }

    _settle(subscription, error) {
      for (const callback of subscription.callbacks.splice(0)) call(callback, [error]);
    }
  }

  Socket.prototype.open = Socket.prototype.connect;
  Socket.prototype.close = Socket.prototype.disconnect;

  function popFunction(args) {
    return typeof args[args.length - 1] === "function" ? args.pop() : undefined;
  }

  function checkChannel(channel) {
    if (typeof channel !== "string" || channel === "") throw new TypeError("a channel's name is a string, and not empty");
  }

  function io(url, options) {
    const socket = new Socket(url, options);
    return socket._options.autoConnect ? socket.connect() : socket;
  }

  io.io = io;
  io.connect = io;
  io.Socket = Socket;

  if (typeof module === "object" && module.exports) module.exports = io;
  else root.io = io;
})(typeof globalThis === "object" ? globalThis : self);
