import { progressOf } from "./official_socket.js";
import { withChannels } from "./with_channels.js";

/**
 * Adds channels to a socket of this client or of the official one, and returns it:
 *
 *     const socket = channels(io());
 *     socket.subscribe("match-42", (err) => err && show(err.message));
 *     socket.on("goal", (goal) => show(goal));
 *     socket.publish("match-42", "goal", { minute: 12 });
 *
 * Subscriptions are renewed with each session, from the position where the last one ended.
 * "gap"(channel, reason) says that something is missing, and "resubscribed"(channel, answer) what the
 * server answered. "subscribe_error"(channel, err) says that a subscription was refused that has no
 * callback, or that was renewed.
 */
export function channels(socket, options) {
  return withChannels(socket, options, progressOf);
}
