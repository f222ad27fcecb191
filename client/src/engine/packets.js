import { fromBase64, sizeOf, toBase64 } from "../binary.js";

/** The types of Engine.IO packets, version 4. Binary messages have none. */
export const ENGINE = { open: "0", close: "1", ping: "2", pong: "3", message: "4", upgrade: "5", noop: "6" };

export const NAMES = Object.fromEntries(Object.entries(ENGINE).map(([name, type]) => [type, name]));

const SEPARATOR = "\x1e";
const BASE64 = "b";

/** The packets of one POST. */
export const toPayload = (packets) => packets
  .map((packet) => (typeof packet === "string" ? packet : BASE64 + toBase64(packet)))
  .join(SEPARATOR);

/** The packets of one answer to a GET. */
export const fromPayload = (payload) => payload.split(SEPARATOR);

/** A packet whose bytes came as text, in polling or because the client asked for that (`b64`). */
export const decoded = (packet) => (packet[0] === BASE64 ? fromBase64(packet.slice(1)) : packet);

export const byteLength = (text) => new TextEncoder().encode(text).length;

/** The bytes of a packet in a POST, with its separator. */
export function sizeInPayload(packet) {
  if (typeof packet === "string") return byteLength(packet) + SEPARATOR.length;
  return Math.ceil(sizeOf(packet) / 3) * 4 + BASE64.length + SEPARATOR.length;
}
