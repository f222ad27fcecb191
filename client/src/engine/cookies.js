/**
 * The cookies that a server sets, for Node.js, which keeps none itself. They are what makes a load
 * balancer find the same server again. Expiry and paths are ignored: a jar lives for one session.
 */
export class CookieJar {
  #cookies = new Map();

  /** Takes the cookies of a response. */
  take(headers) {
    for (const cookie of headers.getSetCookie?.() ?? []) {
      const [, name, value] = /^\s*([^=;]+)=([^;]*)/.exec(cookie) ?? [];
      if (name === undefined) continue;
      if (/;\s*max-age=0*\s*(;|$)/i.test(cookie) || value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  /** The headers of a request, with the cookies. */
  give(headers = {}) {
    if (this.#cookies.size === 0) return headers;
    const name = Object.keys(headers).find((each) => each.toLowerCase() === "cookie") ?? "cookie";
    const own = [...this.#cookies].map(([key, value]) => `${key}=${value}`);
    return { ...headers, [name]: [headers[name], ...own].filter(Boolean).join("; ") };
  }
}
