const nothing = () => {};

export const SILENT = { opened: nothing, packet: nothing, drained: nothing, failed: nothing, closed: nothing };

let requests = 0;

/**
 * A way to the server. It calls its `on`: opened(), packet(data), drained(), failed(err) and
 * closed(err), and nothing after close().
 */
export class Transport {
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
}
