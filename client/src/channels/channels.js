import { ChannelList } from "./channel_list.js";

const DEFAULTS = {
  subscribeEvent: "subscribe", // the three names, for servers that have renamed them
  unsubscribeEvent: "unsubscribe",
  publishEvent: "publish",
  maxBuffered: Infinity, // subscriptions while disconnected; one more throws a RangeError
};

/**
 * Adds channels to a socket of this client or of the official one, and returns it:
 *
 *     const socket = channels(io());
 *     socket.subscribe("match-42", (err) => err && show(err.message));
 *     socket.on("goal", (goal) => show(goal));
 *     socket.publish("match-42", "goal", { minute: 12 });
 *
 * Subscriptions are renewed with each connection. "subscribe_error"(channel, err) says that one was
 * refused that has no callback, or that was renewed.
 */
export function channels(socket, options = {}) {
  if (socket._channelList) return socket;
  const list = new ChannelList(socket, { ...DEFAULTS, ...options });
  const methods = {
    _channelList: list,
    /** The channels that the server has confirmed. They are kept while disconnected. */
    channels: list.confirmed,
    subscribe: (channel, callback) => list.subscribe(channel, callback),
    unsubscribe: (channel, callback) => list.unsubscribe(channel, callback),
    publish: (channel, ...args) => list.publish(channel, ...args),
    /** `publish`, with the name and the order of arguments that it has in django-socketio. */
    broadcast_channel: (data, channel, callback) => list.publish(channel, data, ...(callback ? [callback] : [])),
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(socket, name, { value, configurable: true });
  return socket;
}
