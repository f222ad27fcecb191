import { within } from "../client_api/within.mjs";

/** Has the application of tests/recovery/app.rs do something, from outside of any client. */
export function controlOf(url) {
  return async (verb, order = {}) => {
    const body = JSON.stringify({ verb, ...order });
    const headers = { "content-type": "application/json" };
    const response = await within(fetch(`${url}/control`, { method: "POST", headers, body }), verb);
    const text = await response.text();
    if (!response.ok) throw new Error(`${verb}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}
