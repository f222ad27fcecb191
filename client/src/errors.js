/** An error with properties of its own. */
export const failure = (message, properties) => Object.assign(new Error(message), properties);

/** What acknowledgements get that a broken connection leaves unanswered. */
export const disconnected = () => failure("socket has been disconnected", { code: "DISCONNECTED" });

/**
 * Passes an error to `window.onerror`, or to Node's `uncaughtException`, without ending the loop
 * that it occurred in.
 */
export const report = (error) => setTimeout(() => { throw error; });

/** An error in one of the application's callbacks must not cost it the packets that follow. */
export function call(callback, args, self) {
  try {
    callback.apply(self, args);
  } catch (error) {
    report(error);
  }
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The server's refusal, `{message, data?}` or a text, as an Error; null if there is none. */
export function refusal(answer) {
  if (answer === null || answer === undefined) return null;
  if (isObject(answer) && typeof answer.message === "string") return failure(answer.message, { data: answer.data });
  return failure(typeof answer === "string" ? answer : JSON.stringify(answer), { data: answer });
}
