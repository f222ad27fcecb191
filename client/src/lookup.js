import { isObject } from "./errors.js";
import { Manager } from "./manager.js";
import { withDefaults } from "./options.js";
import { Socket } from "./socket/socket.js";
import { locate } from "./url.js";

/** The managers of this page, by the address of their server. */
const managers = new Map();

/**
 * The socket of a URL, whose path is the namespace. Namespaces of a server share a connection, but
 * a namespace that is asked for twice has two.
 */
export function io(url, options) {
  if (isObject(url) && !url.href) [url, options] = [undefined, url];
  const { address, namespace } = locate(url, withDefaults(options));
  const known = managers.get(address);
  const isAlone = options?.forceNew || options?.["force new connection"] || options?.multiplex === false;
  if (isAlone || (known && namespace in known.nsps)) return new Manager(url, options).socket(namespace, options);
  const manager = known ?? new Manager(url, options);
  managers.set(address, manager);
  return manager.socket(namespace, options);
}

Socket.ownManager = (url, options) => {
  if (isObject(url) && !url.href) [url, options] = [undefined, url];
  const manager = new Manager(url, { ...options, autoConnect: false });
  return [manager, manager._place.namespace];
};
