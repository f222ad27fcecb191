import { Emitter } from "../emitter.js";
import { call, refusal, report } from "../errors.js";
import { PacketType, isEventName, isReserved } from "../parser/packet.js";
import { Progress } from "../progress.js";
import { after } from "../timers.js";
import { Acks } from "./acks.js";
import { anyListeners } from "./any_listeners.js";
import { RetryQueue } from "./retry_queue.js";

/** The one of a namespace, as in `io("/admin")`. Its connection is `socket.io`. */
export class Socket extends Emitter {
  /** `new Socket(url?, options?)` has a connection of its own. It is set where managers are known. */
  static ownManager;

  constructor(manager, nsp, options) {
    super();
    const isOwn = typeof manager?.socket !== "function";
    if (isOwn) {
      [manager, nsp] = Socket.ownManager(manager, nsp);
      options = manager.opts;
      manager.nsps[nsp] = this;
    }
    this.io = manager;
    this.nsp = nsp;
    this.auth = options?.auth;
    /** The server's id for this socket, while connected. */
    this.id = undefined;
    this.connected = false;
    /** Whether the server has restored the state of the last connection. */
    this.recovered = false;
    /** Events for the next connection. */
    this.sendBuffer = [];
    /** Event packets that came before the namespace was joined. */
    this.receiveBuffer = [];
    this._opts = { ...options };
    this._any = [];
    this._anyOutgoing = [];
    this._flags = {};
    this._acks = new Acks();
    this._retries = this._opts.retries > 0 ? new RetryQueue(this, this._opts.retries) : undefined;
    /** An add-on that wants to know when the namespace is joined(), and when it is given up: stopped(). */
    this._addOn = undefined;
    this._wanted = false; // between connect() and disconnect()
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
    return this.io._readyState === "closed" ? undefined : this.io.engine?.transport?.name;
  }

  /** Connects. While a reconnection waits for its time, tries immediately. */
  connect() {
    if (this.connected) return this;
    const wasWanted = this._wanted;
    this._wanted = true;
    if (this.io._retryTimer !== undefined) this.io._hasten();
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
    const callback = typeof args.at(-1) === "function" ? args.pop() : undefined;
    const errorFirst = flags.timeout !== undefined;
    return this._send([event, ...args], flags, callback && { callback, errorFirst });
  }

  /** Resolves to the server's answer. Rejects if it does not come, or if emit() throws. */
  emitWithAck(event, ...args) {
    const flags = this._takeFlags();
    return new Promise((resolve, reject) => {
      const callback = (error, answer) => (error ? reject(error) : resolve(answer));
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
    this.recovered = pid !== undefined && pid === this._progress.pid;
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
    this.id = undefined;
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
    const isAsked = id !== undefined && id !== null;
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
    const forget = (id) => { this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id); };
    this._acks.expect({ callback, errorFirst: errorFirst || timeout !== undefined, timeout }, forget);
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
    const sizeOf = (all) => all.reduce((sum, part) => sum + (part.length ?? part.byteLength ?? part.size), 0);
    const size = this.sendBuffer.reduce((sum, packet) => sum + sizeOf(packet.parts), sizeOf(parts));
    if (size > maxBufferedSize) throw new RangeError("too much is waiting for a connection (maxBufferedSize)");
  }
}

Object.assign(Socket.prototype, anyListeners);
Socket.prototype.open = Socket.prototype.connect;
Socket.prototype.close = Socket.prototype.disconnect;
