import { sizeOf } from "../binary.js";
import { Emitter } from "../emitter.js";
import { DEFAULT_BINARY_TYPE, received } from "../platform.js";
import { Timers } from "../timers.js";
import { CookieJar } from "./cookies.js";
import { parseHandshake } from "./handshake.js";
import { ENGINE, NAMES, byteLength, decoded } from "./packets.js";
import { SILENT } from "./transport.js";
import { availableTransports } from "./transports.js";
import { Upgrade } from "./upgrade.js";
import { WriteQueue, hasBlob, withoutBlobs } from "./write_queue.js";

/** Whether the last connection of this page ended with WebSocket (`rememberUpgrade`). */
let endedWithWebSocket = false;

const NOT_INTERESTED = { opened() {}, message() {}, pinged() {}, upgraded() {}, closed() {} };

/**
 * One Engine.IO session, from its opening to its end, over one transport or two.
 * It calls its `on`: opened(), message(data), pinged(), upgraded(name) and closed(reason, err), and
 * nothing after leave(). Applications see it as `socket.io.engine`, and listen to its events.
 */
export class Engine extends Emitter {
  constructor(place, options, on) {
    super();
    this.opts = { ...options, cookies: new CookieJar() };
    this.hostname = place.hostname;
    this.port = place.port;
    this.secure = place.secure;
    this.readyState = "opening"; // then "open", maybe "closing", "closed"
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
    this._isReading = false; // blobs of a batch, which nothing may overtake
  }

  open() {
    const Transport = this._untried.shift();
    const transport = this._use(new Transport(this._place, this.opts));
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
  send(data, { compress } = {}, callback = undefined) {
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
    if (isPolling || (this.readyState === "open" && this._isReading)) {
      const isOpening = this.readyState === "opening";
      this.readyState = "closing";
      this._timers.stop("heartbeat");
      this._timers.start("step", this.opts.timeout, () => this._finish(reason));
      // The GET in flight stays. Servers take its loss for the end, and the last POST would come
      // too late.
      this.transport.pause?.(() => {});
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
      // Alone, since servers that read this may drop packets that they have not handled yet.
      this._saysGoodbye = true;
      this._enqueue(ENGINE.close);
    }
    this._flush();
  }

  _use(transport) {
    this.transport = transport;
    transport.on = {
      opened() {},
      packet: (data) => this._receive(data),
      drained: () => this._drained(),
      failed: (error) => this._fail(transport, "transport error", error),
      closed: (error) => this._fail(transport, "transport close", error),
    };
    return transport;
  }

  _receive(packet) {
    if (this.readyState === "opening") return this._handshake(packet);
    if (this.readyState === "closing" && this.id === undefined) return this._leaveAtOnce(packet);
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
    this._upgrade = undefined;
    endedWithWebSocket = true;
    this._use(transport);
    this._flush();
    this.emitReserved("upgrade", transport);
    this._on.upgraded(transport.name);
  }

  /** An upgrade has failed, and the connection stays as it was. */
  _stay(error) {
    this._upgrade = undefined;
    this._flush();
    this.emitReserved("upgradeError", error);
  }

  _enqueue(data, compress) {
    const isText = typeof data === "string";
    this.emitReserved("packetCreate", { type: isText ? NAMES[data[0]] : "message", data: isText ? data.slice(1) : data });
    // Packets that are sent together leave in one request.
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
    this.id = undefined;
    this._upgrade?.stop();
    this._timers.stopAll();
    this.transport.close();
    this.emitReserved("close", reason, error);
  }
}

Engine.prototype.write = Engine.prototype.send;
