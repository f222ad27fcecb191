// In place of node:assert/strict: what the suite uses of it.

function isSame(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length
    && keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]));
}

/** Sockets and managers point at each other, and have no text. */
function show(value) {
  try {
    return JSON.stringify(value)?.slice(0, 1000);
  } catch {
    return String(value);
  }
}

function check(holds, what, message) {
  if (!holds) throw new Error([message, what].filter(Boolean).join(": "));
}

export default {
  ok: (value, message) => check(value, `${show(value)} is false`, message),
  equal: (actual, expected, message) => check(Object.is(actual, expected), `${show(actual)}, not ${show(expected)}`, message),
  notEqual: (actual, other, message) => check(!Object.is(actual, other), `it is ${show(actual)}`, message),
  deepEqual: (actual, expected, message) => check(isSame(actual, expected), `${show(actual)}, not ${show(expected)}`, message),
  match: (text, pattern, message) => check(pattern.test(text), `${show(text)} does not match ${pattern}`, message),
  rejects: async (promise, pattern) => {
    const error = await promise.then(() => undefined, (reason) => reason);
    check(error instanceof Error && pattern.test(String(error)), `rejected with ${error}`);
  },
};
