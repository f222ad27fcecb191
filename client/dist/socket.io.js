(function(root,define){if(typeof exports==="object"&&typeof module!=="undefined")define(function(value){module.exports=value});else if(typeof root.define==="function"&&root.define.amd)root.define([],function(){var made;define(function(value){made=value});return made});else define(function(value){root.io=value})})(typeof globalThis==="object"?globalThis:self,function(publish){
(() => {
  var __defProp = Object.defineProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };

  // src/index.js
  var index_exports = {};
  __export(index_exports, {
    Fetch: () => Polling,
    Manager: () => Manager,
    Socket: () => Socket,
    WebSocket: () => WebSocketTransport,
    XHR: () => Polling,
    channels: () => channels,
    connect: () => io,
    default: () => io,
    io: () => io,
    protocol: () => protocol
  });

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

  // src/backoff.js
  function backoff(attempts, { reconnectionDelay, reconnectionDelayMax, randomizationFactor }) {
    const delay = Math.min(reconnectionDelay * 2 ** Math.min(attempts, 30), reconnectionDelayMax);
    const shortest = delay * (1 - randomizationFactor);
    const longest = Math.min(delay * (1 + randomizationFactor), reconnectionDelayMax);
    return shortest + Math.random() * (longest - shortest);
  }

  // src/emitter.js
  var Emitter = class {
    #listeners = /* @__PURE__ */ new Map();
    on(event, listener) {
      this.#listeners.set(String(event), this.listeners(event).concat(listener));
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
      if (event === void 0) this.#listeners.clear();
      else if (!listener) this.#listeners.delete(String(event));
      else {
        const others = this.listeners(event).filter((each) => each !== listener && each.wrapped !== listener);
        if (others.length > 0) this.#listeners.set(String(event), others);
        else this.#listeners.delete(String(event));
      }
      return this;
    }
    listeners(event) {
      return this.#listeners.get(String(event)) ?? [];
    }
    hasListeners(event) {
      return this.listeners(event).length > 0;
    }
    emit(event, ...args) {
      this.emitReserved(event, ...args);
      return this;
    }
    /** Calls the listeners of this client. `Socket` has another `emit`, which sends. */
    emitReserved(event, ...args) {
      for (const listener of this.listeners(event)) call(listener, args, this);
    }
  };
  var { prototype } = Emitter;
  prototype.addEventListener = prototype.addListener = prototype.on;
  prototype.removeListener = prototype.removeEventListener = prototype.removeAllListeners = prototype.off;

  // src/binary.js
  var TYPES = /^\[object (SharedArrayBuffer|ArrayBuffer|Blob|File)\]$/;
  var tagOf = (value) => Object.prototype.toString.call(value);
  var isBinary = (value) => ArrayBuffer.isView(value) || TYPES.test(tagOf(value));
  var isBlob = (value) => /(Blob|File)\]$/.test(tagOf(value));
  var sizeOf = (bytes) => bytes.byteLength ?? bytes.size;
  var view = (bytes) => ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  function toBase64(bytes) {
    let text = "";
    const all = view(bytes);
    for (let at = 0; at < all.length; at += 32768) text += String.fromCharCode(...all.subarray(at, at + 32768));
    return btoa(text);
  }
  function fromBase64(text) {
    const decoded2 = atob(text);
    const bytes = new Uint8Array(decoded2.length);
    for (let at = 0; at < decoded2.length; at += 1) bytes[at] = decoded2.charCodeAt(at);
    return bytes.buffer;
  }

  // src/platform.js
  var { process } = globalThis;
  var isNode = Boolean(process && process.versions && process.versions.node);
  var DEFAULT_BINARY_TYPE = isNode ? "nodebuffer" : "arraybuffer";
  function received(bytes, binaryType) {
    if (binaryType === "blob") return new Blob([bytes]);
    if (binaryType !== "nodebuffer" || !globalThis.Buffer) return bytes;
    return globalThis.Buffer.from(bytes);
  }

  // src/timers.js
  var after = (ms, callback) => setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
  var Timers = class {
    #running = /* @__PURE__ */ new Map();
    /** Starts a timer in place of the one of that name. `false` is no limit. */
    start(name, ms, callback) {
      this.stop(name);
      if (ms === false) return;
      this.#running.set(name, after(ms, () => {
        this.#running.delete(name);
        callback();
      }));
    }
    stop(name) {
      clearTimeout(this.#running.get(name));
      this.#running.delete(name);
    }
    stopAll() {
      for (const name of [...this.#running.keys()]) this.stop(name);
    }
  };

  // src/engine/cookies.js
  var CookieJar = class {
    #cookies = /* @__PURE__ */ new Map();
    /** Takes the cookies of a response. */
    take(headers) {
      for (const cookie of headers.getSetCookie?.() ?? []) {
        const [, name, value] = /^\s*([^=;]+)=([^;]*)/.exec(cookie) ?? [];
        if (name === void 0) continue;
        if (/;\s*max-age=0*\s*(;|$)/i.test(cookie) || value === "") this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
    }
    /** The headers of a request, with the cookies. */
    give(headers = {}) {
      if (this.#cookies.size === 0) return headers;
      const name = Object.keys(headers).find((each) => each.toLowerCase() === "cookie") ?? "cookie";
      const own = [...this.#cookies].map(([key, value]) => `${key}=${value}`);
      return { ...headers, [name]: [headers[name], ...own].filter(Boolean).join("; ") };
    }
  };

  // src/engine/packets.js
  var ENGINE = { open: "0", close: "1", ping: "2", pong: "3", message: "4", upgrade: "5", noop: "6" };
  var NAMES = Object.fromEntries(Object.entries(ENGINE).map(([name, type]) => [type, name]));
  var SEPARATOR = "";
  var BASE64 = "b";
  var toPayload = (packets) => packets.map((packet) => typeof packet === "string" ? packet : BASE64 + toBase64(packet)).join(SEPARATOR);
  var fromPayload = (payload) => payload.split(SEPARATOR);
  var decoded = (packet) => packet[0] === BASE64 ? fromBase64(packet.slice(1)) : packet;
  var byteLength = (text) => new TextEncoder().encode(text).length;
  function sizeInPayload(packet) {
    if (typeof packet === "string") return byteLength(packet) + SEPARATOR.length;
    return Math.ceil(sizeOf(packet) / 3) * 4 + BASE64.length + SEPARATOR.length;
  }

  // src/engine/handshake.js
  function parseHandshake(data) {
    try {
      if (data[0] !== ENGINE.open) throw new Error("no open packet");
      const session = JSON.parse(data.slice(1));
      if (typeof session.sid !== "string" || !(session.pingInterval + session.pingTimeout > 0)) throw new Error("no session");
      return session;
    } catch ({ message }) {
      throw new Error(`not a Socket.IO server's answer (${message})`);
    }
  }

  // src/engine/transport.js
  var nothing = () => {
  };
  var SILENT = { opened: nothing, packet: nothing, drained: nothing, failed: nothing, closed: nothing };
  var requests = 0;
  var Transport = class {
    constructor(place, options, sid) {
      this.name = this.constructor.transportName;
      this.on = SILENT;
      this.place = place;
      this.options = { ...options, ...options.transportOptions?.[this.name] };
      this.sid = sid;
    }
    /** The parameters of its requests. */
    get query() {
      const { timestampRequests, timestampParam } = this.options;
      const query = { ...this.place.query, EIO: "4", transport: this.name };
      if (this.sid) query.sid = this.sid;
      if (timestampRequests) query[timestampParam] = `${Date.now().toString(36)}.${requests++}`;
      return query;
    }
    get url() {
      return `${this.place.address}?${new URLSearchParams(this.query)}`;
    }
  };

  // src/engine/http_error.js
  var LONGEST_MESSAGE = 500;
  function requestFailed(fallback, { status = 0, text = "", type = "", cause } = {}) {
    const { message, data } = refusalOf(text, type);
    return failure(message ?? fallback, {
      type: "TransportError",
      data,
      description: status || cause,
      // As the official client's `XMLHttpRequest` has it.
      context: { status, responseText: text, cause }
    });
  }
  function refusalOf(text, type) {
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      const isText = text !== "" && text.length <= LONGEST_MESSAGE && !/html/i.test(type) && !/^\s*</.test(text);
      return isText ? { message: text } : {};
    }
    if (!isObject(data)) return typeof data === "string" && data !== "" ? { message: data } : {};
    return { message: typeof data.message === "string" && data.message !== "" ? data.message : void 0, data: data.data };
  }

  // src/engine/polling.js
  var Polling = class extends Transport {
    static transportName = "polling";
    static isAvailable = () => true;
    #abort = new AbortController();
    #getting = false;
    #posting = false;
    #whenIdle;
    open() {
      this.#poll();
    }
    get writable() {
      return !this.#posting;
    }
    get buffered() {
      return 0;
    }
    get supportsBinary() {
      return false;
    }
    async #poll() {
      this.#getting = true;
      let packets;
      try {
        packets = fromPayload(await this.#request("GET"));
      } catch (error) {
        return this.on.failed(error);
      }
      for (const packet of packets) this.on.packet(packet);
      this.#getting = false;
      if (this.#whenIdle) this.#checkIdle();
      else if (this.on !== SILENT) this.#poll();
    }
    async write(packets) {
      this.#posting = true;
      try {
        await this.#request("POST", toPayload(packets.map(({ data }) => data)));
      } catch (error) {
        return this.on.failed(error);
      }
      this.#posting = false;
      this.#checkIdle();
      this.on.drained();
    }
    async #request(method, body) {
      const { fetch = globalThis.fetch, extraHeaders, withCredentials, requestTimeout, cookies } = this.options;
      const credentials = withCredentials ? "include" : "same-origin";
      const jar = isNode && withCredentials ? cookies : void 0;
      const headers = jar ? jar.give(extraHeaders) : extraHeaders;
      const { signal } = this.#abort;
      const timer = requestTimeout > 0 && after(requestTimeout, () => this.#abort.abort(new Error("request timeout")));
      const fallback = `xhr ${method === "GET" ? "poll" : "post"} error`;
      let response;
      let text;
      try {
        response = await fetch(this.url, { method, body, headers, credentials, signal, cache: "no-store" });
        text = await response.text();
      } catch (cause) {
        throw requestFailed(fallback, { cause });
      } finally {
        clearTimeout(timer);
      }
      if (jar) jar.take(response.headers);
      if (response.ok) return text;
      const type = response.headers.get("content-type") ?? "";
      throw requestFailed(fallback, { status: response.status, text, type });
    }
    /** Starts no further GET, and calls back when no request is in flight. */
    pause(whenIdle) {
      this.#whenIdle = whenIdle;
      this.#checkIdle();
    }
    resume() {
      this.#whenIdle = void 0;
      if (!this.#getting) this.#poll();
    }
    get isGetting() {
      return this.#getting;
    }
    #checkIdle() {
      if (this.#whenIdle && !this.#getting && !this.#posting) this.#whenIdle();
    }
    close() {
      this.on = SILENT;
      this.#abort.abort();
    }
  };

  // src/engine/websocket.js
  var WS_OPTIONS = ["agent", "ca", "cert", "ciphers", "key", "passphrase", "pfx", "rejectUnauthorized", "localAddress", "perMessageDeflate"];
  var WebSocketTransport = class extends Transport {
    static transportName = "websocket";
    static isAvailable = (options) => Boolean(options.WebSocket ?? globalThis.WebSocket);
    open() {
      try {
        this.ws = this.#create();
      } catch (error) {
        Promise.resolve().then(() => this.on.failed(error));
        return;
      }
      this.ws.binaryType = "arraybuffer";
      this.ws.onopen = () => this.on.opened();
      this.ws.onmessage = ({ data }) => this.on.packet(data);
      this.ws.onerror = (event) => this.on.failed(failure("websocket error", {
        type: "TransportError",
        description: event,
        context: this.ws
      }));
      this.ws.onclose = (event) => this.on.closed(failure(`websocket: closed with code ${event.code}`, {
        description: "websocket connection closed",
        context: event,
        status: event.code
      }));
    }
    #create() {
      const { WebSocket, protocols, extraHeaders: headers } = this.options;
      const url = this.url.replace(/^http/, "ws");
      if (!isNode) return new (WebSocket ?? globalThis.WebSocket)(url, protocols);
      if (!WebSocket) return new globalThis.WebSocket(url, headers ? { protocols, headers } : protocols);
      const more = WS_OPTIONS.filter((name) => this.options[name] !== void 0);
      return new WebSocket(url, protocols, { headers, ...Object.fromEntries(more.map((name) => [name, this.options[name]])) });
    }
    get writable() {
      return this.ws?.readyState === 1;
    }
    get buffered() {
      return this.ws?.bufferedAmount ?? 0;
    }
    get supportsBinary() {
      return true;
    }
    write(packets) {
      for (const { data, compress } of packets) this.ws.send(data, compress === false ? { compress } : void 0);
      this.on.drained();
    }
    close() {
      this.on = SILENT;
      if (this.ws) this.ws.close();
    }
  };

  // src/engine/transports.js
  var BY_NAME = { polling: Polling, websocket: WebSocketTransport };
  function knownTransports({ transports }) {
    const known = transports.map((each) => BY_NAME[each.transportName ?? each]).filter(Boolean);
    if (known.length === 0) throw new TypeError(`transports: one or both of ${Object.keys(BY_NAME)} expected`);
    return known;
  }
  function availableTransports(options) {
    const available = knownTransports(options).filter((each) => each.isAvailable(options));
    if (available.length > 0) return available;
    const cure = isNode ? ": pass one as the option WebSocket, or use Node.js 22 or newer" : "";
    throw new TypeError(`there is no WebSocket here${cure}`);
  }

  // src/engine/upgrade.js
  var Upgrade = class {
    #engine;
    #probe;
    #isOver = false;
    /** Whether polling waits for its last requests. */
    isPaused = false;
    constructor(engine) {
      this.#engine = engine;
      this.#probe = new WebSocketTransport(engine._place, engine.opts, engine.id);
    }
    start() {
      const probe = this.#probe;
      const giveUp = (error) => this.#giveUp(error);
      probe.on = {
        opened: () => probe.write([{ data: `${ENGINE.ping}probe` }]),
        packet: (data) => this.#answered(data),
        drained() {
        },
        failed: giveUp,
        closed: giveUp
      };
      this.#engine._timers.start("probe", this.#engine.opts.timeout, () => giveUp(new Error("timeout")));
      probe.open();
    }
    /** Ends it without a result, because the session ends. */
    stop() {
      if (this.#isOver) return;
      this.#isOver = true;
      this.isPaused = false;
      this.#engine._timers.stop("probe");
      this.#probe.close();
    }
    #answered(data) {
      if (data !== `${ENGINE.pong}probe` || this.isPaused) return this.#giveUp(new Error("unexpected answer"));
      this.isPaused = true;
      this.#engine.emitReserved("upgrading", this.#probe);
      if (this.#isOver) return;
      this.#engine.transport.pause(() => {
        if (this.#isOver) return;
        if (this.#probe.writable) this.#change();
        else this.#giveUp(new Error("closed"));
      });
    }
    #change() {
      this.#isOver = true;
      this.isPaused = false;
      const engine = this.#engine;
      engine._timers.stop("probe");
      this.#probe.write([{ data: ENGINE.upgrade }]);
      engine.transport.close();
      engine._follow(this.#probe);
    }
    #giveUp(cause) {
      if (this.#isOver) return;
      const wasPaused = this.isPaused;
      this.stop();
      if (wasPaused) this.#engine.transport.resume();
      this.#engine._stay(failure("probe error", { transport: this.#probe.name, description: cause }));
    }
  };

  // src/engine/write_queue.js
  var lengthOf = (data) => typeof data === "string" ? data.length : sizeOf(data);
  var WriteQueue = class {
    #packets = [];
    /** Characters and bytes. */
    size = 0;
    get length() {
      return this.#packets.length;
    }
    push(packet) {
      this.size += lengthOf(packet.data);
      return this.#packets.push(packet);
    }
    /** Takes all packets, or those that fit into one request of `limit` bytes, but at least one. */
    take(limit = Infinity) {
      const batch = this.#packets.splice(0, limit === Infinity ? this.#packets.length : this.#fitting(limit));
      for (const { data } of batch) this.size -= lengthOf(data);
      return batch;
    }
    #fitting(limit) {
      let size = -1;
      const excess = this.#packets.findIndex(({ data }, index) => {
        size += sizeInPayload(data);
        return index > 0 && size > limit;
      });
      return excess < 0 ? this.#packets.length : excess;
    }
  };
  var hasBlob = (batch) => batch.some(({ data }) => typeof data !== "string" && isBlob(data));
  var withoutBlobs = (batch) => Promise.all(batch.map(async (packet) => {
    const isReadable = typeof packet.data !== "string" && isBlob(packet.data);
    return isReadable ? { ...packet, data: await packet.data.arrayBuffer() } : packet;
  }));

  // src/engine/engine.js
  var endedWithWebSocket = false;
  var NOT_INTERESTED = { opened() {
  }, message() {
  }, pinged() {
  }, upgraded() {
  }, closed() {
  } };
  var Engine = class extends Emitter {
    constructor(place, options, on) {
      super();
      this.opts = { ...options, cookies: new CookieJar() };
      this.hostname = place.hostname;
      this.port = place.port;
      this.secure = place.secure;
      this.readyState = "opening";
      this.binaryType = options.binaryType ?? DEFAULT_BINARY_TYPE;
      this.upgrades = [];
      this._place = place;
      this._on = on;
      this._untried = availableTransports(options);
      this._names = this._untried.map(({ transportName }) => transportName);
      if (options.rememberUpgrade && endedWithWebSocket) {
        this._untried.sort((one, other) => (other.transportName === "websocket") - (one.transportName === "websocket"));
      }
      this._queue = new WriteQueue();
      this._timers = new Timers();
      this._isReading = false;
    }
    open() {
      const Transport2 = this._untried.shift();
      const transport = this._use(new Transport2(this._place, this.opts));
      this._timers.start("step", this.opts.timeout, () => this._fail(transport, "transport error", new Error("timeout")));
      transport.open();
      return this;
    }
    get isAlive() {
      return this.readyState === "open" && Date.now() < this._deadline;
    }
    /** Whether a packet would leave immediately. */
    get writable() {
      return this.isAlive && this.transport.writable && !this._isHeld && this._queue.size === 0;
    }
    /** Ends the session if the server has been silent for too long. */
    checkPulse() {
      if (this.readyState !== "open") return;
      if (!this.isAlive) return this._end("ping timeout", new Error(`the server was silent for ${this._patience} ms`));
      this._timers.start("heartbeat", this._deadline - Date.now(), () => this.checkPulse());
    }
    /** Throws if a message is too large for the server, or if too much is waiting already. */
    checkRoom(data) {
      const { checkSize, maxBufferedSize } = this.opts;
      const size = typeof data === "string" ? data.length + ENGINE.message.length : sizeOf(data);
      const isTooLarge = () => (typeof data === "string" ? byteLength(ENGINE.message + data) : size) > this.maxPayload;
      if (checkSize && size * 3 > this.maxPayload && isTooLarge()) {
        throw new RangeError(`larger than the ${this.maxPayload} bytes which the server takes`);
      }
      if (this._queue.size + this.transport.buffered + size > maxBufferedSize) {
        throw new RangeError("too much is waiting to be sent (maxBufferedSize)");
      }
    }
    /** Sends a message: a text or bytes. `callback` is called when it has been given to the transport. */
    send(data, { compress } = {}, callback = void 0) {
      if (callback) this.once("flush", callback);
      this._enqueue(typeof data === "string" ? ENGINE.message + data : data, compress);
      return this;
    }
    /** Sends what waits, and closes. Whoever opened this session is told. */
    close() {
      if (this.readyState === "closing" || this.readyState === "closed") return this;
      const on = this._on;
      this.leave("forced close");
      on.closed("forced close");
      return this;
    }
    /** Sends the waiting packets, then ends the session, without a word to `on`. */
    leave(reason = "forced close") {
      if (this.readyState === "closing" || this.readyState === "closed") return;
      this._on = NOT_INTERESTED;
      this._reason = reason;
      this._upgrade?.stop();
      const isPolling = this.transport.name === "polling";
      if (!isPolling) this._flush();
      if (isPolling || this.readyState === "open" && this._isReading) {
        const isOpening = this.readyState === "opening";
        this.readyState = "closing";
        this._timers.stop("heartbeat");
        this._timers.start("step", this.opts.timeout, () => this._finish(reason));
        this.transport.pause?.(() => {
        });
        if (isOpening) return;
        if (this.transport.writable && !this._isReading) this._drained();
        return;
      }
      this._finish(reason);
    }
    /** The session was given up before it was open. Now the server has it, and must be told. */
    _leaveAtOnce(packet) {
      try {
        this.transport.sid = parseHandshake(packet).sid;
      } catch {
        return this._finish(this._reason);
      }
      this.id = this.transport.sid;
      this._saysGoodbye = true;
      this._enqueue(ENGINE.close);
    }
    get _isHeld() {
      return this._isReading || Boolean(this._upgrade?.isPaused);
    }
    _drained() {
      this.emitReserved("drain");
      if (this.readyState === "closing" && this._queue.length === 0) {
        if (this._saysGoodbye || this.transport.name !== "polling") return this._finish(this._reason);
        this._saysGoodbye = true;
        this._enqueue(ENGINE.close);
      }
      this._flush();
    }
    _use(transport) {
      this.transport = transport;
      transport.on = {
        opened() {
        },
        packet: (data) => this._receive(data),
        drained: () => this._drained(),
        failed: (error) => this._fail(transport, "transport error", error),
        closed: (error) => this._fail(transport, "transport close", error)
      };
      return transport;
    }
    _receive(packet) {
      if (this.readyState === "opening") return this._handshake(packet);
      if (this.readyState === "closing" && this.id === void 0) return this._leaveAtOnce(packet);
      if (this.readyState !== "open") return;
      this._deadline = Date.now() + this._patience;
      let data;
      try {
        data = decoded(packet);
      } catch (error) {
        return this._end("parse error", error);
      }
      const isText = typeof data === "string";
      const message = isText ? data.slice(1) : received(data, this.binaryType);
      const type = isText ? data[0] : ENGINE.message;
      this.emitReserved("packet", { type: NAMES[type], data: message });
      if (type === ENGINE.message) {
        this.emitReserved("data", message);
        this.emitReserved("message", message);
        this._on.message(message);
      } else if (data === ENGINE.ping) {
        this.emitReserved("ping");
        this.emitReserved("pong");
        this._enqueue(ENGINE.pong);
        this._on.pinged();
      } else if (data === ENGINE.close) this._end("transport close", new Error("closed by the server"));
      else if (data !== ENGINE.noop) this._end("parse error", new Error("unexpected Engine.IO packet"));
    }
    _handshake(data) {
      let session;
      try {
        session = parseHandshake(data);
      } catch (error) {
        return this._fail(this.transport, "parse error", error);
      }
      this.readyState = "open";
      this.id = this.transport.sid = session.sid;
      this.pingInterval = session.pingInterval;
      this.pingTimeout = session.pingTimeout;
      this.maxPayload = session.maxPayload || Infinity;
      this.upgrades = (session.upgrades || []).filter((name) => this._names.includes(name));
      this._patience = session.pingInterval + session.pingTimeout;
      this._deadline = Date.now() + this._patience;
      endedWithWebSocket = this.transport.name === "websocket";
      this._timers.stop("step");
      this.emitReserved("handshake", session);
      this.emitReserved("open");
      this.checkPulse();
      this._on.opened();
      const mayUpgrade = this.opts.upgrade && this.upgrades.includes("websocket");
      if (mayUpgrade && this.readyState === "open" && this.transport.name === "polling") {
        this._upgrade = new Upgrade(this);
        this._upgrade.start();
      }
    }
    /** An upgrade has succeeded. */
    _follow(transport) {
      this._upgrade = void 0;
      endedWithWebSocket = true;
      this._use(transport);
      this._flush();
      this.emitReserved("upgrade", transport);
      this._on.upgraded(transport.name);
    }
    /** An upgrade has failed, and the connection stays as it was. */
    _stay(error) {
      this._upgrade = void 0;
      this._flush();
      this.emitReserved("upgradeError", error);
    }
    _enqueue(data, compress) {
      const isText = typeof data === "string";
      this.emitReserved("packetCreate", { type: isText ? NAMES[data[0]] : "message", data: isText ? data.slice(1) : data });
      if (this._queue.push({ data, compress }) === 1) Promise.resolve().then(() => this._flush());
    }
    _flush() {
      if (this.readyState === "opening" || this.readyState === "closed" || this._isHeld) return;
      if (this._queue.length === 0 || !this.transport.writable) return;
      const batch = this._queue.take(this.transport.name === "polling" ? this.maxPayload : Infinity);
      if (hasBlob(batch)) return this._readBlobs(batch);
      this.transport.write(batch);
      this.emitReserved("flush");
    }
    async _readBlobs(batch) {
      this._isReading = true;
      let readable;
      try {
        readable = await withoutBlobs(batch);
      } catch (error) {
        this._isReading = false;
        return this._end("transport error", error);
      }
      this._isReading = false;
      if (this.readyState === "closed") return;
      this.transport.write(readable);
      this.emitReserved("flush");
      this._flush();
    }
    _fail(transport, reason, error) {
      if (transport !== this.transport || this.readyState === "closed") return;
      if (this.readyState !== "opening" || this._untried.length === 0 || !this.opts.tryAllTransports) return this._end(reason, error);
      transport.on = SILENT;
      transport.close();
      this.open();
    }
    _end(reason, error) {
      if (this.readyState === "closed") return;
      if (reason === "transport error") endedWithWebSocket = false;
      const on = this._on;
      this._finish(reason, error);
      if (error && reason !== "transport close") this.emitReserved("error", error);
      on.closed(reason, error);
    }
    _finish(reason, error) {
      if (this.readyState === "closed") return;
      this.readyState = "closed";
      this.id = void 0;
      this._upgrade?.stop();
      this._timers.stopAll();
      this.transport.close();
      this.emitReserved("close", reason, error);
    }
  };
  Engine.prototype.write = Engine.prototype.send;

  // src/options.js
  var DEFAULTS = {
    // -- The connection
    path: "/socket.io",
    addTrailingSlash: true,
    port: void 0,
    // in place of the URL's
    transports: ["polling", "websocket"],
    tryAllTransports: false,
    // if the first can't open, the next
    upgrade: true,
    // from polling to websocket, where both are allowed
    rememberUpgrade: false,
    // begin with websocket if the last connection ended with it
    query: void 0,
    // an object, for the query string of each request
    // An object. Browsers send them with polling only, since a WebSocket has no headers there.
    extraHeaders: void 0,
    transportOptions: void 0,
    // options for one transport, by its name
    withCredentials: false,
    // cookies across origins; polling only
    timestampRequests: false,
    // a parameter `t` that differs in each request
    timestampParam: "t",
    requestTimeout: 0,
    // ms for each request of polling; 0: no limit of the client's
    protocols: [],
    // subprotocols of the WebSocket
    binaryType: void 0,
    // "arraybuffer", "blob" or, in Node.js, "nodebuffer"
    closeOnBeforeunload: false,
    forceNew: false,
    // a connection of its own
    multiplex: true,
    // namespaces of one server share a connection
    autoConnect: true,
    timeout: 2e4,
    // ms to open a transport, for an upgrade, and for the last POST
    parser: void 0,
    // { Encoder, Decoder }
    // -- Reconnection
    reconnection: true,
    reconnectionAttempts: Infinity,
    reconnectionDelay: 1e3,
    // ms before the first attempt, doubled for each of the next
    reconnectionDelayMax: 5e3,
    // Spreads the delays, so that the clients of a restarted server do not all return together.
    randomizationFactor: 0.5,
    // -- One socket
    // An object for the server's connect handler, or a function (callback) that passes one on.
    auth: void 0,
    retries: 0,
    // how often an event is sent again that was not acknowledged within `ackTimeout`
    // Milliseconds. Makes all acknowledgement callbacks error-first, as timeout(ms) does for one.
    ackTimeout: void 0,
    // -- Bounds, which the official client has not
    maxBuffered: Infinity,
    // events, or subscriptions, while disconnected
    maxBufferedSize: Infinity,
    // characters and bytes that wait to be sent, connected or not
    checkSize: false,
    // refuse what is larger than the server takes, instead of sending it
    // -- In place of the global ones
    WebSocket: void 0,
    fetch: void 0
  };
  function withDefaults(options = {}) {
    const all = { ...DEFAULTS };
    for (const [name, value] of Object.entries(options)) if (value !== void 0) all[name] = value;
    return all;
  }

  // src/url.js
  var SCHEMES = { "http:": "http", "ws:": "http", "https:": "https", "wss:": "https" };
  function locate(url, options) {
    let text = String(url || "/");
    if (!/^(\/|[a-z][a-z\d+.-]*:\/\/)/i.test(text)) text = `//${text}`;
    const { location } = globalThis;
    const target = new URL(text, location && location.href);
    const scheme = SCHEMES[target.protocol];
    if (!scheme) throw new TypeError(`neither an HTTP nor a WebSocket URL: ${text}`);
    if (options.port) target.port = options.port;
    const path = options.path.replace(/\/$/, "") + (options.addTrailingSlash ? "/" : "");
    return {
      address: `${scheme}://${target.host}${path}`,
      hostname: target.hostname,
      port: target.port || (scheme === "https" ? "443" : "80"),
      secure: scheme === "https",
      namespace: decodeURI(target.pathname),
      query: { ...Object.fromEntries(target.searchParams), ...asObject(options.query) }
    };
  }
  var asObject = (query) => typeof query === "string" ? Object.fromEntries(new URLSearchParams(query)) : query;
  var isLoopback = (hostname) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);

  // src/page_events.js
  var PageEvents = class {
    #listeners;
    #isListening = false;
    constructor(manager) {
      const isConnecting = () => manager._readyState !== "closed";
      const leave = () => isConnecting() && manager.engine.leave();
      this.#listeners = {
        online: () => manager._hasten(),
        offline: () => isConnecting() && !isLoopback(manager.engine.hostname) && manager._lose("transport close", { description: "network connection lost" }),
        // An open connection would keep the page out of the back/forward cache. Listeners are
        // notified when the page comes back.
        pagehide: leave,
        pageshow: ({ persisted }) => persisted && isConnecting() && manager._revive()
      };
      if (manager.opts.closeOnBeforeunload) this.#listeners.beforeunload = leave;
    }
    listen() {
      if (this.#isListening) return;
      this.#isListening = true;
      this.#each(globalThis.addEventListener);
    }
    stop() {
      if (!this.#isListening) return;
      this.#isListening = false;
      this.#each(globalThis.removeEventListener);
    }
    /** Not all environments have these functions. */
    #each(change) {
      if (!change) return;
      for (const [event, listener] of Object.entries(this.#listeners)) change.call(globalThis, event, listener);
    }
  };

  // src/parser/index.js
  var parser_exports = {};
  __export(parser_exports, {
    Decoder: () => Decoder,
    Encoder: () => Encoder,
    PacketType: () => PacketType,
    protocol: () => protocol
  });

  // src/parser/packet.js
  var protocol = 5;
  var PacketType = {
    CONNECT: 0,
    DISCONNECT: 1,
    EVENT: 2,
    ACK: 3,
    CONNECT_ERROR: 4,
    BINARY_EVENT: 5,
    BINARY_ACK: 6
  };
  var RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
  var isReserved = (name) => RESERVED.includes(name);
  var isEventName = (name) => typeof name === "number" || typeof name === "string" && !isReserved(name);
  var { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } = PacketType;
  var isEvent = (data) => Array.isArray(data) && isEventName(data[0]);
  var DATA_CHECKS = {
    [CONNECT]: (data) => isObject(data) && typeof data.sid === "string",
    [DISCONNECT]: (data) => data === void 0,
    [EVENT]: isEvent,
    [ACK]: Array.isArray,
    [CONNECT_ERROR]: (data) => isObject(data) || typeof data === "string",
    [BINARY_EVENT]: isEvent,
    [BINARY_ACK]: Array.isArray
  };
  var WITHOUT_ATTACHMENTS = { [BINARY_EVENT]: EVENT, [BINARY_ACK]: ACK };
  var WITH_ATTACHMENTS = { [EVENT]: BINARY_EVENT, [ACK]: BINARY_ACK };

  // src/parser/decoder.js
  var HEAD = /^(.?)(?:(\/[^,]*),?)?(\d*)/;
  var BINARY_HEAD = /^([56])(\d+)-(?:(\/[^,]*),?)?(\d*)/;
  var Decoder = class extends Emitter {
    #packet;
    // that waits for attachments
    #attachments = [];
    add(chunk) {
      if (typeof chunk !== "string") return this.#attach(chunk);
      if (this.#packet) throw new Error("text where a binary attachment is due");
      const { attachments, ...packet } = parse(chunk);
      if (attachments === 0) return this.emitReserved("decoded", finish(packet, []));
      this.#packet = packet;
      this.#packet.missing = attachments;
    }
    #attach(bytes) {
      if (!this.#packet) throw new Error("a binary attachment without a packet");
      this.#attachments.push(bytes);
      this.#packet.missing -= 1;
      if (this.#packet.missing > 0) return;
      const { missing, ...packet } = this.#packet;
      const attachments = this.#attachments;
      this.destroy();
      this.emitReserved("decoded", finish(packet, attachments));
    }
    /** Forgets a packet that is not whole. */
    destroy() {
      this.#packet = void 0;
      this.#attachments = [];
    }
  };
  function parse(text) {
    const isBinary2 = WITHOUT_ATTACHMENTS[text[0]] !== void 0;
    const found = (isBinary2 ? BINARY_HEAD : HEAD).exec(text);
    if (!found) throw new Error("a binary packet without the number of its attachments");
    if (!isBinary2) found.splice(2, 0, "0");
    const [head, type, attachments, nsp = "/", id] = found;
    if (!DATA_CHECKS[type]) throw new Error(`unknown packet type: ${type}`);
    const data = head.length === text.length ? void 0 : JSON.parse(text.slice(head.length));
    if (!DATA_CHECKS[type](data)) throw new Error(`invalid payload in a packet of type ${type}`);
    return { type: Number(type), nsp, id: id === "" ? void 0 : number(id), data, attachments: Number(attachments) };
  }
  var number = (id) => Number.isSafeInteger(Number(id)) ? Number(id) : id;
  function finish(packet, attachments) {
    const type = WITHOUT_ATTACHMENTS[packet.type];
    if (type === void 0) return packet;
    return { ...packet, type, data: putBack(packet.data, attachments) };
  }
  function putBack(data, attachments) {
    if (typeof data !== "object" || data === null) return data;
    if (data._placeholder === true) {
      if (!Number.isInteger(data.num) || !(data.num in attachments)) throw new Error("a placeholder for no attachment");
      return attachments[data.num];
    }
    for (const key of Object.keys(data)) data[key] = putBack(data[key], attachments);
    return data;
  }

  // src/parser/encoder.js
  var Encoder = class {
    encode({ type, nsp, data, id }) {
      const attachments = [];
      const json = data === void 0 ? "" : JSON.stringify(data, WITH_ATTACHMENTS[type] && takeOut(attachments));
      const isBinaryPacket = attachments.length > 0;
      const head = isBinaryPacket ? `${WITH_ATTACHMENTS[type]}${attachments.length}-` : `${type}`;
      const namespace = nsp && nsp !== "/" ? `${nsp},` : "";
      return [head + namespace + (id ?? "") + json, ...attachments];
    }
  };
  function takeOut(attachments) {
    return function replacer(key, value) {
      const bytes = [this[key], value].find((each) => typeof each === "object" && each !== null && isBinary(each));
      if (bytes === void 0) return value;
      return { _placeholder: true, num: attachments.push(bytes) - 1 };
    };
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

  // src/socket/acks.js
  var Acks = class {
    #waiting = /* @__PURE__ */ new Map();
    // by id: {callback, errorFirst, timer}
    #next = 0;
    get nextId() {
      return this.#next;
    }
    get size() {
      return this.#waiting.size;
    }
    /**
     * Waits for an answer. `errorFirst` callbacks also learn that it does not come.
     * `onTimeout(id)` is called before the callback.
     */
    expect({ callback, errorFirst, timeout }, onTimeout) {
      const id = this.#next++;
      const timer = timeout === void 0 ? void 0 : after(timeout, () => {
        onTimeout(id);
        this.settle(id, failure("operation has timed out", { code: "TIMEOUT" }));
      });
      this.#waiting.set(id, { callback, errorFirst, timer });
      return id;
    }
    /** Returns whether the callback was notified. */
    settle(id, error, answer = []) {
      const ack = this.#waiting.get(id);
      if (!ack) return false;
      this.#waiting.delete(id);
      clearTimeout(ack.timer);
      if (ack.errorFirst) call(ack.callback, [error, ...answer]);
      else if (!error) call(ack.callback, answer);
      return ack.errorFirst || !error;
    }
    /** The ids of all that have been sent. */
    sent(buffer) {
      const buffered = new Set(buffer.map(({ id }) => id));
      return [...this.#waiting.keys()].filter((id) => !buffered.has(id));
    }
    /** The connection broke: what was sent will not be answered. */
    abandon(ids) {
      for (const id of ids) this.settle(id, disconnected());
    }
  };

  // src/socket/any_listeners.js
  var anyListeners = {
    /** `listener(event, ...args)` receives all events of the server, before the others do. */
    onAny(listener) {
      this._any = [...this._any, listener];
      return this;
    },
    prependAny(listener) {
      this._any = [listener, ...this._any];
      return this;
    },
    /** Removes a listener, or all. */
    offAny(listener) {
      this._any = this._any.filter((each) => listener && each !== listener);
      return this;
    },
    listenersAny() {
      return this._any;
    },
    /** `listener(event, ...args)` receives all events that are sent, when they are sent. */
    onAnyOutgoing(listener) {
      this._anyOutgoing = [...this._anyOutgoing, listener];
      return this;
    },
    prependAnyOutgoing(listener) {
      this._anyOutgoing = [listener, ...this._anyOutgoing];
      return this;
    },
    offAnyOutgoing(listener) {
      this._anyOutgoing = this._anyOutgoing.filter((each) => listener && each !== listener);
      return this;
    },
    listenersAnyOutgoing() {
      return this._anyOutgoing;
    }
  };

  // src/socket/retry_queue.js
  var RetryQueue = class {
    #socket;
    #retries;
    #entries = [];
    // {args, flags, callback, tries}
    #isWaiting = false;
    constructor(socket, retries) {
      this.#socket = socket;
      this.#retries = retries;
    }
    push(args, flags, callback) {
      this.#entries.push({ args, flags, callback, tries: 0 });
      this.send();
    }
    /** Sends the first event, unless its answer is awaited. A new connection does not wait. */
    send(isNewConnection = false) {
      if (!this.#socket.connected || this.#entries.length === 0) return;
      if (this.#isWaiting && !isNewConnection) return;
      const entry = this.#entries[0];
      entry.tries += 1;
      this.#isWaiting = true;
      const { tries } = entry;
      const answered = (error, ...answer) => this.#answered(entry, tries, error, answer);
      this.#socket._transmit(entry.args, entry.flags, { callback: answered, errorFirst: true });
    }
    #answered(entry, tries, error, answer) {
      if (entry !== this.#entries[0] || error && tries !== entry.tries) return;
      const isOver = !error || entry.tries > this.#retries;
      this.#isWaiting = false;
      if (isOver) {
        this.#entries.shift();
        if (entry.callback) call(entry.callback, [error ?? null, ...answer]);
      }
      this.send();
    }
  };

  // src/socket/socket.js
  var Socket = class _Socket extends Emitter {
    /** `new Socket(url?, options?)` has a connection of its own. It is set where managers are known. */
    static ownManager;
    constructor(manager, nsp, options) {
      super();
      const isOwn = typeof manager?.socket !== "function";
      if (isOwn) {
        [manager, nsp] = _Socket.ownManager(manager, nsp);
        options = manager.opts;
        manager.nsps[nsp] = this;
      }
      this.io = manager;
      this.nsp = nsp;
      this.auth = options?.auth;
      this.id = void 0;
      this.connected = false;
      this.recovered = false;
      this.sendBuffer = [];
      this.receiveBuffer = [];
      this._opts = { ...options };
      this._any = [];
      this._anyOutgoing = [];
      this._flags = {};
      this._acks = new Acks();
      this._retries = this._opts.retries > 0 ? new RetryQueue(this, this._opts.retries) : void 0;
      this._addOn = void 0;
      this._wanted = false;
      this._attempts = 0;
      this._progress = new Progress();
    }
    get disconnected() {
      return !this.connected;
    }
    /** Whether it is connected, or will try to be. */
    get active() {
      return this._wanted && (this.io._readyState !== "closed" || this.io._reconnecting);
    }
    get namespace() {
      return this.nsp;
    }
    /**
     * Up to here it has had all events, as an opaque text. Undefined, if the server does not say.
     * A listener of an event reads the position of that event.
     */
    get position() {
      return this._progress.position;
    }
    /** "polling" or "websocket", or undefined without a connection. */
    get transport() {
      return this.io._readyState === "closed" ? void 0 : this.io.engine?.transport?.name;
    }
    /** Connects. While a reconnection waits for its time, tries immediately. */
    connect() {
      if (this.connected) return this;
      const wasWanted = this._wanted;
      this._wanted = true;
      if (this.io._retryTimer !== void 0) this.io._hasten();
      else if (this.io._readyState !== "open") this.io.open();
      else if (!wasWanted) this._opened(0);
      return this;
    }
    /** Sends the emitted events, leaves the namespace, and stays away until connect(). */
    disconnect() {
      if (!this._wanted) return this;
      if (this.connected) this._write(this.io._encode({ type: PacketType.DISCONNECT, nsp: this.nsp }));
      this._stop("io client disconnect");
      return this;
    }
    /**
     * Sends an event, or keeps it for the next connection. A function at the end is called with the
     * server's answer, error-first after timeout() or with an `ackTimeout`. Throws if the data can't
     * be sent.
     */
    emit(event, ...args) {
      const flags = this._takeFlags();
      const callback = typeof args.at(-1) === "function" ? args.pop() : void 0;
      const errorFirst = flags.timeout !== void 0;
      return this._send([event, ...args], flags, callback && { callback, errorFirst });
    }
    /** Resolves to the server's answer. Rejects if it does not come, or if emit() throws. */
    emitWithAck(event, ...args) {
      const flags = this._takeFlags();
      return new Promise((resolve, reject) => {
        const callback = (error, answer) => error ? reject(error) : resolve(answer);
        this._send([event, ...args], flags, { callback, errorFirst: true });
      });
    }
    send(...args) {
      return this.emit("message", ...args);
    }
    /** The next event is dropped if it can't be sent immediately. */
    get volatile() {
      this._flags.volatile = true;
      return this;
    }
    /** The next event's callback is error-first, and is called after so many milliseconds at most. */
    timeout(ms) {
      this._flags.timeout = ms;
      return this;
    }
    /** Whether the next event may be compressed, where the transport can. */
    compress(compress) {
      this._flags.compress = compress;
      return this;
    }
    // -- connecting and disconnecting
    _opened(attempts) {
      const { engine } = this.io;
      this._attempts = attempts;
      const join = (data) => {
        if (!this._wanted || engine !== this.io.engine || this.io._readyState !== "open" || this.connected) return;
        this._write(this.io._encode({ type: PacketType.CONNECT, nsp: this.nsp, data: this._progress.request(data) }));
      };
      try {
        if (typeof this.auth === "function") this.auth(join);
        else join(this.auth);
      } catch (error) {
        this._refused(error);
      }
    }
    _joined(answer = {}) {
      const { sid, pid } = answer;
      if (typeof sid !== "string") return this.io._lose("parse error", new Error("the server speaks an older protocol"));
      const attempts = this._attempts;
      this.id = sid;
      this.recovered = pid !== void 0 && pid === this._progress.pid;
      this._progress.connected(answer, this.recovered);
      this.connected = true;
      this._attempts = this.io._attempts = 0;
      this._addOn?.joined();
      for (const packet of this.sendBuffer.splice(0)) this._sendBuffered(packet);
      this._retries?.send(true);
      this.emitReserved("connect");
      if (attempts > 0) this.emitReserved("reconnect", attempts);
      for (const packet of this.receiveBuffer.splice(0)) if (this.connected) this._dispatch(packet);
    }
    _refused(error) {
      this._stop();
      this.emitReserved("connect_error", error);
    }
    /** It is not wanted any more, by either side. */
    _stop(reason) {
      this._wanted = false;
      this.io._release();
      if (this.connected) this._lost(reason);
      if (!this._wanted) this._stopped();
    }
    _lost(reason, error) {
      this.receiveBuffer = [];
      if (!this.connected) return this.emitReserved("connect_error", error);
      const unanswered = this._acks.sent(this.sendBuffer);
      this.connected = false;
      this.id = void 0;
      this.emitReserved("disconnect", reason, error);
      this._acks.abandon(unanswered);
    }
    /** There will be no attempt to connect until connect(). */
    _stopped() {
      this._addOn?.stopped();
    }
    // -- receiving
    _receive(packet) {
      const { type, data, id } = packet;
      if (type === PacketType.ACK || type === PacketType.BINARY_ACK) this._acks.settle(id, null, data);
      else if (type === PacketType.DISCONNECT) this._stop("io server disconnect");
      else if (type === PacketType.CONNECT) this.connected || this._joined(data);
      else if (type === PacketType.CONNECT_ERROR) this.connected || this._refused(refusal(data));
      else if (this.connected) this._dispatch(packet);
      else if (this.receiveBuffer.push(packet) > this.io.opts.maxBuffered) {
        this.io._lose("parse error", new Error("too many early events"));
      }
    }
    _dispatch({ data, id }) {
      const isAsked = id !== void 0 && id !== null;
      if (!isAsked) this._progress.take(data);
      const args = isAsked ? data.concat(this._answerTo(id)) : data;
      for (const listener of this._any) call(listener, args, this);
      this.emitReserved(...args);
      this._progress.handled(data);
    }
    _answerTo(id) {
      const { engine } = this.io;
      let isAnswered = false;
      return (...args) => {
        if (isAnswered || !this.connected || engine !== this.io.engine) return;
        const parts = this.io._encode({ type: PacketType.ACK, nsp: this.nsp, id, data: args });
        parts.forEach((part) => engine.checkRoom(part));
        isAnswered = true;
        this._write(parts);
      };
    }
    // -- sending
    _takeFlags() {
      const flags = this._flags;
      this._flags = {};
      return flags;
    }
    _send(args, flags, ack) {
      if (isReserved(args[0])) throw new TypeError(`"${args[0]}" is a reserved event name`);
      if (!isEventName(args[0])) throw new TypeError(`not an event's name: ${String(args[0])}`);
      if (!this._retries || flags.volatile) return this._transmit(args, flags, ack);
      this._retries.push(args, flags, ack?.callback);
      return this;
    }
    /** `ack` is `{callback, errorFirst}`, if an answer is wanted. */
    _transmit(args, flags, ack) {
      const timeout = flags.timeout ?? this._opts.ackTimeout;
      if (flags.volatile && !(this.connected && this.io.engine.writable)) {
        if (ack) this._expect(ack, timeout);
        return this;
      }
      const packet = { type: PacketType.EVENT, nsp: this.nsp, data: args, options: { compress: flags.compress !== false } };
      if (ack) packet.id = this._acks.nextId;
      packet.parts = this.io._encode(packet);
      const isSentNow = this._isReady();
      if (isSentNow) packet.parts.forEach((part) => this.io.engine.checkRoom(part));
      else this._checkBuffer(packet.parts);
      if (ack) this._expect(ack, timeout);
      if (isSentNow) this._write(packet.parts, packet);
      else this.sendBuffer.push(packet);
      return this;
    }
    /** An event whose callback is error-first, and which is not sent again. */
    _request(args, callback) {
      return this._transmit(args, {}, { callback, errorFirst: true });
    }
    _expect({ callback, errorFirst }, timeout) {
      const forget = (id) => {
        this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id);
      };
      this._acks.expect({ callback, errorFirst: errorFirst || timeout !== void 0, timeout }, forget);
    }
    _sendBuffered(packet) {
      try {
        packet.parts.forEach((part) => this.io.engine.checkRoom(part));
        this._write(packet.parts, packet);
      } catch (error) {
        after(0, () => this._acks.settle(packet.id, error) || report(error));
      }
    }
    _write(parts, packet) {
      if (packet) for (const listener of this._anyOutgoing) call(listener, packet.data, this);
      this.io._write(parts, packet?.options);
    }
    /**
     * Timers stand still while a computer sleeps, so a call that sends may be the first to notice a
     * dead connection.
     */
    _isReady() {
      const { engine } = this.io;
      const isReady = this.connected && engine.isAlive;
      if (this.connected && !isReady) after(0, () => engine.checkPulse());
      return isReady;
    }
    _checkBuffer(parts) {
      const { maxBuffered, maxBufferedSize } = this.io.opts;
      if (this.sendBuffer.length >= maxBuffered) throw new RangeError("too many events are waiting for a connection (maxBuffered)");
      if (maxBufferedSize === Infinity) return;
      const sizeOf2 = (all) => all.reduce((sum, part) => sum + (part.length ?? part.byteLength ?? part.size), 0);
      const size = this.sendBuffer.reduce((sum, packet) => sum + sizeOf2(packet.parts), sizeOf2(parts));
      if (size > maxBufferedSize) throw new RangeError("too much is waiting for a connection (maxBufferedSize)");
    }
  };
  Object.assign(Socket.prototype, anyListeners);
  Socket.prototype.open = Socket.prototype.connect;
  Socket.prototype.close = Socket.prototype.disconnect;

  // src/manager.js
  var Manager = class extends Emitter {
    constructor(uri, options) {
      super();
      if (isObject(uri) && !uri.href) [uri, options] = [void 0, uri];
      this.uri = uri;
      this.opts = withDefaults(options);
      knownTransports(this.opts);
      this.engine = void 0;
      this.nsps = {};
      this._place = locate(uri, this.opts);
      this._autoConnect = this.opts.autoConnect;
      this._readyState = "closed";
      this._reconnecting = false;
      this._attempts = 0;
      this._retryTimer = void 0;
      this._isGivenUp = true;
      this._openCallback = void 0;
      this._page = new PageEvents(this);
      const { Encoder: Encoder2, Decoder: Decoder2 } = this.opts.parser ?? parser_exports;
      this._encoder = new Encoder2();
      this._decoder = new Decoder2();
      this._decoder.on("decoded", (packet) => this._decoded(packet));
      if (this._autoConnect) this.open();
    }
    /** Connects, if it does not yet. `callback(err?)` takes the result of this attempt. */
    open(callback) {
      if (this._readyState !== "closed") return this;
      this._isGivenUp = false;
      this._openCallback = callback;
      this._page.listen();
      clearTimeout(this._retryTimer);
      this._retryTimer = void 0;
      this._readyState = "opening";
      this._decoder.destroy?.();
      this._open();
      return this;
    }
    /** The socket of a namespace. It connects, unless `autoConnect` is false. */
    socket(nsp, options) {
      const socket = this.nsps[nsp] ?? (this.nsps[nsp] = new Socket(this, nsp, options));
      if (this._autoConnect && !socket.active) socket.connect();
      return socket;
    }
    get _sockets() {
      return Object.values(this.nsps).filter((socket) => socket._wanted);
    }
    _open() {
      let engine;
      const on = {
        opened: () => this._opened(),
        message: (data) => this._received(data),
        pinged: () => this.emitReserved("ping"),
        upgraded: (name) => this._sockets.forEach((socket) => socket.emitReserved("upgrade", name)),
        closed: (reason, error) => this._lose(reason, error)
      };
      try {
        engine = this.engine = new Engine(this._place, this.opts, on);
      } catch (error) {
        after(0, () => this._readyState === "opening" && this._lose("transport error", error));
        return;
      }
      engine.open();
    }
    _opened() {
      const attempts = this._attempts;
      const callback = this._openCallback;
      this._openCallback = void 0;
      this._readyState = "open";
      this._reconnecting = false;
      this.emitReserved("open");
      const sockets = this._sockets;
      if (sockets.length === 0) this._attempts = 0;
      for (const socket of sockets) socket._opened(attempts);
      if (callback) call(callback, []);
      if (attempts > 0) this.emitReserved("reconnect", attempts);
    }
    _received(data) {
      try {
        this._decoder.add(data);
      } catch (error) {
        this._lose("parse error", error);
      }
    }
    _decoded(packet) {
      this.emitReserved("packet", packet);
      const socket = this.nsps[packet.nsp];
      if (socket && socket._wanted) socket._receive(packet);
    }
    /** The parts of a packet: a text, or bytes. Throws if its data can't be sent. */
    _encode(packet) {
      return this._encoder.encode(packet);
    }
    _write(parts, options) {
      for (const part of parts) this.engine.send(part, options);
    }
    /** The connection, or the attempt at one, has ended, and the client did not want it. */
    _lose(reason, error) {
      const wasOpen = this._readyState === "open";
      const callback = this._openCallback;
      const attempts = this._attempts;
      this._openCallback = void 0;
      this._drop();
      this._reconnecting = !callback && this._mayTry();
      if (wasOpen) this.emitReserved("close", reason, error);
      else this.emitReserved("error", error);
      for (const socket of this._sockets) {
        if (wasOpen) socket._lost(reason, error);
        else socket.emitReserved("connect_error", error);
      }
      if (callback) call(callback, [error]);
      if (!wasOpen && attempts > 0) this.emitReserved("reconnect_error", error);
      if (this._readyState === "closed" && this._retryTimer === void 0 && !this._isGivenUp) this._retry();
    }
    _mayTry() {
      return !this._isGivenUp && this.opts.reconnection && this._attempts < this.opts.reconnectionAttempts;
    }
    _retry() {
      if (this._reconnecting && this._mayTry()) {
        this._retryTimer = after(backoff(this._attempts, this.opts), () => this._attempt());
        return;
      }
      const hasFailed = this.opts.reconnection && this._attempts > 0;
      this._giveUp();
      for (const socket of this._sockets) socket._stopped();
      if (!hasFailed) return;
      this.emitReserved("reconnect_failed");
      for (const socket of this._sockets) socket.emitReserved("reconnect_failed");
    }
    _attempt() {
      this._retryTimer = void 0;
      this._attempts += 1;
      this.emitReserved("reconnect_attempt", this._attempts);
      for (const socket of this._sockets) socket.emitReserved("reconnect_attempt", this._attempts);
      if (!this._isGivenUp) this.open();
    }
    /** Makes a reconnection that waits for its time at once. */
    _hasten() {
      if (this._retryTimer === void 0) return;
      clearTimeout(this._retryTimer);
      this._attempt();
    }
    /** The page was left, and its connection closed. Now it is back. */
    _revive() {
      this._lose("transport close", new Error("the page was put aside"));
      this._hasten();
    }
    /** A socket has no use for the connection any more. */
    _release() {
      if (this._sockets.length === 0) this._close();
    }
    _close() {
      const wasOpen = this._readyState === "open";
      this._giveUp();
      this._drop();
      if (wasOpen) this.emitReserved("close", "forced close");
    }
    _giveUp() {
      this._isGivenUp = true;
      this._reconnecting = false;
      this._attempts = 0;
      this._page.stop();
    }
    _drop() {
      clearTimeout(this._retryTimer);
      this._retryTimer = void 0;
      this._readyState = "closed";
      if (this.engine) this.engine.leave();
    }
    /** `reconnection(false)` ends the wait for an attempt, too. */
    _stopRetrying() {
      if (this._retryTimer === void 0) return;
      this._drop();
      this._giveUp();
      for (const socket of this._sockets) socket._stopped();
    }
  };
  for (const name of ["reconnection", "reconnectionAttempts", "reconnectionDelay", "reconnectionDelayMax", "randomizationFactor", "timeout"]) {
    Manager.prototype[name] = function option(...values) {
      if (values.length === 0) return this.opts[name];
      [this.opts[name]] = values;
      if (name === "reconnection" && !values[0]) this._stopRetrying();
      return this;
    };
  }
  Manager.prototype.connect = Manager.prototype.open;

  // src/lookup.js
  var managers = /* @__PURE__ */ new Map();
  function io(url, options) {
    if (isObject(url) && !url.href) [url, options] = [void 0, url];
    const { address, namespace } = locate(url, withDefaults(options));
    const known = managers.get(address);
    const isAlone = options?.forceNew || options?.["force new connection"] || options?.multiplex === false;
    if (isAlone || known && namespace in known.nsps) return new Manager(url, options).socket(namespace, options);
    const manager = known ?? new Manager(url, options);
    managers.set(address, manager);
    return manager.socket(namespace, options);
  }
  Socket.ownManager = (url, options) => {
    if (isObject(url) && !url.href) [url, options] = [void 0, url];
    const manager = new Manager(url, { ...options, autoConnect: false });
    return [manager, manager._place.namespace];
  };

  // src/channels/positions.js
  var order = (position) => /^\d+-[\d.]+$/.test(position) ? position.replace(/\d+/g, (number2) => number2.padStart(14)) : position;
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
  var DEFAULTS2 = {
    subscribeEvent: "subscribe",
    // the three names, for servers that have renamed them
    unsubscribeEvent: "unsubscribe",
    publishEvent: "publish",
    maxBuffered: Infinity,
    // subscriptions while disconnected; one more throws a RangeError
    keepPosition: false
    // over a reload of the page: true for sessionStorage, or a storage
  };
  function withChannels(socket, options, progressOf = () => new Progress()) {
    if (socket._channelList) return socket;
    const list = new ChannelList(socket, socket._progress ?? progressOf(socket), { ...DEFAULTS2, ...options });
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

  // src/socket_channels.js
  var channels = (socket, options) => withChannels(socket, options);
  for (const name of ["subscribe", "unsubscribe", "publish", "broadcast_channel"]) {
    Socket.prototype[name] = function channelMethod(...args) {
      return channels(this, this.io.opts)[name](...args);
    };
  }
  Object.defineProperty(Socket.prototype, "channels", {
    get() {
      return channels(this, this.io.opts).channels;
    }
  });

  // src/index.js
  /*!
   * The client of actix-socketio: Socket.IO protocol 5 over Engine.IO protocol 4.
   * Its use and its options: docs/client.md.
   */

  // src/browser.js
  /*!
   * The client of actix-socketio: Socket.IO protocol 5 over Engine.IO protocol 4.
   *
   *     <script src="/socket.io/socket.io.js"><\/script>
   *     const socket = io();                       // this page's server, namespace "/"
   *     socket.on("message", (data) => show(data));
   *     socket.emit("hello", { from: "a page" });
   *
   * It has the interface of Socket.IO's own client, https://socket.io/docs/v4/client-api/, and
   * channels: socket.subscribe(), socket.unsubscribe() and socket.publish().
   * MIT OR Apache-2.0
   */
  var { io: io2 } = index_exports;
  for (const [name, value] of Object.entries(index_exports)) if (name !== "default") io2[name] = value;
  publish(io2);
})();
});
//# sourceMappingURL=socket.io.js.map
