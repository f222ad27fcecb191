// Values on lines: JSON, with bytes as {"$bytes":"<base64>"}.

const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

/** Makes a value what `JSON.stringify` writes, bytes included. A `Buffer` has a `toJSON` of its own. */
function plain(value) {
  if (isBytes(value)) return { $bytes: Buffer.from(value.buffer ?? value, value.byteOffset, value.byteLength).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object" && typeof value.toJSON !== "function") {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}

export const toJson = (value) => JSON.stringify(plain(value));

export const fromJson = (text) => JSON.parse(text, (_key, value) =>
  typeof value?.$bytes === "string" ? Buffer.from(value.$bytes, "base64") : value);

export const print = (value) => process.stdout.write(`${toJson(value)}\n`);
