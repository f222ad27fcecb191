import { backoff } from "./backoff.js";
import { Emitter } from "./emitter.js";
import { Engine } from "./engine/engine.js";
import { knownTransports } from "./engine/transports.js";
import { call, isObject } from "./errors.js";
import { withDefaults } from "./options.js";
import { PageEvents } from "./page_events.js";
import * as usualParser from "./parser/index.js";
import { Socket } from "./socket/socket.js";
import { after } from "./timers.js";
import { locate } from "./url.js";

/**
 * A connection to a server that several namespaces share, made again when it breaks.
 * Its events: open, error(err), close(reason, details), packet(packet), ping,
 * reconnect_attempt(n), reconnect(n), reconnect_error(err) and reconnect_failed.
 */
export class Manager extends Emitter {
  constructor(uri, options) {
    super();
    if (isObject(uri) && !uri.href) [uri, options] = [undefined, uri];
    this.uri = uri;
    this.opts = withDefaults(options);
    knownTransports(this.opts);
    /** The last Engine.IO session, which may have ended. */
    this.engine = undefined;
    this.nsps = {};
    this._place = locate(uri, this.opts);
    this._autoConnect = this.opts.autoConnect;
    this._readyState = "closed"; // "opening", "open"
    this._reconnecting = false;
    this._attempts = 0;
    this._retryTimer = undefined;
    this._isGivenUp = true; // no attempt is made until open()
    this._openCallback = undefined;
    this._page = new PageEvents(this);
    const { Encoder, Decoder } = this.opts.parser ?? usualParser;
    this._encoder = new Encoder();
    this._decoder = new Decoder();
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
    this._retryTimer = undefined;
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
      closed: (reason, error) => this._lose(reason, error),
    };
    try {
      engine = this.engine = new Engine(this._place, this.opts, on);
    } catch (error) {
      // Listeners are set after io(), so they are told later.
      after(0, () => this._readyState === "opening" && this._lose("transport error", error));
      return;
    }
    engine.open();
  }

  _opened() {
    const attempts = this._attempts;
    const callback = this._openCallback;
    this._openCallback = undefined;
    this._readyState = "open";
    this._reconnecting = false;
    this.emitReserved("open");
    const sockets = this._sockets;
    // Else it is the first namespace that starts the count again, so that a server that breaks all
    // connections is not asked in a hurry.
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
    this._openCallback = undefined;
    this._drop();
    // First, so that listeners see in `active` whether there will be another attempt.
    this._reconnecting = !callback && this._mayTry();
    if (wasOpen) this.emitReserved("close", reason, error);
    else this.emitReserved("error", error);
    for (const socket of this._sockets) {
      if (wasOpen) socket._lost(reason, error);
      else socket.emitReserved("connect_error", error);
    }
    if (callback) call(callback, [error]);
    if (!wasOpen && attempts > 0) this.emitReserved("reconnect_error", error);
    if (this._readyState === "closed" && this._retryTimer === undefined && !this._isGivenUp) this._retry();
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
    this._retryTimer = undefined;
    this._attempts += 1;
    this.emitReserved("reconnect_attempt", this._attempts);
    for (const socket of this._sockets) socket.emitReserved("reconnect_attempt", this._attempts);
    if (!this._isGivenUp) this.open();
  }

  /** Makes a reconnection that waits for its time at once. */
  _hasten() {
    if (this._retryTimer === undefined) return;
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
    this._retryTimer = undefined;
    this._readyState = "closed";
    if (this.engine) this.engine.leave();
  }

  /** `reconnection(false)` ends the wait for an attempt, too. */
  _stopRetrying() {
    if (this._retryTimer === undefined) return;
    this._drop();
    this._giveUp();
    for (const socket of this._sockets) socket._stopped();
  }
}

/** `manager.timeout()` reads an option, `manager.timeout(5000)` sets it. */
for (const name of ["reconnection", "reconnectionAttempts", "reconnectionDelay", "reconnectionDelayMax", "randomizationFactor", "timeout"]) {
  Manager.prototype[name] = function option(...values) {
    if (values.length === 0) return this.opts[name];
    [this.opts[name]] = values;
    if (name === "reconnection" && !values[0]) this._stopRetrying();
    return this;
  };
}

Manager.prototype.connect = Manager.prototype.open;
