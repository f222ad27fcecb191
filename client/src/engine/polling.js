import { isNode } from "../platform.js";
import { after } from "../timers.js";
import { requestFailed } from "./http_error.js";
import { fromPayload, toPayload } from "./packets.js";
import { SILENT, Transport } from "./transport.js";

/** One GET at a time brings packets, one POST at a time takes them away. */
export class Polling extends Transport {
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
    // The receiver of a packet may close this transport, and then receives no more.
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
    const jar = isNode && withCredentials ? cookies : undefined;
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
    this.#whenIdle = undefined;
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
}
