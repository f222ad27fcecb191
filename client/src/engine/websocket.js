import { failure } from "../errors.js";
import { isNode } from "../platform.js";
import { SILENT, Transport } from "./transport.js";

/** What the package `ws` takes besides the URL, where the application has set it. */
const WS_OPTIONS = ["agent", "ca", "cert", "ciphers", "key", "passphrase", "pfx", "rejectUnauthorized", "localAddress", "perMessageDeflate"];

export class WebSocketTransport extends Transport {
  static transportName = "websocket";

  static isAvailable = (options) => Boolean(options.WebSocket ?? globalThis.WebSocket);

  open() {
    try {
      this.ws = this.#create();
    } catch (error) {
      // A security policy may refuse it immediately. Listeners are notified later, as of any
      // other failure.
      Promise.resolve().then(() => this.on.failed(error));
      return;
    }
    this.ws.binaryType = "arraybuffer";
    this.ws.onopen = () => this.on.opened();
    this.ws.onmessage = ({ data }) => this.on.packet(data);
    this.ws.onerror = (event) => this.on.failed(failure("websocket error", {
      type: "TransportError",
      description: event,
      context: this.ws,
    }));
    this.ws.onclose = (event) => this.on.closed(failure(`websocket: closed with code ${event.code}`, {
      description: "websocket connection closed",
      context: event,
      status: event.code,
    }));
  }

  #create() {
    const { WebSocket, protocols, extraHeaders: headers } = this.options;
    const url = this.url.replace(/^http/, "ws");
    if (!isNode) return new (WebSocket ?? globalThis.WebSocket)(url, protocols);
    // In Node.js, a WebSocket has headers.
    if (!WebSocket) return new globalThis.WebSocket(url, headers ? { protocols, headers } : protocols);
    const more = WS_OPTIONS.filter((name) => this.options[name] !== undefined);
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
    // Browsers ignore the second argument; the package `ws` does not.
    for (const { data, compress } of packets) this.ws.send(data, compress === false ? { compress } : undefined);
    this.on.drained();
  }

  close() {
    this.on = SILENT;
    if (this.ws) this.ws.close();
  }
}
