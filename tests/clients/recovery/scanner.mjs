const HEAD_END = Buffer.from("\r\n\r\n");
/** Engine.IO's "message", and Socket.IO's EVENT or BINARY_EVENT. */
const EVENT = /^4[25]/;
const EVENT_IN_POLL = Buffer.from('42["');

/**
 * Reads what a server sends on one connection, and says where to cut it: in the middle of the event
 * that follows the first `limit` ones. A WebSocket's frames are read, and polls are searched.
 */
export class Scanner {
  #left;
  #limit;
  #kept = Buffer.alloc(0);
  #isWebSocket;

  constructor(limit) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** How many bytes of this chunk may pass. */
  pass(data) {
    if (this.#isWebSocket === false) return this.#passPoll(data);
    const before = this.#kept.length;
    this.#kept = Buffer.concat([this.#kept, data]);
    let at = 0;
    if (this.#isWebSocket === undefined) {
      const head = this.#kept.indexOf(HEAD_END);
      if (head < 0) return data.length;
      this.#isWebSocket = this.#kept.subarray(0, 12).toString() === "HTTP/1.1 101";
      if (!this.#isWebSocket) return this.#passPoll(data);
      at = head + HEAD_END.length;
    }
    for (;;) {
      const frame = readFrame(this.#kept, at);
      if (!frame) break;
      if (EVENT.test(this.#kept.toString("latin1", frame.start, frame.start + 2)) && this.#left-- === 0) {
        // What an earlier chunk had of this frame has passed already.
        return Math.max(0, Math.floor((frame.start + frame.end) / 2) - before);
      }
      at = frame.end;
    }
    this.#kept = this.#kept.subarray(at);
    return data.length;
  }

  #passPoll(data) {
    let at = -1;
    for (let left = this.#limit; left >= 0; left--) {
      at = data.indexOf(EVENT_IN_POLL, at + 1);
      if (at < 0) return data.length;
    }
    return at + EVENT_IN_POLL.length;
  }
}

/** Where the payload of a whole frame without a mask starts and ends. */
function readFrame(data, at) {
  if (data.length < at + 2) return undefined;
  const short = data[at + 1] & 0x7f;
  const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (data.length < start) return undefined;
  const length = short < 126
    ? short
    : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2));
  const end = start + length;
  return data.length < end ? undefined : { start, end };
}
