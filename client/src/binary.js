const TYPES = /^\[object (SharedArrayBuffer|ArrayBuffer|Blob|File)\]$/;
const tagOf = (value) => Object.prototype.toString.call(value);

/** Whether a value is sent as bytes. A tag is the same in all frames of a page, a class is not. */
export const isBinary = (value) => ArrayBuffer.isView(value) || TYPES.test(tagOf(value));

/** Blobs and files have to be read before they can be sent. */
export const isBlob = (value) => /(Blob|File)\]$/.test(tagOf(value));

export const sizeOf = (bytes) => bytes.byteLength ?? bytes.size;

const view = (bytes) => (ArrayBuffer.isView(bytes)
  ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  : new Uint8Array(bytes));

export function toBase64(bytes) {
  let text = "";
  const all = view(bytes);
  // In parts, since a call has a limited number of arguments.
  for (let at = 0; at < all.length; at += 0x8000) text += String.fromCharCode(...all.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Throws if the text is not base64. */
export function fromBase64(text) {
  const decoded = atob(text);
  const bytes = new Uint8Array(decoded.length);
  for (let at = 0; at < decoded.length; at += 1) bytes[at] = decoded.charCodeAt(at);
  return bytes.buffer;
}
