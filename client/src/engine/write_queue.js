import { isBlob, sizeOf } from "../binary.js";
import { sizeInPayload } from "./packets.js";

const lengthOf = (data) => (typeof data === "string" ? data.length : sizeOf(data));

/** Packets that wait for their transport: `{data, compress}`, where data is a text or bytes. */
export class WriteQueue {
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
    let size = -1; // The last packet has no separator.
    const excess = this.#packets.findIndex(({ data }, index) => {
      size += sizeInPayload(data);
      return index > 0 && size > limit;
    });
    return excess < 0 ? this.#packets.length : excess;
  }
}

export const hasBlob = (batch) => batch.some(({ data }) => typeof data !== "string" && isBlob(data));

/** The packets with the bytes of their blobs and files. */
export const withoutBlobs = (batch) => Promise.all(batch.map(async (packet) => {
  const isReadable = typeof packet.data !== "string" && isBlob(packet.data);
  return isReadable ? { ...packet, data: await packet.data.arrayBuffer() } : packet;
}));
