import { failure, isObject } from "../errors.js";

/** Longer texts, and pages of proxies, are not what a server has to say to an application. */
const LONGEST_MESSAGE = 500;

/**
 * The error of a request that the server refused, or that did not reach it. What the server says is
 * the message, and its `data` if it says so in JSON. `fallback` is the message if it says nothing.
 */
export function requestFailed(fallback, { status = 0, text = "", type = "", cause } = {}) {
  const { message, data } = refusalOf(text, type);
  return failure(message ?? fallback, {
    type: "TransportError",
    data,
    description: status || cause,
    // As the official client's `XMLHttpRequest` has it.
    context: { status, responseText: text, cause },
  });
}

function refusalOf(text, type) {
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    const isText = text !== "" && text.length <= LONGEST_MESSAGE && !/html/i.test(type) && !/^\s*</.test(text);
    return isText ? { message: text } : {};
  }
  if (!isObject(data)) return typeof data === "string" && data !== "" ? { message: data } : {};
  return { message: typeof data.message === "string" && data.message !== "" ? data.message : undefined, data: data.data };
}
