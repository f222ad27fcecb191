/** What differs between a page and Node.js. */

const { process } = globalThis;

/** Bundlers give pages a `process`, but no page has a version of Node.js. */
export const isNode = Boolean(process && process.versions && process.versions.node);

/** `binaryType` of received data, if the application sets none. */
export const DEFAULT_BINARY_TYPE = isNode ? "nodebuffer" : "arraybuffer";

/** Received bytes in the form that the application asks for. */
export function received(bytes, binaryType) {
  if (binaryType === "blob") return new Blob([bytes]);
  if (binaryType !== "nodebuffer" || !globalThis.Buffer) return bytes;
  return globalThis.Buffer.from(bytes);
}
