import { Progress } from "../progress.js";
import { ChannelList } from "./channel_list.js";

const DEFAULTS = {
  subscribeEvent: "subscribe", // the three names, for servers that have renamed them
  unsubscribeEvent: "unsubscribe",
  publishEvent: "publish",
  maxBuffered: Infinity, // subscriptions while disconnected; one more throws a RangeError
  keepPosition: false, // over a reload of the page: true for sessionStorage, or a storage
};

/** Adds channels to a socket. `progressOf(socket)` follows one of another client. */
export function withChannels(socket, options, progressOf = () => new Progress()) {
  if (socket._channelList) return socket;
  const list = new ChannelList(socket, socket._progress ?? progressOf(socket), { ...DEFAULTS, ...options });
  const methods = {
    _channelList: list,
    /** The channels that the server has confirmed. They are kept while disconnected. */
    channels: list.confirmed,
    subscribe: (channel, ...args) => list.subscribe(channel, ...args),
    unsubscribe: (channel, callback) => list.unsubscribe(channel, callback),
    publish: (channel, ...args) => list.publish(channel, ...args),
    /** `publish`, with the name and the order of arguments that it has in django-socketio. */
    broadcast_channel: (data, channel, callback) => list.publish(channel, data, ...(callback ? [callback] : [])),
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(socket, name, { value, configurable: true });
  return socket;
}
