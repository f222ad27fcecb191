const SCHEMES = { "http:": "http", "ws:": "http", "https:": "https", "wss:": "https" };

/**
 * The server's address, and the namespace and the query of a URL.
 * Without a host it is relative to the page.
 */
export function locate(url, options) {
  let text = String(url || "/");
  // "localhost:9000" is a host, not a scheme.
  if (!/^(\/|[a-z][a-z\d+.-]*:\/\/)/i.test(text)) text = `//${text}`;
  const { location } = globalThis;
  const target = new URL(text, location && location.href);
  const scheme = SCHEMES[target.protocol];
  if (!scheme) throw new TypeError(`neither an HTTP nor a WebSocket URL: ${text}`);
  if (options.port) target.port = options.port;
  const path = options.path.replace(/\/$/, "") + (options.addTrailingSlash ? "/" : "");
  return {
    address: `${scheme}://${target.host}${path}`,
    hostname: target.hostname,
    port: target.port || (scheme === "https" ? "443" : "80"),
    secure: scheme === "https",
    namespace: decodeURI(target.pathname),
    query: { ...Object.fromEntries(target.searchParams), ...asObject(options.query) },
  };
}

/** A query may be a text, `"a=b&c=d"`. */
const asObject = (query) => (typeof query === "string" ? Object.fromEntries(new URLSearchParams(query)) : query);

/** Whether the network of the machine does not matter for a connection to this host. */
export const isLoopback = (hostname) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
